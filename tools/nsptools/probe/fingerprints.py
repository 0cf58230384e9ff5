"""How each model is told from the others, by reads alone: one line a model.

A clue is (function, address, size in registers or bits, test, argument); a model is recognised when every clue of its line
holds. ``certain`` is for an identification that only this family gives; otherwise the probe says *looks like*.
Sources are those of the model's register table. Tests:

- ``word``: the words are one of these tuples (None: any word);
- ``text``: the registers hold text that begins so;
- ``within``: each (offset, lowest, highest) holds, the word at that offset taken as signed 16 bit;
- ``float``: the same for IEEE-754 singles, offset in registers;
- ``unit``: the word at this offset is the device's own address;
- ``refused``: it answers, but with an exception; ``none_or_zero``: that, or nothing but zeros.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

DALY_REPLY_OFFSET = -0x30


class Clue(NamedTuple):
    """One read, and what its answer must be."""

    function: int
    address: int
    size: int
    test: str
    argument: Any = None


class Fingerprint(NamedTuple):
    """How one model is recognised. ``hello``: it stays silent to strangers' questions, so ask its first clue."""

    model: str
    title: str
    certain: bool
    clues: tuple[Clue, ...]
    hello: bool = False
    reply_offset: int = 0


def _dse(*models: int) -> Clue:
    return Clue(3, 768, 2, "word", tuple((1, model) for model in models))


# fmt: off
_MK1 = (3110, 4310, 4320, 4620, 4623, 5210, 5220, 5310, 5320, 5510, 5520, 7310, 7320, 7410, 7420, 7450)
_73 = (32840, 32841, 32845, 32846)
_45_60_61 = (32807, 32808, 32789, 32790, 32791, 32792, 32800, 32801)

FINGERPRINTS = (
    Fingerprint("dse3110", "DSE generator controller, Mk I family (3110, 7310, 7320 ...)", True, (_dse(*_MK1),)),
    Fingerprint("dse7320mk2", "DSE generator controller, 73xx/74xx MkII", True, (_dse(*_73),)),
    Fingerprint("dse4520mk2", "DSE generator controller, 45xx/60xx/61xx MkII", True, (_dse(*_45_60_61),)),
    # The table that needs least of the map is the safest for a type that is not listed.
    Fingerprint("dse4520mk2", "a DSE generator controller of a type that is not listed", False, (
        Clue(3, 768, 2, "word", ((1, None),)), Clue(3, 772, 1, "within", ((0, 0, 7),)))),
    Fingerprint("comap_il4", "ComAp InteliLite 4", True, (Clue(3, 1307, 16, "text", ("InteliLite4",)),)),
    Fingerprint("comap_ntc", "ComAp InteliGen NTC", False, (
        Clue(3, 0x00A2, 1, "within", ((0, 0, 20),)), Clue(3, 0x0BC0, 1, "within", ((0, 1, 5000),)),
        Clue(3, 0x0E02, 2, "within", ((0, 0, 10),)), Clue(3, 0x0000, 1, "refused"))),
    Fingerprint("smartgen_hgm4000n", "SmartGen HGM4010N/4020N", True, (
        Clue(3, 0x47, 1, "within", ((0, 4000, 4099),)), Clue(3, 0x22, 1, "within", ((0, 0, 14),)))),
    Fingerprint("mebay_dc", "Mebay DC4x-DC9x", True, (
        Clue(3, 0x103F, 3, "word", tuple((mode, None, None) for mode in (51, 102, 153, 204))),), hello=True),
    Fingerprint("datakom_d500", "Datakom D-500", False, (
        Clue(3, 10604, 2, "word", tuple((None, mode) for mode in (1, 2, 4, 8))), Clue(3, 10341, 1, "within", ((0, 0, 4000),)))),
    Fingerprint("deif_sgc400", "DEIF SGC 410/420", False, (
        Clue(3, 1, 9, "within", tuple((i, 0, 5000) for i in range(6)) + tuple((i, 0, 700) for i in (6, 7, 8))),)),
    Fingerprint("jk_pb", "JK-BMS PB series", True, (Clue(3, 0x1400, 8, "text", ("JK_PB", "JK-PB")),), hello=True),
    Fingerprint("daly", "Daly BMS (answers under another address)", True, (
        Clue(3, 0x38, 3, "within", ((0, 50, 1000), (2, 0, 1000))),), hello=True, reply_offset=DALY_REPLY_OFFSET),
    Fingerprint("seplos_v3", "Seplos V3 battery", False, (
        Clue(4, 0x1000, 8, "within", ((0, 1000, 6400), (5, 0, 1000))), Clue(4, 0x1100, 2, "within", ((0, 1500, 4000), (1, 1500, 4000))))),
    Fingerprint("renogy_battery", "Renogy smart battery", True, (Clue(3, 5122, 8, "text", ("RBT",)),)),
    Fingerprint("srne_controller", "Renogy or SRNE solar controller", True, (
        Clue(3, 0x1A, 1, "unit", 0), Clue(3, 0x0100, 2, "within", ((0, 0, 100), (1, 60, 1000))))),
    Fingerprint("epever_tracer", "EPEver Tracer solar controller", False, (
        Clue(4, 0x3104, 1, "within", ((0, 700, 30000),)), Clue(4, 0x311A, 1, "within", ((0, 0, 100),)),
        Clue(4, 0x3200, 2, "within", ((0, 0, 32767),)))),
    Fingerprint("sdm630", "Eastron SDM630 three-phase meter", False, (
        Clue(4, 0x0000, 6, "float", ((0, 80, 300), (2, 80, 300), (4, 80, 300))),
        Clue(4, 0x0046, 2, "float", ((0, 45, 65),)))),
    Fingerprint("sdm120", "Eastron SDM120 one-phase meter", False, (
        Clue(4, 0x0000, 2, "float", ((0, 80, 300),)), Clue(4, 0x0002, 2, "none_or_zero"),
        Clue(4, 0x0046, 2, "float", ((0, 45, 65),)))),
    Fingerprint("sdm220", "Eastron SDM220 one-phase meter", False, (
        Clue(4, 0x0000, 2, "float", ((0, 80, 300),)), Clue(4, 0x0002, 2, "none_or_zero"),
        Clue(4, 0x0046, 2, "float", ((0, 45, 65),)))),
    Fingerprint("qdy30a", "QDY30A level probe", False, (
        Clue(3, 0x0000, 4, "unit", 0), Clue(3, 0x0000, 4, "within", ((1, 0, 8), (2, 1, 32), (3, 0, 3))))),
)
# fmt: on
# What is not here is not on a serial bus (a Victron GX) or not known yet; it can still be named with --model.
BY_MODEL: Mapping[str, Fingerprint] = MappingProxyType({one.model: one for one in reversed(FINGERPRINTS)})


