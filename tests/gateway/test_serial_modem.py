import asyncio
import random
from dataclasses import replace

import pytest

from nspgateway.clock import Clock
from nspgateway.ports import ModemRefused, ModemSilent, PortDown, PortLost, Reception
from nspgateway.ports.serial_modem import SerialModem
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings
from port_rig import HASTY, PHY, SET, TIMING, Rig, arrives, open_files, pair, until


@pytest.fixture
async def rig():
    """A fresh rig; its tasks and modems are stopped at the end."""
    fresh = Rig()
    yield fresh
    await fresh.close()


async def test_a_factory_modem_is_set_read_back_and_receives(rig):
    """Out of the box (LoRaWAN mode) to receiving, with nothing but the port's own commands."""
    modem, port, kit = await pair(rig)
    own = modem.settings
    assert (own.mode, own.frequency_hz, own.sf, own.sync_word) == (0, 869_475_000, 7, 0x3444)
    assert (port.reason, port.cause) == ("", "")
    await kit.send(b"\xe0\x01\x02")
    await until(lambda: rig.received)
    frame = rig.received[0]
    assert frame.data == b"\xe0\x01\x02"
    assert frame.rssi_dbm is not None
    assert -130 < frame.rssi_dbm < -80
    assert isinstance(frame.snr_db, float)


async def test_send_returns_when_the_frame_is_out_and_receiving_goes_on(rig):
    """A downlink is on the air when `send` returns, and the next uplink is heard."""
    modem, port, kit = await pair(rig)
    await port.send(bytes(40))
    assert modem.sent == 1
    await kit.send(b"\xe0after")
    await until(lambda: rig.received)
    assert port.rearmed == 0


async def test_no_modem_says_so_and_one_plugged_in_later_is_used(rig):
    """Start-up order does not matter, and the reason is a sentence a person can act on."""
    modem = await rig.modem()
    modem.unplug()
    port = rig.port(modem.path)
    await until(lambda: port.cause == "missing")
    assert port.state == "down"
    assert port.reason == f"no modem at {modem.path}: nothing is plugged in there"
    with pytest.raises(PortDown, match="nothing is plugged in"):
        await port.send(b"\xe0")
    modem.replug()
    await until(lambda: port.state == "up")


async def test_unplugging_again_and_again_always_comes_back(rig):
    """A modem pulled out and put back is used again each time, and its absence is dated and named."""
    modem, port, kit = await pair(rig)
    for number in range(20):
        since = port.since
        modem.unplug()
        await until(lambda: port.state == "down")
        assert port.since > since
        assert port.cause in {"lost", "missing"}
        modem.replug()
        await until(lambda: port.state == "up")
        await kit.send(b"\xe0" + bytes([number]))
        await until(lambda: rig.received)
        assert rig.received.pop().data[1] == number


async def test_unplugged_while_sending(rig):
    """Who is sending learns at once that the frame did not go out."""
    modem, port, _ = await pair(rig)
    sending = asyncio.create_task(port.send(bytes(200)))
    await until(lambda: modem.radio.busy and modem.radio.listening_since_s is None)
    modem.unplug()
    with pytest.raises(PortLost):
        await sending
    assert modem.sent == 0


async def test_port_in_use_is_named_and_taken_when_free(rig):
    """Two programs never share a modem; the second waits and says why."""
    modem, first, _ = await pair(rig)
    second = rig.port(modem.path)
    await until(lambda: second.cause == "in_use")
    assert "in use by another program" in second.reason
    assert first.state == "up"
    rig.tasks[0].cancel()
    await until(lambda: second.state == "up")


async def test_a_path_that_is_no_serial_port(rig, tmp_path):
    """A file named by mistake is refused with its name, not with a traceback."""
    file = tmp_path / "modem"
    file.write_text("")
    port = rig.port(str(file))
    await until(lambda: port.cause == "fault")
    assert f"{file} cannot be used as a serial port" in port.reason


