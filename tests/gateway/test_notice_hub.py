"""Notices reach every notifier: one that hangs, fails or was away delays no other, and calls for help go first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import virtual
from nspgateway.clock import Clock
from nspgateway.errors import GatewayError
from nspgateway.notice_hub import LONGEST_AGAIN_S, MOST_WAITING, TOO_LONG_BEFORE_HELP_S, TOO_LONG_S, NoticeHub
from nspgateway.notify import Notice

T0 = datetime(2027, 1, 15, 17, 0, tzinfo=UTC)
DAY_S = 86_400.0


class LoopClock(Clock):
    """The virtual loop's time as a clock."""

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class Ear:
    """A person's side of a notifier: what was heard. It hangs or fails while told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[Notice] = []
        self.fault: Exception | None = None
        self.hangs = False
        self.slow_s = 0.0
        self.is_deaf_to_stops = False

    async def notify(self, notice: Notice) -> None:
        while self.hangs:
            try:
                await asyncio.sleep(DAY_S)
            except asyncio.CancelledError:
                if not self.is_deaf_to_stops:
                    raise
        await asyncio.sleep(self.slow_s)
        if self.fault is not None:
            raise self.fault
        self.heard.append(notice)

    def told(self) -> list[str]:
        return [notice.key for notice in self.heard]


def notice(key: str, **changes: object) -> Notice:
    """An alarm's notice; ``key`` is also its id."""
    words = {"nl": "x", "en": "x"}
    one = Notice(key, "alarm", "raise", T0, "de-linde", "De Linde", key, "high", words, words, words)
    return replace(one, **changes)


def call(key: str) -> Notice:
    """The notice of a call for help."""
    return notice(key, kind="help", priority="critical")


def play(story: Callable[[NoticeHub, Ear, Ear], Awaitable[None]]) -> None:
    """Run a story with a hub of two notifiers, in virtual time."""

    async def go() -> None:
        one, two = Ear("one"), Ear("two")
        hub = NoticeHub([one, two], LoopClock())
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        await story(hub, one, two)
        one.is_deaf_to_stops = two.is_deaf_to_stops = one.hangs = two.hangs = False
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()

    virtual.run(go())


def test_one_that_hangs_or_fails_delays_no_other_and_is_seen() -> None:
    """Alerts that silently never arrive are the worst fault there is: one dead notifier costs nothing but itself."""

    async def story(hub: NoticeHub, one: Ear, two: Ear) -> None:
        one.hangs = True
        hub.tell([notice("a"), notice("b")])
        await asyncio.sleep(0.1)
        assert two.told() == ["a", "b"]
        await asyncio.sleep(TOO_LONG_S)
        sick, well = hub.states()
        assert sick.failing_since is not None
        assert (sick.reason, sick.waiting, well.failing_since) == ("it does not answer", 2, None)
        one.hangs, one.fault = False, GatewayError("no network")
        await asyncio.sleep(10)
        assert hub.states()[0].reason == "no network"
        assert hub.states()[0].failing_since == sick.failing_since
        one.fault = None
        await asyncio.sleep(LONGEST_AGAIN_S)
        assert one.told() == ["a", "b"]
        assert hub.states()[0].failing_since is None
        assert hub.states()[0].last_success is not None

    play(story)


def test_one_that_cannot_be_stopped_is_seen_too() -> None:
    """A notifier that swallows its own cancellation never comes back to say that it fails."""

    async def story(hub: NoticeHub, one: Ear, two: Ear) -> None:
        one.hangs = one.is_deaf_to_stops = True
        hub.tell([notice("a")])
        await asyncio.sleep(TOO_LONG_S + 1)
        assert hub.states()[0].reason == "it does not answer"
        assert two.told() == ["a"]

    play(story)


def test_a_fault_in_a_notifier_ends_nothing() -> None:
    """A mistake in one notifier's program is told and tried again; the gateway goes on."""

    async def story(hub: NoticeHub, one: Ear, _two: Ear) -> None:
        one.fault = KeyError("personal words")
        hub.tell([notice("a")])
        await asyncio.sleep(1)
        assert hub.states()[0].reason == "fault in the program: KeyError"
        one.fault = None
        await asyncio.sleep(5)
        assert one.told() == ["a"]

    play(story)


def test_calls_for_help_pass_everything() -> None:
    """A call does not wait behind alarms, nor behind the pauses or the hanging of those before it."""

    async def story(hub: NoticeHub, one: Ear, two: Ear) -> None:
        hub.tell([notice("a", priority="critical"), call("help")])
        await asyncio.sleep(0.1)
        assert two.told() == ["help", "a"]
        one.fault = GatewayError("no network")
        hub.tell([notice("b")])
        await asyncio.sleep(200)
        one.fault = None
        hub.tell([call("help again")])
        await asyncio.sleep(0.1)
        assert one.told()[-2:] == ["help again", "b"]
        one.hangs = True
        hub.tell([notice("c")])
        await asyncio.sleep(1)
        hub.tell([call("third")])
        await asyncio.sleep(0.1)
        one.hangs = False
        await asyncio.sleep(TOO_LONG_BEFORE_HELP_S + 2)
        assert one.told()[-2:] == ["third", "c"]

    play(story)


