"""A reset that the flasher asks for has taken place when it says so: what ran before would write over what comes."""

from __future__ import annotations

import pytest
import pytest_asyncio

from flash_bench import Bench
from nsptools.flash import mpremote
from nsptools.flash.errors import NoAnswer
from nsptools.flash.mpremote import Mpremote

pytestmark = pytest.mark.asyncio


class Slow(Mpremote):
    """A board that is interrupted before it has reset itself, so many times."""

    def __init__(self, bench: Bench, times: int) -> None:
        super().__init__(bench.port)
        self.times = times
        self.asked = 0

    async def _call(self, arguments, within_s):
        if "--no-follow" in arguments:
            self.asked += 1
            if self.times:
                self.times -= 1
                arguments = [one.replace("machine.reset()", "pass") for one in arguments]
        return await super()._call(arguments, within_s)


@pytest_asyncio.fixture
async def bench(tmp_path):
    """Set up a board with MicroPython."""
    made = Bench(tmp_path)
    await made.press_reset()
    yield made
    await made.end()


async def test_a_reset_that_did_not_take_place_is_asked_for_again(bench):
    """The board answers both times; only what was set before tells whether it has begun anew."""
    board = Slow(bench, 1)
    await board.exec("left_open = 1")
    await board.reset()
    assert (board.asked, bench.twin.boots) == (2, 2)
    assert await board.ask("print(int('left_open' in globals()))") == 0


@pytest.mark.soak
async def test_a_board_that_never_resets_is_given_up(bench, monkeypatch):
    """With the words for who stands beside it."""
    monkeypatch.setattr(mpremote, "_RESETS", 2)
    with pytest.raises(NoAnswer, match="Press its reset button"):
        await Slow(bench, 9).reset()
    assert bench.twin.boots == 1
