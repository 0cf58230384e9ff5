"""The page of one support point: all that is known of it with its age, and what people enter there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway_box import T0
from nspgateway import quantities, typed
from nspgateway.desk_base import Refused
from nspgateway.i18n import load_languages
from nspgateway.people import By
from nspgateway.resident_messages import AtPoint, Hanging
from nspgateway.web.rights import ROLES
from nspgateway.web.visitor import Visitor
from nsplink.fields import MESSAGES
from page_sample import KUIL, NOW
from web_room import WebRoom

CARD: dict[str, Any] = {
    "address": "Dorpsstraat 1",
    "backup": "portofoon kanaal 3",
    "contacts": ("Beheer: 010-0000000",),
    "instructions": ("De kit hangt links.",),
}


def room(folder: Path, role: str = "cp_medewerker", **more: Any) -> WebRoom:
    """A gateway that hears its first point."""
    made = WebRoom(folder, role, deployment="open", first=CARD, **more)
    for counter in (1, 2):  # the first one after a start is doubted
        made.box.vital(counter)
    return made


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> WebRoom:
    """A gateway of which nothing is changed: whatever is asked of it is refused."""
    return room(tmp_path_factory.mktemp("patient"))


async def test_every_value_has_its_source_quality_and_age(tmp_path: Path) -> None:
    """A figure without who said it, and when, is not shown; one that was never heard says so."""
    page = await room(tmp_path).get("/point/de-linde")
    assert page.status == 200
    assert "Stand in de tank 90 % tankmeter Actueel 0 s geleden" in page.text
    assert "Lading van de accu 80 % accusysteem Actueel 0 s geleden" in page.text
    assert "Draaiuren onbekend regelaar van het aggregaat Onbekend nog nooit gemeten" in page.text


async def test_what_is_old_or_unknown_never_looks_live(tmp_path: Path) -> None:
    """An hour of silence: no value is left, devices are unknown, and the charts end in a hole."""
    web = room(tmp_path)
    web.box.clock.move(3600)
    page = await web.get("/point/de-linde")
    assert "Stand in de tank onbekend tankmeter Onbekend 60 min geleden voor het laatst gemeten" in page.text
    assert 'data-device="q_generator" data-quality="unknown"' in page.body
    assert "Geen metingen sinds 18:00." in page.text
    assert 'data-quantity="fuel_permille" data-quality="good"' not in page.body


async def test_a_silent_device_is_told_from_a_silent_kit(tmp_path: Path) -> None:
    """A generator that does not answer its kit is something else than a kit that nobody hears."""
    web = room(tmp_path)
    web.box.vital(3, q_generator=None, generator_state=None, generator_mode=None)
    page = await web.get("/point/de-linde")
    assert "Regelaar van het aggregaat Geeft de kit geen antwoord" in page.text
    assert "Accusysteem Antwoordt" in page.text
    web.box.clock.move(7200)
    assert "Accusysteem Onbekend: geen contact met de kit" in (await web.get("/point/de-linde")).text


async def test_the_past_is_drawn_with_its_holes(tmp_path: Path) -> None:
    """What came in stands in the chart, in the table and in the sentence; the time in between in none of them."""
    web = room(tmp_path)
    for counter in range(3, 15):
        web.box.clock.move(300 if counter != 9 else 3600)
        web.box.vital(counter, fuel_permille=900 - 5 * counter)
    page = await web.get("/point/de-linde")
    assert "Brandstof Van 90 % naar 83 % (laatste meting 19:55)." in page.text
    assert "van 18:30 tot 19:30" in page.text
    assert page.body.count('class="stroke"') >= 8
    for span in ("24h", "7d"):
        other = await web.get(f"/point/de-linde?span={span}")
        assert f'href="/point/de-linde?span={span}" aria-current="true"' in other.body


async def test_what_became_of_alarms_is_told(tmp_path: Path) -> None:
    """An alarm that came, was seen and went stands in the history in that order, newest first."""
    web = room(tmp_path)
    web.box.vital(3, alarms=1 << 2)
    web.box.clock.move(60)
    await web.post("/act/acknowledge", key="de-linde/power_lost")
    page = await web.get("/point/de-linde")
    assert "18:01 Geen stroom Kritiek Gezien 18:00 Geen stroom Kritiek Ontstaan" in page.text


async def test_contacts_are_for_who_works_on_the_incident(tmp_path: Path) -> None:
    """Who to call is personal: a wall screen shows the card without it."""
    web = room(tmp_path)
    for role, rights in ROLES.items():
        web.gate.person = Visitor.of(By("jansen", role, "page"), role, "csrf")
        page = await web.get("/point/de-linde")
        assert "Dorpsstraat 1" in page.text
        assert "De kit hangt links." in page.text
        assert ("010-0000000" in page.text) == ("contact" in rights), role
    assert "contact" not in ROLES["scherm"] | ROLES["meekijker"]


def test_contacts_go_nowhere_else(tmp_path: Path) -> None:
    """No message to a broker holds who to call."""
    web = room(tmp_path)
    assert web.box.outbox()
    assert "010-0000000" not in str(web.box.outbox())


async def test_a_point_of_elsewhere_is_not_there(tmp_path: Path) -> None:
    """Who is limited to a municipality finds no page, and changes nothing, of another one's points."""
    web = WebRoom(tmp_path, "cp_logistiek", "Kuilwijk", deployment="open")
    assert (await web.get("/point/de-linde")).status == 404
    assert (await web.get("/point/nergens")).status == 404
    assert (await web.post("/act/fuel", point="de-linde", kind="dip", litres="10")).status == 404
    assert web.box.store.actions() == []


