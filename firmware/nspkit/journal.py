"""Heartbeats that were sent, kept until the gateway has them: what backfill is made of.

A ring of 32 files of 64 records, only ever appended to; the oldest file goes when a
new one is begun (a ring written in place costs LittleFS 16 erases a record). Records
go to flash by eight, so a power cut loses the last few. Each says below which
counter all had arrived when it was written: after a reboot the newest one's word is
taken, and what lies above it is offered again, for the gateway knows duplicates.
RAM holds one bit for each record and one counter for each file.
"""

import binascii
import os
from array import array

FILES = 32
RECORDS = 64  # in a file
BATCH = 8
LENGTH = 25
FOLDER = "journal"
_SLOTS = FILES * RECORDS
_VITAL_BYTES = 7
_BODY = LENGTH - 2
_KEPT = 2 * BATCH  # records held in RAM while flash does not take them


def record(counter: int, epoch: int, uptime_s: int, vital: bytes, settled_below: int) -> bytes:
    """25 bytes: counter, boot epoch, uptime (s), vital payload (7), all below this counter arrived, check (2)."""
    body = counter.to_bytes(4, "big") + epoch.to_bytes(4, "big") + uptime_s.to_bytes(4, "big")
    body += bytes(vital) + settled_below.to_bytes(4, "big")
    return body + (binascii.crc32(body) & 0xFFFF).to_bytes(2, "big")


