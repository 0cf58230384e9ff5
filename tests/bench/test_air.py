import asyncio
from dataclasses import dataclass, field, replace

import pytest

from nsplink import airtime
from nsptools.bench.air import Air, Tuning
from virtual import VirtualLoop

SF9 = Tuning(869_475_000, 9, 125_000, 0x3444)


@dataclass
class FakeRadio:
    """A radio with nothing but ears; always listening unless told otherwise."""

    name: str
    tuning: Tuning = SF9
    listening_since_s: float | None = 0.0
    heard: list[tuple[bytes, int, int]] = field(default_factory=list)

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:
        self.heard.append((data, rssi_dbm, snr_db))


@pytest.fixture
def loop():
    """Virtual time: a test takes no longer than its arithmetic."""
    virtual = VirtualLoop()
    yield virtual
    virtual.close()


def run_for(loop: VirtualLoop, seconds: float) -> None:
    """Let this much time pass on the air."""
    loop.run_until_complete(asyncio.sleep(seconds))


def make(loop: VirtualLoop, *radios: FakeRadio, loss: float = 0.0, seed: int = 1) -> Air:
    """Put radios on a fresh air."""
    air = Air(loss, seed, loop)
    for radio in radios:
        air.attach(radio)
    return air


def send(air: Air, radio: FakeRadio, data: bytes = b"\xe0frame", done=lambda: None):
    """Start a frame at 4/5, preamble 8, 14 dBm."""
    return air.transmit(radio, data, 5, 8, 14, done)


def test_a_frame_arrives_exactly_when_its_time_on_air_ends(loop):
    """Delivery takes the true time on air; latency figures of the bench rest on it."""
    kit, gateway = FakeRadio("kit"), FakeRadio("gateway")
    air = make(loop, kit, gateway)
    ended: list[float] = []
    send(air, kit, bytes(20), lambda: ended.append(loop.time()))
    length_s = airtime.time_on_air_us(9, 125_000, 5, 20) / 1e6

    run_for(loop, length_s - 0.001)
    assert gateway.heard == []
    run_for(loop, 0.002)
    assert gateway.heard[0][0] == bytes(20)
    assert ended == [pytest.approx(length_s)]
    assert (air.counters.sent, air.counters.delivered) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        replace(SF9, frequency_hz=869_575_000),
        replace(SF9, sf=8),
        replace(SF9, bandwidth_hz=250_000),
        replace(SF9, sync_word=0x1424),
        replace(SF9, iq_inverted=True),
        replace(SF9, explicit_header=False),
    ],
)
def test_a_radio_on_another_tuning_hears_nothing(loop, other):
    """Each word of the physical layer must agree, as with real radios."""
    kit, gateway = FakeRadio("kit"), FakeRadio("gateway", tuning=other)
    air = make(loop, kit, gateway)
    send(air, kit)
    run_for(loop, 1)
    assert gateway.heard == []
    assert air.counters.delivered == 0


def test_a_receiver_that_was_not_listening_from_the_start_misses_the_frame(loop):
    """Half-duplex and late receivers lose frames; nobody gets half a frame."""
    kit, idle, late = FakeRadio("kit"), FakeRadio("idle", listening_since_s=None), FakeRadio("late")
    air = make(loop, kit, idle, late)
    send(air, kit)
    run_for(loop, 0.01)
    late.listening_since_s = loop.time()
    run_for(loop, 1)
    assert idle.heard == late.heard == []
    assert air.counters.deaf == 2


def test_a_frame_cut_off_is_neither_sent_nor_received(loop):
    """A modem that loses its power in mid-frame must not count the frame as sent."""
    kit, gateway = FakeRadio("kit"), FakeRadio("gateway")
    air = make(loop, kit, gateway)
    ended: list[bool] = []
    send(air, kit, done=lambda: ended.append(True))
    run_for(loop, 0.01)
    air.detach(kit)
    run_for(loop, 1)
    assert (gateway.heard, ended, air.counters.sent) == ([], [], 0)


def test_loss_rate_is_met_and_repeats_with_its_seed(loop):
    """A run with the same seed loses the same frames, whatever else is on the air."""

    def fates(seed: int, *others: FakeRadio) -> list[bytes]:
        kit, gateway = FakeRadio("kit"), FakeRadio("gateway")
        air = make(loop, kit, gateway, *others, loss=0.3, seed=seed)
        for number in range(400):
            send(air, kit, number.to_bytes(2, "big"))
            run_for(loop, 1)
        return [data for data, _, _ in gateway.heard]

    first = fates(7)
    assert 230 <= len(first) <= 330
    assert fates(7, FakeRadio("third")) == first
    assert fates(8) != first


def test_levels_follow_the_path_and_weak_frames_are_lost(loop):
    """RSSI and SNR are what a receiver would report, and below the SNR limit nothing is decoded."""
    kit, near, far = FakeRadio("kit"), FakeRadio("near"), FakeRadio("far")
    air = make(loop, kit, near, far)
    air.set_path_loss("kit", "near", 120.0)
    air.set_path_loss("far", "kit", 150.0)
    for _ in range(20):
        send(air, kit)
        run_for(loop, 1)
    assert far.heard == []
    assert air.counters.weak == 20
    assert all(-112 <= rssi <= -100 and 5 <= snr <= 12 for _, rssi, snr in near.heard)
    assert len(near.heard) == 20


def test_carrier_sense_hears_what_is_in_range_only(loop):
    """A hidden sender stays hidden; one's own frame, or one at another SF, is no busy channel."""
    kit, near, hidden = FakeRadio("kit"), FakeRadio("near"), FakeRadio("hidden")
    other = FakeRadio("other", tuning=replace(SF9, sf=7))
    air = make(loop, kit, near, hidden, other)
    air.set_path_loss("kit", "hidden", 150.0)
    send(air, kit)
    assert air.busy(near)
    assert not air.busy(hidden)
    assert not air.busy(kit)
    assert not air.busy(other)
    run_for(loop, 1)
    assert not air.busy(near)


def test_misuse_is_refused(loop):
    """Two radios of one name would share their path; a loss of 30 (percent) is a mistake."""
    air = make(loop, FakeRadio("kit"))
    with pytest.raises(ValueError, match="kit is on the air already"):
        air.attach(FakeRadio("kit"))
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Air(loss=30)