async def test_a_dip_counts_and_is_marked(tmp_path: Path) -> None:
    """Litres typed with a comma and an earlier time count from that time on, marked as a person's."""
    web = room(tmp_path)
    answer = await web.post(
        "/act/fuel", point="de-linde", kind="dip", litres="24,5", at="17:45", back="/point/de-linde/enter"
    )
    assert answer.headers["location"] == "/point/de-linde"
    page = await web.get("/point/de-linde")
    assert "Genoteerd: de brandstof die u invoerde." in page.text
    assert "Peiling: 24,5 l, 17:45" in page.text
    assert re.search(
        r"Brandstof in de tank 2\d,\d l met de hand ingevoerd Doorgerekend 15 min geleden", page.text
    )
    (action,) = web.box.store.actions()
    assert (action.by.who, action.entry.at) == ("jansen", T0 - timedelta(minutes=15))  # type: ignore[union-attr]  # then it fails


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("fuel", {"kind": "refuel", "litres": "veel", "at": "17:45"}, "Vul bijvoorbeeld 24 of 24,5 in."),
        ("fuel", {"kind": "refuel", "litres": "1.200", "at": "17:45"}, "Vul bijvoorbeeld 24 of 24,5 in."),
        ("fuel", {"kind": "refuel", "litres": "400", "at": "17:45"}, "hoeveel er in de tank past"),
        ("fuel", {"kind": "refuel", "litres": "", "at": "17:45"}, "Vul bijvoorbeeld 24 of 24,5 in."),
        ("fuel", {"kind": "refuel", "litres": "12", "at": "kwart voor"}, "bijvoorbeeld 14:05"),
        ("plan-stop", {"minutes": "90"}, "1 tot 60 minuten"),
        ("plan-stop", {"minutes": "een uur"}, "geen heel getal"),
        ("deployment", {"word": "open", "opens_at": "25:00", "note": "sleutel"}, "bijvoorbeeld 14:05"),
        ("deployment", {"word": "open", "opens_at": "", "note": "x" * 501}, "Dat is te lang."),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_lost(
    patient: WebRoom, act: str, fields: dict[str, str], said: str
) -> None:
    """A slip of the finger costs a correction: the page says what was expected and still holds what was typed."""
    back = "/point/de-linde/enter"
    answer = await patient.post(f"/act/{act}", point="de-linde", back=back, **fields)
    assert answer.headers["location"] == back
    page = await patient.get(back)
    assert said in page.text
    assert all(f'value="{text}"' in page.body for text in fields.values() if text)
    assert patient.box.store.actions() == []


async def test_a_stop_is_announced_and_ended(tmp_path: Path) -> None:
    """While a set stands still to be refuelled the page says until when, and it can be called over early."""
    web = room(tmp_path)
    await web.post("/act/plan-stop", point="de-linde", minutes="20")
    assert "Wordt getankt tot 18:20" in (await web.get("/point/de-linde")).text
    assert "Het tanken is klaar" in (await web.get("/point/de-linde/enter")).text
    await web.post("/act/end-stop", point="de-linde", minutes="20")
    assert "Wordt getankt" not in (await web.get("/point/de-linde")).text
    assert "Het tanken is klaar" not in (await web.get("/point/de-linde/enter")).text


