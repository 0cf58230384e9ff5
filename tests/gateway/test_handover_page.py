"""A change of shift: everything that is open on one page, with whose it is, and signed off by two people."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0
from nspgateway import handover_lines
from nspgateway.desk_base import Refused
from nspgateway.errors import StoreError
from nspgateway.i18n import load_languages
from nspgateway.people import By, Delivery
from nspgateway.reports import Reports, Said
from nspgateway.resident_messages import Messages
from nspgateway.shift import Shift
from nspgateway.standing import Standing
from nspgateway.store import Store
from nspgateway.view import CallView, Overview
from page_sample import ARK, KUIL, LINDE, NOW, ZUID, forecast, overview
from web_room import RoleGate, WebRoom

NL = load_languages()["nl"]
EARLY = By("jansen", "cp_medewerker", "page")
LATE = By("bakker", "cp_coordinator", "page")


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """A coordinating point with one open alarm."""
    room = WebRoom(tmp_path, deployment="open")
    room.box.vital(1, alarms=1 << 2)
    return room


async def test_both_sign_off(room: WebRoom) -> None:
    """One hands over with what the other must know; the other takes over under another name; both stand in the log."""
    await room.post("/act/hand_over", note="Beheerder van De Linde belt om 20:00.")
    page = (await room.get("/handover")).text
    assert "Overgedragen door: jansen, Medewerker, 18:00" in page
    assert "Beheerder van De Linde belt om 20:00." in page
    assert "Overgenomen door: nog niemand" in page
    offer = room.box.ingest.situation.course.shift.offer
    assert offer is not None
    room.gate.person = replace(RoleGate("cp_coordinator").person, by=LATE)
    room.box.clock.move(120)
    await room.post("/act/take_shift", key=str(offer.id))
    page = (await room.get("/handover")).text
    assert "Overgenomen door: bakker, Coördinator, 18:02" in page
    assert [one.what for one in room.box.store.actions()][-2:] == ["hand_over", "take_shift"]


async def test_nobody_takes_over_from_themselves(room: WebRoom) -> None:
    """A sign-off by one person is none, and says so."""
    await room.post("/act/hand_over")
    offer = room.box.ingest.situation.course.shift.offer
    assert offer is not None
    await room.post("/act/take_shift", key=str(offer.id))
    assert "Wie overdraagt, neemt niet zelf over." in (await room.get("/handover")).text
    assert room.box.ingest.situation.course.shift.is_open


def test_what_is_taken_over_is_what_was_read(room: WebRoom) -> None:
    """A button on an old page takes over nothing newer, and nothing twice."""
    desk = room.room.desk
    first = desk.hand_over(EARLY, "oud")
    second = desk.hand_over(EARLY, "nieuw")
    for offer, word in ((first, "no_handover"), (0, "no_handover")):
        with pytest.raises(Refused) as refused:
            desk.take_shift(offer, LATE)
        assert refused.value.word == word
    desk.take_shift(second, LATE)
    with pytest.raises(Refused) as refused:
        desk.take_shift(second, By("de vries", "cp_logistiek", "page"))
    assert refused.value.word == "taken_over"


def test_a_restart_changes_nothing(room: WebRoom) -> None:
    """Who handed over before a power cut has done so after it."""
    room.room.desk.take_shift(room.room.desk.hand_over(EARLY, "alles rustig"), LATE)
    before = room.box.ingest.situation.course.shift
    room.room.restart()
    assert room.box.ingest.situation.course.shift == before
    assert (before.taken_by, before.begun_at) == (LATE, T0)


async def test_open_alarms_with_whose_they_are(room: WebRoom) -> None:
    """The next shift sees at once what nobody has taken on."""
    assert "Niemand heeft dit opgepakt" in (await room.get("/handover")).text
    room.room.desk.take_on("de-linde", "power_lost", EARLY)
    page = (await room.get("/handover")).text
    assert "Niemand heeft dit opgepakt" not in page
    assert "Geen stroom" in page


async def test_a_log_that_cannot_be_read_takes_nothing_else_away(
    room: WebRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a broken disk the next shift still sees what is open; the log itself says that it cannot be read."""

    def broken(*_anything: object) -> None:
        raise StoreError("disk I/O error")

    monkeypatch.setattr(Store, "trail", broken)
    page = await room.get("/handover")
    assert page.status == 200
    assert "Geen stroom" in page.text
    assert "Het logboek kan nu niet gelezen worden." in page.text
    log = await room.get("/log")
    assert log.status == 503
    assert "kan nu niet gelezen worden" in log.text


