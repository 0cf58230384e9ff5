"""Who is let in: accounts, passwords, second factor, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from access_room import BY, HERE, OTHER, PASSWORD, THERE, AccessRoom, cheap
from nspgateway.access import sessions, tokens
from nspgateway.access.account_desk import checked
from nspgateway.access.door_base import Caller, Denied
from nspgateway.access.second_factor import FAR, KEY_FILE, STEP_S, Vault, VaultError
from nspgateway.clock_step import Step
from nspgateway.desk_base import Refused

__all__ = ["cheap"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[AccessRoom]:
    """A box of which a technician must have a second factor."""
    room = AccessRoom(tmp_path, ("cp_techniek",))
    yield room
    room.store.close()


async def test_a_name_and_a_password_make_a_session_that_outlives_a_restart(room: AccessRoom) -> None:
    """Protects a shift from a power cut: who was logged in still is, and only the hash of their token is on disk."""
    room.add("post-1")
    entered = await room.door.log_in(" Post-1 ", PASSWORD, HERE)
    assert entered.stage == "in"
    room.restart()
    found = room.look(entered)
    assert found is not None
    assert (found.by.who, found.by.role, found.by.origin) == ("post-1", "cp_medewerker", "page")
    everything = b"".join(path.read_bytes() for path in room.folder.glob("nsp.db*"))
    assert entered.token.encode() not in everything
    assert entered.device.encode() not in everything
    assert PASSWORD.encode() not in everything


@pytest.mark.parametrize("name", ["post-1", "nobody", "", "x" * 10_000, "post-1'; --"])
async def test_what_was_typed_is_kept_nowhere(room: AccessRoom, name: str) -> None:
    """Protects people who type their password in the wrong field: log and audit trail tell of it without a word of it."""
    room.add("post-1")
    with capture_logs() as log, pytest.raises(Denied, match="wrong") as denied:
        await room.door.log_in(name, "geheim en mis getypt", HERE)
    (line,) = room.did("login_refused")
    assert line.by.who == ("post-1" if name == "post-1" else "")
    assert "geheim" not in f"{log} {line!r} {line.note} {denied.value}"
    assert not name or name == "post-1" or name not in f"{log} {line!r}"


async def test_a_disabled_account_is_nobody(room: AccessRoom) -> None:
    """Protects from who has left: no login, and the open session is none from that moment on."""
    room.add("post-1")
    entered = await room.log_in("post-1")
    room.desk.set_disabled("post-1", BY, disabled=True)
    assert room.look(entered) is None
    with pytest.raises(Denied, match="wrong"):
        await room.log_in("post-1")
    room.desk.set_disabled("post-1", BY, disabled=False)
    assert room.look(entered) is None
    assert (await room.log_in("post-1")).stage == "in"


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.set_role("post-1", "archief", "", BY),
        lambda desk: desk.set_password("post-1", checked(OTHER, "post-1"), BY),
    ],
)
async def test_another_role_or_password_ends_the_sessions(room: AccessRoom, act: object) -> None:
    """Protects rights: nobody goes on under what they were before."""
    room.add("post-1")
    entered = await room.log_in("post-1")
    act(room.desk)  # type: ignore[operator]  # of each case its own
    assert room.look(entered) is None


async def test_a_token_that_was_put_there_is_worth_nothing(room: AccessRoom) -> None:
    """Protects from session fixation: each step of the login goes on under a token that was never seen before."""
    room.add("baas", "cp_techniek", fresh=True)
    first = await room.log_in("baas")
    second = await room.door.change_password(first.token, "", OTHER, HERE)
    third, _ = await room.enrol(second)
    assert (first.stage, second.stage, third.stage) == ("change", "enrol", "in")
    assert len({first.token, second.token, third.token}) == 3
    assert room.look(first) is None
    assert room.look(second) is None
    assert [one.token for one in room.store.sessions()] == [tokens.digest(third.token)]


async def test_the_second_factor(room: AccessRoom) -> None:
    """Protects a technician's account: a password alone gets nowhere, and no code works twice."""
    room.add("baas", "cp_techniek")
    entered = await room.log_in("baas")
    assert entered.stage == "enrol"
    with pytest.raises(Denied, match="wrong"):
        await room.door.enrol(entered.token, "000000", HERE)
    entered, app = await room.enrol(entered)
    assert entered.stage == "in"
    half = await room.log_in("baas", THERE)
    assert half.stage == "code"
    with pytest.raises(Denied, match="wrong"):
        await room.door.confirm(half.token, room.code(app), THERE)  # used to set it up
    room.clock.move(STEP_S)
    whole = await room.door.confirm(half.token, room.code(app), THERE)
    assert whole.stage == "in"
    assert room.look(half) is None
    room.restart()
    again = await room.log_in("baas", THERE)
    with pytest.raises(Denied, match="wrong"):
        await room.door.confirm(again.token, room.code(app), THERE)
    sealed = room.store.account("baas").totp
    assert app.byte_secret() not in sealed


