"""How long a guesser waits outlives the gateway; what is kept of it is bounded, readable to nobody, and no lock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from access_room import HERE, PASSWORD, THERE, AccessRoom, cheap
from nspgateway.access import attempts, tokens
from nspgateway.access.attempts import FORGOTTEN_S, LIMITS
from nspgateway.access.door_base import Caller, Denied
from nspgateway.clock_step import Step

__all__ = ["cheap"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[AccessRoom]:
    """A box at which somebody has an account."""
    room = AccessRoom(tmp_path)
    room.add("post-1")
    yield room
    room.store.close()


async def guess(room: AccessRoom, name: str = "post-1", caller: Caller = THERE) -> Denied:
    """One wrong password; return what was answered."""
    with pytest.raises(Denied) as denied:
        await room.door.log_in(name, "een verkeerde gok", caller)
    return denied.value


async def guess_until_it_waits(room: AccessRoom, name: str = "post-1") -> None:
    for _ in range(LIMITS["account"].free + 1):
        assert (await guess(room, name)).word == "wrong"
    assert (await guess(room, name)).word == "wait"


@pytest.mark.parametrize("name", ["post-1", "nobody"])
async def test_a_restart_gives_no_fresh_start(room: AccessRoom, name: str) -> None:
    """Protects passwords on a box whose plug can be pulled; a name that nobody has waits as long, so that it says nothing."""
    await guess_until_it_waits(room, name)
    room.restart()
    denied = await guess(room, name)
    assert (denied.word, denied.wait_s) == ("wait", 1.0)
    room.clock.move(1.0)
    assert (await guess(room, name)).word == "wrong"
    room.restart()
    assert (await guess(room, name)).wait_s == 2.0


async def test_a_restart_gives_no_fresh_start_at_the_second_factor(room: AccessRoom) -> None:
    """Protects a telephone's codes: six digits are few for somebody who knows the password and can restart the box."""
    _, app = await room.enrol(await room.log_in("post-1"))
    half = await room.log_in("post-1", THERE)
    for _ in range(LIMITS["code"].free + 1):
        with pytest.raises(Denied, match="wrong"):
            await room.door.confirm(half.token, "000000", THERE)
    room.restart()
    with pytest.raises(Denied, match="wait"):
        await room.door.confirm(half.token, room.code(app, 60.0), THERE)


async def test_after_an_hour_all_is_forgotten(room: AccessRoom) -> None:
    """Protects from a table that only grows: an hour later nothing is kept, whether the box ran meanwhile or not."""
    await guess_until_it_waits(room)
    assert room.store.guesses()
    room.clock.move(FORGOTTEN_S)
    room.door.tick()
    assert room.store.guesses() == []
    await guess_until_it_waits(room)
    room.clock.move(FORGOTTEN_S)
    room.restart()
    assert (await guess(room)).word == "wrong"
    assert {one.count for one in room.store.guesses()} == {1}


async def test_who_gets_in_is_forgotten(room: AccessRoom) -> None:
    """Protects who mistyped: after the right password no failure of theirs is kept, also not on disk."""
    for _ in range(LIMITS["account"].free):
        await guess(room)
    await room.log_in("post-1", THERE)
    assert [(one.kind, one.count) for one in room.store.guesses()] == [("address", LIMITS["account"].free)]


async def test_a_flood_of_guesses_takes_bounded_room(
    room: AccessRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects the disk: however many names and addresses are tried, the newest are kept and no more."""
    monkeypatch.setattr(attempts, "MOST_KEPT", 6)
    for n in range(20):
        await guess(room, f"niemand-{n}", Caller(f"10.1.0.{n}"))
    assert len(room.store.guesses()) == 6
    room.restart()
    await guess(room, "nog-iemand")
    assert len(room.store.guesses()) == 6


async def test_a_restart_keeps_nobody_out(room: AccessRoom) -> None:
    """Protects the room: a browser that is known gets in whatever strangers tried before the box went down."""
    entered = await room.log_in("post-1", HERE)
    await guess_until_it_waits(room)
    room.restart()
    assert (await room.log_in("post-1", Caller(HERE.address, entered.device))).stage == "in"


@pytest.mark.parametrize("years", [-1, 1])
async def test_a_wrong_date_is_no_lock(room: AccessRoom, years: int) -> None:
    """Protects an officer at a box without a battery in its clock: whatever date it wakes up with, nobody waits for one."""
    await guess_until_it_waits(room)
    room.clock.at += timedelta(days=365 * years)
    room.restart()
    room.clock.move(LIMITS["account"].most_s)
    assert (await room.log_in("post-1", THERE)).stage == "in"


async def test_a_clock_that_is_set_right_forgives_nothing(room: AccessRoom) -> None:
    """Protects from a guesser who waits for the network's time: when was guessed moves along with the clock."""
    began = room.clock.now()
    await guess_until_it_waits(room)
    month = timedelta(days=31)
    at = room.clock.now()
    room.clock.step(month)
    room.door.step(Step(month, since=began, at=at))
    room.restart()
    assert (await guess(room)).word == "wait"


async def test_nothing_of_what_was_typed_is_in_the_count(room: AccessRoom) -> None:
    """Protects who types a password in the wrong field: not even its digest, which could be guessed from, is on disk."""
    await guess(room, PASSWORD)
    room.store.close()
    everything = b"".join(path.read_bytes() for path in room.folder.glob("nsp.db*"))
    for trace in (PASSWORD, tokens.digest(PASSWORD)):
        assert trace.encode() not in everything
    room.restart()
