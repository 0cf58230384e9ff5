"""How far a radio reaches: thermal noise, SNR limits, and the path loss between two places."""

from __future__ import annotations

import math
from dataclasses import dataclass

# SNR below which a spreading factor cannot be demodulated, dB (SX126x data sheet; SF5 to SF12).
SNR_LIMIT_DB = {5: -2.5, 6: -5.0, 7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
# Thermal noise at 1 Hz plus a receiver's noise figure of 6 dB.
_NOISE_DBM_HZ = -174.0 + 6.0
_NEAREST_M = 1.0


@dataclass(frozen=True)
class LogDistance:
    """Path loss that grows by 10 x `exponent` dB a decade; `sigma_db`: spread of the shadowing of a pair.

    `gain_db`: both antennas together, taken off the loss.
    """

    loss_db: float
    at_m: float
    exponent: float
    sigma_db: float
    gain_db: float = 0.0

    def mean_db(self, distance_m: float) -> float:
        """Loss over this distance, without shadowing."""
        ratio = max(distance_m, _NEAREST_M) / self.at_m
        return self.loss_db + 10.0 * self.exponent * math.log10(ratio) - self.gain_db


# Measured in Oulu, car to a mast; the parameters that FLoRa ships. For kits a few hundred metres to kilometres away.
TOWN = LogDistance(128.95, 1000.0, 2.32, 7.8, gain_db=2.0)
# Measured in a built-up area, the parameters of LoRaSim: indoors at both ends, some hundred metres.
BUILT_UP = LogDistance(127.41, 40.0, 2.08, 3.57)


def noise_dbm(bandwidth_hz: int) -> float:
    """Noise floor of a receiver of this bandwidth, dBm: -117 at 125 kHz."""
    return _NOISE_DBM_HZ + 10.0 * math.log10(bandwidth_hz)


def milliwatt(level_dbm: float) -> float:
    """A level as a power, so that powers add."""
    return float(10.0 ** (level_dbm / 10.0))