async def test_a_use_is_entered_with_its_plan(tmp_path: Path) -> None:
    """What a point is used for changes at once, with the time at which it should be open."""
    web = room(tmp_path)
    fields = {"word": "setting_up", "opens_at": "02:00", "note": "sleutel onderweg"}
    await web.post("/act/deployment", point="de-linde", **fields)
    page = await web.get("/point/de-linde")
    assert "Wordt ingericht" in page.text
    assert "Moet open zijn om za 16 jan 02:00" in page.text
    assert "sleutel onderweg" not in page.text
    assert web.box.store.actions()[0].note == "sleutel onderweg"


async def test_what_hangs_at_the_point_is_told(tmp_path: Path) -> None:
    """Whether the newest message to residents hangs there stands on the point's page too."""
    web = room(tmp_path)
    before = web.box.ingest.situation.standings["de-linde"]
    told = Hanging(3, 1, T0, None, is_text=True, at=AtPoint(received_at=T0, displayed_at=T0, by_hand=True))
    web.box.ingest.situation.standings["de-linde"] = replace(before, hanging=told)
    page = await web.get("/point/de-linde")
    assert "Hangt 18:00 met de hand ingevoerd" in page.text


async def test_only_forms_that_one_may_use_are_shown(tmp_path: Path) -> None:
    """Who drives fuel enters fuel; who only looks gets no form at all."""
    web = room(tmp_path, "cp_logistiek")
    page = await web.get("/point/de-linde/enter")
    assert "/act/fuel" in page.body
    assert "/act/deployment" not in page.body
    web.gate.person = Visitor.of(By("hal", "scherm", "page"), "hal", "csrf")
    assert "/point/de-linde/enter" not in (await web.get("/point/de-linde")).body
    assert "/act/" not in (await web.get("/point/de-linde/enter")).body


def test_every_quantity_of_a_kit_is_shown() -> None:
    """What a kit can tell of its point has a name in words; words for devices stand with the devices."""
    told = {name for kind in ("vital", "full", "status") for name in MESSAGES[kind]}
    assert {name for name in told if not name.startswith("q_")} == {*quantities.SHOWN, "alarms"}


def test_a_point_that_lacks_a_device_says_so() -> None:
    """No battery is something else than a battery of which nothing is known."""
    found = {row.id: row for row in quantities.rows(load_languages()["nl"], KUIL, NOW)}
    assert (found["battery_permille"].quality_text, found["battery_permille"].age) == ("Niet aanwezig", "")
    assert found["fuel_permille"].quality_text == "Onbekend"


@pytest.mark.parametrize(
    ("text", "value"), [("24", 24), ("24,5", 24.5), ("24.5", 24.5), (" 7 ", 7), ("0", 0), ("0,25", 0.25)]
)
def test_figures_are_read_as_people_write_them(text: str, value: float) -> None:
    """A comma and a point both part decimals."""
    assert typed.decimal(text) == value


@pytest.mark.parametrize("text", ["", "-3", "1.200", "1,234", "nan", "inf", "1e3", "12 l", "٣", "1" * 400])
def test_what_could_be_meant_in_two_ways_is_not_taken(text: str) -> None:
    """Twelve hundred and one point two must never be taken for each other, nor words for figures."""
    with pytest.raises(Refused):
        typed.decimal(text)


def test_a_clock_time_is_of_the_nearest_day_that_fits() -> None:
    """Just after midnight 23:50 was yesterday; a plan for 02:00 is tonight. The clock change is no hour off."""
    now = datetime(2027, 3, 28, 8, 0, tzinfo=UTC)  # 10:00 in the Netherlands, on the day that lost an hour
    assert typed.clock_before("23:50", now) == datetime(2027, 3, 27, 22, 50, tzinfo=UTC)
    assert typed.clock_before("10:01", now) == datetime(2027, 3, 28, 8, 1, tzinfo=UTC)
    assert typed.clock_after("9:00", now) == datetime(2027, 3, 29, 7, 0, tzinfo=UTC)
    assert typed.clock_after("10.30", now) == datetime(2027, 3, 28, 8, 30, tzinfo=UTC)
    assert typed.clock_before("", now) is None
