"""The tables of calls for help: a row for each call, a row for each step of it, and what was said of 112. Append only."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from nspgateway.calls import Call, CallNews, Step
from nspgateway.database import Database, as_text
from nspgateway.people import Action, By, CallAct, Status112

_PUT_CALL = "INSERT OR IGNORE INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_STEP = """
    INSERT INTO call_step (call, what, at, happened_at, action, counter, word, name, text, tail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_CALLS = """
    SELECT id, point, origin, kind, exercise, during_exercise, made_at, stored_at, kit, generation, event_boot, event_n
    FROM call ORDER BY stored_at, id"""
_STEPS = """
    SELECT s.call, s.what, s.at, s.happened_at, s.counter, s.word, s.name, s.text, s.tail, a.who, a.role, a.origin
    FROM call_step s LEFT JOIN action a ON a.id = s.action ORDER BY s.id"""
_HAS_NEWS = """
    SELECT 1 FROM call_step WHERE call = ? AND what = ? AND tail = ? AND action IS NULL"""
_PLACES = """
    SELECT slug, name, number, municipality, region FROM point WHERE slug IN (SELECT point FROM call)"""
_STATUS_112 = """
    SELECT a.id, a.at, a.who, a.role, a.origin, s.word FROM status112 s JOIN action a ON a.id = s.action
    ORDER BY s.action DESC LIMIT ?"""


class CallStore(Database):
    """Calls for help, as they were written down."""

    def calls(self) -> dict[str, Call]:
        """Return every call there ever was by its id, oldest first, with all its steps."""
        steps: dict[str, list[Step]] = {}
        for call, *row in self._rows(_STEPS):
            steps.setdefault(call, []).append(_step(row))
        return {row[0]: _call(row, tuple(steps.get(row[0], ()))) for row in self._rows(_CALLS)}

    def places(self) -> list[tuple[str, str, int, str, str]]:
        """Return slug, name, number, municipality and region of every point that ever had a call."""
        return list(self._rows(_PLACES))

    def has_news(self, call: str, news: Step) -> bool:
        """Tell whether this word of a kit is written down."""
        return bool(self._rows(_HAS_NEWS, call, news.what, news.tail))

    def said_of_112(self, limit: int = 1) -> list[Action]:
        """Return who last said what of 112, and when; newest first."""
        return [
            Action(
                datetime.fromisoformat(at),
                By(who, role, origin),
                "status112",
                entry=Status112(word),
                id=number,
            )
            for number, at, who, role, origin, word in self._rows(_STATUS_112, limit)
        ]


def write_news(db: sqlite3.Connection, news: tuple[CallNews, ...]) -> None:
    """Write calls that are not there yet, and what their kits said of them."""
    for one in news:
        c = one.call
        at = (as_text(c.made_at), as_text(c.stored_at))
        name = (c.id, c.point, c.origin, c.kit, c.generation, c.boot, c.n)
        db.execute(_PUT_CALL, (*name, c.first_kind, c.exercise, c.during_exercise, *at))
        if (s := one.step) is not None:
            moments = (as_text(s.at), _maybe(s.happened_at))
            db.execute(_PUT_STEP, (c.id, s.what, *moments, None, s.counter, s.word, s.name, s.text, s.tail))


def write_act(db: sqlite3.Connection, action: int, at: datetime, act: CallAct) -> None:
    """Write what a person did about a call, as part of the line of the audit trail with this id."""
    moments = (as_text(at), _maybe(act.happened_at))
    db.execute(_PUT_STEP, (act.call, act.what, *moments, action, None, act.word, act.name, act.text, b""))


def _call(row: tuple[Any, ...], steps: tuple[Step, ...]) -> Call:
    name, point, origin, kind, exercise, during, made_at, stored_at, kit, generation, boot, n = row
    return Call(
        name,
        point,
        origin,
        kind,
        bool(exercise),
        bool(during),
        datetime.fromisoformat(made_at),
        datetime.fromisoformat(stored_at),
        kit,
        generation,
        boot,
        n,
        steps,
    )


def _step(row: list[Any]) -> Step:
    what, at, happened_at, counter, word, name, text, tail, who, role, origin = row
    by = None if who is None else By(who, role, origin)
    then = None if happened_at is None else datetime.fromisoformat(happened_at)
    return Step(what, datetime.fromisoformat(at), by, then, counter, word, name, text, tail)


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else as_text(at)