async def test_old_firmware_is_named_and_not_used(rig):
    """Firmware known to hang is reported with both versions; the modem's settings stay as they are."""
    modem = await rig.modem(version="RUI_4.0.6_RAK3172-E")
    port = rig.port(modem.path)
    await until(lambda: port.cause == "old_firmware")
    assert "RUI_4.0.6_RAK3172-E" in port.reason
    assert "4.2.1 or newer" in port.reason
    assert modem.settings == Settings()


async def test_a_modem_that_does_not_keep_a_setting_is_not_set(rig, monkeypatch):
    """A modem that would hear nobody is reported as not set, with the word that differs; never as silence."""
    modem = await rig.modem(settings=SET)
    show = Rui3Modem._value
    monkeypatch.setattr(
        modem, "_value", lambda name, text: show(modem, name, "1424" if name == "SYNCWORD" else text)
    )
    port = rig.port(modem.path)
    await until(lambda: port.cause == "not_set")
    assert port.reason == "modem not set: SYNCWORD reads back 1424, not 3444"
    monkeypatch.undo()
    await until(lambda: port.state == "up")


async def test_a_modem_that_restarts_by_itself_is_set_again(rig):
    """After a brown-out the modem comes up in a mode that cannot send; its banner is enough to notice."""
    modem, port, kit = await pair(rig)
    boots = modem.boots
    modem._boot()
    await until(lambda: modem.boots > boots)
    await until(lambda: modem.radio._window == 65533)
    await kit.send(b"\xe0back")
    await until(lambda: rig.received)
    await port.send(b"\xe0down")


async def test_a_restart_while_sending_is_told_to_the_sender(rig):
    """A modem that browns out in mid-frame makes `send` fail at once, and not as refused: part of it was on the air."""
    modem, port, _ = await pair(rig)
    sending = asyncio.create_task(port.send(bytes(200)))
    await until(lambda: modem.radio.busy and modem.radio.listening_since_s is None)
    modem._boot()
    with pytest.raises(ModemSilent, match="restarted while it sent"):
        await sending
    await until(lambda: modem.radio._window == 65533)


async def test_a_frame_that_left_is_not_refused_by_what_goes_wrong_after_it(rig, monkeypatch):
    """A modem that refuses to receive after a frame has sent that frame: who counts airtime must hear so."""
    modem, port, _ = await pair(rig)
    value = Rui3Modem._execute

    def refusing(self, command):
        return "AT_ERROR" if self.sent and command.name == "PRECV" and self is modem else value(self, command)

    monkeypatch.setattr(Rui3Modem, "_execute", refusing)
    await port.send(bytes(30))
    assert modem.sent == 1
    await until(lambda: port.state == "down")


async def test_falling_out_of_receive_is_counted_and_mended(rig):
    """Firmware that stops receiving after sending is started again before the kit's answer comes."""
    modem, port, kit = await pair(rig)
    modem.hang("falls_out_of_receive")
    for number in range(3):
        await port.send(b"\xe0down")
        await kit.send(b"\xe0up" + bytes([number]))
    await until(lambda: len(rig.received) == 3)
    assert port.rearmed == 3


async def test_a_modem_that_takes_no_frame_and_a_too_long_frame(rig):
    """Refusals are errors of this port's tree; impossible frames are the caller's error."""
    modem, port, _ = await pair(rig)
    modem.radio.settings = replace(modem.settings, mode=1)
    with pytest.raises(ModemRefused, match="AT_MODE_NO_SUPPORT"):
        await port.send(b"\xe0")
    with pytest.raises(ValueError, match=r"1\.\.250"):
        await port.send(bytes(251))


