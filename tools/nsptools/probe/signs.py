"""What bytes on the wire are a sign of. Pure.

An answer that cannot be read, bytes while nobody talks, and silence have different causes, and
a technician mends them with different tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nspkit import modbus

SHORTEST_FRAME = 5
IDLE_NOISE_BYTES = 3  # a single byte may come from switching the adapter on


class Frame(NamedTuple):
    """A whole frame with a right CRC somewhere in what was heard."""

    unit: int
    function: int
    is_request: bool


@dataclass
class Tally:
    """What was heard on a bus, over all questions that were put to it."""

    asked: int = 0
    answered: int = 0
    echoes: int = 0
    garbled: dict[str, set[int]] = field(default_factory=dict)  # line -> units that were asked then
    silent: int = 0
    idle_bytes: int = 0
    masters: int = 0  # requests of somebody else
    lines: list[str] = field(default_factory=list)  # line settings that were tried


def frames(data: bytes) -> Iterator[Frame]:
    """Every whole Modbus frame of the read functions in these bytes, whoever sent it to whom."""
    at = 0
    while at + SHORTEST_FRAME <= len(data):
        found = _frame_at(data, at)
        if found is None:
            at += 1
            continue
        frame, length = found
        yield frame
        at += length


def _frame_at(data: bytes, at: int) -> tuple[Frame, int] | None:
    unit, function = data[at], data[at + 1]
    if function & 0x7F not in modbus.READ_FUNCTIONS:
        return None
    lengths = ((SHORTEST_FRAME, False),) if function & 0x80 else ((data[at + 2] + 5, False), (8, True))
    for length, is_request in lengths:
        end = at + length - 2
        if at + length <= len(data) and modbus.crc16(data, at, end) == data[end] | data[end + 1] << 8:
            return Frame(unit, function & 0x7F, is_request), length
    return None


def without_echo(request: bytes, heard: bytes) -> tuple[bool, bytes]:
    """Whether an adapter gave our own request back first, and what was heard apart from that."""
    start = heard.find(request) if request else -1
    if start < 0:
        return False, heard
    return True, heard[:start] + heard[start + len(request) :]


def note(tally: Tally, line: str, request: bytes, heard: bytes, *, answered: bool) -> list[int]:
    """Count what one question brought; gives the units that spoke in whole frames (a late answer is one)."""
    tally.asked += 1
    echo, rest = without_echo(request, heard)
    tally.echoes += echo
    whole = list(frames(rest))
    if answered:
        tally.answered += 1
    elif whole:
        tally.masters += sum(frame.is_request for frame in whole)
    elif rest:
        tally.garbled.setdefault(line, set()).add(request[0])
    else:
        tally.silent += 1
    return [frame.unit for frame in whole if not frame.is_request]


def idle(tally: Tally, heard: bytes) -> None:
    """Count what came while nobody was asked anything."""
    tally.idle_bytes += len(heard)
    tally.masters += sum(frame.is_request for frame in frames(heard))


def verdict(tally: Tally, *, found: int, missing: Sequence[str] = ()) -> list[str]:
    """What the wire itself says, in plain words; most telling first. Empty: nothing wrong was heard.

    ``found``: devices that answered; ``missing``: names of those that should have.
    """
    said = list(_disturbances(tally))
    if found:
        if missing:
            others = "the other device answers" if found == 1 else "the other devices answer"
            said.append(
                f"No answer from {', '.join(missing)}, while {others}: cable and adapter are in order. "
                "Is it switched on, is its RS485 plug in, are its address and speed as above?"
            )
        return said
    if tally.garbled and tally.idle_bytes < IDLE_NOISE_BYTES:
        said += _unreadable(tally)
    elif not said and not tally.garbled:
        said.append(
            f"Silence: nothing came back at {_listed(tally.lines)}. In this order: is the device on; are the wires in the "
            "right screws at both ends; swap A and B (swapped, many devices stay silent; it harms nothing) and "
            "run again; is Modbus enabled in the device, and at which address and speed; is there a third wire (GND)?"
        )
    return said


def _disturbances(tally: Tally) -> Iterator[str]:
    if tally.masters:
        yield (
            "Another master is asking on this bus: a kit or other reader is still connected. "
            "Unplug it and run the probe again; two masters spoil each other's answers."
        )
    elif tally.idle_bytes >= IDLE_NOISE_BYTES:
        yield (
            f"Noise: {tally.idle_bytes} bytes came in while nobody was asked anything. The line floats: bias resistors or "
            "termination are missing (one bias pair, 120 ohm at the two ends only), the third wire (GND) is "
            "not connected, or a kit is still connected and asks at another speed. A and B swapped looks the same."
        )
    if tally.echoes:
        yield "The adapter hears its own questions (echo). That is harmless here."


def _unreadable(tally: Tally) -> Iterator[str]:
    units = sorted(set().union(*tally.garbled.values()))
    where = f"after questions to {'address' if len(units) == 1 else 'addresses'} {_listed(units)}"
    if set(tally.garbled) >= set(tally.lines):
        yield (
            f"Swapped wires: answers come in time, but unreadable, {where}, at every setting that was tried. "
            "Most likely A and B are swapped: swap them at the adapter and run again."
        )
    else:
        yield (
            f"Wrong speed or parity: answers come in time, but unreadable, {where}, at {_listed(sorted(tally.garbled))}. "
            "Look up the speed in the device's menu and give it with --baud and --parity; if that is right, swap A and B."
        )


def _listed(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items)