def _word(data, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


class Journal:
    """The ring below ``folder``, a path prefix, "" on the board. Nothing is written before the first ``flush``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder + FOLDER
        self._first = array("I", [0] * FILES)  # counter of the first record of a file
        self._count = bytearray(FILES)  # records in it
        self._open = bytearray(FILES * RECORDS // 8)  # bit set: not known to have arrived
        self._batch: list = []  # (counter, epoch, uptime_s, vital) not yet on flash, oldest first
        self._due = False
        self._record = bytearray(LENGTH)  # where records are read, one at a time
        self._newest = 0  # number of the file that grows; file n has place n % FILES in the arrays
        self._last = -1  # counter of the newest record
        self.lost = 0  # records gone before they were known to have arrived: ring full, or flash failing
        self._take_up()

    def add(self, counter: int, epoch: int, uptime_s: int, vital: bytes) -> None:
        """Keep a heartbeat that has just left; counters rise."""
        if counter <= self._last:
            self._forget()  # counters began anew: all that is here was sent under another key
        self._last = counter
        self._batch.append((counter, epoch, uptime_s, bytes(vital)))
        if len(self._batch) > _KEPT:
            self._batch.pop(0)
            self.lost += 1
        self._due = len(self._batch) >= BATCH

    def will_write(self) -> bool:
        """Whether a batch is full and ``flush`` is due; after one that failed, not before the next record."""
        return self._due

    def flush(self) -> bool:
        """Append what waits in RAM; True when all of it is safe on flash, False when flash did not take it."""
        self._due = False
        try:
            while self._batch:
                self._append(self._file_with_room())
        except OSError:
            return False
        return True

    def unsettled(self) -> int:
        """How many records are not known to have arrived."""
        return len(self._batch) + _ones(self._open)

    def settle(self, counter: int) -> None:
        """The frame with this counter has arrived."""
        self.settle_many((counter,))

    def settle_many(self, counters) -> None:
        """These have arrived; counters of frames that are not heartbeats do no harm."""
        if not counters:
            return
        self._batch = [entry for entry in self._batch if entry[0] not in counters]
        for number in reversed(self._numbers()):
            first = self._first[number % FILES]
            if self._count[number % FILES] and first <= max(counters):
                for entry in self._waiting(number, RECORDS, counters):
                    self._close(entry[4])
                if first <= min(counters):
                    return

    def take(self, limit: int, before_counter: int) -> list:
        """The oldest records that wait: at most ``limit``, below ``before_counter``, all of one boot.

        [(counter, epoch, uptime_s, vital)]; they stay until they are settled.
        """
        found: list = []
        for number in self._numbers():
            if len(found) < limit:
                found += self._waiting(number, limit - len(found))
        found += self._batch[: limit - len(found)]
        return [entry[:4] for entry in found if entry[0] < before_counter and entry[1] == found[0][1]]

    def _numbers(self) -> range:
        """Numbers of the files of the ring, oldest first; there may be gaps."""
        return range(max(0, self._newest - FILES + 1), self._newest + 1)

    def _path(self, number: int) -> str:
        return "%s/%d" % (self._folder, number)

    def _waiting(self, number: int, limit: int, among=None) -> list:
        """(counter, epoch, uptime_s, vital, slot) of the first records of a file that wait, or of those ``among`` these.

        A record that cannot be read any more is given up.
        """
        base = number % FILES * RECORDS
        found: list = []
        if not any(self._open[base >> 3 : (base + RECORDS) >> 3]):
            return found
        try:
            with open(self._path(number), "rb") as file:
                for slot in range(base, base + self._count[number % FILES]):
                    if len(found) == limit:
                        break
                    if not self._open[slot >> 3] >> (slot & 7) & 1:
                        continue
                    if not self._read(file, slot - base):
                        self._close(slot)
                        self.lost += 1
                        continue
                    data = self._record
                    if among is None or _word(data, 0) in among:
                        found.append((_word(data, 0), _word(data, 4), _word(data, 8), bytes(data[12:19]), slot))
        except OSError:
            self._clear(number)
        return found

    def _close(self, slot: int) -> None:
        self._open[slot >> 3] &= 0xFF ^ 1 << (slot & 7)

    def _clear(self, number: int) -> None:
        """The file is gone, or about to be: whatever of it still waits is lost."""
        at = number % FILES * RECORDS >> 3
        self.lost += _ones(self._open[at : at + RECORDS // 8])
        self._open[at : at + RECORDS // 8] = bytes(RECORDS // 8)
        self._count[number % FILES] = 0

    def _forget(self) -> None:
        self._batch = []
        for place in range(FILES):
            self._clear(place)

    def _read(self, file, index: int) -> bool:
        """Record ``index`` of an open file into the buffer; whether it is whole."""
        data = self._record
        file.seek(index * LENGTH)
        if file.readinto(data) != LENGTH:
            return False
        return (binascii.crc32(memoryview(data)[:_BODY]) & 0xFFFF) == data[_BODY] << 8 | data[_BODY + 1]

    # Writing

    def _append(self, number: int) -> None:
        """Write of the batch what still fits into file ``number``."""
        place = number % FILES
        start = self._count[place]
        batch = self._batch[: RECORDS - start]
        below = self.take(1, 1 << 32)[0][0]
        data = b"".join([record(entry[0], entry[1], entry[2], entry[3], below) for entry in batch])
        with open(self._path(number), "ab") as file:
            file.write(data)
        if not start:
            self._first[place] = batch[0][0]
        self._count[place] += len(batch)
        for slot in range(place * RECORDS + start, place * RECORDS + start + len(batch)):
            self._open[slot >> 3] |= 1 << (slot & 7)
        self._batch = self._batch[len(batch) :]

    def _file_with_room(self) -> int:
        """Number of the file to append to: the newest, or a new one when that is full or ends in a torn record."""
        size = _size(self._path(self._newest))
        if size is None and _size(self._folder) is None:
            os.mkdir(self._folder)
        if (size or 0) == self._count[self._newest % FILES] * LENGTH < RECORDS * LENGTH:
            return self._newest
        oldest = self._path(self._newest + 1 - FILES)
        if _size(oldest) is not None:
            os.remove(oldest)
        self._newest += 1
        self._clear(self._newest)
        return self._newest

    # After a boot

    def _take_up(self) -> None:
        """Find out from flash what may not have arrived: from the newest record back to the first that had."""
        try:
            numbers = [int(name) for name in os.listdir(self._folder) if name.isdigit()]
        except OSError:
            return  # nothing was ever written
        self._newest = max(numbers) if numbers else 0
        below, after = -1, 1 << 32
        for number in reversed(self._numbers()):
            if after <= below:
                return
            try:
                below, after = self._take_up_file(number, below, after)
            except OSError:
                continue  # cut off between the oldest file's end and the new one's beginning

    def _take_up_file(self, number: int, below: int, after: int) -> tuple:
        """(counter below which all had arrived, -1 = not known yet; counter of the record read last)."""
        place = number % FILES
        with open(self._path(number), "rb") as file:
            count = min(file.seek(0, 2) // LENGTH, RECORDS)
            for index in range(count - 1, -1, -1):
                if not self._read(file, index):
                    continue
                counter = _word(self._record, 0)
                if below < 0:
                    below = _word(self._record, 19)
                    self._last = counter
                if counter >= after or counter < below:  # sent under another key; or known to have arrived
                    after = 0
                    break
                after = self._first[place] = counter
                slot = place * RECORDS + index
                self._open[slot >> 3] |= 1 << (slot & 7)
        self._count[place] = count
        return below, after


def _ones(bits) -> int:
    """How many bits are set in these bytes."""
    total = 0
    for byte in bits:
        left = byte
        while left:
            left &= left - 1
            total += 1
    return total


def _size(path: str) -> int | None:
    """Bytes of a file, None when it is not there; a folder has some size too."""
    try:
        return os.stat(path)[6]
    except OSError:
        return None
