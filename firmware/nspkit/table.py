"""Device tables: checked, planned, and made into what the poller needs. Pure; needed at the start only.

A model (``models/NAME.py``) is data: a table REGISTERS with one register a line

    (quantity, function, address, type, unit, lo, hi, group)

in the order and the terms of the maker's manual. ``lo``-``hi`` bound what is
plausible, in the quantity's own unit (``quantities.py``); outside is unknown.
A quantity that begins with "_" is private to the table, an input of DERIVED; it
comes in the base unit of its dimension (W for "0.1 kW"), or raw without a unit.
One register stands in several rows when these are parts of it, or words for its
codes.

Types: u16 s16 u32 s32 f32 (high word first); u32lo s32lo (low word first); u8hi
u8lo, the bytes of a register; m8lo, its low byte as sign and magnitude; bitN and
nibbleN, the bit or nibble at shift N; anyHHHH, whether any bit of that mask (four
hexadecimal digits) is set; bit, one bit of functions 1 and 2.

Beside REGISTERS a model may have WORDS (quantity -> {raw: word or None}),
SENTINELS (type -> ((lowest, highest raw code of "not available"), ...); "bits" is
for whole registers of bits), DERIVED ((quantity, operation, inputs), ...),
UNVERIFIED (quantities from one source only; "*" = all), and by their names in
upper case the limits and timing of ``device.Model``; ADDRESS_STEP is its step.
"""

from nspkit.device import Model
from nspkit.quantities import QUANTITIES, UNITS, conversion

GROUPS = ("fast", "normal", "slow")
OPERATIONS = ("sum", "any", "first", "ratio")
_SIZES = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u32lo": 2, "s32lo": 2, "u8hi": 1, "u8lo": 1, "m8lo": 1}
_SETTINGS = (
    "block_limit", "hole_limit", "page", "timeout_ms", "late_ms", "gap_ms", "serial", "unit", "reply_offset", "no_data",
)


class TableError(Exception):
    """A table that must not be used: which model and entry, and what is wrong with it."""


def size(kind: str) -> int:
    """Registers that a type takes (for type bit: one bit)."""
    return _SIZES.get(kind, 1)


def input_names(rule: tuple) -> list:
    """Quantities that a rule of DERIVED needs."""
    return [item[0] if rule[1] == "first" else item for item in rule[2]]


def load(source) -> Model:
    """The checked and planned table of a module of ``models``; TableError for a bad one."""
    model = Model(source.__name__.split(".")[-1])
    for name in _SETTINGS:
        setattr(model, name, getattr(source, name.upper(), getattr(model, name)))
    model.step = getattr(source, "ADDRESS_STEP", 1)
    check(model, source)
    model.blocks = planned(model, source)
    derived = getattr(source, "DERIVED", ())
    model.rules = tuple([_rules_of(derived, block[4]) for block in model.blocks])
    for rule in derived:
        if not any(rule in rules for rules in model.rules):
            raise TableError("%s: %s: its inputs do not come with one read" % (model.name, rule[0]))
    model.names = tuple([_names_of(block[4], rules) for block, rules in zip(model.blocks, model.rules)])
    return model


def _rules_of(derived: tuple, rows: tuple) -> tuple:
    members = [row[0] for row in rows]
    return tuple([rule for rule in derived if all(name in members for name in input_names(rule))])


def _names_of(rows: tuple, rules: tuple) -> tuple:
    return tuple([row[0] for row in rows if row[0][0] != "_"] + [rule[0] for rule in rules])


def planned(model: Model, source) -> tuple:
    """Reads that cover a table; rows of one group and function together as far as the limits allow."""
    blocks: list = []
    for group in GROUPS:
        for function in (1, 2, 3, 4):
            rows = [row for row in source.REGISTERS if row[7] == group and row[1] == function]
            run: list = []
            for row in sorted(rows, key=lambda item: item[2]):
                if run and not _fits(model, run, row):
                    blocks.append(_block(model, source, run))
                    run = []
                run.append(row)
            if run:
                blocks.append(_block(model, source, run))
    return tuple(blocks)


def _end(model: Model, run: list) -> int:
    return max(row[2] + size(row[3]) * model.step for row in run)


def _fits(model: Model, run: list, row: tuple) -> bool:
    start, last = run[0][2], row[2] + size(row[3]) * model.step
    if model.page and start // model.page != (last - 1) // model.page:
        return False
    hole = (row[2] - _end(model, run)) // model.step
    return hole <= model.hole_limit and (last - start) // model.step <= model.block_limit


def _block(model: Model, source, run: list) -> tuple:
    start = run[0][2]
    return (
        run[0][7],
        run[0][1],
        start,
        (_end(model, run) - start) // model.step,
        tuple([_planned_row(model, source, row, start) for row in run]),
    )


