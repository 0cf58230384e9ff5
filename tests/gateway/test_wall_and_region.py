"""The wall screen and the list of the region: every point in its order, nothing hidden without being counted."""

from dataclasses import replace
from datetime import timedelta

from nspgateway import i18n, region_list, wall
from page_sample import ARK, KUIL, LINDE, NOW, ZUID, forecast, overview, reading, readings

LANGUAGES = i18n.load_languages()
NL, EN = LANGUAGES["nl"], LANGUAGES["en"]


def test_the_wall_shows_what_is_most_urgent_and_counts_the_rest() -> None:
    """Protects who looks from afar: forty tiles in order, and a number for what found no room."""
    points = tuple(replace(LINDE, slug=f"p{n}") for n in range(43))
    stored = replace(KUIL, slug="stored", deployment="stored")
    made = wall.wall(overview(points=(*points, stored)), NL)
    assert [tile.row.slug for tile in made.tiles] == [f"p{n}" for n in range(40)]
    assert made.columns == 8
    assert made.rest == "3 minder dringende punten staan hier niet · 1 punt gesloten of in opslag"
    assert wall.wall(overview(points=()), NL).tiles == ()


def test_a_tile_never_shows_an_old_value_as_new() -> None:
    """Protects against a stale litre on a wall: its age stands beside it; what is not there is left out."""
    zuid, kuil = wall.wall(overview(points=(ZUID, KUIL)), NL).tiles
    assert [(fact.field, fact.text, fact.age) for fact in zuid.facts] == [
        ("source", "Accu", ""),
        ("battery", "42 %", ""),
        ("fuel", "15 l HVO", "14 min"),
    ]
    assert [(fact.field, fact.text) for fact in kuil.facts] == [("source", "onbekend"), ("fuel", "onbekend")]


def test_from_afar_dark_is_not_running_and_the_grid_is_not_an_end() -> None:
    """Protects a glance at wall and list: no end stands at a point on the grid, and a dark point never sounds at ease."""
    for source, text in (("grid", "loopt nu niet leeg"), ("none", "nu geen stroom")):
        shown = overview(
            points=(replace(LINDE, readings=LINDE.readings | {"power_source": reading(source)}),)
        )
        (tile,) = wall.wall(shown, NL).tiles
        ((line,),) = region_list.region(shown, NL).blocks
        assert tile.hours.text == line.empty == text


def test_a_tile_on_the_grid_gives_no_hour_and_an_old_estimate_says_so() -> None:
    """Protects logistics: an hour that counts only if the grid fails is no deadline, and one of old litres is marked."""
    grid = replace(ARK, fuel=forecast(70, 80, 90))
    old = replace(LINDE, readings=LINDE.readings | readings(1200, "stale", fuel_permille=495))
    old = replace(old, fuel=forecast(7.1, 7.8, 8.9, age_s=1200))
    first, second = wall.wall(overview(points=(grid, old)), NL).tiles
    assert "leeg" in first.hours.text
    assert not first.hours_age
    assert (second.hours.text, second.hours_age) == ("09:58", "20 min")


def test_the_region_is_in_order_and_finds_by_name_number_or_municipality() -> None:
    """Protects the officer of the region: one line a point, the first task first, and a search that forgives."""
    points = (KUIL, ZUID, LINDE, replace(ARK, municipality="Westerveen"))
    made = region_list.region(overview(points=points), NL)
    lines = [line for block in made.blocks for line in block]
    assert [line.slug for line in lines] == ["de-kuil", "zuid", "de-linde", "de-ark"]
    assert [line.empty for line in lines] == ["onbekend", "06:34", "09:58", "loopt nu niet leeg"]
    assert [line.heard for line in lines] == ["01:14", "02:09", "02:09", "02:09"]
    assert (lines[0].status_text, lines[0].source) == ("Geen contact", "onbekend")
    assert [line.why for line in lines] == ["", "", "Brandstof wordt laag", ""]
    assert made.found == "4 van 4 punten, om 02:10:00"
    for wanted, slug in ((" linde ", "de-linde"), ("NSP 03", "de-kuil"), ("westerv", "de-ark")):
        found = region_list.region(overview(points=points), NL, wanted)
        assert [line.slug for block in found.blocks for line in block] == [slug]
        assert found.found.startswith("1 van 4 punten")


def test_a_call_for_help_stands_before_any_alarm() -> None:
    """Protects people: at a silent point too, on the wall and in the list, the call is what is read first."""
    calls = replace(KUIL, calls=2)
    ((line,),) = region_list.region(overview(points=(calls,)), NL).blocks
    (tile,) = wall.wall(overview(points=(calls,)), NL).tiles
    assert (line.why, tile.calls) == ("2 noodhulpmeldingen", "2 noodhulpmeldingen")
    assert tile.row.task is not None
    assert tile.row.task.what == "Behandel de noodhulpmelding bovenaan deze pagina."
    assert tile.row.cell("calls").text == "2 open"


def test_municipalities_have_their_totals() -> None:
    """Protects the region's first question: where is it bad; the worst municipality stands first."""
    dark = replace(ARK, slug="dark", municipality="Westerveen", readings={})
    dark = replace(dark, alarms=(replace(overview().alarms[0], id="power_lost"),))
    made = region_list.region(overview(points=(KUIL, LINDE, dark)), NL)
    assert [(p.name, p.open, p.used, p.no_power, p.no_contact) for p in made.places] == [
        ("Westerveen", 1, 1, 1, 0),
        ("Oostveen", 2, 2, 0, 1),
    ]
    assert region_list.region(overview(points=(LINDE,)), NL).places == ()


def test_a_line_of_the_region_invents_no_time() -> None:
    """Protects against a made-up clock: never heard, and heard in the future, are words."""
    never = replace(ARK, slug="a", last_heard=None)
    ahead = replace(ARK, slug="b", last_heard=NOW + timedelta(hours=2))
    ((first, second),) = region_list.region(overview(points=(never, ahead)), EN).blocks
    assert (first.heard, second.heard) == ("never", "time unknown")
