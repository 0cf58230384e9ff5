"""What is told again when the gateway starts: whoever tells it may have died before it did, or was not there yet. Pure.

What nobody has seen is told to every notifier. Of an open call for help each notifier is also told what it was not told
before, in order: one that was away when the gateway was killed, or that was added later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from nspgateway import calls, help_notice, sounding
from nspgateway.alarms import Decision
from nspgateway.calls import Call, Step
from nspgateway.notify import Notice
from nspgateway.situation import Situation

MEMORY = "calls_told"
# Keys of notices by the name of the notifier that has made them heard.
Told = Mapping[str, frozenset[str]]


def unseen(situation: Situation, now: datetime) -> list[Notice]:
    """Return the notices of all that nobody has seen."""
    found: list[Notice] = []
    for slug, kept in situation.alarms.items():
        again = [
            Decision("remind", alarm, alarm.reason)
            for alarm in sounding.unseen(kept.values(), sounding.PRIORITIES)
        ]
        found += situation.decide(slug, again, now).notices if again else ()
    for call in calls.in_order(situation.calls.values()):
        news = call.last(*calls.NEWS)
        if call.is_unseen and news is not None:
            found += _notices(situation, call, [news], now)
    return found


def of_open_calls(situation: Situation, now: datetime) -> list[Notice]:
    """Return the notice of each thing that was said in each call that is open, in order."""
    return [
        notice
        for call in calls.in_order(situation.calls.values())
        for notice in _notices(situation, call, [s for s in call.steps if s.what in calls.NEWS], now)
    ]


def missed(told: Told, name: str, news: Iterable[Notice]) -> list[Notice]:
    """Return what a notifier was never told. One that nothing is known of was told nothing."""
    known = told.get(name, frozenset())
    return [notice for notice in news if notice.key not in known]


def after(told: Told, name: str, notice: Notice, news: Iterable[Notice]) -> Told:
    """Return who was told what once this notice was heard; what is of no open call any more is forgotten."""
    still = {one.key for one in news}
    kept = {one: keys & still for one, keys in told.items()}
    return {**kept, name: kept.get(name, frozenset()) | ({notice.key} & still)}


def to_json(told: Told) -> str:
    """Return who was told what as JSON."""
    return msgspec.json.encode({name: sorted(keys) for name, keys in told.items()}).decode()


def restored(remembered: object) -> Told:
    """Return who was told what before a restart. ``remembered``: as the memory has it, None = nothing."""
    return msgspec.convert(remembered or {}, dict[str, frozenset[str]])


def _notices(situation: Situation, call: Call, news: Iterable[Step], now: datetime) -> list[Notice]:
    place = situation.places_of_calls.get(call.point)
    return [] if place is None else [help_notice.of_news(place, call, step, now) for step in news]
