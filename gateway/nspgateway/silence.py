"""Who has gone quiet: which kits to ask, and when their silence is a fact. Pure.

A heartbeat in five is lost on the air, so that two missed ones say little: with 40
kits and the loss of both directions, three missed alone would cry wolf five times an
hour. So a kit that missed two is asked eight times within three minutes, at random
moments; it is silent when it has missed a third and answered none. One that cannot be
asked (its boot is not known, or the lawful hour is used up) is silent after five.

Three minutes and 15 minutes are those of a heartbeat every 5 minutes; both follow the
interval. While more than a quarter of the kits are in doubt the cause is likelier here
than there, and each is asked twice only: the air belongs to those that do get through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

ASK_MISSED = 2
SILENT_MISSED = 3
SILENT_UNASKED = 5
ASKS = 8
ASKS_WHEN_MANY = 2
MANY_SHARE = 0.25
SPAN_MS = 180_000
SPAN_SHARE = 0.6  # of an interval: what three minutes are of five
# Kits that speak so often (a bench, a demo) are not asked: five missed tell as much, and leave them the air.
ASK_INTERVAL_MS = 30_000
LEAST_GAP_MS = 1500  # a question, its answer, and a moment
# A heartbeat may wait for its turn on the air: it is missed a little after it was due.
GRACE_SHARE = 10
# Damaged frames within a quarter of an hour that show that the receiver works and the air does not.
GARBLED_MANY = 30
# So many within three minutes in which nobody at all gets through tell the same long before kits are silent.
BURST_MANY = 10
BURST_MS = 180_000

Trouble = Literal["", "gateway_deaf", "radio_jammed"]


class Chance(Protocol):
    """What this needs of ``random.Random``."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between the two."""
        ...


