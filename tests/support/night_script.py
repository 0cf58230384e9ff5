"""The first night of an outage from 17:40 to 02:00: what its file has happen, and what is looked at in between."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

from first_night import Night, moment
from night_looks import newest, walk
from night_sites import STORY
from night_stage import Play

Look = Callable[[Night], Awaitable[None] | object]
(MESSAGE,) = (str(one.arguments["text"]) for one in STORY.events if one.word.name == "officer.message_send")
PAIN, GAS = (
    {name: str(text) for name, text in one.arguments.items() if name != "kind"}
    for one in STORY.events
    if one.word.name == "person.type_help"
)


def shot(name: str) -> Look:
    """Keep what the overview shows."""
    return lambda night: night.shot(name)


def display(name: str) -> Look:
    """Keep what the kit of the point shows that the name begins with."""

    async def look(night: Night) -> None:
        night.displays[name] = await night.places[name[0]].hands().reads()

    return look


def displays(name: str) -> Look:
    """Keep what all kits show."""
    return lambda night: night.read_displays(name)


def page(name: str, path: Callable[[Night], str] | str) -> Look:
    """Keep the words of a page."""

    async def look(night: Night) -> None:
        night.pages[name] = await night.page(path if isinstance(path, str) else path(night))

    return look


def sounds(name: str) -> Look:
    """Keep what sounds."""
    return lambda night: night.sounds.update({name: night.sounding()})


def refuel(name: str) -> Look:
    """Keep the list of whom to drive to."""
    return lambda night: night.refuel.update({name: night.box.ingest.refuel_list().lines})


def walked(name: str) -> Look:
    """Open every page."""

    async def look(night: Night) -> None:
        night.walks[name] = await walk(night)

    return look


def wall(night: Night) -> None:
    """Keep which message hangs where."""
    night.wall["19:56"] = night.walls()


async def message(night: Night) -> None:
    """Wait until the message to residents has come everywhere, some minutes at most."""
    end = night.moment("19:44")
    while any(night.hangs(slug) is None for slug in night.places) and night.clock.now() < end:
        await asyncio.sleep(1)
        for slug in night.places:
            if night.hangs(slug) is not None:
                night.came.setdefault(slug, night.clock.now())
    night.shown = {slug: night.hangs(slug) for slug in night.places}


def refuelled(night: Night) -> None:
    """Keep how often and how much B was refuelled."""
    situation = night.box.ingest.situation
    night.refuels = [one.litres for one in situation.facts(situation.states["b"], night.clock.now()).refuels]


# At the same time as an event, after it.
LOOKS: tuple[tuple[str, tuple[Look, ...]], ...] = (
    ("18:00:25", (shot("cp_power"),)),
    ("18:00:52", (shot("estop"),)),
    ("18:02:15", (shot("18:02"),)),
    ("18:06", (shot("18:06"),)),
    ("18:11", (displays("18:11"),)),
    ("18:25", (shot("18:25"), page("18:25", "/"))),
    ("18:31", (displays("18:31"), shot("18:31"))),
    ("18:55", (shot("18:55"),)),
    ("19:00", (shot("19:00"),)),
    ("19:05:30", (shot("19:05:30"),)),
    ("19:06", (shot("19:06"), page("c by hand", "/point/c"))),
    ("19:30", (shot("open"),)),
    ("19:40", (message,)),
    ("19:56", (wall,)),
    ("20:14:15", (shot("20:14:15"), sounds("20:14:15"))),
    ("20:15:09", (sounds("20:15:10"),)),
    ("20:15:25", (display("a 20:15"),)),
    ("20:16:15", (shot("20:16:15"), page("withdrawn", "/"))),
    ("20:18:49", (shot("20:18:50"),)),
    ("20:19", (shot("20:19"),)),
    ("20:29", (shot("20:29"),)),
    ("20:40", (shot("20:40"),)),
    ("21:15", (refuel("21:15"),)),
    ("22:09", (shot("22:09"),)),
    ("22:37", (shot("22:37"),)),
    ("22:38:15", (sounds("22:38:15"), page("22:38", "/"), display("c stored"))),
    ("22:38:40", (page("call", lambda night: f"/call/{newest(night, 'c')}"),)),
    ("22:38:55", (display("c read"),)),
    ("22:39:45", (display("c passed on"),)),
    ("22:41:15", (display("c answered"),)),
    ("22:42", (shot("22:42"),)),
    ("23:20:30", (shot("23:20"),)),
    ("23:29:59", (shot("23:30"), walked("23:30"))),
    ("23:30:45", (shot("23:30:45"),)),
    ("23:35", (shot("23:35"),)),
    ("00:04", (page("handover", "/handover"),)),
    ("00:20", (shot("00:20"), refuel("00:20"))),
    ("00:30", (shot("00:30"), page("00:30", "/"))),
    ("00:50", (shot("00:50"), refuelled)),
    ("00:55", (shot("00:55"),)),
    ("02:10", (shot("end"), walked("end"))),
)


def steps() -> Iterator[tuple[datetime, Look]]:
    """Return what happens and what is looked at, in order of time."""
    events = heapq.merge(STORY.later, STORY.events, key=lambda one: one.at)
    happens = ((one.at, Play(one)) for one in events)
    looks = ((moment(at), look) for at, several in LOOKS for look in several)
    return heapq.merge(happens, looks, key=lambda step: step[0])
