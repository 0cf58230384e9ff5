"""The lawful hour, kept across resets and power cuts: no boot forgets what was on the air before it.

Flash holds a figure that the time on air of the last hour never exceeds: it is
raised, by a quantum ahead, before a transmission could pass it. After a power cut
that figure counts as spent at this moment. Ahead is reserved only below the part
kept for the top class, so no number of reboots takes that part away. A watchdog or
software reset leaves the memory of the real-time clock alone: from it the ledger
goes on to the minute.
"""

import binascii

from nspkit.twocopy import FlashError, TwoCopies
from nsplink.airtime import DutyLedger

FILES = ("budget0.bin", "budget1.bin")
_MAGIC = b"NSPB"
_LENGTH = 16
_QUANTUM_US = 2_000_000
_RTC_MAGIC = b"NSPA"
_RTC_HEAD = 8
RTC_BYTES = _RTC_HEAD + 61 * 4 + 4  # minutes of airtime.DutyLedger.by_age; a check at its end


class BudgetError(Exception):
    """The transmission cannot be booked, so it must not start."""


def record(sequence: int, reserved_us: int) -> bytes:
    """16 bytes: magic, number of this record (4), time on air reserved below (4, us), CRC-32."""
    body = _MAGIC + sequence.to_bytes(4, "big") + reserved_us.to_bytes(4, "big")
    return body + binascii.crc32(body).to_bytes(4, "big")


def initial_record() -> bytes:
    """What the provisioning station writes into both FILES of a new kit: nothing sent yet."""
    return record(0, 0)


def _sequence_of(data: bytes) -> int | None:
    """Number of a record, None when it is torn."""
    if len(data) != _LENGTH:
        return None
    sequence = int.from_bytes(data[4:8], "big")
    return sequence if data == record(sequence, int.from_bytes(data[8:12], "big")) else None


def rested(rtc) -> None:
    """An hour and more has passed with nothing on the air: what the clock's memory has of it is over."""
    data = bytearray(rtc.memory())
    end = len(data) - 4
    if end > _RTC_HEAD and int.from_bytes(data[end:], "big") == binascii.crc32(data[:end]):
        data[_RTC_HEAD:end] = bytes(end - _RTC_HEAD)
        data[end:] = binascii.crc32(data[:end]).to_bytes(4, "big")
        rtc.memory(data)


class Budget:
    """Admits and books every transmission. ``folder``: path prefix of the two files, "" on the board.

    ``limit_us``: time on air that the sub-band allows in an hour, a third of it for the top class
    only. ``rtc``: machine.RTC or None; ``warm``: its memory is of the run that has just ended, which a
    watchdog or software reset and a deep sleep prove and a power-on does not. Without a valid record all but
    the top class's third counts as spent.
    """

    def __init__(self, folder: str, limit_us: int, rtc=None, warm: bool = False) -> None:
        self.ledger = DutyLedger(limit_us, limit_us // 3)
        self.rule(limit_us)
        self._rtc = rtc
        self._last_ms = 0
        self._copies = TwoCopies(folder, FILES, _sequence_of)
        newest = self._copies.newest or record(0, 0)
        self._sequence = int.from_bytes(newest[4:8], "big")
        self._reserved_us = int.from_bytes(newest[8:12], "big")
        spent_us = self._reserved_us
        if self._copies.newest is None or self._copies.lone or spent_us > limit_us:  # unknown, or another band's
            spent_us = max(self._shared_us, spent_us if spent_us <= limit_us else 0)
            self._reserved_us = 0  # to be written before the next transmission
        ages = self._remembered() if warm else None
        self._before: list | None = ages or [spent_us]  # what earlier runs spent, until the first look at the clock

    def rule(self, limit_us: int) -> None:
        """Obey another band's limit from now on; what was spent in the one before counts here too."""
        self.ledger.limit_us, self.ledger.reserve_us = limit_us, limit_us // 3
        self._shared_us = self.ledger.bound_us(False)
        self._quantum_us = max(limit_us // 36, min(_QUANTUM_US, limit_us // 18))

    def admits(self, now_ms: int, air_us: int, top: bool = False) -> bool:
        """Whether one more frame of ``air_us`` is lawful and leaves the top class its part."""
        return self._at(now_ms).admits(now_ms, air_us, top)

    def will_write(self, now_ms: int, air_us: int, top: bool = False) -> bool:
        """Whether ``spend`` would write flash."""
        return self.admits(now_ms, air_us, top) and self._to_reserve(now_ms, air_us) is not None

    def spend(self, now_ms: int, air_us: int, top: bool = False) -> None:
        """Book a transmission that starts now, before it starts. Raises BudgetError: then it must not."""
        if not self.admits(now_ms, air_us, top):
            raise BudgetError("%d us more are not lawful in this hour: wait until the frame is admitted" % air_us)
        reserved_us = self._to_reserve(now_ms, air_us)
        if reserved_us is not None:
            try:
                self._copies.write(record(self._sequence + 1, reserved_us))
            except FlashError as error:
                raise BudgetError("%s; nothing is sent before it takes a record: replace the board" % error) from None
            self._sequence += 1
            self._reserved_us = reserved_us
        self.ledger.spend(now_ms, air_us)
        self._last_ms = now_ms + air_us // 1000
        self._remember()

    def take_back(self, air_us: int) -> None:
        """Undo the last ``spend``: the radio took nothing."""
        self.ledger.take_back(air_us)
        self._remember()

    def left_permille(self, now_ms: int) -> int:
        """What is left of the lawful hour, 0.1 %."""
        return self._at(now_ms).left_permille(now_ms)

    def _at(self, now_ms: int) -> DutyLedger:
        """The ledger; what was spent before this boot counts from its first use on, never from earlier."""
        if self._before is not None:
            self.ledger.take_up(now_ms, self._before)
            self._before = None
        return self.ledger

    def _to_reserve(self, now_ms: int, air_us: int) -> int | None:
        """The figure to write before a frame of ``air_us``; None while the one in flash will do.

        It also comes down once the hour has long been quieter, or the next power cut would cost
        the kit time on air that it never used.
        """
        least = self._at(now_ms).spent_us(now_ms) + air_us
        ahead = max(least, min(least + self._quantum_us, self._shared_us))
        return None if least <= self._reserved_us <= ahead + 2 * self._quantum_us else ahead

    def _remember(self) -> None:
        if self._rtc is None:
            return
        ages = self.ledger.by_age(self._last_ms)
        data = bytearray(_RTC_HEAD + 4 * len(ages) + 4)  # of one piece: this runs at every transmission
        data[:4] = _RTC_MAGIC
        data[4:8] = self.ledger.limit_us.to_bytes(4, "big")
        at = _RTC_HEAD
        for spent_us in ages:
            data[at : at + 4] = spent_us.to_bytes(4, "big")
            at += 4
        data[at:] = binascii.crc32(memoryview(data)[:at]).to_bytes(4, "big")
        self._rtc.memory(data)

    def _remembered(self) -> list | None:
        """Us spent by age in minutes, None when the clock's memory holds no ledger of this limit."""
        data = bytes(self._rtc.memory()) if self._rtc is not None else b""
        head = _RTC_MAGIC + self.ledger.limit_us.to_bytes(4, "big")
        end = len(data) - 4
        if end <= _RTC_HEAD or data[:_RTC_HEAD] != head or data[end:] != binascii.crc32(data[:end]).to_bytes(4, "big"):
            return None
        return [int.from_bytes(data[at : at + 4], "big") for at in range(_RTC_HEAD, end, 4)]
