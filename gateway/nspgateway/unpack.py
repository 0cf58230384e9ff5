"""Payloads to values by tables: what ``nsplink.message`` does bit by bit for a kit, for the gateway's pace. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec import Struct

from nsplink import message
from nsplink.fields import FIELDS, MESSAGES, TAILS

_ROWS = {row[1]: row for row in FIELDS}


class _Layout(Struct, frozen=True):
    """Where the fields of a kind are: name, bits to its right, its own bits as a mask. ``padding``: as a mask."""

    length: int
    padding: int
    fields: tuple[tuple[str, int, int], ...]


def decode(kind: str, payload: bytes) -> dict[str, Any]:
    """Return what ``nsplink.message.decode`` does. Raises nsplink.frame.BadPayload."""
    layout = _LAYOUTS.get(kind)
    bits = int.from_bytes(payload, "big")
    if layout is None or len(payload) != layout.length or bits & layout.padding:
        # It reads tails, and says what is wrong.
        found: dict[str, Any] = message.decode(kind, payload)
        return found
    return {name: _value(name, bits >> shift & mask) for name, shift, mask in layout.fields}


@lru_cache(maxsize=1 << 14)  # most fields have some hundred codes
def _value(name: str, code: int) -> Any:
    value: int | str | None = message.from_code(_ROWS[name], code)
    return value


def _layout(kind: str) -> _Layout:
    length = message.payload_length(kind)
    shift = 8 * length
    fields = []
    for name in MESSAGES[kind]:
        width = _ROWS[name][2]
        shift -= width
        fields.append((name, shift, (1 << width) - 1))
    return _Layout(length, (1 << shift) - 1, tuple(fields))


_LAYOUTS = {kind: _layout(kind) for kind in MESSAGES if kind not in TAILS}
