"""What a point says of itself: by its kit or by voice, the newer word counts, both are kept, and the rules hear it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway_box import T0
from nspgateway import report_form
from nspgateway.entries import HandReport
from nspgateway.people import By
from nspgateway.reports import Reports
from nspgateway.web.visitor import Visitor
from web_room import WebRoom

OFFICER = By("post-1", "cp_medewerker", "page")


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """Two open points, the second without a kit."""
    room = WebRoom(tmp_path, deployment="open")
    room.box.vital(1)
    return room


def reports(room: WebRoom, point: str = "de-linde") -> Reports:
    return room.box.ingest.situation.standings[point].reports


def by_kit(room: WebRoom, counter: int, n: int, **fields: Any) -> None:
    told = {"stock_low": 0, "displayed_rev": 0, "text": b"", **fields}
    assert room.box.say("report", counter, event_boot=1, event_n=n, **told) == "accepted"


def value(room: WebRoom, figure: str) -> object:
    said = reports(room).newest(figure)
    return None if said is None else said.value


async def test_of_each_figure_the_newer_word_counts(room: WebRoom) -> None:
    """Protects the merge: a later word takes the place of an earlier one, whoever said it, and what was not asked stays."""
    by_kit(room, 2, 1, staff=3, staff_needed=4, visitors="below_50", relief_quarters=8)
    room.box.clock.move(600)
    room.room.desk.enter_report("de-linde", HandReport(room.box.clock.now(), staff=5), OFFICER)
    for _ in range(2):
        assert (value(room, "staff"), value(room, "staff_needed"), value(room, "visitors")) == (
            5,
            4,
            "below_50",
        )
        assert value(room, "relief_at") == T0 + timedelta(hours=2)
        older = reports(room).older("staff")
        assert older is not None
        assert (older.value, older.by_hand) == (3, False)
        room.restart()
    room.box.clock.move(600)
    by_kit(room, 3, 2, staff=2)
    for _ in range(2):
        # What the newest report leaves out is as it was told before.
        assert (value(room, "staff"), value(room, "staff_needed")) == (2, 4)
        room.restart()


async def test_what_was_said_earlier_and_entered_later_does_not_win(room: WebRoom) -> None:
    """Protects against a slow pen: what counts is when the point said it, not when somebody entered it."""
    said_at = T0 - timedelta(hours=1)
    by_kit(room, 2, 1, staff=3)
    room.room.desk.enter_report("de-linde", HandReport(said_at, staff=9), OFFICER)
    assert value(room, "staff") == 3


async def test_a_report_of_a_kit_that_had_to_wait_does_not_win_over_a_later_voice(room: WebRoom) -> None:
    """Protects the back-up path: what was told by radio while the kit's report did not get through stays the newer word."""
    room.box.clock.move(3600)
    room.room.desk.enter_report("de-linde", HandReport(room.box.clock.now(), staff=5), OFFICER)
    room.box.clock.move(600)
    by_kit(room, 2, 1, staff=3, visitors="below_50", relief_quarters=4, age_s=4200)
    for _ in range(2):
        assert (value(room, "staff"), value(room, "visitors")) == (5, "below_50")
        assert value(room, "relief_at") == T0 + timedelta(hours=1)
        room.restart()


async def test_a_report_that_comes_twice_is_no_newer(room: WebRoom) -> None:
    """Protects against a kit that says it again after an outage: an old report does not become news of now."""
    by_kit(room, 2, 1, staff=3)
    room.box.clock.move(3600)
    by_kit(room, 3, 1, staff=3)
    said = reports(room).newest("staff")
    assert said is not None
    assert said.at == T0


async def test_a_word_of_before_does_not_undo_a_later_act(room: WebRoom) -> None:
    """Protects what an officer entered since: a report of earlier that is entered late changes no deployment."""
    desk, now = room.room.desk, room.box.clock.now()
    desk.set_deployment("de-linde", "closed", OFFICER)
    desk.enter_report("de-linde", HandReport(now - timedelta(minutes=5), deployment="open"), OFFICER)
    assert room.box.ingest.situation.standings["de-linde"].deployment == "closed"
    room.box.clock.move(60)
    desk.enter_report("de-linde", HandReport(room.box.clock.now(), deployment="open"), OFFICER)
    assert room.box.ingest.situation.standings["de-linde"].deployment == "open"


async def test_what_was_typed_is_for_those_who_handle_calls(room: WebRoom) -> None:
    """Protects who it is about: the text of a report is read by officers, and by nobody who only looks on."""
    by_kit(room, 2, 1, staff=3, text=b"mevrouw is erg ziek")
    assert "mevrouw is erg ziek" in (await room.get("/point/de-linde")).text
    for role in ("meekijker", "scherm", "gemeente", "cp_logistiek"):
        room.gate.person = Visitor.of(By("x", role, "page"), role, "csrf")
        assert "ziek" not in (await room.get("/point/de-linde")).text