async def test_a_code_is_of_now_or_nearly(room: AccessRoom) -> None:
    """Protects phones that are half a minute off; five minutes only while nobody vouches for our own time."""
    room.add("post-1")
    _, app = await room.enrol(await room.log_in("post-1"))
    room.clock.move(3600)
    half = await room.log_in("post-1", THERE)
    with pytest.raises(Denied, match="wrong"):
        await room.door.confirm(half.token, room.code(app, 2 * STEP_S), THERE)
    room.is_dated = False
    with pytest.raises(Denied, match="wrong"):
        await room.door.confirm(half.token, room.code(app, (FAR + 1) * STEP_S), THERE)
    assert (await room.door.confirm(half.token, room.code(app, FAR * STEP_S), THERE)).stage == "in"


async def test_a_clock_that_was_ahead_locks_nobody_out(room: AccessRoom) -> None:
    """Protects a box without a battery in its clock: a code that was used in a wrong year does not spoil those of now."""
    room.add("post-1")
    room.clock.at += timedelta(days=400)
    _, app = await room.enrol(await room.log_in("post-1"))
    room.clock.at -= timedelta(days=400)
    half = await room.log_in("post-1", THERE)
    assert (await room.door.confirm(half.token, room.code(app), THERE)).stage == "in"


async def test_a_key_that_others_can_read_is_refused(room: AccessRoom, tmp_path: Path) -> None:
    """Protects the secrets in the database: the key is for its owner only, and another key opens nothing."""
    key = tmp_path / KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    sealed = Vault(key).seal("baas", b"secret")
    assert Vault(key).open("baas", sealed) == b"secret"
    with pytest.raises(VaultError, match="reset-second-factor"):
        Vault(key).open("post-1", sealed)
    with pytest.raises(VaultError, match="reset-second-factor"):
        Vault(tmp_path / "other").open("baas", sealed)
    key.chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault(key)


async def test_a_given_password_is_changed_at_once(room: AccessRoom) -> None:
    """Protects an account from who made it: the first login leads to a password that nobody else has seen."""
    room.add("post-1", fresh=True)
    half = await room.log_in("post-1")
    assert half.stage == "change"
    for bad, why in (("kort", "short"), ("Welkom123456!", "guessed"), ("fiets van post-1 thuis", "name")):
        with pytest.raises(Denied, match=f"weak {why}"):
            await room.door.change_password(half.token, "", bad, HERE)
    with pytest.raises(Denied, match="same"):
        await room.door.change_password(half.token, "", PASSWORD, HERE)
    whole = await room.door.change_password(half.token, "", OTHER, HERE)
    assert whole.stage == "in"
    assert [line.what for line in room.store.actions()][-2:] == ["account_password", "login"]


async def test_a_new_password_ends_the_other_sessions(room: AccessRoom) -> None:
    """Protects who fears that somebody watched: the password is asked again, and all others are out."""
    room.add("post-1")
    here, there = await room.log_in("post-1"), await room.log_in("post-1", THERE)
    with pytest.raises(Denied, match="wrong"):
        await room.door.change_password(here.token, "not the old one", OTHER, HERE)
    fresh = await room.door.change_password(here.token, PASSWORD, OTHER, HERE)
    assert room.look(there) is None
    assert room.look(here) is None
    assert room.look(fresh) is not None


async def test_a_session_lasts_a_shift_and_ends(room: AccessRoom) -> None:
    """Protects both: an officer who only watches for twelve hours, and a tablet that was left behind."""
    room.add("post-1")
    entered = await room.log_in("post-1")
    room.clock.move(12 * 3600)
    assert room.look(entered) is not None
    room.clock.move(11 * 3600)
    assert room.look(entered) is not None
    room.clock.move(3601)
    assert room.look(entered) is None
    assert room.door.look(entered.token, acting=True) is not None, "what is being typed is still taken"
    room.clock.move(sessions.GRACE.total_seconds())
    assert room.door.look(entered.token, acting=True) is None
    idle = await room.log_in("post-1")
    room.clock.move(sessions.IDLE.total_seconds() + 1)
    assert room.look(idle) is None


