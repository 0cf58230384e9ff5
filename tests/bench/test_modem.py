import asyncio
import os
import time
from collections.abc import Callable

import pytest

from nsplink import airtime, rui3
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings

P2P = Settings(mode=0, frequency_hz=869_475_000, sf=7, sync_word=0x3444)
STATUS = ("OK", "AT_")


class Host:
    """A program at the modem's port, that writes lines and collects what comes back."""

    def __init__(self, path: str) -> None:
        self.lines: list[str] = []
        self._raw = b""
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def _read(self) -> None:
        *whole, self._raw = (self._raw + os.read(self._fd, 4096)).split(b"\r\n")
        self.lines += [line.decode() for line in whole]

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def write(self, line: str) -> None:
        os.write(self._fd, line.encode() + b"\r\n")

    async def until(self, wanted: Callable[[str], bool], seconds: float = 5.0) -> list[str]:
        """Take lines up to and including the first that is wanted."""
        async with asyncio.timeout(seconds):
            while not any(map(wanted, self.lines)):  # noqa: ASYNC110 - lines come from a reader callback
                await asyncio.sleep(0.002)
        end = next(i for i, line in enumerate(self.lines) if wanted(line)) + 1
        taken, self.lines = self.lines[:end], self.lines[end:]
        return taken

    async def ask(self, command: str) -> list[str]:
        """Send a command and return the lines of its answer, the status word last."""
        self.write(command)
        return await self.until(lambda line: line.startswith(STATUS) and not line.startswith("AT+"))

    async def event(self, start: str) -> str:
        return (await self.until(lambda line: line.startswith(start)))[-1]


@pytest.fixture
async def bench():
    """Make modems with a host at their port; everything is closed at the end."""
    air = Air()
    modems: list[Rui3Modem] = []
    hosts: list[Host] = []

    async def make(name: str, settings: Settings = P2P, *, window: int | None = None, **options):
        modem = Rui3Modem(air, name, settings=settings, boot_s=0.01, **options)
        await modem.start()
        host = Host(modem.path)
        modems.append(modem)
        hosts.append(host)
        await host.event("Current Work Mode")
        if window is not None:
            assert await host.ask("AT+PRECV=0") == ["OK"]
            if window:
                assert await host.ask(f"AT+PRECV={window}") == ["OK"]
        return modem, host

    yield make
    for host in hosts:
        host.close()
    for modem in modems:
        await modem.stop()


async def test_answers_have_the_form_of_the_manual(bench):
    """A query is echoed as AT+X=value, a blank line and the status; the drivers parse exactly this."""
    _, host = await bench("kit", window=0)
    assert await host.ask("AT") == ["OK"]
    assert await host.ask("AT+VER=?") == ["AT+VER=RUI_4.2.1_RAK3172-E", "", "OK"]
    assert await host.ask("AT+NWM=?") == ["AT+NWM=0", "", "OK"]
    assert await host.ask("AT+P2P=?") == ["AT+P2P=869475000:7:0:0:8:14", "", "OK"]
    assert await host.ask("AT+SYNCWORD=?") == ["AT+SYNCWORD=3444", "", "OK"]
    assert (await host.ask("AT+CAD?"))[0].startswith("AT+CAD: get or set")


async def test_wrong_commands_get_the_word_the_manual_names(bench):
    """Unknown, malformed and out of range are three different things; nothing is half applied."""
    modem, host = await bench("kit", window=0)
    before = modem.settings
    for command, word in {
        "AT+NOPE=1": "AT_COMMAND_NOT_FOUND",
        "hello": "AT_COMMAND_NOT_FOUND",
        "AT+PSF=13": "AT_PARAM_ERROR",
        "AT+PFREQ=869.475": "AT_PARAM_ERROR",
        "AT+P2P=868:12:300:3:200:14": "AT_PARAM_ERROR",
        "AT+P2P=869575000:9:0:0:8:30": "AT_PARAM_ERROR",
        "AT+SYNCWORD=34445": "AT_PARAM_ERROR",
        "AT+PRECV=65536": "AT_PARAM_ERROR",
        "AT+PRECV=?": "AT_PARAM_ERROR",
        "AT+PSEND=123": "AT_PARAM_ERROR",
        "AT+PSEND=XX": "AT_PARAM_ERROR",
        "AT+PSEND=" + "00" * 251: "AT_PARAM_ERROR",
        "AT+PSF": "AT_ERROR",
    }.items():
        assert await host.ask(command) == [word], command
    assert modem.settings == before


