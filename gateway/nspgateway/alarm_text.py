"""An alarm in words, Dutch and English: the catalogue's texts filled in from the facts of now. Pure.

Every gap has a phrase for "unknown", so that no sentence ever shows a blank or
a 0 for something that is not known.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal, NamedTuple

import msgspec

from nspgateway import alarm_gaps, alarm_text_own
from nspgateway.alarm_state import AlarmState
from nspgateway.conditions import DEVICES, lost_devices
from nspgateway.consumption import burn_l_per_h
from nspgateway.errors import ConfigError
from nspgateway.facts import Facts
from nspgateway.forecast import has_generator, usable_litres
from nspgateway.phrases import Phrases
from nspgateway.rules import PACKAGED, load_rules
from nspgateway.view import Alarm, Forecast, Hand, is_ahead

LANGUAGES = ("nl", "en")
# Where a test of the alarm path can end: each has its words.
STEPS = frozenset({"kit", "refused", "alarm", "rules", "notifier", "no_point", "restart"})
# Starter batteries at rest: a 24 V set has twice the limit of a 12 V one.
STARTER_WEAK_DV = 120
STARTER_24V_FROM_DV = 160
# "Logistiek: ..." begins a task: a role's name must be told apart from a sentence.
ROLE_NAME = re.compile(r"[A-ZÀ-Þ][^:.?!]{1,40}")
# How the ids of roles begin; every other gap is a value.
_ROLES = ("cp_", "nsp_", "oefenleiding")
_CURE = "See roles.toml and alarm_texts.toml as they come with the program."


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alarm's texts in one language, with gaps in braces; those left empty: ``what`` stands for them."""

    title: str
    what: str
    todo: str
    what_no_hours: str = ""
    what_unknown: str = ""
    what_bit: str = ""
    what_returned: str = ""


class Catalogue(NamedTuple):
    """All texts: alarm id -> language -> text; language -> phrases; language -> role id -> its name."""

    alarms: Mapping[str, Mapping[str, Text]]
    phrases: Mapping[str, Phrases]
    roles: Mapping[str, Mapping[str, str]]


class _Gaps(dict[str, str]):
    """What fills the gaps of a text; a gap that nothing fills says that it is unknown."""

    def __init__(self, unknown: str, *known: Mapping[str, str]) -> None:
        super().__init__()
        self._unknown = unknown
        for gaps in known:
            self.update(gaps)

    def __missing__(self, gap: str) -> str:
        return self._unknown


@cache
def catalogue(folder: Path = PACKAGED.parent) -> Catalogue:
    """Return the packaged texts, read once and checked. ConfigError when something in them does not fit."""
    path = folder / "alarm_texts.toml"
    try:
        document = tomllib.loads(path.read_text())
        phrases = msgspec.convert(document.get("phrases", {}), dict[str, dict[str, str]])
        texts = msgspec.convert(document.get("alarm", {}), dict[str, dict[str, Text]])
        path = folder / "roles.toml"
        roles = msgspec.convert(tomllib.loads(path.read_text()), dict[str, dict[str, str]])
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read ({error.strerror})", _CURE) from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(path, "", str(error), _CURE) from error
    _check_roles(path, roles, texts)
    return Catalogue(texts, {code: Phrases(code, words) for code, words in phrases.items()}, roles)


def role_name(language: str, role: str) -> str:
    """Return a role's name as the region calls it; one that it does not know has its id."""
    return catalogue().roles[language].get(role, role)


def _check_roles(
    path: Path, roles: Mapping[str, Mapping[str, str]], texts: Mapping[str, Mapping[str, Text]]
) -> None:
    """Raise ConfigError for a role without a name, or with one that no task can begin with."""
    for language in LANGUAGES:
        named = roles.get(language, {})
        for role, name in named.items():
            if not ROLE_NAME.fullmatch(name):
                fault = f"{name!r} must begin with a capital, without : . ? !, at most 41 letters"
                raise ConfigError(path, f"{language}.{role}", fault, _CURE)
        wanted = {rule.role for rule in load_rules()}
        for text in texts.values():
            todo = text[language].todo if language in text else ""
            wanted |= {gap for _, gap, _, _ in Formatter().parse(todo) if gap and gap.startswith(_ROLES)}
        missing = sorted(wanted - named.keys())
        if missing:
            raise ConfigError(path, f"{language}.{missing[0]}", "this role has no name", _CURE)


