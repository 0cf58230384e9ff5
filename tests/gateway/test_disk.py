"""The order in which things are let go of when a disk fills up, and that some things never are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0
from nspgateway import disk
from nspgateway.config_parts import RetentionConfig
from nspgateway.disk import FLOOR, KEPT, MB, RESERVE, Room
from nspgateway.people import Action, By
from nspgateway.records import AlarmChange, Answered, Changes, Frame
from nspgateway.reserve import Reserve

CONFIG = RetentionConfig(days=365, most_mb=4000, free_mb=200)


def heard(kind: str) -> Changes:
    """What a frame of this kind brings, nothing alarming."""
    return Changes(T0, Frame(65, 1, 1, "de-linde", T0, kind, False, {}, b"", None, None))


@pytest.mark.parametrize(
    ("room", "before", "level"),
    [
        (Room(200 * MB, 0, RESERVE), "", ""),
        (Room(200 * MB - 1, 0, RESERVE), "", "low"),
        (Room(FLOOR, 0, RESERVE), "", "low"),
        (Room(FLOOR - 1, 0, RESERVE), "low", "full"),
        (Room(2 * FLOOR - 1, 0, RESERVE), "full", "full"),
        (Room(2 * FLOOR, 0, RESERVE), "full", "low"),
        (Room(RESERVE + FLOOR - 1, 0, 0), "full", "full"),
        (Room(0, 50 * MB, RESERVE), "full", "low"),
    ],
)
def test_how_things_stand(room: Room, before: disk.Level, level: str) -> None:
    """Low by the settings, full by what is left; full ends with room for more, and room inside counts as room."""
    assert disk.level(room, before, CONFIG) == level


def test_a_given_up_reserve_is_not_room_for_heartbeats() -> None:
    """Protects the last megabytes: the space of the reserve does not let heartbeats in again."""
    full = Room(FLOOR - 1, 0, RESERVE)
    assert disk.level(full, "", CONFIG) == "full"
    assert disk.level(Room(full.disk + RESERVE, 0, 0), "full", CONFIG) == "full"


def test_the_reserve_is_made_again_only_from_plenty() -> None:
    """Protects others on the disk: the reserve does not take the last of it, and is not made twice."""
    assert disk.is_reserve_due(Room(RESERVE + FLOOR, 0, 0))
    assert not disk.is_reserve_due(Room(RESERVE + FLOOR - 1, 0, 0))
    assert not disk.is_reserve_due(Room(900 * MB, 0, RESERVE))


def test_history_goes_by_age_and_sooner_for_room() -> None:
    """Protects the evaluation afterwards: the days of the settings, and a week whatever happens."""
    assert disk.cutoff(CONFIG, T0, 10 * MB, short=False) == T0 - timedelta(days=365)
    assert disk.cutoff(CONFIG, T0, 4001 * MB, short=False) == T0 - KEPT
    assert disk.cutoff(CONFIG, T0, 10 * MB, short=True) == T0 - KEPT
    short_kept = RetentionConfig(days=2)
    assert disk.cutoff(short_kept, T0, 10 * MB, short=True) == T0 - timedelta(days=2)


def test_what_can_wait_and_what_cannot() -> None:
    """Protects alarms, calls for help and acts of people on a full disk: only what kits keep has to wait."""
    acted = Action(T0, By("post-1", "cp_medewerker", "page"), "acknowledge")
    alarm = AlarmChange("de-linde", "fuel_low", "raise", "{}", True, True)
    assert all(disk.can_wait(heard(kind)) for kind in ("vital", "full", "status", "backfill"))
    assert not any(
        disk.can_wait(heard(kind)) for kind in ("alarm", "clear", "help", "report", "boot", "answer")
    )
    assert disk.can_wait(Changes(T0))
    assert not disk.can_wait(Changes(T0, alarms=(alarm,)))
    assert not disk.can_wait(Changes(T0, actions=(acted,)))
    assert not disk.can_wait(Changes(T0, memory={"alert_test": "{}"}))
    assert not disk.can_wait(Changes(T0, command=Answered("region", "a-1", T0, "{}")))


def test_the_reserve_holds_real_blocks(tmp_path: Path) -> None:
    """Protects what it is for: a file of holes would hold nothing; given up once, it gives nothing twice."""
    reserve = Reserve(tmp_path / "reserve", 1 << 20)
    assert reserve.held == 0
    assert reserve.make()
    assert reserve.held == 1 << 20
    assert (tmp_path / "reserve").stat().st_mode & 0o777 == 0o600
    assert reserve.give_up()
    assert not reserve.give_up()
    assert not (tmp_path / "reserve").exists()
