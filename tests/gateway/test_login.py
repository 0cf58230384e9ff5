"""How people and wall screens come in through the pages, and how they are out again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from access_room import cheap
from door_room import BY, OTHER, PASSWORD, Browser, DoorRoom, hidden, secret_of
from nspgateway.access import first
from nspgateway.access.account_desk import checked
from nspgateway.access.second_factor import STEP_S
from nspgateway.access.sessions import IDLE, LONGEST

__all__ = ["cheap"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[DoorRoom]:
    """A gateway of which a technician must have a second factor."""
    room = DoorRoom(tmp_path, ("cp_techniek",), deployment="open")
    room.box.vital(1, alarms=1 << 2)
    yield room
    room.box.store.close()


async def test_the_first_account_of_a_new_box(room: DoorRoom) -> None:
    """Protects a new box: the code from its data folder makes one technician, who is in only with a second factor."""
    code, browser = room.first_code(), Browser(room)
    assert (await browser.get("/login")).headers["location"] == "/first-run"
    wrong = await browser.fill("/first-run", code="ABCD", name="baas", new=PASSWORD, again=PASSWORD)
    assert "Deze code klopt niet." in wrong.text
    differs = await browser.fill("/first-run", code=code, name="baas", new=PASSWORD, again=OTHER)
    assert "De twee wachtwoorden zijn niet gelijk." in differs.text
    weak = await browser.fill("/first-run", code=code, name="baas", new="Welkom2026!!", again="Welkom2026!!")
    assert "Dit wachtwoord is een wachtwoord dat iedereen probeert." in weak.text
    named = await browser.fill("/first-run", code=code, name="De Baas", new=PASSWORD, again=PASSWORD)
    assert "Een naam heeft kleine letters" in named.text
    made = await browser.fill("/first-run", code=code.lower(), name="Baas", new=PASSWORD, again=PASSWORD)
    assert made.headers["location"] == "/second-factor"
    assert (await browser.get("/")).headers["location"] == "/second-factor"
    await browser.set_up()
    page = await browser.get("/")
    assert "baas" in page.text
    assert "Technisch beheerder" in page.text
    assert not first.path(room.box.config.data).exists()
    assert (await Browser(room).get("/first-run")).headers["location"] == "/login"


async def test_a_password_alone_gets_a_technician_nowhere(room: DoorRoom) -> None:
    """Protects the accounts: after the password every page leads to the code, also one that was asked for by name."""
    room.add("baas", "cp_techniek")
    browser = Browser(room)
    answer = await browser.fill("/login?back=/%3Fx%3D1", name="baas", password=PASSWORD)
    assert answer.headers["location"] == "/second-factor?back=%2F%3Fx%3D1"
    app = await browser.set_up()
    other = Browser(room, "10.0.0.66")
    assert (await other.log_in("baas")).headers["location"] == "/second-factor"
    for path in ("/", "/password"):
        assert (await other.get(path)).headers["location"].startswith("/second-factor")
    assert "Deze code klopt niet." in (await other.fill("/second-factor", code="000000")).text
    code = app.at(room.clock.now())
    answer = await other.fill("/second-factor?back=/x", code=f"{code[:3]} {code[3:]}")
    assert answer.headers["location"] == "/x"
    assert (await other.get("/")).status == 200


async def test_a_given_password_is_changed_first(room: DoorRoom) -> None:
    """Protects from whoever gave it: nothing is shown before the person has a password of their own."""
    room.accounts.add("post-1", "cp_medewerker", "", checked(PASSWORD, "post-1"), BY)
    browser = Browser(room)
    assert (await browser.log_in("post-1")).headers["location"] == "/password"
    assert (await browser.get("/")).headers["location"] == "/password"
    same = await browser.fill("/password", new=PASSWORD, again=PASSWORD)
    assert "Dat is het wachtwoord dat u nu hebt." in same.text
    answer = await browser.fill("/password", new=OTHER, again=OTHER)
    assert answer.headers["location"] == "/"
    assert (await Browser(room).log_in("post-1", OTHER)).headers["location"] == "/"


async def test_a_password_is_changed_by_who_knows_it(room: DoorRoom) -> None:
    """Protects from a tablet that was left alone: the password until now is asked, and other sessions end."""
    browser = await room.logged_in("post-1", "cp_medewerker")
    elsewhere = Browser(room)
    await elsewhere.log_in("post-1")
    wrong = await browser.fill("/password", old=OTHER, new=OTHER, again=OTHER)
    assert "Het wachtwoord tot nu toe klopt niet." in wrong.text
    assert (await browser.fill("/password", old=PASSWORD, new=OTHER, again=OTHER)).status == 303
    assert (await browser.get("/")).status == 200
    assert (await elsewhere.get("/")).status == 303


async def test_who_leaves_is_out(room: DoorRoom) -> None:
    """Protects a tablet that is handed over: the session is worth nothing any more, also to who copied its cookie."""
    browser = await room.logged_in("post-1", "cp_medewerker")
    copied = dict(browser.jar)
    csrf = hidden(await browser.get("/"))["csrf"]
    answer = await browser.post("/logout", csrf=csrf)
    assert answer.headers["location"] == "/login?out"
    assert "U bent uitgelogd." in (await browser.get("/login?out")).text
    browser.jar = copied
    assert (await browser.get("/")).status == 303


async def test_a_session_outlives_a_restart_and_ends_after_a_shift(room: DoorRoom) -> None:
    """Protects a shift from a power cut, and a tablet from being open for ever."""
    browser = await room.logged_in("post-1", "cp_medewerker")
    room.restart()
    assert (await browser.get("/")).status == 200
    for _ in range(3):
        room.clock.move((LONGEST / 4).total_seconds())
        assert (await browser.get("/")).status == 200
    room.clock.move((LONGEST / 4 + timedelta(minutes=1)).total_seconds())
    assert (await browser.get("/")).status == 303


async def test_a_stream_is_no_use_of_a_session(room: DoorRoom) -> None:
    """Protects a tablet that was left alone: its page that refreshes itself does not keep it open."""
    browser = await room.logged_in("post-1", "cp_medewerker")
    for _ in range(2):
        room.clock.move((IDLE / 2).total_seconds())
        stream = browser.watch()
        await stream.first()
        stream.close()
    room.clock.move(60)
    late = browser.watch()
    await late.ended()
    assert late.status == 401


@pytest.mark.parametrize(
    "end",
    [
        lambda desk: desk.set_disabled("post-1", BY, disabled=True),
        lambda desk: desk.set_role("post-1", "archief", "", BY),
        lambda desk: desk.set_password("post-1", checked(OTHER, "post-1"), BY),
    ],
    ids=["disabled", "another role", "another password"],
)
async def test_an_open_stream_ends_with_its_session(room: DoorRoom, end: object) -> None:
    """Protects from who may look no more: the page that is open on their tablet gets no other picture."""
    browser = await room.logged_in("post-1", "cp_medewerker")
    stream = browser.watch()
    await stream.first()
    end(room.accounts)  # type: ignore[operator]  # of each case its own
    before = len(stream.said)
    await stream.ended()
    assert b"event: overview" not in b"".join(one.get("body", b"") for one in stream.said[before:])
    assert (await browser.get("/")).status == 303


async def test_the_emergency_code_opens_once_and_is_loud(room: DoorRoom) -> None:
    """Protects the room when nobody can log in: the sealed code opens all that a coordinator may, once, and it shows."""
    code = room.accounts.new_emergency_code(BY)
    browser = Browser(room)
    assert "Deze code klopt niet, of is al gebruikt." in (await browser.fill("/emergency", code="ABCD")).text
    answer = await browser.fill("/emergency", code=code.replace("-", " ").lower())
    assert answer.headers["location"] == "/"
    page = await browser.get("/")
    assert "Noodcode" in page.text
    assert (await browser.act("acknowledge", key="de-linde/power_lost")).status == 303
    (line,) = [one for one in room.box.store.actions() if one.what == "acknowledge"]
    assert (line.by.who, line.by.role) == ("noodcode", "cp_coordinator")
    assert (await browser.get("/password")).headers["location"] == "/"
    assert "of is al gebruikt" in (await Browser(room).fill("/emergency", code=code)).text


async def test_a_wall_screen_is_paired_looks_and_is_taken_away(room: DoorRoom) -> None:
    """Protects the wall: a short code makes it a screen that can only look, until somebody takes that away."""
    code = room.accounts.add_screen("wand", BY)
    browser = Browser(room)
    assert (await browser.fill("/screen", code=code)).headers["location"] == "/wall"
    page = await browser.get("/")
    assert page.status == 200
    assert "Uitloggen" not in page.text
    assert (await browser.act("acknowledge", key="de-linde/power_lost")).status == 403
    assert "ouder dan tien minuten" in (await Browser(room).fill("/screen", code=code)).text
    room.restart()
    stream = browser.watch()
    await stream.first()
    room.accounts.remove_screen("wand", BY)
    await stream.ended()
    assert (await browser.get("/")).status == 303


async def test_a_pairing_code_is_short_lived(room: DoorRoom) -> None:
    """Protects from a code that somebody reads from the table later."""
    code = room.accounts.add_screen("wand", BY)
    room.clock.move(601)
    assert (await Browser(room).fill("/screen", code=code)).status == 403


async def test_a_code_works_once(room: DoorRoom) -> None:
    """Protects from who looks over a shoulder: a code that was used opens nothing in the same half minute."""
    room.add("baas", "cp_techniek")
    browser = Browser(room)
    await browser.log_in("baas")
    app = await browser.set_up()
    code = app.at(room.clock.now())
    one, other = Browser(room, "10.0.0.7"), Browser(room, "10.0.0.8")
    await one.log_in("baas")
    await other.log_in("baas")
    assert (await one.fill("/second-factor", code=code)).status == 303
    assert (await other.fill("/second-factor", code=code)).status == 403
    room.clock.move(STEP_S)
    assert (await other.fill("/second-factor", code=app.at(room.clock.now()))).status == 303


async def test_language_and_theme_are_chosen_before_the_login(room: DoorRoom) -> None:
    """Protects who reads no Dutch, and eyes at night: both can be chosen at the door and stay chosen behind it."""
    room.add("post-1", "cp_medewerker")
    browser = Browser(room)
    page = await browser.get("/login?lang=en&theme=dark")
    assert "Log in" in page.text
    assert 'data-theme="dark"' in page.body
    await browser.log_in("post-1")
    inside = await browser.get("/")
    assert 'data-theme="dark"' in inside.body
    assert "Log out" in inside.text


async def test_another_app_is_set_up_by_who_knows_the_password(room: DoorRoom) -> None:
    """Protects from a tablet that was left alone: nobody puts their own telephone in the place of somebody's."""
    browser = await room.logged_in("post-1", "cp_medewerker")
    page = await browser.get("/second-factor")
    code = pyotp.TOTP(secret_of(page)).at(room.clock.now())
    refused = await browser.post("/second-factor", **hidden(page), code=code, old=OTHER)
    assert "Code of wachtwoord klopt niet." in refused.text
    account = room.box.store.account("post-1")
    assert account is not None
    assert account.totp is None
    done = await browser.post("/second-factor", **hidden(page), code=code, old=PASSWORD)
    assert done.headers["location"] == "/"
    assert (await Browser(room).log_in("post-1")).headers["location"] == "/second-factor"


async def test_who_logs_in_over_somebody_ends_that_session(room: DoorRoom) -> None:
    """Protects from the night's emergency session that lingers under a colleague's: one browser has one session."""
    browser = Browser(room)
    await browser.fill("/emergency", code=room.accounts.new_emergency_code(BY))
    copied = Browser(room)
    copied.jar = dict(browser.jar)
    room.add("post-1", "cp_medewerker")
    assert (await browser.log_in("post-1")).headers["location"] == "/"
    assert (await browser.get("/")).status == 200
    assert (await copied.get("/")).status == 303
