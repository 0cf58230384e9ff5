"""A concentrator's packet forwarder as radio: real datagrams, to and from a stand-in for the forwarder."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder import Forwarder, packet
from gateway_box import VirtualClock
from nspgateway.clock import Clock
from nspgateway.config_parts import ForwarderConfig
from nspgateway.ports import ForwarderRefused, ForwarderSilent, PortDown, Reception, semtech
from nspgateway.ports.udp_forwarder import Timing, UdpForwarder
from patience import PATIENCE_S
from port_rig import PHY, until

OURS, OTHER = "00800000a0001234", "00800000a0005678"
FRAME = bytes((0xE0, 0, 65, 0x11)) + bytes(range(13))


class Room:
    """A port at work, what it heard, and forwarders that speak to it."""

    def __init__(self, port: UdpForwarder, received: list[Reception]) -> None:
        self.port, self.received = port, received
        self.forwarders: list[Forwarder] = []

    async def forwarder(self, eui: str = OURS, *, pulls: bool = True) -> Forwarder:
        one = await Forwarder(self.port.address[1], eui).start()
        self.forwarders.append(one)
        if pulls:
            one.pull()
            await until(lambda: one.acks)
        return one


@asynccontextmanager
async def room(timing: Timing | None = None, clock: Clock | None = None, **more: Any) -> AsyncIterator[Room]:
    received: list[Reception] = []
    known = {"host": "127.0.0.1", "euis": (OURS, OTHER), "addresses": ("127.0.0.1",)} | more
    # Port 0 is no setting: here it lets the system find a free one.
    settings = ForwarderConfig(port=0, **known)
    port = UdpForwarder(settings, PHY, received.append, clock or Clock(), timing=timing)
    task = asyncio.create_task(port.run())
    found = Room(port, received)
    try:
        await until(lambda: port.address)
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for one in found.forwarders:
            one.close()


async def test_up_once_a_forwarder_of_ours_pulls_and_down_when_it_stops() -> None:
    """Protects the page from a radio that is called fine while nobody brings its frames."""
    async with room(Timing(pull_s=0.15, check_s=0.02)) as here:
        assert (here.port.state, here.port.cause) == ("down", "silent")
        one = await here.forwarder(pulls=False)
        token = one.pull()
        await until(lambda: here.port.state == "up" or not one.pull())
        await until(lambda: (semtech.PULL_ACK, token) in one.acks)
        await until(lambda: here.port.state == "down")
        assert here.port.reason.startswith("no packet forwarder of ours asks for frames at 127.0.0.1")


async def test_frames_come_with_their_levels_and_are_acknowledged() -> None:
    """Protects the way up: what came whole is handed on once, with RSSI and SNR; damaged ones are counted."""
    async with room() as here:
        one = await here.forwarder()
        later = FRAME[:-1] + b"\xff"
        unpadded = packet(later, rssi=-300, lsnr=99.5)
        unpadded["data"] = unpadded["data"].rstrip("=")
        bad, raw, fsk = packet(b"\xe0bad", stat=-1), packet(b"\xe0raw", stat=0), packet(b"\xe0", modu="FSK")
        token = one.push(packet(FRAME), unpadded, bad, raw, fsk | {"datr": 50000})
        await until(lambda: len(here.received) == 2)
        assert here.received == [Reception(FRAME, -97, 5.1), Reception(later, None, None)]
        assert here.port.garbled == 1
        await until(lambda: (semtech.PUSH_ACK, token) in one.acks)


async def test_strangers_and_nonsense_are_dropped_and_counted_by_reason() -> None:
    """Protects an open UDP port: nothing of a stranger is decoded, nothing malformed raises."""
    async with room() as here:
        one = await here.forwarder()
        stranger = await here.forwarder("0011223344556677", pulls=False)
        stranger.push(FRAME)
        stranger.pull()
        one.raw(b"\x02ab")
        one.raw(b"\x01ab\x00" + one.eui + b"{}")
        one.raw(b"\x02ab\x07" + one.eui)
        one.raw(b"\x02ab\x05" + one.eui)
        for body in (
            b"{",
            b"[]",
            b'{"rxpk":3}',
            b'{"rxpk":[{"stat":"x","data":""}]}',
            b'{"rxpk":' + b"[" * 50_000,
        ):
            one.push(body=body)
        one.push(packet(b"") | {"data": "!!!"}, packet(FRAME))
        one.push(packet(bytes(300)))
        expected = {
            "unknown_eui": 2,
            "cut_off": 1,
            "version": 1,
            "kind": 1,
            "unknown_token": 1,
            "bad_json": 5,
        }
        await until(lambda: here.port.refused == expected | {"bad_data": 2})
        assert here.received == []
        assert stranger.acks == []
        one.push(body=b'{"stat":{"rxnb":2}}')
        one.push(FRAME)
        await until(lambda: here.received)
    async with room(addresses=("192.0.2.7",)) as here:
        one = await here.forwarder(pulls=False)
        one.push(FRAME)
        await until(lambda: here.port.refused == {"unknown_address": 1})
        assert here.port.state == "down"


async def test_no_more_than_so_many_frames_a_second() -> None:
    """Protects short tags: behind the UDP port nobody guesses faster than the limit, in whatever portions."""
    async with room(clock=VirtualClock(), most_per_s=5) as here:
        one = await here.forwarder()
        one.push(*(FRAME + bytes((n,)) for n in range(8)))
        one.push(FRAME + b"\x20")
        await until(lambda: here.port.refused == {"too_many": 4})
        assert len(here.received) == 5


async def test_a_downlink_is_as_a_modem_would_send_it_and_takes_its_time() -> None:
    """Protects the answer: right channel and words, not inverted, with CRC, over only when it is off the air."""
    async with room() as here:
        one = await here.forwarder()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await here.port.send(FRAME)
        assert loop.time() - began >= 0.045  # of 17 bytes at SF7: 46.3 ms
        [order] = one.orders
        assert base64.b64decode(order.pop("data")) == FRAME
        assert order == {
            "imme": True,
            "freq": 869.475,
            "rfch": 0,
            "powe": 14,
            "modu": "LORA",
            "datr": "SF7BW125",
            "codr": "4/5",
            "ipol": False,
            "ncrc": False,
            "prea": 8,
            "size": len(FRAME),
        }
        one.error = ""
        await here.port.send(FRAME)


async def test_a_forwarder_that_refuses_or_says_nothing_is_told_apart() -> None:
    """Protects the account of airtime: what was refused was not sent, what nobody speaks of may have been."""
    async with room(Timing(answer_s=PATIENCE_S)) as here:
        with pytest.raises(PortDown, match="asks for frames"):
            await here.port.send(FRAME)
        one = await here.forwarder()
        one.error = "TX_FREQ"
        with pytest.raises(ForwarderRefused, match="TX_FREQ") as caught:
            await here.port.send(FRAME)
        assert (caught.value.word, caught.value.cause) == ("TX_FREQ", "refused")
    async with room(Timing(answer_s=0.05)) as here:
        one = await here.forwarder()
        one.error = None
        with pytest.raises(ForwarderSilent):
            await here.port.send(FRAME)


async def test_of_two_that_hear_a_kit_the_better_one_answers() -> None:
    """Protects against two transmitters on one frame: a copy is no second frame, and the best SNR answers."""
    async with room() as here:
        one, two = await here.forwarder(), await here.forwarder(OTHER)
        one.push(packet(FRAME, lsnr=-3.0))
        await until(lambda: here.received)
        two.push(packet(FRAME, lsnr=4.5))
        await until(lambda: here.port.copies == 1)
        one.pull()
        await here.port.send(FRAME)
        assert (len(one.orders), len(two.orders)) == (0, 1)
        assert len(here.received) == 1


async def test_an_address_that_is_not_ours_is_said() -> None:
    """Protects the technician: a wrong host is named, and the port goes on trying."""
    async with asyncio.timeout(PATIENCE_S):
        known = ForwarderConfig(host="192.0.2.1", euis=(OURS,), addresses=("127.0.0.1",))
        port = UdpForwarder(known, PHY, print, Clock(), timing=Timing(retry_s=0.01))
        task = asyncio.create_task(port.run())
        await until(lambda: port.cause == "missing")
        assert "192.0.2.1, UDP port 1700" in port.reason
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@given(st.binary(max_size=64))
def test_any_datagram_is_parsed_or_refused(data: bytes) -> None:
    """Protects the port's task: no bytes whatsoever raise anything but a refusal."""
    for read in (semtech.parse, semtech.receptions, semtech.tx_error):
        with suppress(semtech.BadDatagram):
            read(data)
