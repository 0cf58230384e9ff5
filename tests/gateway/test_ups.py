"""Our own supply by Network UPS Tools: against a real upsd, and against one that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_box import T0, VirtualClock
from mqtt_peers import until
from nspgateway import nut
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config_parts import UpsConfig
from nspgateway.facts import OwnFacts
from nspgateway.ups import Ups
from nut_peers import Nut
from patience import PATIENCE_S
from ports import free_port


@pytest.fixture
def upsd(tmp_path: Path) -> Iterator[Nut]:
    """A real upsd that is not started yet."""
    made = Nut(tmp_path)
    yield made
    made.kill()


@asynccontextmanager
async def watching(port: int, answer_s: float = PATIENCE_S) -> AsyncIterator[Ups]:
    """A watch on the UPS behind this port, that asks often."""
    ups = Ups(UpsConfig(name="ups", port=port), Clock(), poll_s=0.05, answer_s=answer_s)
    task = asyncio.ensure_future(ups.run())
    try:
        yield ups
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def supply(ups: Ups) -> str:
    return ups.into(OwnFacts(), T0).supply


async def test_a_real_upsd_tells_line_battery_and_minutes(upsd: Nut) -> None:
    """Protects the first line on the page: what upsd says is what we say, and what it stops saying is unknown."""
    upsd.say("OL CHRG", 1800)
    await upsd.start()
    async with watching(upsd.port) as ups:
        assert supply(ups) == "unknown"
        await until(lambda: supply(ups) == "line")
        assert ups.minutes() is None
        upsd.say("OB DISCHRG", 600)
        await until(lambda: supply(ups) == "battery")
        minutes = ups.minutes()
        assert minutes is not None
        assert 9 < minutes <= 10
        assert ups.newest is not None
        assert ups.newest.charge == 80
        upsd.kill("dummy-ups")
        await until(lambda: ups.reason in {"DATA-STALE", "DRIVER-NOT-CONNECTED"})
        assert supply(ups) == "unknown"
        assert ups.minutes() is not None, "what is left runs on, unheard"
        upsd.kill("upsd")
        await until(lambda: "cannot be reached" in ups.reason)
        upsd.start_upsd()
        await until(lambda: ups.reason == "DRIVER-NOT-CONNECTED")


Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stand_in(peer: Peer) -> AsyncIterator[int]:
    """Something that listens where upsd should."""
    port = free_port()
    server = await asyncio.start_server(peer, "127.0.0.1", port)
    try:
        yield port
    finally:
        server.close()


def answering(*lines: bytes) -> Peer:
    """Gives these answers, one for each question, then hangs up."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            if not await reader.readline():
                break
            writer.write(line)
        with suppress(OSError):
            await writer.drain()
        writer.close()

    return peer


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((b"ERR DATA-STALE\n",), "DATA-STALE"),
        ((b"ERR UNKNOWN-UPS\n",), "UNKNOWN-UPS"),
        ((b"ERR ACCESS-DENIED\n",), "ACCESS-DENIED"),
        ((b"HTTP/1.1 400 Bad Request\n",), "strange answer"),
        ((b'VAR other ups.status "OL"\n',), "strange answer"),
        ((b"\xff\x00\xfe" * 600 + b"\n",), "limit"),
        ((b"VAR ups ups.status",), "hung up"),
        ((), "upsd"),  # hung up, or reset the connection
    ],
)
async def test_what_is_no_answer_is_unknown(lines: tuple[bytes, ...], reason: str) -> None:
    """Protects the alarm: garbage, an error or a half answer never says that we are on the mains."""
    async with stand_in(answering(*lines)) as port, watching(port) as ups:
        await until(lambda: reason in ups.reason)
        assert supply(ups) == "unknown"


async def test_an_upsd_that_hangs_is_unknown() -> None:
    """Protects the alarm: one that takes the call and says nothing is not waited for."""

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with stand_in(mute) as port, watching(port, answer_s=0.05) as ups:
        await until(lambda: ups.reason == "upsd does not answer")
        assert supply(ups) == "unknown"


async def test_without_runtime_the_minutes_are_unknown() -> None:
    """Protects honesty: a UPS that tells no runtime leaves the minutes unknown, and the battery said."""
    no = b"ERR VAR-NOT-SUPPORTED\n"
    peer = answering(b'VAR ups ups.status "OB LB"\n', no, no)
    async with stand_in(peer) as port, watching(port) as ups:
        await until(lambda: ups.newest is not None)
        assert ups.minutes() is None
        assert ups.newest is not None
        assert ups.newest.is_low


def test_minutes_count_down_between_polls_and_silence_is_unknown() -> None:
    """Protects the count: it runs by our clock, and an answer of too long ago is none."""
    clock = VirtualClock()
    ups = Ups(UpsConfig(name="ups"), clock)
    ups.take(nut.told("OB", "600"))
    clock.move(6)
    facts = ups.into(OwnFacts(), clock.now())
    assert (facts.supply, facts.supply_min, facts.supply_since) == ("battery", 9.9, T0)
    assert facts.supply_age_s == 6
    clock.move(7)
    facts = ups.into(OwnFacts(), clock.now())
    assert (facts.supply, facts.supply_since) == ("unknown", clock.now())
    clock.move(3600)
    assert ups.minutes() == 0
    ups.take(nut.told("OL CHRG"))
    assert ups.into(OwnFacts(), clock.now()).supply == "line"
    assert ups.minutes() is None


def test_the_begin_of_the_supply_follows_the_clock() -> None:
    """Protects the age of a power cut when the clock is stepped."""
    clock = VirtualClock()
    ups = Ups(UpsConfig(name="ups"), clock)
    clock.move(60)
    ups.take(nut.told("OB"))
    ups.step(Step(timedelta(hours=4), T0, clock.now()))
    assert ups.into(OwnFacts(), clock.now()).supply_since == clock.now() + timedelta(hours=4)


@given(st.lists(st.sampled_from(["OL", "OB", "LB", "FSD", "CHRG", "DISCHRG", "WAIT", "OFF", "CAL", "x"])))
def test_line_is_said_only_when_nothing_speaks_against_it(words: list[str]) -> None:
    """Protects the alarm: a status that speaks of the battery in any way is never the mains."""
    told = nut.told(" ".join(words))
    if {"OB", "FSD"} & set(words) or "OL" not in words:
        assert told.supply != "line"
    else:
        assert told.supply == "line"
    if "FSD" in words or ("OB" in words and "OL" not in words):
        assert told.supply == "battery"


def test_values_are_read_as_they_are_quoted() -> None:
    """Protects the parser: escaped quotes are part of the value, a figure that is none is unknown."""
    assert nut.answer(b'VAR ups ups.status "a \\"b\\" \\\\"\n', "ups", "ups.status") == 'a "b" \\'
    for text in ("", "-5", "nan", "1e9", "12 min"):
        assert nut.told("OB", text).runtime_s is None
    assert replace(nut.told("OB", "90.5"), words="").runtime_s == 90.5
