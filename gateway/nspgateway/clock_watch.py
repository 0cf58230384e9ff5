"""Watches the date of the box and says when the gateway's clock has to follow it.

Without a clock that runs on without power the gateway starts at the last time it knows of and
says that it cannot be trusted. Once the box's date can be, the clock takes one step to it, forwards
or backwards. What differs less than 2 seconds is left: the kernel slews both clocks together.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import structlog

from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.folder import replace_private
from nspgateway.timesync import is_plausible

FILE = "clock.json"
STEP_S = 2.0
SAVE_S = 120.0
# A note is never older than this while the gateway runs.
_NOTE_OLD = timedelta(minutes=10)

# Who vouches for the date: a source that disciplines it now; one that did since the box was
# started; a hardware clock; a person, who set it while we ran. "" = nobody.
Source = Literal["", "synchronised", "this_boot", "rtc", "by_hand"]

_log = structlog.get_logger(__name__)


class Kernel(Protocol):
    """What can be asked of the box, as ``timesync.BoxDate`` does."""

    def is_synchronised(self) -> bool:
        """Tell whether something outside disciplines the clock now."""

    def was_set_by_rtc(self) -> bool:
        """Tell whether the date at boot came from a hardware clock."""

    def boot(self) -> str:
        """Return the name of this boot of the box."""


class _Content(msgspec.Struct, frozen=True):
    at: datetime
    trusted_boot: str = ""


class ClockWatch:
    """Starts ``clock`` where time can be at the earliest, and keeps it right. ``tick`` about once a second.

    ``known``: the newest time in the journal. ``source``: who vouches for the date.
    """

    def __init__(self, folder: Path, clock: Clock, known: datetime | None, box: Kernel) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._box = box
        self._boot = box.boot()
        before = _read(self._path)
        self.source: Source = ""
        if is_plausible(clock.wall()):
            self.source = self._look()
            if not self.source and before and before.trusted_boot and before.trusted_boot == self._boot:
                self.source = "this_boot"
        if not self.source:
            self._begin_after(_newest(known, before))
        self._since = clock.now()
        self._offset_s = clock.offset_s()
        self._saved_s = clock.monotonic()
        self.save()

    @property
    def is_trusted(self) -> bool:
        """Tell whether our time can be believed."""
        return bool(self.source)

    def ahead_s(self) -> float:
        """Return how far our time is ahead (+) or behind (-) of the box's date; 0 while that is not trusted."""
        return -self._clock.offset_s() if self.source else 0.0

    def tick(self) -> Step | None:
        """Look at the box's date; return the step that the clock has just taken, None = it took none."""
        offset_s = self._clock.offset_s()
        was_set = abs(offset_s - self._offset_s) > STEP_S
        self._offset_s = offset_s
        before = self.source
        if not is_plausible(self._clock.wall()):
            self.source = ""
        elif self._box.is_synchronised():
            self.source = "synchronised"
        elif was_set:
            # Only root can do that: a person, or a time service before it says so to the kernel.
            self.source = "by_hand"
        if self.source != before:
            _log.info("clock", trusted_by=self.source or "nobody")
        step = self._step(offset_s) if self.source and abs(offset_s) > STEP_S else None
        if step is not None or self._clock.monotonic() - self._saved_s >= SAVE_S:
            self.save()
        return step

    def save(self) -> None:
        """Write down what time it is: no later start begins before it."""
        self._saved_s = self._clock.monotonic()
        content = _Content(self._clock.now(), self._boot if self.source else "")
        try:
            replace_private(self._path, msgspec.json.encode(content) + b"\n")
        except OSError as error:
            # The journal's newest frame is a bound too.
            _log.warning("time not written down", file=str(self._path), reason=error.strerror)

    def _look(self) -> Source:
        if self._box.is_synchronised():
            return "synchronised"
        return "rtc" if self._box.was_set_by_rtc() else ""

    def _begin_after(self, known: datetime | None) -> None:
        behind = timedelta() if known is None else known - self._clock.now()
        if behind > timedelta():
            self._clock.step(behind)
        _log.warning(
            "the date of this box cannot be trusted",
            starts_at=self._clock.now().isoformat(timespec="seconds"),
            cure="connect a time source, or set the clock",
        )

    def _step(self, offset_s: float) -> Step:
        step = Step(timedelta(seconds=offset_s), self._since, self._clock.now())
        self._clock.step(step.delta)
        self._since += step.delta
        self._offset_s = self._clock.offset_s()
        _log.warning("clock stepped", by_s=round(offset_s, 1), to=step.to.isoformat(timespec="seconds"))
        return step


def _newest(known: datetime | None, before: _Content | None) -> datetime | None:
    """Return the latest time that anything here knows of.

    A journal that ends long after the note of a trusted clock was written by one that ran ahead.
    """
    if before is None or known is None:
        return known if before is None else before.at
    if before.trusted_boot and known - before.at > _NOTE_OLD:
        return before.at
    return max(known, before.at)


def _read(path: Path) -> _Content | None:
    """Return what was written; a file that cannot be read is as none, since the journal knows too."""
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_Content)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("last known time unreadable", file=str(path), reason=str(error))
        return None
    return content if content.at.tzinfo is not None and is_plausible(content.at) else None
