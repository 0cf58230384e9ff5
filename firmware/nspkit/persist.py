"""The transmit counter, kept across power cuts: never the same twice under one key.

Counters are reserved ahead in blocks of 64. A record says how far they are
reserved; it is written whole to the older of two files and read back before
the first counter of the block is used, so a cut at any moment loses at most the
rest of a block. Where only one copy is valid it may be the older one: then a
block is skipped, and both are written anew before anything is sent. A record is
bound to its key: a key never outlives its counter, and without a valid record
there is no transmission.
"""

import binascii
import hashlib

from nspkit.twocopy import FlashError, TwoCopies

FILES = ("counter0.bin", "counter1.bin")
BLOCK = 64
_MAGIC = b"NSPC"
_LENGTH = 17


class CounterError(Exception):
    """The counter cannot be trusted, so nothing may be sent: the kit needs a new key."""


def record(generation: int, key: bytes, reserved: int) -> bytes:
    """17 bytes: magic, key generation, key check (4), counters reserved below (4), CRC-32."""
    body = _MAGIC + bytes((generation,)) + hashlib.sha256(key).digest()[:4] + reserved.to_bytes(4, "big")
    return body + binascii.crc32(body).to_bytes(4, "big")


def initial_record(generation: int, key: bytes) -> bytes:
    """What the provisioning station writes beside a new key, into both FILES: no counter used yet."""
    return record(generation, key, 0)


def reserved_of(data: bytes, generation: int, key: bytes) -> int | None:
    """Counters reserved below, or None when the record is torn or another key's."""
    if len(data) != _LENGTH:
        return None
    reserved = int.from_bytes(data[9:13], "big")
    return reserved if data == record(generation, key, reserved) else None


class CounterStore:
    """Hands out counters. ``folder``: path prefix of the two files, "" on the board."""

    def __init__(self, folder: str, generation: int, key: bytes) -> None:
        self._folder = folder
        self._generation = generation
        self._key = key
        self._copies = TwoCopies(folder, FILES, self._reserved_of)
        newest = self._copies.newest
        if newest is None:
            raise CounterError("no valid counter record for this key: the kit needs a new key")
        self._lone = self._copies.lone  # the other copy may have been a block ahead
        self._reserved = int.from_bytes(newest[9:13], "big") + (BLOCK if self._lone else 0)
        self._next = self._reserved
        self.epoch: int | None = None

    def _reserved_of(self, data: bytes) -> int | None:
        return reserved_of(data, self._generation, self._key)

    def is_kept(self) -> bool:
        """Whether flash holds what this boot has reserved."""
        newest = TwoCopies(self._folder, FILES, self._reserved_of).newest
        ahead = BLOCK if self._lone else 0
        return newest is not None and int.from_bytes(newest[9:13], "big") >= self._reserved - ahead

    def will_write(self) -> bool:
        """Whether the next counter costs a write to flash."""
        return self._next == self._reserved

    def next(self) -> int:
        """The next counter. The first call after a boot, and each 64th, writes flash.

        Raises CounterError when the reservation cannot be read back.
        """
        if self._next == self._reserved:
            self._reserve()
            if self._lone:
                self._reserve()
                self._lone = False
        if self.epoch is None:
            self.epoch = self._next
        counter = self._next
        self._next += 1
        return counter

    def _reserve(self) -> None:
        reserved = self._reserved + BLOCK
        try:
            self._copies.write(record(self._generation, self._key, reserved))
        except FlashError as error:
            raise CounterError(str(error)) from None
        self._reserved = reserved
