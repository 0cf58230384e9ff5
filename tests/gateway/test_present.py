"""The page around the rows: bars, headline, summary, order, fold and words."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from nspgateway import alarm_boxes, cells, i18n, present, words
from nspgateway.authenticate import Refusal
from nspgateway.ports import PortError
from nspgateway.view import Point, Reading
from page_sample import ARK, KUIL, LINDE, NOW, SILENT, ZUID, forecast, overview

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
    kuil, linde = replace(KUIL, litres_needed=None), replace(LINDE, litres_needed=11.3)
    state = overview(points=(kuil, ZUID, linde, ARK))
    assert {fact.id: fact.text for fact in present.page(state, NL).summary} == {
        "open": "3 van 4, 1 beperkt",
        "no_power": "geen punt, onbekend bij 1 punt",
        "silent": "Sporthal De Kuil",
        "first": "Dorpshuis Zuid, rond 06:34",
        "unclear": "Sporthal De Kuil",
        "litres": "11 l diesel, onbekend bij 1 punt",
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


def test_what_only_looks_like_a_role_is_no_task_of_its_own() -> None:
    """The litres that logistics has to bring stand with logistics, not as if somebody were called "Nodig"."""
    todo = (
        "Logistiek: plan tanken vóór 05:15. Nodig: 21 liter diesel. Noodsteunpunt: zet uit wat niet nodig is."
    )
    assert alarm_boxes.tasks(todo) == (
        alarm_boxes.Task("Logistiek", "Plan tanken vóór 05:15. Nodig: 21 liter diesel."),
        alarm_boxes.Task("Noodsteunpunt", "Zet uit wat niet nodig is."),
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
    (bar,) = present.head(overview(modem_ok=False, modem_reason="/dev/modem: losgekoppeld"), NL).bars
    assert bar.text.startswith("Wij horen sinds vr 15 jan 21:10 geen enkel punt.")
    assert bar.reason == "Reden: /dev/modem: losgekoppeld"
    assert page.headline == "2 open alarmen · 1 punt zonder contact · ontvanger werkt niet"
    assert present.head(overview(), NL).bars == ()


def test_reason_of_a_deaf_receiver_is_in_the_language_of_the_page() -> None:
    """Every cause of a port has a sentence; the log's English words stay in the log."""
    state = overview(modem_ok=False, modem_cause="lost", modem_reason="the modem went away")
    assert present.head(state, NL).bars[0].reason == "Reden: De ontvanger is losgekoppeld."
    assert present.head(state, EN).bars[0].reason == "Reason: The receiver was unplugged."
    causes = {error.cause for error in _family(PortError)}
    assert causes == words.MODEM_CAUSES.keys()


def _family(error: type[PortError]) -> list[type[PortError]]:
    return [error, *(one for child in error.__subclasses__() for one in _family(child))]


def test_a_receiver_that_starts_up_is_no_alarm() -> None:
    """The first seconds of the gateway do not cry wolf, and do not claim that all is well either."""
    page = present.page(overview(modem_ok=False, modem_cause="starting", modem_reason="not started"), NL)
    assert (
        present.head(overview(modem_ok=False, modem_cause="starting", modem_reason="not started"), NL).bars
        == ()
    )
    modem = next(fact for fact in page.system if fact.id == "modem")
    assert (modem.text, modem.level) == ("start op", "")
    assert page.headline.endswith("ontvanger start op")


def test_no_open_alarms_is_never_said_alone_while_we_do_not_know() -> None:
    """No alarm and no contact is no good news: the headline says both."""
    quiet = overview(alarms=(), points=(KUIL, replace(KUIL, slug="b"), ARK))
    assert present.page(quiet, NL).headline == "Geen open alarmen · 2 punten zonder contact"
    assert present.page(overview(alarms=(), points=(ARK,)), NL).headline == "Geen open alarmen"
    page = present.page(overview(alarms=(), points=(ARK,), store_problem="disk full"), NL)
    assert page.headline == "Geen open alarmen · opslaan lukt niet"
    full = present.head(overview(alarms=(), points=(ARK,), store_problem="disk full"), NL)
    assert full.bars[0].id == "store"
    late = present.head(overview(clock_behind_s=7300.0), NL)
    assert "2 uur 1 min achter" in late.bars[0].text


