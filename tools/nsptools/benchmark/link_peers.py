"""What others would send of the same kit: the packets of each peer, made by its own library. Bytes on air.

Only for comparison, and only here: meshtastic is GPL-3.0 and is no part of the product.

lorawan_packed   unconfirmed uplink without options: 13 bytes around our own bit-packed payload, a 32-bit MIC
lorawan_cayenne  the same around Cayenne LPP, each quantity in the smallest type that holds it (percentages in
                 whole %, the qualities packed into one digital input, the alarms passed off as illuminance),
                 split where the data rate of EU868 caps the payload
meshtastic       its native telemetry, which has no field for fuel, states, hours, load or alarms: as vital and
                 status its DeviceMetrics, as full DeviceMetrics, PowerMetrics and EnvironmentMetrics, each in a
                 packet of its own as its firmware sends them; 16 bytes of header, AES-CTR, no authentication
"""

from __future__ import annotations

import importlib.util
import secrets
import struct
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from nsplink import message

# (message, its values, SF) -> bytes on air of each packet that carries it.
Packets = Callable[[str, Mapping[str, Any], int], list[int]]

# MHDR 1, DevAddr 4, FCtrl 1, FCnt 2, FPort 1, MIC 4 (LoRaWAN 1.0.4, section 4).
_LORAWAN_BYTES = 13
# Application payload of EU868 without options, repeater compatible (RP002-1.0.3, 2.4.6).
_EU868_PAYLOAD = {7: 222, 8: 222, 9: 115, 10: 51, 11: 51, 12: 51}


def lorawan_packed(kind: str, values: Mapping[str, Any], _sf: int) -> list[int]:
    """LoRaWAN around the same bits as ours."""
    return [_LORAWAN_BYTES + len(message.encode(kind, dict(values)))]


def lorawan_cayenne(kind: str, values: Mapping[str, Any], sf: int) -> list[int]:
    """LoRaWAN around Cayenne LPP, in as few frames as the data rate allows."""
    from cayennelpp import LppFrame

    lpp = LppFrame()
    if kind in ("vital", "full"):
        _lpp_vital(lpp, values)
    if kind == "full":
        _lpp_full(lpp, values)
    if kind == "status":
        _lpp_status(lpp, values)
    frames = [0]
    for item in lpp.data:
        size = len(bytes(item))
        if frames[-1] + size > _EU868_PAYLOAD[sf]:
            frames.append(0)
        frames[-1] += size
    return [_LORAWAN_BYTES + payload for payload in frames]


def _lpp_vital(lpp: Any, values: Mapping[str, Any]) -> None:
    lpp.add_percentage(1, values["fuel_permille"] // 10)
    for channel in (2, 3, 4):
        lpp.add_digital_input(channel, 1)  # a word: generator's state, its mode, the source
    lpp.add_percentage(5, values["battery_permille"] // 10)
    lpp.add_power(6, values["load_w"])
    lpp.add_luminosity(7, values["alarms"])
    lpp.add_digital_input(8, 0b01_00_00_00)  # four qualities


def _lpp_full(lpp: Any, values: Mapping[str, Any]) -> None:
    lpp.add_percentage(9, values["kit_cell_permille"] // 10)
    lpp.add_power(10, values["generator_w"])
    lpp.add_voltage(11, values["generator_v"])
    lpp.add_analog_input(12, values["generator_dhz"] / 10)
    lpp.add_generic(13, values["engine_dh"])
    lpp.add_voltage(14, values["starter_dv"] / 10)
    lpp.add_voltage(15, values["battery_cv"] / 100)
    lpp.add_analog_input(16, values["battery_da"] / 10)
    lpp.add_temperature(17, values["battery_c"])


def _lpp_status(lpp: Any, values: Mapping[str, Any]) -> None:
    lpp.add_luminosity(1, values["engine_starts"])
    lpp.add_generic(2, values["uptime_min"])
    lpp.add_digital_input(3, 1)  # a word: why it started last
    lpp.add_digital_input(4, values["boots"])
    lpp.add_percentage(5, values["budget_permille"] // 10)
    lpp.add_digital_input(6, values["queue_depth"])
    lpp.add_digital_input(7, values["bus_errors"])
    lpp.add_luminosity(8, values["config_hash"])
    lpp.add_analog_input(9, values["downlink_snr_db"])
    lpp.add_voltage(10, values["supply_dv"] / 10)
    lpp.add_digital_input(11, 0)  # on its own cell
    lpp.add_temperature(12, values["enclosure_c"])


def meshtastic(kind: str, values: Mapping[str, Any], _sf: int) -> list[int]:
    """Meshtastic's own telemetry, as its firmware fills it in."""
    from meshtastic.protobuf import telemetry_pb2

    device = telemetry_pb2.DeviceMetrics(
        battery_level=values["battery_permille"] // 10,
        voltage=values["supply_dv"] / 10,
        channel_utilization=3.2,
        air_util_tx=0.4,
        uptime_seconds=values["uptime_min"] * 60,
    )
    packets = [_meshtastic_packet(telemetry_pb2.Telemetry(time=_A_TIME, device_metrics=device))]
    if kind == "full":
        power = telemetry_pb2.PowerMetrics(
            ch1_voltage=values["generator_v"],
            ch1_current=values["generator_w"] / values["generator_v"],
            ch2_voltage=values["battery_cv"] / 100,
            ch2_current=values["battery_da"] / 10,
            ch3_voltage=values["starter_dv"] / 10,
        )
        environment = telemetry_pb2.EnvironmentMetrics(temperature=values["battery_c"])
        packets += [
            _meshtastic_packet(telemetry_pb2.Telemetry(time=_A_TIME, power_metrics=power)),
            _meshtastic_packet(telemetry_pb2.Telemetry(time=_A_TIME, environment_metrics=environment)),
        ]
    return packets


_A_TIME = 1_800_000_000  # any: its length on the wire is the same until 2106
_BROADCAST, _NODE, _CHANNEL_HASH, _HOPS = 0xFFFFFFFF, 0x4B45_0005, 8, 3


def _meshtastic_packet(telemetry: Any) -> int:
    """Bytes on air of one packet on a channel: header in clear, Data under AES-CTR with its own nonce."""
    from meshtastic.protobuf import mesh_pb2, portnums_pb2

    data = mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.TELEMETRY_APP, payload=telemetry.SerializeToString(), bitfield=1
    )
    packet_id = secrets.randbits(32)
    flags = _HOPS << 5 | _HOPS
    header = struct.pack("<IIIBBBB", _BROADCAST, _NODE, packet_id, flags, _CHANNEL_HASH, 0, _NODE & 0xFF)
    nonce = struct.pack("<QII", packet_id, _NODE, 0)
    sealed = Cipher(AES(secrets.token_bytes(32)), CTR(nonce)).encryptor().update(data.SerializeToString())
    return len(header + sealed)


# Name in the figures, the module that it takes (None: no library of others), how it sends.
PEERS: tuple[tuple[str, str | None, Packets], ...] = (
    ("lorawan_packed", None, lorawan_packed),
    ("lorawan_cayenne", "cayennelpp", lorawan_cayenne),
    ("meshtastic", "meshtastic", meshtastic),
)


def installed(module: str | None) -> bool:
    """Whether a peer can be measured here."""
    return module is None or importlib.util.find_spec(module) is not None