def texts(alarm: AlarmState, facts: Facts) -> Alarm:
    """Fill the alarm's texts with the facts of now; whatever cannot be filled in says "unknown"."""
    title: dict[str, str] = {}
    what: dict[str, str] = {}
    todo: dict[str, str] = {}
    for language in LANGUAGES:
        words = catalogue().phrases[language]
        text = catalogue().alarms.get(alarm.id, {}).get(language) or _strange(words)
        gaps = _Gaps(words["unknown"], catalogue().roles[language], _gaps(words, alarm, facts))
        sentences = [_what(text, alarm, facts).format_map(gaps)]
        # The kit's own clear leaves no note: then it is over for certain, and waits for a person's eye.
        end = ("returned" if alarm.note else "over") if alarm.is_returned else ""
        if alarm.note or end:
            sentences.append(words[f"note_{alarm.note or end}"])
        name = text.title.format_map(gaps)
        title[language] = words.fill(f"title_{end}", title=name.lower()) if end else name
        what[language] = " ".join(" ".join(sentences).split())
        todo[language] = " ".join((words[f"todo_{end}"] if end else text.todo).format_map(gaps).split())
    raised_at = alarm.raised_at or alarm.since
    return Alarm(
        alarm.id,
        alarm.point,
        alarm.priority,
        raised_at,
        title,
        what,
        todo,
        is_returned=alarm.is_returned,
        seen=_hand(alarm.seen_by, alarm.seen_at) if alarm.state == "acknowledged" else None,
        owner=_hand(alarm.owner, alarm.owned_at),
        shelved_until=alarm.shelved_until,
    )


def _hand(role: str, at: datetime | None) -> Hand | None:
    """Return who had a hand in it, None where that is not known: it was noted before there was room for it."""
    return Hand(role, at) if role and at is not None else None


def _strange(words: Phrases) -> Text:
    """Return words for an alarm of which the catalogue knows nothing."""
    return Text(words["strange_title"], words["strange_what"], words["strange_todo"])


def _what(text: Text, alarm: AlarmState, facts: Facts) -> str:
    """Choose the sentence that fits what is known."""
    if alarm.is_returned and text.what_returned:
        return text.what_returned
    forecast, stock = facts.fuel, facts.fuel_litres
    if alarm.id.startswith("battery"):
        forecast, stock = facts.battery, _int(facts, "battery_permille")
    if forecast is not None:
        return text.what
    if stock is not None:
        return text.what_no_hours or text.what
    return (text.what_bit if alarm.values.get("by") == "bit" else text.what_unknown) or text.what


def _gaps(words: Phrases, alarm: AlarmState, facts: Facts) -> dict[str, str]:
    """Every gap of the texts that a rule can raise, in one language."""
    since = alarm.raised_at or alarm.since
    if alarm.id == "site_silent" and facts.last_heard is not None:
        since = facts.last_heard
    return {
        "id": alarm.id,
        "punt": facts.point.name,
        "sinds": words.moment(None if is_ahead(since, facts.now) else since, facts.now),
        **_fuel(words, facts),
        "stijging": _risen(words, alarm),
        **_battery(words, facts),
        **_generator(words, facts),
        **_devices(words, facts, alarm),
        **_load(words, facts, alarm),
        **_link(words, facts, alarm),
        **_dropping(words, alarm),
        **alarm_gaps.gaps(words, facts, alarm),
        **_path_test(words, facts, alarm),
        **alarm_text_own.gaps(words, facts),
    }


def _risen(words: Phrases, alarm: AlarmState) -> str:
    """Return that the load made the hours few, by what was true when the alarm was raised."""
    rise = alarm.values.get("rise")
    return words.fill("risen", n=words.number(rise)) if isinstance(rise, float | int) else ""


def _path_test(words: Phrases, facts: Facts, alarm: AlarmState) -> dict[str, str]:
    """Return when the test of the alarm path began and where it ended, by the newest one that failed."""
    if alarm.id != "alert_path_test":
        return {}
    own = facts.own
    step, at = str(alarm.values.get("step") or ""), alarm.raised_at
    if own is not None and own.test_step:
        step, at = own.test_step, own.test_at
    word, _, detail = step.partition(":")
    moment = words.moment(at, facts.now)
    if word == "daily":
        return {"proef": words.fill("test_overdue", t=moment)}
    named = words.fill(f"step_{word}" if word in STEPS else "unknown", detail=detail)
    return {"proef": words.fill("test_missed", t=moment, step=named)}


