from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from nspgateway import alarm_boxes, cells, hours, i18n, present, words
from nspgateway.authenticate import Refusal
from nspgateway.view import Point, Quality, Reading
from page_sample import ARK, KUIL, LINDE, NOW, SILENT, ZUID, forecast, overview, reading

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
    assert made["heard"].text == "nog nooit"


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


def test_hours_left_have_clock_range_reason_and_age() -> None:
    """No hours-left figure stands without its range, its reason and its age."""
    cell = row(NL, LINDE)["hours"]
    assert (cell.text, cell.figure, cell.value) == ("09:58", "nog 7 tot 9 uur", "7.80")
    assert cell.lines == ("tussen 09:16 en 11:04", "brandstof, uit verbruik")
    assert cell.age == "1 min geleden gemeten"


def test_hours_left_next_day_say_the_date() -> None:
    """A clock time of tomorrow is never read as one of today."""
    point = replace(LINDE, fuel=forecast(20, 26, 40))
    assert row(NL, point)["hours"].lines[0] == "zo 17 jan"
    assert "tussen 22:10 " not in row(NL, point)["hours"].lines[1]


def test_forecast_on_unknown_reading_is_marked() -> None:
    """A forecast that goes on without its measurement says that it rests on an old one."""
    point = replace(KUIL, fuel=forecast(3, 5, 8, 3360))
    cell = row(NL, point)["hours"]
    assert cell.quality == "stale"
    assert cell.age == "schatting op oude meting (01:14), 56 min geleden"


def test_stock_that_is_empty_first_comes_first() -> None:
    """With fuel and battery the earlier end is the big figure, the other one a line."""
    cell = row(NL, replace(LINDE, battery=forecast(1, 2, 3)))["hours"]
    assert cell.value == "2.00"
    assert cell.lines[-1] == "brandstof: rond 09:58, nog 7 tot 9 uur"


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
    assert row(NL, KUIL)["status"].lines == ("Sinds 01:14 weten we niet hoe het daar is.",)
    assert row(NL, KUIL)["link"].lines == ("sinds 01:14",)


def test_unknown_status_says_what_is_not_known() -> None:
    """A point that is not called normal names the values that keep it from being so."""
    point = replace(ARK, status="unknown")
    stale = with_reading(point, "fuel_permille", reading(900, 900, "stale"))
    unknown = with_reading(stale, "power_source", reading(None, 3600, "unknown"))
    assert row(NL, unknown)["status"].lines == ("onbekend: stroombron",)
    assert row(NL, stale)["status"].lines == ("oude meting: brandstof",)
    assert row(NL, replace(point, kit_address=None, last_heard=None))["status"].lines == ("Zonder kit",)


def test_order_of_points_and_alarms_is_kept() -> None:
    """The first row is the first task: the page never reorders."""
    page = present.page(overview(), NL)
    assert [found.slug for found in page.rows] == ["de-kuil", "zuid", "de-linde", "de-ark"]
    assert [box.id for box in page.alarms] == ["site_silent", "fuel_low"]


def test_columns_follow_the_cells() -> None:
    """Every cell stands under its own heading."""
    page = present.page(overview(), NL)
    assert [field for field, _heading in page.columns][1:] == [cell.field for cell in page.rows[0].cells]


def test_summary_answers_at_once() -> None:
    """Who runs dry first and who is silent stand above all else."""
    facts = {fact.id: fact.text for fact in present.page(overview(), NL).summary}
    assert facts == {
        "first": "Dorpshuis Zuid, rond 06:34",
        "silent": "Sporthal De Kuil",
        "unclear": "Sporthal De Kuil",
    }


def test_alarm_box_says_how_soon_and_who() -> None:
    """The response time stands beside the word, and each task has its owner."""
    box = alarm_boxes.alarm_box(NL, SILENT, {"de-kuil": "Sporthal De Kuil"}, NOW)
    assert (box.word, box.response, box.since) == ("Kritiek", "nu", "sinds 01:29")
    assert box.tasks == (
        alarm_boxes.Task(
            "Medewerker", "Roep het punt op via portofoon kanaal 3. Geen antwoord binnen 15 minuten?"
        ),
        alarm_boxes.Task("Coördinator", "Stuur iemand langs."),
    )


