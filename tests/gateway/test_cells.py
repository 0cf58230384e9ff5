"""The cells of a row: what is said, how sure, how old; in both languages."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nspgateway import cells, hours, i18n, present, words
from nspgateway.view import Doubt, Point, Quality, Reading
from nsplink.fields import SELF_TESTS
from page_sample import ARK, KUIL, LINDE, NOW, ZUID, forecast, overview, reading

LANGUAGES = i18n.load_languages()
NL, EN = LANGUAGES["nl"], LANGUAGES["en"]
PACKAGE = Path(i18n.__file__).parent


def with_reading(point: Point, name: str, value: Reading) -> Point:
    return replace(point, readings=point.readings | {name: value})


def row(lang: i18n.Language, point: Point) -> dict[str, cells.Cell]:
    page = present.page(overview(points=(point,)), lang)
    return {cell.field: cell for cell in page.rows[0].cells}


def words_of(cell: cells.Cell) -> str:
    return " ".join((cell.text, cell.figure, *cell.lines, cell.age))


def test_good_values_in_dutch() -> None:
    """A fresh value stands with its unit, a decimal comma and its age."""
    made = row(NL, LINDE)
    assert made["fuel"].text == "20 l diesel"
    assert made["fuel"].lines == ("50 %",)
    assert made["fuel"].age == "1 min geleden"
    assert (made["fuel"].value, made["fuel"].quality, made["fuel"].age_s) == ("495", "good", 60)
    assert (made["battery"].text, made["battery"].lines) == ("81 %", ("laadt",))
    assert (made["load"].text, made["load"].lines) == ("7,8 kW", ("van 10,0 kW",))
    assert made["generator"].text == "Draait"
    assert made["source"].text == "Aggregaat"
    assert made["status"].lines == ("Brandstof wordt laag",)
    assert (made["link"].text, made["heard"].text) == ("Goed", "1 min geleden")


def test_good_values_in_english() -> None:
    """English is complete: no Dutch word is left in a row."""
    made = row(EN, LINDE)
    assert made["fuel"].text == "20 l diesel"
    assert made["fuel"].age == "1 min ago"
    assert made["battery"].lines == ("charging",)
    assert (made["load"].text, made["load"].lines) == ("7.8 kW", ("of 10.0 kW",))
    assert made["generator"].text == "Running"
    assert made["hours"].figure == "7 to 9 h left"
    assert made["status"].lines == ("Fuel getting low",)


def test_stale_value_says_old_and_when() -> None:
    """An old value may be shown only with the word old, its clock time and its age."""
    assert row(NL, ZUID)["fuel"].age == "oude meting (01:56), 14 min geleden"
    assert row(EN, ZUID)["fuel"].age == "old reading (01:56), 14 min ago"
    assert row(NL, ZUID)["fuel"].quality == "stale"


@pytest.mark.parametrize("field", ["fuel", "load", "generator", "source"])
def test_unknown_is_a_word_without_a_number(field: str) -> None:
    """Unknown is never 0, never the old value, and keeps the age of the last good one."""
    for lang, word in ((NL, "onbekend"), (EN, "unknown")):
        cell = row(lang, KUIL)[field]
        assert (cell.text, cell.value, cell.quality, cell.age_s) == (word, "", "unknown", 3360)
    assert row(NL, KUIL)["fuel"].age == "56 min geleden voor het laatst gemeten"
    assert row(EN, KUIL)["fuel"].age == "last measured 56 min ago"


def test_age_of_unknown_grows() -> None:
    """While a value stays unknown its age goes on."""
    ages = [cells.fuel(NL, KUIL, NOW + timedelta(minutes=minutes)).age_s for minutes in (0, 1, 200)]
    assert ages == [3360, 3420, 15360]


def test_never_read_is_unknown() -> None:
    """A point that has sent nothing yet shows unknown everywhere, and says why."""
    made = row(NL, replace(ARK, status="unknown", readings={}, last_heard=None, link="none"))
    assert {cell.text for field, cell in made.items() if field in {"fuel", "battery", "load"}} == {"onbekend"}
    assert made["fuel"].age == "nog nooit gemeten"
    assert made["status"].lines == ("Nog geen bericht ontvangen.",)
    assert (made["heard"].text, made["link"].text) == ("nog nooit", "onbekend")
    without_kit = row(NL, replace(ARK, status="unknown", kit_address=None, link="none"))
    assert (without_kit["link"].text, without_kit["status"].lines) == ("Zonder kit", ("Zonder kit",))


def test_no_device_is_not_unknown() -> None:
    """A point without a battery raises no question about it."""
    cell = row(NL, KUIL)["battery"]
    assert (cell.text, cell.quality, cell.value, cell.age) == ("Geen", "none", "", "")


@given(value=st.none() | st.integers(0, 1000), quality=st.sampled_from(["good", "stale", "unknown", "none"]))
def test_no_number_without_knowledge(value: int | None, quality: Quality) -> None:
    """Whatever comes in, only a good or stale value puts a number on the screen, and then with its age."""
    cell = cells.battery(NL, with_reading(ARK, "battery_permille", reading(value, 60, quality)), NOW)
    shown = value is not None and quality in {"good", "stale"}
    assert any(letter.isdigit() for letter in cell.text) == shown
    assert (cell.value == str(value)) == shown
    assert not shown or cell.age


def test_a_real_zero_is_shown_as_zero() -> None:
    """Zero kilowatt that was measured is a value like any other."""
    cell = cells.load(NL, with_reading(LINDE, "load_w", reading(0)), NOW)
    assert (cell.text, cell.value, cell.quality) == ("0,0 kW", "0", "good")


@pytest.mark.parametrize(
    ("state", "mode", "alarms", "text"),
    [
        ("running", "auto", 0, "Draait"),
        ("cooling", "auto", 0, "Draait"),
        ("starting", "auto", 0, "Start"),
        ("stopped", "auto", 0, "Staat klaar"),
        ("stopped", "off", 0, "Niet klaar"),
        ("stopped", "manual", 0, "Niet klaar"),
        ("stopped", None, 0, "Staat stil"),
        ("stopped", "auto", 1 << 1, "Niet klaar"),
        ("stopped", "auto", 1 << 11, "Niet klaar"),
        ("stopped", "auto", 1 << 0, "Storing"),
        ("fault", "auto", 0, "Storing"),
        ("none", None, 0, "Geen"),
    ],
)
def test_generator_words(state: str, mode: str | None, alarms: int, text: str) -> None:
    """Ready is said only of a set that is known to start by itself."""
    point = with_reading(LINDE, "generator_state", reading(state))
    point = with_reading(point, "generator_mode", reading(mode, 60, "unknown" if mode is None else "good"))
    assert cells.generator(NL, with_reading(point, "alarms", reading(alarms)), NOW).text == text


def test_hours_left_have_clock_range_stock_and_age() -> None:
    """No hours-left figure stands without its range, what it is of, and its age; the point's page says why, too."""
    cell = row(NL, LINDE)["hours"]
    assert (cell.text, cell.figure, cell.value) == ("09:58", "nog 7 tot 9 uur", "7.80")
    assert (cell.lines, cell.condition) == (("tussen 09:16 en 11:04",), "")
    assert cell.age == "brandstof, 1 min geleden"
    assert hours.reasoned(NL, LINDE, NOW).lines == ("tussen 09:16 en 11:04", "uit verbruik")


