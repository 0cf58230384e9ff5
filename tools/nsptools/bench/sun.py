"""Solar panels of one site: power by the time of day and seeded clouds. Pure functions of plant time."""

from __future__ import annotations

import math

from nsptools.bench.spec import PlantSpec
from nsptools.bench.wobble import Wobble

_DAY_H = 24.0
_PANEL_V = 92.0  # of a string at its best point; it hardly moves with the light
_SAG_V = 6.0  # lower in full light, when panels are warm


class Sun:
    """What the panels of `spec` could give. The seed chooses the passing of the clouds."""

    def __init__(self, spec: PlantSpec, seed: int) -> None:
        self._spec = spec
        self._wobble = Wobble(seed, "clouds", 240.0, 5400.0)

    def hour(self, elapsed_s: float) -> float:
        """Local hour of the day, 0 to 24, at a plant time in seconds."""
        return (self._spec.start_h + elapsed_s / 3600.0) % _DAY_H

    def height(self, elapsed_s: float) -> float:
        """Share of the peak that a clear sky gives now, 0 to 1: half a sine from sunrise to sunset."""
        spec = self._spec
        share = (self.hour(elapsed_s) - spec.sunrise_h) / (spec.sunset_h - spec.sunrise_h)
        return math.sin(math.pi * share) if 0.0 < share < 1.0 else 0.0

    def power_w(self, elapsed_s: float, clouds: float) -> float:
        """Power on offer, W. `clouds`: 0 is a clear sky, 1 takes everything at their thickest."""
        if not self._spec.panels_w:
            return 0.0
        shade = clouds * (0.5 + 0.5 * self._wobble.at(elapsed_s))
        return self._spec.panels_w * self.height(elapsed_s) * (1.0 - shade)

    def panel_v(self, elapsed_s: float) -> float:
        """Voltage of the string, V; 0 in the dark or without panels."""
        height = self.height(elapsed_s)
        return _PANEL_V - _SAG_V * height if height and self._spec.panels_w else 0.0