@dataclass(slots=True)
class _Kit:
    interval_ms: int
    heard_ms: int  # or since when we listen
    was_heard: bool = False
    asked: int = 0
    ask_ms: int = 0  # not before this moment
    asked_ms: int = 0

    def missed(self, now_ms: int) -> int:
        """Heartbeats that are overdue."""
        late = now_ms - self.heard_ms - self.interval_ms // GRACE_SHARE
        return max(0, late // self.interval_ms)

    def due_ms(self, missed: int) -> int:
        """When so many heartbeats are overdue."""
        return self.heard_ms + missed * self.interval_ms + self.interval_ms // GRACE_SHARE

    def gap_ms(self) -> int:
        return max(LEAST_GAP_MS, min(SPAN_MS, int(SPAN_SHARE * self.interval_ms)) // ASKS)


class Silence:
    """The kits whose silence means something. ``intervals``: of their heartbeats, in ms on the wall."""

    def __init__(self, intervals: Mapping[int, int], chance: Chance, now_ms: int = 0) -> None:
        self._chance = chance
        self._kits = {kit: _Kit(interval, now_ms) for kit, interval in intervals.items()}
        self._calm_ms = now_ms  # before this moment nobody can be in doubt: spares a look at every frame

    def watch(self, intervals: Mapping[int, int], now_ms: int) -> None:
        """Watch these kits from now on, and no others; what is known of those already watched is kept."""
        known = self._kits
        self._kits = {kit: known.get(kit) or _Kit(interval, now_ms) for kit, interval in intervals.items()}
        for kit, interval in intervals.items():
            self._kits[kit].interval_ms = interval
        self._calm_ms = now_ms

    @property
    def watched(self) -> int:
        """How many kits are watched."""
        return len(self._kits)

    def quiet(self, now_ms: int, missed: int = ASK_MISSED) -> int:
        """Return how many of them have missed so many heartbeats, silent or still being asked."""
        if missed >= ASK_MISSED and self._is_calm(now_ms):
            return 0
        return sum(one.missed(now_ms) >= missed for one in self._kits.values())

    def excuse(self, lasted_ms: int, now_ms: int) -> None:
        """Count nothing against a kit that it did while we could not hear it; its questions begin anew."""
        for one in self._kits.values():
            one.heard_ms = min(now_ms, one.heard_ms + lasted_ms)
            one.asked = one.ask_ms = 0
        self._calm_ms = now_ms

    def heard(self, kit: int, now_ms: int) -> None:
        """Note any authentic new frame of a kit: also the answer to a question."""
        one = self._kits.get(kit)
        if one is not None:
            one.heard_ms, one.was_heard = now_ms, True
            one.asked = one.ask_ms = 0

    def to_ask(self, now_ms: int) -> list[int]:
        """Return the kits that should be asked now."""
        if now_ms < self._calm_ms:
            return []
        self._calm_ms = min((one.due_ms(ASK_MISSED) for one in self._kits.values()), default=now_ms)
        most = self._most(now_ms)
        return [
            kit
            for kit, one in self._kits.items()
            if one.interval_ms >= ASK_INTERVAL_MS
            and one.asked < most
            and one.ask_ms <= now_ms
            and one.missed(now_ms) >= ASK_MISSED
        ]

    def asked(self, kit: int, now_ms: int) -> None:
        """Note that a question went out."""
        one = self._kits.get(kit)
        if one is None:  # no longer watched since the question was put
            return
        one.asked += 1
        one.asked_ms = now_ms
        self.put_off(kit, now_ms)

    def put_off(self, kit: int, now_ms: int) -> None:
        """Try again after a while: a question could not be put now."""
        one = self._kits[kit]
        one.ask_ms = now_ms + int(one.gap_ms() * self._chance.uniform(0.5, 1.5))

    def next_ms(self, now_ms: int) -> int | None:
        """Return when ``to_ask`` may next name somebody; None = never, as things stand."""
        if now_ms < self._calm_ms:
            return self._calm_ms
        most = self._most(now_ms)
        moments = [
            max(one.due_ms(ASK_MISSED), one.ask_ms)
            for one in self._kits.values()
            if one.asked < most and one.interval_ms >= ASK_INTERVAL_MS
        ]
        return min(moments, default=None)

    def is_silent(self, kit: int, now_ms: int) -> bool | None:
        """Return whether a kit is silent; None when nothing was heard of it yet, or nobody watches it."""
        one = self._kits.get(kit)
        if one is None:
            return None
        if self._is_silent(one, now_ms):
            return True
        return False if one.was_heard else None

    def trouble(self, now_ms: int, garbled: int = 0, burst: int = 0) -> Trouble:
        """Return the one cause behind the silence of several kits, as far as it can be told.

        ``garbled``: frames in the last quarter of an hour that the modem received damaged, ``burst``: in
        the last three minutes. It is the only sign of noise that a P2P modem gives: it does not report
        the level between frames.
        """
        if burst >= BURST_MANY and self._is_shut_out(now_ms):
            return "radio_jammed"
        if self._is_calm(now_ms):
            return ""
        kits = self._kits.values()
        doubtful = [one for one in kits if one.missed(now_ms) >= ASK_MISSED]
        silent = [one for one in kits if self._is_silent(one, now_ms)]
        noisy = garbled >= GARBLED_MANY
        if noisy and len(silent) >= ASKS_WHEN_MANY and len(silent) > MANY_SHARE * len(kits):
            return "radio_jammed"
        if len(kits) < ASKS_WHEN_MANY or len(doubtful) < len(kits):
            return ""
        # Nobody at all. Of a few kits chance may hide all for a while: then their questions must be through.
        unasked = [
            one for one in kits if not self._is_silent(one, now_ms) and not self._is_asked(one, now_ms)
        ]
        return "" if unasked else "gateway_deaf"

    def _is_shut_out(self, now_ms: int) -> bool:
        """True when nobody was heard for three minutes, and more than one should have been."""
        nobody = all(now_ms - one.heard_ms >= BURST_MS for one in self._kits.values())
        return nobody and self.quiet(now_ms, missed=1) >= ASKS_WHEN_MANY

    def _is_calm(self, now_ms: int) -> bool:
        """True when nobody can be in doubt: one look at all kits tells for how long."""
        if now_ms >= self._calm_ms:
            self._calm_ms = min((one.due_ms(ASK_MISSED) for one in self._kits.values()), default=now_ms)
        return now_ms < self._calm_ms

    def _is_asked(self, one: _Kit, now_ms: int) -> bool:
        """True when it has let every question go by."""
        return one.asked >= self._most(now_ms) and now_ms - one.asked_ms >= one.gap_ms()

    def _is_silent(self, one: _Kit, now_ms: int) -> bool:
        missed = one.missed(now_ms)
        return missed >= SILENT_UNASKED or (missed >= SILENT_MISSED and self._is_asked(one, now_ms))

    def _most(self, now_ms: int) -> int:
        """Return how often each kit is asked."""
        doubtful = sum(one.missed(now_ms) >= ASK_MISSED for one in self._kits.values())
        # One of three is more than a quarter, and still nothing but one kit.
        many = doubtful >= 3 and doubtful > MANY_SHARE * len(self._kits)
        return ASKS_WHEN_MANY if many else ASKS
