"""Register images: named values packed into the 16-bit words that a Modbus device shows.

A device is a table of `Register` lines and one function that gives the values of the moment. Values are in
the register's own steps: its name ends in the unit (`starter_dv` = 0.1 V, `fuel_percent` = 1 %).
"""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from nsptools.bench.plant import Plant

READ_COILS, READ_HOLDING, READ_INPUT = 1, 3, 4
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, BUSY = 1, 2, 3, 6


class Kind(Enum):
    """How a value lies in its words; more than one word goes high word first."""

    U16 = "H"
    S16 = "h"
    U32 = "I"
    S32 = "i"
    F32 = "f"

    @property
    def words(self) -> int:
        """Number of 16-bit words, 1 or 2."""
        return struct.calcsize(">" + self.value) // 2


class Missing(IntEnum):
    """Why a controller shows a not-available value; the number is its place below the all-ones code."""

    UNIMPLEMENTED = 0
    OVER_RANGE = 1
    UNDER_RANGE = 2
    TRANSDUCER_FAULT = 3
    BAD_DATA = 4
    HIGH_INPUT = 5
    LOW_INPUT = 6
    RESERVED = 7


Value = float | Missing

# First not-available code of each integer kind; the others follow downwards.
SENTINEL_TOP = {Kind.U16: 0xFFFF, Kind.S16: 0x7FFF, Kind.U32: 0xFFFFFFFF, Kind.S32: 0x7FFFFFFF}
_LIMITS = {
    Kind.U16: (0, 0xFFFF),
    Kind.S16: (-0x8000, 0x7FFF),
    Kind.U32: (0, 0xFFFFFFFF),
    Kind.S32: (-0x80000000, 0x7FFFFFFF),
}


@dataclass(frozen=True)
class Register:
    """One line of a table: first word's address (0-based), name, kind."""

    address: int
    name: str
    kind: Kind


def pack(kind: Kind, value: Value) -> list[int]:
    """Words of one value, high word first.

    Integers are rounded and held at the ends of their range, as an instrument does; a Missing becomes the
    controller's not-available code.
    """
    if kind is Kind.F32:
        raw = struct.pack(">f", value)
    elif isinstance(value, Missing):
        raw = struct.pack(">" + kind.value, SENTINEL_TOP[kind] - value)
    else:
        low, high = _LIMITS[kind]
        raw = struct.pack(">" + kind.value, min(max(round(value), low), high))
    return list(struct.unpack(f">{kind.words}H", raw))


class Device(ABC):
    """One unit on the bus: what it shows and what it refuses. The line is not its business.

    `overrides` replaces values by name until the entry is removed; `mute` makes it silent;
    `reply_ms` is the range of its answering time; `min_gap_ms` > 0 makes it answer *busy* to a request
    that comes sooner than this after its last answer.
    """

    name: str
    unit: int
    function: int  # the one read function of its registers
    table: Sequence[Register]
    spans: Sequence[range]  # addresses that exist; a read must lie inside one of them
    coils: Sequence[range] = ()  # the same for bits, function 1
    block_limit: int
    has_sentinels = False
    default_word = 0  # of an existing address that the table does not name
    reply_ms = (20.0, 40.0)

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.overrides: dict[str, Value] = {}
        self.mute = False
        self.min_gap_ms = 0.0
        self._by_word = self._index()

    @abstractmethod
    def live(self) -> Mapping[str, Value]:
        """Values of the moment from the plant, for every name of the table."""

    def values(self) -> dict[str, Value]:
        """What the registers show now: live values with the overrides over them."""
        return {**self.live(), **self.overrides}

    def words(self, address: int, count: int) -> list[int]:
        """`count` words from `address`; the caller has checked the span."""
        values = self.values()
        packed: dict[str, list[int]] = {}
        result = []
        for word in range(address, address + count):
            register, offset = self._by_word.get(word, (None, 0))
            if register is None:
                result.append(self.default_word)
                continue
            if register.name not in packed:
                packed[register.name] = pack(register.kind, values[register.name])
            result.append(packed[register.name][offset])
        return result

    def bits(self, address: int, count: int) -> list[bool]:
        """`count` bits from `address`, for a device that has coils."""
        return [False for _ in range(address, address + count)]

    def refusal(self, function: int, address: int, count: int) -> int:
        """Exception code that this device answers to a read, 0 when it answers with data."""
        if function == READ_COILS and self.coils:
            return self._outside(self.coils, address, count, 2000)
        if function != self.function:
            return ILLEGAL_FUNCTION
        return self._outside(self.spans, address, count, self.block_limit)

    def names(self) -> tuple[str, ...]:
        """Names that can be read and overridden."""
        return tuple(register.name for register in self.table)

    def kind(self, name: str) -> Kind:
        """Kind of a named register; ValueError listing the names when there is none."""
        for register in self.table:
            if register.name == name:
                return register.kind
        raise ValueError(f"the {self.name} has no register {name!r}; it has {', '.join(self.names())}")

    def override(self, name: str, value: Value) -> None:
        """Show `value` for `name` from now on. Raises ValueError for a name, value or sentinel that cannot be."""
        kind = self.kind(name)
        if isinstance(value, Missing):
            if not self.has_sentinels:
                raise ValueError(f"the {self.name} has no not-available value")
        elif kind is not Kind.F32:
            low, high = _LIMITS[kind]
            if not (math.isfinite(value) and low <= value <= high):
                raise ValueError(f"{self.name}.{name} is {value:g}; expected {low} to {high}")
        self.overrides[name] = value

    def release(self, name: str) -> None:
        """Let the plant decide again."""
        self.kind(name)
        self.overrides.pop(name, None)

    def _index(self) -> dict[int, tuple[Register, int]]:
        """Every word of the table by address; ValueError naming the register that overlaps or lies outside."""
        by_word: dict[int, tuple[Register, int]] = {}
        names: set[str] = set()
        for register in self.table:
            if register.name in names:
                raise ValueError(f"{self.name}: two registers are named {register.name}")
            names.add(register.name)
            for offset in range(register.kind.words):
                word = register.address + offset
                if word in by_word or not any(word in span for span in self.spans):
                    raise ValueError(f"{self.name}.{register.name} overlaps another or lies outside the map")
                by_word[word] = (register, offset)
        return by_word

    @staticmethod
    def _outside(spans: Sequence[range], address: int, count: int, limit: int) -> int:
        if not 1 <= count <= limit:
            return ILLEGAL_VALUE
        inside = any(address in span and address + count - 1 in span for span in spans)
        return 0 if inside else ILLEGAL_ADDRESS