def test_a_critical_alarm_is_never_folded_away() -> None:
    """With any number of alarms, every one that must be dealt with now is shown in full."""
    high = overview().alarms[-1]
    critical = replace(high, priority="critical")
    eight = overview(alarms=(critical,) * 7 + (high,))
    page = present.page(eight, NL)
    assert len(page.alarms) == 7
    assert len(page.more_alarms) == 1
    seen = present.page(overview(alarms=(replace(critical, is_returned=True), *(high,) * 7)), NL)
    assert len(seen.alarms) == present.ALARMS_IN_FULL


def test_closed_points_stand_under_a_fold_with_their_number() -> None:
    """A point in the store room takes no place above, is not called silent, and says that this is fine."""
    stored = replace(KUIL, slug="stored", deployment="stored", fuel=forecast(1, 2, 3), alarms=())
    page = present.page(overview(points=(ARK, LINDE, stored), alarms=()), NL)
    assert [found.slug for found in page.rows] == ["de-ark", "de-linde"]
    assert [found.slug for found in page.closed_rows] == ["stored"]
    assert page.closed == "1 punt gesloten of in opslag"
    (below,) = page.closed_rows
    assert below.sentence is not None
    assert below.sentence.text == "In opslag. Geen contact is nu geen probleem."
    facts = {fact.id: fact.text for fact in page.summary}
    assert (facts["open"], facts["silent"], facts["unclear"]) == ("2 van 2", "geen punt", "geen punt")
    assert facts["first"] == "Buurthuis De Linde, rond 09:58"
    assert page.headline == "Geen open alarmen"
    alone = present.page(overview(points=(stored,)), NL)
    assert ([found.slug for found in alone.rows], alone.closed_rows) == (["stored"], ())


def test_first_to_run_dry_is_never_on_the_grid() -> None:
    """Hours that count only if the grid fails are no reason to send fuel."""
    grid = replace(ARK, fuel=forecast(1, 2, 3))

    def first(*points: Point) -> str:
        page = present.page(overview(points=points), NL)
        return next(fact.text for fact in page.summary if fact.id == "first")

    assert first(grid, LINDE) == "Buurthuis De Linde, rond 09:58"
    assert first(grid) == "geen schatting"


def test_an_alarm_that_may_be_over_looks_like_one() -> None:
    """What nobody has confirmed as over stays in the list, without the colour of what holds now."""
    box = alarm_boxes.alarm_box(NL, replace(SILENT, is_returned=True), {}, NOW)
    assert (box.priority, box.word, box.response) == ("returned", "Hersteld?", "niet bevestigd")


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
    outcomes = {*get_args(Refusal), "replay", "duplicate", "not_stored", "unsure", "undecodable"}
    assert outcomes <= words.REFUSALS.keys()


def test_banner_names_the_speed() -> None:
    """A page whose clock runs fast can never be taken for the real thing."""
    assert present.banner("DEMO", 60, NL)[0] == "DEMO x60"
    assert present.banner("DEMO x60", 60, NL)[0] == "DEMO x60"
    assert present.banner(None, 60, NL)[0] == "DEMO x60"
    assert present.banner("DEMO", 60, NL)[1].endswith("Eén seconde hier is 1 min op deze pagina.")
    assert present.banner(None, 1, NL) == ("", "")


def test_every_word_has_its_dutch() -> None:
    """No English sentence slips into the Dutch page, and no dead one stays in the catalogue."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    used = {found[2] for found in extract_from_dir(PACKAGE, method_map=methods)}
    translated = {message.id for message in _dutch() if message.string}
    assert translated == used


def test_nothing_is_translated_twice() -> None:
    """A word stands in one catalogue: two would differ one day, and which one counts would be chance."""
    ids = [message.id for message in _dutch()]
    assert sorted({str(one) for one in ids if ids.count(one) > 1}) == []


def _dutch() -> list[Message]:
    """Every translated message of all areas."""
    found = []
    for path in sorted((i18n.LOCALE_DIR / "nl" / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            found += [message for message in read_po(file) if message.id]
    return found


def test_placeholders_survive_translation() -> None:
    """A translated sentence asks for the same values as its English one."""
    assert not [str(message.id) for message in _dutch() if list(message.check())]


def test_every_shape_is_drawn() -> None:
    """A state whose shape is missing would be told by colour alone."""
    drawn = (PACKAGE / "templates" / "shapes.svg").read_text()
    used = {word.shape for table in (words.STATUSES, words.DEPLOYMENTS) for word in table.values()}
    used |= {shape for shape, _word, _response in words.PRIORITIES.values()}
    assert not [shape for shape in used if f'id="shape-{shape}"' not in drawn]
