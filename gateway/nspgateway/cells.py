"""One point's readings as the cells of its row: what is said, how sure, how old.

Pure: the same values in give the same words out. No cell shows a number
without its age, and an unknown value is a word, never a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nspgateway import words
from nspgateway.i18n import Language
from nspgateway.view import Point, Quality, Reading, is_ahead
from nsplink import fields

NEVER = Reading(None, "unknown", None)
# Below half an ampere a BMS reports noise, not a direction.
_IDLE_DA = 5
# A kit in storage reports every 30 days; one report may get lost in the air for a while.
_READY, _YEAR = timedelta(days=40), timedelta(days=300)

Level = Literal["", "attention", "critical"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, ready to print.

    ``value`` is the scaled value or word behind it ("" when unknown or none),
    ``figure`` a second big text, ``condition`` what must come true for both, ``lines`` explain, ``age`` tells how
    old the value is and ``age_s`` the same in seconds (None: never read, ageless or not known).
    """

    field: str
    quality: Quality
    text: str
    value: str = ""
    figure: str = ""
    lines: tuple[str, ...] = ()
    age: str = ""
    age_s: int | None = None
    level: Level = ""
    shape: str = ""
    condition: str = ""


def seconds_since(at: datetime, now: datetime) -> int | None:
    """Whole seconds from ``at`` to ``now``; None when ``at`` lies in the future: nobody knows how long."""
    return None if is_ahead(at, now) else max(0, int((now - at).total_seconds()))


def ago(lang: Language, seconds: int | None) -> str:
    """How long ago something was, or that this is not known."""
    return lang.gettext("time unknown") if seconds is None else lang.ago(seconds)


def age_text(lang: Language, reading: Reading, now: datetime) -> str:
    """How old a reading is, in the words that belong to its quality."""
    _ = lang.gettext
    if reading.quality == "none":
        return ""
    if reading.good_at is None:
        return _("never measured")
    seconds = seconds_since(reading.good_at, now)
    if seconds is None or reading.quality == "good":
        return ago(lang, seconds)
    if reading.quality == "stale":
        clock = lang.moment(reading.good_at, now)
        return _("old reading ({clock}), {ago}").format(clock=clock, ago=lang.ago(seconds))
    return _("last measured {ago}").format(ago=lang.ago(seconds))


def _known(reading: Reading) -> bool:
    return reading.quality in {"good", "stale"} and reading.value is not None


def _number(reading: Reading) -> int | None:
    return reading.value if _known(reading) and isinstance(reading.value, int) else None


def _reading(point: Point, name: str) -> Reading:
    return point.readings.get(name, NEVER)


def _cell(
    lang: Language, now: datetime, field: str, reading: Reading, text: str, *lines: str, level: Level = ""
) -> Cell:
    """A known value with its age."""
    age_s = None if reading.good_at is None else seconds_since(reading.good_at, now)
    kept = tuple(line for line in lines if line)
    age = age_text(lang, reading, now)
    return Cell(field, reading.quality, text, str(reading.value), "", kept, age, age_s, level)


def _missing(lang: Language, now: datetime, field: str, reading: Reading, absent: str) -> Cell:
    """No value: either the point has no such device (``absent`` says so) or nobody knows."""
    if reading.quality == "none":
        return Cell(field, "none", absent)
    # A reading that calls itself good but carries nothing is unknown all the same.
    unknown = Reading(None, "unknown", reading.good_at)
    age_s = None if unknown.good_at is None else seconds_since(unknown.good_at, now)
    age = age_text(lang, unknown, now)
    return Cell(field, "unknown", lang.gettext("unknown"), age=age, age_s=age_s, shape="question")


def percent(lang: Language, permille: int) -> str:
    """A level; with a decimal below 10 %, where half a step matters."""
    return lang.number(permille / 10, 1 if 0 < permille < 100 else 0) + " %"


