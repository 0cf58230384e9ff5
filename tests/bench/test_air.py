from dataclasses import replace

import pytest

from air_ears import SF9, Ears, run_for, send
from nsplink import airtime
from nsptools.bench.air import Air
from virtual import VirtualLoop


@pytest.fixture
def loop():
    """Virtual time: a test takes no longer than its arithmetic."""
    virtual = VirtualLoop()
    yield virtual
    virtual.close()


def make(loop: VirtualLoop, *radios: Ears, loss: float = 0.0, seed: int = 1) -> Air:
    """Put radios on a fresh air."""
    air = Air(loss, seed, loop)
    for radio in radios:
        air.attach(radio)
    return air


def test_a_frame_arrives_exactly_when_its_time_on_air_ends(loop):
    """Delivery takes the true time on air; latency figures of the bench rest on it."""
    kit, gateway = Ears("kit"), Ears("gateway")
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
    kit, gateway = Ears("kit"), Ears("gateway", tuning=other)
    air = make(loop, kit, gateway)
    send(air, kit)
    run_for(loop, 1)
    assert gateway.heard == []
    assert air.counters.delivered == 0


def test_a_receiver_that_was_not_listening_from_the_start_misses_the_frame(loop):
    """Half-duplex and late receivers lose frames; nobody gets half a frame."""
    kit, idle, late = Ears("kit"), Ears("idle", listening_since_s=None), Ears("late")
    air = make(loop, kit, idle, late)
    send(air, kit)
    run_for(loop, 0.01)
    late.listening_since_s = loop.time()
    run_for(loop, 1)
    assert idle.heard == late.heard == []
    assert air.counters.deaf == 2


def test_a_frame_cut_off_is_neither_sent_nor_received(loop):
    """A modem that loses its power in mid-frame must not count the frame as sent."""
    kit, gateway = Ears("kit"), Ears("gateway")
    air = make(loop, kit, gateway)
    ended: list[bool] = []
    send(air, kit, done=lambda: ended.append(True))
    run_for(loop, 0.01)
    air.detach(kit)
    run_for(loop, 1)
    assert (gateway.heard, ended, air.counters.sent) == ([], [], 0)


def test_loss_each_way_is_its_own_and_comes_out_as_asked(loop):
    """20 % asked for is about 20 % lost, in each direction by chance of its own; one direction can have its rate."""
    kit, gateway, third = Ears("kit"), Ears("gateway"), Ears("third")
    air = make(loop, kit, gateway, third, loss=0.2)
    air.set_loss("kit", "third", 0.5)
    for number in range(2000):
        data = number.to_bytes(2, "big")
        send(air, kit, data)
        run_for(loop, 1)
        send(air, gateway, data)
        run_for(loop, 1)
    up, down = [{data for data, _, _ in radio.heard} for radio in (gateway, kit)]
    assert 0.18 <= 1 - len(up) / 2000 <= 0.22
    assert 0.18 <= 1 - len(down) / 2000 <= 0.22
    assert 0.6 * 2000 <= len(up & down) <= 0.68 * 2000  # independent: 0.64
    assert 2000 * (0.5 + 0.8) - 100 <= len(third.heard) <= 2000 * (0.5 + 0.8) + 100


def test_loss_rate_is_met_and_repeats_with_its_seed(loop):
    """A run with the same seed loses the same frames, whatever else is on the air."""

    def fates(seed: int, *others: Ears) -> list[bytes]:
        kit, gateway = Ears("kit"), Ears("gateway")
        air = make(loop, kit, gateway, *others, loss=0.3, seed=seed)
        for number in range(400):
            send(air, kit, number.to_bytes(2, "big"))
            run_for(loop, 1)
        return [data for data, _, _ in gateway.heard]

    first = fates(7)
    assert 230 <= len(first) <= 330
    assert fates(7, Ears("third")) == first
    assert fates(8) != first


def test_levels_follow_the_path_and_weak_frames_are_lost(loop):
    """RSSI and SNR are what a receiver would report, and below the SNR limit nothing is decoded."""
    kit, near, far = Ears("kit"), Ears("near"), Ears("far")
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
    kit, near, hidden = Ears("kit"), Ears("near"), Ears("hidden")
    other = Ears("other", tuning=replace(SF9, sf=7))
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
    air = make(loop, Ears("kit"))
    with pytest.raises(ValueError, match="kit is on the air already"):
        air.attach(Ears("kit"))
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Air(loss=30)