async def test_a_gateway_does_not_sense_the_kit_that_speaks_to_it(rig):
    """Sensing would end the reception of what is sensed: an answer goes out at once, and the next frame is heard."""
    modem, port, kit = await pair(rig)
    talking = asyncio.create_task(kit.send(bytes(60)))
    await until(lambda: rig.air.busy(modem.radio))
    await port.send(b"\xe0\xc0")
    assert (modem.sent, modem.settings.cad) == (1, 0)
    await talking
    await kit.send(b"\xe0after")
    await until(lambda: rig.received and rig.received[-1].data == b"\xe0after")


async def test_a_modem_that_stays_busy_gives_the_frame_back(rig):
    """A frame that the modem never takes was not on the air, and the port goes on receiving."""
    modem, port, kit = await pair(rig)
    modem.radio.settings = replace(modem.settings, cad=1)
    rig.air.busy = lambda _radio: True
    with pytest.raises(ModemRefused):
        await port.send(b"\xe0")
    assert modem.sent == 0
    del rig.air.busy
    await kit.send(b"\xe0after")
    await until(lambda: rig.received and rig.received[-1].data == b"\xe0after")
    assert await port.clear()


async def test_a_lost_ok_costs_nothing():
    """The end of a frame is as good as the OK that got lost before it."""
    nothing = (1, "up", 0)
    for answer_s in (0.15, 1.0, 8.0):
        rig = Rig()
        try:
            modem, port, _ = await pair(rig, replace(TIMING, answer_s=answer_s))
            modem.lose("OK")
            await port.send(bytes(30))
            cost = (modem.sent, port.state, sum(port.steps.values()))
        finally:
            await rig.close()
        if cost == nothing:
            break  # else again with more patience: to a machine that pauses any answer is lost
    assert cost == nothing


async def test_a_frame_without_an_end_is_an_error_and_the_modem_hears_again(rig):
    """A modem that never says that the frame left is deaf in the belief that it receives, until it is told."""
    modem, port, kit = await pair(rig, replace(HASTY, sent_s=0.1))
    modem.hang("loses_tx_done")
    with pytest.raises(ModemSilent):
        await port.send(b"\xe0")
    await arrives(kit, rig, b"\xe0heard")
    await until(lambda: port.state == "up")


async def test_a_fault_of_the_receiver_ends_the_port(rig):
    """An error while a frame is handled reaches the supervisor; it does not vanish in a callback."""
    modem, kit = await rig.modem(), await rig.modem("kit")

    def broken(_reception: Reception) -> None:
        raise ZeroDivisionError

    rig.port(modem.path, on_reception=broken)
    other = rig.port(kit.path)
    await until(lambda: other.state == "up" and modem.radio._window == 65533)
    await other.send(b"\xe0")
    with pytest.raises(ZeroDivisionError):
        await rig.tasks[0]


async def test_cancelling_gives_the_port_back(rig):
    """`run` ends by cancellation at any moment, and the port can be opened again at once."""
    modem = await rig.modem()
    before = open_files()
    for delay_s in (0.0, 0.01, 0.05, 0.3):
        port = rig.port(modem.path)
        task = rig.tasks.pop()
        await asyncio.sleep(delay_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert port.cause != "in_use"
    assert open_files() == before


async def test_garbage_from_the_line_does_no_harm(rig):
    """Noise between, before and inside lines costs at most the line that it hits."""
    modem, port, kit = await pair(rig)
    noise = random.Random(3)
    for _ in range(20):
        modem._port._put(noise.randbytes(noise.randrange(1, 40)) + b"\r\n")
        modem._port._put(b"+EVT:RXP2P:-30:5:ABC\r\n[APP] hello\r\n")
    await kit.send(b"\xe0clean")
    await until(lambda: any(one.data == b"\xe0clean" for one in rig.received))
    assert port.state == "up"


def test_a_record_that_no_modem_can_keep_is_refused_at_once():
    """A bad setting is the configuration's error at the start, not a retry for ever."""
    with pytest.raises(ValueError, match="bandwidth"):
        SerialModem("/dev/null", PHY | {"bandwidth_khz": 100}, print, Clock())
