"""What can go wrong on the wire between kit and devices: bytes lost, added, changed or late.

A fault is a function of one burst (bytes that were written in one go, so usually one frame) and of the
line's seeded random source. It gives the extra delay in seconds and the bytes that arrive.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Fault = Callable[[bytes, random.Random], tuple[float, bytes]]


class Direction(StrEnum):
    """Which way bytes travel."""

    REQUEST = "request"  # kit to devices
    REPLY = "reply"  # devices to kit
    BOTH = "both"  # only for choosing where a fault acts


def silence(_burst: bytes, _random: random.Random) -> tuple[float, bytes]:
    """Nothing arrives: broken wire, swapped A and B."""
    return 0.0, b""


def noise(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """One to four random bytes before the frame, as a line without bias gives when a driver switches on."""
    return 0.0, source.randbytes(source.randint(1, 4)) + burst


def truncate(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """The end is missing: at least one byte, at most all but one."""
    return 0.0, burst[: source.randint(1, max(1, len(burst) - 1))] if len(burst) > 1 else b""


def crc(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """One bit differs, which a CRC always notices."""
    damaged = bytearray(burst)
    damaged[source.randrange(len(damaged))] ^= 1 << source.randrange(8)
    return 0.0, bytes(damaged)


def late(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """Whole and right, but 0.6 to 1.2 s later: the asker has given up by then."""
    return source.uniform(0.6, 1.2), burst


NAMED: Mapping[str, Fault] = MappingProxyType(
    {fault.__name__: fault for fault in (silence, noise, truncate, crc, late)}
)


@dataclass
class Injection:
    """A fault at work: which way, for what share of bursts (0 to 1), how many more times (None: no end)."""

    fault: Fault
    direction: Direction = Direction.REPLY
    share: float = 1.0
    times: int | None = None
    hits: int = field(default=0, init=False)

    def applies(self, direction: Direction, source: random.Random) -> bool:
        """Decide for one burst, and count it."""
        if self.direction not in (direction, Direction.BOTH) or self.times == 0:
            return False
        if self.share < 1.0 and source.random() >= self.share:
            return False
        self.hits += 1
        if self.times is not None:
            self.times -= 1
        return True


def named(name: str) -> Fault:
    """The fault of that name; ValueError listing the names when there is none."""
    if name not in NAMED:
        raise ValueError(f"no line fault {name!r}; there are {', '.join(NAMED)}")
    return NAMED[name]


# Faults that need the request, several pieces, or the device's limits. They act on a list of pieces, each
# (seconds after the first byte of the right reply, bytes), and give another one.
Pieces = list[tuple[float, bytes]]


@dataclass(frozen=True)
class Exchange:
    """One request on the line with the right reply, both with CRC, and what the asker allows (seconds).

    ``late_s``: after the time-out a reply can still come for so long. ``byte_s``: time of one byte.
    """

    request: bytes
    reply: bytes
    timeout_s: float
    late_s: float
    byte_s: float


Harm = Callable[[Pieces, Exchange, random.Random], Pieces]


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_REMAINDERS = tuple(_remainder(byte) for byte in range(256))
# Of no device on the bench: another device's frame must not be that of one which is asked next.
_FOREIGN_UNITS = range(200, 248)


def sealed(body: bytes) -> bytes:
    """A frame with its right Modbus CRC."""
    value = 0xFFFF
    for byte in body:
        value = value >> 8 ^ _REMAINDERS[(value ^ byte) & 0xFF]
    return body + value.to_bytes(2, "little")


def _forged(pieces: Pieces, forge: Callable[[bytes], bytes]) -> Pieces:
    """Replace what is a whole frame by another with a right CRC.

    What is damaged stays: a new CRC over damage would be a device that lies, and no fault of the line.
    """
    return [(at, sealed(forge(data[:-2])) if _is_whole(data) else data) for at, data in pieces]


def _is_whole(data: bytes) -> bool:
    return len(data) > 5 and sealed(data[:-2]) == data


def on_burst(fault: Fault) -> Harm:
    """A fault of single bursts, acting on every piece."""

    def harm(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
        harmed = []
        for at, data in pieces:
            delay_s, left = fault(data, source) if data else (0.0, b"")
            harmed.append((at + delay_s, left))
        return harmed

    return harm


def truncated(length: int) -> Harm:
    """Only the first ``length`` bytes arrive, at most all but one."""
    return lambda pieces, _exchange, _source: [
        (at, data[: min(length, max(0, len(data) - 1))]) for at, data in pieces
    ]


def foreign_unit(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
    """Another device's reply instead, of the same form."""
    unit = source.choice(_FOREIGN_UNITS)
    return _forged(pieces, lambda body: bytes((unit,)) + _other(body[1:], 2))


def foreign_first(pieces: Pieces, exchange: Exchange, source: random.Random) -> Pieces:
    """Another device's reply, then ours."""
    other = sealed(bytes((source.choice(_FOREIGN_UNITS),)) + _other(exchange.reply[1:-2], 2))
    shift = len(other) * exchange.byte_s + 0.004
    return [(0.0, other)] + [(at + shift, data) for at, data in pieces]


