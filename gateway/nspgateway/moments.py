"""Moments and ages as messages have them: UTC, in whole seconds. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nspgateway.view import is_ahead


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC, in whole seconds: a kit's age is no finer. Naive ones: ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Of a dozen of these for each frame: ``replace`` takes twice as long.
    beyond = moment.microsecond
    return moment - timedelta(0, 0, beyond) if beyond else moment


def utc_or_none(moment: datetime | None) -> datetime | None:
    """Return the moment as ``utc`` does; None stays None."""
    return None if moment is None else utc(moment)


def age(since: datetime | None, now: datetime) -> int | None:
    """Return the seconds from ``since`` to ``now``.

    None = it never happened, or lies in the future, since the clock was set back: nobody knows how old it is.
    """
    return None if since is None or is_ahead(since, now) else seconds(now - since)


def seconds(span: timedelta) -> int:
    """Return whole seconds, never below 0: a clock that was set back makes nothing younger than now."""
    return max(0, int(span.total_seconds()))
