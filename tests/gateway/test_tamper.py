"""Forged, played-back and flooding frames: told when there are many, cheap, and never in the way of the real kit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from gateway_box import T0, Box, sealed
from nspgateway.authenticate import Authenticator, Refused
from nspgateway.keys import KitKey
from nspgateway.records import Window
from nspgateway.tamper import BAD_TAGS, HOUR_MS, REPLAYS, Tamper
from nsplink import frame, message, seal

FORGER = KitKey(address=65, generation=1, key=bytes(16), created=T0)
NEIGHBOUR = KitKey(address=2 << 6 | 1, generation=1, key=bytes(16), created=T0)
STRANGER = KitKey(address=1 << 6 | 50, generation=1, key=bytes(16), created=T0)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, linked=True, deployment="open")
    box.boot(100)
    yield box
    box.store.close()


def suspected(box: Box) -> bool:
    """Let the alarms be judged, and look for the one of this file."""
    box.ingest.tick()
    return "tamper_suspected" in box.alarms()


def test_a_few_bad_frames_are_chance_and_many_are_somebody(box: Box) -> None:
    """Twenty forged frames in an hour raise nothing, one more does; an hour of rest ends it."""
    for n in range(BAD_TAGS):
        assert box.hear(sealed(FORGER, 1000 + n)) == "bad_tag"
    assert not suspected(box)
    box.hear(sealed(FORGER, 2000))
    assert suspected(box)
    box.clock.move(3601)
    assert not suspected(box)


def test_a_few_replays_are_chance_and_many_are_somebody(box: Box) -> None:
    """Played-back frames that verify are counted apart, and told sooner: noise does not make them."""
    data = sealed(box.key(65), 101)
    assert box.hear(data) == "accepted"
    box.clock.move(60)
    for _ in range(REPLAYS):
        assert box.hear(data) == "replay"
    assert not suspected(box)
    assert box.hear(data) == "replay"
    assert suspected(box)


def test_neighbours_and_strangers_never_raise_it(box: Box) -> None:
    """Their frames fail all day, and are none of our kits': counted, and nothing else."""
    for n in range(200):
        box.hear(sealed(NEIGHBOUR, n))
        box.hear(sealed(STRANGER, n))
        box.hear(b"\x40" + bytes(20))
        box.hear(bytes((0xE0, 0, 65)))
    assert not suspected(box)
    assert box.ingest.counters["neighbour"] == box.ingest.counters["unknown_kit"] == 200


def test_every_kind_of_damage_has_its_own_counter(box: Box) -> None:
    """Forged, flipped, replayed and reordered frames are told apart on the screen."""
    data = sealed(box.key(65), 300)
    assert box.hear(data) == "accepted"
    assert box.hear(sealed(box.key(65), 290)) == "accepted"
    assert box.hear(data) == "duplicate"
    box.clock.move(60)
    assert box.hear(data) == "replay"
    assert box.hear(sealed(box.key(65), 200)) == "replay"
    flipped = sealed(box.key(65), 301)
    for place in range(3, len(flipped)):
        bad = bytearray(flipped)
        bad[place] ^= 1 << place % 8
        assert box.hear(bytes(bad)) in {"bad_tag", "malformed", "no_key", "downlink", "replay", "implausible"}
    assert box.hear(flipped) == "accepted"


def test_a_flood_does_not_hide_the_kit(box: Box) -> None:
    """While forged frames are dropped unopened, every frame of the kit itself is still taken and acked."""
    chance = Random(1)
    box.run(3)
    for n in range(300):
        box.hear(sealed(FORGER, chance.randrange(1 << 32)))
        if n % 30 == 0:
            assert box.say("vital", 101 + n) == "accepted"
    assert box.ingest.counters["implausible"] > 200
    assert box.say("alarm", 500, event_boot=1, event_n=0, alarm="power_lost", age_s=0) == "accepted"
    acks = [box.opened(data, 100)[1] for data in box.run(3) if frame.parse(data)[0].kind == "ack"]
    assert [fields["acked"] for fields in acks] == [500]
    assert suspected(box)


def test_a_frame_costs_at_most_two_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded work: however a forged frame is made, two attempts to open it and no more; none when implausible."""
    tried = []
    opening = seal.UplinkKey.open
    monkeypatch.setattr(
        seal.UplinkKey,
        "open",
        lambda *given: tried.append(1) or opening(*given),
    )
    key = KitKey(address=65, generation=1, key=bytes(range(16)), created=T0)
    windows = {(65, 1): Window(100_000, 1)}
    limited = False
    doors = Authenticator(1, frozenset({65}), [key], windows, is_limited=lambda _: limited, earlier=0)
    for wide in (True, False):
        for counter in (5, 99_990, 100_001, 1_000_000):
            tried.clear()
            with pytest.raises(Refused, match="bad_tag"):
                doors.open(sealed(FORGER, counter, wide=wide))
            assert len(tried) <= 2
    limited = True
    tried.clear()
    for counter in (5, 100_000, 5_000_000):
        with pytest.raises(Refused, match="implausible"):
            doors.open(sealed(FORGER, counter))
    assert not tried


def test_an_older_version_is_no_attack(box: Box) -> None:
    """A kit that was forgotten at an update is told as such and does not count as forged."""
    key = box.key(65)

    class Old(seal.UplinkKey):
        def _nonce(self, address: int, counter: int, version: int = 0) -> bytes:  # noqa: ARG002 - always the old one
            return super()._nonce(address, counter, 0)

    header = frame.Header(frame.UP, "vital", 65, 1, False, True, 7)
    data = Old(key.key).seal(header, message.encode("vital", {}))
    doors = Authenticator(1, frozenset({65}), [key], {}, earlier=0)
    with pytest.raises(Refused, match="version_mismatch"):
        doors.open(data)


def test_the_count_is_of_one_hour_and_bounded() -> None:
    """What lies more than an hour back does not count; a flood of millions needs no memory."""
    tamper = Tamper()
    for n in range(10_000):
        tamper.note(65, "bad_tag", n)
    assert tamper.count(65, "bad_tag", 10_000) == 256
    assert tamper.is_limited(65, 10_000)
    assert not tamper.is_limited(66, 10_000)
    assert tamper.count(65, "bad_tag", 10_000 + HOUR_MS) == 0
    tamper.note(65, "neighbour", 0)
    assert not tamper.is_suspected(65, 10_000 + HOUR_MS)