def test_hours_left_on_the_grid_are_conditional() -> None:
    """While the grid carries the load, no screen shows an end that only comes when the grid fails as if it were near."""
    cell = row(NL, with_reading(LINDE, "power_source", reading("grid")))["hours"]
    assert (cell.text, cell.condition) == ("09:58", "als het net nu uitvalt")


def test_fuel_that_nothing_burns_is_no_power() -> None:
    """A full tank at a point without power never reads as hours left."""
    dark = with_reading(LINDE, "power_source", reading("none"))
    cell = row(NL, dark)["hours"]
    assert (cell.text, cell.figure, cell.level) == ("nu geen stroom", "", "critical")
    assert hours.reasoned(NL, dark, NOW) == cell


def test_hours_left_next_day_say_the_date() -> None:
    """A clock time of tomorrow is never read as one of today."""
    point = replace(LINDE, fuel=forecast(20, 26, 40))
    assert row(NL, point)["hours"].text == "zo 04:10"
    assert row(NL, point)["hours"].lines == ("tussen 22:10 en zo 17 jan 18:10",)
    assert row(NL, replace(LINDE, fuel=forecast(100, 170, 200)))["hours"].text == "23 jan 04:10"
    tomorrow = row(NL, replace(LINDE, fuel=forecast(26, 30, 32)))["hours"]
    assert tomorrow.lines == ("tussen zo 17 jan 04:10 en 10:10",)


