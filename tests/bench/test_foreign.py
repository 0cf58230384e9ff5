import math

import pytest

from air_ears import SF9, Ears, run_for, send
from nsplink import regions
from nsptools.bench.air import Air
from nsptools.bench.foreign import HABITS, Stranger
from virtual import VirtualLoop

HOUR_S = 3600


def an_hour(habit: str, seed: int = 1, stranger_db: float = 110.0) -> tuple[Ears, Air, Stranger]:
    """A kit on our channel sends every 5 s to a gateway, with one stranger in the neighbourhood."""
    loop = VirtualLoop()
    air = Air(seed=seed, loop=loop)
    kit, gateway = Ears("kit"), Ears("gateway")
    air.attach(kit)
    air.attach(gateway)
    air.set_path_loss("kit", "gateway", 125.0)
    air.set_path_loss("stranger", "gateway", stranger_db)
    air.set_path_loss("stranger", "kit", math.inf)
    stranger = Stranger(air, "stranger", HABITS[habit], seed)
    stranger.start()
    for number in range(HOUR_S // 5):
        loop.call_at(5.0 * number, send, air, kit, number.to_bytes(2, "big"))
    run_for(loop, HOUR_S)
    stranger.stop()
    run_for(loop, 60)
    loop.close()
    return gateway, air, stranger


@pytest.mark.parametrize(
    ("habit", "fewest", "most"),
    [
        ("meshtastic", 1, 80),  # chirps as steep as ours, 1 s in 60
        ("lorawan_down", 1, 60),
        ("lorawan_up", 0, 0),  # another band
        ("proprietary", 1, 60),
        ("jammer", 60, 250),  # a sixth of the time
    ],
)
def test_a_stranger_costs_frames_where_the_bands_meet(habit, fewest, most):
    """Every kind of neighbour is felt as its spectrum and its airtime say, a LoRaWAN in another band not at all."""
    gateway, air, stranger = an_hour(habit)
    ours = [data for data, _, _ in gateway.heard if len(data) == 2]
    assert fewest <= HOUR_S // 5 - len(ours) <= most
    assert stranger.sent == pytest.approx(HOUR_S / HABITS[habit].mean_gap_s, rel=0.35)
    assert (air.counters.jammed > 0) == (habit in {"jammer", "lorawan_down"})


def test_only_frames_on_our_own_tuning_are_decoded():
    """Proprietary frames of others reach the gateway as bytes that it must refuse; no other stranger's do."""
    for habit in HABITS:
        gateway, _, _ = an_hour(habit)
        strange = [data for data, _, _ in gateway.heard if len(data) != 2]
        assert bool(strange) == (habit == "proprietary")
        assert all(data[0] == 0xE0 and 17 <= len(data) <= 30 for data in strange)


def test_a_stranger_repeats_by_seed_and_leaves_no_timer():
    """What strangers do is part of a run that must be repeatable; stopped, they are gone from the air."""
    first, _, _ = an_hour("proprietary")
    assert an_hour("proprietary")[0].heard == first.heard
    assert an_hour("proprietary", seed=2)[0].heard != first.heard
    loop = VirtualLoop()
    air = Air(loop=loop)
    stranger = Stranger(air, "stranger", HABITS["jammer"])
    stranger.start()
    while not air.sending:
        run_for(loop, 0.5)
    stranger.stop()
    sent = stranger.sent
    assert not air.sending
    run_for(loop, 100)
    assert stranger.sent == sent
    loop.close()


def test_a_polite_stranger_waits_for_its_own_kind_only():
    """Meshtastic nodes listen for each other; a frame of ours does not keep them back."""
    loop = VirtualLoop()
    air = Air(loop=loop)
    mesh = HABITS["meshtastic"]
    kit, node = Ears("kit"), Ears("node", mesh.tuning)
    air.attach(kit)
    air.attach(node)
    stranger = Stranger(air, "stranger", mesh)
    stranger.start()
    for sender in (kit, node):
        # One long frame after another: the stranger's channel is never free when they are its kind.
        frames = 200
        before = stranger.sent
        for _ in range(frames):
            run_for(loop, send(air, sender, bytes(200)).end_s - loop.time())
        assert (stranger.sent - before > 0) == (sender is kit)
    stranger.stop()
    loop.close()


def test_strangers_stay_clear_of_our_words():
    """Our sync word and channel are what the habits assume; a change there must be looked at here."""
    assert HABITS["proprietary"].tuning == SF9
    assert regions.PHY["frequency_hz"] == SF9.frequency_hz
