import asyncio
import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from nspgateway.clock import Clock
from nspgateway.ports import ModemRefused, ModemSilent, PortDown, PortError, PortLost, Reception, SwitchError
from nspgateway.ports.conversation import Timing
from nspgateway.ports.hub_power import HubPort
from nspgateway.ports.serial_modem import SerialModem
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings
from nsptools.bench.ptys import open_pty

PHY: dict[str, int | float | str] = {
    "frequency_hz": 869_475_000,
    "sf": 7,
    "bandwidth_khz": 125,
    "coding_rate": 5,
    "preamble": 8,
    "power_dbm": 14,
    "sync_word": "3444",
}
SET = Settings(mode=0, frequency_hz=869_475_000, sync_word=0x3444)
# Deadlines as in life, so that a slow machine is no dead modem; looked after more often.
TIMING = Timing(check_s=0.2, retry_s=(0.02, 0.1))
# For the tests in which a modem is dead: a deadline too early only means one more try there.
HASTY = Timing(answer_s=0.15, boot_s=1.0, sent_s=1.0, check_s=0.1, retry_s=(0.02, 0.1))


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until a condition holds; the deadline is for a broken program, not for a slow machine."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the conditions are plain attributes of the thing under test
            await asyncio.sleep(0.005)


def open_files() -> int:
    """Count this process's open descriptors."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, no paths


class Rig:
    """An air with the gateway's modem, a second modem as kit, and the port under test."""

    def __init__(self) -> None:
        self.air = Air()
        self.received: list[Reception] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.modems: list[Rui3Modem] = []

    async def modem(self, name: str = "gateway", settings: Settings | None = None, **options) -> Rui3Modem:
        modem = Rui3Modem(self.air, name, settings=settings, boot_s=0.02, **options)
        await modem.start()
        self.modems.append(modem)
        return modem

    def port(self, path: str, timing: Timing = TIMING, on_reception=None, power_switch=None) -> SerialModem:
        port = SerialModem(
            path,
            PHY,
            on_reception or self.received.append,
            Clock(),
            power_switch=power_switch,
            timing=timing,
            chance=random.Random(1),
        )
        self.tasks.append(asyncio.create_task(port.run()))
        return port

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for modem in self.modems:
            await modem.stop()


@pytest.fixture
async def rig():
    """A fresh rig; its tasks and modems are stopped at the end."""
    fresh = Rig()
    yield fresh
    await fresh.close()


async def pair(rig: Rig, timing: Timing = TIMING) -> tuple[Rui3Modem, SerialModem, SerialModem]:
    """Bring up the gateway's modem and port, and a kit's port whose frames the gateway hears."""
    modem, kit = await rig.modem(), await rig.modem("kit")
    port = rig.port(modem.path, timing)
    other = rig.port(kit.path, on_reception=lambda _: None)
    await until(lambda: (port.state, other.state) == ("up", "up"))
    return modem, port, other


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
    for number in range(5):
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


async def test_a_modem_that_answers_nothing(rig):
    """A dead modem is reported as silent after the whole ladder, and the steps are counted."""
    pty = open_pty()
    try:
        port = rig.port(pty.slave_path, Timing(0.02, 0.05, 0.1, 0.1, (0.01, 0.02)))
        await until(lambda: port.steps["reopen"] >= 2)
        assert (port.state, port.cause) == ("down", "silent")
        assert "does not answer" in port.reason
        assert port.steps["ATZ"] >= 2
        assert port.steps["AT+RUN"] >= 2
    finally:
        pty.close()


@pytest.mark.parametrize("cure", ["AT+PRECV=0", "ATZ"])
async def test_a_hung_modem_is_revived_by_the_ladder(rig, cure):
    """A modem that stops answering is noticed in the quiet and brought back by the step that helps."""
    modem, port, kit = await pair(rig, HASTY)
    modem.hang("no_answer", cure)
    await until(lambda: port.steps[cure] >= 1)
    await until(lambda: port.state == "up")
    await kit.send(b"\xe0back")
    await until(lambda: rig.received)


async def test_a_modem_in_its_bootloader_is_started(rig):
    """A modem stuck in boot mode gets AT+RUN and then its settings."""
    modem, port, kit = await pair(rig, HASTY)
    modem.hang("boot_mode")
    await until(lambda: port.steps["AT+RUN"] >= 1)
    await until(lambda: port.state == "up")
    await kit.send(b"\xe0back")
    await until(lambda: rig.received)


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
    """A modem that browns out in mid-frame makes `send` fail at once, not at its deadline."""
    modem, port, _ = await pair(rig)
    sending = asyncio.create_task(port.send(bytes(200)))
    await until(lambda: modem.radio.busy and modem.radio.listening_since_s is None)
    modem._boot()
    with pytest.raises(ModemRefused, match="RESTARTED"):
        await sending
    await until(lambda: modem.radio._window == 65533)


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


async def test_a_busy_channel_delays_a_frame_and_the_receiver_stays_alive(rig):
    """A modem that refuses because a kit talks is left deaf by its firmware; the port mends that and sends after."""
    modem, port, kit = await pair(rig)
    talking = asyncio.create_task(kit.send(bytes(60)))
    await until(lambda: rig.air.busy(modem.radio))
    await port.send(b"\xe0\xc0")
    assert (modem.sent, modem.settings.cad) == (1, 1)
    await talking
    await kit.send(b"\xe0after")
    await until(lambda: rig.received and rig.received[-1].data == b"\xe0after")


