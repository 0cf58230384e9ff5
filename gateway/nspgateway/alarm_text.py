"""An alarm in words, Dutch and English: the catalogue's texts filled in from the facts of now. Pure.

Every gap has a phrase for "unknown", so that no sentence ever shows a blank or
a 0 for something that is not known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from nspgateway.alarm_state import AlarmState
from nspgateway.conditions import lost_devices
from nspgateway.consumption import burn_l_per_h
from nspgateway.facts import Facts
from nspgateway.forecast import usable_litres
from nspgateway.phrases import Phrases
from nspgateway.view import Alarm, Forecast

LANGUAGES = ("nl", "en")
# Starter batteries at rest: a 24 V set has twice the limit of a 12 V one.
STARTER_WEAK_DV = 120
STARTER_24V_FROM_DV = 160


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alarm's texts in one language, with gaps in braces."""

    title: str
    what: str
    todo: str
    what_no_hours: str = ""


class Catalogue(NamedTuple):
    """All texts: alarm id -> language -> text; language -> phrases; language -> role id -> its name."""

    alarms: Mapping[str, Mapping[str, Text]]
    phrases: Mapping[str, Phrases]
    roles: Mapping[str, Mapping[str, str]]


@cache
def catalogue() -> Catalogue:
    """Return the packaged texts, read once. Raises when a file of the package is damaged."""
    here = Path(__file__).parent
    document = tomllib.loads((here / "alarm_texts.toml").read_text())
    roles = msgspec.convert(tomllib.loads((here / "roles.toml").read_text()), dict[str, dict[str, str]])
    phrases = msgspec.convert(document["phrases"], dict[str, dict[str, str]])
    return Catalogue(
        msgspec.convert(document["alarm"], dict[str, dict[str, Text]]),
        {language: Phrases(language, words) for language, words in phrases.items()},
        roles,
    )


def texts(alarm: AlarmState, facts: Facts) -> Alarm:
    """Fill the alarm's texts with the facts of now. KeyError for an alarm without texts."""
    title: dict[str, str] = {}
    what: dict[str, str] = {}
    todo: dict[str, str] = {}
    for language in LANGUAGES:
        text = catalogue().alarms[alarm.id][language]
        words = catalogue().phrases[language]
        gaps = {**catalogue().roles[language], **_gaps(words, alarm, facts)}
        no_hours = facts.fuel is None and facts.fuel_litres is not None and text.what_no_hours
        sentences = [(text.what_no_hours if no_hours else text.what).format_map(gaps)]
        if alarm.note:
            sentences.append(words[f"note_{alarm.note}"])
        title[language] = text.title.format_map(gaps)
        what[language] = " ".join(sentences)
        todo[language] = text.todo.format_map(gaps)
    return Alarm(alarm.id, alarm.point, alarm.priority, alarm.raised_at or alarm.since, title, what, todo)


def _gaps(words: Phrases, alarm: AlarmState, facts: Facts) -> dict[str, str]:
    """Every gap of the texts that a rule can raise, in one language."""
    return {
        "punt": facts.point.name,
        "sinds": words.moment(alarm.raised_at or alarm.since, facts.now),
        **_fuel(words, facts),
        **_battery(words, facts),
        **_generator(words, facts),
        **_devices(words, facts),
        **_load(words, facts),
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
    stock, room = words.fill("stock_unknown", kind=kind), words["litres_unknown"]
    if litres is not None:
        stock = words.fill("stock_litres", n=words.number(litres), kind=kind)
    if litres is not None and point.tank_litres is not None:
        percent = words.number(100 * litres / point.tank_litres, 0)
        stock = words.fill("stock", n=words.number(litres), kind=kind, percent=percent)
        room = words.fill("litres", n=words.number(max(0.0, point.tank_litres - litres), 0))
    return {
        "uren": words.hours_left(forecast),
        "leeg": words.moment(_empty(forecast), facts.now),
        "uiterlijk": before,
        "gemeten": words.measured(_good_at(facts, "fuel_permille"), facts.now),
        "voorraad": stock,
        "liter": room,
        "soort": kind,
        "reis": words.fill("plain_hours", n=words.number(point.lead_time_h)),
    }


def _battery(words: Phrases, facts: Facts) -> dict[str, str]:
    charge = _int(facts, "battery_permille")
    cell = _int(facts, "kit_cell_permille")
    return {
        "accu_uren": words.hours_left(facts.battery),
        "accu_leeg": words.moment(_empty(facts.battery), facts.now),
        "lading": words.known("charge", "charge_unknown", charge, 10),
        "kit": words.known("kit_cell", "kit_cell_unknown", cell, 10),
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
        "reden": words["emergency_stop" if stopped else "reason_unknown"],
        "oorzaak": words.joined(causes) or words["cause_unknown"],
        "bron": words.fill(f"source_{source or 'unknown'}", hours=words.hours_left(facts.battery)),
    }


def _devices(words: Phrases, facts: Facts) -> dict[str, str]:
    lost = lost_devices(facts)
    if not lost:
        return {
            "apparaat": words["device_unknown"],
            "waarden": words["values_unknown"],
            "aflezen": words["read_off_unknown"],
        }
    values = words.joined([value for device in lost for value in words[f"values_{device}"].split(", ")])
    return {
        "apparaat": words.joined([words[f"device_{device}"] for device in lost]),
        "waarden": values,
        "aflezen": words.fill("read_off", values=values),
    }


def _load(words: Phrases, facts: Facts) -> dict[str, str]:
    load, rated = _int(facts, "load_w"), facts.point.rated_w
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
