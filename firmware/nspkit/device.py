"""Registers to values: scaling, sentinels, plausibility, and which reads a table needs. Pure.

A model (``models/NAME.py``) is data: a table REGISTERS with one register a line

    (name, function, address, type, offset, mul, div, lo, hi, group)

value = (raw + offset) * mul / div, rounded, in the unit of its name; outside
``lo``-``hi`` it is implausible and so unknown. Types: u16 s16 u32 s32 f32 (high
word first) and ``nibbleN``, the alarm nibble at shift N of a u16. Beside it the
model names its sentinels per type, its words for codes, its limits and its
timing.
"""

TYPES = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "nibble0": 1, "nibble4": 1, "nibble8": 1, "nibble12": 1}
GROUPS_MS = {"fast": 1000, "normal": 5000, "slow": 60000}


def f32_scaled(bits: int, mul: int, div: int) -> int | None:
    """IEEE-754 single to a scaled integer without a float; None for NaN and infinity."""
    exponent = bits >> 23 & 0xFF
    if exponent == 0xFF:
        return None
    mantissa = bits & 0x7FFFFF
    if exponent:
        mantissa |= 0x800000
    else:
        exponent = 1
    scaled = mantissa * mul
    shift = exponent - 150
    divisor = div << max(-shift, 0)
    value = ((scaled << max(shift, 0)) + divisor // 2) // divisor
    return -value if bits >> 31 else value


def raw_value(kind: str, data, at: int) -> int:
    """Raw integer of a register at byte ``at``; sign applied, f32 as its 32 bits."""
    value = data[at] << 8 | data[at + 1]
    if TYPES[kind] == 2:
        value = value << 16 | data[at + 2] << 8 | data[at + 3]
    if kind[:6] == "nibble":
        return value >> int(kind[6:]) & 0xF
    return value


def value_of(row: tuple, data, at: int, sentinels: dict, words: dict) -> int | str | None:
    """Value of one row in the data of a read; None when not available or implausible.

    ``sentinels``: type -> lowest raw code that means "not available", up to the
    end of that type's range (unsigned), as these makers use them.
    ``words``: name -> {raw: word or None}.
    """
    name, _, _, kind, offset, mul, div, lo, hi, _ = row
    raw = raw_value(kind, data, at)
    if name in words:
        return words[name].get(raw)
    if kind == "f32":
        value = f32_scaled(raw, mul, div)
        return value if value is not None and lo <= value <= hi else None
    if kind in sentinels and raw >= sentinels[kind][0] and raw <= sentinels[kind][1]:
        return None
    if kind == "s16" and raw >= 0x8000:
        raw -= 0x10000
    elif kind == "s32" and raw >= 0x80000000:
        raw -= 0x100000000
    scaled = (raw + offset) * mul
    value = (scaled + div // 2) // div
    return value if lo <= value <= hi else None


def plan(registers: tuple, block_limit: int, hole_limit: int, page: int) -> list:
    """Reads that cover a table: [(group, function, address, count, ((row, byte offset), ...)), ...].

    Rows of one group and function are read together when at most
    ``hole_limit`` unused registers lie between them, the block stays within
    ``block_limit`` and, with ``page`` > 0, within one page of so many registers.
    """
    blocks: list = []
    for group in ("fast", "normal", "slow"):
        for function in (1, 2, 3, 4):
            rows = sorted(
                (row for row in registers if row[9] == group and row[1] == function), key=lambda row: row[2]
            )
            run: list = []
            for row in rows:
                if run and not _fits(run, row, block_limit, hole_limit, page):
                    blocks.append(_block(group, function, run))
                    run = []
                run.append(row)
            if run:
                blocks.append(_block(group, function, run))
    return blocks


def _fits(run: list, row: tuple, block_limit: int, hole_limit: int, page: int) -> bool:
    start = run[0][2]
    end = max(r[2] + TYPES[r[3]] for r in run)
    last = row[2] + TYPES[row[3]]
    if page and start // page != (last - 1) // page:
        return False
    return row[2] - end <= hole_limit and last - start <= block_limit


def _block(group: str, function: int, run: list) -> tuple:
    start = run[0][2]
    end = max(row[2] + TYPES[row[3]] for row in run)
    return (group, function, start, end - start, tuple((row, 2 * (row[2] - start)) for row in run))
