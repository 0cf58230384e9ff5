"""What the plan of a coordinating point takes of the lawful hour: the figures behind the budget table. Pure.

The plan is what goes out in an hour in which nothing happens; alarms, help and commands come
on top, and a third of the hour is theirs alone.
"""

from __future__ import annotations

from typing import NamedTuple

from nsplink import airtime, frame, message

# A kit with intervals of 5 min and 1 h; the full frame stands in for one of twelve vitals.
KIT_HOUR = {"vital": 11, "full": 1, "status": 1}
# What a gateway sends to each kit: what arrived, and one acknowledgement, which is what the
# heartbeats that were lost in an hour take to come after in one backfill frame.
GATEWAY_HOUR = {"link": 1, "ack": 1}
# One part in so many of the hour is kept for the top class: help, alarms and what acknowledges them.
RESERVE = 3


class Air(NamedTuple):
    """The words of the physical layer that decide how long a frame takes."""

    sf: int
    bandwidth_khz: int = 125
    coding_rate: int = 5
    preamble: int = 8

    def frame_us(self, kind: str) -> int:
        """Time on air of a frame of this kind with a 16-bit counter and nothing after its fields."""
        return self.bytes_us(frame.frame_length(kind, message.payload_length(kind), wide=False))

    def bytes_us(self, length: int) -> int:
        """Time on air of so many bytes."""
        return airtime.time_on_air_us(
            self.sf, self.bandwidth_khz * 1000, self.coding_rate, length, self.preamble
        )


def kit_us(air: Air) -> int:
    """Time on air of one kit in an hour of its plan."""
    return sum(count * air.frame_us(kind) for kind, count in KIT_HOUR.items())


def gateway_us(air: Air, kits: int) -> int:
    """Time on air of a gateway with so many kits in an hour of its plan."""
    return kits * sum(count * air.frame_us(kind) for kind, count in GATEWAY_HOUR.items())


def exceeds(needed_us: int, limit_us: int) -> bool:
    """Whether a plan takes more than half of the lawful hour, which is too much: retries have to fit in too."""
    return needed_us * 2 > limit_us


def reserve_frames(air: Air, limit_us: int, kind: str = "alarm") -> int:
    """How many frames of the top class fit into the part of the hour that is kept for them."""
    return limit_us // RESERVE // air.frame_us(kind)
