"""How each word of the first night's file is played there: on its buildings, its kits, its air and its gateway.

What people do at the desk is played as in a demo.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from first_night import Night
from nsplink import calltext
from nsptools.scenario.events import Event, Later

# A controller's time from the loss of the grid to its set on load.
START_S = 15.0
# How long somebody reads the question whether a call is real, before answering it.
READS_S = 1.0
Deed = Callable[[Night, str, Mapping[str, Any]], Awaitable[None] | None]


def _grid_off(night: Night, _slug: str, _given: Mapping[str, Any]) -> None:
    for slug, place in night.places.items():
        plant = place.plant
        if plant.source == "grid":
            night.set(slug, source="battery" if plant.battery_wh else "none")
            if plant.starts and not plant.battery_wh:
                asyncio.get_running_loop().call_later(START_S, _run, night, slug)


def _run(night: Night, slug: str, _given: Mapping[str, Any] | None = None) -> None:
    night.set(slug, source="generator")


def _fail_start(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
    night.places[slug].plant.starts = False


def _estop(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
    night.set(slug, alarm_emergency_stop=1, alarm_fail_to_start=int(not night.places[slug].plant.starts))


def _estop_release(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
    night.places[slug].plant.starts = True
    night.set(slug, source="generator", alarm_emergency_stop=0, alarm_fail_to_start=0)


def _load(night: Night, slug: str, given: Mapping[str, Any]) -> None:
    night.set(slug, load_w=round(given["kw"] * 1000))


def _refuelled(night: Night, slug: str, given: Mapping[str, Any]) -> None:
    night.places[slug].plant.litres += given["litres"]
    _run(night, slug)


def _plug(*, is_in: bool) -> Deed:
    def deed(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
        place = night.places[slug]
        place.plant.is_plugged = is_in
        if is_in:
            place.feed()

    return deed


async def _hang_up(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
    assert await night.hang_up(slug)


async def _press_help(night: Night, slug: str, given: Mapping[str, Any]) -> None:
    hands = night.places[slug].hands()
    await hands.call()
    night.displays[f"{slug} asks"] = await hands.reads(READS_S)
    await (hands.tap_help() if given["real"] else hands.tap_silence())
    night.pressed.setdefault(slug, night.clock.now())


async def _withdraw(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
    await night.places[slug].hands().withdraw()


def _type_help(night: Night, slug: str, given: Mapping[str, Any]) -> None:
    """Somebody types details of the newest call on the page of the kit."""
    kit = night.places[slug].kit
    call = kit.calls.all()[0]
    typed = {name: text for name, text in given.items() if name != "kind"}
    tails = calltext.split(calltext.packed(typed), call.edition)
    assert kit.calls.detail(call, given["kind"], typed, tails, kit.clock.ms())


async def _reboot(night: Night, slug: str, _given: Mapping[str, Any]) -> None:
    await night.places[slug].stop()
    await asyncio.sleep(20)
    night.places[slug].start()


async def _kill(night: Night, _slug: str, given: Mapping[str, Any]) -> None:
    await night.kill()
    await asyncio.sleep(given["seconds"])
    night.revive()


DEEDS: Mapping[str, Deed] = MappingProxyType(
    {
        "grid_off": _grid_off,
        "genset.fail_start": _fail_start,
        "genset.estop": _estop,
        "genset.estop_release": _estop_release,
        "genset.start": _run,
        "load.set": _load,
        "bus.unplug": _plug(is_in=False),
        "bus.plug": _plug(is_in=True),
        "person.refuel_start": lambda night, slug, _given: night.set(slug, source="none"),
        "person.refuel_end": _refuelled,
        "person.press_help": _press_help,
        "person.withdraw": _withdraw,
        "person.type_help": _type_help,
        "person.message_displayed": _hang_up,
        "kit.reboot": _reboot,
        "radio.lose_fragment": lambda night, slug, _given: night.lose_next_fragment(slug),
        "radio.jam": lambda night, _slug, given: night.jam(on=given["on"]),
        "gateway.kill": _kill,
    }
)
# What somebody says at the kit itself here, where a demo has it told by voice.
AT_THE_KIT = frozenset({"person.message_displayed"})


@dataclass(frozen=True)
class Play:
    """One event of the file, whether a demo plays it or not."""

    event: Event | Later

    async def __call__(self, night: Night) -> None:
        """Let it happen. Raises LookupError where nothing plays it, and Refused where the desk does not take it."""
        event = self.event
        name = event.word.name if isinstance(event, Event) else event.word
        given = event.arguments if isinstance(event, Event) else event.more
        act = event.word.act if isinstance(event, Event) and name not in AT_THE_KIT else None
        slug = "" if event.point is None else event.point.lower()
        deed = DEEDS.get(name)
        if deed is None and act is None:
            raise LookupError(f"{event.place}: nothing plays {name} in this night")
        if deed is not None:
            done = deed(night, slug, given)
            if done is not None:
                await done
        if act is not None:
            act(night.office, slug or night.office.place, given)
