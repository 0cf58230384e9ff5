"""What the store says of a point's past: in the order in which it was, cheaply, and no more than is known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway_box import T0, VITAL, Box
from nspgateway import trend_store
from nspgateway.records import AlarmChange, Changes, Frame
from nsplink.fields import ALARMS

HEARTBEAT = Frame(
    65, 1, 100, "de-linde", T0, "vital", exercise=False, fields=VITAL, raw=b"x", rssi_dbm=-97, snr_db=5.0
)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A gateway without a past."""
    return Box(tmp_path)


def write(box: Box, *frames: Frame) -> None:
    """Put frames into the journal."""
    for frame in frames:
        box.store.commit(Changes(at=frame.received_at, frame=frame))


def test_what_came_late_stands_where_it_was(box: Box) -> None:
    """A heartbeat that a kit told of later fills the hole in which it was made; one of no known time fills none."""
    late = replace(HEARTBEAT, received_at=T0 + timedelta(hours=3), late=True, rssi_dbm=None, snr_db=None)
    write(
        box,
        HEARTBEAT,
        replace(HEARTBEAT, counter=103, received_at=T0 + timedelta(hours=2)),
        replace(late, counter=101, made_at=T0 + timedelta(hours=1)),
        replace(late, counter=102, made_at=None),
    )
    found = box.store.past("de-linde", T0)
    assert [one.at - T0 for one in found] == [timedelta(hours=hours) for hours in (0, 1, 2)]
    assert [one.snr_db for one in found] == [5.0, None, 5.0]


def test_only_what_was_asked_for(box: Box) -> None:
    """Nothing of another point, nothing older, and no message that says nothing of the plant."""
    write(
        box,
        HEARTBEAT,
        replace(HEARTBEAT, counter=101, kind="status", received_at=T0 + timedelta(hours=2)),
        replace(HEARTBEAT, kit=66, point="de-ark", received_at=T0 + timedelta(hours=2)),
        replace(HEARTBEAT, counter=102, received_at=T0 + timedelta(hours=2)),
    )
    (found,) = box.store.past("de-linde", T0 + timedelta(hours=1))
    assert (found.at, found.number("fuel_permille")) == (T0 + timedelta(hours=2), 900)


def test_a_week_is_found_by_an_index(box: Box) -> None:
    """Protects the pace of the page: the past of one point is not searched for among that of all."""
    rows = box.store._rows(f"EXPLAIN QUERY PLAN {trend_store._PAST}", "de-linde", T0.isoformat())
    plan = " ".join(row[3] for row in rows)
    assert "frame_of_point" in plan


def test_alarms_are_told_newest_first(box: Box) -> None:
    """What happened last is what people ask for; that an alarm was said again is no event."""
    for counter, alarms in ((1, 0), (2, 1 << 2), (3, 0)):
        box.vital(counter, alarms=alarms)
        box.clock.move(600)
    box.tick()
    found = box.store.alarm_events("de-linde", 10)
    assert [event.action for event in found if event.alarm == "power_lost"] == ["return", "raise"]
    assert len(box.store.alarm_events("de-linde", 1)) == 1
    assert box.store.alarm_events("de-ark", 10) == []


def test_an_event_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    """Protects the page of a point over versions: one old record must not keep all the others from whoever looks."""
    box = Box(tmp_path, deployment="open")
    box.vital(1, alarms=1 << ALARMS.index("overload"))
    box.clock.move(60)
    box.tick()
    odd = AlarmChange("de-linde", "overload", "update", '{"id":"overload"}', is_kept=False, is_event=True)
    box.store.commit(Changes(at=box.clock.now(), alarms=(odd,)))
    assert [event.action for event in box.store.alarm_events("de-linde", 10)] == ["raise"]
