"""The pages' gate as an attacker tries it: without a session, with somebody else's, by guessing, from another site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from access_room import CHEAP, cheap
from door_room import BY, OTHER, PASSWORD, Browser, DoorRoom, hidden
from nspgateway.access import passwords
from nspgateway.access.accounts import ROLES
from nspgateway.access.attempts import LIMITS
from nspgateway.people import By
from nspgateway.records import Changes
from nspgateway.web import pages
from nspgateway.web.door_steps import STEPS
from nspgateway.web.rights import rights_of

__all__ = ["cheap"]

FORMS = tuple(dict.fromkeys(step.path for step in STEPS))


@contextmanager
def opened(folder: Path) -> Iterator[DoorRoom]:
    """A gateway at which one alarm is open and somebody has an account."""
    room = DoorRoom(folder, deployment="open")
    room.box.vital(1, alarms=1 << 2)
    room.add("jansen", "cp_medewerker")
    yield room
    room.box.store.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[DoorRoom]:
    """One of its own."""
    with opened(tmp_path) as room:
        yield room


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoorRoom]:
    """One for all that look and change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", CHEAP)
        with opened(tmp_path_factory.mktemp("shared")) as room:
            yield room


# What stands in the place of a parameter of a path; of any other one the point.
EXAMPLES = {"alarm": "power_lost", "number": "1", "version": "1", "plan": "1"}


def filled(path: str) -> str:
    """A path with something in the place of its parameters."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: EXAMPLES.get(found[1], "de-linde"), path)


def state(room: DoorRoom) -> str:
    return room.box.ingest.situation.alarms["de-linde"]["power_lost"].state


ASKED = [
    *(filled(page.path) for page in pages.PAGES),
    *(filled(one.path) for one in pages.DOWNLOADS),
]
STREAMS = [f"/events{filled(page.path).rstrip('/')}" for page in pages.PAGES if page.live]


@pytest.mark.parametrize("path", ASKED)
async def test_no_page_and_no_file_without_a_session(shared: DoorRoom, path: str) -> None:
    """Protects everything there is to see, whatever page is added: who is nobody is led to the login and sees nothing."""
    stranger = Browser(shared)
    for jar in ({}, {"__Host-nsp-session": "x" * 43}, {"nsp-session": "x"}, {"__Host-nsp-screen": "x" * 43}):
        stranger.jar = dict(jar)
        answer = await stranger.get(path)
        assert answer.status == 303
        assert answer.headers["location"].startswith("/login")
        assert answer.body == ""


@pytest.mark.parametrize("path", STREAMS)
async def test_no_stream_without_a_session(shared: DoorRoom, path: str) -> None:
    """Protects what is live, whatever page is added: not one picture goes to nobody."""
    stream = Browser(shared).watch(path)
    await stream.ended()
    assert stream.status == 401
    assert not any(one.get("body") for one in stream.said)


@pytest.mark.parametrize("act", pages.ACTS, ids=lambda act: act.name)
async def test_no_act_without_a_session(shared: DoorRoom, act: pages.Act) -> None:
    """Protects everything that can be done, whatever act is added: nobody does nothing."""
    before = len(shared.box.store.actions())
    answer = await Browser(shared).post(f"/act/{act.name}", csrf="", key="de-linde/power_lost")
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert len(shared.box.store.actions()) == before


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_sees_and_does_what_is_its_own(shared: DoorRoom, role: str) -> None:
    """Protects the division of work: every page, file, stream and act of another role is refused by the server itself."""
    town = "Lindendam" if role == "gemeente" else ""
    browser = await shared.person(f"iemand-{role.replace('_', '-')}", role, town)
    may = rights_of(role)
    csrf = hidden(await browser.get("/"))["csrf"]
    for one in (*pages.PAGES, *pages.DOWNLOADS):
        answer = await browser.get(filled(one.path))
        assert (answer.status == 403) == (one.right not in may), (one.path, answer.status)
        assert (answer.status == 403) == ("Deze pagina hoort niet bij uw rol." in answer.body)
    for act in pages.ACTS:
        if act.right not in may:
            answer = await browser.post(f"/act/{act.name}", csrf=csrf, key="de-linde/power_lost")
            assert answer.status == 403, act.name
    assert state(shared) == "unacknowledged"


def test_only_a_technician_keeps_the_accounts() -> None:
    """Protects from officers who give rights away: accounts and screens are one role's, and no other has everything."""
    assert {role for role in ROLES if "accounts" in rights_of(role)} == {"cp_techniek"}
    assert {role for role in ROLES if "decide" in rights_of(role)} == {"cp_coordinator"}
    assert rights_of("scherm") == {"view"}
    assert rights_of("meekijker") == {"view"}