def fuel(lang: Language, point: Point, now: datetime) -> Cell:
    """Litres, kind and share of the tank."""
    _ = lang.gettext
    reading = _reading(point, "fuel_permille")
    level = _number(reading)
    if point.fuel_source == "by_hand" and point.fuel_litres is not None:
        return _by_hand(lang, point, now)
    if level is None:
        return _missing(lang, now, "fuel", reading, _("no tank gauge"))
    kind = _(words.FUELS.get(point.fuel_kind, point.fuel_kind))
    if point.fuel_litres is None:
        return _cell(lang, now, "fuel", reading, percent(lang, level), kind)
    litres = lang.number(point.fuel_litres, 1 if point.fuel_litres < 10 else 0)
    # Translators: a tank; "l" is litres.
    text = _("{litres} l {kind}").format(litres=litres, kind=kind)
    return _cell(lang, now, "fuel", reading, text, percent(lang, level))


def _by_hand(lang: Language, point: Point, now: datetime) -> Cell:
    """Litres that a person entered, less what was burnt since: marked, with the entry's age."""
    _ = lang.gettext
    litres = lang.number(point.fuel_litres or 0.0, 1 if (point.fuel_litres or 0.0) < 10 else 0)
    kind = _(words.FUELS.get(point.fuel_kind, point.fuel_kind))
    text = _("{litres} l {kind}").format(litres=litres, kind=kind)
    told = Reading(litres, "good", point.fuel_at)
    return _cell(lang, now, "fuel", told, text, _("entered by hand, less what was burnt since"))


def battery(lang: Language, point: Point, now: datetime) -> Cell:
    """State of charge, and whether the battery charges, where that is known."""
    reading = _reading(point, "battery_permille")
    level = _number(reading)
    if level is None:
        return _missing(lang, now, "battery", reading, lang.gettext("None"))
    return _cell(lang, now, "battery", reading, percent(lang, level), _charging(lang, point, now))


def _charging(lang: Language, point: Point, now: datetime) -> str:
    """Whether the battery charges: now, or when that was last told; the current travels far less often."""
    _ = lang.gettext
    reading, source = _reading(point, "battery_da"), _reading(point, "power_source")
    if source.quality == "good" and source.value == "battery":
        return _("discharging")
    current = _number(reading)
    if current is None:
        return "" if reading.quality == "none" else _("charging unknown")
    word = _("charging") if current > 0 else _("discharging")
    if abs(current) < _IDLE_DA:
        word = _("idle")
    charged_at = _reading(point, "battery_permille").good_at
    is_behind = reading.good_at is not None and charged_at is not None and charged_at > reading.good_at
    if (reading.quality == "good" and not is_behind) or reading.good_at is None:
        return word
    return _("{word} at {clock}").format(word=word, clock=lang.moment(reading.good_at, now))


def load(lang: Language, point: Point, now: datetime) -> Cell:
    """Power used, beside what the point can give."""
    _ = lang.gettext
    reading = _reading(point, "load_w")
    power = _number(reading)
    if power is None:
        return _missing(lang, now, "load", reading, _("no meter"))
    text = lang.number(power / 1000, 1) + " kW"
    rated = ""
    if point.rated_w is not None:
        rated = _("of {power} kW").format(power=lang.number(point.rated_w / 1000, 1))
    return _cell(lang, now, "load", reading, text, rated)


def source(lang: Language, point: Point, now: datetime) -> Cell:
    """What carries the load."""
    reading = _reading(point, "power_source")
    if not _known(reading):
        return _missing(lang, now, "source", reading, lang.gettext("unknown"))
    word = str(reading.value)
    text = lang.gettext(words.SOURCES.get(word, word))
    return _cell(lang, now, "source", reading, text, level="critical" if word == "none" else "")


def generator(lang: Language, point: Point, now: datetime) -> Cell:
    """Runs, starts, stands ready, does not, has a fault, or is not there."""
    _ = lang.gettext
    reading = _reading(point, "generator_state")
    if not _known(reading):
        return _missing(lang, now, "generator", reading, _("None"))
    text, line, level = _generator_words(lang, point, str(reading.value))
    if reading.value == "none":
        return Cell("generator", "none", text, "none")
    return _cell(lang, now, "generator", reading, text, line, level=level)


