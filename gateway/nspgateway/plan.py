"""What the gateway's downlinks cost in an hour, before it starts: a plan that cannot be lawful is refused. Pure.

For each kit: one link frame an hour; one acknowledged frame an hour (of boots, alarms, reports and
their repeats, on average over a bad day), and of the pings to kits that miss heartbeats by chance
one in five hours. A shortage here would show as acks that come late, when they are needed most.
"""

from __future__ import annotations

from pathlib import Path

from nspgateway.config import RadioConfig
from nspgateway.errors import ConfigError
from nsplink import airtime, frame, message, regions

# Half of the sub-band's hour is for what is planned, the rest for what is not.
PLANNED_SHARE = 2
ACKS_PER_KIT = 1
LINKS_PER_KIT = 1
PINGS_PER_5_KITS = 1


def air_per_kit_hour_us(radio: RadioConfig) -> int:
    """Return the expected downlink air of one kit in an hour."""
    acks = ACKS_PER_KIT * _air_us(radio, "ack")
    return acks + LINKS_PER_KIT * _air_us(radio, "link") + PINGS_PER_5_KITS * _air_us(radio, "command") // 5


def check(path: Path, radio: RadioConfig, kits: int) -> None:
    """Raise ConfigError when the downlinks for so many kits take more than half of the lawful hour."""
    try:
        band = regions.sub_band(radio.frequency_hz, radio.bandwidth_khz)
    except ValueError as error:
        raise ConfigError(
            path,
            "radio.frequency_hz",
            str(error),
            f"Choose one of {', '.join(map(str, regions.CHANNELS_HZ))}.",
        ) from error
    planned, lawful = kits * air_per_kit_hour_us(radio), band[4] // PLANNED_SHARE
    if planned > lawful:
        raise ConfigError(
            path,
            "radio.sf",
            f"sf = {radio.sf} plans {planned / 1e6:.0f} s of downlinks an hour for {kits} kits; "
            f"sub-band {band[0]} leaves {lawful / 1e6:.0f} s for them",
            "Lower sf, choose a channel of sub-band P (869.475 MHz), or move kits to another gateway.",
        )


def _air_us(radio: RadioConfig, kind: str) -> int:
    length = frame.frame_length(kind, message.payload_length(kind), True)
    return int(
        airtime.time_on_air_us(
            radio.sf, radio.bandwidth_khz * 1000, radio.coding_rate, length, radio.preamble
        )
    )
