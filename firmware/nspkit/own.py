"""The kit's own supply, cell and temperature, as *full* and *status* carry them. No I/O of its own; time is an argument.

What a board does not measure is not there; what it measures and cannot be is unknown.
"""

_LOOK_MS = 10_000
_WARM_MS = 60_000
_CONVERT_MS = 1000  # a DS18B20 takes 750 ms
_SAMPLES = 5
# Charge of one Li-ion cell by its voltage under the kit's small load, mV and 0.1 %: typical of NMC and LCO cells at
# room temperature, linear between. While it is charged it shows more than it holds. 980 is the field's most.
CELL = ((3000, 0), (3300, 50), (3500, 130), (3600, 230), (3700, 430), (3800, 620), (3900, 750), (4000, 860), (4120, 980))
_CELL_MV = (2500, 4400)
_MOST_SUPPLY_DV = 400
# Of the 9 to 36 V input: below the first it is the cell that feeds the kit, from the second on no longer.
_GONE_DV, _BACK_DV = 65, 80
_POWER_ON_RAW = 1360  # 85 degC: what the thermometer says before it has measured
_WARMEST_RAW, _COLDEST_RAW = 1376, -640


def charge_permille(millivolts: int) -> int | None:
    """Charge of the kit's cell, 0.1 %; None for what no cell in working order has."""
    if not _CELL_MV[0] <= millivolts <= _CELL_MV[1]:
        return None
    below = CELL[0]
    if millivolts <= below[0]:
        return below[1]
    for above in CELL[1:]:
        if millivolts < above[0]:
            return below[1] + (millivolts - below[0]) * (above[1] - below[1]) // (above[0] - below[0])
        below = above
    return below[1]


class Own:
    """``values``: by the names of ``nsplink.fields``, only of what this board has. ``parts``: parts.Parts."""

    def __init__(self, parts) -> None:
        self._parts = parts
        self.values: dict = {}
        if parts.cell is not None:
            self.values["kit_cell_permille"] = None
        if parts.supply is not None:
            self.values["supply_dv"] = self.values["on_own_cell"] = None
        if parts.thermometer is not None:
            self.values["enclosure_c"] = None
        self._look_ms = 0
        self._warm_ms = 0
        self._converting = False

    def look(self, now: int) -> None:
        """Measure what is due; call it often."""
        parts = self._parts
        if now >= self._look_ms:
            self._look_ms = now + _LOOK_MS
            if parts.cell is not None:
                self.values["kit_cell_permille"] = charge_permille(_median(parts.cell) * parts.permille[0] // 1_000_000)
            if parts.supply is not None:
                self._supplied(_median(parts.supply) // 100 * parts.permille[1] // 1_000_000)
        if parts.thermometer is not None and now >= self._warm_ms:
            if self._converting:
                self.values["enclosure_c"] = degrees(parts.thermometer.read())
                self._warm_ms = now + _WARM_MS
            else:
                parts.thermometer.convert()
                self._warm_ms = now + _CONVERT_MS
            self._converting = not self._converting

    def _supplied(self, decivolts: int) -> None:
        known = decivolts <= _MOST_SUPPLY_DV
        self.values["supply_dv"] = decivolts if known else None
        if not known:
            self.values["on_own_cell"] = None
        elif decivolts < _GONE_DV:
            self.values["on_own_cell"] = "yes"
        elif decivolts >= _BACK_DV or self.values["on_own_cell"] is None:
            self.values["on_own_cell"] = "no"


def degrees(raw: int | None) -> int | None:
    """DegC of a reading in 1/16 degC, None for what the thermometer has not measured."""
    if raw is None or raw == _POWER_ON_RAW or not _COLDEST_RAW <= raw <= _WARMEST_RAW:
        return None
    return (raw + 8) >> 4


def _median(read) -> int:
    samples = [read() for _ in range(_SAMPLES)]
    samples.sort()
    return int(samples[_SAMPLES // 2])