class Answer(NamedTuple):
    """What a read brought: data, or none because it was ``refused`` (an exception) or stayed silent."""

    data: bytes | None
    refused: bool = False

    @property
    def words(self) -> list[int]:
        """The data as registers."""
        data = self.data or b""
        return list(struct.unpack(f">{len(data) // 2}H", data))


def holds(clue: Clue, answer: Answer, unit: int) -> bool:
    """Whether an answer from this address is what the clue expects."""
    if clue.test == "refused":
        return answer.refused
    if clue.test == "none_or_zero":
        return answer.refused or (answer.data is not None and not any(answer.data))
    return answer.data is not None and _TESTS[clue.test](answer, clue.argument, unit)


def _word(answer: Answer, wanted: Sequence[Sequence[int | None]], _unit: int) -> bool:
    words = answer.words
    return any(all(want in (None, word) for want, word in zip(row, words, strict=True)) for row in wanted)


def _text(answer: Answer, beginnings: tuple[str, ...], _unit: int) -> bool:
    return text_of(answer).startswith(beginnings)


def text_of(answer: Answer) -> str:
    """Registers as text: two characters each, ended by a zero, unprintable ones left out."""
    text = (answer.data or b"").lstrip(b"\0 ").partition(b"\0")[0].decode("ascii", "replace")
    return "".join(letter for letter in text if letter.isprintable() and letter != "\ufffd").strip()


def _within(answer: Answer, limits: Sequence[tuple[int, int, int]], _unit: int) -> bool:
    words = [word - 0x10000 if word & 0x8000 else word for word in answer.words]
    return all(lowest <= words[offset] <= highest for offset, lowest, highest in limits)


def _float(answer: Answer, limits: Sequence[tuple[int, float, float]], _unit: int) -> bool:
    data = answer.data or b""
    for offset, lowest, highest in limits:
        (value,) = struct.unpack_from(">f", data, 2 * offset)
        if not math.isfinite(value) or not lowest <= value <= highest:
            return False
    return True


def _unit_word(answer: Answer, offset: int, unit: int) -> bool:
    return answer.words[offset] == unit


_TESTS: Mapping[str, Callable[[Answer, Any, int], bool]] = MappingProxyType(
    {"word": _word, "text": _text, "within": _within, "float": _float, "unit": _unit_word}
)


def best(matches: Sequence[Fingerprint]) -> tuple[str, list[Fingerprint]]:
    """How sure the matches are together: ("recognised" or "looks like" or "unknown", the models it may be)."""
    sure = [one for one in matches if one.certain]
    if len(sure) == 1:
        return "recognised", sure
    return ("looks like" if matches else "unknown"), sure or list(matches)
