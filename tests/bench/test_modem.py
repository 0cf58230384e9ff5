import asyncio
import os
from dataclasses import replace

import pytest

from modem_bench import P2P, Host, on_bench
from nsplink import airtime, rui3
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings


def test_answers_have_the_form_of_the_manual():
    """A query is echoed as AT+X=value, a blank line and the status; the drivers parse exactly this."""

    async def story(bench) -> None:
        _, host = await bench("kit", window=0)
        assert await host.ask("AT") == ["OK"]
        assert await host.ask("AT+VER=?") == ["AT+VER=RUI_4.2.1_RAK3172-E", "", "OK"]
        assert await host.ask("AT+NWM=?") == ["AT+NWM=0", "", "OK"]
        assert await host.ask("AT+P2P=?") == ["AT+P2P=869475000:7:0:0:8:14", "", "OK"]
        assert await host.ask("AT+SYNCWORD=?") == ["AT+SYNCWORD=3444", "", "OK"]
        assert (await host.ask("AT+CAD?"))[0].startswith("AT+CAD: get or set")

    on_bench(story)


def test_wrong_commands_get_the_word_the_manual_names():
    """Unknown, malformed and out of range are three different things; nothing is half applied."""

    async def story(bench) -> None:
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

    on_bench(story)


def test_setup_commands_of_the_shared_grammar_are_accepted_and_read_back():
    """What kit and gateway send and expect agrees with the manual as read a second time here."""

    async def story(bench) -> None:
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

    on_bench(story)


def test_factory_mode_is_lorawan_and_changing_it_restarts():
    """A modem out of its box refuses P2P commands until AT+NWM=0, which answers with a banner only."""

    async def story(bench) -> None:
        modem, host = await bench("kit", Settings())
        assert await host.ask("AT+PSEND=00") == ["AT_MODE_NO_SUPPORT"]
        assert await host.ask("AT+P2P=?") == ["AT_MODE_NO_SUPPORT"]
        host.write("AT+NWM=0")
        banner = await host.until(lambda line: line.startswith("Current"))
        assert banner[-1] == "Current Work Mode: LoRa P2P."
        assert "OK" not in banner
        assert modem.boots == 2

    on_bench(story)


def test_powers_up_in_receive_and_keeps_settings_over_a_reset():
    """Settings are refused after power-up until AT+PRECV=0; ATZ keeps them and answers no OK."""

    async def story(bench) -> None:
        _, host = await bench("kit")
        assert await host.ask("AT+PSF=10") == ["AT_BUSY_ERROR"]
        assert await host.ask("AT+PSEND=00") == ["AT_BUSY_ERROR"]
        assert await host.ask("AT+PRECV=0") == ["OK"]
        assert await host.ask("AT+PSF=10") == ["OK"]
        host.write("ATZ")
        assert "OK" not in await host.until(lambda line: line.startswith("Current"))
        assert await host.ask("AT+PSF=?") == ["AT+PSF=10", "", "OK"]
        assert await host.ask("AT+PSF=9") == ["AT_BUSY_ERROR"]

    on_bench(story)


def test_a_frame_goes_over_with_events_at_both_ends():
    """OK comes at once, TXP2P DONE after the time on air, RXP2P with levels and hex at the receiver."""

    async def story(bench) -> None:
        kit, kit_host = await bench("kit", window=65533)
        _, gateway_host = await bench("gateway", window=65533)
        frame = bytes(range(60))
        began_s = asyncio.get_running_loop().time()
        assert await kit_host.ask(rui3.send_command(frame)) == ["OK"]
        assert await kit_host.ask("AT+PSEND=00") == ["AT_BUSY_ERROR"]
        assert kit.sent == 0
        await kit_host.event("+EVT:TXP2P DONE")
        assert (
            asyncio.get_running_loop().time() - began_s
            >= airtime.time_on_air_us(7, 125_000, 5, len(frame)) / 1e6
        )
        kind, rssi, snr, data = rui3.parse_line(await gateway_host.event("+EVT:RXP2P"))
        assert (kind, data, kit.sent) == ("rx", frame, 1)
        assert -130 < rssi < -80
        assert -10 < snr <= 12

    on_bench(story)


def test_receive_modes_end_as_documented():
    """Timed windows time out, 65535 takes one frame, 65534 refuses sending, 65533 receives and sends."""

    async def story(bench) -> None:
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

    on_bench(story)


def test_half_duplex_misses_what_began_during_its_own_frame():
    """Two ends that talk at once do not hear each other."""

    async def story(bench) -> None:
        _, one = await bench("one", window=65533)
        _, two = await bench("two", window=65533)
        one.write(rui3.send_command(bytes(40)))
        two.write(rui3.send_command(bytes(40)))
        for host in (one, two):
            lines = await host.until(lambda line: line == "+EVT:TXP2P DONE")
            assert not any("RXP2P" in line for line in lines)

    on_bench(story)


@pytest.mark.parametrize("waits", [True, False])
def test_listen_before_talk(waits):
    """With AT+CAD=1 a busy channel delays the frame (manual) or refuses it (published firmware)."""

    async def story(bench) -> None:
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

    on_bench(story)


def test_bytes_take_their_time_on_the_wire():
    """A frame of 250 bytes is 509 characters: 44 ms at 115,200 baud before the modem can answer."""

    async def story(bench) -> None:
        _, host = await bench("kit", window=0)
        began_s = asyncio.get_running_loop().time()
        assert await host.ask(rui3.send_command(bytes(250))) == ["OK"]
        assert asyncio.get_running_loop().time() - began_s >= 509 * 10 / 115_200

    on_bench(story)


def test_known_hangs_and_their_cures():
    """Each state in which such modems are found in the field can be made, and ends as it does there."""

    async def story(bench) -> None:
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

    on_bench(story)


class Port:
    """A modem's pseudo-terminal, as a program opens it."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)

    def write(self, data: bytes) -> None:
        os.write(self._fd, data)

    def read(self, count: int) -> bytes | None:
        try:
            return os.read(self._fd, count)
        except BlockingIOError:
            return None

    def close(self) -> None:
        os.close(self._fd)


async def test_unplugging_removes_the_port_and_replugging_brings_it_back():
    """The port vanishes and returns at the same path; a frame in mid-air is lost, settings are not."""
    # On the air for longer than any machine pauses.
    modem = Rui3Modem(Air(), "kit", settings=replace(P2P, sf=12), boot_s=0.01)
    await modem.start()
    path = modem.path
    host = Host(Port(path))
    await host.event("Current Work Mode")
    assert await host.ask("AT+PRECV=0") == ["OK"]
    assert await host.ask("AT+PSEND=" + "00" * 250) == ["OK"]
    modem.unplug()
    assert not os.path.lexists(path)  # noqa: ASYNC240 - one look at a temporary folder
    host.wire.close()
    modem.replug()
    assert modem.path == path
    host = Host(Port(path))
    await host.event("Current Work Mode")
    assert await host.ask("AT+PFREQ=?") == ["AT+PFREQ=869475000", "", "OK"]
    assert modem.sent == 0
    host.wire.close()
    await modem.stop()