async def test_a_channel_that_is_never_free_does_not_silence_the_gateway(rig):
    """Listening first is courtesy: acknowledgements go out under a neighbour that never stops."""
    modem, port, _ = await pair(rig)
    rig.air.busy = lambda _radio: True
    await port.send(b"\xe0")
    assert (modem.sent, modem.settings.cad) == (1, 0)
    assert await port.clear()


async def test_a_lost_ok_costs_nothing(rig):
    """The end of a frame is as good as the OK that got lost before it."""
    modem, port, _ = await pair(rig, HASTY)
    modem.lose("OK")
    await port.send(bytes(30))
    assert (modem.sent, port.state, sum(port.steps.values())) == (1, "up", 0)


async def test_a_frame_without_an_end_is_an_error_and_the_modem_hears_again(rig):
    """A modem that never says that the frame left is deaf in the belief that it receives, until it is told."""
    modem, port, kit = await pair(rig, replace(HASTY, sent_s=0.1))
    modem.hang("loses_tx_done")
    with pytest.raises(ModemSilent):
        await port.send(b"\xe0")
    await kit.send(b"\xe0heard")
    await until(lambda: rig.received)
    assert port.state == "up"


class Switch:
    """A hub's port under the modem: what is pulled when its power is cut."""

    def __init__(self, modem: Rui3Modem, *, broken: bool = False) -> None:
        self.modem, self.broken = modem, broken
        self.done: list[str] = []

    async def off(self) -> None:
        self.done.append("off")
        if self.broken:
            raise SwitchError("no such hub")
        self.modem.unplug()

    async def on(self) -> None:
        self.done.append("on")
        self.modem.replug()


SWIFT = Timing(answer_s=0.1, boot_s=0.2, sent_s=0.1, check_s=0.1, retry_s=(0.02, 0.1), off_s=0.02)


async def test_a_modem_that_only_a_power_cut_revives_is_cut(rig):
    """The last step of the ladder: its port is switched off and on at the hub, opened again, and all is well."""
    modem, kit = await rig.modem(), await rig.modem("kit")
    switch = Switch(modem)
    port = rig.port(modem.path, SWIFT, power_switch=switch)
    other = rig.port(kit.path, on_reception=lambda _: None)
    await until(lambda: (port.state, other.state) == ("up", "up"))
    modem.hang("no_answer")
    await until(lambda: port.steps["power"])
    await until(lambda: port.state == "up")
    assert switch.done == ["off", "on"]
    await other.send(b"\xe0back")
    await until(lambda: rig.received)


async def test_a_hub_that_cannot_switch_does_not_stop_the_ladder(rig):
    """The steps below it are tried again and again, and the modem is never left switched off."""
    modem = await rig.modem()
    switch = Switch(modem, broken=True)
    modem.hang("dead")
    port = rig.port(modem.path, SWIFT, power_switch=switch)
    await until(lambda: port.steps["reopen"] >= 2)
    assert switch.done == ["off", "on"] * 2
    modem.recover()
    await until(lambda: port.state == "up")


async def test_a_modem_that_takes_frames_and_sends_none_is_climbed_up_to_its_supply(rig):
    """Setting it up again is no cure: each time it turns out mute the ladder begins one step higher."""
    modem = await rig.modem()
    port = rig.port(modem.path, SWIFT, power_switch=Switch(modem))
    await until(lambda: port.state == "up")
    modem.hang("sends_nothing")

    async def send_until_it_works() -> None:
        while modem.sent == 0:
            with suppress(PortError):
                await port.send(b"\xe0")
            await asyncio.sleep(0.01)

    async with asyncio.timeout(20):
        await send_until_it_works()
    assert [port.steps[name] for name in ("AT+PRECV=0", "ATZ", "AT+RUN", "power")] == [1, 1, 1, 1]


HUB = """#!/bin/sh
echo "$@" >> {calls}
echo "Current status for hub 1-1"
[ "$6" = {fails} ] && echo "no power switching" && exit 1
exit 0
"""


@pytest.mark.parametrize(("location", "hub", "number"), [("1-1.2", "1-1", "2"), ("2-3", "2", "3")])
async def test_a_hub_s_port_is_switched_by_uhubctl(tmp_path, location, hub, number):
    """The location in gateway.toml becomes the program's arguments, each of its own, and a refusal has its reason."""
    program, calls = tmp_path / "uhubctl", tmp_path / "calls"
    program.write_text(HUB.format(calls=calls, fails="on"))
    program.chmod(0o700)
    port = HubPort(location, str(program))
    await port.off()
    with pytest.raises(
        SwitchError, match=f"port {number} of hub {hub} cannot be switched on: no power switching"
    ):
        await port.on()
    assert calls.read_text().splitlines() == [
        f"-l {hub} -p {number} -a off -r 10",
        f"-l {hub} -p {number} -a on -r 10",
    ]
    with pytest.raises(SwitchError, match="install it"):
        await HubPort(location, str(tmp_path / "missing")).off()


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
