"""The gateway's clock: scaled in a demo, never backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nspgateway.clock import Clock


def test_scaled_time_follows_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects demo time: one second on the wall is ``speed`` seconds of this clock, and it is UTC."""
    wall = [100.0]
    monkeypatch.setattr("nspgateway.clock.time.monotonic", lambda: wall[0])
    start = datetime(2027, 1, 15, 17, 0, tzinfo=UTC)
    demo = Clock(60.0, start)
    wall[0] += 2.5
    assert demo.now() == start + timedelta(seconds=150)
    assert demo.now().utcoffset() == timedelta(0)
    assert demo.monotonic() == 102.5


def test_a_corrected_date_is_seen() -> None:
    """Protects every time on the page: when the box's date is set after the start, this clock knows by how much."""

    class Box(Clock):
        correction = timedelta(0)

        def wall(self) -> datetime:
            return super().wall() + self.correction

    box = Box(60.0)
    assert abs(box.offset_s()) < 60
    box.correction = timedelta(hours=-3)
    assert abs(box.offset_s() + 3 * 3600) < 60


def test_speed_must_be_above_zero() -> None:
    """Protects every age and delay from a clock that stands still or runs backwards."""
    with pytest.raises(ValueError, match="above 0"):
        Clock(0)
