"""Top-class events that wait for the gateway's word, kept over reboots: at most 16, a file of 64 bytes each.

A file so small lies inside LittleFS's directory block: a save costs three entries in it,
about one erase in twenty-five; one file of all records would cost an erase each.
A record is written beside the old one and renamed over it, so a power cut leaves
the one or the other, never a mixture.
"""

import binascii
import os

SLOTS = 16
MAX_PAYLOAD = 56
LENGTH = 64
FOLDER = "events"
_MAGIC = b"NE"
_NEW = "new"


def record(slot: int, payload: bytes) -> bytes:
    """64 bytes: magic, slot, length of the payload, the payload padded to 56, CRC-32."""
    body = _MAGIC + bytes((slot, len(payload))) + payload + bytes(MAX_PAYLOAD - len(payload))
    return body + binascii.crc32(body).to_bytes(4, "big")


def _payload_of(data: bytes, slot: int) -> bytes | None:
    if len(data) != LENGTH or slot >= SLOTS or data[3] > MAX_PAYLOAD:
        return None
    payload = data[4 : 4 + data[3]]
    return payload if data == record(slot, payload) else None


class EventStore:
    """The records below ``folder``, a path prefix, "" on the board. The caller holds the flash lock to write."""

    def __init__(self, folder: str) -> None:
        self._folder = folder + FOLDER

    def load(self) -> list:
        """[(slot, payload)] of every whole record, by slot."""
        found: list = []
        try:
            slots = sorted([int(name) for name in os.listdir(self._folder) if name.isdigit()])
        except OSError:
            return found  # nothing was ever saved
        for slot in slots:
            try:
                with open(self._path(slot), "rb") as file:
                    payload = _payload_of(file.read(), slot)
            except OSError:
                continue
            if payload is not None:
                found.append((slot, payload))
        return found

    def save(self, slot: int, payload: bytes) -> bool:
        """Keep ``payload``, at most 56 bytes, in place of what the slot held; False when flash did not take it."""
        if not 0 <= slot < SLOTS or len(payload) > MAX_PAYLOAD:
            raise ValueError("slot %d of %d bytes: slots are 0-15, payloads at most 56 bytes" % (slot, len(payload)))
        new = self._folder + "/" + _NEW
        try:
            if not _exists(self._folder):
                os.mkdir(self._folder)
            with open(new, "wb") as file:
                file.write(record(slot, bytes(payload)))
            os.rename(new, self._path(slot))
        except OSError:
            return False
        return True

    def drop(self, slot: int) -> bool:
        """Forget the record of a slot; False when flash did not let it go, and it will come again."""
        try:
            os.remove(self._path(slot))
        except OSError:
            return not _exists(self._path(slot))
        return True

    def _path(self, slot: int) -> str:
        return "%s/%d" % (self._folder, slot)


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True
