"""The two MQTT packets that a gateway sends and hears most, PUBLISH with QoS 1 and PUBACK, as bytes. Pure.

paho does all else of the protocol; of these two it makes a dozen objects each, which cost more than the
gateway's whole way from frame to message. Formats: MQTT 5.0 sections 3.3 and 3.4, MQTT 3.1.1 the same sections.
"""

from __future__ import annotations

from functools import lru_cache

PUBLISH = 0x30
_PUBACK = 0x40
_QOS_1 = 0x02
_EXPIRY = 0x02  # property "message expiry interval", four bytes of seconds


def publish(
    topic: str, payload: bytes, number: int, expiry_s: int | None, *, retain: bool, v5: bool
) -> bytes:
    """Return PUBLISH number ``number`` (1 to 65535); ``expiry_s`` is left out in MQTT 3.1.1, which has none."""
    name = _counted(topic)
    properties = b""
    if v5:
        properties = b"\0" if expiry_s is None else bytes((5, _EXPIRY)) + expiry_s.to_bytes(4, "big")
    length = len(name) + 2 + len(properties) + len(payload)
    return b"".join(
        (
            bytes((PUBLISH | _QOS_1 | retain,)),
            _variable(length),
            name,
            number.to_bytes(2, "big"),
            properties,
            payload,
        )
    )


def puback(body: bytes | bytearray) -> tuple[int, int]:
    """Return number and reason code of a PUBACK without its fixed header; a code from 128 on refuses."""
    return int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0


def whole_puback(data: bytes | bytearray) -> tuple[int, int, int] | None:
    """Return number, reason code and length of the PUBACK that ``data`` begins with; None when it is not all there.

    None too for one longer than any that is sent in earnest: that is paho's work.
    """
    if len(data) < 4 or data[0] != _PUBACK or not 2 <= data[1] < 128 or len(data) < 2 + data[1]:
        return None
    return data[2] << 8 | data[3], data[4] if data[1] > 2 else 0, 2 + data[1]


@lru_cache(maxsize=1024)  # every heartbeat of a point has the same two topics
def _counted(text: str) -> bytes:
    """Return a text with the number of its bytes before it."""
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


@lru_cache(maxsize=1024)  # and their lengths differ by a few bytes
def _variable(length: int) -> bytes:
    """Return a "remaining length": seven bits a byte, low ones first, the eighth says that more follow."""
    out = bytearray()
    while True:
        length, low = length >> 7, length & 127
        out.append(low | (128 if length else 0))
        if not length:
            return bytes(out)
