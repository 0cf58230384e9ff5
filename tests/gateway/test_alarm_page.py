"""The page of one alarm, and what is done with alarms on the pages."""

from datetime import timedelta
from pathlib import Path

import pytest

from web_room import WebRoom

PATH = "/alarm/de-linde/power_lost"


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """A gateway at which one critical alarm of an open point is open."""
    room = WebRoom(tmp_path, deployment="open")
    room.box.vital(1, alarms=1 << 2)
    return room


async def test_who_takes_it_on_is_seen_by_everybody(room: WebRoom) -> None:
    """The next officer sees that somebody is at it, and can only take it over; nothing is left to be seen."""
    assert "Gezien" in (await room.get("/")).text
    assert (await room.post("/act/take_on", key="de-linde/power_lost")).status == 303
    text = (await room.get("/")).text
    assert "Medewerker pakt dit op sinds" in text
    assert "Ik neem dit over" in text
    assert "/act/acknowledge" not in (await room.get("/")).body


async def test_later_is_bounded_listed_and_can_be_taken_back(room: WebRoom) -> None:
    """What is urgent at an open point can be put off briefly only, stays in sight, and comes back by a button."""
    page = await room.get(PATH)
    assert 'value="30"' in page.body
    assert 'value="60"' not in page.body
    answer = await room.post("/act/shelve", key="de-linde/power_lost", minutes="30", note="punt gebeld")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "1 alarm komt later terug" in (await room.get("/")).text
    assert "punt gebeld" in (await room.get(PATH)).text
    assert "Later herinneren" not in (await room.get(PATH)).text
    await room.post("/act/unshelve", key="de-linde/power_lost")
    assert "komt later terug" not in (await room.get("/")).text
    assert room.box.state("power_lost") == "unacknowledged"


@pytest.mark.parametrize("minutes", ["", "x", "-5", "600", "99999", "١٢"])
async def test_a_time_that_is_not_offered_is_refused(room: WebRoom, minutes: str) -> None:
    """A form of somebody's own puts no alarm away for a night, and what was typed is not lost."""
    answer = await room.post(
        "/act/shelve", key="de-linde/power_lost", minutes=minutes, note="straks", back=PATH
    )
    assert answer.headers["location"] == PATH
    page = await room.get(PATH)
    assert 'data-said="refused"' in page.body
    assert room.box.state("power_lost") == "unacknowledged"
    assert 'value="straks"' in page.body


async def test_a_note_is_kept_for_those_who_may_write_one(room: WebRoom, tmp_path: Path) -> None:
    """What people write stays with the alarm, as text; who may only look never gets it."""
    await room.post("/act/comment", key="de-linde/power_lost", note="<b>sleutel</b> bij de buren", back=PATH)
    page = await room.get(PATH)
    assert "&lt;b&gt;sleutel&lt;/b&gt; bij de buren" in page.body
    assert "Medewerker, " in page.text
    assert "buren" not in (await room.get("/")).body
    (tmp_path / "viewer").mkdir()
    viewer = WebRoom(tmp_path / "viewer", "meekijker", deployment="open")
    viewer.box.vital(1, alarms=1 << 2)
    assert (await viewer.get(PATH)).status == 403
    assert "Gezien" not in (await viewer.get("/")).text
    assert (await viewer.post("/act/take_on", key="de-linde/power_lost")).status == 403


@pytest.mark.parametrize("act", ["take_on", "acknowledge", "unshelve", "comment"])
async def test_a_refused_button_leads_back_to_the_page(room: WebRoom, act: str) -> None:
    """Protects who presses a button that has no note, or what is over meanwhile: the page opens again and says why not."""
    await room.post(f"/act/{act}", key="de-linde/fuel_low", back=PATH)
    page = await room.get(PATH)
    assert page.status == 200
    assert 'data-said="refused"' in page.body


async def test_an_alarm_that_is_not_open_has_no_page(room: WebRoom) -> None:
    """An address of an old alarm, or of another municipality's, leads to a page in words."""
    assert (await room.get("/alarm/de-linde/fuel_low")).status == 404
    assert (await room.get("/alarm/../power_lost")).status == 404


async def test_another_municipality_sees_neither_alarm_nor_what_was_put_off(tmp_path: Path) -> None:
    """A visitor of one municipality learns nothing of another one's points, and cannot act on them by guessing."""
    room = WebRoom(tmp_path, "cp_medewerker", "Elders", deployment="open")
    room.box.vital(1, alarms=1 << 2)
    assert (await room.post("/act/shelve", key="de-linde/power_lost", minutes="10")).status == 404
    assert room.box.state("power_lost") == "unacknowledged"
    desk, by = room.room.desk, room.gate.person.by
    desk.shelve("de-linde", "power_lost", by, room.box.clock.now() + timedelta(minutes=5))
    assert (await room.get(PATH)).status == 404
    assert "komt later terug" not in (await room.get("/")).text
