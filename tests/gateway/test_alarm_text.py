"""The words of an alarm: complete in both languages, whatever is known, and never falsely calm."""

import re
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from msgspec.structs import replace

from nspgateway import alarms
from nspgateway.alarm_text import catalogue
from nspgateway.alarms import AlarmState
from nspgateway.consumption import Burn
from nspgateway.errors import ConfigError
from nspgateway.facts import Facts
from nspgateway.rules import PACKAGED
from nspgateway.view import Alarm, Reading
from point_facts import NOON, good, healthy, hours, make_facts, make_point

IDS = [rule.id for rule in alarms.load_rules()]
MINUTE = timedelta(minutes=1)


def make_alarm(name: str, **changes: Any) -> AlarmState:
    """An open alarm, raised at 13:00 local time."""
    values: dict[str, Any] = {
        "id": name,
        "point": "de-linde",
        "state": "unacknowledged",
        "priority": "high",
        "since": NOON,
        "raised_at": NOON,
    }
    return AlarmState(**{**values, **changes})


def full() -> Facts:
    """Facts with every value known."""
    readings = {
        **healthy(),
        **good(starter_dv=118, kit_cell_permille=630, generator_mode="manual", generator_state="fault"),
        **good(q_meter="stale", power_source="battery", load_w=12000, battery_permille=425),
    }
    return make_facts(
        readings=readings,
        local_alarms=frozenset({"emergency_stop"}),
        now=NOON + 2 * MINUTE,
        fuel_litres=19.2,
        fuel=hours(8.37, low=7.5, high=9.4),
        battery=hours(3.1, low=2.6, high=3.9),
    )


def unknown() -> Facts:
    """Facts of a point of which nothing is known."""
    point = make_point(tank_litres=None, rated_w=None, battery_wh=None)
    return make_facts(point, local_alarms=None, last_heard=None)


def partial() -> list[Facts]:
    """Facts with a part known: one value of each kind left out at a time."""
    whole = full()
    found = [
        make_facts(
            readings={name: r for name, r in whole.readings.items() if name != missing},
            fuel_litres=whole.fuel_litres if n % 2 else None,
            fuel=whole.fuel if n % 3 else None,
            battery=None if n % 2 else whole.battery,
        )
        for n, missing in enumerate(whole.readings)
    ]
    nothing = {name: Reading(None, "unknown", NOON) for name in whole.readings}
    return [*found, make_facts(readings=nothing), make_facts(fuel_litres=4.0)]


def said(alarm: Alarm) -> list[str]:
    """All its texts."""
    return [text for part in (alarm.title, alarm.what, alarm.todo) for text in part.values()]


@pytest.mark.parametrize("name", IDS)
def test_texts_are_complete_whatever_is_known(name: str) -> None:
    """Protects the reader: no gap, no blank, no "None" and no "normal" in either language."""
    for facts in (full(), unknown(), *partial()):
        for note in ("", "input_unknown", "returned_unconfirmed", "flapping"):
            alarm = alarms.texts(make_alarm(name, note=note), facts)
            for text in said(alarm):
                assert text
                assert not re.search(r"[{}]|None|normaal|normal\b|  | \.|\.\.|::", text), text
            assert set(alarm.title) == set(alarm.what) == set(alarm.todo) == {"nl", "en"}


# What these say holds whatever is known of the point.
CERTAIN = {
    *("gateway_deaf", "tamper_suspected", "airtime_low", "radio_weak", "grid_back"),
    *("co_alarm", "smoke_alarm", "water_alarm", "door_open"),
}


@pytest.mark.parametrize("name", IDS)
def test_unknown_is_said_and_is_no_figure(name: str) -> None:
    """Protects honesty: with nothing known the text says so and shows no figure but the clock's."""
    alarm = alarms.texts(make_alarm(name), unknown())
    assert name in CERTAIN or re.search("onbekend|weten we niet", alarm.what["nl"])
    assert name in CERTAIN or re.search("unknown|we do not know", alarm.what["en"])
    figures = re.sub(r"13:00|4 uur|Ingang \d", "", alarm.what["nl"])
    assert not re.search(r"\d", figures)


def test_fuel_low_in_both_languages() -> None:
    """Protects the wording of the demo's alarm, with decimal comma, range, clock and age."""
    alarm = alarms.texts(make_alarm("fuel_low"), full())
    assert alarm.title == {"nl": "Brandstof wordt laag", "en": "Fuel getting low"}
    assert alarm.what["nl"] == (
        "Buurthuis De Linde heeft nog brandstof voor 7 tot 10 uur. "
        "Waarschijnlijk leeg rond 21:22. Gemeten 2 minuten geleden."
    )
    assert alarm.todo["nl"] == (
        "Logistiek: plan tanken vóór 16:30. Er is 21 liter diesel nodig. "
        "Noodsteunpunt: zet uit wat niet nodig is."
    )
    assert alarm.what["en"] == (
        "Buurthuis De Linde has fuel for 7 to 10 h. Probably empty around 21:22. Measured 2 minutes ago."
    )
    assert alarm.todo["en"].startswith(
        "Logistics: plan refuelling before 16:30. It takes 21 litres of diesel."
    )