async def test_logistics_takes_part_and_who_looks_on_does_not(tmp_path: Path) -> None:
    """Each shift's people hand over; a screen on the wall has no such page."""
    room = WebRoom(tmp_path, "cp_logistiek")
    assert (await room.get("/handover")).status == 200
    room.gate.person = RoleGate("scherm").person
    assert (await room.get("/handover")).status == 403
    assert (await room.post("/act/hand_over")).status == 403


async def test_one_municipality_does_not_sign_for_all(tmp_path: Path) -> None:
    """Who sees a part of the points reads no note of the whole, and hands nothing over."""
    room = WebRoom(tmp_path, municipality="Elders")
    room.room.desk.hand_over(EARLY, "geheim van een ander")
    page = (await room.get("/handover")).body
    assert "geheim" not in page
    assert "/act/hand_over" not in page
    await room.post("/act/hand_over", note="x")
    assert room.box.ingest.situation.course.shift.offer is not None
    assert room.box.ingest.situation.course.shift.offer.by == EARLY


def promised(seen: Overview, **standing: object) -> list[tuple[str, str, str, bool]]:
    stands = {"de-linde": replace(Standing("open"), **standing)}  # type: ignore[arg-type]  # what a test names
    found = handover_lines.promises(NL, seen, stands, Messages(), {7: By("de vries", "cp_logistiek", "page")})
    return [(one.what, one.at, one.who, one.is_late) for one in found]


def test_promises_have_a_time_and_a_name() -> None:
    """What is late comes first and says so; a stop that ends by itself is no broken promise."""
    late, soon = NOW - timedelta(minutes=20), NOW + timedelta(hours=3)
    plans = {7: Delivery("planned", 60.0, soon), 9: Delivery("planned", 5.5, late)}
    stop = {"stop_since": NOW - timedelta(minutes=5), "stop_until": NOW + timedelta(minutes=10)}
    assert promised(overview(), deliveries=plans, **stop) == [
        ("Levering: 5,5 l diesel", "01:50", "", True),
        ("Tanken, het aggregaat staat stil tot", "02:20", "", False),
        ("Levering: 60 l diesel", "05:10", "de vries, Logistiek", False),
    ]
    relief = Reports(hand={"relief_at": Said(soon, NOW - timedelta(hours=1), by_hand=True)})
    assert promised(overview(), reports=relief) == [("Aflossing van het team", "05:10", "", False)]
    assert promised(overview(), opens_at=late) == [("Zou open zijn", "01:50", "", True)]
    assert promised(overview(points=(KUIL,)), deliveries=plans) == []


def test_who_runs_dry_before_the_next_shift_ends() -> None:
    """By the early end of the forecast; a point of which nobody knows is on the list too, one on the grid is not."""
    dry = replace(LINDE, fuel=forecast(5, 6, 7), battery=None)
    later = replace(ZUID, fuel=forecast(9, 10, 11), battery=None)
    seen = overview(points=(later, dry, KUIL, ARK))
    names = [one.name for one in handover_lines.dry(NL, seen, timedelta(hours=8))]
    assert names[0] == LINDE.name
    assert ZUID.name not in names
    assert handover_lines.dry(NL, seen, timedelta(hours=8))[0].when == "tussen 07:10 en 09:10"


def test_a_call_for_help_says_what_is_still_to_be_done() -> None:
    """An open call stands with its next step, and a real one during an exercise says so."""
    call = CallView("a", "de-linde", LINDE.name, 1, "ambulance", 1, "stored", NOW, NOW, NOW, is_real=True)
    back = replace(call, stage="read", is_unseen=False, needs_call_back=True, is_real=False)
    first, second = handover_lines.open_calls(NL, replace(overview(), calls=(call, back)))
    assert (first.kind, first.stage, first.level) == ("ambulance", "nog niet gelezen: lees nu", "critical")
    assert first.mark_text == "GEEN OEFENING"
    assert (second.stage, second.level, second.mark) == ("ingetrokken: bel het punt terug", "attention", "")


def test_nothing_signed_yet() -> None:
    """Without a change of shift so far, nobody is named."""
    assert handover_lines.signature(NL, Shift(), NOW).given == ""


@pytest.mark.parametrize("odd", ["0", "-8", "99", "8.0", "x", ""])
async def test_an_odd_shift_is_the_usual_one(room: WebRoom, odd: str) -> None:
    """An address that somebody changed gives the page."""
    assert "Leeg binnen 8 uur" in (await room.get(f"/handover?hours={odd}")).text