async def elsewhere(room: DoorRoom) -> Browser:
    """Somebody of a municipality in which there are no points."""
    browser = await room.person("elders", "gemeente", "Lindendam")
    account = room.box.store.account("elders")
    assert account is not None
    moved = replace(account, municipality="Oosterdam")
    room.box.store.commit(Changes(at=room.clock.now(), access=(moved,)))
    return browser


@pytest.mark.parametrize("path", ASKED)
async def test_a_municipality_sees_its_own_points_only(shared: DoorRoom, path: str) -> None:
    """Protects the other municipalities: no page and no file, whatever is added, has a word of a point of another."""
    mine = await shared.person("hier", "gemeente", "Lindendam")
    theirs = await elsewhere(shared)
    seen, hidden_from = await mine.get(path), await theirs.get(path)
    assert "De Linde" not in hidden_from.body
    assert hidden_from.status == seen.status or (seen.status, hidden_from.status) == (200, 404)


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_of_a_municipality_has_its_own_points_only(shared: DoorRoom, path: str) -> None:
    """Protects the other municipalities from what is live as well."""
    stream = (await elsewhere(shared)).watch(path)
    await stream.begun()
    stream.close()
    await stream.ended()
    assert b"De Linde" not in b"".join(one.get("body", b"") for one in stream.said)


@pytest.mark.parametrize("path", [*FORMS, "/logout"])
async def test_a_form_of_another_site_does_nothing(shared: DoorRoom, path: str) -> None:
    """Protects from a page elsewhere that logs somebody in or out: without our own token no form is taken."""
    browser = await shared.person("piet", "cp_medewerker")
    session = dict(browser.jar)
    fields = {
        "name": "jansen",
        "password": PASSWORD,
        "code": "x",
        "old": PASSWORD,
        "new": OTHER,
        "again": OTHER,
    }
    for headers, csrf in (({}, ""), ({}, "x"), ({"origin": "https://evil.example"}, None)):
        token = hidden(await browser.get(path))["csrf"] if csrf is None and path in FORMS[1:3] else csrf or ""
        answer = await browser.post(path, headers, csrf=token, **fields)
        assert answer.status in {303, 403}
        assert browser.jar.get("__Host-nsp-session") == session["__Host-nsp-session"]
    assert (await browser.get("/")).status == 200
    assert (await Browser(shared).log_in("piet")).status == 303


@pytest.mark.parametrize("path", FORMS)
async def test_pages_before_the_login_are_as_strict(shared: DoorRoom, path: str) -> None:
    """Protects the login itself: no foreign or inline script, style or frame, nothing kept in a cache, nothing from elsewhere."""
    browser = Browser(shared)
    if path in {"/second-factor", "/password"}:
        browser = await shared.person("piet", "cp_medewerker")
    answer = await browser.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script", answer.body)
    assert all(where.startswith("/") for where in re.findall(r'(?:src|href|action)="([^"#]+)"', answer.body))


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_cookies_are_out_of_reach(room: DoorRoom, scheme: str) -> None:
    """Protects a session from scripts, other sites and plain HTTP: over TLS the browser itself sees to it."""
    browser = Browser(room, scheme=scheme)
    await browser.get("/login")
    answer = await browser.log_in("jansen")
    assert len(answer.cookies) == 2
    for line in answer.cookies:
        assert "HttpOnly" in line
        assert "SameSite=strict" in line
        assert "Path=/" in line
        assert ("Secure" in line, line.startswith("__Host-")) == (scheme == "https",) * 2


async def test_a_session_that_was_put_there_is_not_taken(room: DoorRoom) -> None:
    """Protects from session fixation: whatever cookies somebody plants, one logs in under fresh ones."""
    browser = Browser(room)
    planted = dict.fromkeys(("__Host-nsp-session", "__Host-nsp-device"), "planted-by-somebody-else")
    browser.jar |= planted
    await browser.log_in("jansen")
    assert not set(planted.values()) & set(browser.jar.values())
    other = Browser(room)
    other.jar |= planted
    assert (await other.get("/")).status == 303