async def test_setup_commands_of_the_shared_grammar_are_accepted_and_read_back(bench):
    """What kit and gateway send and expect agrees with the manual as read a second time here."""
    _, host = await bench("kit", Settings(mode=0, iq_inverted=1, encrypt=1, fixed_length=1))
    phy = {"frequency_hz": 869475000, "sf": 9, "bandwidth_khz": 125, "coding_rate": 5,
           "preamble": 8, "power_dbm": 14, "sync_word": "3444"}  # fmt: skip
    for command, readback in rui3.setup_commands(phy):
        assert await host.ask(command) == ["OK"]
        if readback:
            query, name, accepted = readback
            event = rui3.parse_line((await host.ask(query))[0])
            assert event[:2] == ("value", name)
            assert rui3.same_value(event[2], accepted)


async def test_factory_mode_is_lorawan_and_changing_it_restarts(bench):
    """A modem out of its box refuses P2P commands until AT+NWM=0, which answers with a banner only."""
    modem, host = await bench("kit", Settings())
    assert await host.ask("AT+PSEND=00") == ["AT_MODE_NO_SUPPORT"]
    assert await host.ask("AT+P2P=?") == ["AT_MODE_NO_SUPPORT"]
    host.write("AT+NWM=0")
    banner = await host.until(lambda line: line.startswith("Current"))
    assert banner[-1] == "Current Work Mode: LoRa P2P."
    assert "OK" not in banner
    assert modem.boots == 2


async def test_powers_up_in_receive_and_keeps_settings_over_a_reset(bench):
    """Settings are refused after power-up until AT+PRECV=0; ATZ keeps them and answers no OK."""
    _, host = await bench("kit")
    assert await host.ask("AT+PSF=10") == ["AT_BUSY_ERROR"]
    assert await host.ask("AT+PSEND=00") == ["AT_BUSY_ERROR"]
    assert await host.ask("AT+PRECV=0") == ["OK"]
    assert await host.ask("AT+PSF=10") == ["OK"]
    host.write("ATZ")
    assert "OK" not in await host.until(lambda line: line.startswith("Current"))
    assert await host.ask("AT+PSF=?") == ["AT+PSF=10", "", "OK"]
    assert await host.ask("AT+PSF=9") == ["AT_BUSY_ERROR"]


async def test_a_frame_goes_over_with_events_at_both_ends(bench):
    """OK comes at once, TXP2P DONE after the time on air, RXP2P with levels and hex at the receiver."""
    kit, kit_host = await bench("kit", window=65533)
    _, gateway_host = await bench("gateway", window=65533)
    frame = bytes(range(60))
    began_s = time.monotonic()
    assert await kit_host.ask(rui3.send_command(frame)) == ["OK"]
    assert await kit_host.ask("AT+PSEND=00") == ["AT_BUSY_ERROR"]
    assert kit.sent == 0
    await kit_host.event("+EVT:TXP2P DONE")
    assert time.monotonic() - began_s >= airtime.time_on_air_us(7, 125_000, 5, len(frame)) / 1e6
    kind, rssi, snr, data = rui3.parse_line(await gateway_host.event("+EVT:RXP2P"))
    assert (kind, data, kit.sent) == ("rx", frame, 1)
    assert -130 < rssi < -80
    assert -10 < snr <= 12


