"""Payload bits <-> {name: value or None}, driven by the table in ``fields``.

Fields are packed most significant bit first in the order of
``fields.MESSAGES[kind]``; the last byte is padded with zero bits. Kinds of
``fields.TAILS`` go on with bytes of their own.
"""

from nsplink.fields import BITSET, FIELDS, LINEAR, MESSAGES, RAW, TAILS, WORDS
from nsplink.frame import BadPayload

_ROWS = {row[1]: row for row in FIELDS}


def payload_length(kind: str) -> int:
    """Bytes of a payload of this kind, without its tail."""
    return (sum(_ROWS[name][2] for name in MESSAGES[kind]) + 7) // 8


def tail_length(kind: str, values: dict) -> int:
    """Bytes that these values add behind the fixed part."""
    return len(values.get(TAILS[kind][0], b"")) if kind in TAILS else 0


def encode(kind: str, values: dict) -> bytes:
    """Pack the values that ``kind`` carries; missing, None or out of limits is sent as unknown.

    Names that the kind does not carry are left out. A word that the field does not have, a RAW
    number that is missing or too large, and a tail that is too long raise ValueError: those are
    our own mistakes, not the field's.
    """
    bits = 0
    length = 0
    for name in MESSAGES[kind]:
        row = _ROWS[name]
        bits = (bits << row[2]) | to_code(row, values.get(name))
        length += row[2]
    padding = -length % 8
    payload = (bits << padding).to_bytes((length + padding) // 8, "big")
    if kind not in TAILS:
        return payload
    name, most = TAILS[kind]
    tail = values.get(name, b"")
    if len(tail) > most:
        raise ValueError("%s of %d bytes, at most %d" % (name, len(tail), most))
    return payload + bytes(tail)


def decode(kind: str, payload: bytes) -> dict:
    """Unpack a payload: every name of the kind, None where unknown; a tail as bytes.

    Raises BadPayload when the length or the padding is not this kind's.
    """
    names = MESSAGES[kind]
    fixed = payload_length(kind)
    tail_name, most = TAILS.get(kind, ("", 0))
    if not fixed <= len(payload) <= fixed + most:
        raise BadPayload("%s payload of %d bytes, expected %d to %d" % (kind, len(payload), fixed, fixed + most))
    tail = payload[fixed:]
    payload = payload[:fixed]
    bits = int.from_bytes(payload, "big")
    length = sum(_ROWS[name][2] for name in names)
    padding = -length % 8
    if bits & ((1 << padding) - 1):
        raise BadPayload("%s payload with a padding that is not zero" % kind)
    shift = length + padding
    values: dict = {tail_name: tail} if tail_name else {}
    for name in names:
        row = _ROWS[name]
        shift -= row[2]
        values[name] = from_code(row, (bits >> shift) & ((1 << row[2]) - 1))
    return values


def to_code(row: tuple, value: int | str | None) -> int:
    """Code of one value in the bits of its field; all ones = unknown."""
    unknown = (1 << row[2]) - 1
    codec, params = row[3], row[4]
    if codec == RAW:
        if not isinstance(value, int) or not 0 <= value <= unknown:
            raise ValueError("%s takes 0 to %d, not %r" % (row[1], unknown, value))
        return value
    if value is None:
        return unknown
    if codec == WORDS:
        if value not in params:
            raise ValueError("%s has no word %r" % (row[1], value))
        return int(params.index(value))
    if not isinstance(value, int):
        raise ValueError("%s takes a number, not %r" % (row[1], value))  # noqa: TRY004 - as a word it has not
    if codec == BITSET:
        return value if 0 <= value < unknown else unknown
    if codec == LINEAR:
        lo, hi, step = params
        return int((value - lo + step // 2) // step) if lo <= value <= hi else unknown
    return _step_code(params, value, unknown)


def from_code(row: tuple, code: int) -> int | str | None:
    """Value of a code; None for unknown and for codes that nothing was given to."""
    codec, params = row[3], row[4]
    if codec == RAW:
        return code
    if code == (1 << row[2]) - 1:
        return None
    if codec == WORDS:
        return params[code] if code < len(params) else None
    if codec == BITSET:
        return code
    if codec == LINEAR:
        lo, hi, step = params
        value = lo + code * step
        return value if value <= hi else None
    for first, last, step in params:
        count = (last - first) // step + 1
        if code < count:
            return first + code * step
        code -= count
    return None


def _step_code(segments: tuple, value: int, unknown: int) -> int:
    """Nearest code in a field whose step grows; outside its limits unknown.

    A segment begins one of its own steps after the end of the one before.
    """
    if value < segments[0][0]:
        return unknown
    base = 0
    for first, last, step in segments:
        if value <= last:
            return base + (value - first + step // 2) // step
        base += (last - first) // step + 1
    return unknown
