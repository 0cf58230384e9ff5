"""The gateway answers on air: only what is durable, sealed for the kit's present boot, and nobody else's frames."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_box import T0, Box, sealed
from nspgateway.ports import ModemRefused, ModemSilent, Reception
from nsplink import frame, timing
from patience import PATIENCE_S

ALARM = {"event_boot": 1, "event_n": 0, "alarm": "power_lost", "age_s": 30}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, linked=True, deployment="open")
    yield box
    box.store.close()


def acked(box: Box, frames: list[bytes], epoch: int) -> list[int]:
    """The counters that these downlinks acknowledge."""
    opened = [box.opened(data, epoch) for data in frames]
    return [fields["acked"] for kind, fields in opened if kind == "ack"]


def test_a_boot_and_an_alarm_are_acked_for_this_boot(box: Box) -> None:
    """Sealed under the kit's own key and boot, with the time; the alarm stands on the page and in the journal."""
    box.boot(100)
    assert acked(box, box.run(3), 100) == [100]
    assert box.say("alarm", 101, **ALARM) == "accepted"
    frames = box.run(3)
    assert acked(box, frames, 100) == [101]
    fields = box.opened(frames[0], 100)[1]
    assert fields["utc_min"] == timing.utc_min(int(T0.timestamp()))
    assert "power_lost" in box.alarms()


def test_what_is_not_durable_is_not_acked(box: Box) -> None:
    """A full disk: the frame is shown but not answered, so that the kit goes on until it is written."""
    box.boot(100)
    box.run(3)
    box.store._rows("PRAGMA query_only = ON")
    assert box.say("alarm", 101, **ALARM) == "not_stored"
    assert box.run(10) == []
    box.store._rows("PRAGMA query_only = OFF")
    assert box.say("alarm", 102, **ALARM) == "accepted"
    assert acked(box, box.run(3), 100) == [102]


def test_an_event_is_journalled_once_however_often_it_comes(box: Box) -> None:
    """Tries of one alarm have counters of their own and one event; each try is answered."""
    box.boot(100)
    box.run(3)
    for counter in (101, 102, 103):
        assert box.say("alarm", counter, **ALARM) == "accepted"
        assert set(acked(box, box.run(3), 100)) == {counter}
    assert [(e.kind, e.n) for e in box.store.kit_events("de-linde")] == [("alarm", 0)]
    began = box.store.kit_events("de-linde")[0].began
    assert (T0 - began).total_seconds() == pytest.approx(30, abs=4)


def test_a_late_try_does_not_raise_again_what_the_kit_ended(box: Box) -> None:
    """The alarm's last try comes after its clear: the same event as before, so nothing new."""
    box.boot(100)
    box.vital(101)
    box.say("alarm", 102, **ALARM)
    box.say("clear", 103, **{**ALARM, "event_n": 1})
    assert box.state("power_lost") == "returned_unacknowledged"
    box.say("alarm", 104, **ALARM)
    assert box.state("power_lost") == "returned_unacknowledged"
    box.say("alarm", 105, **{**ALARM, "event_n": 2})
    assert box.state("power_lost") == "unacknowledged"


