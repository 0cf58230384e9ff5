"""A packet forwarder as it behaves on the wire, in the place of a LoRaWAN concentrator."""

import asyncio
import base64
import json
import random
from typing import Any


class Forwarder(asyncio.DatagramProtocol):
    """Speaks Semtech's UDP protocol v2 to a server at 127.0.0.1:`port`, from an address of its own.

    `orders`: the txpk objects it was told to send; `error`: the word it answers them with, None = nothing at
    all, "" = the empty TX_ACK of older forwarders.
    """

    def __init__(self, port: int, eui: str) -> None:
        self.eui = bytes.fromhex(eui)
        self.orders: list[dict[str, Any]] = []
        self.acks: list[tuple[int, bytes]] = []
        self.error: str | None = "NONE"
        self._server = ("127.0.0.1", port)
        self._chance = random.Random(eui)
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> "Forwarder":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's signature
        version, token, kind = data[0], data[1:3], data[3]
        assert version == 2
        if kind != 3:
            self.acks.append((kind, token))
            return
        self.orders.append(json.loads(data[4:])["txpk"])
        if self.error is not None:
            body = json.dumps({"txpk_ack": {"error": self.error}}).encode() if self.error else b""
            self.raw(bytes((2,)) + token + b"\x05" + self.eui + body)

    def raw(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(data, self._server)

    def pull(self) -> bytes:
        """Ask for frames; return the token."""
        token = self._chance.randbytes(2)
        self.raw(bytes((2,)) + token + b"\x02" + self.eui)
        return token

    def push(self, *packets: dict[str, Any] | bytes, body: bytes | None = None) -> bytes:
        """Hand over frames as they came off the air, or any `body`; return the token."""
        token = self._chance.randbytes(2)
        whole = [packet(one) if isinstance(one, bytes) else one for one in packets]
        self.raw(bytes((2,)) + token + b"\x00" + self.eui + (body or json.dumps({"rxpk": whole}).encode()))
        return token


def packet(data: bytes, **more: Any) -> dict[str, Any]:
    """Return an rxpk object as lora_pkt_fwd 4.0.1 writes it."""
    known = {
        "tmst": 3512348611,
        "time": "2027-01-15T17:00:00.528002Z",
        "chan": 2,
        "rfch": 0,
        "freq": 869.475,
        "stat": 1,
        "modu": "LORA",
        "datr": "SF9BW125",
        "codr": "4/5",
        "lsnr": 5.1,
        "rssi": -97,
        "size": len(data),
        "data": base64.b64encode(data).decode(),
    }
    return known | more