async def test_an_exercise_leaves_no_shortage_behind(room: WebRoom) -> None:
    """Protects the real night: what a kit reported in an exercise counts in it, and ends with it."""
    by_kit(room, 2, 1, stock_low=0b101)
    point = room.box.ingest.situation.states["de-linde"]
    stands = room.box.ingest.situation.standings["de-linde"]
    assert stands.of_now(exercise=False).reports.newest("stock_low") is not None
    assert room.box.ingest.situation.facts(point, room.box.clock.now()).standing == stands


async def test_rules_hear_what_the_point_says(room: WebRoom) -> None:
    """Protects the team: too few people and a shortage are alarms at an open point, by name, until a newer word ends them."""
    by_kit(room, 2, 1, staff=2, staff_needed=4, stock_low=0b101)
    room.box.tick()
    alarms = {one.id: one for one in room.box.ingest.overview().alarms}
    assert {"staff_short", "stock_low"} <= set(alarms)
    assert alarms["stock_low"].title["nl"] == "Tekort: drinkwater en dekens"
    assert "2 mensen. Nodig zijn er 4" in alarms["staff_short"].what["nl"]
    told = HandReport(room.box.clock.now() + timedelta(minutes=1), staff=4, stock_low=())
    room.box.clock.move(60)
    room.room.desk.enter_report("de-linde", told, OFFICER)
    room.box.tick()
    assert not {"staff_short", "stock_low"} & room.box.alarms()


async def test_a_message_that_does_not_hang_is_asked_after(tmp_path: Path) -> None:
    """Protects residents: half an hour after it was sent an open point that did not hang it up is on the screen."""
    room = WebRoom(tmp_path, deployment="open", first={"kit_address": None}, slugs=("de-linde",))
    name = room.room.desk.draft_message("Kook het water.", OFFICER)
    room.room.desk.approve_message(*name, By("b", "communicatie", "page"))
    room.room.desk.send_message(*name, OFFICER)
    room.box.clock.move(1799)
    room.box.tick()
    assert "message_unread" not in room.box.alarms()
    room.box.clock.move(60)
    room.box.tick()
    assert "message_unread" in room.box.alarms()
    room.room.desk.enter_report("de-linde", HandReport(room.box.clock.now(), displayed=name), OFFICER)
    room.box.tick()
    assert "message_unread" not in room.box.alarms()


async def test_form_and_paper_ask_the_same(room: WebRoom) -> None:
    """Protects two minutes on the radio: each question stands on both, in one order, and nothing stands on one alone."""
    asked = [f'data-question="{one.id}"' for one in report_form.QUESTIONS]
    for path in ("/entry/de-linde", "/voice-form"):
        body = (await room.get(path)).body
        places = [body.index(one) for one in asked]
        assert places == sorted(places)
        assert body.count("data-question=") == len(asked)


async def test_a_report_by_voice_is_entered_on_the_page(room: WebRoom) -> None:
    """Protects the back-up path: one form enters all of it, marked as by hand, and the point's page shows it."""
    fields = {
        "point": "de-linde", "at": "17:55", "deployment": "partly_open", "litres": "12,5", "battery_permille": "40",
        "staff": "3", "staff_needed": "4", "relief_at": "20:00", "visitors": "below_50", "stock_low": "2,0",
        "note": "kachel rookt",
    }  # fmt: skip
    answer = await room.post("/act/report", **fields)
    assert (answer.status, answer.headers["location"]) == (303, "/entry/de-linde")
    page = await room.get("/point/de-linde")
    for words in (
        "Beperkt open",
        "Accu 40 %",
        "drinkwater, dekens",
        "10 tot 50",
        "Aflossing 20:00",
        "met de hand ingevoerd, 17:55",
    ):
        assert words in page.text
    situation = room.box.ingest.situation
    assert situation.standings["de-linde"].deployment == "partly_open"
    assert situation.standings["de-linde"].fuel[-1].litres == 12.5
    assert "kachel rookt" not in page.text


SLIPS: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "Er ontbreekt iets."),
    ({"staff": "63"}, "Vul 0 tot en met 62 mensen in."),
    ({"battery_permille": "101"}, "tussen 0 en 100 procent"),
    ({"stock_low": "none,1"}, "Niet allebei."),
    ({"stock_low": "9"}, "Kies een van de mogelijkheden"),
    ({"displayed": "9/1"}, "Dit bericht is er niet."),
    ({"litres": "41"}, "liter"),
    ({"at": "gisteren"}, "14:05"),
)


async def test_a_slip_in_the_form_is_said_and_nothing_is_written(room: WebRoom) -> None:
    """Protects the record and the typing: what cannot be is refused whole, in words."""
    for fields, words in SLIPS:
        await room.post("/act/report", point="de-linde", note="", back="/entry/de-linde", **fields)
        page = await room.get("/entry/de-linde")
        assert 'data-said="refused"' in page.body
        assert words in page.text
    assert room.box.store.actions() == []


async def test_points_of_others_are_not_there(tmp_path: Path) -> None:
    """Protects the neighbours: a visitor of one municipality has no form for another one's point."""
    room = WebRoom(tmp_path, "cp_medewerker", "Arkdorp", first={"municipality": "Arkdorp"})
    assert (await room.get("/entry/de-linde")).status == 200
    assert (await room.get("/entry/de-ark")).status == 404
    assert (await room.post("/act/report", point="de-ark", staff="3")).status == 404
