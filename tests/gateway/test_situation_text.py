"""The situation text says what is known, calls unknown what is not, and holds nothing of people."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from nspgateway import region, situation_text
from nspgateway.calls import Call, Step
from nspgateway.crisis import Incident
from nspgateway.i18n import load_languages
from nspgateway.people import By
from nspgateway.reports import Reports, Said
from nspgateway.situation_text import CallTotals, Known
from nspgateway.view import Overview, View112
from page_sample import ARK, KUIL, LINDE, NOW, ZUID, overview
from web_room import WebRoom

LANGS = load_languages()
T0 = NOW - timedelta(hours=9, minutes=40)
INCIDENT = Incident(1, T0, "burgemeester", ("de-linde",), None, None, {})


def said(*, age: timedelta = timedelta(hours=1), **figures: object) -> Reports:
    """What a point told by voice."""
    return Reports(hand={name: Said(value, NOW - age, by_hand=True) for name, value in figures.items()})  # type: ignore[arg-type]  # as a test names it


def told(seen: Overview | None = None, lang: str = "nl", **known: object) -> str:
    given = Known(**{"place": "Regio Oost", "region": region.packaged(), **known})  # type: ignore[arg-type]  # what a test names
    return situation_text.text(LANGS[lang], seen or overview(), given)


def test_the_whole_text() -> None:
    """Whoever reads it out has every subject in its place, with numbers and times as they are said."""
    lines = told(
        replace(overview(), status112=View112("doubtful", NOW - timedelta(hours=2))),
        incident=INCIDENT,
        calls=CallTotals(3, 3, 1, 0, 1),
        reports={
            "de-linde": said(stock_low=(0, 1), topics=((1, 4), (0, 9)), staff=2, staff_needed=4),
            "de-ark": said(stock_low=(0,), topics=((1, 6),), staff=4, staff_needed=4),
        },
    ).splitlines()
    assert lines[0] == "Noodsteunpunten Regio Oost, stand 16-01 02:10"
    assert lines[1].startswith("Geactiveerd: burgemeester, 15-01 16:30, T+9 uur. Open: ")
    assert lines[2] == (
        "Noodhulpmeldingen afgelopen 6 uur: 3, open: 1, niet doorgegeven: 0. 112: onzeker sinds 00:10."
    )
    assert lines[5].startswith(
        f"Tekorten: drinkwater ({LINDE.name}, {ARK.name}); eten ({LINDE.name}); mensen ({LINDE.name}) · Veiligheid: 1 team is niet veilig, … ·"
    )
    assert lines[5].endswith("Uit de wijk: water (10), medicijnen (9)")
    assert lines[6] == "Verwacht: … · Gevraagd besluit: … · Volgende stand: …"


def test_what_nobody_knows_is_said_as_such() -> None:
    """That nobody said anything of 112 is not that it works, and no report of a shortage is no full stock."""
    found = told()
    assert "Er is niets geactiveerd." in found
    assert "112: niets over ingevoerd." in found
    assert "Tekorten: geen gemeld · Veiligheid: … · Uit de wijk: niets gemeld" in found


def test_silent_points_are_named() -> None:
    """The region hears who is silent, not only how many."""
    assert f"Geen contact: 1 ({KUIL.name})." in told()


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (overview(alarms=()), "goed"),
        (replace(overview(), modem_ok=False), "onze eigen ontvanger werkt niet"),
        (overview(alarms=(replace(overview().alarms[0], id="radio_jammed"),)), "gestoord"),
    ],
)
def test_the_link_is_called_good_only_when_it_is(seen: Overview, word: str) -> None:
    """A deaf receiver or a disturbed radio is no good link, however quiet the list is."""
    assert f"Verbinding: {word}, reserveweg: …" in told(seen)


def test_an_exercise_is_named_in_the_title() -> None:
    """A text that is mailed on cannot be taken for real, and what of it is real says so."""
    seen = overview(points=(KUIL, ZUID, replace(LINDE, exercise=True), ARK))
    first, second, *_rest = told(seen).splitlines()
    assert first.endswith("02:10 OEFENING")
    assert second == f"Oefening bij {LINDE.name}. De rest is echt."
    assert told(seen, "en").splitlines()[0].endswith("EXERCISE")


def call(
    name: str, point: str = "de-linde", *, exercise: bool = False, hours: float = 1, kind: str = "ambulance"
) -> Call:
    at = NOW - timedelta(hours=hours)
    return Call(name, point, "by_hand", kind, exercise, False, at, at, steps=(Step("entered", at),))


def test_calls_are_counted_as_they_stand() -> None:
    """Open means that nobody closed it, however old; an exercise's calls count in an exercise only, beside the real ones."""
    by, act = By("jansen", "cp_medewerker", "page"), NOW - timedelta(minutes=5)
    passed = call("b").with_step(Step("passed_on", act, by, word="control_room"))
    closed = call("c").with_step(Step("closed", act, by, word="helped"))
    known = [
        call("a", hours=30, kind="security"),
        passed,
        closed,
        call("d", exercise=True),
        call("e", "elders"),
    ]
    assert situation_text.call_totals(known, overview()) == CallTotals(2, 2, 2, 1, 1)
    seen = overview(points=(KUIL, ZUID, replace(LINDE, exercise=True), ARK))
    found = situation_text.call_totals(known, seen)
    assert found == CallTotals(3, 2, 3, 2, 1)
    assert "afgelopen 6 uur: 3 (waarvan 2 geen oefening), open: 3" in told(seen, calls=found)


def test_old_reports_do_not_count() -> None:
    """Yesterday's shortage is not today's, and a point that is not shown is not told of."""
    assert "Tekorten: geen gemeld" in told(
        reports={"de-linde": said(age=timedelta(hours=13), stock_low=(0,))}
    )
    assert "Tekorten: geen gemeld" in told(reports={"elders": said(stock_low=(0,))})


def test_a_line_that_the_region_does_not_know_has_its_number() -> None:
    """A kit of a later version makes no error."""
    bare = structs.replace(region.packaged(), stock=(), topic=())
    found = told(region=bare, reports={"de-linde": said(stock_low=(7,), topics=((30, 2),))})
    assert f"Tekorten: nr. 8 ({LINDE.name}) ·" in found
    assert "Uit de wijk: nr. 31 (2)" in found


async def test_page_and_file_say_the_same(tmp_path: Path) -> None:
    """What is copied, printed or taken along is one text; everybody who may look has it."""
    room = WebRoom(tmp_path, "communicatie", deployment="open")
    room.room.desk.decide("activate", "burgemeester", By("x", "cp_coordinator", "page"), points=["de-linde"])
    file = await room.get("/situation.txt")
    assert file.headers["content-type"] == "text/plain; charset=utf-8"
    page = await room.get("/situation")
    assert file.text in page.text
    assert "Geactiveerd: burgemeester, 15-01 18:00, T+0 uur." in file.body


async def test_a_municipality_has_its_own_text(tmp_path: Path) -> None:
    """The text of one municipality tells of its own points under its own name."""
    room = WebRoom(tmp_path, "gemeente", "Elders", deployment="open")
    text = (await room.get("/situation.txt")).body
    assert text.startswith("Noodsteunpunten Elders, stand ")
    assert "Open: 0 van 0." in text