def test_forecast_on_unknown_reading_is_marked() -> None:
    """A forecast that goes on without its measurement says that it rests on an old one."""
    point = replace(KUIL, fuel=forecast(3, 5, 8, 3360))
    cell = row(NL, point)["hours"]
    assert cell.quality == "stale"
    assert cell.age == "brandstof, schatting op oude meting (01:14), 56 min geleden"


def test_stock_that_is_empty_first_comes_first() -> None:
    """With fuel and battery the earlier end is the big figure, the other one a line."""
    cell = row(NL, replace(LINDE, battery=forecast(1, 2, 3)))["hours"]
    assert cell.value == "2.00"
    assert cell.lines[-1] == "brandstof: rond 09:58, nog 7 tot 9 uur"


def test_on_the_battery_an_empty_tank_is_not_the_end() -> None:
    """The lights are on until the battery is empty: that is the hour to act by, and the tank is said to be empty."""
    point = with_reading(
        replace(LINDE, fuel=forecast(0, 0, 0), battery=forecast(1, 2, 3)), "power_source", reading("battery")
    )
    cell = row(NL, point)["hours"]
    assert (cell.value, cell.lines[-1]) == ("2.00", "brandstof: waarschijnlijk nu leeg")


def test_without_forecast_only_the_grid_reassures() -> None:
    """No forecast is unknown, unless fresh news says that the grid carries the load."""
    assert row(NL, ARK)["hours"].text == "loopt nu niet leeg"
    old_grid = with_reading(ARK, "power_source", reading("grid", 900, "stale"))
    assert row(NL, old_grid)["hours"].text == "onbekend"
    assert row(NL, KUIL)["hours"].text == "onbekend"
    dark = with_reading(ARK, "power_source", reading("none"))
    assert (row(NL, dark)["hours"].text, row(NL, dark)["hours"].level) == ("nu geen stroom", "critical")


@pytest.mark.parametrize(
    ("low", "likely", "high", "nl", "en"),
    [
        (7.1, 7.8, 8.9, "nog 7 tot 9 uur", "7 to 9 h left"),
        (1.2, 1.9, 2.6, "nog 1 tot 3 uur", "1 to 3 h left"),
        (1.6, 1.9, 2.4, "nog 1,5 tot 2,5 uur", "1.5 to 2.5 h left"),
        (0.5, 0.7, 1.1, "nog 30 tot 70 min", "30 to 70 min left"),
        (0, 0, 0, "waarschijnlijk nu leeg", "probably empty now"),
        (80, 90, 100, "nog 3 tot 5 dagen", "3 to 5 days left"),
    ],
)
def test_range_is_rounded_outwards(low: float, likely: float, high: float, nl: str, en: str) -> None:
    """Rounding never promises more, nor a narrower range, than the forecast."""
    assert hours.left(NL, forecast(low, likely, high)) == nl
    assert hours.left(EN, forecast(low, likely, high)) == en


def test_silent_point_never_sounds_fine() -> None:
    """A point we do not hear says that we do not know, and no word of its row says normal."""
    for lang, fine in ((NL, {"normaal", "goed"}), (EN, {"normal", "good"})):
        made = row(lang, KUIL)
        assert not fine & set(" ".join(words_of(cell) for cell in made.values()).lower().split())
    assert row(NL, KUIL)["status"].text == "Geen contact"
    assert row(NL, KUIL)["status"].lines == ("sinds 01:14",)
    assert row(NL, KUIL)["link"].lines == ("sinds 01:14",)


def test_unknown_status_says_what_is_not_known() -> None:
    """A point that is not called normal names the values that keep it from being so."""
    point = replace(ARK, status="unknown")
    stale = with_reading(point, "fuel_permille", reading(900, 900, "stale"))
    unknown = with_reading(stale, "power_source", reading(None, 3600, "unknown"))
    assert row(NL, unknown)["status"].lines == ("onbekend: stroombron",)
    assert row(NL, stale)["status"].lines == ("oude meting: brandstof",)
    assert row(NL, replace(point, kit_address=None, last_heard=None))["status"].lines == ("Zonder kit",)


