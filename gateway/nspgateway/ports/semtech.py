"""The datagrams of the Semtech UDP packet forwarder's protocol, version 2, as a server sees them. Pure.

    PUSH_DATA  2, token (2), 0x00, EUI (8), JSON     frames heard; answered at once with PUSH_ACK
    PULL_DATA  2, token (2), 0x02, EUI (8)           keeps the way back open; answered with PULL_ACK
    PULL_RESP  2, token (2), 0x03, JSON              a frame to send
    TX_ACK     2, token (2), 0x05, EUI (8)[, JSON]   that it was taken, or a word for why not

The protocol has no authentication, and its acknowledgements promise nothing. After PROTOCOL.TXT of
Lora-net/packet_forwarder, and of sx1302_hal for "warn" and for "rssis" beside "rssi".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from nspgateway.ports import Reception

PUSH_DATA, PUSH_ACK, PULL_DATA, PULL_RESP, PULL_ACK, TX_ACK = range(6)
_VERSION = 2
_ACKS = {PUSH_DATA: PUSH_ACK, PULL_DATA: PULL_ACK}
_EUI_END = 12
_LONGEST_FRAME = 255
# What a concentrator can report of a frame that it received; anything else is no level.
_RSSI_DBM = (-150.0, 30.0)
_SNR_DB = (-35.0, 35.0)
NO_ERROR = "NONE"


class BadDatagram(Exception):
    """Not a datagram of this protocol; `reason` is one word to count it by."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Datagram:
    """One from a forwarder. `eui`: 16 hexadecimal digits. `body`: the JSON as it came, perhaps empty."""

    kind: int
    token: bytes
    eui: str
    body: bytes

    def ack(self) -> bytes | None:
        """Return what it is answered with at once; None = with nothing."""
        kind = _ACKS.get(self.kind)
        return None if kind is None else bytes((_VERSION,)) + self.token + bytes((kind,))


class _Packet(msgspec.Struct):
    stat: int
    data: str
    modu: str = "LORA"
    rssi: float | None = None
    lsnr: float | None = None


class _Push(msgspec.Struct):
    rxpk: list[_Packet] = []


class _TxAck(msgspec.Struct):
    error: str = NO_ERROR
    warn: str = ""


class _TxAckBody(msgspec.Struct):
    txpk_ack: _TxAck = msgspec.field(default_factory=_TxAck)


_push = msgspec.json.Decoder(_Push)
_tx_ack = msgspec.json.Decoder(_TxAckBody)


def parse(data: bytes) -> Datagram:
    """Return a forwarder's datagram; the JSON in it is not looked at. Raises BadDatagram."""
    if len(data) < _EUI_END:
        raise BadDatagram("cut_off")
    if data[0] != _VERSION:
        raise BadDatagram("version")
    if data[3] not in (PUSH_DATA, PULL_DATA, TX_ACK):
        raise BadDatagram("kind")
    return Datagram(data[3], data[1:3], data[4:_EUI_END].hex(), data[_EUI_END:])


def receptions(body: bytes) -> tuple[list[Reception], int]:
    """Return the LoRa frames of a PUSH_DATA that came whole, and how many came damaged. Raises BadDatagram."""
    try:
        packets = _push.decode(body).rxpk
    except (msgspec.DecodeError, RecursionError):
        raise BadDatagram("bad_json") from None
    heard: list[Reception] = []
    damaged = 0
    for packet in packets:
        if packet.modu != "LORA":
            continue
        if packet.stat != 1:
            # 0 is a frame without a CRC: none of ours.
            damaged += packet.stat == -1
            continue
        rssi = _plausible(packet.rssi, _RSSI_DBM)
        snr = _plausible(packet.lsnr, _SNR_DB)
        heard.append(Reception(_payload(packet.data), None if rssi is None else round(rssi), snr))
    return heard, damaged


def tx_error(body: bytes) -> str:
    """Return a TX_ACK's word for why a frame is not sent; "" = it is. Raises BadDatagram."""
    if not body.strip(b"\0"):
        return ""
    try:
        word = _tx_ack.decode(body).txpk_ack.error
    except (msgspec.DecodeError, RecursionError):
        raise BadDatagram("bad_json") from None
    return "" if word == NO_ERROR else word[:40]


def pull_resp(token: bytes, data: bytes, phy: Mapping[str, int | float | str]) -> bytes:
    """Return the order to send one frame now, with CRC and without inversion: as kits and modems expect it."""
    body = {
        "imme": True,
        "freq": int(phy["frequency_hz"]) / 1e6,
        "rfch": 0,
        "powe": int(phy["power_dbm"]),
        "modu": "LORA",
        "datr": f"SF{phy['sf']}BW{phy['bandwidth_khz']}",
        "codr": f"4/{phy['coding_rate']}",
        "ipol": False,
        "ncrc": False,
        "prea": int(phy["preamble"]),
        "size": len(data),
        "data": base64.b64encode(data).decode(),
    }
    return bytes((_VERSION,)) + token + bytes((PULL_RESP,)) + msgspec.json.encode({"txpk": body})


def _payload(text: str) -> bytes:
    """Return the bytes of a frame; its padding may be left out."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadDatagram("bad_data") from None
    if len(data) > _LONGEST_FRAME:
        raise BadDatagram("bad_data")
    return data


def _plausible(level: float | None, limits: tuple[float, float]) -> float | None:
    return level if level is not None and limits[0] <= level <= limits[1] else None