def test_level_without_hours_has_its_own_sentence() -> None:
    """Protects the percent rule's alarm: it tells the litres and says that the hours are unknown."""
    facts = make_facts(fuel_litres=7.6, readings=good(NOON - 90 * MINUTE, fuel_permille=190))
    what = alarms.texts(make_alarm("fuel_low"), facts).what["nl"]
    assert what == (
        "Buurthuis De Linde heeft nog 7,6 liter diesel (19 %). "
        "Voor hoeveel uren dat is, is onbekend. Gemeten 90 minuten geleden."
    )


def test_time_comes_with_its_date_when_it_is_not_today() -> None:
    """Protects the night shift: empty after midnight, Dutch time, is tomorrow's date."""
    what = alarms.texts(make_alarm("fuel_critical"), make_facts(fuel=hours(11.5), fuel_litres=9.0)).what
    assert "rond 16 januari 00:30 leeg" in what["nl"]
    assert "around 16 January 00:30" in what["en"]


def test_refuelling_that_is_already_late_is_as_soon_as_possible() -> None:
    """Protects logistics: no deadline in the past."""
    todo = alarms.texts(make_alarm("fuel_low"), make_facts(fuel=hours(3.0), fuel_litres=9.0)).todo
    assert "plan tanken zo snel mogelijk." in todo["nl"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.0, 0.0, "hoogstens 5 minuten"),
        (0.4, 0.9, "20 tot 55 minuten"),
        (0.0, 3.2, "hoogstens 3,5 uur"),
        (1.7, 2.6, "1,5 tot 3 uur"),
        (4.9, 7.1, "4 tot 8 uur"),
        (100.0, 130.0, "4 tot 6 dagen"),
    ],
)
def test_hours_are_rounded_outwards(low: float, high: float, text: str) -> None:
    """Protects the range: rounding never makes it narrower than what is known."""
    assert catalogue().phrases["nl"].hours_left(hours(0.0, low=low, high=high)) == text


def test_generator_texts_name_what_is_known() -> None:
    """Protects the technician: state, cause, source and the weak starter battery are in the words."""
    failed = alarms.texts(make_alarm("generator_failed"), full())
    assert failed.title["nl"] == "Aggregaat staat in storing"
    assert "meldt: noodstop ingedrukt. Het punt draait nu op de accu, nog 2,5 tot 4 uur." in failed.what["nl"]
    ready = alarms.texts(make_alarm("generator_not_ready"), full())
    assert "noodstop ingedrukt, staat niet op AUTO en startaccu zwak, 11,8 volt." in ready.what["nl"]
    lost = alarms.texts(make_alarm("device_lost"), full())
    assert "geen gegevens van de verbruiksmeter. Nu onbekend: verbruik." in lost.what["nl"]
    overload = alarms.texts(make_alarm("overload"), full())
    assert (
        "gebruikte 12,0 kW om 13:00. Het aggregaat kan 10,0 kW aan. Zo is de brandstof" in overload.what["nl"]
    )
    kept = make_alarm("overload", values={"load_w": 14000, "rated_w": 11000})
    assert (
        "gebruikte 14,0 kW om 13:00. Het aggregaat kan 11,0 kW aan." in alarms.texts(kept, full()).what["nl"]
    )


def test_what_is_not_known_is_said_in_a_sentence() -> None:
    """Protects the reader from half sentences: unknown causes, devices and levels have words of their own."""
    facts = unknown()
    assert "De oorzaak is onbekend." in alarms.texts(make_alarm("generator_failed"), facts).what["nl"]
    lost = alarms.texts(make_alarm("device_lost"), facts).what["nl"]
    assert lost == "De kit van Buurthuis De Linde krijgt sinds 13:00 geen gegevens van een onbekend apparaat."
    low = alarms.texts(make_alarm("fuel_low", values={"by": "bit"}), facts).what["nl"]
    assert low == "De kit meldt weinig brandstof. Hoeveel er nog is, weten we niet."


