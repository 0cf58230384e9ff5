"""What the words in a reply mean, by a table that ``table.py`` has checked and planned. Pure."""

_MOST_PERMILLE = 1050
# Types are told apart by look-up: cutting up their names would take heap for every row of every poll.
_BITS = {"bit%d" % shift: shift for shift in range(16)}
_NIBBLES = {"nibble%d" % shift: shift for shift in (0, 4, 8, 12)}
_MASKS: dict = {}  # of types any0123, once met
_DOUBLE = ("u32", "s32", "f32", "u32lo", "s32lo")


class Model:
    """A device's table, ready to poll: limits, timing, blocks. Made by ``table.load``.

    ``blocks``: reads that cover the table, each (group, function, address,
    count, rows); a row is (quantity, type, offset in bytes or, for functions 1
    and 2, bits, offset, mul, div, lo, hi, words or None, sentinel ranges).
    ``names[i]``: the quantities that block i gives; ``rules[i]``: those of them
    that are made of others.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.block_limit = 64  # registers, or bits for functions 1 and 2, in one read
        self.hole_limit = 0  # unused registers that may be read along
        self.page = 0  # a read stays within one page of so many addresses; 0 = no pages
        self.step = 1  # addresses a register takes
        self.timeout_ms = 500
        self.late_ms = 2000  # after this a late reply can no longer come
        self.gap_ms = 0  # silence that the device wants before a request
        self.serial: tuple = (9600, None, 1)  # maker's default: baud, parity, stop bits
        self.unit = 1  # maker's default
        self.reply_offset = 0  # address in a reply minus the one in the request
        self.no_data: tuple = ()  # when all of these are 0 or unknown, nothing of their block is known
        self.blocks: tuple = ()
        self.names: tuple = ()
        self.rules: tuple = ()
        # Latest values by quantity, overwritten by decode: a poll allocates no dictionary.
        self.found: dict = {}

    def decode(self, index: int, data) -> None:
        """Take the reply to block ``index`` into ``found``."""
        found = self.found
        rows = self.blocks[index][4]
        for row in rows:
            found[row[0]] = value_of(row, data)
        if self.no_data and self._is_empty(rows):
            for row in rows:
                found[row[0]] = None
        for rule in self.rules[index]:
            found[rule[0]] = _derive(rule, found)

    def _is_empty(self, rows: tuple) -> bool:
        here = [row[0] for row in rows if row[0] in self.no_data]
        return bool(here) and not any(self.found[name] for name in here)


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
    if shift < -40:
        return 0  # as the long way would find, without its very long integers
    divisor = div << max(-shift, 0)
    value = ((scaled << max(shift, 0)) + divisor // 2) // divisor
    return -value if bits >> 31 else value


def _is_mask(kind: str) -> bool:
    """Whether a type is "any" and a mask."""
    if kind not in _MASKS:
        _MASKS[kind] = int(kind[3:], 16) if kind[:3] == "any" else 0
    return bool(_MASKS[kind])


def raw_value(kind: str, data, at: int) -> int:
    """Raw integer at byte ``at`` (type bit: bit ``at``), before sign and scale; f32 as its 32 bits."""
    if kind == "bit":
        return data[at >> 3] >> (at & 7) & 1
    value = data[at] << 8 | data[at + 1]
    if kind in _BITS:
        return value >> _BITS[kind] & 1
    if kind in _NIBBLES:
        return value >> _NIBBLES[kind] & 0xF
    if _is_mask(kind):
        return 1 if value & _MASKS[kind] else 0
    if kind == "u8hi":
        return value >> 8
    if kind in ("u8lo", "m8lo"):
        return value & 0xFF
    if kind in _DOUBLE:
        second = data[at + 2] << 8 | data[at + 3]
        return second << 16 | value if kind in ("u32lo", "s32lo") else value << 16 | second
    return value


def signed(kind: str, raw: int) -> int:
    """A raw integer with the sign that its type gives it."""
    if kind == "s16" and raw >= 0x8000:
        return raw - 0x10000
    if kind in ("s32", "s32lo") and raw >= 0x80000000:
        return raw - 0x100000000
    if kind == "m8lo" and raw & 0x80:
        return -(raw & 0x7F)
    return raw


def value_of(row: tuple, data) -> int | str | None:
    """Value of one planned row in the data of a read; None when not available or implausible."""
    _, kind, at, offset, mul, div, lo, hi, words, sentinels = row
    raw = raw_value(kind, data, at)
    # A bit of a register that is not available as a whole says nothing.
    code = data[at] << 8 | data[at + 1] if kind in _BITS or _is_mask(kind) else raw
    for lowest, highest in sentinels:
        if lowest <= code <= highest:
            return None
    if words is not None:
        return words.get(raw)
    if kind == "f32":
        value = f32_scaled(raw, mul, div)
    else:
        value = ((signed(kind, raw) + offset) * mul + div // 2) // div
    return value if value is not None and lo <= value <= hi else None


def _derive(rule: tuple, found: dict) -> int | str | None:
    """A quantity from others of the same block; unknown as soon as one that it needs is."""
    _, operation, inputs = rule
    if operation == "any":
        none_known: int | None = 0
        for name in inputs:
            if found[name]:
                return 1
            if found[name] is None:
                none_known = None
        return none_known
    known = [found[item[0] if operation == "first" else item] for item in inputs]
    if None in known:
        return None
    if operation == "sum":
        return sum(known)
    if operation == "first":
        for name, word in inputs:
            if found[name]:
                return word
        return None
    share = (1000 * known[0] + known[1] // 2) // known[1] if known[1] else _MOST_PERMILLE + 1
    # A full pack may count a little more than its capacity; far more is no share of it.
    return None if not 0 <= share <= _MOST_PERMILLE else min(share, 1000)
