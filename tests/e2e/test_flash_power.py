"""Power cuts inside complete flashings, broken start programs, and a watchdog that is already armed: mpremote gets in."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from flash_room import SLUG, FlashRoom, flash_room, reserved
from nspkit import budget, persist
from nsptools.bench import vm
from nsptools.flash import firmware
from nsptools.flash.mpremote import Mpremote

pytestmark = pytest.mark.asyncio

_RUNNING = (*persist.FILES, *budget.FILES)  # what a kit writes anew all the time
_SETTLE_S = 120.0
WDT_MS = 60_000  # of board.py, which only a board can import
_SAYS = ("kit 1089 started", "INCOMPLETE: flashing", "waiting for mpremote")


class Judge:
    """Whether a board may hold what it holds. ``whole``: each flashing that came to its end, or may have."""

    def __init__(self, room: FlashRoom) -> None:
        self.room = room
        self.reserved: dict[str, int] = {}
        self.sent: set[tuple[str, int]] = set()
        self.cuts = self.complete = self.incomplete = 0
        self.whole: dict[str, dict[str, str]] = {}  # by key.json's hash: SHA-256 by path

    def expect(self, *, compiled: bool) -> None:
        """Take down what the station would put on the board, under each key that it has ever used."""
        station = self.room.open()
        wanted = dict(firmware.files(station.board(SLUG), compiled=compiled))
        for key in station.keys.of_kit(station.address(SLUG)):
            files = {**wanted, **station.kit_files(SLUG, key)}
            hashes = {
                name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name not in _RUNNING
            }
            self.whole.setdefault(hashes["key.json"], hashes)

    async def look(self) -> None:
        """Start the board with a supply that lasts, and judge what it does and what is on it."""
        twin = self.room.twin
        twin.fail_power_after(0)
        twin.log.clear()
        await twin.start()
        await twin.wait_for(
            lambda: twin.exited is not None or any(word in line for line in twin.log for word in _SAYS),
            _SETTLE_S,
        )
        started = any("started" in line for line in twin.log)
        files = self.room.on_flash()
        if started:
            assert "INCOMPLETE" not in files
            there = {
                name: hashlib.sha256(data).hexdigest()
                for name, data in files.items()
                if name not in _RUNNING and not name.startswith(("journal/", "events/"))
            }
            assert there == self.whole[there["key.json"]]
            upto = reserved(files)
            assert upto >= self.reserved.get(there["key.json"], 0)
            self.reserved[there["key.json"]] = upto
            self.complete += 1
        else:
            self.incomplete += 1
        assert await self.room.gets_in()

    async def run_and_hear(self) -> None:
        """Let the kit run until it has sent something; no counter is ever heard twice under one key."""
        await Mpremote(self.room.port).leave()
        self.room.counters()
        async with asyncio.timeout(_SETTLE_S):
            while not self.room.ears.heard:  # noqa: ASYNC110 - an ear wakes nobody
                await asyncio.sleep(0.05)
        key = hashlib.sha256(self.room.on_flash()["key.json"]).hexdigest()
        for counter in self.room.counters():
            assert (key, counter) not in self.sent
            self.sent.add((key, counter))


@pytest.mark.parametrize(
    ("cuts", "seed"),
    [
        (1, 1),
        *(pytest.param(25, seed, marks=[pytest.mark.soak, pytest.mark.timeout(1500)]) for seed in (2, 3)),
    ],
)
async def test_a_flashing_that_loses_its_power_leaves_a_whole_kit_or_none(
    tmp_path: Path, cuts: int, seed: int
) -> None:
    """After each cut in a complete flashing, of settings or of firmware too, the board boots, lets mpremote in, is never half."""
    dice = random.Random(seed)
    async with flash_room(tmp_path) as room:
        judge = Judge(room)
        compiled, round_ = True, 0
        while judge.cuts < cuts:
            round_ += 1
            room.list_says(tank=60 + round_)
            if round_ % 4 == 0:
                compiled = not compiled
            # Settings alone are some 20 kB with their erases, the firmware is a few hundred.
            bytes_ = dice.randrange(200, 8_000 if dice.random() < 0.5 else 200_000)
            room.twin.fail_power_after(bytes_)
            await room.twin.start()
            done = await room.flash(compiled=compiled)
            judge.expect(compiled=compiled)
            cut = not room.twin.running
            assert done.record.result == ("failed" if cut else "verified")
            judge.cuts += cut
            await room.twin.kill()
            await judge.look()
            if not cut:
                await judge.run_and_hear()
            await room.twin.kill()
        await room.twin.start()
        done = await room.flash()
        assert done.record.result == "verified"
        judge.expect(compiled=True)
        await room.twin.kill()
        await judge.look()
        assert judge.complete
        keys = [key.key for key in room.open().keys.keys]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("broken", ["boot.py", "main.py"])
async def test_a_start_program_that_is_broken_is_no_brick(tmp_path: Path, broken: str) -> None:
    """A syntax error in boot.py or main.py leaves a prompt where mpremote gets in."""
    async with flash_room(tmp_path, vm.firmware_files() | {broken: b"def x(:\n"}) as room:
        await room.twin.start()
        await room.twin.wait_for_log("SyntaxError")
        assert await room.gets_in()


@pytest.mark.soak
@pytest.mark.parametrize("broken", ["boot.py", "main.py"])
async def test_a_board_with_a_broken_start_program_becomes_a_kit(tmp_path: Path, broken: str) -> None:
    """The next flashing makes a kit of a board whose boot.py or main.py has a syntax error."""
    async with flash_room(tmp_path, vm.firmware_files() | {broken: b"def x(:\n"}) as room:
        await room.twin.start()
        done = await room.flash()
        assert (done.record.result, done.record.why) == ("verified", "")
        await room.twin.wait_for_log("kit 1089 started", _SETTLE_S)


@pytest.mark.soak
async def test_the_watchdog_of_a_running_kit_never_ends_a_copy(tmp_path: Path) -> None:
    """A kit that runs with its watchdog armed is stopped first: a copy that takes longer than the watchdog goes through."""
    async with flash_room(tmp_path) as room:
        await room.twin.start()
        assert (await room.flash()).record.result == "verified"
        await _until(lambda: bool(room.ears.heard))
        room.list_says(tank=80)
        starts = room.twin.boots
        flashing = asyncio.create_task(room.flash(compiled=False))
        await _until(lambda: any("copying" in step for step in room.steps) and bool(_mpremotes()))
        (copying,) = _mpremotes()
        copying.suspend()
        await asyncio.sleep(WDT_MS / 1000 + 5)  # what the test is about
        copying.resume()
        done = await flashing
        assert (done.record.result, done.record.why) == ("verified", "")
        # The reset into maintenance, and the one that starts the new kit.
        assert room.twin.boots - starts <= 3
        assert not any("watchdog" in line for line in room.twin.log)
        # What its radio has sent in this hour counts on.
        initial = budget.initial_record()
        assert any(room.on_flash()[name] != initial for name in budget.FILES)


def _mpremotes() -> list[psutil.Process]:
    """Return the copies that are under way."""
    return [one for one in psutil.Process().children() if {"mpremote", "cp"} <= set(one.cmdline())]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_SETTLE_S):
        while not condition():  # noqa: ASYNC110 - another process wakes nobody
            await asyncio.sleep(0.05)
