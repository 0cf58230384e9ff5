"""What is said of a point in trouble: seven situations, seven sentences, and what each of them must not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from nspgateway import bars, i18n, sentences
from nspgateway.view import Alarm, Overview, Point
from nspgateway.web import create_app
from page_sample import ARK, KUIL, LINDE, NOW, SILENT, ZUID, Source, overview, readings
from web_room import call

LANGUAGES = i18n.load_languages()
NL, EN = LANGUAGES["nl"], LANGUAGES["en"]
AT = NOW - timedelta(minutes=56)  # 01:14

GONE = replace(KUIL, name="De Kuil", had_power=True, last_heard=AT)
DARK = replace(
    LINDE,
    name="De Linde",
    dark_since=AT,
    readings=LINDE.readings | readings(power_source="none", kit_cell_permille=620, on_own_cell="yes"),
)


def own(name: str, **changes: Any) -> Alarm:
    """An alarm of the coordinating point."""
    return replace(SILENT, id=name, point="kazerne-oost", raised_at=AT, **changes)


def case(point: Point, *others: Point, **changes: Any) -> tuple[Point, Overview]:
    """A point in its situation."""
    return point, overview(points=(point, *others), **changes)


def said(*points: Point, **changes: Any) -> tuple[str, str]:
    """Which situation is told of the first of these points, and the Dutch sentence."""
    point, state = case(*points, **changes)
    found = sentences.of_point(NL, point, state)
    assert found is not None
    english = sentences.of_point(EN, point, state)
    assert english is not None
    assert (english.id, english.text) != (found.id, found.text)
    return found.id, found.text


SEVEN: dict[str, tuple[Point, Overview]] = {
    "De Linde zit zonder stroom sinds 01:14. De kit meldt dit zelf."
    " De kit werkt op de eigen accu (62 %). Hoe lang nog, is onbekend.": case(DARK, ARK, GONE),
    "Geen contact met De Kuil sinds 01:14. De 3 andere punten horen we goed, en De Kuil had nog stroom genoeg."
    " Waarschijnlijk is de kit of de antenne kapot. Het punt zelf kan gewoon open zijn.": case(
        GONE, ARK, LINDE, ZUID
    ),
    "Radiostoring sinds 01:14. Het kanaal zit vol ruis en 3 van de 4 punten komen niet door."
    " Onze ontvanger werkt. Gebruik de portofoon.": case(
        GONE, replace(GONE, slug="b"), replace(GONE, slug="c"), ARK, alarms=(own("radio_jammed"),)
    ),
    "Wij horen sinds 01:14 geen enkel punt. Onze eigen ontvanger reageert niet."
    " Met de punten is waarschijnlijk niets mis.": case(
        GONE, ARK, modem_ok=False, modem_since=AT, alarms=(own("radio_jammed"),)
    ),
    "De klok van De Linde loopt verkeerd. De metingen zijn van nu en kloppen."
    " Wij gebruiken de tijd van het coördinatiepunt.": case(
        replace(LINDE, name="De Linde", failed_parts=("clock",)), ARK
    ),
    "De Linde wordt getankt tot 02:30. Het aggregaat staat daarom uit.": case(
        replace(
            LINDE,
            name="De Linde",
            stop_until=NOW + timedelta(minutes=20),
            readings=LINDE.readings | readings(generator_state="stopped", power_source="battery"),
        ),
        ARK,
    ),
    "De Kuil is gesloten sinds vr 15 jan 22:00. Geen contact is nu geen probleem.": case(
        replace(GONE, deployment="closed", deployment_at=datetime(2027, 1, 15, 21, 0, tzinfo=NOW.tzinfo)), ARK
    ),
}


@pytest.mark.parametrize("text", SEVEN)
def test_seven_situations_have_seven_sentences(text: str) -> None:
    """Protects who is sent where: the same silence on the radio is told apart by what else is known."""
    point, state = SEVEN[text]
    found = sentences.of_point(NL, point, state)
    assert found is not None
    assert found.text == text
    ids = [one.id for made in SEVEN.values() if (one := sentences.of_point(NL, *made))]
    assert len(set(ids)) == len(SEVEN)


async def test_each_of_the_seven_stands_on_the_page() -> None:
    """Protects the way to the screen: the sentence stands once, in the row of its point, also under the fold, or in a bar."""
    for text, (point, state) in SEVEN.items():
        answer = await call(create_app(Source(state), banner=None), "GET", "/", {})
        row = answer.body.split(f'data-point="{point.slug}"')[1].split("</tbody>")[0]
        body = unescape(answer.body)
        found = sentences.of_point(NL, point, state)
        assert found is not None
        in_row = "Niet gehoord sinds 01:14." if found.is_shared else text
        assert f">{in_row}</p>" in unescape(row)
        assert row.count("data-sentence") == 1
        assert body.count(text) == 1
        assert (f"<strong>{text}</strong>" in body[: body.index("data-point=")]) is found.is_shared


def test_a_broken_kit_is_never_called_a_power_cut() -> None:
    """Protects against sending fuel to a broken antenna: power is named only as what there still was."""
    text = said(GONE, ARK, LINDE, ZUID)[1]
    assert "zonder stroom" not in text
    assert "geen stroom" not in text
    assert text.count("stroom") == 1
    assert "stroom genoeg" in text


@pytest.mark.parametrize("had_power", [None, True])
def test_a_cause_is_named_only_where_everything_else_is_ruled_out(had_power: bool | None) -> None:
    """Protects against guessing: with a second silent point, or power unknown, nobody knows why."""
    others = (ARK, LINDE) if had_power is None else (ARK, replace(GONE, slug="b"))
    which, text = said(replace(GONE, had_power=had_power), *others)
    assert which == "silent"
    assert text == "Geen contact met De Kuil sinds 01:14. We weten niet waardoor, en niet hoe het daar is."
    assert said(GONE)[0] == "silent"
    for word in ("stroom", "kit", "antenne", "ontvanger"):
        assert word not in text


def test_nothing_silent_is_ever_called_normal() -> None:
    """Protects against false comfort: no sentence about silence says normal or good of that point."""
    cases: list[tuple[Point, Overview]] = [
        (replace(GONE, **one), overview(points=(replace(GONE, **one), ARK), **more))
        for one in (
            {},
            {"had_power": None},
            {"had_power": False},
            {"last_heard": None},
        )
        for more in ({}, {"modem_ok": False}, {"alarms": (own("gateway_deaf"),)})
    ]
    for point, state in cases:
        found = sentences.of_point(NL, point, state)
        assert found is not None
        assert "normaal" not in found.text.lower()
        assert not found.text.lower().startswith("de kuil is open")


def test_a_point_that_was_dark_when_it_went_silent_is_not_a_broken_kit() -> None:
    """Protects the point that needs help most: its kit's cell ran out, and people there sit in the dark."""
    which, text = said(replace(GONE, had_power=False), ARK, LINDE)
    assert which == "went_dark"
    assert "zonder stroom" in text
    assert "kapot" not in text


