"""Every value of one device beside its register and its raw words, by the kit's own table for its model."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from nspkit import device, models, poll, quantities, table
from nspkit.bus import BusError
from nspkit.quantities import QUANTITIES
from nsptools.probe.errors import UsageError
from nsptools.probe.port import Line
from nsptools.probe.wire import Wire

# What the exception codes of Modbus mean to a person.
_EXCEPTIONS: Mapping[int, str] = {
    1: "function not known there",
    2: "no such register",
    3: "too many registers",
    4: "device fault",
    6: "busy",
}
_ROUNDS = 3  # some devices lose every other question
_SILENT = 2  # so many silent blocks make a dead device
_FAULTS: Mapping[str, str] = {"timeout": "no answer", "garbled": "answer unreadable"}


# A line of a table, or a planned row of ``device.Model.blocks``: bare tuples on the board.
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One quantity of a device. ``value`` None: not available, for the reason in ``why``.

    ``register``: function and address, or what it is made of; ``words``: raw, as read, also when the value
    is not available; ``unit``: the quantity's; ``raw_unit``: the register's.
    """

    quantity: str
    value: int | str | None
    why: str
    register: str
    words: tuple[int, ...]
    unit: str
    raw_unit: str
    unverified: bool


@dataclass
class Readout:
    """One device as it was read. ``answers``: it answered at least one read."""

    name: str
    model: str
    unit: int
    line: Line
    answers: bool = False
    readings: list[Reading] = field(default_factory=list)

    @property
    def label(self) -> str:
        """As a technician would call it."""
        return f"{self.name} ({self.model}, address {self.unit}, {self.line})"


def target(name: str, model: str, unit: int, line: Line) -> poll.Device:
    """A device to read. Raises UsageError for a model that the kit has no table of."""
    if model not in models.NAMES:
        raise UsageError(f"no register table for model {model!r}; there are {', '.join(models.NAMES)}.")
    try:
        return poll.Device(name, unit, models.get(model), tuple(line))
    except table.TableError as error:
        raise UsageError(f"the register table is bad and must not be used: {error}") from error


async def read_device(wire: Wire, dev: poll.Device) -> Readout:
    """Read everything that the table names. A device that stays silent twice is left alone."""
    made = Readout(dev.name, dev.model.name, dev.unit, Line(*dev.line) if dev.line else wire.port.line)
    got: dict[int, tuple[bytes, str]] = {}
    for _ in range(_ROUNDS):
        # Another block before the same one again: a late reply to the first cannot pass for it.
        for index, block in enumerate(dev.blocks):
            if index in got and got[index][1] not in _FAULTS.values():
                continue
            if not made.answers and len(got) >= _SILENT and index not in got:
                continue
            got[index] = await _read_block(wire, dev, block)
            made.answers = made.answers or got[index][1] not in _FAULTS.values()
        if not made.answers and len(got) > 1:
            break
    rows = rows_of(dev.model.name)
    for index in range(len(dev.blocks)):
        made.readings += _decoded(dev, index, *got.get(index, (b"", _FAULTS["timeout"])), rows)
    return made


async def _read_block(wire: Wire, dev: poll.Device, block: Row) -> tuple[bytes, str]:
    """Data, or none and the reason in words."""
    try:
        return await wire.read(dev, *block[1:4]), ""
    except BusError as error:
        return b"", fault_text(error)


async def reread(wire: Wire, dev: poll.Device, names: Sequence[str]) -> list[Reading]:
    """These quantities anew, each block once; those that the table has not are left out."""
    found: dict[str, Reading] = {}
    rows = rows_of(dev.model.name)
    for index, block in enumerate(dev.blocks):
        if not set(names).intersection(dev.model.names[index]):
            continue
        data, why = await _read_block(wire, dev, block)
        if why in _FAULTS.values():
            data, why = await _read_block(wire, dev, block)
        found.update({one.quantity: one for one in _decoded(dev, index, data, why, rows)})
    return [found[name] for name in names if name in found]


