"""A message to residents on its way to the kits: cut into fragments, released for each kit, repaired. Pure.

Fragments go to all kits at once, under a key that every kit holds. What counts is
the release, which each kit gets under its own key and which names the text by its
digest; a kit shows nothing before the two fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

FRAGMENT_BYTES = 96
MAX_FRAGMENTS = 16
MAX_BYTES = MAX_FRAGMENTS * FRAGMENT_BYTES

Values = dict[str, int | str | bytes | None]  # as message.encode takes them


def fragments(number: int, revision: int, text: bytes) -> list[Values]:
    """Values of the ``fragment`` frames of a text, in order; none for an empty text, which only takes down.

    All but the last have 96 bytes: the kit relies on it. A character may lie across two of them.
    """
    _check(text)
    starts = range(0, len(text), FRAGMENT_BYTES)
    return [
        {
            "bulletin": number,
            "revision": revision,
            "fragment": index,
            "last_fragment": len(starts) - 1,
            "data": text[start : start + FRAGMENT_BYTES],
        }
        for index, start in enumerate(starts)
    ]


def release(
    number: int, revision: int, text: bytes, expires_min: int | None = None, replaces: int | None = None
) -> Values:
    """Values of the ``release`` that each kit gets of its own. ``expires_min``: as ``timing.utc_min``, None: no end."""
    _check(text)
    return {
        "bulletin": number,
        "revision": revision,
        "bulletin_bytes": len(text),
        "digest": int.from_bytes(hashlib.sha256(text).digest()[:8]),
        "expires_min": expires_min,
        "replaces": replaces,
    }


def part_releases(number: int, revision: int, text: bytes) -> list[Values]:
    """Values of the ``release`` frames for a kit to which this text is forged (see ``is_forged``).

    One for each fragment but the last, with ``bulletin_bytes`` where it ends and its own digest:
    with these the kit can tell a wrong fragment by itself. Sent before anything is repeated.
    """
    cut = range(FRAGMENT_BYTES, len(text), FRAGMENT_BYTES)
    return [
        release(number, revision, text[end - FRAGMENT_BYTES : end]) | {"bulletin_bytes": end} for end in cut
    ]


def is_forged(receipt: Mapping[str, int | str | None]) -> bool:
    """Whether a kit has all fragments, for the second time, and they do not fit: it needs ``part_releases``."""
    return receipt["receipt_stage"] == "mismatch" and receipt["lacking"] == 0


def to_repeat(
    number: int, revision: int, length: int, receipts: Iterable[Mapping[str, int | str | None]]
) -> tuple[int, ...]:
    """Fragments that any of these ``receipt`` values asks for again, in order.

    Receipts of other messages, and those that ask for nothing, are passed over.
    """
    lacking = 0
    for receipt in receipts:
        asks = receipt["receipt_stage"] in {"incomplete", "mismatch"}
        bits = receipt["lacking"]
        if (
            asks
            and (receipt["bulletin"], receipt["revision"]) == (number, revision)
            and isinstance(bits, int)
        ):
            lacking |= bits
    count = -(-length // FRAGMENT_BYTES)
    return tuple(index for index in range(count) if lacking >> index & 1)


def _check(text: bytes) -> None:
    if len(text) > MAX_BYTES:
        raise ValueError(f"the text has {len(text)} bytes, a message to residents at most {MAX_BYTES}")