@given(st.text(alphabet="ABab .?!:\n"))
def test_tasks_lose_no_text(todo: str) -> None:
    """However an alarm text is written, every letter of it reaches the officer, in order."""
    shown = "".join(f"{task.who}{task.what}" for task in alarm_boxes.tasks(todo))

    def letters(text: str) -> str:
        return "".join(text.replace(":", "").split()).upper()

    assert letters(shown) == letters(todo)


def test_deaf_receiver_is_told_apart_from_silence() -> None:
    """When our own modem is down the page says so, with the reason, and does not blame the points."""
    page = present.page(overview(modem_ok=False, modem_reason="/dev/modem: losgekoppeld"), NL)
    assert page.deaf.startswith("Wij horen sinds vr 15 jan 21:10 geen enkel punt.")
    assert page.deaf_reason == "Reden: /dev/modem: losgekoppeld"
    assert present.page(overview(), NL).deaf == ""


def test_refused_frames_are_counted_in_words() -> None:
    """Refused frames show by cause; causes that never happened do not."""
    refused = next(fact for fact in present.page(overview(), NL).system if fact.id == "refused")
    assert refused.text == "3"
    assert refused.counters == (("bad_tag", "verkeerde sleutel", 2), ("replay", "herhaald", 1))
    assert refused.level == ""


def test_frames_that_were_not_stored_stand_out() -> None:
    """A good frame that the gateway could not keep is our own fault, and looks like one."""
    page = present.page(overview(counters={"not_stored": 1}), NL)
    refused = next(fact for fact in page.system if fact.id == "refused")
    assert (refused.level, refused.counters[0][1]) == ("attention", "niet opgeslagen")


def test_every_outcome_has_words() -> None:
    """No internal word of the ingest reaches the officer."""
    outcomes = {*get_args(Refusal), "replay", "duplicate", "not_stored", "unsupported", "undecodable"}
    assert outcomes <= words.REFUSALS.keys()


def test_banner_names_the_speed() -> None:
    """A page whose clock runs fast can never be taken for the real thing."""
    assert present.banner("DEMO", 60, NL)[0] == "DEMO x60"
    assert present.banner("DEMO x60", 60, NL)[0] == "DEMO x60"
    assert present.banner(None, 60, NL)[0] == "DEMO x60"
    assert present.banner("DEMO", 60, NL)[1].endswith("Eén seconde hier is 1 min op deze pagina.")
    assert present.banner(None, 1, NL) == ("", "")


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


def test_every_word_has_its_dutch() -> None:
    """No English sentence slips into the Dutch page, and no dead one stays in the catalogue."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    used = {found[2] for found in extract_from_dir(PACKAGE, method_map=methods)}
    with (i18n.LOCALE_DIR / "nl" / "LC_MESSAGES" / "nspgateway.po").open("rb") as file:
        catalogue = read_po(file)
    translated = {message.id for message in catalogue if message.id and message.string}
    assert translated == used


def test_placeholders_survive_translation() -> None:
    """A translated sentence asks for the same values as its English one."""
    with (i18n.LOCALE_DIR / "nl" / "LC_MESSAGES" / "nspgateway.po").open("rb") as file:
        faults = [str(message.id) for message in read_po(file) if list(message.check())]
    assert not faults


def test_every_shape_is_drawn() -> None:
    """A state whose shape is missing would be told by colour alone."""
    drawn = (PACKAGE / "templates" / "shapes.svg").read_text()
    used = {word.shape for table in (words.STATUSES, words.DEPLOYMENTS) for word in table.values()}
    used |= {shape for shape, _word, _response in words.PRIORITIES.values()}
    assert not [shape for shape in used if f'id="shape-{shape}"' not in drawn]