async def test_half_a_login_does_not_wait_for_long(room: AccessRoom) -> None:
    """Protects a password that was typed and not followed by a code: it is worth nothing a quarter later."""
    room.add("baas", "cp_techniek")
    half = await room.log_in("baas")
    room.clock.move(sessions.HALFWAY.total_seconds() + 1)
    assert room.look(half) is None
    with pytest.raises(Denied, match="over"):
        await room.door.enrol(half.token, "000000", HERE)


async def test_who_logs_out_is_out(room: AccessRoom) -> None:
    """Protects the next one at the keyboard; twice does no harm, and what is no token is nobody."""
    room.add("post-1")
    entered = await room.log_in("post-1")
    room.door.log_out(entered.token)
    room.door.log_out(entered.token)
    assert [room.door.look(token) for token in (entered.token, "", "x")] == [None] * 3
    assert len(room.did("logout")) == 1


async def test_a_form_belongs_to_its_session() -> None:
    """Protects acts from a foreign page: what a form carries is made of its own session's token."""
    mine, other = tokens.new_token(), tokens.new_token()
    assert tokens.fits_form(mine, tokens.form_token(mine))
    assert not tokens.fits_form(mine, tokens.form_token(other))
    assert not tokens.fits_form("", tokens.form_token(""))
    assert not tokens.fits_form(mine, "é")


async def test_the_last_technician_stays(room: AccessRoom) -> None:
    """Protects a box from its own keepers: there is always somebody who may keep the accounts."""
    room.add("baas", "cp_techniek")
    for act in (
        lambda: room.desk.set_disabled("baas", BY, disabled=True),
        lambda: room.desk.set_role("baas", "meekijker", "", BY),
    ):
        with pytest.raises(Refused, match="last cp_techniek"):
            act()
    room.add("tweede", "cp_techniek")
    room.desk.set_role("baas", "meekijker", "", BY)


@pytest.mark.parametrize(
    ("name", "role", "municipality", "words"),
    [
        ("Jan de Vries", "cp_medewerker", "", "a name has a-z"),
        ("-x", "cp_medewerker", "", "a name has a-z"),
        ("noodcode", "cp_medewerker", "", "emergency code"),
        ("post-1", "cp_medewerker", "", "exists already"),
        ("post-2", "baas", "", "There is: meekijker|there is: meekijker"),
        ("post-2", "scherm", "", "no role"),
        ("post-2", "gemeente", "", "name it"),
        ("post-2", "gemeente", "Nergenshuizen", "there is: Lindendam"),
        ("post-2", "archief", "Lindendam", "no other role"),
    ],
)
def test_an_account_that_cannot_be(
    room: AccessRoom, name: str, role: str, municipality: str, words: str
) -> None:
    """Protects from half-made accounts: each refusal says what is wrong and what there is; nothing is written."""
    room.add("post-1")
    with pytest.raises(Refused, match=words):
        room.desk.add(name, role, municipality, checked(PASSWORD, name), BY)
    assert [one.name for one in room.desk.accounts()] == ["post-1"]


async def test_a_known_browser_may_be_shared(room: AccessRoom) -> None:
    """Protects a room with one tablet: it is known for each who logged in on it, and a planted mark is replaced."""
    room.add("post-1")
    room.add("post-2")
    planted = Caller("10.0.0.5", "planted")
    entered = await room.log_in("post-1", planted)
    assert entered.device not in ("", "planted")
    tablet = Caller("10.0.0.5", entered.device)
    assert (await room.log_in("post-2", tablet)).device == entered.device
    assert room.store.known_on(tokens.digest(entered.device)) == {"post-1", "post-2"}


async def test_it_is_known_that_the_sealed_code_was_used_until_there_is_a_new_one(room: AccessRoom) -> None:
    """Protects the alarm of it: known at once, after a restart too, and over when a command made a new code."""
    code = room.desk.new_emergency_code(BY)
    room.door.tick()
    assert room.door.sealed_used_at is None
    await room.door.open_sealed(code, THERE)
    assert room.door.sealed_used_at == room.clock.now()
    room.restart()
    room.door.tick()
    assert room.door.sealed_used_at is not None
    room.desk.new_emergency_code(BY)
    room.door.tick()
    assert room.door.sealed_used_at is None


async def test_a_clock_that_is_set_right_logs_nobody_out_and_nobody_in(room: AccessRoom) -> None:
    """Protects a shift on a box that woke up in another month: sessions move along, and end when they would have."""
    room.add("post-1")
    began = room.clock.now()
    entered = await room.log_in("post-1")
    month = timedelta(days=31)
    room.door.step(Step(month, since=began, at=room.clock.now()))
    room.clock.move(month.total_seconds())
    assert room.look(entered) is not None
    room.clock.move(sessions.LONGEST.total_seconds() + 60)
    assert room.look(entered) is None