def _planned_row(model: Model, source, row: tuple, start: int) -> tuple:
    name, _, address, kind, unit, lo, hi, _ = row
    at = (address - start) // model.step * (1 if kind == "bit" else 2)
    offset, mul, div = UNITS[unit][1:] if name[0] == "_" else conversion(unit, name)
    words = getattr(source, "WORDS", {})
    return (name, kind, at, offset, mul, div, lo, hi, words.get(name), _sentinels(source, kind))


def _sentinels(source, kind: str) -> tuple:
    """Ranges of "not available" for a type; those of "bits" are of the whole register."""
    if kind[:3] in ("bit", "any") and kind != "bit":
        kind = "bits"
    return getattr(source, "SENTINELS", {}).get(kind, ())


def check(model: Model, source) -> None:
    """Refuse a table that could put a wrong number on a screen; TableError names model and entry."""
    seen: list = []
    for row in source.REGISTERS:
        problem = _row_problem(model, source, row, seen)
        if problem:
            raise TableError("%s: %s: %s" % (model.name, row[0] if row else "empty row", problem))
        seen.append(row)
    names = [row[0] for row in seen]
    for rule in getattr(source, "DERIVED", ()):
        problem = _rule_problem(rule, names)
        if problem:
            raise TableError("%s: %s: %s" % (model.name, rule[0], problem))
    for name in tuple(getattr(source, "WORDS", {})) + tuple(model.no_data):
        if name not in names:
            raise TableError("%s: %s: named, but no register of the table" % (model.name, name))
    names += [rule[0] for rule in getattr(source, "DERIVED", ())]
    for name in getattr(source, "UNVERIFIED", ()):
        if name != "*" and name not in names:
            raise TableError("%s: %s: unverified, but nothing that the table gives" % (model.name, name))


def _row_problem(model: Model, source, row: tuple, seen: list) -> str:
    if len(row) != 8:
        return "%d columns, expected 8" % len(row)
    name, function, address, kind, unit, lo, hi, group = row
    if unit not in UNITS:
        return "unknown unit %r" % unit
    if name in [other[0] for other in seen]:
        return "twice in the table"
    if function not in (1, 2, 3, 4):
        return "function %r reads nothing" % function
    if not _is_type(kind) or (kind == "bit") != (function <= 2):
        return "type %r does not go with function %d" % (kind, function)
    if not 0 <= address <= 0xFFFF + 1 - size(kind) * model.step:
        return "address %r is out of range" % address
    if group not in GROUPS or lo > hi:
        return "group %r or limits %r-%r are wrong" % (group, lo, hi)
    if name[0] != "_":
        if name not in QUANTITIES:
            return "no such quantity"
        try:
            conversion(unit, name)
        except ValueError as error:
            return str(error)
        words = QUANTITIES[name]
        if isinstance(words, tuple):
            if name not in getattr(source, "WORDS", {}):
                return "has no words for its codes"
            for word in getattr(source, "WORDS", {})[name].values():
                if word is not None and word not in words:
                    return "%r is none of its words" % word
    return _overlap(model, source, row, seen)


def _is_type(kind: str) -> bool:
    if kind == "bit" or kind in _SIZES:
        return True
    if kind[:3] == "any":
        digits = kind[3:]
        return len(digits) == 4 and not digits.strip("0123456789ABCDEF") and digits != "0000"
    for head, shifts in (("nibble", ("0", "4", "8", "12")), ("bit", [str(n) for n in range(16)])):
        if kind[: len(head)] == head and kind[len(head) :] in shifts:
            return True
    return False


def _overlap(model: Model, source, row: tuple, seen: list) -> str:
    words = getattr(source, "WORDS", {})
    start, end = row[2], row[2] + size(row[3]) * model.step
    for other in seen:
        if other[1] != row[1] or other[2] >= end or other[2] + size(other[3]) * model.step <= start:
            continue
        if other[2] == start and _is_part(row[3]) and _is_part(other[3]) and other[3] != row[3]:
            continue  # two parts of one register
        if other[2] == start and row[3] == other[3] and row[0] in words and other[0] in words:
            continue  # two meanings of one register's codes
        return "overlaps %s" % other[0]
    return ""


def _is_part(kind: str) -> bool:
    return kind[:6] == "nibble" or (kind[:3] in ("bit", "any") and kind != "bit") or kind in ("u8hi", "u8lo", "m8lo")


def _rule_problem(rule: tuple, names: list) -> str:
    quantity, operation, inputs = rule
    if quantity not in QUANTITIES or quantity in names:
        return "no such quantity, or a register of the table as well"
    if operation not in OPERATIONS or not inputs:
        return "operation %r is none of %s" % (operation, ", ".join(OPERATIONS))
    for name in input_names(rule):
        if name not in names:
            return "its input %s is no register of the table" % name
    return ""
