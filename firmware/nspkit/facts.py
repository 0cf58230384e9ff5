"""What a kit says of itself, in *status* and *boot* frames; and what of it outlives a reset."""

from nspkit import VERSION
from nsplink.fields import RESET_CAUSES

_BOOTS_MAGIC = 0xB0
_MOST_BOOTS = 254


class RtcPart:
    """A part of the memory of the real-time clock, for one owner. ``rtc``: as machine.RTC."""

    def __init__(self, rtc, start: int, length: int) -> None:
        self._rtc = rtc
        self._start = start
        self._length = length

    def memory(self, data: bytes | None = None) -> bytes | None:
        """Read this part, or write it; what is shorter is filled up with zeros."""
        whole = self._rtc.memory()
        if data is None:
            return bytes(whole[self._start : self._start + self._length])
        before = whole[: self._start] + bytes(max(0, self._start - len(whole)))
        padded = data[: self._length] + bytes(max(0, self._length - len(data)))
        self._rtc.memory(before + padded + whole[self._start + self._length :])
        return None


class Boots:
    """Boots since the gateway last acknowledged something; counted where a loss of power in between leaves it."""

    def __init__(self, rtc) -> None:
        self._rtc = rtc
        found = rtc.memory() if rtc is not None else b""
        known = len(found) >= 2 and found[0] == _BOOTS_MAGIC
        self.count = min(found[1] + 1, _MOST_BOOTS) if known else 1
        self._write()

    def settled(self) -> None:
        """The gateway has acknowledged this boot."""
        if self.count:
            self.count = 0
            self._write()

    def _write(self) -> None:
        if self._rtc is not None:
            self._rtc.memory(bytes((_BOOTS_MAGIC, self.count)))


class Facts:
    """Gathers them. ``board``: board.Board; the others: the kit's own objects of these names."""

    def __init__(self, board, boots, state, budget, delivery, journal, remote) -> None:
        self._board = board
        self._boots = boots
        self._state = state
        self._budget = budget
        self._delivery = delivery
        self._journal = journal
        self._remote = remote
        self._errors_before = 0
        self._errors_hour_ms = 0
        self.snr_db: int | None = None  # of the last downlink
        self.self_test: int | None = None  # bits of the parts that failed; None as long as nobody has tried them

    def values(self, now_ms: int) -> dict:
        """By the names of ``nsplink.fields``; None where the kit cannot tell."""
        cause = self._board.reset_cause
        return {
            "engine_starts": self._state.value("engine_starts", now_ms),
            "uptime_min": now_ms // 60_000,
            "reset_cause": cause if cause in RESET_CAUSES else None,
            "boots": self._boots.count,
            "budget_permille": self._budget.left_permille(now_ms),
            "queue_depth": min(len(self._delivery.items) + self._journal.unsettled(), 62),
            "bus_errors": self._bus_errors(now_ms),
            "config_hash": self._remote.config_hash(),
            "downlink_snr_db": self.snr_db,
            "firmware": packed(VERSION),
            "micropython": packed(self._board.interpreter),
            "self_test": self.self_test,
        }

    def _bus_errors(self, now_ms: int) -> int:
        """Failed reads since the hour before this one began: between one and two hours' worth."""
        total = sum([sum(kinds.values()) for kinds in self._state.errors.values()])
        if now_ms - self._errors_hour_ms >= 3_600_000:
            self._errors_hour_ms = now_ms
            failed, self._errors_before = total - self._errors_before, total
        else:
            failed = total - self._errors_before
        return min(failed, 254)


def packed(version: tuple) -> int:
    """A release as *boot* carries it: major, minor, patch."""
    major, minor, patch = version[:3]
    return int(major) * 4096 + int(minor) * 64 + int(patch)