async def test_guessing_is_slowed_and_keeps_nobody_out(room: DoorRoom) -> None:
    """Protects passwords and the room: a stranger waits longer and longer; who is known here is let in all the same."""
    officer = Browser(room, "10.0.0.5")
    await officer.log_in("jansen")
    stranger = Browser(room, "10.0.0.66")
    answers = [
        await stranger.log_in("jansen", f"een verkeerde gok {n}") for n in range(LIMITS["account"].free + 2)
    ]
    assert [one.status for one in answers[:-1]] == [403] * (len(answers) - 1)
    assert answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "Het ging te vaak mis." in answers[-1].text
    assert (await stranger.log_in("jansen")).status == 429  # also with the right one
    del officer.jar["__Host-nsp-session"]
    assert (await officer.log_in("jansen")).headers["location"] == "/"


async def test_a_wrong_guess_says_nothing(room: DoorRoom) -> None:
    """Protects names: somebody unknown, somebody known and somebody who has left get the same answer."""
    room.add("weg", "cp_medewerker")
    room.accounts.set_disabled("weg", BY, disabled=True)
    bodies = set()
    for name, password in (("niemand", PASSWORD), ("jansen", OTHER), ("weg", PASSWORD)):
        answer = await Browser(room).log_in(name, password)
        bodies.add((answer.status, re.sub(r'value="[^"]*"', "", answer.body)))
        assert password not in answer.body
    assert len(bodies) == 1


async def test_html_in_what_is_typed_is_text(shared: DoorRoom) -> None:
    """Protects who looks at a login: a name with elements in it comes back as text."""
    evil = '"><script>alert(1)</script>'
    answer = await Browser(shared).log_in(evil)
    assert "<script" not in answer.body
    assert "&lt;script&gt;" in answer.body
    answer = await Browser(shared).get("/login?back=%22%3E%3Cscript%3E")
    assert "<script" not in answer.body


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
# In an element, not in the text or the quoted value that somebody typed.
INLINE = re.compile(r"<style|<[^>\"]*(\"[^\"]*\"[^>\"]*)*\s(style|on\w+)=|<script(?![^>]*\ssrc=)")


async def test_html_from_people_and_settings_is_text_on_every_page(tmp_path: Path) -> None:
    """Protects every reader, whatever page is added: elements in a name, a message, a note stay text; no code is inline."""
    room = DoorRoom(tmp_path, deployment="open", first={"name": EVIL, "municipality": EVIL})
    room.box.vital(1, alarms=1 << 2)
    desk, by = room.room.desk, By(EVIL, "cp_coordinator", "page")
    desk.draft_message(EVIL, by, en=EVIL)
    desk.comment("de-linde", "power_lost", by, EVIL)
    people = [await room.logged_in("hoofd", "cp_coordinator"), await room.logged_in("baas", "cp_techniek")]
    escaped = 0
    for path in (filled(page.path) for page in pages.PAGES):
        for browser in people:
            answer = await browser.get(path)
            assert "<script>alert" not in answer.body, path
            assert "<img" not in answer.body, path
            assert not INLINE.search(answer.body), path
            assert "unsafe" not in answer.headers["content-security-policy"], path
            escaped += "&lt;script&gt;alert(1)" in answer.body
    assert escaped >= 6
    room.box.store.close()


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"]
)
async def test_a_login_leads_to_no_other_site(shared: DoorRoom, back: str) -> None:
    """Protects from a login link that ends elsewhere."""
    browser = Browser(shared)
    page = await browser.get("/login")
    fields = {**hidden(page), "back": back, "name": "jansen", "password": PASSWORD}
    assert (await browser.post("/login", **fields)).headers["location"] == "/"


async def test_forms_before_the_login_are_bounded(shared: DoorRoom) -> None:
    """Protects memory and processor: nobody sends the login more than a form, or no form."""
    browser = Browser(shared)
    csrf = hidden(await browser.get("/login"))["csrf"]
    assert (await browser.post("/login", csrf=csrf, name="x" * 70_000)).status == 413
    assert (await browser.post("/login", {"content-type": "application/json"}, csrf=csrf)).status == 415
    assert (await browser.post("/login", csrf=csrf)).status == 403  # nothing was filled in
