"""What a point says of itself, by its kit or by voice: of each figure the newer word counts, and both are kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct, structs

from nspgateway.entries import HandReport
from nspgateway.kit_words import KitReport

# Figures of a report that are merged one by one, in the order of the form.
FIGURES = (
    "deployment",
    "battery_permille",
    "staff",
    "staff_needed",
    "relief_at",
    "visitors",
    "stock_low",
    "topics",
)
# A report older than this says nothing about now.
RECENT = timedelta(hours=12)
QUARTER = timedelta(minutes=15)
STOCK_LINES = 8
_TOPICS = 3

Value = int | str | datetime | tuple[int, ...] | tuple[tuple[int, int], ...]


class Said(Struct, frozen=True):
    """One figure as it was said at ``at``. ``by_hand``: by voice, else by the kit; ``exercise``: as part of one.

    ``value``: as in ``HandReport``; topics are (line of the region, times asked), as many as were told.
    """

    value: Value
    at: datetime
    by_hand: bool
    exercise: bool = False


class Reports(Struct, frozen=True):
    """The newest word on each figure, by the kit and by voice; a figure that was never told is not there."""

    kit: Mapping[str, Said] = msgspec.field(default_factory=dict)
    hand: Mapping[str, Said] = msgspec.field(default_factory=dict)

    def newest(self, figure: str) -> Said | None:
        """Return the word that counts; of two of one moment that of the person."""
        hand, kit = self.hand.get(figure), self.kit.get(figure)
        if hand is None or kit is None:
            return hand or kit
        return hand if hand.at >= kit.at else kit

    def older(self, figure: str) -> Said | None:
        """Return the other word, which is kept beside it."""
        both = (self.hand.get(figure), self.kit.get(figure))
        newest = self.newest(figure)
        return next((one for one in both if one is not None and one is not newest), None)

    def recent(self, figure: str, now: datetime) -> Said | None:
        """Return the word that counts, unless it is too old to say anything about now."""
        said = self.newest(figure)
        return said if said is not None and now - said.at <= RECENT else None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was ever told."""
        return not self.kit and not self.hand


def after(reports: Reports, told: HandReport) -> Reports:
    """Return the reports after what a point said by voice."""
    fresh = {name: getattr(told, name, None) for name in FIGURES}
    return structs.replace(reports, hand=_with(reports.hand, fresh, told.at, by_hand=True))


def receive(reports: Reports, report: KitReport) -> Reports:
    """Return the reports after what a kit sent."""
    fields: Mapping[str, Any] = report.fields
    quarters, low = fields.get("relief_quarters"), fields.get("stock_low")
    fresh: dict[str, Value | None] = {
        "deployment": fields.get("deployment"),
        "staff": fields.get("staff"),
        "staff_needed": fields.get("staff_needed"),
        "relief_at": None if quarters is None else report.at + quarters * QUARTER,
        "visitors": fields.get("visitors"),
        "stock_low": None if low is None else lines_of(low),
        "topics": tuple(_topics(fields)) or None,
    }
    kit = _with(reports.kit, fresh, report.at, by_hand=False, exercise=report.exercise)
    return structs.replace(reports, kit=kit)


def restored(told: Iterable[KitReport]) -> dict[str, Reports]:
    """Return what the kits said, by point; ``told``: all of it, oldest first."""
    found: dict[str, Reports] = {}
    for one in told:
        found[one.point] = receive(found.get(one.point, Reports()), one)
    return found


def of_now(reports: Reports, *, exercise: bool) -> Reports:
    """Return the reports that count now: what was said in an exercise ends with it."""
    if exercise or not reports.kit or not any(said.exercise for said in reports.kit.values()):
        return reports
    return structs.replace(
        reports, kit={name: said for name, said in reports.kit.items() if not said.exercise}
    )


def lines_of(bits: int) -> tuple[int, ...]:
    """Return the lines of the stock that are set in these bits, from 0."""
    return tuple(line for line in range(STOCK_LINES) if bits >> line & 1)


def _with(
    before: Mapping[str, Said],
    fresh: Mapping[str, Value | None],
    at: datetime,
    *,
    by_hand: bool,
    exercise: bool = False,
) -> Mapping[str, Said]:
    """Let each figure that was told take the place of an older one."""
    found = dict(before)
    for name, value in fresh.items():
        old = found.get(name)
        if value is not None and (old is None or old.at <= at):
            found[name] = Said(value, at, by_hand, exercise)
    return found


def _topics(fields: Mapping[str, Any]) -> Iterable[tuple[int, int]]:
    for n in range(1, _TOPICS + 1):
        topic, count = fields.get(f"topic_{n}"), fields.get(f"count_{n}")
        if topic is not None:
            yield topic, count or 0