def test_hours_that_run_on_say_that_they_are_an_estimate() -> None:
    """Protects logistics: an alarm about a silent point names the age of the reading that it goes on from."""
    facts = make_facts(
        now=NOON + 40 * MINUTE, readings={"fuel_permille": Reading(None, "unknown", NOON)}, fuel=hours(5.0)
    )
    alarm = alarms.texts(make_alarm("fuel_low", values={"by": "estimate"}), facts)
    assert "Geschat uit de laatste meting, 40 minuten geleden." in alarm.what["nl"]
    assert "Estimated from the last reading, 40 minutes ago." in alarm.what["en"]


def test_the_litres_that_are_needed_are_said_or_left_open() -> None:
    """Protects the driver: litres by a reading, marked by a last one, and never "an unknown amount of diesel"."""
    alarm = make_alarm("fuel_low")
    measured = alarms.texts(alarm, make_facts(fuel_litres=19.2, fuel=hours(8.0)))
    assert "Er is 21 liter diesel nodig." in measured.todo["nl"]
    last = replace(make_facts(fuel=hours(8.0)), last_litres=19.2, burn=Burn(2.0, None, 0.0))
    assert "Er is naar schatting 24 liter diesel nodig." in alarms.texts(alarm, last).todo["nl"]
    nobody = alarms.texts(alarm, make_facts())
    assert "Hoeveel diesel er nodig is, is onbekend." in nobody.todo["nl"]
    critical = alarms.texts(make_alarm("fuel_critical"), make_facts())
    assert "stuur nu diesel, een volle tank als dat kan, en meld" in critical.todo["nl"]


def test_hours_on_the_grid_say_what_they_are_worth() -> None:
    """Protects logistics: at a point on the grid nothing runs down, the hours count if the grid fails."""
    facts = make_facts(
        readings=good(power_source="grid", fuel_permille=200), fuel_litres=8.0, fuel=hours(5.0)
    )
    assert (
        alarms.texts(make_alarm("fuel_low"), facts).what["nl"].endswith("Dit geldt als het net nu uitvalt.")
    )


def test_a_moment_in_the_future_is_unknown() -> None:
    """Protects against a clock that was set back: no age of less than a minute, no time that is still to come."""
    facts = make_facts(now=NOON - 60 * MINUTE, readings=good(NOON, fuel_permille=200), fuel_litres=8.0)
    what = alarms.texts(make_alarm("fuel_low"), facts).what["nl"]
    assert "Wanneer dit is gemeten, is onbekend." in what
    assert "sinds een onbekend tijdstip" in alarms.texts(make_alarm("power_lost"), facts).what["nl"]


@pytest.mark.parametrize("name", [rule.id for rule in alarms.load_rules() if rule.condition == "local_bit"])
def test_an_alarm_that_may_be_over_is_told_in_the_past(name: str) -> None:
    """Protects honesty: what the kit no longer reports is not told as if it were so now."""
    alarm = alarms.texts(make_alarm(name, note="returned_unconfirmed"), full())
    assert alarm.is_returned
    assert alarm.title["nl"].startswith("Gemeld hersteld: ")
    assert alarm.what["nl"].endswith("Gemeld hersteld, niet bevestigd.")
    assert alarm.what["nl"] != alarms.texts(make_alarm(name), full()).what["nl"]
    assert catalogue().alarms[name]["nl"].what_returned
    assert "vraag Buurthuis De Linde of dit klopt" in alarm.todo["nl"]


@pytest.mark.parametrize(
    ("role", "fault"), [("logistiek: nacht", "must begin with a capital"), (None, "has no name")]
)
def test_roles_are_checked_at_load(tmp_path: Path, role: str | None, fault: str) -> None:
    """Protects a region's own names: a role that no task can begin with is told at once, by its place."""
    names = {**catalogue().roles["nl"], "cp_logistiek": role}
    lines = [f'{key} = "{name}"' for key, name in names.items() if name is not None]
    (tmp_path / "roles.toml").write_text("\n".join(["[nl]", *lines, "[en]", *lines]))
    (tmp_path / "alarm_texts.toml").write_text((PACKAGED.parent / "alarm_texts.toml").read_text())
    with pytest.raises(ConfigError, match=fault) as caught:
        catalogue(tmp_path)
    assert "cp_logistiek" in str(caught.value)


def test_both_languages_have_the_same_gaps() -> None:
    """Protects the translation: what is told in Dutch is told in English, for every alarm."""
    roles = set(catalogue().roles["nl"])
    for name, text in catalogue().alarms.items():
        gaps = {
            language: {gap for _, gap, _, _ in Formatter().parse(one.title + one.what + one.todo) if gap}
            - roles
            for language, one in text.items()
        }
        assert gaps["nl"] == gaps["en"], name
    assert catalogue().roles["nl"].keys() == catalogue().roles["en"].keys()