def test_an_age_in_the_future_is_not_known() -> None:
    """A clock that was set back makes nothing "0 s ago"."""
    later = NOW + timedelta(hours=2)

    def at(name: str, when: datetime) -> Point:
        return with_reading(LINDE, name, Reading(495, "good", when))

    cell = cells.fuel(NL, at("fuel_permille", later), NOW)
    assert (cell.age, cell.age_s) == ("tijd onbekend", None)
    assert cells.fuel(NL, at("fuel_permille", NOW + timedelta(seconds=4)), NOW).age == "0 s geleden"
    heard = cells.heard(NL, replace(LINDE, last_heard=later), NOW)
    assert (heard.text, heard.quality) == ("tijd onbekend", "unknown")
    silent = row(NL, replace(LINDE, last_heard=later, link="none", status="no_contact"))
    assert silent["status"].lines == ("Tijd onbekend: onze klok is teruggezet.",)
    assert silent["link"].lines == ()


@pytest.mark.parametrize("doubt", [word for word in get_args(Doubt) if word])
def test_every_doubt_has_words(doubt: Doubt) -> None:
    """A point that is kept from normal says why."""
    made = row(NL, replace(ARK, status="unknown", doubt=doubt))
    assert made["status"].lines == (NL.gettext(words.DOUBTS[doubt]),)
    assert words.DOUBTS.keys() == set(get_args(Doubt)) - {""}


def test_charging_is_told_as_now_only_when_it_is() -> None:
    """The current comes once an hour: beside a newer charge it has its own time, unless the source tells."""
    old = with_reading(LINDE, "battery_da", reading(124, 1800))
    assert row(NL, old)["battery"].lines == ("laadt om 01:40",)
    on_battery = with_reading(old, "power_source", reading("battery"))
    assert row(NL, on_battery)["battery"].lines == ("ontlaadt",)


def test_dates_are_dutch_local_time() -> None:
    """Stored in UTC, shown as the clock on the wall, also in summer."""
    assert NL.clock(NOW) == "02:10"
    assert NL.clock(NOW.replace(month=7)) == "03:10"
    assert NL.moment(NOW - timedelta(hours=3), NOW) == "vr 15 jan 23:10"
    assert EN.moment(NOW - timedelta(hours=3), NOW) == "Fri 15 Jan 23:10"


@pytest.mark.parametrize(
    ("seconds", "nl"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 uur 1 min"), (200000, "2 dagen")]
)
def test_duration_steps(seconds: int, nl: str) -> None:
    """Ages are exact where seconds count and coarse where they do not."""
    assert NL.duration(seconds) == nl


def test_a_failed_self_test_stands_beside_the_link():
    """Who sends a technician sees which part of the kit failed, in words, whether the kit is heard or not."""
    made = row(NL, replace(ARK, failed_parts=("radio", "cell")))["link"]
    assert (made.lines, made.level) == (("zelftest: fout in radio, eigen cel",), "attention")
    silent = row(NL, replace(KUIL, failed_parts=("cell",)))["link"]
    assert silent.lines == ("sinds 01:14", "zelftest: fout in eigen cel")
    assert set(words.SELF_TESTS) == set(SELF_TESTS)


def test_a_kit_in_storage_shows_whether_it_is_ready():
    """Who opens the cupboard in a blackout knows beforehand which kit will not work, and which nobody has heard."""

    def said(lang, days, **changes):
        at = None if days is None else NOW - timedelta(days=days)
        return row(lang, replace(KUIL, deployment="stored", ready_at=at, **changes))["link"].lines[1:]

    assert said(NL, 12) == ("gereed gemeld 4 jan",)
    assert said(EN, 12) == ("reported ready 4 Jan",)
    assert said(NL, 41) == ("niet gemeld sinds 6 dec",)
    assert said(EN, 400) == ("not reported since 12 Dec 2025",)
    assert said(NL, 12, failed_parts=("cell",)) == ("zelftest: fout in eigen cel",)
    assert said(NL, None) == ("nog niet gereed gemeld",)
    assert said(NL, -3) == ()
    assert row(NL, replace(KUIL, ready_at=NOW))["link"].lines == ("sinds 01:14",)
