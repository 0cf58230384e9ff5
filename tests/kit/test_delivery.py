import random

import pytest

from nspkit.delivery import ACK, BACKFILL, CHANGE, TOP, Delivery, Item
from nsplink import timing

LISTEN_MS = 1200


def queue(seed=1):
    chance = random.Random(seed)
    return Delivery(chance.randrange)


def alarm(cause, now=0):
    return Item(TOP, "alarm", {"alarm": cause}, now, "alarm " + cause)


def test_an_item_is_sent_again_in_growing_windows_until_it_is_acknowledged():
    """An alarm that nobody hears is said for ever, at most every five minutes, each time under a new counter."""
    delivery, item, now, gaps = queue(), alarm("power_lost"), 0, []
    delivery.add(item)
    for counter in range(30):
        assert delivery.due(now) == [item]
        end = now + 200
        assert delivery.sent(item, counter, end + LISTEN_MS)
        assert delivery.due(end + LISTEN_MS - 1) == []
        gap = item.due_ms - end - LISTEN_MS
        assert 0 <= gap < timing.retry_window_ms(counter + 1)
        gaps.append(gap)
        now = item.due_ms
    assert max(gaps) > 60_000
    assert delivery.acked(5) is None  # too long ago: another frame may have had its answer
    assert delivery.acked(29) is item
    assert delivery.items == []


def test_ranks_are_strict():
    """A call for help before an alarm, an alarm before an answer, and backfill last, however long it has waited."""
    delivery = queue()
    late = [
        Item(BACKFILL, "backfill", {}, 0),
        Item(CHANGE, "report", {}, 1),
        Item(ACK, "answer", {}, 2),
        alarm("fuel_low", 3),
        Item(TOP, "help", {}, 4),
    ]
    for item in late:
        delivery.add(item)
    assert [item.kind for item in delivery.due(10)] == ["help", "alarm", "answer", "report", "backfill"]


def test_a_newer_item_of_the_same_cause_takes_the_place():
    """What is said twice is what is true now; the older one is handed back so that flash can forget it."""
    delivery, old, new = queue(), alarm("fuel_low"), alarm("fuel_low", 5)
    assert delivery.add(old) == []
    assert delivery.add(new) == [old]
    assert delivery.items == [new]


def test_room_is_bounded_and_calls_for_help_give_way_to_nothing():
    """Fifteen of the top rank wait at most; an alarm goes before a call for help does, and the loss is counted."""
    delivery = queue()
    calls = [Item(TOP, "help", {"n": n}, n) for n in range(10)]
    for item in calls:
        delivery.add(item)
    for n in range(20):
        delivery.add(alarm(f"cause {n}", 100 + n))
    assert len(delivery.items) == 15
    assert all(call in delivery.items for call in calls)
    assert delivery.dropped == 15
    assert delivery.items[-1].values["alarm"] == "cause 19"


def test_an_alarm_puts_no_call_for_help_out():
    """Where only calls for help wait, an alarm finds no room: every heartbeat tells of it, and of a call none."""
    delivery = queue()
    calls = [Item(TOP, "help", {}, n) for n in range(15)]
    for call in calls:
        delivery.add(call)
    late = alarm("overload")
    assert delivery.add(late) == [late]
    assert delivery.items == calls


def call(n, mark="made", kind="not_known"):
    return Item(TOP, "help", {"n": n, "help_mark": mark, "help_kind": kind}, n)


def test_among_calls_alone_what_was_typed_goes_first_and_a_silent_one_stays():
    """However often HELP is pressed without a gateway: no press puts out the call itself, nor a team that is not safe."""
    delivery = queue()
    delivery.add(call(0, kind="security"))
    for n in range(1, 10):
        delivery.add(call(n))
    for n in range(10, 15):
        delivery.add(call(n, "details"))
    out = [delivery.add(call(n))[0].values["n"] for n in range(15, 22)]
    assert out == [10, 11, 12, 13, 14, 1, 2]
    assert delivery.items[0].values["help_kind"] == "security"


def test_contact_after_a_silence_brings_the_top_rank_back_soon():
    """After hours without a gateway an alarm does not wait out its five minutes; a heartbeat's backfill may."""
    delivery, item, other = queue(), alarm("power_lost"), Item(BACKFILL, "backfill", {}, 0)
    delivery.add(item)
    delivery.add(other)
    for counter in range(20):
        delivery.sent(item, counter, 1_000_000)
        delivery.sent(other, 100 + counter, 1_000_000)
    before = other.due_ms
    delivery.renew(1_000_000)
    assert item.due_ms <= 1_000_000 + 16_000
    assert other.due_ms == before
    delivery.sent(item, 50, 1_020_000)
    assert item.due_ms < 1_020_000 + 16_000


def test_a_fresh_alarm_is_not_put_off_by_contact():
    """An alarm that is about to be tried keeps its short window."""
    delivery, item = queue(), alarm("power_lost")
    delivery.add(item)
    delivery.sent(item, 1, 1000)
    due = item.due_ms
    delivery.renew(1000)
    assert item.due_ms == due


def test_what_waits_for_another_is_freed_with_it():
    """A clear is not sent before its raise has arrived, and not kept back when the raise is gone."""
    delivery, first, then = queue(), alarm("power_lost"), Item(TOP, "clear", {}, 0, "clear power_lost")
    then.after = first
    delivery.add(first)
    delivery.add(then)
    assert delivery.due(0) == [first]
    delivery.sent(first, 7, 100)
    assert delivery.acked(7) is first
    assert delivery.due(0) == [then]


@pytest.mark.parametrize("most", [1, 5])
def test_an_answer_is_given_up(most):
    """The gateway asks again when it misses an answer, so an answer has an end."""
    delivery, item = queue(), Item(ACK, "answer", {}, 0, "", most)
    delivery.add(item)
    results = [delivery.sent(item, counter, 0) for counter in range(most)]
    assert results == [True] * (most - 1) + [False]
