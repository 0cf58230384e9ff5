"""A MicroPython image as a file: whose chip it is for, and that it is the one that was meant. Pure but for reading it.

Layout by Espressif's documentation "Firmware Image Format" and "Partition Tables" of the ESP-IDF.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nsptools.flash.errors import ImageUnfit

_MAGIC = 0xE9
_CHIP_AT = 12
# The chip ids in an image's header, and where that chip's ROM looks for the first byte.
_CHIPS: Mapping[int, tuple[str, int]] = {0: ("esp32", 0x1000), 9: ("esp32s3", 0x0)}
_TABLE_AT, _TABLE_BYTES, _PARTITION = 0x8000, 0xC00, struct.Struct("<HBBII16sI")
_PARTITION_MAGIC = 0x50AA
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Image:
    """``offset``: where it goes; ``needs_bytes``: how much flash its partitions take."""

    path: Path
    sha256: str
    chip: str
    offset: int
    needs_bytes: int


def sha256_of(text: str) -> str:
    """Return a SHA-256 that a person gave, in small letters. Raises ImageUnfit."""
    digest = text.strip().lower()
    if not _SHA256.fullmatch(digest):
        raise ImageUnfit(
            f"--sha256 {text[:80]!r} is no SHA-256: it has 64 digits of 0-9 and a-f. Copy it whole."
        )
    return digest


def read(path: Path, sha256: str) -> Image:
    """Return the image in a file whose SHA-256 is known. Raises ImageUnfit."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageUnfit(f"{path}: {error.strerror}. Name the image's file with --image.") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ImageUnfit(
            f"{path}: its SHA-256 is {found}, and {sha256} was expected. It is another file, or not whole: "
            "get it again; nothing was written."
        )
    chip, offset = _chip(path, data)
    return Image(path, sha256, chip, offset, _needs(path, data, offset))


def _chip(path: Path, data: bytes) -> tuple[str, int]:
    if len(data) < _CHIP_AT + 2 or data[0] != _MAGIC:
        raise ImageUnfit(
            f"{path}: this is no image for an ESP32. Take the .bin of the board's MicroPython download."
        )
    number = int.from_bytes(data[_CHIP_AT : _CHIP_AT + 2], "little")
    if number not in _CHIPS:
        raise ImageUnfit(
            f"{path}: it is for a chip that no kit has (number {number}). Take the download for the ESP32 or the ESP32-S3."
        )
    return _CHIPS[number]


def _needs(path: Path, data: bytes, offset: int) -> int:
    """Return how far the partitions reach, in bytes of flash."""
    end = 0
    table = data[_TABLE_AT - offset : _TABLE_AT - offset + _TABLE_BYTES]
    for at in range(0, len(table) - _PARTITION.size + 1, _PARTITION.size):
        magic, _, _, start, size, _, _ = _PARTITION.unpack_from(table, at)
        if magic != _PARTITION_MAGIC:
            break
        end = max(end, start + size)
    if not end:
        raise ImageUnfit(
            f"{path}: it has no table of partitions, so it cannot start a blank board. "
            "Take the .bin of the download, not the .app-bin."
        )
    return end
