"""Which calls for help have waited too long for a person, what was said of it, and what is to be said now. Pure.

What was said is kept apart from what is true, and survives a restart: then it is said again only when it is time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from nspgateway import calls
from nspgateway.calls import Call, Late
from nspgateway.rules import CallRule

MEMORY = "calls_late"


class Waiting(Struct, frozen=True):
    """A call that waits too long: for what, when that was first said, and when last."""

    what: Late
    begun_at: datetime
    said_at: datetime
    is_second: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the calls found. ``waiting`` by call id; ``began``, ``ended``, ``again``: ids, to be said now."""

    waiting: Mapping[str, Waiting]
    began: tuple[str, ...] = ()
    ended: tuple[tuple[str, Waiting], ...] = ()
    again: tuple[str, ...] = ()

    @property
    def is_news(self) -> bool:
        """True when there is something to write and to say."""
        return bool(self.began or self.ended or self.again)


def look(
    known: Mapping[str, Call], before: Mapping[str, Waiting], rules: Mapping[Late, CallRule], now: datetime
) -> Look:
    """Return which calls wait too long at ``now``; ``before``: what was said so far.

    A time that cannot be told, since the clock was set back, is too long: nobody waits for a clock.
    """
    waiting: dict[str, Waiting] = {}
    began, again, ended = [], [], []
    for name, call in known.items():
        said, due = before.get(name), calls.late(call)
        if said is not None and (due is None or due[0] != said.what):
            ended.append((name, said))
            said = None
        if due is None:
            continue
        what, since = due
        rule, waited_s = rules[what], calls.waited_s(since, now)
        if waited_s is not None and waited_s < rule.after_s and said is None:
            continue
        is_second = waited_s is None or waited_s >= rule.second_s
        if said is None:
            began.append(name)
            waiting[name] = Waiting(what, now, now, is_second)
            continue
        told_s = calls.waited_s(said.said_at, now)
        if told_s is None or told_s >= rule.again_s or (is_second and not said.is_second):
            again.append(name)
            said = structs.replace(said, said_at=now, is_second=is_second or said.is_second)
        waiting[name] = said
    return Look(waiting, tuple(began), tuple(ended), tuple(again))


def to_json(waiting: Mapping[str, Waiting]) -> str:
    """Return what was said as JSON."""
    return msgspec.json.encode(waiting).decode()


def restored(remembered: object) -> dict[str, Waiting]:
    """Return what was said before a restart. ``remembered``: as the memory has it, None = nothing."""
    return msgspec.convert(remembered or {}, dict[str, Waiting])
