"""What befalls a town in virtual time: alarms, calls for help, a storm, a gateway that is down, kits that lose power."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from nsptools.fleet.town import Post, Town

# A flag of the plant, the alarm that it raises, and the delays after which the kit is sure, s.
CAUSES = (("alarm_fuel_low", 10.0, 60.0), ("alarm_overload", 30.0, 30.0))
# A cause that comes back sooner is told by the heartbeats only.
AGAIN_S = 900.0
HELP_KINDS = ("fire_brigade", "ambulance", "police", "not_known")
WARM_UP_S = 1800.0
STORM_SPREAD_S = 2.0
_MOMENT_S = 0.05


@dataclass(frozen=True)
class Story:
    """How long it lasts, and what happens in it.

    ``alarms``, ``calls``, ``reboots``: how many, at random moments; ``outages``: (hour, hours) without a gateway;
    ``storms``: hours at which every kit raises an alarm within 2 s.
    """

    hours: float = 72.0
    alarms: int = 200
    calls: int = 20
    reboots: int = 0
    outages: tuple[tuple[float, float], ...] = ()
    storms: tuple[float, ...] = ()


class StoryError(Exception):
    """A story that cannot be told in its time; the text says what would fit."""

    exit_code = 2


def check(story: Story, kits: int) -> None:
    """Raise StoryError when what befalls a town of so many kits does not fit into the story's hours.

    Alarms are drawn until each stands clear of the others: only half of what would fit is taken, so that this ends.
    """
    span_s = story.hours * 3600 - 3 * WARM_UP_S
    room = int(kits * len(CAUSES) * max(0.0, span_s) / (2 * AGAIN_S) / 2)
    if story.alarms > room:
        raise StoryError(
            f"{story.alarms} alarms do not fit in {story.hours:g} hours of {kits} kits, which hold {room}. "
            "Take more hours, or fewer alarms."
        )
    for hour in (*story.storms, *(begin for begin, _ in story.outages)):
        if not 0 <= hour < story.hours:
            raise StoryError(f"What begins in hour {hour:g} is not within the {story.hours:g} hours.")


@dataclass
class Told:
    """What was done: raises, calls as (post, event), storms as (second, raises)."""

    raises: int = 0
    calls: list[tuple[Post, list[Any]]] = field(default_factory=list)
    storms: list[float] = field(default_factory=list)


class Teller:
    """Makes the story happen to a town; ``run`` ends with its last hour."""

    def __init__(self, town: Town, story: Story, seed: int) -> None:
        self.told = Told()
        self._town = town
        self._story = story
        self._chance = random.Random(f"{seed} story")

    async def run(self) -> None:
        """Run the whole story."""
        story, end_s = self._story, self._story.hours * 3600
        events: list[Coroutine[Any, Any, None]] = [self._outage(*one) for one in story.outages]
        events += [self._storm(hour * 3600) for hour in story.storms]
        events += self._alarms(end_s)
        for _ in range(story.calls):
            post = self._chance.choice(self._town.posts)
            events.append(self._call(post, self._chance.uniform(WARM_UP_S, end_s - WARM_UP_S)))
        for _ in range(story.reboots):
            post = self._chance.choice(self._town.posts)
            moment = self._chance.uniform(WARM_UP_S, end_s - WARM_UP_S)
            events.append(self._reboot(post, moment, self._chance.uniform(1, 300)))
        async with asyncio.TaskGroup() as group:
            for event in events:
                group.create_task(event)
            group.create_task(asyncio.sleep(end_s))

    def _alarms(self, end_s: float) -> list[Coroutine[Any, Any, None]]:
        """Alarms that have nothing to do with each other, never two of one cause and kit close together."""
        storms = [hour * 3600 for hour in self._story.storms]
        taken = {(post.name, CAUSES[0][0]): list(storms) for post in self._town.posts}
        made: list[Coroutine[Any, Any, None]] = []
        while len(made) < self._story.alarms:
            post, cause = self._chance.choice(self._town.posts), self._chance.choice(CAUSES)
            begin = self._chance.uniform(WARM_UP_S, end_s - 2 * WARM_UP_S)
            times = taken.setdefault((post.name, cause[0]), [])
            if all(abs(begin - other) > 2 * AGAIN_S for other in times):
                times.append(begin)
                made.append(self._alarm(post, cause, begin, self._chance.uniform(300, AGAIN_S)))
        return made

    async def _alarm(
        self, post: Post, cause: tuple[str, float, float], begin_s: float, lasts_s: float
    ) -> None:
        name, on_s, off_s = cause
        await self._until(begin_s)
        await _hold(post, name, 1, on_s)
        self.told.raises += 1
        await asyncio.sleep(lasts_s)
        await _hold(post, name, 0, off_s)

    async def _call(self, post: Post, at_s: float) -> None:
        await self._until(at_s)
        await _on(post)
        kind = self._chance.choice(HELP_KINDS)
        kit = post.kit
        event = kit.uplink.help(kind, "made", b"", kit.clock.ms())
        self.told.calls.append((post, event))

    async def _storm(self, at_s: float) -> None:
        name, on_s, off_s = CAUSES[0]
        await self._until(at_s)
        self.told.storms.append(at_s + on_s)
        moments = [self._chance.uniform(0, STORM_SPREAD_S) for _ in self._town.posts]

        async def one(post: Post, wait_s: float) -> None:
            await asyncio.sleep(wait_s)
            await _hold(post, name, 1, on_s)
            self.told.raises += 1
            await asyncio.sleep(900)
            await _hold(post, name, 0, off_s)

        async with asyncio.TaskGroup() as group:
            for post, wait_s in zip(self._town.posts, moments, strict=True):
                group.create_task(one(post, wait_s))

    async def _outage(self, hour: float, hours: float) -> None:
        await self._until(hour * 3600)
        self._town.gateway.fail()
        await asyncio.sleep(hours * 3600)
        self._town.gateway.restart()

    async def _reboot(self, post: Post, at_s: float, dark_s: float) -> None:
        await self._until(at_s)
        if post.is_on:
            await post.reboot(dark_s)

    async def _until(self, moment_s: float) -> None:
        await asyncio.sleep(max(0.0, moment_s - asyncio.get_running_loop().time()))


async def _hold(post: Post, name: str, value: int, delay_s: float) -> None:
    """Let a flag of the plant change and stay so until the kit is sure of it, however often it boots meanwhile."""
    post.set(**{name: value})
    while True:
        await _on(post)
        boot = len(post.kits)
        post.feed()
        await asyncio.sleep(delay_s + _MOMENT_S)
        if post.is_on and len(post.kits) == boot:
            break
    post.feed()


async def _on(post: Post) -> None:
    while not post.is_on:  # noqa: ASYNC110 - a kit that has no power has no bell
        await asyncio.sleep(1)
