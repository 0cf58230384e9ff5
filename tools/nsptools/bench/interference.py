"""What one signal does to another at a receiver: capture, other spreading factors, other channels.

Two kinds of disturbance. Chirps get through the demodulator in part, each by its own rejection: those of the same
bandwidth on the same carrier, and those that rise equally fast wherever the bands overlap. Everything else in the
receiver's band is noise to it: another bandwidth, a neighbouring channel, inverted I/Q, a jammer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nsptools.bench.propagation import milliwatt

# As `sf` of a signal that is no LoRa: nobody receives it, it only disturbs.
NOISE = 0
# How far a frame must be above another of its own kind to be decoded (LoRaSim's power threshold).
CAPTURE_DB = 6.0
# A receiver needs so many symbols of the preamble; what ends before them does no harm (LoRaSim).
PREAMBLE_SYMBOLS = 5
# Carriers closer than this share of the bandwidth collide: 30, 60, 120 kHz at 125, 250, 500 kHz (LoRaSim).
_SAME_CARRIER = 0.24
# dB by which the wanted frame (row) may lie below one of another SF (column), SF7 to SF12: measured by Croce et
# al., "Impact of LoRa imperfect orthogonality", 2018, as FLoRa uses it; stricter than Goursaud's calculated one.
# Its diagonal (1 dB) is replaced by CAPTURE_DB.
# fmt: off
REJECTION_DB = (
    (CAPTURE_DB,  -8.0,  -9.0,  -9.0,  -9.0,  -9.0),
    (-11.0, CAPTURE_DB, -11.0, -12.0, -13.0, -13.0),
    (-15.0, -13.0, CAPTURE_DB, -13.0, -14.0, -15.0),
    (-19.0, -18.0, -17.0, CAPTURE_DB, -17.0, -18.0),
    (-22.0, -22.0, -21.0, -20.0, CAPTURE_DB, -20.0),
    (-25.0, -25.0, -25.0, -24.0, -23.0, CAPTURE_DB),
)
# fmt: on
_FIRST_SF = 7


@dataclass(frozen=True)
class Tuning:
    """What sender and receiver must share: Hz, spreading factor 5-12, Hz, 16-bit sync word, I/Q, header."""

    frequency_hz: int
    sf: int
    bandwidth_hz: int
    sync_word: int
    iq_inverted: bool = False
    explicit_header: bool = True

    @property
    def symbol_s(self) -> float:
        """Length of a symbol."""
        return float((1 << self.sf) / self.bandwidth_hz)


class Effect(NamedTuple):
    """What a disturber's power counts for at a receiver of the wanted frame.

    `chirp`: the frame is lost when the power times `weight`, summed over all such, exceeds its own.
    Otherwise the power times `weight` adds to the receiver's noise.
    """

    chirp: bool
    weight: float


class Burst(NamedTuple):
    """A disturber as one receiver meets it: power there times its weight, mW."""

    start_s: float
    end_s: float
    chirp: bool
    power_mw: float


@lru_cache(maxsize=4096)
def effect(wanted: Tuning, other: Tuning) -> Effect | None:
    """What `other` does to a frame of tuning `wanted`; None: their bands do not meet."""
    overlap_hz = _overlap_hz(wanted, other)
    if overlap_hz <= 0.0:
        return None
    same_carrier = abs(wanted.frequency_hz - other.frequency_hz) <= _SAME_CARRIER * max(
        wanted.bandwidth_hz, other.bandwidth_hz
    )
    if other.sf != NOISE and _same_slope(wanted, other):
        # Dechirped it is a tone for as long as it stays in the band; a tone of half the length has a quarter of
        # the power. Counted from published figures as whole while the carriers count as one.
        part = 1.0 if same_carrier else overlap_hz / wanted.bandwidth_hz
        return Effect(chirp=True, weight=milliwatt(CAPTURE_DB) * part**2)
    if (
        other.sf != NOISE
        and same_carrier
        and wanted.bandwidth_hz == other.bandwidth_hz
        and wanted.sf != other.sf
    ):
        row, column = wanted.sf - _FIRST_SF, other.sf - _FIRST_SF
        if row >= 0 and column >= 0:  # nobody has published figures for SF5 and SF6
            return Effect(chirp=True, weight=milliwatt(REJECTION_DB[row][column]))
    return Effect(chirp=False, weight=overlap_hz / other.bandwidth_hz)


def same_chirp(one: Tuning, other: Tuning) -> bool:
    """Whether a radio set to one takes the other for chirps of its own: what carrier sense (CAD) looks for."""
    return (
        one.sf == other.sf
        and one.bandwidth_hz == other.bandwidth_hz
        and one.iq_inverted == other.iq_inverted
        and abs(one.frequency_hz - other.frequency_hz) <= _SAME_CARRIER * one.bandwidth_hz
    )


def peaks(bursts: Sequence[Burst], from_s: float, until_s: float) -> tuple[float, float]:
    """Highest sum of chirps, and of noise, at any one moment between the two, mW."""
    # A sum can only grow where a burst begins.
    moments = {from_s} | {burst.start_s for burst in bursts if from_s < burst.start_s < until_s}
    chirps_mw = noise_mw = 0.0
    for moment_s in moments:
        now = [burst for burst in bursts if burst.start_s <= moment_s < burst.end_s]
        chirps_mw = max(chirps_mw, sum(burst.power_mw for burst in now if burst.chirp))
        noise_mw = max(noise_mw, sum(burst.power_mw for burst in now if not burst.chirp))
    return chirps_mw, noise_mw


def _overlap_hz(one: Tuning, other: Tuning) -> float:
    """How much of the spectrum both use."""
    half, other_half = one.bandwidth_hz / 2, other.bandwidth_hz / 2
    low = max(one.frequency_hz - half, other.frequency_hz - other_half)
    high = min(one.frequency_hz + half, other.frequency_hz + other_half)
    return max(0.0, high - low)


def _same_slope(one: Tuning, other: Tuning) -> bool:
    """Whether their chirps rise equally fast, Hz a second.

    Such chirps are not orthogonal even at other bandwidths: SF11 at 250 kHz (Meshtastic LongFast) is as fast as
    SF9 at 125 kHz, and looks like a frame of its kind while it sweeps through the narrower band.
    """
    return one.iq_inverted == other.iq_inverted and (
        other.bandwidth_hz**2 << one.sf == one.bandwidth_hz**2 << other.sf
    )