def _link(words: Phrases, facts: Facts, alarm: AlarmState) -> dict[str, str]:
    """Return what the texts about the radio need."""
    litres = facts.last_litres
    known = {name: str(alarm.values[name]) for name in ("quiet", "watched") if name in alarm.values}
    kind = words[facts.point.fuel_kind]
    ours = facts.link is not None and facts.link.air_left_permille is not None
    return {
        "n": known.get("quiet", words["unknown"]),
        "m": known.get("watched", words["unknown"]),
        "t": words.moment(facts.last_heard, facts.now),
        "stand": words["unknown"]
        if litres is None
        else words.fill("stock_litres", n=words.number(litres), kind=kind),
        "reserveweg": words["backup"],
        "wie": words["our_point"] if ours else facts.point.name,
    }


def _fuel(words: Phrases, facts: Facts) -> dict[str, str]:
    point, forecast, litres = facts.point, facts.fuel, facts.fuel_litres
    kind = words[point.fuel_kind]
    latest = None if forecast is None else forecast.empty_low - timedelta(hours=point.lead_time_h)
    if latest is None:
        before = words["before_unknown"]
    elif latest <= facts.now:
        before = words["before_now"]
    else:
        before = words.fill("before", time=words.moment(latest, facts.now))
    stock = words.fill("stock_unknown", kind=kind)
    if litres is not None:
        stock = words.fill("stock_litres", n=words.number(litres), kind=kind)
    if litres is not None and point.tank_litres is not None:
        percent = words.number(100 * litres / point.tank_litres, 0)
        stock = words.fill("stock", n=words.number(litres), kind=kind, percent=percent)
    measured_at = _good_at(facts, "fuel_permille")
    if _said_by(facts) == "entered" and facts.stock is not None:
        measured_at = facts.stock.at
    elif measured_at is None and forecast is not None:
        measured_at = forecast.measured_at
    return {
        "uren": words.hours_left(forecast),
        "leeg": words.moment(_empty(forecast), facts.now),
        "uiterlijk": before,
        "gemeten": words.measured(measured_at, facts.now, said=_said_by(facts)),
        "voorraad": stock,
        "nodig": _takes(words, facts, "takes"),
        "zending": _takes(words, facts, "send"),
        "soort": kind,
        "net": words["on_grid"] if _word(facts, "power_source") == "grid" else "",
        "reis": words.fill("plain_hours", n=words.number(point.lead_time_h)),
    }


def _said_by(facts: Facts) -> Literal["measured", "estimated", "entered"]:
    if facts.stock is not None and facts.stock.source == "by_hand":
        return "entered"
    return "estimated" if facts.fuel_litres is None and facts.fuel is not None else "measured"


def _takes(words: Phrases, facts: Facts, key: str) -> str:
    """Say what fits in the tank, by the last level if need be, or that nobody knows."""
    tank, kind, last = facts.point.tank_litres, words[facts.point.fuel_kind], facts.last_litres
    litres = facts.fuel_litres
    if litres is None and facts.fuel is not None and last is not None:
        burn = max(facts.burn.known, default=0.0) if facts.burn else 0.0
        litres = min(last, facts.point.dead_litres + facts.fuel.likely_h * burn)
    if tank is None or litres is None:
        return words.fill(f"{key}_unknown", kind=kind)
    is_read = _said_by(facts) == "measured"
    amount = words.fill("litres", n=words.number(max(0.0, tank - litres), 0))
    return words.fill(key if is_read else f"{key}_estimate", litres=amount, kind=kind)


def _dropping(words: Phrases, alarm: AlarmState) -> dict[str, str]:
    """Return litres an hour by the gauge and by the load, as they were when it was raised."""
    fell, expected = alarm.values.get("l_per_h"), alarm.values.get("expected_l_per_h")
    known = [one if isinstance(one, int | float) else None for one in (fell, expected)]
    return {
        gap: words["unknown"] if one is None else words.number(max(0.0, one), 1)
        for gap, one in zip(("x", "y"), known, strict=True)
    }


