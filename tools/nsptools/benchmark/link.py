"""What a kit's heartbeats cost on air, beside what others would send of the same kit, in the same run.

vital_bytes, full_bytes, status_bytes
                      frames as sealed by nsplink with a 16-bit counter, header and tag included
airtime_per_hour_vs   time on air of 11 vital, 1 full and 1 status by that of the peer, at SF9:
    same_split        the peer splits its content as we do
    full_record       the peer sends the full record where we send a vital
by_sf                 the same at SF7 to SF12, with our own milliseconds and the peers'
peer_bytes            bytes on air of the peer's packets at SF9
meshtastic_longfast_ms
                      a kit-hour of its telemetry, split as ours, on its own default (SF11, 250 kHz, preamble 16)

All at 125 kHz, CR 4/5, preamble 8, explicit header, CRC: so also Meshtastic, which by itself takes a preamble
of 16 and repeats each packet at every hop. Both leave the ratio to our disadvantage. Peers whose library is not
installed are absent; link_peers.py says what each of them sends.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from nsplink import airtime, frame, message, seal
from nsptools.benchmark.frame import Figures, Options
from nsptools.benchmark.link_peers import PEERS, Packets, installed

HOUR = {"vital": 11, "full": 1, "status": 1}
SFS = range(7, 13)
HEADLINE_SF = 9
_INSTALL = "pip install 'nspkit[peers]'"

# A kit on its generator. Sizes do not depend on it, but for the peers' varints.
CONTENT: dict[str, Any] = {
    "fuel_permille": 475,
    "generator_state": "running",
    "generator_mode": "auto",
    "power_source": "generator",
    "battery_permille": 870,
    "load_w": 8000,
    "alarms": 9,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "stale",
    "kit_cell_permille": 980,
    "generator_w": 8000,
    "generator_v": 231,
    "generator_dhz": 501,
    "engine_dh": 12345,
    "starter_dv": 142,
    "battery_cv": 5330,
    "battery_da": -55,
    "battery_c": 21,
    "engine_starts": 321,
    "uptime_min": 20000,
    "reset_cause": "power",
    "boots": 0,
    "budget_permille": 920,
    "queue_depth": 0,
    "bus_errors": 3,
    "config_hash": 0xBEEF,
    "downlink_snr_db": -8,
    "supply_dv": 122,
    "on_own_cell": "no",
    "enclosure_c": 21,
}


def measure(options: Options) -> Figures:
    """Figures of the link; at once."""
    own = {kind: own_bytes(kind) for kind in HOUR}
    peers = {}
    for name, module, packets in PEERS:
        if installed(module):
            peers[name] = packets
        else:
            options.say(f"  without {name}: the package for it is not installed ({_INSTALL})")
    by_sf = {str(sf): _at(sf, own, peers) for sf in SFS}
    figures: dict[str, object] = {f"{kind}_bytes": length for kind, length in own.items()}
    figures["airtime_per_hour_vs"] = by_sf[str(HEADLINE_SF)]["airtime_per_hour_vs"]
    figures["by_sf"] = by_sf
    figures["peer_bytes"] = {
        name: {kind: sum(packets(kind, CONTENT, HEADLINE_SF)) for kind in HOUR}
        for name, packets in peers.items()
    }
    if "meshtastic" in peers:
        sent = {kind: peers["meshtastic"](kind, CONTENT, 11) for kind in HOUR}
        longfast = sum(
            HOUR[kind] * airtime.time_on_air_us(11, 250_000, 5, length, 16)
            for kind, lengths in sent.items()
            for length in lengths
        )
        figures["meshtastic_longfast_ms"] = round(longfast / 1000)
    return figures


def own_bytes(kind: str) -> int:
    """Bytes on air of a message of ours, counted on a frame that was sealed."""
    header = frame.Header(frame.UP, kind, frame.address(1, 1), 0, False, False, 1)
    return len(seal.UplinkKey(secrets.token_bytes(16)).seal(header, message.encode(kind, CONTENT)))


def _at(sf: int, own: Mapping[str, int], peers: Mapping[str, Packets]) -> dict[str, object]:
    """Figures at one spreading factor."""
    ours_us = sum(count * _air_us(sf, [own[kind]]) for kind, count in HOUR.items())
    theirs_us = {name: _peer_us(sf, packets) for name, packets in peers.items()}
    return {
        "airtime_per_hour_ms": round(ours_us / 1000),
        "airtime_per_hour_vs": {
            name: {way: round(ours_us / us, 3) for way, us in ways.items()}
            for name, ways in theirs_us.items()
        },
        "peer_airtime_per_hour_ms": {
            name: {way: round(us / 1000) for way, us in ways.items()} for name, ways in theirs_us.items()
        },
    }


def _peer_us(sf: int, packets: Packets) -> dict[str, int]:
    """Time on air of a peer in an hour, for both ways of splitting."""
    us = {kind: _air_us(sf, packets(kind, CONTENT, sf)) for kind in HOUR}
    return {
        "same_split": sum(count * us[kind] for kind, count in HOUR.items()),
        # Its status still goes out once, as a frame of its own: that is the cheaper way for the peer.
        "full_record": (HOUR["vital"] + HOUR["full"]) * us["full"] + HOUR["status"] * us["status"],
    }


def _air_us(sf: int, lengths: list[int]) -> int:
    return sum(airtime.time_on_air_us(sf, 125_000, 5, length) for length in lengths)
