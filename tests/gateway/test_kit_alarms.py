"""Frames about one alarm, from the air to the page: begun, ended, and known to nobody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway_box import T0, Box, sealed
from nspgateway import alarms
from nspgateway.alarms import AlarmState
from nspgateway.desk import Desk
from nspgateway.people import By
from nspgateway.records import AlarmChange, Changes
from nspgateway.view import Alarm
from nsplink.fields import ALARMS

POWER_LOST = 1 << ALARMS.index("power_lost")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A gateway whose points are open."""
    made = Box(tmp_path)
    made.points = [msgspec.structs.replace(point, deployment="open") for point in made.points]
    made.restart()
    return made


def about(box: Box, counter: int, kind: str, alarm: str, age_s: int = 0) -> str:
    """Hear a frame about one alarm."""
    return box.hear(sealed(box.key(65), counter, kind, event_boot=1, event_n=0, alarm=alarm, age_s=age_s))


def shown(box: Box) -> dict[str, Alarm]:
    """Open alarms by id."""
    return {alarm.id: alarm for alarm in box.ingest.overview().alarms}


def test_a_clear_of_the_kit_ends_its_alarm_on_page_and_mqtt(box: Box) -> None:
    """Protects the end of an alarm: once seen, the kit's own word ends it for good, also over a restart."""
    box.vital(1, power_source="none", alarms=POWER_LOST)
    assert box.alarms() == {"power_lost"}
    desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    desk.acknowledge("de-linde", "power_lost", By("post-1", "cp_medewerker", "page"))
    assert about(box, 2, "clear", "power_lost") == "accepted"
    assert box.alarms() == set()
    said = [body["state"] for topic, body in box.outbox() if topic == "de-linde/alarm/power_lost"]
    assert said[-1] == "normal"
    box.restart()
    box.ingest.tick()
    assert box.alarms() == set()


def test_heartbeats_alone_only_report_it_restored(box: Box) -> None:
    """Protects against a forged all-clear: without the kit's clear the alarm stays, in the past, uncoloured."""
    box.vital(1, power_source="none", alarms=POWER_LOST, generator_state="stopped")
    for counter in range(2, 6):
        box.clock.move(60)
        box.vital(counter)
        box.ingest.tick()
    alarm = shown(box)["power_lost"]
    assert alarm.is_returned
    assert alarm.what["nl"].startswith("de-linde had geen stroom vanaf 18:00.")
    assert next(p for p in box.ingest.overview().points if p.slug == "de-linde").status == "attention"


def test_an_alarm_frame_counts_from_its_own_beginning(box: Box) -> None:
    """Protects "since": the first frame ever heard of a point may be an alarm that began 15 minutes ago."""
    assert about(box, 2, "alarm", "generator_failed", 900) == "accepted"
    box.ingest.tick()
    assert shown(box)["generator_failed"].raised_at == T0 - timedelta(seconds=900)
    point = next(p for p in box.ingest.overview().points if p.slug == "de-linde")
    assert point.readings["alarms"].value is None


def test_an_alarm_of_another_version_does_not_stop_the_gateway(box: Box) -> None:
    """Protects the page after an update: a record that cannot be read is dropped, one without a rule ends."""
    box.vital(1)
    records = {
        "A b": '{"id":"A b","point":"de-linde"}',
        "sun_flare": alarms.to_json(
            AlarmState(
                id="sun_flare",
                point="de-linde",
                state="unacknowledged",
                priority="high",
                since=T0,
                raised_at=T0,
            )
        ),
    }
    changes = tuple(
        AlarmChange("de-linde", name, "raise", record, is_kept=True, is_event=False)
        for name, record in records.items()
    )
    box.store.commit(Changes(at=T0, alarms=changes))
    box.restart()
    assert box.alarms() == {"sun_flare"}
    box.ingest.tick()
    assert box.alarms() == set()
    said = [body["state"] for topic, body in box.outbox() if topic == "de-linde/alarm/sun_flare"]
    assert said == ["normal"]