async def test_receive_modes_end_as_documented(bench):
    """Timed windows time out, 65535 takes one frame, 65534 refuses sending, 65533 receives and sends."""
    _, sender = await bench("kit", window=0)
    _, host = await bench("gateway", window=0)

    async def send() -> None:
        assert await sender.ask("AT+PSEND=E001") == ["OK"]
        await sender.event("+EVT:TXP2P DONE")

    assert await host.ask("AT+PRECV=20") == ["OK"]
    await host.event("+EVT:RXP2P RECEIVE TIMEOUT")

    assert await host.ask("AT+PRECV=65535") == ["OK"]
    await send()
    await host.event("+EVT:RXP2P:")
    assert await host.ask("AT+PSF=7") == ["OK"]  # the window closed with its frame

    assert await host.ask("AT+PRECV=65534") == ["OK"]
    assert await host.ask("AT+PSEND=E001") == ["AT_BUSY_ERROR"]
    assert (await host.ask("AT+PRECV=65533"))[-1] == "AT_BUSY_ERROR"  # one continuous mode to another
    assert await host.ask("AT+PRECV=0") == ["OK"]

    assert await host.ask("AT+PRECV=65533") == ["OK"]
    for _ in range(2):
        await send()
        await host.event("+EVT:RXP2P:")
    assert await host.ask("AT+PSEND=E002") == ["OK"]
    await host.event("+EVT:TXP2P DONE")
    await send()
    await host.event("+EVT:RXP2P:")  # back in receive after its own frame


async def test_half_duplex_misses_what_began_during_its_own_frame(bench):
    """Two ends that talk at once do not hear each other."""
    _, one = await bench("one", window=65533)
    _, two = await bench("two", window=65533)
    one.write(rui3.send_command(bytes(40)))
    two.write(rui3.send_command(bytes(40)))
    for host in (one, two):
        lines = await host.until(lambda line: line == "+EVT:TXP2P DONE")
        assert not any("RXP2P" in line for line in lines)


@pytest.mark.parametrize("waits", [True, False])
async def test_listen_before_talk(bench, waits):
    """With AT+CAD=1 a busy channel delays the frame (manual) or refuses it (published firmware)."""
    kit, talker = await bench("one", window=65533)
    _, polite = await bench("two", window=0, cad_waits=waits)
    assert await polite.ask("AT+CAD=1") == ["OK"]
    assert await talker.ask(rui3.send_command(bytes(100))) == ["OK"]
    if not waits:
        assert await polite.ask("AT+PSEND=E001") == ["AT_BUSY_ERROR"]
        return
    assert await polite.ask("AT+PSEND=E001") == ["OK"]
    assert await polite.ask("AT+PSEND=E002") == ["AT_BUSY_ERROR"]
    await polite.event("+EVT:TXP2P DONE")
    assert kit.sent == 1
    await talker.event("+EVT:RXP2P:")


async def test_bytes_take_their_time_on_the_wire(bench):
    """A frame of 250 bytes is 509 characters: 44 ms at 115,200 baud before the modem can answer."""
    _, host = await bench("kit", window=0)
    began_s = time.monotonic()
    assert await host.ask(rui3.send_command(bytes(250))) == ["OK"]
    assert time.monotonic() - began_s >= 509 * 10 / 115_200


async def test_known_hangs_and_their_cures(bench):
    """Each state in which such modems are found in the field can be made, and ends as it does there."""
    modem, host = await bench("kit", window=0)
    modem.hang("no_answer", cure="ATZ")
    for command in ("AT", "AT+PRECV=0"):
        host.write(command)
    host.write("ATZ")
    assert "OK" not in await host.until(lambda line: line.startswith("Current"))

    modem.hang("boot_mode")
    host.write("AT")
    assert await host.event("<.BOOT MODE>")
    host.write("AT+RUN")
    await host.event("Current Work Mode")

    modem.hang("falls_out_of_receive")
    assert await host.ask("AT+PRECV=0") == ["OK"]
    assert await host.ask("AT+PRECV=65533") == ["OK"]
    assert await host.ask("AT+PSEND=00") == ["OK"]
    await host.event("+EVT:TXP2P DONE")
    assert await host.ask("AT+PRECV=65533") == ["OK"]  # it was not receiving any more


async def test_unplugging_removes_the_port_and_replugging_brings_it_back(bench):
    """The port vanishes and returns at the same path; a frame in mid-air is lost, settings are not."""
    modem, host = await bench("kit", window=65533)
    assert await host.ask("AT+PSEND=" + "00" * 50) == ["OK"]
    modem.unplug()
    assert not os.path.lexists(modem.path)  # noqa: ASYNC240 - one look at a temporary folder
    host.close()
    modem.replug()
    host.__init__(modem.path)
    await host.event("Current Work Mode")
    assert await host.ask("AT+PFREQ=?") == ["AT+PFREQ=869475000", "", "OK"]
    assert modem.sent == 0
