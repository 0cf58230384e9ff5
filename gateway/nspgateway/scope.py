"""What a visitor of one municipality sees: its own points, over all else nothing. Pure."""

from __future__ import annotations

from dataclasses import replace

from nspgateway.view import Overview


def of_municipality(overview: Overview, municipality: str) -> Overview:
    """Return the overview with the points of a municipality and what concerns them; "" = all."""
    if not municipality:
        return overview
    points = tuple(point for point in overview.points if point.municipality == municipality)
    ours = {point.slug for point in points}
    return replace(
        overview,
        points=points,
        alarms=tuple(alarm for alarm in overview.alarms if alarm.point in ours),
        shelved=tuple(alarm for alarm in overview.shelved if alarm.point in ours),
        calls=tuple(call for call in overview.calls if call.point in ours),
        sounding=tuple(sound for sound in overview.sounding if sound.point in ours),
    )