def wrong_function(pieces: Pieces, _exchange: Exchange, _source: random.Random) -> Pieces:
    """A reply of the right unit and length to another read function."""
    return _forged(pieces, lambda body: bytes((body[0], body[1] % 4 + 1)) + _other(body[2:], 1))


def exception_reply(pieces: Pieces, exchange: Exchange, source: random.Random) -> Pieces:
    """The device refuses, with one of the codes 1 to 6."""
    frame = sealed(bytes((exchange.reply[0], exchange.request[1] | 0x80, source.randint(1, 6))))
    return [(pieces[0][0] if pieces else 0.0, frame)]


def short_count(pieces: Pieces, _exchange: Exchange, _source: random.Random) -> Pieces:
    """One register too few; count and CRC agree with that."""
    return _forged(pieces, lambda body: body[:2] + bytes((max(0, body[2] - 2),)) + _other(body[3:-2], 0))


def long_count(pieces: Pieces, _exchange: Exchange, _source: random.Random) -> Pieces:
    """Three registers too many; count and CRC agree with that."""
    return _forged(
        pieces, lambda body: body[:2] + bytes((body[2] + 6 & 0xFF,)) + _other(body[3:] + b"\x5a" * 6, 0)
    )


def lying_count(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
    """The count byte is not that of the data; the CRC is right."""
    step = source.choice((-4, -2, 1, 2, 6))
    return _forged(pieces, lambda body: body[:2] + bytes((body[2] + step & 0xFF,)) + _other(body[3:], 0))


def noise_inside(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
    """One to three bytes that nobody sent, within the frame."""

    def broken(data: bytes) -> bytes:
        at = source.randrange(1, len(data)) if len(data) > 1 else 0
        return data[:at] + source.randbytes(source.randint(1, 3)) + data[at:]

    return [(at, broken(data) if data else data) for at, data in pieces]


def noise_after(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
    """One to eight random bytes behind the frame."""
    return [(at, data + source.randbytes(source.randint(1, 8)) if data else data) for at, data in pieces]


def glitch(_pieces: Pieces, _exchange: Exchange, _source: random.Random) -> Pieces:
    """A single FFh, and no reply."""
    return [(0.0, b"\xff")]


def echo(pieces: Pieces, exchange: Exchange, _source: random.Random) -> Pieces:
    """An adapter that hears itself: our request, then the reply."""
    shift = len(exchange.request) * exchange.byte_s + 0.005
    return [(0.0, exchange.request)] + [(at + shift, data) for at, data in pieces]


def split(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
    """The reply comes in two parts, 2 to 30 ms apart."""
    parts: Pieces = []
    for at, data in pieces:
        cut, pause_s = source.randrange(1, max(2, len(data))), source.uniform(0.002, 0.03)
        parts += [(at, data[:cut]), (at + cut * _exchange.byte_s + pause_s, data[cut:])]
    return parts


def slow(pieces: Pieces, exchange: Exchange, source: random.Random) -> Pieces:
    """Later than usual, but in time."""
    room_s = max(0.0, exchange.timeout_s - len(exchange.reply) * exchange.byte_s - 0.01)
    delay_s = room_s * source.uniform(0.2, 0.95)
    return [(at + delay_s, data) for at, data in pieces]


def overdue(pieces: Pieces, exchange: Exchange, source: random.Random) -> Pieces:
    """Whole and right, after the time-out, within the time in which the device may still answer."""
    room_s = max(0.0, exchange.late_s - len(exchange.reply) * exchange.byte_s - 0.01)
    delay_s = exchange.timeout_s + room_s * source.random()
    return [(at + delay_s, data) for at, data in pieces]


def at_the_limit(pieces: Pieces, exchange: Exchange, source: random.Random) -> Pieces:
    """So late that the time-out falls into the reply."""
    length_s = len(exchange.reply) * exchange.byte_s
    delay_s = max(0.0, exchange.timeout_s - length_s * source.uniform(0.0, 1.2))
    return [(at + delay_s, data) for at, data in pieces]


def stuck(pieces: Pieces, exchange: Exchange, source: random.Random) -> Pieces:
    """Someone holds the line: bytes without a pause, before, in and after the reply."""
    value, length_s = source.randrange(256), source.uniform(0.05, 1.5 * exchange.timeout_s)
    return [*pieces, (0.0, bytes((value,)) * max(1, int(length_s / exchange.byte_s)))]


def other_baud(pieces: Pieces, _exchange: Exchange, source: random.Random) -> Pieces:
    """The device speaks at another baud rate: as many bytes, at the right time, of no meaning."""
    return [(at, source.randbytes(len(data))) for at, data in pieces]


def _other(data: bytes, keep: int) -> bytes:
    """Other data of the same length, so that whoever takes them is found out."""
    return data[:keep] + bytes(byte ^ 0x3C for byte in data[keep:])


HARMS: Mapping[str, Harm] = MappingProxyType(
    {
        **{fault.__name__: on_burst(fault) for fault in (silence, noise, crc, truncate)},
        **{
            harm.__name__: harm
            for harm in (
                foreign_unit,
                foreign_first,
                wrong_function,
                exception_reply,
                short_count,
                long_count,
                lying_count,
                noise_inside,
                noise_after,
                glitch,
                echo,
                split,
                slow,
                overdue,
                at_the_limit,
                stuck,
                other_baud,
            )
        },
    }
)
