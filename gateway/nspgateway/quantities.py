"""Every quantity that a point's kit tells, in words: what it is called, how it is written, who says so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from nspgateway import cells, words
from nspgateway.alarm_text import catalogue
from nspgateway.i18n import N_, Language
from nspgateway.view import Point, Quality, Reading
from nspgateway.vouchers import SOURCES
from nsplink.fields import ALARMS


class Figure(NamedTuple):
    """A number: its label, its unit, and how many of the scaled value are one of that unit."""

    label: str
    unit: str = ""
    divisor: int = 1
    digits: int = 0


class State(NamedTuple):
    """A word of a list: its label, and what each word is called."""

    label: str
    names: Mapping[str, str]


GENERATOR_STATES = {
    "stopped": N_("Stopped"),
    "starting": N_("Starting"),
    "running": N_("Running"),
    "cooling": N_("cooling down"),
    "fault": N_("Fault"),
    "none": N_("None"),
}
RESET_CAUSES = {
    "power": N_("power was switched on"),
    "watchdog": N_("it hung and was restarted"),
    "software": N_("its own program"),
    "sleep": N_("woke up"),
}
YES_NO = {"yes": N_("yes"), "no": N_("no")}

# In the order in which they are shown; what one device says stands together.
SHOWN: Mapping[str, Figure | State] = {
    "power_source": State(N_("Powered by"), words.SOURCES),
    "fuel_permille": Figure(N_("Level in the tank"), "%", 10),
    "generator_state": State(N_("Generator"), GENERATOR_STATES),
    "generator_mode": State(N_("Setting of the generator"), words.MODES),
    "generator_w": Figure(N_("Power of the generator"), "kW", 1000, 2),
    "generator_v": Figure(N_("Voltage of the generator"), "V"),
    "generator_dhz": Figure(N_("Frequency of the generator"), "Hz", 10, 1),
    "engine_dh": Figure(N_("Running hours"), N_("h"), 10, 1),
    "engine_starts": Figure(N_("Starts of the generator")),
    "starter_dv": Figure(N_("Starter battery"), "V", 10, 1),
    "battery_permille": Figure(N_("Charge of the battery"), "%", 10),
    "battery_cv": Figure(N_("Voltage of the battery"), "V", 100, 2),
    "battery_da": Figure(N_("Current of the battery, minus = discharging"), "A", 10, 1),
    "battery_c": Figure(N_("Temperature of the battery"), "°C"),
    "load_w": Figure(N_("Load"), "kW", 1000, 2),
    "kit_cell_permille": Figure(N_("Battery of the kit"), "%", 10),
    "on_own_cell": State(N_("Kit runs on its own battery"), YES_NO),
    "supply_dv": Figure(N_("Supply of the kit"), "V", 10, 1),
    "enclosure_c": Figure(N_("Temperature in the kit"), "°C"),
    "downlink_snr_db": Figure(N_("How well the kit hears us"), "dB"),
    "budget_permille": Figure(N_("Airtime left this hour"), "%", 10),
    "queue_depth": Figure(N_("Messages that wait at the kit")),
    "bus_errors": Figure(N_("Failed readings of devices in the last hour")),
    "uptime_min": Figure(N_("Kit runs without a restart for"), "min"),
    "boots": Figure(N_("Restarts of the kit since its last contact")),
    "reset_cause": State(N_("Last restart because"), RESET_CAUSES),
    "config_hash": State(N_("Number of the settings"), {}),
}
# Who says it, by whoever vouches for it; the kit itself for all else.
VOUCHERS = {
    "q_tank": N_("tank gauge"),
    "q_generator": N_("generator controller"),
    "q_battery": N_("battery system"),
    "q_meter": N_("meter"),
}
KIT = N_("kit")
FUEL_SOURCES = {"gauge": N_("tank gauge"), "by_hand": N_("entered by hand"), "estimate": N_("reckoned")}
QUALITIES: Mapping[Quality, words.Word] = {
    "good": words.Word(N_("Current"), "check"),
    "stale": words.Word(N_("Old reading"), "triangle"),
    "unknown": words.Word(N_("Unknown"), "question"),
    "none": words.Word(N_("Not present"), "box"),
}
# What a person entered some time ago, less what was burnt since: no measurement of now.
RECKONED = words.Word(N_("Reckoned on"), "pencil")
# Alarms of a kit that have no text of their own at the coordinating point.
KIT_ALARMS = {
    "kit_on_cell": N_("the kit runs on its own battery"),
    "input_1": N_("input 1 of the kit"),
    "input_2": N_("input 2 of the kit"),
    "emergency_stop": N_("emergency stop pressed"),
    "alarm_test": N_("test of the alarm path"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity: ``text`` its value, ``source`` who says so, ``quality_text`` and ``age`` what that is worth."""

    id: str
    label: str
    text: str
    source: str
    quality: Quality
    quality_text: str
    shape: str
    age: str


