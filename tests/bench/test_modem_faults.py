"""What goes wrong inside a simulated modem, in virtual time: the states that drivers have to survive."""

import asyncio

import pytest

import virtual
from modem_bench import P2P, on_bench
from nsptools.bench import modem_doors
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings
from nsptools.bench.modem_radio import DISTURBED_EVERY_S, RX_AND_TX


def test_a_refusal_by_cad_leaves_it_deaf_as_published_firmware_is():
    """After the refusal it believes that it receives and does not; only AT+PRECV=0 and a new start end that."""

    async def story(bench) -> None:
        talking, talker = await bench("one", window=0)
        modem, polite = await bench("two", window=65533)
        modem.radio.settings = Settings(**{**vars(modem.settings), "cad": 1})

        async def say() -> None:
            assert await talker.ask("AT+PSEND=E001") == ["OK"]
            await talker.event("+EVT:TXP2P DONE")

        talker.write("AT+PSEND=" + "00" * 60)
        await talker.event("OK")
        assert await polite.ask("AT+PSEND=E002") == ["AT_BUSY_ERROR"]
        await talker.event("+EVT:TXP2P DONE")
        assert await polite.ask("AT+PRECV=65533") == ["P2P_RX_ON already", "AT_BUSY_ERROR"]
        await say()
        assert await polite.ask("AT+PRECV=0") == ["OK"]  # and no frame before it
        assert await polite.ask("AT+PRECV=65533") == ["OK"]
        await say()
        await polite.event("+EVT:RXP2P:")
        assert talking.sent == 3

    on_bench(story)


@pytest.mark.parametrize(
    ("kind", "cure", "reset_helps"),
    [
        ("no_answer", "ATZ", True),
        ("no_answer", None, False),
        ("boot_mode", None, False),
        ("dead", None, False),
    ],
)
def test_reset_pin_and_supply(kind, cure, reset_helps):
    """The reset pin ends what a command would have ended, a power cut all but death; settings are kept."""

    async def story(bench) -> None:
        modem, host = await bench("kit", window=0)
        modem.hang(kind, cure)
        modem.hold(True)
        host.write("AT")
        modem.hold(False)
        await asyncio.sleep(0.05)
        boots = modem.boots
        assert boots == (2 if reset_helps else 1)
        modem.supply(False)
        host.write("AT")
        await asyncio.sleep(0.02)
        host.read().clear()
        modem.supply(True)
        if kind == "dead":
            await asyncio.sleep(0.05)
            assert (modem.boots, host.read()) == (boots, [])
            return
        assert "OK" not in await host.until(lambda line: line.startswith("Current"))
        assert modem.boots == boots + 1
        assert await host.ask("AT+PFREQ=?") == ["AT+PFREQ=869475000", "", "OK"]

    on_bench(story)


def test_a_reset_and_a_glitch_may_kill():
    """Firmware that dies of ATZ, and firmware that dies of a spoilt byte, answer until then and not after."""

    async def story(bench) -> None:
        modem, host = await bench("kit", window=0)
        for kind, cause in (("dies_on_reset", b"ATZ\r\n"), ("dies_of_a_glitch", b"\xff\xfe\r\n")):
            modem.hang(kind)
            assert await host.ask("AT") == ["OK"]
            host.wire.write(cause)
            await asyncio.sleep(0.02)
            host.write("AT")
            modem.hold(True)
            modem.hold(False)
            await asyncio.sleep(0.05)
            assert not host.read()
            modem.supply(False)
            modem.supply(True)
            await host.event("Current Work Mode")
            assert await host.ask("AT+PRECV=0") == ["OK"]

    on_bench(story)


def test_frames_that_go_wrong_inside():
    """A frame that never leaves, and one whose end is not told and leaves the modem deaf."""

    async def story(bench) -> None:
        modem, host = await bench("kit", window=65533)
        modem.hang("sends_nothing")
        assert await host.ask("AT+PSEND=E001") == ["OK"]
        modem.hang("loses_tx_done")
        assert await host.ask("AT+PSEND=E001") == ["OK"]
        await asyncio.sleep(0.1)
        assert (modem.sent, host.read()) == (1, [])
        assert modem.radio.listening_since_s is None
        assert (await host.ask("AT+PRECV=65533"))[-1] == "AT_BUSY_ERROR"

    on_bench(story)


