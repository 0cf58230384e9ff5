"""How values lie in a Modbus device: kinds of registers, word orders, bits, texts, and what stands for *missing*."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import MappingProxyType

READ_COILS, READ_DISCRETE = 1, 2


class Kind(Enum):
    """How a value lies in its words; two words go high word first, with `_LO` low word first."""

    U16 = "H"
    S16 = "h"
    U32 = "I"
    S32 = "i"
    F32 = "f"
    U32_LO = "I<"
    S32_LO = "i<"
    BIT = "?"  # of a Bit, never of a Register

    @property
    def words(self) -> int:
        """Number of 16-bit words, 1 or 2; 0 for a bit."""
        return struct.calcsize(">" + self.code) // 2

    @property
    def code(self) -> str:
        """Code of the struct module."""
        return self.value[0]


class Missing(IntEnum):
    """Why a device shows a not-available value. What it shows then is in its `Sentinels`."""

    UNIMPLEMENTED = 0
    OVER_RANGE = 1
    UNDER_RANGE = 2
    TRANSDUCER_FAULT = 3
    BAD_DATA = 4
    HIGH_INPUT = 5
    LOW_INPUT = 6
    RESERVED = 7


Value = float | Missing

# What a device shows for what is missing, by reason and kind; a reason or kind that is absent it cannot show.
Sentinels = Mapping[Missing, Mapping[Kind, int]]
NO_SENTINELS: Sentinels = MappingProxyType({})


def same(words: Mapping[Missing, int], *kinds: Kind) -> Sentinels:
    """Sentinels that are the same number in every one of `kinds`."""
    return MappingProxyType({reason: dict.fromkeys(kinds, word) for reason, word in words.items()})


LIMITS = {
    Kind.U16: (0, 0xFFFF),
    Kind.S16: (-0x8000, 0x7FFF),
    Kind.U32: (0, 0xFFFFFFFF),
    Kind.S32: (-0x80000000, 0x7FFFFFFF),
    Kind.U32_LO: (0, 0xFFFFFFFF),
    Kind.S32_LO: (-0x80000000, 0x7FFFFFFF),
    Kind.BIT: (0, 1),
}


@dataclass(frozen=True)
class Register:
    """One line of a table: first word's address (0-based), name, kind."""

    address: int
    name: str
    kind: Kind


@dataclass(frozen=True)
class Bit:
    """One line of a bit table: address (0-based), name, the function that reads it (1 coils, 2 discrete inputs)."""

    address: int
    name: str
    function: int = READ_COILS


def pack(kind: Kind, value: Value, sentinels: Sentinels = NO_SENTINELS) -> list[int]:
    """Words of one value in the order of its kind.

    Integers are rounded and held at the ends of their range, as an instrument does; a Missing becomes the
    device's number for it, which must be in `sentinels`. A sentinel's number is the raw one, without sign.
    """
    if isinstance(value, Missing):
        raw = sentinels[value][kind].to_bytes(2 * kind.words, "big")
    elif kind is Kind.F32:
        raw = struct.pack(">f", value)
    else:
        low, high = LIMITS[kind]
        raw = struct.pack(">" + kind.code, min(max(round(value), low), high))
    words = list(struct.unpack(f">{kind.words}H", raw))
    return words[::-1] if kind in (Kind.U32_LO, Kind.S32_LO) else words


@dataclass(frozen=True)
class Flag:
    """One bit, 0 the lowest, of a register that has a line of its own."""

    register: str
    bit: int
    name: str


@dataclass(frozen=True)
class Text:
    """A text of so many words, two characters to a word, filled up with zeros."""

    address: int
    words: int
    name: str


def pack_text(text: Text, characters: str) -> list[int]:
    """Words of a text; what is too long is cut off."""
    raw = characters.encode("ascii", "replace")[: 2 * text.words].ljust(2 * text.words, b"\0")
    return list(struct.unpack(f">{text.words}H", raw))


def spans_of(table: Sequence[Register], texts: Sequence[Text] = ()) -> tuple[range, ...]:
    """The addresses of a table, neighbours joined: the map of a device that has no others."""
    words = {register.address + i for register in table for i in range(register.kind.words)}
    words |= {text.address + i for text in texts for i in range(text.words)}
    starts = sorted(word for word in words if word - 1 not in words)
    ends = sorted(word + 1 for word in words if word + 1 not in words)
    return tuple(range(start, end) for start, end in zip(starts, ends, strict=True))
