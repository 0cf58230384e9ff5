"""How wrong the hours were: errors and coverage at so many hours before the site was dry. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import fmean

from nspgateway.view import Forecast
from nsptools.backtest.night import Night

HORIZONS_H = (12, 8, 6, 4, 3, 2, 1)
# The heartbeat that speaks for a horizon comes at most so much later.
NEAR = timedelta(minutes=20)


def table(nights: Iterable[Night]) -> dict[str, dict[str, dict[str, float]]]:
    """Return figures by kind of site, and by hours before dry.

    ``n``: runs; ``known``: share of them with a forecast; ``bias_h``, ``mean_error_h``, ``p90_error_h``:
    likely hours less true hours, and its size; ``coverage``: how often the truth lay within the range.
    """
    found: dict[str, dict[int, list[tuple[Forecast | None, float]]]] = {}
    for night in nights:
        of_kind = found.setdefault(night.site.kind, {hours: [] for hours in HORIZONS_H})
        for hours in HORIZONS_H:
            pair = at(night, hours)
            if pair is not None:
                of_kind[hours].append(pair)
    return {
        kind: {f"{hours} h": _row(pairs) for hours, pairs in rows.items() if pairs}
        for kind, rows in found.items()
    }


def at(night: Night, hours: float) -> tuple[Forecast | None, float] | None:
    """Return the forecast so many hours before dry, with the true hours; None when the run was shorter.

    Or when it was refuelled since: then it told of another tank.
    """
    moment = night.dry - timedelta(hours=hours)
    if any(filled > moment for filled in night.filled):
        return None
    for facts in night.seen:
        if moment <= facts.now <= moment + NEAR and facts.now - night.seen[0].now > NEAR:
            truth = (night.dry - facts.now) / timedelta(hours=1)
            return (facts.fuel if night.site.spec.rated_w else facts.battery), truth
    return None


def _row(pairs: Sequence[tuple[Forecast | None, float]]) -> dict[str, float]:
    known = [(forecast, truth) for forecast, truth in pairs if forecast is not None]
    row = {"n": float(len(pairs)), "known": round(len(known) / len(pairs), 3)}
    if not known:
        return row
    errors = [forecast.likely_h - truth for forecast, truth in known]
    sizes = sorted(abs(error) for error in errors)
    inside = [forecast.low_h <= truth <= forecast.high_h for forecast, truth in known]
    return row | {
        "bias_h": round(fmean(errors), 2),
        "mean_error_h": round(fmean(sizes), 2),
        "p90_error_h": round(sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))], 2),
        "coverage": round(fmean(inside), 3),
    }
