"""What a person does on a page: only from a page of ours, only with the right to, and said afterwards."""

from pathlib import Path

import pytest

from web_room import WebRoom


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """A gateway at which one alarm is open."""
    room = WebRoom(tmp_path, deployment="open")
    room.box.vital(1, alarms=1 << 2)
    return room


def state(room: WebRoom) -> str:
    return room.box.ingest.situation.alarms["de-linde"]["power_lost"].state


async def test_an_act_is_done_and_said_once(room: WebRoom) -> None:
    """Who presses a button is led back to the page, which says what became of it, once."""
    answer = await room.post("/act/acknowledge", key="de-linde/power_lost", back="/?x=1")
    assert (answer.status, answer.headers["location"]) == (303, "/?x=1")
    assert state(room) == "acknowledged"
    assert "Genoteerd: u hebt dit alarm gezien." in (await room.get("/")).text
    assert "Genoteerd" not in (await room.get("/")).text
    (line,) = [action for action in room.box.store.actions() if action.what == "acknowledge"]
    assert (line.by.who, line.by.role, line.by.origin) == ("jansen", "cp_medewerker", "page")


async def test_what_is_refused_says_why(room: WebRoom) -> None:
    """A button on a page that stood open too long does no harm, and its person learns that nothing happened."""
    answer = await room.post("/act/acknowledge", key="de-linde/fuel_low")
    assert answer.status == 303
    page = await room.get("/")
    assert 'data-said="refused"' in page.body
    assert "Dit alarm" in page.text


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("csrf-cp_coordinator", {}),
        (None, {"origin": "http://evil.example"}),
        (None, {"origin": "null"}),
        (None, {"sec-fetch-site": "cross-site"}),
        (None, {"sec-fetch-site": "same-site"}),
    ],
)
async def test_a_form_of_another_page_does_nothing(
    room: WebRoom, token: str | None, headers: dict[str, str]
) -> None:
    """A page elsewhere that sends a form with somebody's visit is refused, whatever it leaves out or makes up."""
    csrf = room.gate.person.csrf if token is None else token
    body = f"csrf={csrf}&key=de-linde/power_lost".encode()
    assert (await room.send("/act/acknowledge", body, **headers)).status == 403
    assert state(room) == "unacknowledged"


async def test_no_right_no_act(tmp_path: Path) -> None:
    """Who may only look has no way to do anything, also not with a form of their own."""
    room = WebRoom(tmp_path, "meekijker", deployment="open")
    room.box.vital(1, alarms=1 << 2)
    assert (await room.post("/act/acknowledge", key="de-linde/power_lost")).status == 403
    assert state(room) == "unacknowledged"


async def test_forms_are_bounded(room: WebRoom) -> None:
    """Nobody fills the gateway's memory with a form, and what is no form is no error of ours."""
    assert (await room.send("/act/acknowledge", b"a=" + b"x" * 70_000)).status == 413
    assert (await room.send("/act/acknowledge", b"\xff=1")).status in (400, 403)
    assert (await room.send("/act/acknowledge", b"&".join([b"a=1"] * 300))).status == 400
    assert (await room.send("/act/acknowledge", b"{}", content_type="application/json")).status == 415
    assert (await room.get("/act/acknowledge")).status == 405


@pytest.mark.parametrize("back", ["//evil.example/", "/\\evil.example", "https://evil.example/", ""])
async def test_nobody_is_led_to_another_site(room: WebRoom, back: str) -> None:
    """A form leads back to a page of ours only."""
    answer = await room.post("/act/acknowledge", key="de-linde/power_lost", back=back)
    assert answer.headers["location"] == "/"


async def test_a_path_that_leads_nowhere_says_so(room: WebRoom) -> None:
    """A wrong address gives a page in words, with a way back."""
    answer = await room.get("/nothing")
    assert answer.status == 404
    assert "Deze pagina is er niet." in answer.text