def test_our_own_deafness_beats_every_other_cause() -> None:
    """Protects the points from blame: while we hear nobody, no point is called broken or dark."""
    for changes in ({"modem_ok": False}, {"alarms": (own("gateway_deaf"),)}):
        assert said(GONE, ARK, **changes)[0] == "deaf"
    starting = {"modem_ok": False, "modem_cause": "starting"}
    assert said(GONE, ARK, **starting)[0] == "broken"
    over = {"alarms": (own("gateway_deaf", is_returned=True),)}
    assert said(GONE, ARK, **over)[0] == "broken"


def test_a_shared_cause_is_said_once_and_a_row_blames_nobody() -> None:
    """Protects who reads forty rows: the cause stands over them, whoever found it, and each says only what it knows itself."""
    never, ahead = replace(GONE, last_heard=None), replace(GONE, last_heard=NOW + timedelta(hours=1))
    for changes in ({"modem_ok": False}, {"alarms": (own("gateway_deaf"),)}):
        state = overview(points=(GONE, never, ahead), **changes)
        (bar,) = bars.bars(NL, state)
        assert bar.text.endswith("Met de punten is waarschijnlijk niets mis.")
        rows = [sentences.in_row(NL, point, state) for point in state.points]
        assert [row.text if row else "" for row in rows] == [
            "Niet gehoord sinds 01:14.",
            "Van De Kuil is nog nooit een bericht binnengekomen.",
            "",
        ]


def test_a_point_that_is_well_needs_no_sentence() -> None:
    """Protects the screen: only what is easily misread is spelled out."""
    for point in (ARK, ZUID, replace(ARK, deployment="closed"), replace(KUIL, kit_address=None)):
        assert sentences.of_point(NL, point, overview(points=(point,))) is None