def test_calls_are_never_merged_dropped_or_told_twice() -> None:
    """Each call is heard by itself, however many wait; one that a kit repeats on a full disk is heard once."""

    async def story(hub: NoticeHub, one: Ear, _two: Ear) -> None:
        one.hangs = True
        calls = [f"call {number}" for number in range(2 * MOST_WAITING)]
        hub.tell([call(key) for key in calls])
        hub.tell([call(calls[0])])
        await asyncio.sleep(TOO_LONG_S)
        one.hangs = False
        await asyncio.sleep(LONGEST_AGAIN_S)
        assert one.told() == calls
        assert hub.states()[0].dropped == 0

    play(story)


def test_who_was_away_hears_the_newest_of_each_alarm() -> None:
    """An hour of changes is no use to whoever comes back; memory is bounded, and what was never heard stays news."""

    async def story(hub: NoticeHub, one: Ear, _two: Ear) -> None:
        one.hangs = True
        hub.tell([notice("first")])
        await asyncio.sleep(1)
        hub.tell([notice("a/raise", id="a"), notice("a/update", id="a", action="update")])
        hub.tell([notice(f"n{number}", priority="low") for number in range(2 * MOST_WAITING)])
        await asyncio.sleep(0.1)
        assert hub.states()[0].waiting == MOST_WAITING
        assert hub.states()[0].dropped == MOST_WAITING + 2
        one.hangs = False
        await asyncio.sleep(TOO_LONG_S + 5)
        assert one.told()[:2] == ["first", "a/update"]
        assert one.heard[1].action == "raise"

    play(story)


def test_news_that_comes_while_the_old_is_told_is_told_too() -> None:
    """The end of an alarm is not lost because its beginning was just on its way."""

    async def story(hub: NoticeHub, one: Ear, _two: Ear) -> None:
        one.slow_s = 1.0
        hub.tell([notice("a/raise", id="a")])
        await asyncio.sleep(0.5)
        hub.tell([notice("a/clear", id="a", action="clear")])
        await asyncio.sleep(5)
        assert one.told() == ["a/raise", "a/clear"]

    play(story)


def test_what_was_heard_is_confirmed() -> None:
    """The test of the alarm path believes in a notifier only when it has said so."""

    async def story(hub: NoticeHub, one: Ear, _two: Ear) -> None:
        confirmed: list[tuple[str, str]] = []
        hub.on_delivered = lambda name, one: confirmed.append((name, one.key))
        one.hangs = True
        hub.tell([notice("test/1", kind="test")])
        await asyncio.sleep(1)
        assert confirmed == [("two", "test/1")]

    play(story)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("alarm"), st.sampled_from("abc"), st.sampled_from(["raise", "update", "clear"])),
        st.tuples(st.just("help"), st.integers(0, 5)),
        st.tuples(st.just("fault"), st.sampled_from([None, GatewayError("no network"), ValueError("oh")])),
        st.tuples(st.just("hang"), st.booleans()),
        st.tuples(st.just("slow"), st.sampled_from([0.0, 1.5])),
        st.tuples(st.just("wait"), st.sampled_from([0.01, 1.0, 5.0, 30.0, 200.0])),
    ),
    max_size=30,
)


@given(MOVES)
def test_whatever_befalls_one_notifier(moves: list[tuple[Any, ...]]) -> None:
    """Every call is heard exactly once, of each alarm the newest word comes last, and the other notifier never waits."""

    async def story(hub: NoticeHub, one: Ear, two: Ear) -> None:
        newest: dict[str, str] = {}
        calls: list[str] = []
        for number, (what, *rest) in enumerate(moves):
            if what == "alarm":
                newest[rest[0]] = key = f"{rest[0]}/{number}"
                hub.tell([notice(key, id=rest[0], action=rest[1])])
            elif what == "help":
                calls = [*calls, *([f"call {rest[0]}"] if f"call {rest[0]}" not in calls else [])]
                hub.tell([call(f"call {rest[0]}")])
            elif what == "fault":
                one.fault = rest[0]
            elif what == "hang":
                one.hangs = rest[0]
            elif what == "slow":
                one.slow_s = rest[0]
            else:
                await asyncio.sleep(rest[0])
            await asyncio.sleep(0.01)
            assert hub.states()[1].waiting == 0
        one.fault, one.hangs, one.slow_s = None, False, 0.0
        await asyncio.sleep(TOO_LONG_S + 2 * LONGEST_AGAIN_S)
        for ear in (one, two):
            assert [key for key in ear.told() if key.startswith("call")] == calls
            for name, key in newest.items():
                assert [heard for heard in ear.told() if heard.startswith(f"{name}/")][-1] == key
        assert [state.waiting for state in hub.states()] == [0, 0]

    play(story)
