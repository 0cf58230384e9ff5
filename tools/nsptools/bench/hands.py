"""What people do at the front of a kit, and what they read there; for trainers, scenarios and the demo.

`hand.help 1` holds HELP as long as a call takes, `hand.withdraw 1` both buttons, `hand.security 1` is the silent way;
`hand.real 1` and `hand.practised 1` answer the question which of both a call in an exercise is;
`hand.page 1` opens the local page, or closes it, where the kit has the memory for it.
`hand.display` is read: the lines on the glass with / between them, empty while it is dark. So is `hand.page`: where on this
PC the page is, and the label's name and key of its Wi-Fi; empty while it is closed. The other deeds read 1 while they last.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from nspkit import pins, signs
from nsptools.bench.phone import Phone
from nsptools.bench.twin import Twin

# As much longer than the kit asks as a busy PC may see it begin late; shorter than what tells apart a tap, or a stuck button.
HOLD_MS = 4000.0
TAP_MS = 250.0
PAUSE_MS = 250.0
_QUESTION = signs.words("asking")[0]
# Until it is there, and until a tap has told; it stands for ten seconds.
_ASKS_S, _TOLD_S = 5.0, 1.5
# Until the page is there; a busy PC makes three taps into something else, and they come again.
_OPENS_S, _TRIES = 8.0, 3


async def call(twin: Twin) -> None:
    """Hold HELP until it is a call. It does nothing while nobody has said that 112 is doubtful or down."""
    await twin.press(pins.HELP, HOLD_MS)


async def withdraw(twin: Twin) -> None:
    """Hold both buttons until the last call is withdrawn."""
    await asyncio.gather(twin.press(pins.SILENCE, HOLD_MS), twin.press(pins.HELP, HOLD_MS))


async def say_real(twin: Twin) -> None:
    """Tap HELP when the kit asks: the call is real, though an exercise runs."""
    await _answer(twin, pins.HELP)


async def say_practised(twin: Twin) -> None:
    """Tap SILENCE when the kit asks: the call belongs to the exercise."""
    await _answer(twin, pins.SILENCE)


async def _answer(twin: Twin, pin: int) -> None:
    """Tap while the question stands on the display, and wait until it is gone; a kit that asks nothing is left alone."""
    if not await _seen(twin, _ASKS_S, asks=True):
        return
    for _ in range(_TRIES):
        await twin.press(pin, TAP_MS)
        if await _seen(twin, _TOLD_S, asks=False):
            return


async def _seen(twin: Twin, seconds: float, *, asks: bool) -> bool:
    """Look at the display until the question is there, or gone, for so long; whether it came to that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (twin.display is not None and _QUESTION in twin.display.lines()) is not asks:  # noqa: ASYNC110 - as below
                await asyncio.sleep(PAUSE_MS / 1000)
            return True
    return False


async def call_silently(twin: Twin) -> None:
    """Hold SILENCE and tap HELP three times: the team is not safe, and nothing at the kit shows it."""
    twin.set_pin(pins.SILENCE, 0)
    await asyncio.sleep(PAUSE_MS / 1000)
    for _ in range(3):
        await twin.press(pins.HELP, TAP_MS)
        await asyncio.sleep(PAUSE_MS / 1000)
    twin.set_pin(pins.SILENCE, 1)


async def open_page(twin: Twin) -> None:
    """Tap SILENCE three times: the local page opens, or closes."""
    for _ in range(3):
        await twin.press(pins.SILENCE, TAP_MS)
        await asyncio.sleep(PAUSE_MS / 1000)


_DEEDS: Mapping[str, Callable[[Twin], Awaitable[None]]] = MappingProxyType(
    {
        "help": call,
        "withdraw": withdraw,
        "security": call_silently,
        "page": open_page,
        "real": say_real,
        "practised": say_practised,
    }
)


async def type_call(twin: Twin, typed: Mapping[str, str]) -> None:
    """Type on the local page what the newest call is about, and leave the page as it was. Raises ValueError."""
    was_open = twin.wifi is not None
    for _ in range(0 if was_open else _TRIES):
        await open_page(twin)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OPENS_S):
                while twin.wifi is None:  # noqa: ASYNC110 - the twin has no event for it
                    await asyncio.sleep(PAUSE_MS / 1000)
            break
    if twin.wifi is None:
        raise ValueError("the kit's own page did not open")
    try:
        await Phone(twin.page_port).type_call(typed)
    finally:
        if not was_open and twin.wifi is not None:
            await open_page(twin)


class Hands:
    """The hands at one kit: each deed takes seconds, and what is asked meanwhile comes after it, in order."""

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self._deeds: dict[asyncio.Task[None], str] = {}

    def set(self, twin: Twin, item: str, text: str) -> None:
        """Do it as soon as the hands are free. ValueError that says what there is."""
        if item not in _DEEDS:
            raise ValueError(f"hands do no {item!r}; they do {', '.join(_DEEDS)}")
        if text != "1":
            raise ValueError(f"hand.{item} is {text!r}; expected 1: to do it once")
        task = asyncio.get_running_loop().create_task(self._do(_DEEDS[item], twin))
        self._deeds[task] = item
        task.add_done_callback(self._deeds.pop)

    async def type_call(self, twin: Twin, typed: Mapping[str, str]) -> None:
        """As soon as the hands are free; see the function of that name. Raises ValueError."""
        async with self._free:
            await type_call(twin, typed)

    async def _do(self, deed: Callable[[Twin], Awaitable[None]], twin: Twin) -> None:
        async with self._free:
            await deed(twin)

    def get(self, twin: Twin, item: str) -> str:
        """Read the display, where the local page is, or whether a deed is still to be done. ValueError for anything else."""
        if item == "page":
            return "" if twin.wifi is None else f"http://127.0.0.1:{twin.page_port}/ {' '.join(twin.wifi)}"
        if item in _DEEDS:
            return "1" if item in self._deeds.values() else "0"
        if item != "display":
            raise ValueError(f"nothing to read of hand.{item}; there are display, {', '.join(_DEEDS)}")
        return "" if twin.display is None else "/".join(twin.display.lines())

    def stop(self) -> None:
        """Take the hands away."""
        for task in self._deeds:
            task.cancel()