def _battery(words: Phrases, facts: Facts) -> dict[str, str]:
    charge = _int(facts, "battery_permille")
    cell = _int(facts, "kit_cell_permille")
    has_set = has_generator(facts.point)
    return {
        "accu_uren": words.hours_left(facts.battery),
        "accu_leeg": words.moment(_empty(facts.battery), facts.now),
        "lading": words.known("charge", "charge_unknown", charge, 10),
        "kit": words.known("kit_cell", "kit_cell_unknown", cell, 10),
        "of_start": words["or_start"] if has_set else "",
        "start": words["start_set"] if has_set else "",
    }


def _generator(words: Phrases, facts: Facts) -> dict[str, str]:
    state, source = _word(facts, "generator_state"), _word(facts, "power_source")
    stopped = "emergency_stop" in (facts.local_alarms or ())
    causes = [words["emergency_stop"]] if stopped else []
    if _word(facts, "generator_mode") in {"off", "manual", "test"}:
        causes.append(words["not_auto"])
    starter = _int(facts, "starter_dv")
    if starter is not None and starter < STARTER_WEAK_DV * (2 if starter >= STARTER_24V_FROM_DV else 1):
        causes.append(words.fill("starter_weak", volts=words.number(starter / 10, 1)))
    return {
        "toestand": words[f"set_{state}" if state in {"fault", "stopped", "starting"} else "set_unknown"],
        "reden": words["reason_stop" if stopped else "reason_unknown"],
        "oorzaak": words.joined(causes) or words["cause_unknown"],
        "bron": words.fill(f"source_{source or 'unknown'}", hours=words.hours_left(facts.battery)),
    }


def _devices(words: Phrases, facts: Facts, alarm: AlarmState) -> dict[str, str]:
    """Return the lost devices of now, or else those of the moment of raising."""
    then = alarm.values.get("devices")
    named = [] if alarm.id != "device_lost" or not isinstance(then, str) else then.split(",")
    lost = lost_devices(facts) or [device for device in named if device in DEVICES]
    if not lost:
        return {
            "apparaat": words["device_unknown"],
            "ontbreekt": "",
            "aflezen": words["read_off_unknown"],
        }
    values = words.joined([value for device in lost for value in words[f"values_{device}"].split(", ")])
    return {
        "apparaat": words.joined([words[f"device_{device}"] for device in lost]),
        "ontbreekt": words.fill("now_unknown", values=values),
        "aflezen": words.fill("read_off", values=values),
    }


def _load(words: Phrases, facts: Facts, alarm: AlarmState) -> dict[str, str]:
    """Return the figures of the overload as they were when it was raised."""
    then, most = alarm.values.get("load_w"), alarm.values.get("rated_w")
    rated = most if isinstance(most, int) else facts.point.rated_w
    load = then if isinstance(then, int) else _int(facts, "load_w")
    if load is not None and rated is not None and load <= rated:
        # Read before the overload or after it: not the load that the alarm is about.
        load = None
    return {
        "kw": words.known("power", "power_unknown", load, 1000, 1),
        "max": words.known("power", "power_unknown", rated, 1000, 1),
        "eerder": words.known("sooner", "sooner_unknown", _hours_sooner(facts, load), 1, 1),
    }


def _hours_sooner(facts: Facts, load_w: int | None) -> float | None:
    """How many hours of fuel the load above the set's rating costs; None when unknown or none."""
    point = facts.point
    if load_w is None or point.rated_w is None or facts.fuel_litres is None or load_w <= point.rated_w:
        return None
    now, at_rating = burn_l_per_h(point, load_w), burn_l_per_h(point, point.rated_w)
    if not now or not at_rating:
        return None
    usable = usable_litres(point, facts.fuel_litres)
    return (usable / at_rating - usable / now) or None


def _empty(forecast: Forecast | None) -> datetime | None:
    return None if forecast is None else forecast.empty_likely


def _int(facts: Facts, name: str) -> int | None:
    reading = facts.readings.get(name)
    return reading.value if reading is not None and isinstance(reading.value, int) else None


def _word(facts: Facts, name: str) -> str | None:
    reading = facts.readings.get(name)
    return reading.value if reading is not None and isinstance(reading.value, str) else None


def _good_at(facts: Facts, name: str) -> datetime | None:
    reading = facts.readings.get(name)
    return None if reading is None else reading.good_at
