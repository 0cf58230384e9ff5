"""Whether the date of this box can be believed: what the kernel and its hardware clock say.

A small computer has no clock that runs on without power; until a time server, a satellite
receiver or a clock with a battery has set it, its date is a guess.
"""

from __future__ import annotations

import ctypes
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

# <linux/timex.h>: the clock is not synchronised, and what adjtimex returns then.
STA_UNSYNC = 0x40
TIME_ERROR = 5
# modes, offset, freq, maxerror, esterror, status; the rest of the record is not read.
_TIMEX = struct.Struct("@IllllI")
_TIMEX_ROOM = 512
# No time of ours lies before it; one far behind it is a broken clock's.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def is_plausible(at: datetime) -> bool:
    """Tell whether a date can be a present of this program."""
    return EARLIEST <= at < LATEST


class BoxDate:
    """The kernel's word. ``root``: where its files stand."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def is_synchronised(self) -> bool:
        """Tell whether something outside disciplines the clock now (adjtimex(2)); it needs no rights to ask."""
        record = ctypes.create_string_buffer(_TIMEX_ROOM)
        try:
            state = ctypes.CDLL(None, use_errno=True).adjtimex(record)
        except (AttributeError, OSError):
            return False
        status = _TIMEX.unpack_from(record.raw)[5]
        return state not in (-1, TIME_ERROR) and not status & STA_UNSYNC

    def was_set_by_rtc(self) -> bool:
        """Tell whether the kernel took its date at boot from a hardware clock that had a plausible one.

        The kernel reads no time from a clock whose battery has failed.
        """
        return any(self._counts(clock) for clock in sorted(self._root.glob("sys/class/rtc/rtc*")))

    def boot(self) -> str:
        """Return the name of this boot of the box; "" = it has none."""
        try:
            return (self._root / "proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""

    def _counts(self, clock: Path) -> bool:
        try:
            if (clock / "hctosys").read_text().strip() != "1":
                return False
            seconds = int((clock / "since_epoch").read_text())
        except (OSError, ValueError):
            return False
        try:
            return is_plausible(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
        except OverflowError:
            return False
