"""A scenario's events of one point, played on one simulated device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.site import Site
from nsptools.bench.town import GATEWAY_MODEM, Town
from nsptools.scenario.clock import StoryClock
from nsptools.scenario.player import Player
from nsptools.scenario.reader import Point, Scenario
from nsptools.scenario.word import Word

# What concerns the plant; kits, people, the air and the gateway are not here.
_VERBS = ("refuel", "not_auto", "fail_start")
_ELSEWHERE = ("hand.", "gateway.")


class _OneSite(Town):
    """A town of one site, without kit, modem or air."""

    def __init__(self, site: Site, slug: str) -> None:
        air = Air()
        super().__init__((), Path(), Rui3Modem(air, GATEWAY_MODEM), air)
        self._site = site
        self._prefix = f"{slug}."

    def set(self, name: str, value: str) -> None:
        """As in Town."""
        self._site.set(name.removeprefix(self._prefix), value)

    def get(self, name: str) -> str:
        """As in Town."""
        return self._site.get(name.removeprefix(self._prefix))


def point_of(story: Scenario, point: str | None) -> Point:
    """The point of that id, or the first; ValueError naming the points there are."""
    if point is None:
        return story.points[0]
    for found in story.points:
        if found.id == point:
            return found
    raise ValueError(f"no point {point!r}; there are {', '.join(one.id for one in story.points)}")


async def play(story: Scenario, point: Point, site: Site, say: Callable[[str], None]) -> None:
    """Play the point's events from now on, at the site's speed, until cancelled. `say` gets a line for each."""
    events = tuple(
        event for event in story.events if event.point in (None, point.id) and _is_at_the_site(event.word)
    )
    own = replace(story, points=(point,), events=events)
    clock = StoryClock(site.speed, story.start)
    clock.begin()
    await Player(own, _OneSite(site, point.slug), clock, say).run()


def _is_at_the_site(word: Word) -> bool:
    return word.verb in _VERBS or any(not turn.door.startswith(_ELSEWHERE) for turn in word.turns)