def fault_text(error: BusError) -> str:
    """A failed read in words."""
    if error.kind == "exception":
        return f"refused: exception {error.code}, {_EXCEPTIONS.get(error.code, 'unknown code')}"
    return _FAULTS.get(error.kind, error.kind)


def _decoded(dev: poll.Device, index: int, data: bytes, why: str, rows: Mapping[str, Row]) -> list[Reading]:
    """Readings of one block; without ``data`` all of them are not available because of ``why``."""
    model = dev.model
    if data:
        model.decode(index, data)
    made = []
    unverified = getattr(_module(model.name), "UNVERIFIED", ())
    for row in model.blocks[index][4]:
        name = row[0]
        if name in dev.without or (name.startswith("_") and not data):
            continue
        _, function, address, kind, raw_unit, *_ = rows[name]
        value = model.found[name] if data else None
        made.append(
            Reading(
                name,
                value,
                why or ("" if value is not None else _why_none(row, data)),
                f"FC{function} {address} (0x{address:04X}) {kind}",
                words_of(row, data) if data else (),
                unit_of(name) or _base_unit(name, str(raw_unit)),
                str(raw_unit),
                "*" in unverified or name in unverified,
            )
        )
    for rule in model.rules[index]:
        if rule[0] in dev.without:
            continue
        value = model.found[rule[0]] if data else None
        made.append(
            Reading(
                rule[0],
                value,
                why or ("" if value is not None else "what it is made of is not available"),
                f"{rule[1]} of {', '.join(name.lstrip('_') for name in table.input_names(rule))}",
                (),
                unit_of(rule[0]),
                "",
                "*" in unverified or rule[0] in unverified,
            )
        )
    return made


def words_of(row: Row, data: bytes) -> tuple[int, ...]:
    """The raw register words of a planned row, in the order of the wire; a bit of functions 1 and 2 as 0 or 1."""
    kind, at = row[1], row[2]
    if kind == "bit":
        return (device.raw_value(kind, data, at),)
    size = 2 * table.size(kind)
    return tuple(int.from_bytes(data[start : start + 2], "big") for start in range(at, at + size, 2))


def _why_none(row: Row, data: bytes) -> str:
    """Why a read that succeeded gave no value."""
    _, kind, at, _, _, _, lo, hi, words, sentinels = row
    raw = device.raw_value(kind, data, at)
    code = words_of(row, data)[0] if str(kind).startswith(("bit", "any")) and kind != "bit" else raw
    for lowest, highest in sentinels:
        if lowest <= code <= highest:
            return "the device's own code for it"
    if words is not None:
        return f"{raw} is no state that the table knows"
    if kind == "f32" and raw >> 23 & 0xFF == 0xFF:
        return "not a number"
    return "the device has no data" if raw == 0 else f"implausible: outside {lo} to {hi}"


def unit_of(quantity: str) -> str:
    """Unit of a quantity; empty for words, flags, counts and a table's private values."""
    unit = QUANTITIES.get(quantity, "")
    return unit if isinstance(unit, str) else ""


def _base_unit(name: str, raw_unit: str) -> str:
    """Unit of a table's private value."""
    return str(quantities.UNITS[raw_unit][0]) if name.startswith("_") else ""


def rows_of(model: str) -> Mapping[str, Row]:
    """The table's lines by quantity, as written."""
    return {row[0]: row for row in _module(model).REGISTERS}


def tables_hash(model: str) -> str:
    """SHA-256 over a model's table and the code that gives its numbers their meaning."""
    digest = hashlib.sha256()
    for module in (_module(model), table, device, quantities):
        digest.update(Path(inspect.getfile(module)).read_bytes())
    return digest.hexdigest()


def _module(model: str) -> ModuleType:
    return importlib.import_module(f"nspkit.models.{model}")
