"""Who is listened for: the points in use now, not those of the settings."""

from pathlib import Path

from gateway_box import Box
from nspgateway.desk import Desk
from storm_town import OFFICER


def test_a_point_that_comes_into_use_is_listened_for(tmp_path: Path) -> None:
    """Protects a point opened by a person: from then on its silence is an alarm, also after a restart."""
    box = Box(tmp_path, linked=True, deployment="stored")
    assert box.transmitter is not None
    assert box.transmitter.link.silence.watched == 0
    desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    for slug in ("de-linde", "de-ark"):
        desk.set_deployment(slug, "open", OFFICER)
    box.vital(1)
    box.vital(1, kit=66)
    box.clock.move(600)
    box.vital(2)
    desk.set_deployment("de-ark", "partly_open", OFFICER)
    assert box.transmitter.link.silence.quiet(box.transmitter.now_ms()) == 0
    box.clock.move(100)
    assert box.transmitter.link.silence.quiet(box.transmitter.now_ms()) == 1
    box.restart()
    assert box.transmitter.link.silence.watched == 2
    for counter in range(3, 12):
        box.clock.move(300)
        box.vital(counter)
        box.ingest.tick()
    shown = {(a.point, a.id): a.priority for a in box.ingest.overview().alarms}
    assert shown == {("de-ark", "site_silent"): "high"}
    for counter in range(12, 17):
        box.clock.move(300)
        box.vital(counter)
        box.ingest.tick()
    assert {a.priority for a in box.ingest.overview().alarms} == {"critical"}
    desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    desk.set_deployment("de-ark", "stored", OFFICER)
    box.ingest.tick()
    assert box.alarms() == set()
    assert box.transmitter.link.silence.watched == 1
