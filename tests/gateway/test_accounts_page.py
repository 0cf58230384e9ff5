"""The technician's pages: who may log in, which screens hang on the wall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_room import cheap
from door_room import BY, OTHER, Browser, DoorRoom
from nspgateway.access.accounts import ROLES

__all__ = ["cheap"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[DoorRoom]:
    """A gateway with one point, in Lindendam."""
    room = DoorRoom(tmp_path, deployment="open")
    yield room
    room.box.store.close()


def shown(page: str) -> str:
    """The code that a page shows once."""
    (code,) = re.findall(r'<code class="shown">([^<]+)</code>', page)
    return code


async def test_an_account_from_made_to_disabled(room: DoorRoom) -> None:
    """Protects the way into the crisis organisation: a drawn password, shown once, lets one person choose their own."""
    boss = await room.logged_in("baas", "cp_techniek")
    assert (
        await boss.act("account-add", name="Post-1", role="cp_medewerker", back="/accounts")
    ).status == 303
    page = await boss.get("/accounts")
    password = shown(page.body)
    assert re.search(r'data-account="post-1".*?moet nog een wachtwoord kiezen', page.body, re.DOTALL)
    assert password not in (await boss.get("/accounts")).body
    person = Browser(room)
    assert (await person.log_in("post-1", password)).headers["location"] == "/password"
    await person.fill("/password", new=OTHER, again=OTHER)
    assert (await person.get("/")).status == 200
    await boss.act("account-role", key="post-1", role="gemeente", municipality="Lindendam")
    assert (await person.get("/")).status == 303
    await person.log_in("post-1", OTHER)
    await boss.act("account-disable", key="post-1")
    assert (await person.get("/")).status == 303
    assert "uitgeschakeld" in (await boss.get("/accounts")).text
    await boss.act("account-enable", key="post-1")
    assert (await person.log_in("post-1", OTHER)).headers["location"] == "/"
    await boss.act("account-reset", key="post-1")
    fresh = shown((await boss.get("/accounts")).body)
    assert (await person.get("/")).status == 303
    assert (await person.log_in("post-1", fresh)).headers["location"] == "/password"
    done = {(line.what, line.by.who) for line in room.box.store.actions() if line.what.startswith("account_")}
    assert {("account_add", "baas"), ("account_role", "baas"), ("account_disable", "baas")} <= done


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("account-add", {"name": "De Baas", "role": "archief"}, "Een naam heeft kleine letters"),
        ("account-add", {"name": "baas", "role": "archief"}, "Deze naam bestaat al."),
        ("account-add", {"name": "noodcode", "role": "archief"}, "Deze naam is van de noodcode."),
        ("account-add", {"name": "piet", "role": "scherm"}, "Deze rol is er niet."),
        ("account-add", {"name": "piet", "role": "gemeente"}, "Bij de rol Gemeente hoort één gemeente"),
        ("account-add", {"name": "<b>piet", "role": "archief"}, "Een naam heeft kleine letters"),
        ("account-disable", {"key": "baas"}, "Dit is de laatste technisch beheerder."),
        ("account-role", {"key": "baas", "role": "archief"}, "Dit is de laatste technisch beheerder."),
        ("account-enable", {"key": "baas"}, "Dat was al zo."),
        ("account-second-factor", {"key": "baas"}, "Dat was al zo."),
        ("account-reset", {"key": "niemand"}, "Dit account is er niet."),
        ("screen-add", {"key": "<b>wand"}, "Een naam heeft kleine letters"),
        ("screen-remove", {"key": "wand"}, "Dit scherm is er niet."),
        ("screen-remove", {}, "Dit scherm is er niet."),
    ],
)
async def test_what_cannot_be_says_why(room: DoorRoom, act: str, fields: dict[str, str], said: str) -> None:
    """Protects from a box that nobody keeps, and a technician from guessing what went wrong; what was typed stays text."""
    boss = await room.logged_in("baas", "cp_techniek")
    before = (room.accounts.accounts(), room.accounts.screens())
    back = "/screens" if act.startswith("screen") else "/accounts"
    await boss.act(act, back=back, **fields)
    page = await boss.get(back)
    assert said in page.text
    assert "<b>" not in page.body
    assert (room.accounts.accounts(), room.accounts.screens()) == before


async def test_a_screen_from_announced_to_taken_away(room: DoorRoom) -> None:
    """Protects the wall: the technician sees which screens look, and one press ends it."""
    boss = await room.logged_in("baas", "cp_techniek")
    await boss.act("screen-add", key="wand", back="/screens")
    page = await boss.get("/screens")
    assert "wacht op de code tot" in page.text
    wall = Browser(room, "10.0.0.9")
    assert (await wall.fill("/screen", code=shown(page.body))).status == 303
    assert "laat het overzicht zien" in (await boss.get("/screens")).text
    await boss.act("screen-remove", key="wand", back="/screens")
    assert (await wall.get("/")).status == 303
    assert "Er zijn nog geen schermen." in (await boss.get("/screens")).text


async def test_the_emergency_code_is_told_of(room: DoorRoom) -> None:
    """Protects the envelope: its keeper sees whether there is one, whether it was used, and can end what it opened."""
    boss = await room.logged_in("baas", "cp_techniek")
    assert "Er is geen noodcode." in (await boss.get("/accounts")).text
    code = room.accounts.new_emergency_code(BY)
    assert "nog niet gebruikt" in (await boss.get("/accounts")).text
    somebody = Browser(room)
    await somebody.fill("/emergency", code=code)
    assert (await somebody.get("/")).status == 200
    assert "De noodcode is gebruikt om" in (await boss.get("/accounts")).text
    await boss.act("emergency-end", back="/accounts")
    assert "Wie met de noodcode binnenkwam, is uitgelogd." in (await boss.get("/accounts")).text
    assert (await somebody.get("/")).status == 303
    assert (await boss.get("/")).status == 200
    await boss.act("emergency-end", back="/accounts")
    assert "Dat was al zo." in (await boss.get("/accounts")).text


async def test_every_role_can_be_given(room: DoorRoom) -> None:
    """Protects the choice on the page: it has each role that the gateway knows, by its Dutch name."""
    boss = await room.logged_in("baas", "cp_techniek")
    body = (await boss.get("/accounts")).body
    assert set(re.findall(r'<option value="([a-z_]+)"', body)) == set(ROLES)
    for name in ("Coördinator", "Gemeente", "Oefenleiding", "Archief"):
        assert f">{name}</option>" in body
