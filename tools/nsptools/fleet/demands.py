"""What the link must do, as a table: each demand, its limit, and what a verdict says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nsptools.fleet.verdict import Verdict, percentile

Figure = Callable[[Verdict], float | None]


@dataclass(frozen=True)
class Demand:
    """``figure`` of a verdict must not exceed ``limit``; None = the story had nothing of it."""

    text: str
    unit: str
    limit: float
    figure: Figure

    def met(self, verdict: Verdict) -> bool | None:
        """Tell whether a verdict meets it; None when it has nothing to measure."""
        value = self.figure(verdict)
        return None if value is None else value <= self.limit


def _storm(rank: int, percent: int) -> Figure:
    return lambda v: percentile([storm[rank] for storm in v.storms], percent)


DEMANDS: Sequence[Demand] = (
    Demand("alarms and calls for help missing from the journal", "", 0, lambda v: v.missing),
    Demand("from raised to durable, p99", "s", 10, lambda v: v.alarm_p99),
    Demand("from raised to acknowledged at the kit, p99", "s", 30, lambda v: v.acked_p99),
    Demand("storm: three kits heard, p90", "s", 20, _storm(0, 90)),
    Demand("storm: half of the kits heard, p95", "s", 50, _storm(1, 95)),
    Demand("storm: all kits heard, p95", "s", 180, _storm(2, 95)),
    Demand("heartbeats lost, but for a power cut's last few", "", 0, lambda v: v.heartbeats_lost),
    Demand("points whose state is not of the newest heartbeat", "", 0, lambda v: v.state_behind),
    Demand("kits called silent that were not, a day", "", 1, lambda v: v.false_silent * 24 / v.hours),
    Demand("most time on air of any party in any hour, of what is lawful", "", 1, lambda v: v.duty_share),
)


def failed(verdict: Verdict) -> list[Demand]:
    """Return the demands that a verdict does not meet."""
    return [demand for demand in DEMANDS if demand.met(verdict) is False]
