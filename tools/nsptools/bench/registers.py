"""A Modbus device as tables and live values: named values packed into the words and bits that it shows.

A device is a table of `Register` lines, perhaps further ones of `Flag`, `Bit` and `Text` lines, and one
function that gives the values of the moment. Values are in the register's own steps: its name ends in the
unit (`starter_dv` = 0.1 V, `fuel_percent` = 1 %).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from nsptools.bench.encoding import (
    LIMITS,
    NO_SENTINELS,
    READ_COILS,
    READ_DISCRETE,
    Bit,
    Flag,
    Kind,
    Missing,
    Register,
    Sentinels,
    Text,
    Value,
    pack,
    pack_text,
    same,
    spans_of,
)
from nsptools.bench.plant import Plant

__all__ = [
    "BIT_FUNCTIONS",
    "BUSY",
    "ILLEGAL_ADDRESS",
    "ILLEGAL_FUNCTION",
    "ILLEGAL_VALUE",
    "NO_SENTINELS",
    "READ_COILS",
    "READ_DISCRETE",
    "READ_HOLDING",
    "READ_INPUT",
    "Bit",
    "Device",
    "Flag",
    "Kind",
    "Missing",
    "Register",
    "Sentinels",
    "Text",
    "Value",
    "pack",
    "same",
    "spans_of",
]

READ_HOLDING, READ_INPUT = 3, 4
BIT_FUNCTIONS = (READ_COILS, READ_DISCRETE)
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, BUSY = 1, 2, 3, 6


class Device(ABC):
    """One unit on the bus: what it shows and what it refuses. The line is not its business.

    `overrides` replaces values by name until the entry is removed; `mute` makes it silent;
    `reply_ms` is the range of its answering time; `min_gap_ms` > 0 makes it answer *busy* to a request
    that comes sooner than this after its last answer.

    Quirks are attributes and methods to be replaced: `silent_errors` (says nothing where others answer with
    an exception), `reply_unit` (answers under another address), `hears` (does not notice every request),
    `parts` (one box with several units).
    """

    name: str
    unit: int
    function: int  # the read function of its registers
    also: Sequence[int] = ()  # further functions that read the same registers
    table: Sequence[Register]
    flags: Sequence[Flag] = ()  # named bits of registers; set over what `live` gives for the register
    texts: Sequence[Text] = ()
    bit_table: Sequence[Bit] = ()
    spans: Sequence[range]  # addresses that exist; a read must lie inside one of them
    coils: Sequence[range] = ()  # the same for bits, function 1
    discretes: Sequence[range] = ()  # and function 2
    block_limit: int
    sentinels: Sentinels = NO_SENTINELS
    whole = False  # a read may not begin or end inside a value of several words
    silent_errors = False
    default_word = 0  # of an existing address that the table does not name
    reply_ms = (20.0, 40.0)

    def __init__(self, plant: Plant, unit: int | None = None) -> None:
        self.plant = plant
        if unit is not None:
            self.unit = unit
        self.overrides: dict[str, Value] = {}
        self.mute = False
        self.min_gap_ms = 0.0
        self._by_word = self._index()
        self._by_bit = self._bit_index()

    @property
    def reply_unit(self) -> int:
        """Address under which it answers."""
        return self.unit

    @property
    def parts(self) -> Sequence[Device]:
        """Every unit of this box that answers on the bus, itself included."""
        return (self,)

    @abstractmethod
    def live(self) -> Mapping[str, Value]:
        """Values of the moment from the plant, for every name of the tables; a flag or bit left out is off."""

    def text(self, name: str) -> str:
        """Characters of one of `texts`."""
        raise NotImplementedError(name)

    def values(self) -> dict[str, Value]:
        """What the registers show now: live values with the overrides over them."""
        off = dict.fromkeys(self._switches(), 0.0)
        values = {**off, **self.live(), **self.overrides}
        for flag in self.flags:
            word = values[flag.register]
            if flag.register not in self.overrides and not isinstance(word, Missing):
                values[flag.register] = int(word) | bool(values[flag.name]) << flag.bit
        return values

    def hears(self, _request: bytes, _at_s: float) -> bool:
        """Whether it answers this request PDU at all, at a time of a clock that only goes forward."""
        return True

    def words(self, address: int, count: int) -> list[int]:
        """`count` words from `address`; the caller has checked the span."""
        values = self.values()
        packed: dict[str, list[int]] = {}
        result = []
        for word in range(address, address + count):
            entry, offset = self._by_word.get(word, (None, 0))
            if entry is None:
                result.append(self.default_word)
                continue
            if entry.name not in packed:
                packed[entry.name] = self._packed(entry, values)
            result.append(packed[entry.name][offset])
        return result

    def bits(self, address: int, count: int) -> list[bool]:
        """`count` coils from `address`; those that the bit table does not name are off."""
        return self._flags(READ_COILS, address, count)

    def discrete_bits(self, address: int, count: int) -> list[bool]:
        """`count` discrete inputs from `address`."""
        return self._flags(READ_DISCRETE, address, count)

    def refusal(self, function: int, address: int, count: int) -> int:
        """Exception code that this device answers to a read, 0 when it answers with data."""
        if function == READ_COILS and self.coils:
            return self._outside(self.coils, address, count, 2000)
        if function == READ_DISCRETE and self.discretes:
            return self._outside(self.discretes, address, count, 2000)
        if function != self.function and function not in self.also:
            return ILLEGAL_FUNCTION
        code = self._outside(self.spans, address, count, self.block_limit)
        if code or not self.whole:
            return code
        return ILLEGAL_ADDRESS if self._cuts(address) or self._cuts(address + count) else 0

    def names(self) -> tuple[str, ...]:
        """Names that can be read and overridden."""
        return (*(register.name for register in self.table), *self._switches())

    def kind(self, name: str) -> Kind:
        """Kind of a named register; ValueError listing the names when there is none."""
        for register in self.table:
            if register.name == name:
                return register.kind
        if name in self._switches():
            return Kind.BIT
        raise ValueError(f"the {self.name} has no register {name!r}; it has {', '.join(self.names())}")

    def override(self, name: str, value: Value) -> None:
        """Show `value` for `name` from now on. Raises ValueError for a name, value or sentinel that cannot be."""
        kind = self.kind(name)
        if isinstance(value, Missing):
            if kind not in self.sentinels.get(value, {}):
                raise ValueError(
                    f"the {self.name} has no not-available value {value.name.lower()} for {name}; "
                    f"it has {self._reasons(kind)}"
                )
        elif kind is not Kind.F32:
            low, high = LIMITS[kind]
            if not (math.isfinite(value) and low <= value <= high):
                raise ValueError(f"{self.name}.{name} is {value:g}; expected {low} to {high}")
        self.overrides[name] = value

    def release(self, name: str) -> None:
        """Let the plant decide again."""
        self.kind(name)
        self.overrides.pop(name, None)

    def _switches(self) -> tuple[str, ...]:
        """Names that are one bit."""
        return (*(flag.name for flag in self.flags), *(bit.name for bit in self.bit_table))

    def _packed(self, entry: Register | Text, values: Mapping[str, Value]) -> list[int]:
        if isinstance(entry, Text):
            return pack_text(entry, self.text(entry.name))
        return pack(entry.kind, values[entry.name], self.sentinels)

    def _reasons(self, kind: Kind) -> str:
        return ", ".join(why.name.lower() for why, words in self.sentinels.items() if kind in words) or "none"

    def _flags(self, function: int, address: int, count: int) -> list[bool]:
        values = self.values()
        names = (self._by_bit.get((function, bit)) for bit in range(address, address + count))
        return [name is not None and bool(values[name]) for name in names]

    def _cuts(self, address: int) -> bool:
        """The border before this address goes through a value."""
        return self._by_word.get(address, (None, 0))[1] > 0

    def _index(self) -> dict[int, tuple[Register | Text, int]]:
        """Every word of the table by address; ValueError naming the register that overlaps or lies outside."""
        by_word: dict[int, tuple[Register | Text, int]] = {}
        names: set[str] = set()
        entries: tuple[Register | Text, ...] = (*self.table, *self.texts)
        for entry in entries:
            if entry.name in names:
                raise ValueError(f"{self.name}: two registers are named {entry.name}")
            names.add(entry.name)
            for offset in range(entry.words if isinstance(entry, Text) else entry.kind.words):
                word = entry.address + offset
                if word in by_word or not any(word in span for span in self.spans):
                    raise ValueError(f"{self.name}.{entry.name} overlaps another or lies outside the map")
                by_word[word] = (entry, offset)
        return by_word

    def _bit_index(self) -> dict[tuple[int, int], str]:
        """Name of every bit by function and address; the same errors as for registers."""
        by_bit: dict[tuple[int, int], str] = {}
        names = {register.name for register in self.table}
        spans = {READ_COILS: self.coils, READ_DISCRETE: self.discretes}
        for bit in self.bit_table:
            if bit.name in names:
                raise ValueError(f"{self.name}: two entries are named {bit.name}")
            names.add(bit.name)
            place = (bit.function, bit.address)
            if place in by_bit or not any(bit.address in span for span in spans[bit.function]):
                raise ValueError(f"{self.name}.{bit.name} overlaps another or lies outside the map")
            by_bit[place] = bit.name
        return by_bit

    @staticmethod
    def _outside(spans: Sequence[range], address: int, count: int, limit: int) -> int:
        if not 1 <= count <= limit:
            return ILLEGAL_VALUE
        inside = any(address in span and address + count - 1 in span for span in spans)
        return 0 if inside else ILLEGAL_ADDRESS
