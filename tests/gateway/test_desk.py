"""What people do: written with a name, true after a restart, and refused when it cannot be."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway_box import Box
from nspgateway.desk import Desk, Refused
from nspgateway.people import By

OFFICER = By("post-1", "cp_medewerker", "page")


def desk_of(box: Box) -> Desk:
    """Return the desk of a box's gateway."""
    return Desk(box.ingest.situation, box.ingest.recorder, box.clock)


def test_seen_is_written_said_and_kept(tmp_path: Path) -> None:
    """An acknowledgement is in the audit trail and on MQTT, and a restart knows it."""
    box = Box(tmp_path)
    box.vital(1, alarms=1 << 2)
    desk_of(box).acknowledge("de-linde", "power_lost", OFFICER)
    said = [m for topic, m in box.outbox() if topic == "de-linde/alarm/power_lost"]
    assert said[-1]["state"] == "acknowledged"
    (action,) = box.store.actions()
    assert (action.by, action.what, action.alarm) == (OFFICER, "acknowledge", "power_lost")
    box.restart()
    found = box.ingest.situation.open_alarm("de-linde", "power_lost")
    assert found is not None
    assert found.state == "acknowledged"


def test_who_takes_an_alarm_on_stands_in_it(tmp_path: Path) -> None:
    """Two officers do not do one thing twice: the owner is known, another may take over, a restart knows both."""
    box = Box(tmp_path)
    box.vital(1, alarms=1 << 2)
    desk_of(box).take_on("de-linde", "power_lost", OFFICER)
    desk_of(box).take_on("de-linde", "power_lost", By("post-2", "cp_logistiek", "page"))
    box.restart()
    found = box.ingest.situation.open_alarm("de-linde", "power_lost")
    assert found is not None
    assert (found.state, found.seen_by, found.owner) == ("acknowledged", "cp_medewerker", "cp_logistiek")
    assert [action.what for action in box.store.actions()] == ["take_on", "take_on"]
    box.ingest.situation.alarms["de-linde"]["power_lost"] = replace(found, state="suppressed", cause="x")
    with pytest.raises(Refused, match="belongs to x"):
        desk_of(box).take_on("de-linde", "power_lost", OFFICER)


def test_what_is_over_for_certain_needs_no_owner(tmp_path: Path) -> None:
    """An alarm that the kit itself ended only wants to be seen; who takes it on ends it."""
    box = Box(tmp_path)
    box.vital(1, alarms=1 << 2)
    kept = box.ingest.situation.alarms["de-linde"]
    kept["power_lost"] = replace(kept["power_lost"], state="returned_unacknowledged", note="")
    desk_of(box).take_on("de-linde", "power_lost", OFFICER)
    after = box.ingest.situation.alarms["de-linde"].get("power_lost")
    assert after is None or (after.state, after.owner) == ("normal", "")


def test_what_stands_of_a_point_survives_a_restart(tmp_path: Path) -> None:
    """Deployment and planned stop hold until their own end, also across a restart."""
    box = Box(tmp_path)
    desk = desk_of(box)
    desk.set_deployment("de-linde", "open", OFFICER)
    until = desk.plan_stop("de-linde", OFFICER)
    box.restart()
    stands = box.ingest.situation.standings["de-linde"]
    assert (stands.deployment, stands.stop_until) == ("open", until)
    assert box.ingest.situation.states["de-linde"].point.deployment == "open"
    assert stands.is_stopped(box.clock.now())
    assert not stands.is_stopped(until)
    desk_of(box).end_stop("de-linde", OFFICER)
    assert not box.ingest.situation.standings["de-linde"].is_stopped(box.clock.now() + timedelta(seconds=1))


def test_what_cannot_be_done_is_refused_with_what_can(tmp_path: Path) -> None:
    """A strange point, an alarm that is not open, or an hour too long writes nothing."""
    box = Box(tmp_path)
    desk = desk_of(box)
    with pytest.raises(Refused, match="there are: de-"):
        desk.plan_stop("de-lindde", OFFICER)
    with pytest.raises(Refused, match="1 to 60 minutes"):
        desk.plan_stop("de-linde", OFFICER, minutes=61)
    with pytest.raises(Refused, match="No alarm"):
        desk.acknowledge("de-linde", "power_lost", OFFICER)
    assert box.store.actions() == []
