"""The kit's small radio interface: the same checks on every implementation of it."""

import asyncio

import pytest

import virtual
from air_ears import Ears, send
from nspkit.radio import RadioError, RadioRefused
from nspkit.radio.rui3 import Rui3
from nsplink import airtime, regions
from nsptools.bench.air import Air, Tuning
from nsptools.bench.air_radio import AirRadio
from nsptools.bench.modem import Rui3Modem

PHY = regions.PHY | {"sf": 7}
TUNING = Tuning(PHY["frequency_hz"], 7, 125_000, int(PHY["sync_word"], 16))


def air_ms(data: bytes) -> int:
    """As the kit's uplink hands it over: rounded up."""
    return airtime.time_on_air_us(7, 125_000, 5, len(data)) // 1000 + 1


async def until(condition) -> None:
    """Wait in the loop's own time, at most 60 s of it."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a radio's state wakes nobody
            await asyncio.sleep(0.02)


class Bench:
    """A radio under test, what it heard, and a far one that is nothing but ears."""

    def __init__(self) -> None:
        self.air = Air(fading_db=0.0)
        self.frames: list[tuple[int, int, bytes]] = []
        self.far = Ears("far", TUNING, asyncio.get_running_loop().time())
        self.air.attach(self.far)
        self.air.set_path_loss("far", "near", 120.0)

    def heard(self, rssi_dbm: int, snr_db: int, data: bytes) -> None:
        self.frames.append((rssi_dbm, snr_db, data))

    async def send(self, data: bytes) -> None:
        await self.radio.send(data, air_ms(data))

    async def up(self) -> None:
        await until(lambda: self.radio.state == "up")


class AirBench(Bench):
    """The radio that is the air's own."""

    async def __aenter__(self):
        self.radio = AirRadio(self.air, "near", PHY, self.heard)
        return self

    async def __aexit__(self, *failure):
        pass

    def lose(self) -> None:
        self.radio.drop_out()

    def find(self) -> None:
        self.radio.come_back()


class Rui3Bench(Bench):
    """The driver and a simulated modem at the other end of its UART."""

    async def __aenter__(self):
        self.modem = Rui3Modem(self.air, "near", in_memory=True)
        await self.modem.start()
        self.radio = Rui3(self.modem.host, PHY, virtual.clock(), self.heard, lambda _line: None, lambda: None)
        return self

    async def __aexit__(self, *failure):
        await self.modem.stop()

    def lose(self) -> None:
        self.modem.hang("no_answer")

    def find(self) -> None:
        self.modem.recover()


async def before_it_runs_it_refuses(bench: Bench) -> None:
    assert bench.radio.state == "down"
    assert bench.radio.reason
    with pytest.raises(RadioRefused):
        await bench.send(b"too early")


async def up_means_no_reason_to_be_down(bench: Bench) -> None:
    assert (bench.radio.state, bench.radio.reason) == ("up", "")


async def sending_takes_the_time_on_air(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    data, began_s = bytes(range(40)), loop.time()
    await bench.send(data)
    assert loop.time() - began_s >= airtime.time_on_air_us(7, 125_000, 5, 40) / 1e6 - 1e-6
    assert [frame for frame, _, _ in bench.far.heard] == [data]


async def frames_arrive_with_their_levels(bench: Bench) -> None:
    bench.frames.clear()
    send(bench.air, bench.far, b"\xe0downlink")
    await until(lambda: bench.frames)
    assert bench.frames == [(-106, 11, b"\xe0downlink")]


async def what_is_no_frame_is_a_mistake_and_not_on_air(bench: Bench) -> None:
    sent = bench.air.counters.sent
    for data in (b"", bytes(251)):
        with pytest.raises(ValueError, match=r"1\.\.250"):
            await bench.send(data)
    assert not bench.air.sending
    assert bench.air.counters.sent == sent
    await bench.send(b"the next one leaves")


async def two_senders_take_turns(bench: Bench) -> None:
    bench.far.heard.clear()
    await asyncio.gather(bench.send(b"one"), bench.send(b"two"))
    assert [frame for frame, _, _ in bench.far.heard] == [b"one", b"two"]


async def a_quiet_channel_is_clear(bench: Bench) -> None:
    # A radio without carrier sense need not have the method at all.
    if hasattr(bench.radio, "clear"):
        assert await bench.radio.clear() is True


async def retuned_it_is_somewhere_else(bench: Bench) -> None:
    # As with carrier sense: not every radio can.
    if not hasattr(bench.radio, "retune"):
        return
    with pytest.raises(RadioRefused):
        await bench.radio.retune({"coding_rate": 9})
    bench.far.heard.clear()
    await bench.radio.retune({"frequency_hz": 869_575_000})
    await bench.send(b"elsewhere")
    await bench.radio.retune({"frequency_hz": PHY["frequency_hz"]})
    await bench.send(b"back")
    assert [frame for frame, _, _ in bench.far.heard] == [b"back"]


async def a_lost_radio_says_so_and_comes_back(bench: Bench) -> None:
    bench.lose()
    with pytest.raises(RadioError):
        await bench.send(b"nobody takes this")
    assert bench.radio.state == "down"
    assert bench.radio.reason
    bench.find()
    await bench.up()
    bench.far.heard.clear()
    await bench.send(b"again")
    assert [frame for frame, _, _ in bench.far.heard] == [b"again"]


CHECKS = (
    up_means_no_reason_to_be_down,
    sending_takes_the_time_on_air,
    frames_arrive_with_their_levels,
    what_is_no_frame_is_a_mistake_and_not_on_air,
    two_senders_take_turns,
    a_quiet_channel_is_clear,
    retuned_it_is_somewhere_else,
    a_lost_radio_says_so_and_comes_back,
)


async def conforms(make, checks) -> None:
    async with make() as bench:
        await before_it_runs_it_refuses(bench)
        running = asyncio.create_task(bench.radio.run())
        try:
            await bench.up()
            for check in checks:
                await check(bench)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_radio_on_the_air_conforms(check):
    """What a fleet of simulated kits sends through is a radio as the kit knows it, rule by rule."""
    virtual.run(conforms(AirBench, [check]))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_modem_driver_conforms(check):
    """The driver of the real modem passes the very same checks."""
    virtual.run(conforms(Rui3Bench, [check]))
