"""Heartbeats that were lost on the air reach the gateway later: exactly those, oldest first, when nothing else waits."""

import itertools

import pytest

from kit_rig import ACKED, bit, play
from nsplink import backfill, message

HEARTBEATS = ("vital", "full")
LOST = bit("power_lost")
NOBODY = lambda _one: False  # noqa: E731 - a word for an ear that answers nothing
ALL = lambda one: one.kind in ACKED  # noqa: E731 - and for one that answers all that can be


def records(one):
    """[(counter, age in s or None)] of a backfill frame, and what each said."""
    base, age = one.values["base_counter"], one.values["base_age_s"]
    return [
        (counter, None if age is None else age - seconds, vital)
        for counter, seconds, vital in backfill.unpack(one.values["records"], base)
    ]


def told(rig, boot=None):
    """Every record that backfill carried, in the order of the air."""
    return [record for one in rig.of("backfill", boot=boot) for record in records(one)]


async def link(rig, lost, newest=None):
    """The hourly frame in answer to a heartbeat that is heard now."""
    one = await rig.heard("vital", 700)
    counters = {beat.counter for beat in lost}
    await rig.tell("link", 0.3, rig.link(counters, newest or one.counter))
    return one


async def lose(rig, count, every=1):
    """Let heartbeats go by of which each ``every``-th is lost; those."""
    begun = len(rig.frames)
    beats = []
    while len(beats) < count * every:
        await rig.after(60)
        beats = [one for one in rig.frames[begun:] if one.kind in HEARTBEATS]
    return beats[::every][:count]


def test_exactly_what_was_lost_is_told_again(tmp_path):
    """Thirty heartbeats of which every second was lost: those come back, as they were, with their true age."""
    lost = []

    async def story(rig):
        await rig.to(400)
        lost.extend(await lose(rig, 12, every=2))
        await link(rig, lost)
        await rig.after(1200)
        again = len(rig.of("backfill"))
        await link(rig, ())
        await rig.after(1200)
        assert len(rig.of("backfill")) == again
        assert rig.kit.uplink.journal.unsettled() <= 5  # since the last link frame

    rig = play(tmp_path, story)
    beats = {one.counter: one for one in rig.of(*HEARTBEATS)}
    found = {}
    for one in rig.of("backfill"):
        for counter, age, vital in records(one):
            assert counter not in found
            found[counter] = vital
            assert abs((one.at - age) - beats[counter].at) <= 11
    # A few that are left over wait for more.
    assert list(found) == [one.counter for one in lost][: len(found)]
    assert len(found) >= 10
    for counter, vital in found.items():
        assert vital == rig_vital(beats[counter])


def rig_vital(one):
    """What a heartbeat said, as a record holds it."""
    return message.encode("vital", one.values)


def test_a_long_outage_comes_in_batches(tmp_path):
    """Forty heartbeats that nobody heard come by ten at most, one batch after the other's ack, oldest first."""
    lost = []

    async def story(rig):
        await rig.to(400)
        await link(rig, ())
        rig.acks = NOBODY
        lost.extend(await lose(rig, 40))
        rig.acks = ALL
        await link(rig, lost)
        await rig.after(300)

    rig = play(tmp_path, story)
    batches = rig.of("backfill")
    assert [len(records(one)) for one in batches] == [10, 10, 10, 10]
    assert [counter for counter, _, _ in told(rig)] == [one.counter for one in lost]
    assert all(later.at - earlier.end > 1.2 for earlier, later in itertools.pairwise(batches))


def test_the_batch_that_was_not_acknowledged_comes_again(tmp_path):
    """Nothing moves on, and nothing is settled, before the gateway has it; alarms go first meanwhile."""

    async def story(rig):
        await rig.to(400)
        lost = await lose(rig, 20)
        rig.acks = lambda one: one.kind in ACKED and one.kind != "backfill"
        await link(rig, lost)
        await rig.heard("backfill", 600, count=2)
        rig.say(alarms=LOST)
        await rig.heard("alarm", 2)
        await rig.heard("backfill", 600)
        rig.acks = ALL
        await rig.after(2400)

    rig = play(tmp_path, story)
    batches = rig.of("backfill")
    first = [counter for counter, _, _ in records(batches[0])]
    assert len(batches) >= 5
    assert [[counter for counter, _, _ in records(one)] == first for one in batches][:3] == [True] * 3
    assert records(batches[-1])[0][0] > first[-1]
    assert len({one.counter for one in batches}) == len(batches)
    ages = [one.values["base_age_s"] for one in batches[:3]]
    assert ages == sorted(set(ages))


