"""Hands at a kit do one thing after the other, as a person does, and what they cannot do is said."""

import asyncio
from typing import Any

import pytest

import virtual
from nspkit import pins
from nsptools.bench.hands import HOLD_MS, TAP_MS, Hands, open_page, say_practised, say_real


class Board:
    """A twin's pins; a press takes no time."""

    display: Any = None

    def __init__(self) -> None:
        self.pressed: list[tuple[int, float]] = []

    async def press(self, pin: int, ms: float) -> None:
        self.pressed.append((pin, ms))
        await asyncio.sleep(0)


async def test_gestures_come_one_after_the_other() -> None:
    """Protects a scenario that withdraws a call in the minute of its press: two fingers on one button make neither."""
    board: Any = Board()
    hands = Hands()
    for item in ("help", "withdraw"):
        hands.set(board, item, "1")
    for _ in range(9):
        await asyncio.sleep(0)
    assert board.pressed[0] == (pins.HELP, HOLD_MS)
    assert sorted(board.pressed[1:]) == sorted([(pins.SILENCE, HOLD_MS), (pins.HELP, HOLD_MS)])


async def test_a_deed_can_be_read_back() -> None:
    """Protects `nsp bench set POINT.hand.help 1`: it answers with what it set, as any other door does; 1 until it is done."""
    board: Any = Board()
    hands = Hands()
    hands.set(board, "help", "1")
    assert [hands.get(board, item) for item in ("help", "withdraw")] == ["1", "0"]
    for _ in range(9):
        await asyncio.sleep(0)
    assert hands.get(board, "help") == "0"


async def test_hands_answer_which_of_both_a_call_is() -> None:
    """Protects an exercise: the tap that makes a call real, or part of it, is the one that the kit's question names."""

    class Asking(Board):
        asks = True

        @property
        def display(self) -> Any:
            return self

        def lines(self) -> list[str]:
            return ["ECHT OF OEFENING", "HULP = ECHT"] if self.asks else []

        async def press(self, pin: int, ms: float) -> None:
            await super().press(pin, ms)
            self.asks = False

    for answer, pin in ((say_real, pins.HELP), (say_practised, pins.SILENCE)):
        board: Any = Asking()
        await answer(board)
        assert board.pressed == [(pin, TAP_MS)]


def test_a_kit_that_asks_nothing_is_left_alone() -> None:
    """Protects what a tap would do else: silence an alarm."""

    async def story() -> list[tuple[int, float]]:
        board: Any = Board()
        await say_practised(board)
        return list(board.pressed)

    assert virtual.run(story()) == []


@pytest.mark.parametrize(
    ("item", "text", "said"), [("shout", "1", "they do help"), ("help", "2", "expected 1")]
)
async def test_what_hands_cannot_do_is_said(item: str, text: str, said: str) -> None:
    """Protects a trainer who types something else: the answer is what there is."""
    board: Any = Board()
    with pytest.raises(ValueError, match=said):
        Hands().set(board, item, text)
    with pytest.raises(ValueError, match="there are display"):
        Hands().get(board, "shout")
    assert Hands().get(board, "display") == ""


async def test_hands_open_the_local_page_and_read_where_it_is() -> None:
    """Protects a look at the page without a board: where to find it, and what stands on the label."""
    board: Any = Board()
    board.wifi, board.page_port = None, 38967
    assert Hands().get(board, "page") == ""
    await open_page(board)
    assert board.pressed == [(pins.SILENCE, TAP_MS)] * 3
    board.wifi = ("noodkit-1", "abcd-efgh-jkmn")
    assert Hands().get(board, "page") == "http://127.0.0.1:38967/ noodkit-1 abcd-efgh-jkmn"