def _generator_words(lang: Language, point: Point, state: str) -> tuple[str, str, Level]:
    _ = lang.gettext
    alarms = frozenset(_local_alarms(point))
    if state == "none":
        return _("None"), "", ""
    if state == "fault" or (state == "stopped" and "generator_failed" in alarms):
        return _("Fault"), "", "critical"
    if state == "starting":
        return _("Starting"), "", ""
    if state in {"running", "cooling"}:
        return _("Running"), _("cooling down") if state == "cooling" else "", ""
    return _stopped_words(lang, point, alarms)


def _stopped_words(lang: Language, point: Point, alarms: frozenset[str]) -> tuple[str, str, Level]:
    """A set that stands still is ready only when it is known to start by itself."""
    _ = lang.gettext
    mode = _reading(point, "generator_mode")
    if not _known(mode):
        return _("Stopped"), _("whether it is ready is unknown"), "attention"
    if "emergency_stop" in alarms:
        return _("Not ready"), _("emergency stop pressed"), "attention"
    word = str(mode.value)
    setting = _(words.MODES.get(word, word))
    if word != "auto":
        return _("Not ready"), setting, "attention"
    if "generator_not_ready" in alarms:
        return _("Not ready"), "", "attention"
    return _("Ready"), setting, ""


def _local_alarms(point: Point) -> Iterator[str]:
    bits = _number(_reading(point, "alarms"))
    for index, name in enumerate(fields.ALARMS):
        if bits is not None and bits >> index & 1:
            yield name


def link(lang: Language, point: Point, now: datetime) -> Cell:
    """Whether the point is heard, in one word; how strong is the technician's business."""
    _ = lang.gettext
    if point.kit_address is None:
        return Cell("link", "none", _("Without kit"))
    text = _(words.LINKS[point.link])
    tested = (*_ready(lang, point, now), *_self_test(lang, point))
    if point.link != "none":
        level: Level = "attention" if point.link == "weak" or point.failed_parts else ""
        return Cell("link", "good", text, point.link, lines=tested, level=level)
    if point.status == "unknown":
        return Cell("link", "unknown", _("unknown"), lines=_ready(lang, point, now), shape="question")
    since = ""
    if point.last_heard is not None and not is_ahead(point.last_heard, now):
        since = _("since {clock}").format(clock=lang.moment(point.last_heard, now))
    return Cell("link", "unknown", text, "none", lines=(*((since,) if since else ()), *tested), shape="cross")


def _ready(lang: Language, point: Point, now: datetime) -> tuple[str, ...]:
    """Whether a kit in storage has told of late that all its parts work."""
    if point.deployment != "stored":
        return ()
    _, at = lang.gettext, point.ready_at
    if at is None:
        return (_("not reported ready yet"),)
    if is_ahead(at, now):
        return ()
    age = now - at
    day = lang.date(at, "d MMM" if age < _YEAR else "d MMM y")
    if age > _READY:
        return (_("not reported since {day}").format(day=day),)
    return () if point.failed_parts else (_("reported ready {day}").format(day=day),)


def _self_test(lang: Language, point: Point) -> tuple[str, ...]:
    """What the kit's newest self-test found, nothing while all works."""
    _ = lang.gettext
    names = ", ".join(_(words.SELF_TESTS[name]) for name in point.failed_parts)
    return (_("self-test failed: {parts}").format(parts=names),) if names else ()


def heard(lang: Language, point: Point, now: datetime) -> Cell:
    """When the last message of the point came in."""
    if point.last_heard is None:
        return Cell("heard", "unknown", lang.gettext("never"), shape="question")
    age_s = seconds_since(point.last_heard, now)
    level: Level = "attention" if point.link == "none" else ""
    clock = lang.moment(point.last_heard, now)
    if age_s is None:
        return Cell("heard", "unknown", ago(lang, None), shape="question")
    return Cell("heard", "good", lang.ago(age_s), str(age_s), lines=(clock,), age_s=age_s, level=level)


def calls(lang: Language, point: Point) -> Cell:
    """How many calls for help of this point are open."""
    if not point.calls:
        return Cell("calls", "none", lang.gettext("none"), "0")
    text = lang.gettext("{n} open").format(n=lang.number(point.calls))
    return Cell("calls", "good", text, str(point.calls), level="critical")
