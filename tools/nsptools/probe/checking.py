"""The questions of a commissioning check: does the screen say what the panel says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from nspkit import poll
from nsptools.probe import wording
from nsptools.probe.readout import Reading
from nsptools.probe.record import DIFFERS, MATCH, NOT_COMPARED, Item

KEYS = "y = the same, n = not the same, a value = what the panel shows, - = cannot be seen there"
_TOLERANCE = Fraction(2, 100)  # a load moves while two people look

Ask = Callable[[str], str]
Say = Callable[[str], None]
Reread = Callable[[Sequence[str]], list[Reading]]


def questions(readings: Sequence[Reading]) -> list[tuple[str, ...]]:
    """Quantities by question: each value on its own, all alarms together; a table's private values not at all."""
    values: list[tuple[str, ...]] = [
        (one.quantity,)
        for one in readings
        if not wording.is_flag(one.quantity) and not one.quantity.startswith("_")
    ]
    flags = tuple(one.quantity for one in readings if wording.is_flag(one.quantity))
    return [*values, flags] if flags else values


def compare(
    dev: poll.Device, readings: Sequence[Reading], reread: Reread, ask: Ask, say: Say
) -> Iterator[Item]:
    """Ask for every value of one device. Each is read anew before its question: minutes may have passed."""
    for names in questions(readings):
        if len(names) == 1 and not wording.is_flag(names[0]):
            yield _value(dev, reread(names)[0], ask, say)
        else:
            yield _alarms(reread(names), ask, say)


def _value(dev: poll.Device, reading: Reading, ask: Ask, say: Say) -> Item:
    title, shown = wording.title(reading.quantity), wording.shown(reading)
    raw = wording.hex_words(reading.words)
    if reading.value is None:
        question = (
            f"{title}: {shown} ({reading.why}). Is it right that the device has no such value? [y/n/-] "
        )
    else:
        question = f"{title}: {shown}. The same on the panel? [y/n/value/-] "
    while True:
        typed = ask(question).strip()
        answer = _plain(typed)
        if answer is None and reading.value is not None:
            answer = judge(reading, typed, step_of(dev, reading.quantity))
        if answer is not None:
            break
        say(KEYS)
    is_word = typed.lower() in (*_YES, *_NO, "-")
    if answer == DIFFERS and is_word:
        typed, is_word = ask("  What does the panel show? ").strip(), False
    elif answer == DIFFERS:
        say(f"  differs: {shown} here, {typed} on the panel")
    return Item(reading.quantity, title, shown, reading.register, raw, answer, "" if is_word else typed)


def _alarms(readings: Sequence[Reading], ask: Ask, say: Say) -> Item:
    on = [wording.title(one.quantity).removeprefix("alarm: ") for one in readings if one.value]
    unknown = [wording.title(one.quantity).removeprefix("alarm: ") for one in readings if one.value is None]
    shown = f"on: {', '.join(on) or 'none'}"
    if unknown:
        shown += f"; {wording.NOT_AVAILABLE}: {', '.join(unknown)}"
    while True:
        typed = ask(f"alarms {shown}. The same on the panel? [y/n/-] ").strip()
        answer = _plain(typed)
        if answer is not None:
            break
        say(KEYS)
    panel = ask("  What does the panel show? ").strip() if answer == DIFFERS else ""
    words = {one.register.rpartition(" ")[0]: wording.hex_words(one.words) for one in readings if one.words}
    registers, raw = ", ".join(words), ", ".join(words.values())
    return Item("alarms", "alarms", shown, registers, raw, answer, panel)


_YES, _NO = ("y", "yes", "j", "ja"), ("n", "no", "nee")


def _plain(typed: str) -> str | None:
    """What a key means; None for anything else. Enter alone is no answer: a check is a deliberate act."""
    word = typed.lower()
    if word in _YES:
        return MATCH
    if word in _NO:
        return DIFFERS
    return NOT_COMPARED if word == "-" else None


def judge(reading: Reading, typed: str, step: Fraction) -> str | None:
    """A panel's value against ours; None for what is no value.

    Numbers match within one step of the register or 2 %, whichever is more; words when they are the same.
    """
    if isinstance(reading.value, str):
        return (MATCH if typed.lower() == reading.value else DIFFERS) if typed else None
    shown, unit = wording.number(reading.value or 0, reading.unit)
    try:
        panel = Fraction(Decimal(typed.removesuffix(unit).strip().replace(",", ".")))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    ours = Fraction(Decimal(shown))
    scale = Fraction(Decimal(wording.number(1, reading.unit)[0]))
    return MATCH if abs(panel - ours) <= max(step * scale, abs(ours) * _TOLERANCE) else DIFFERS


def step_of(dev: poll.Device, quantity: str) -> Fraction:
    """One step of a quantity's register, in steps of the quantity; never less than one of these."""
    for block in dev.blocks:
        for row in block[4]:
            if row[0] == quantity and row[1] != "f32":
                return max(Fraction(1), Fraction(row[4], row[5]))
    return Fraction(1)
