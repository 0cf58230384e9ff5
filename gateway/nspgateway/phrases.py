"""How the alarm texts write numbers, times, ages and ranges in one language. Pure.

Clock times are Dutch local time, with the date as soon as it is not today.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from nspgateway.view import Forecast, is_ahead

ZONE = ZoneInfo("Europe/Amsterdam")


class Phrases:
    """The small words of one language. ``phrases[key]`` is one of them; KeyError when there is none."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.language = language
        self._words = words
        self._comma = "," if language == "nl" else "."

    def __getitem__(self, key: str) -> str:
        return self._words[key]

    def __contains__(self, key: object) -> bool:
        return key in self._words

    def fill(self, key: str, **gaps: str) -> str:
        """Return the phrase with its gaps filled."""
        return self._words[key].format(**gaps)

    def known(self, key: str, unknown: str, value: float | None, scale: int, digits: int = 0) -> str:
        """Return the phrase ``key`` with ``n`` = value / scale, or the phrase ``unknown`` for None."""
        if value is None:
            return self._words[unknown]
        return self.fill(key, n=self.number(value / scale, digits))

    def number(self, value: float, digits: int | None = None) -> str:
        """Write a number; without ``digits`` one decimal below 10, and none for a whole number."""
        places = digits if digits is not None else int(value < 10 and round(value, 1) != round(value))
        # The tiny nudge rounds half up, as people do.
        return f"{value + 1e-9:.{places}f}".replace(".", self._comma)

    def joined(self, parts: Sequence[str]) -> str:
        """Return the parts as a list in words: a, b and c; empty for nothing."""
        *first, last = parts or ("",)
        return f"{', '.join(first)} {self['and']} {last}" if first else last

    def moment(self, at: datetime | None, now: datetime) -> str:
        """Clock time such as 03:40, with the date when that is not today."""
        if at is None:
            return self["time_unknown"]
        local = at.astimezone(ZONE)
        clock = local.strftime("%H:%M")
        if local.date() == now.astimezone(ZONE).date():
            return clock
        return self.fill(
            "date", day=str(local.day), month=self["months"].split()[local.month - 1], clock=clock
        )

    def measured(
        self,
        at: datetime | None,
        now: datetime,
        *,
        said: Literal["measured", "estimated", "entered"] = "measured",
    ) -> str:
        """Return a sentence with the age of a reading, of the last one that an estimate goes on from, or of an entry."""
        if at is None or is_ahead(at, now):
            return self["measured_unknown"]
        minutes = int((now - at).total_seconds() // 60)
        if minutes < 1:
            age = self["age_now"]
        elif minutes < 120:
            age = self["age_minute"] if minutes == 1 else self.fill("age_minutes", n=str(minutes))
        elif minutes < 48 * 60:
            age = self.fill("age_hours", n=str(minutes // 60))
        else:
            age = self.fill("age_days", n=str(minutes // 1440))
        return self.fill(said, age=age)

    def hours_left(self, forecast: Forecast | None) -> str:
        """Return the range, rounded outwards: minutes below 2 hours, then half and whole hours, then days."""
        if forecast is None:
            return self["hours_unknown"]
        low, high = forecast.low_h, forecast.high_h
        if high < 2:
            return self._range("minutes", low * 60, high * 60, 5)
        if high <= 72:
            return self._range("hours", low, high, 0.5 if low < 4 else 1)
        return self._range("days", low / 24, high / 24, 1)

    def _range(self, unit: str, low: float, high: float, step: float) -> str:
        first = math.floor(low / step) * step
        last = max(step, math.ceil(high / step) * step)
        if first <= 0:
            return self.fill(f"{unit}_most", high=self.number(last))
        key = f"{unit}_one" if first == last else unit
        return self.fill(key, low=self.number(first), high=self.number(last))