def test_what_the_bitmap_shows_as_heard_is_never_told_again(tmp_path):
    """A town with a good link has no backfill at all, for days."""

    async def story(rig):
        await rig.to(400)
        for _ in range(24):
            await rig.after(3000)
            await link(rig, ())

    rig = play(tmp_path, story)
    assert rig.of("backfill") == []


def test_nothing_is_backfilled_before_the_gateway_says_what_it_has(tmp_path):
    """A kit that hears nothing keeps its heartbeats: what was lost is the gateway's to say."""

    async def story(rig):
        await rig.to(400)
        await lose(rig, 30)
        await rig.command("ping")
        await rig.after(1200)
        assert rig.of("backfill") == []
        assert rig.kit.uplink.journal.unsettled() > 30

    play(tmp_path, story)


def test_a_forged_or_replayed_link_frame_settles_nothing(tmp_path):
    """Whoever plays an old bitmap cannot make the kit forget what was lost since."""

    async def story(rig):
        await rig.to(400)
        await lose(rig, 3)
        await link(rig, ())
        old = rig.downs[-1]
        await rig.reboot(5)
        await rig.after(400)
        await lose(rig, 8)
        before = rig.kit.uplink.journal.unsettled()
        await rig.send(old)
        await rig.tell("link", values=rig.link(), epoch=rig.epoch + 64)
        await rig.after(60)
        assert rig.kit.uplink.journal.unsettled() >= before >= 8

    play(tmp_path, story)


def test_records_of_an_earlier_boot_come_without_an_age(tmp_path):
    """Nobody knows how long the kit was dark, so it does not say; a batch never mixes two boots."""

    async def story(rig):
        await rig.to(400)
        rig.acks = NOBODY
        await lose(rig, 16)
        await rig.reboot(10_000)
        await rig.after(100)
        lost = await lose(rig, 16)
        rig.acks = ALL
        await link(rig, lost)
        await rig.after(1200)

    rig = play(tmp_path, story)
    first = {one.counter for one in rig.of(*HEARTBEATS, boot=1)}
    seen = {True: set(), False: set()}
    for one in rig.of("backfill", boot=2):
        old = one.values["base_age_s"] is None
        counters = {counter for counter, _, _ in records(one)}
        assert counters <= first if old else not counters & first
        seen[old] |= counters
    assert len(seen[True]) >= 14  # a power cut costs the last few
    assert len(seen[False]) >= 10


def test_a_few_of_an_earlier_boot_do_not_hold_up_the_rest(tmp_path):
    """Two records from before a reboot and a long outage after it: the outage does not wait for six hours."""

    async def story(rig):
        await rig.to(400)
        await link(rig, ())
        rig.acks = NOBODY
        await lose(rig, 9)
        for record in rig.kit.uplink.journal.take(6, 1 << 32):
            rig.kit.uplink.journal.settle(record[0])
        await rig.reboot(10)
        await rig.after(100)
        lost = await lose(rig, 30)
        rig.acks = ALL
        await link(rig, lost)
        await rig.after(1200)

    rig = play(tmp_path, story)
    assert len(told(rig)) >= 30


def test_a_few_lost_heartbeats_arrive_within_the_day(tmp_path):
    """Three that nobody heard wait for more to come, but not for ever."""
    lost = []

    async def story(rig):
        await rig.to(400)
        lost.extend(await lose(rig, 3))
        for _ in range(10):
            await link(rig, lost if not rig.of("backfill") else ())
            await rig.after(3000)

    rig = play(tmp_path, story)
    assert [counter for counter, _, _ in told(rig)][:3] == [one.counter for one in lost]


@pytest.mark.parametrize("count", [1, 23])
def test_the_desk_may_ask_for_what_it_misses(tmp_path, count):
    """A gateway with an empty disk names a counter, and all below it that nobody confirmed comes."""

    async def story(rig):
        await rig.to(400)
        await link(rig, ())
        lost = await lose(rig, count)
        await rig.command("backfill", (lost[-1].counter + 1).to_bytes(4, "big"))
        await rig.after(280)
        assert [counter for counter, _, _ in told(rig)] == [one.counter for one in lost]

    play(tmp_path, story)