def test_a_call_for_help_is_kept_with_its_words_and_nowhere_else(
    box: Box, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text is personal: in the journal, not in a message, a frame's fields or a log."""
    box.boot(100)
    text = b"Mevrouw Jansen, Dorpsstraat 1"
    fields = {"event_boot": 1, "event_n": 4, "help_kind": "ambulance", "help_mark": "made", "age_s": 2}
    assert box.say("help", 101, text=text, **fields) == "accepted"
    assert 101 in acked(box, box.run(3), 100)
    (event,) = box.store.kit_events("de-linde")
    assert (event.kind, event.mark, event.text) == ("help", "made", text.decode())
    kept = box.store.find_frame(65, 1, 101)
    assert kept is not None
    assert "text" not in kept.fields
    said = str(box.outbox()) + repr(event) + caplog.text + "".join(capsys.readouterr())
    assert "Jansen" not in said


def test_a_report_and_a_receipt_are_kept_and_acked(box: Box) -> None:
    """Kinds that no screen shows yet are in the journal all the same, so that nothing is lost."""
    box.boot(100)
    box.run(3)
    report = {"event_boot": 1, "event_n": 5, "deployment": "open", "displayed_rev": 0, "stock_low": 0}
    assert box.say("report", 101, **report) == "accepted"
    assert box.say("receipt", 102, bulletin=1, revision=0, receipt_stage="displayed", lacking=0) == "accepted"
    assert sorted(acked(box, box.run(3), 100)) == [101, 102]
    assert box.ingest.overview().points[0].readings["fuel_permille"].value is None


def test_recorded_downlinks_are_refused_after_each_reboot(box: Box) -> None:
    """What was sealed for an earlier boot does not open in a later one, with no memory at the kit."""
    recorded: list[bytes] = []
    for epoch in (100, 200, 300):
        box.boot(epoch)
        box.say("alarm", epoch + 1, **{**ALARM, "event_n": epoch % 250})
        fresh = box.run(3)
        assert set(acked(box, fresh, epoch)) == {epoch, epoch + 1}
        for data in recorded:
            with pytest.raises(frame.BadTag):
                box.opened(data, epoch)
        recorded += fresh


def test_an_echo_is_answered_and_counted_and_a_replay_is_not(box: Box) -> None:
    """The same bytes within 30 s are two receivers; later, or under another counter, somebody plays them back."""
    box.boot(100)
    box.run(3)
    data = sealed(box.key(65), 101, "alarm", **ALARM)
    assert box.hear(data) == "accepted"
    box.run(3)
    assert box.hear(data) == "duplicate"
    assert set(acked(box, box.run(3), 100)) == {101}
    box.clock.move(60)
    assert box.hear(data) == "replay"
    assert box.run(3) == []


def test_a_radio_that_takes_nothing_is_asked_again(box: Box) -> None:
    """A busy modem costs neither air nor the ack; one that says nothing may have sent it, which counts."""
    box.boot(100)
    box.mast.fault = ModemRefused("AT+PSEND", "AT_BUSY_ERROR")
    box.run(1.5)
    assert box.transmitter is not None
    assert box.transmitter.link.ledger.spent_us(box.transmitter.now_ms()) == 0
    box.mast.fault = None
    assert acked(box, box.run(3), 100) == [100]
    spent = box.transmitter.link.ledger.spent_us(box.transmitter.now_ms())
    box.say("alarm", 101, **ALARM)
    box.mast.fault = ModemSilent("the modem does not answer")
    box.run(1.5)
    assert box.transmitter.link.ledger.spent_us(box.transmitter.now_ms()) > spent


def test_without_counters_on_disk_nothing_is_sent(box: Box) -> None:
    """A counter that is not durable could come again under the same key: then rather no ack."""
    (box.folder / "downlink.json.new").mkdir()
    box.boot(100)
    assert box.run(3) == []
    (box.folder / "downlink.json.new").rmdir()
    box.boot(101)
    assert acked(box, box.run(3), 101) == [101]


async def test_an_orderly_stop_remembers_the_hour_exactly(box: Box) -> None:
    """What was spent is written down when the gateway stops; only a power cut has to assume more."""
    transmitter = box.transmitter
    assert transmitter is not None
    transmitter.link.ledger.spend(transmitter.now_ms(), 5_000_000)
    task = asyncio.ensure_future(transmitter.run(box.mast))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    box.store.close()
    box.start()
    assert box.transmitter is not None
    assert box.transmitter.link.ledger.spent_us(box.transmitter.now_ms()) == 5_000_000


async def test_what_is_heard_wakes_the_transmitter(tmp_path: Path) -> None:
    """An idle transmitter does not sleep through the window of an ack."""
    box = Box(tmp_path, linked=True)
    assert box.transmitter is not None
    task = asyncio.ensure_future(box.transmitter.run(box.mast))
    await asyncio.sleep(0.01)
    box.boot(100)
    box.clock.move(1)
    async with asyncio.timeout(PATIENCE_S):
        await box.mast.was_used.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert acked(box, box.mast.frames[:1], 100) == [100]
    box.store.close()


def test_a_status_frame_is_worth_its_hour(box: Box) -> None:
    """Readings of the kit itself are fresh for the hour until the next status frame."""
    box.boot(100)
    box.say("status", 101, uptime_min=7, budget_permille=600, boots=1)
    box.clock.move(3000)
    linde = next(p for p in box.ingest.overview().points if p.slug == "de-linde")
    assert (linde.readings["uptime_min"].value, linde.readings["uptime_min"].quality) == (7, "good")


def test_boot_reports_are_facts_of_the_kit(box: Box) -> None:
    """The newest boot of each kit survives a restart; an older report that comes late does not replace it."""
    box.boot(200)
    box.boot(150)
    box.restart()
    assert box.store.boots()[65, 1].epoch == 200
    assert box.store.boots()[65, 1].fields["reset_cause"] == "power"
    assert box.transmitter is not None
    contact = box.transmitter.link.contact(65)
    assert contact is not None
    assert contact.epoch == 200


def test_a_silent_open_point_raises_one_alarm_and_ends_it_when_heard(box: Box) -> None:
    """Three heartbeats missed, eight pings unanswered: site_silent, critical after half an hour, over when heard."""
    for kit in (65, 66):
        box.boot(100, kit)
    counter = 101
    pings = 0
    for minute in range(50):
        if minute % 5 == 0:
            box.vital(counter, 66)
            counter += 1
        pings += sum(frame.parse(data)[0].kind == "command" for data in box.run(60))
        box.ingest.tick()
        if minute == 13:
            assert "site_silent" not in box.alarms()
    assert pings == 8
    (alarm,) = [a for a in box.ingest.overview().alarms if a.id == "site_silent"]
    assert (alarm.point, alarm.priority) == ("de-linde", "critical")
    box.vital(102)
    box.ingest.tick()
    assert "site_silent" not in box.alarms()


def test_nobody_at_all_is_told_as_our_own_deafness(box: Box) -> None:
    """Both points quiet: one alarm of the coordinating point, on page and MQTT, none of a point."""
    for kit in (65, 66):
        box.boot(100, kit)
    for _ in range(20):
        box.run(60)
        box.ingest.tick()
    alarms = {(a.id, a.point) for a in box.ingest.overview().alarms}
    assert ("gateway_deaf", "kazerne-oost") in alarms
    assert not any(name == "site_silent" for name, _ in alarms)
    assert "kazerne-oost/alarm/gateway_deaf" in dict(box.outbox())
    box.restart()
    assert "gateway_deaf" in box.alarms()
    box.vital(101)
    box.clock.move(1)
    box.ingest.tick()
    box.clock.move(61)
    box.ingest.tick()
    assert "gateway_deaf" not in box.alarms()


def test_closed_points_may_be_silent(tmp_path: Path) -> None:
    """A kit in a store room is off: no ping, no alarm."""
    box = Box(tmp_path, linked=True)
    box.boot(100)
    for _ in range(40):
        assert all(frame.parse(data)[0].kind != "command" for data in box.run(60))
        box.ingest.tick()
    assert box.alarms() == set()
    box.store.close()


def test_a_weak_link_and_little_airtime_are_told(box: Box) -> None:
    """Half an hour within 5 dB of the limit, and a kit with little of its hour left."""
    for n in range(10):
        box.ingest.receive(Reception(sealed(box.key(65), 100 + n), -110, -9.0))
        box.say("status", 300 + n, 66, budget_permille=320)
        box.run(300)
        box.ingest.tick()
    found = {(a.id, a.point) for a in box.ingest.overview().alarms}
    assert {("radio_weak", "de-linde"), ("airtime_low", "de-ark")} <= found


def test_another_kits_and_directions_frames_are_refused(box: Box) -> None:
    """Cross-kit and cross-direction: our own downlink played back, and a frame re-addressed."""
    box.boot(100)
    (ack,) = [data for data in box.run(3) if frame.parse(data)[0].kind == "ack"]
    assert box.hear(ack) == "downlink"
    turned = ack[:3] + bytes((ack[3] & 0x7F,)) + ack[4:]
    assert box.hear(turned) == "bad_tag"
    data = sealed(box.key(65), 101)
    assert box.hear(data[:2] + bytes((66,)) + data[3:]) == "bad_tag"
    assert box.hear(data) == "accepted"
