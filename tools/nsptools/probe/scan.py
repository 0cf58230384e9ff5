"""Who is on this bus? Likely speeds and addresses first, reads only, and a name for who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from nspkit import models
from nsptools.probe import fingerprints
from nsptools.probe.fingerprints import DALY_REPLY_OFFSET, FINGERPRINTS, Answer, Fingerprint
from nsptools.probe.port import Line
from nsptools.probe.wire import PATIENT_MS, Wire

# In order of how often they are met.
LINES = (
    Line(9600),
    Line(19200),
    Line(115200),
    Line(2400),
    Line(38400),
    Line(4800),
    Line(57600),
    Line(9600, "even"),
    Line(19200, "even"),
)
_FIRST_UNITS = (10, 1, 2, 3, 4, 5)
# Makers' own: Daly, Renogy (0x30-0x32, 0xF7), SRNE.
_MAKERS_UNITS = (0x81, 0x30, 0x31, 0x32, 16, 17, 0xF7)
UNITS = tuple(dict.fromkeys((*_FIRST_UNITS, *range(1, 21), *_MAKERS_UNITS)))
_DALY_UNITS = range(0x81, 0x90)
_QUIET_UNITS = 15  # those that are silent to strangers are set by switches or left at 1
LISTEN_MS = 1200  # a kit asks its fast registers once a second
_HELLO_MS = 200
_SLOW_HELLO_MS = 800
_SETTLE_MS = 300


class Found(NamedTuple):
    """Somebody who answers. ``models`` are what it may be, most likely first; empty when it is unknown."""

    unit: int
    line: Line
    sure: str  # recognised, looks like, unknown
    models: tuple[Fingerprint, ...]
    reply_offset: int = 0

    @property
    def title(self) -> str:
        """In words: what it is and how sure that is."""
        if self.sure == "recognised":
            return self.models[0].title
        if not self.models:
            return "answers, but is not recognised: give its model with --model"
        return f"looks like {' or '.join(one.title for one in self.models)}, not certain"


async def scan(
    wire: Wire, lines: Sequence[Line], units: Sequence[int], say: Callable[[str], None]
) -> list[Found]:
    """Everybody who answers at the first setting at which anybody does; devices of one bus share it."""
    likely = [unit for unit in units if unit in (*_FIRST_UNITS, *_MAKERS_UNITS)]
    rest = [unit for unit in units if unit not in likely]
    for now, later in ((likely, rest), (rest, [])):
        for line in lines if now else ():
            found = await _at(wire, line, now, lines, say)
            if found:
                return found + (await _at(wire, line, later, lines, say) if later else [])
    return []


async def _at(
    wire: Wire, line: Line, units: Sequence[int], lines: Sequence[Line], say: Callable[[str], None]
) -> list[Found]:
    """Everybody who answers at one setting."""
    say(f"Asking addresses {ranges(units)} at {line} ...")
    wire.alive.clear()
    found = []
    for unit in units:
        if await _hello(wire, line, unit, lines):
            found.append(await recognise(wire, line, unit))
            say(f"  address {unit}: {found[-1].title}")
    await wire.settle(_SETTLE_MS)
    # Who answered too late was not waited for, but it was heard.
    for unit in sorted(wire.alive.intersection(units) - {one.unit for one in found} - _replies_of(found)):
        found.append(await recognise(wire, line, unit))
        say(f"  address {unit}, slow: {found[-1].title}")
    return found


def ranges(units: Sequence[int]) -> str:
    """Addresses as a person writes them: 1-5, 10."""
    said: list[str] = []
    run: list[int] = []
    for unit in [*sorted(units), -1]:
        if run and unit != run[-1] + 1:
            said.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
            run = []
        run.append(unit)
    return ", ".join(said)


def _replies_of(found: Iterable[Found]) -> set[int]:
    """Addresses under which a device answers that was asked under another."""
    return {one.unit + one.reply_offset for one in found if one.reply_offset}


async def _hello(wire: Wire, line: Line, unit: int, lines: Sequence[Line]) -> bool:
    """Whether anybody answers at this address, even with a refusal."""
    if unit in _DALY_UNITS:
        clue = fingerprints.BY_MODEL["daly"].clues[0]
        answer = await wire.ask(line, unit, *clue[:3], ms=_HELLO_MS, reply_offset=DALY_REPLY_OFFSET)
        if _spoke(answer):
            return True
    if _spoke(await wire.ask(line, unit, 3, 0, 1, ms=_HELLO_MS)):
        return True
    if unit in wire.tally.garbled.get(str(line), ()):
        return False  # somebody speaks, but cannot be read: other questions bring no more
    for one in FINGERPRINTS:
        if not one.hello or one.reply_offset or unit > _QUIET_UNITS or not _is_usual(one.model, line, lines):
            continue
        if _spoke(await wire.ask(line, unit, *one.clues[0][:3], ms=_SLOW_HELLO_MS)):
            return True
    return False


def _is_usual(model: str, line: Line, lines: Sequence[Line]) -> bool:
    """Whether a model that is silent to strangers is worth a question of its own at this setting."""
    if len(lines) == 1:
        return True
    return model in models.NAMES and Line(*models.get(model).serial) == line


def _spoke(answer: Answer) -> bool:
    return answer.refused or answer.data is not None


async def recognise(wire: Wire, line: Line, unit: int) -> Found:
    """Put the clues of every model to one device that answers; each question is asked once."""
    known: dict[tuple[int, int, int, int], Answer] = {}
    matches: list[Fingerprint] = []
    # Those that are silent to strangers first: with them every other question costs its whole time-out.
    for one in sorted(FINGERPRINTS, key=lambda one: not one.hello):
        if bool(one.reply_offset) != (unit in _DALY_UNITS):
            continue
        if await _matches(wire, line, unit, one, known):
            matches.append(one)
            if one.certain:
                break
    sure, candidates = fingerprints.best(matches)
    offset = candidates[0].reply_offset if candidates else 0
    return Found(unit, line, sure, tuple(candidates), offset)


async def _matches(
    wire: Wire, line: Line, unit: int, one: Fingerprint, known: dict[tuple[int, int, int, int], Answer]
) -> bool:
    for clue in one.clues:
        question = (*clue[:3], one.reply_offset)
        if question not in known:
            known[question] = await _asked(wire, line, unit, one, clue[:3])
        if not fingerprints.holds(clue, known[question], unit):
            return False
    return True


async def _asked(
    wire: Wire, line: Line, unit: int, one: Fingerprint, question: tuple[int, int, int]
) -> Answer:
    """One patient question; a second time to a device that is known to lose some."""
    answer = await wire.ask(line, unit, *question, ms=PATIENT_MS, reply_offset=one.reply_offset)
    if _spoke(answer) or not one.hello or line.baud != models_baud(one.model, line.baud):
        return answer
    return await wire.ask(line, unit, *question, ms=PATIENT_MS, reply_offset=one.reply_offset)


def models_baud(model: str, otherwise: int) -> int:
    """A model's usual speed."""
    return int(models.get(model).serial[0]) if model in models.NAMES else otherwise