def test_dialects_of_older_firmware():
    """Values without a name, the bandwidth in kHz, echo, received frames on two lines, commands not yet known."""

    async def story(bench) -> None:
        _, sender = await bench("sender", window=0)
        _, host = await bench("kit", version="V1.0.4", window=0)
        assert await host.ask("AT+VER=?") == ["V1.0.4", "", "OK"]
        assert await host.ask("AT+P2P=?") == ["869475000:7:125:0:8:14", "", "OK"]
        assert await host.ask("AT+CAD=1") == ["AT_COMMAND_NOT_FOUND"]
        assert await host.ask("AT+PRECV=65533") == ["OK"]
        sender.write("AT+PSEND=E0FF")
        head, data = (await host.until(lambda line: line.startswith("+EVT:e")))[-2:]
        assert head.startswith("+EVT:RXP2P, RSSI -")
        assert data == "+EVT:e0ff"
        _, echoing = await bench("echoing", quirks={"echo"})
        assert await echoing.ask("AT+PRECV=0") == ["AT+PRECV=0", "OK"]

    on_bench(story)


def test_lines_get_lost_and_remarks_come_between():
    """What a noisy wire swallows and what an application prints is at hand for the drivers' tests."""

    async def story(bench) -> None:
        modem, host = await bench("kit", window=0)
        modem.lose("OK")
        host.write("AT")
        assert await host.ask("AT+PSF=?") == ["AT+PSF=7", "", "OK"]
        modem.hang("chatter")
        assert await host.ask("AT") == ["[APP] sensor 21.5", "OK"]

    on_bench(story)


def test_a_wire_in_memory_is_the_same_modem():
    """For virtual time there is no pseudo-terminal; pace, lines and a full receive buffer are as on one."""

    async def story() -> None:
        modem = Rui3Modem(Air(), "kit", settings=P2P, boot_s=0.01, in_memory=True)
        await modem.start()
        async with asyncio.timeout(5):
            while b"Current Work Mode" not in modem.host.unread:  # noqa: ASYNC110 - a wire has no event
                await asyncio.sleep(0.005)
        assert modem.host.read(10) == b"RAKwireles"
        for _ in range(400):
            modem.host.write(b"AT+VER\r\n")
        await asyncio.sleep(0.5)
        assert (modem.host.any(), modem._port.overrun > 0) == (2048, True)
        with pytest.raises(TypeError, match="in memory"):
            _ = modem.path
        await modem.stop()

    virtual.run(story())


def test_what_a_modem_hears_can_be_disturbed():
    """A jammer near it leaves damaged frames only, its own among them; an antenna that is off leaves nothing."""

    async def story(bench) -> None:
        modem, host = await bench("kit", window=RX_AND_TX)
        modem_doors.write(modem, "hearing", "noise")
        modem.radio.hear(b"frame", -90, 7)
        await asyncio.sleep(2.5 * DISTURBED_EVERY_S)
        modem_doors.write(modem, "hearing", "nothing")
        modem.radio.hear(b"frame", -90, 7)
        await asyncio.sleep(3 * DISTURBED_EVERY_S)
        modem_doors.write(modem, "hearing", "all")
        modem.radio.hear(b"frame", -90, 7)
        heard = await host.until(lambda line: line.startswith("+EVT:RXP2P:"))
        assert heard.count("+EVT:RXP2P RECEIVE ERROR") == 4
        assert modem_doors.read(modem, "hearing") == "all"
        with pytest.raises(ValueError, match="expected all, noise, nothing"):
            modem_doors.write(modem, "hearing", "music")

    on_bench(story)


def test_doors_of_a_modem():
    """A trainer hangs a modem by name, sees it, and reads what there is when the name is wrong."""

    async def story(bench) -> None:
        modem, host = await bench("kit", window=0)
        modem_doors.write(modem, "hang", "no_answer:ATZ")
        assert modem_doors.read(modem, "hang") == "no_answer"
        host.write("ATZ")
        await host.event("Current")
        assert [modem_doors.read(modem, name) for name in ("hang", "boots", "steps", "sent")] == [
            "none",
            "2",
            "none",
            "0",
        ]
        modem_doors.write(modem, "hang", "falls_out_of_receive")
        modem_doors.write(modem, "hang", "none")
        assert modem.radio.fault is None
        with pytest.raises(ValueError, match=r"expected none, .*boot_mode"):
            modem_doors.write(modem, "hang", "tired")
        for use in (lambda: modem_doors.write(modem, "sent", "1"), lambda: modem_doors.read(modem, "mood")):
            with pytest.raises(ValueError, match="a modem has no"):
                use()

    on_bench(story)
