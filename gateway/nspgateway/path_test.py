"""What a test of the alarm path has to come past, when it is due, and what is remembered of it. Pure.

kit -> alarm -> rules -> every notifier. A kit's alarm may come before its answer to the
question: then the question arrived too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import structs

from nspgateway.phrases import ZONE
from nspgateway.view import PathTest, is_ahead

MEMORY = "path_test"
# A day, and the time that a late start may take: after it nobody can say that the path is tested daily.
OVERDUE = timedelta(hours=25)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The newest test. ``step`` and ``failed_at``: of the newest that failed since one arrived; "" = none did.

    ``steps``: seconds from ``at`` to each step that was reached. ``asked``: when each point was last
    chosen, by slug, so that all get their turn.
    """

    state: Literal["running", "ok", "missed"]
    at: datetime
    point: str = ""
    step: str = ""
    failed_at: datetime | None = None
    steps: Mapping[str, float] = {}
    ok_at: datetime | None = None
    asked: Mapping[str, datetime] = {}

    def begun(self, point: str, at: datetime) -> Record:
        """Return the record as a test of this point begins; what failed before still counts."""
        asked = {**self.asked, point: at}
        return structs.replace(self, state="running", at=at, point=point, steps={}, asked=asked)

    def unasked(self, at: datetime) -> Record:
        """Return the record of a test that is due while no point can be asked."""
        return structs.replace(self, at=at, point="", steps={}).missed("no_point")

    def reached(self, step: str, seconds: float) -> Record:
        """Return the record with one more step behind it; the first time counts."""
        if step in self.steps:
            return self
        return structs.replace(self, steps={**self.steps, step: round(seconds, 1)})

    def arrived(self, now: datetime) -> Record:
        """Return the record of a test that every notifier has made heard."""
        return structs.replace(self, state="ok", step="", failed_at=None, ok_at=now)

    def missed(self, step: str) -> Record:
        """Return the record of a test that did not reach ``step``."""
        return structs.replace(self, state="missed", step=step, failed_at=self.at)

    def view(self) -> PathTest:
        """Return what a screen may show of it."""
        step = self.step if self.state == "missed" else ""
        return PathTest(self.state, self.at, self.point, step, dict(self.steps), self.ok_at)


def to_json(record: Record) -> str:
    """Return the record as JSON, for the gateway's memory."""
    return msgspec.json.encode(record).decode()


def restored(remembered: object) -> Record | None:
    """Return what was remembered; a test that was under way when the gateway stopped is missed. None = nothing."""
    if remembered is None:
        return None
    record = msgspec.convert(remembered, Record)
    return record.missed("restart") if record.state == "running" else record


def missing(record: Record, name: str, notifiers: Sequence[str]) -> str:
    """Return the first step that is not reached, as the alarm says it; "" = all are. ``name``: of the point."""
    reached = record.steps
    if "alarm" not in reached:
        return f"alarm:{name}" if "kit" in reached else f"kit:{name}"
    if "rules" not in reached:
        return "rules"
    return next((f"notifier:{one}" for one in notifiers if f"notifier:{one}" not in reached), "")


def scheduled(now: datetime, at: str) -> datetime:
    """Return the newest moment, not after ``now``, at which a daily test was due. ``at``: local time, HH:MM."""
    hour, minute = map(int, at.split(":"))
    local = now.astimezone(ZONE)
    for days in (0, 1):
        due = (local - timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        if due <= local:
            break
    return due.astimezone(now.tzinfo)


def is_due(record: Record | None, now: datetime, at: str) -> bool:
    """Tell whether the day's test has still to begin; one with a time in the future is none of today."""
    return record is None or is_ahead(record.at, now) or record.at < scheduled(now, at)


def is_overdue(record: Record | None, since: datetime, now: datetime) -> bool:
    """Tell whether a day passed without a test that arrived. ``since``: from when on there could be one."""
    ok_at = record.ok_at if record is not None else None
    return now - max(since, ok_at or since) > OVERDUE
