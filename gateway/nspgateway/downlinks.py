"""What passes through the gateway's side of the link: what was heard, what is to be said. No behaviour but names."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from msgspec import Struct

from nsplink.frame import Header

Fields = Mapping[str, Any]
State = Literal["waiting", "sent", "answered", "failed", "replaced"]

# Uplinks that are acknowledged one by one, once they are durable.
ACKED = frozenset({"alarm", "clear", "help", "boot", "report", "receipt", "answer", "backfill"})
# Of these, the ones whose acknowledgement may use the reserve of the lawful hour.
TOP_UP = frozenset({"alarm", "clear", "help", "boot"})
# What goes first when several are due. Replies first: later they are worth nothing.
RANKS = {
    "ack": 1,
    "link": 2,
    "help_stage": 3,
    "status112": 3,
    "command": 4,
    "release": 5,
    "hello": 6,
    "fragment": 7,
}


class Counters(Protocol):
    """Where downlink counters come from: each is given out once, for ever."""

    def next(self, address: int) -> int:
        """Return the next counter of this address; durable enough never to return."""
        ...


class Uplink(Struct, frozen=True):
    """One authentic new frame that is durable, whose last byte came at ``at_ms``.

    ``newest`` and ``seen``: the replay window with it in.
    """

    kit: int
    generation: int
    kind: str
    counter: int
    wide: bool
    fields: Fields
    newest: int
    seen: int
    at_ms: int
    snr_db: float | None = None


@dataclass(slots=True, eq=False)
class Ticket:
    """Something that was asked to be sent; ``state`` tells what became of it.

    waiting: no answer yet. sent: on the air, to a group, which does not answer. answered: ``result``
    and ``value`` as the kit gave them. failed: given up after the last try. replaced: a newer one of
    the same matter was asked for.
    """

    number: int
    address: int
    kind: str
    fields: Fields
    made_ms: int
    state: State = "waiting"
    tries: int = 0
    result: str | None = None
    value: bytes = b""


@dataclass(slots=True, eq=False)
class Job:
    """A downlink that waits for its turn; for one with a ticket, until it is answered.

    ``until_ms``: too late to begin after this; None = never too late. ``about``: which uplink an ack
    is for, the same for each try of one event.
    """

    address: int
    kind: str
    fields: Fields
    rank: int
    top: bool
    due_ms: int
    until_ms: int | None = None
    about: tuple[object, ...] = ()
    wide: bool = False
    is_question: bool = False
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """One frame to seal and to put on the air now. ``header.counter`` has all 32 bits.

    ``generation``: of the key, the kit's or, at a group's address, the group's.
    """

    header: Header
    payload: bytes
    generation: int
    boot_epoch: int
    air_us: int
    top: bool

    @property
    def address(self) -> int:
        """The kit or group that it goes to."""
        return int(self.header.address)

    @property
    def kind(self) -> str:
        """What it is, one of ``nsplink.frame.KINDS_DOWN``."""
        return str(self.header.kind)


@dataclass(slots=True)
class Contact:
    """What the link knows of one kit.

    ``epoch``: first counter of its present boot, None = not known, so that nothing can be sealed for
    it. ``told``: newest counter named in a link frame, and when. ``owes_boot``: its boot report, while
    it is not answered. ``acked``: what was acknowledged lately, and how often. ``recent``: the last
    frames of this kit that are to be acknowledged.
    """

    kit: int
    generation: int = 0
    epoch: int | None = None
    newest: int | None = None
    seen: int = 0
    told: int | None = None
    told_ms: int = 0
    heard_ms: int | None = None
    snr_db: float | None = None
    owes_boot: Uplink | None = None
    wide_left: int = 0
    acked: dict[tuple[object, ...], int] = field(default_factory=dict)
    recent: deque[Uplink] = field(default_factory=lambda: deque(maxlen=4))