def rows(lang: Language, point: Point, now: datetime) -> tuple[Row, ...]:
    """Return every quantity of a point. One that came only from some kits is left out until it was heard."""
    found = [_litres(lang, point, now)] if point.fuel_litres is not None else []
    found += [_row(lang, name, point.readings[name], now) for name in SHOWN if name in point.readings]
    if "alarms" in point.readings:
        found.append(_alarms(lang, point.readings["alarms"], now))
    return tuple(found)


def value_text(lang: Language, name: str, value: int | str) -> str:
    """Return a value as people write it."""
    shown = SHOWN[name]
    if isinstance(shown, State):
        return lang.gettext(shown.names.get(str(value), str(value)))
    if name == "uptime_min":
        return lang.duration(int(value) * 60)
    figure = lang.number(int(value) / shown.divisor, shown.digits)
    return f"{figure} {lang.gettext(shown.unit)}" if shown.unit else figure


def _row(lang: Language, name: str, reading: Reading, now: datetime) -> Row:
    voucher = VOUCHERS.get(SOURCES.get(name, ""), KIT)
    text = "" if reading.value is None else value_text(lang, name, reading.value)
    return _made(lang, name, lang.gettext(SHOWN[name].label), text, lang.gettext(voucher), reading, now)


def _made(
    lang: Language, name: str, label: str, text: str, source: str, reading: Reading, now: datetime
) -> Row:
    # A reading that calls itself good but carries nothing is unknown all the same.
    quality: Quality = "unknown" if not text and reading.quality != "none" else reading.quality
    word = QUALITIES[quality]
    said = lang.gettext(word.text)
    age = cells.age_text(lang, Reading(reading.value, quality, reading.good_at), now)
    return Row(name, label, text or said.lower(), source, quality, said, word.shape, age)


def _litres(lang: Language, point: Point, now: datetime) -> Row:
    """Litres with who said so: the gauge, or a person, of whose word is said that it was reckoned on from there."""
    _ = lang.gettext
    told_by = point.fuel_source or "gauge"
    reading = point.readings.get("fuel_permille", cells.NEVER)
    if told_by != "gauge":
        reading = Reading(0, "good" if point.fuel_at else "unknown", point.fuel_at)
    text = f"{lang.number(point.fuel_litres or 0.0, 1)} l"
    row = _made(lang, "fuel_litres", _("Fuel in the tank"), text, _(FUEL_SOURCES[told_by]), reading, now)
    if told_by == "gauge":
        return row
    return replace(row, quality_text=_(RECKONED.text), shape=RECKONED.shape)


def _alarms(lang: Language, reading: Reading, now: datetime) -> Row:
    """What the kit itself calls an alarm, by the titles of our own."""
    _ = lang.gettext
    text = ""
    if isinstance(reading.value, int):
        titles = catalogue().alarms
        names = [
            titles[name][lang.code].title if name in titles else _(KIT_ALARMS.get(name, name))
            for bit, name in enumerate(ALARMS)
            if reading.value >> bit & 1
        ]
        text = ", ".join(names) or _("none")
    return _made(lang, "alarms", _("Alarms of the kit itself"), text, _(KIT), reading, now)
