"""How charts come about: what is drawn, where a line stops, and what is said of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nspgateway import charts, histories, i18n, trend
from nspgateway.people import FuelEntry
from nspgateway.trend import Gap, Past, Run, Span, Window
from page_sample import NOW
from point_facts import make_point

LANGUAGES = i18n.load_languages()
NL, EN = LANGUAGES["nl"], LANGUAGES["en"]
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
WINDOW = Window(NOW - 6 * HOUR, NOW, 5 * MINUTE, 15 * MINUTE)
VITAL = {
    "fuel_permille": 500,
    "generator_state": "running",
    "battery_permille": 800,
    "load_w": 2000,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "good",
}


def at(minutes: float) -> datetime:
    """So many minutes before NOW."""
    return NOW - minutes * MINUTE


def every(minutes: int, begin: int, end: int = 0) -> list[datetime]:
    """Moments from ``begin`` to ``end`` minutes before NOW."""
    return [at(minute) for minute in range(begin, end - 1, -minutes)]


def test_a_line_goes_on_as_long_as_readings_come() -> None:
    """A normal night is one line without a hole, with its ends and its extremes."""
    line = trend.line([(when, 50.0 + n) for n, when in enumerate(every(5, 370))], WINDOW)
    assert len(line.pieces) == 1
    assert line.gaps == ()
    assert line.first == (52.0, at(360))
    assert line.last == line.high == (124.0, NOW)


def test_silence_is_a_hole_and_no_stroke() -> None:
    """Between two readings further apart than they are valid nothing is drawn: a stroke would be a guess."""
    samples = [(when, 50.0) for when in (*every(5, 360, 180), *every(5, 120))]
    line = trend.line(samples, WINDOW)
    assert len(line.pieces) == 2
    assert line.gaps == (Gap(at(180), at(120)),)
    assert not [dot for piece in line.pieces for dot in piece if at(178) < dot.at < at(122)]


def test_one_lost_message_is_no_hole() -> None:
    """What the page called old and not unknown at that time, the chart does not call a hole either."""
    line = trend.line([(when, 50.0) for when in every(10, 360)], WINDOW)
    assert (len(line.pieces), line.gaps) == (1, ())


def test_a_reading_nobody_vouched_for_ends_the_line() -> None:
    """A kit that is heard but does not know the level leaves a hole from the moment that it says so."""
    samples = [(when, None if at(100) <= when <= at(50) else 50.0) for when in every(5, 360)]
    line = trend.line(samples, WINDOW)
    assert line.gaps == (Gap(at(100), at(45)),)
    assert len(line.pieces) == 2


def test_what_is_silent_now_shows_it() -> None:
    """The right end of a chart is now: a point that fell silent ends in a hole, not in a line that looks live."""
    line = trend.line([(when, 50.0) for when in every(5, 360, 60)], WINDOW)
    assert line.gaps == (Gap(at(60), NOW),)
    assert line.last == (50.0, at(60))


def test_nothing_known_is_one_hole() -> None:
    """A point that was never heard has an empty chart, with no value in it, least of all 0."""
    for samples in ([], [(at(10), None)], [(at(500), 50.0)]):
        line = trend.line(samples, WINDOW)
        assert line.pieces == ()
        assert line.gaps == (Gap(WINDOW.since, NOW),)
        assert line.first is line.low is line.high is None


@given(st.lists(st.tuples(st.integers(0, 500), st.one_of(st.none(), st.floats(-100, 100))), max_size=60))
def test_lines_and_holes_never_overlap(told: list[tuple[int, float | None]]) -> None:
    """Whatever is known and when: every reading lies within its extremes, and no dot lies in a hole."""
    line = trend.line(
        [(at(minute), value) for minute, value in sorted(told, key=lambda one: -one[0])], WINDOW
    )
    dots = [dot for piece in line.pieces for dot in piece]
    assert all(dot.low <= dot.mean + 1e-6 and dot.mean <= dot.high + 1e-6 for dot in dots)
    assert not [(dot, gap) for dot in dots for gap in line.gaps if gap.since < dot.at < gap.until]
    assert all(one.until <= other.since for one, other in pairwise(line.gaps))


def test_a_state_lasts_until_it_is_no_longer_valid() -> None:
    """A generator that ran when the point fell silent is not said to have run all night."""
    found = trend.runs([(at(400), "stopped"), (at(355), "running"), (at(350), "running")], WINDOW)
    assert found == (
        Run(at(360), at(355), None),
        Run(at(355), at(335), "running"),
        Run(at(335), NOW, None),
    )


def test_time_in_a_state_is_told_of_known_time_only() -> None:
    """Half an hour of which nothing is known counts neither as running nor as standing still."""
    found = trend.runs([(when, "running") for when in every(5, 300, 240)], WINDOW)
    on = frozenset({"running"})
    assert trend.lasted(found, on, at(300), at(240)) == HOUR
    assert trend.lasted(found, on, at(360), at(300)) is None
    assert trend.lasted(found, frozenset({"fault"}), at(300), at(240)) == timedelta(0)


def test_the_sentence_names_ends_extremes_and_holes() -> None:
    """Who cannot see the picture learns the same from its sentence, in Dutch figures."""
    samples = [(when, 10.5 if when == at(200) else 45.0) for when in (*every(5, 360, 180), *every(5, 120))]
    line = trend.line(samples, WINDOW)
    chart = charts.of_line(NL, ("fuel", "Brandstof"), line, charts.Scale(0, 100, "%", 1), WINDOW)
    assert chart.summary == (
        "Van 45,0 % naar 45,0 % (laatste meting 02:10). Laagste 10,5 % (vr 22:50)."
        " Hoogste 45,0 % (vr 20:10)."
        " Geen metingen van vr 23:10 tot 00:10."
    )
    assert (chart.scale, len(chart.holes), len(chart.strokes)) == (("100 %", "50 %", "0 %"), 1, 2)


def test_an_empty_chart_says_so() -> None:
    """A chart without readings says that there are none, and gives no figure."""
    chart = charts.of_line(NL, ("fuel", "Brandstof"), trend.line([], WINDOW), charts.percent(), WINDOW)
    assert chart.summary == "Geen metingen in deze tijd."
    assert (chart.strokes, chart.bands) == ((), ())


def test_runs_say_how_long_and_how_often() -> None:
    """How long a set ran is told with how often, and with what is not known."""
    told = [(when, "running" if when > at(90) else "stopped") for when in every(5, 370)]
    told = [(when, "running" if at(300) <= when < at(240) else word) for when, word in told]
    chart = charts.of_runs(NL, ("generator", "Aggregaat"), trend.runs(told, WINDOW), WINDOW)
    assert chart.summary == "Draaide 2 uur 25 min, voor zover bekend, in 2 keer."
    assert {box.word for box in chart.boxes} == {"running", "stopped"}


@pytest.mark.parametrize(
    ("highest", "top", "text"),
    [(None, 1, "1 kW"), (0.4, 1, "1 kW"), (2.6, 3, "3 kW"), (41.0, 50, "50 kW")],
)
def test_scales_end_at_a_round_figure(highest: float | None, top: float, text: str) -> None:
    """A scale that people read at a glance, never one that a value sticks out of."""
    scale = charts.from_zero(highest, "kW")
    assert (scale.high, scale.label(NL, scale.high)) == (top, text)


def test_every_path_stays_in_its_picture() -> None:
    """A value beyond the scale, or a moment at the edge, is drawn at the edge and not outside it."""
    scale = charts.percent()
    assert (scale.y(-5), scale.y(120), scale.y(50)) == (charts.HEIGHT, 0, charts.HEIGHT / 2)


def past(minutes: int, **fields: object) -> Past:
    return Past(at(minutes), {**VITAL, **fields}, 5.0)  # type: ignore[dict-item]  # what a frame has


def test_a_point_shows_what_it_has() -> None:
    """A point without a battery or a meter has no chart of one: an empty one would look like trouble."""
    config = make_point(devices=("generator",))
    history = histories.build(NL, config, [past(n) for n in range(360, -1, -5)], trend.SPANS["6h"], NOW, 9)
    assert [chart.id for chart in history.charts] == ["fuel", "generator", "link"]
    assert history.columns == tuple(chart.title for chart in history.charts)
    assert len(history.rows) == 12


def test_a_device_that_is_not_vouched_for_is_not_drawn() -> None:
    """A level that the kit repeats while its gauge is silent is old, and does not go on as a line."""
    told = [past(n, q_tank="good" if n > 60 else "stale") for n in range(360, -1, -5)]
    history = histories.build(NL, make_point(), told, trend.SPANS["6h"], NOW, 9)
    fuel = next(chart for chart in history.charts if chart.id == "fuel")
    assert "Geen metingen sinds 01:10." in fuel.summary
    newest = history.rows[0][1][history.columns.index(fuel.title)]
    assert newest == "geen metingen"


def test_what_people_entered_stands_in_the_chart_of_fuel() -> None:
    """A dip and a refuelling are marks of their own beside the gauge's line, and stand in its sentence."""
    entered = [
        FuelEntry("dip", 12.0, at(400)),
        FuelEntry("dip", 24.5, at(90)),
        FuelEntry("refuel", 20.0, at(30)),
    ]
    told = [past(n) for n in range(360, -1, -5)]
    config = make_point(tank_litres=49.0)
    fuel = histories.build(NL, config, told, trend.SPANS["6h"], NOW, 9, entered).charts[0]
    assert fuel.summary.endswith("Met de hand: peiling 24,5 l (00:40), 20,0 l getankt (01:40).")
    assert fuel.dips == ("M450 60h0.01",)
    assert fuel.fills == ("M550 0V120",)


@pytest.mark.parametrize("span", trend.SPANS.values(), ids=trend.SPANS)
@pytest.mark.parametrize("lang", [NL, EN], ids=["nl", "en"])
def test_every_span_is_drawn_in_a_bounded_number_of_dots(span: Span, lang: i18n.Language) -> None:
    """A week of a busy kit makes a picture of the same size as a quiet morning."""
    minutes = int(span.length / MINUTE)
    told = [past(n, load_w=n % 7000) for n in range(minutes, -1, -3)]
    history = histories.build(lang, make_point(), told, span, NOW, 9)
    assert all(len(path) < 4000 for chart in history.charts for path in (*chart.strokes, *chart.bands))
    assert 10 <= len(history.rows) <= 15
