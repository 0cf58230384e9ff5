"""What is kept: immutable records that travel between ingest, state and store. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from msgspec import Struct

from nspgateway.access.changes import AccessChange
from nspgateway.calls import CallNews
from nspgateway.config import PointConfig
from nspgateway.messages import OutboxMessage
from nspgateway.people import Action, Answered
from nspgateway.view import Quality

Value = int | str | None


class Frame(Struct, frozen=True):
    """One authentic frame. ``generation`` is its key's; ``counter`` has all 32 bits.

    ``fields``: names of ``nsplink.fields`` -> value, None = unknown. ``raw``: as received.
    ``late``: it was lost on the air and learnt from a backfill: history, never state; then ``made_at``
    is when the kit made it, as far as can be told.
    """

    kit: int
    generation: int
    counter: int
    point: str
    received_at: datetime
    kind: str
    exercise: bool
    fields: Mapping[str, Value]
    raw: bytes
    rssi_dbm: int | None
    snr_db: float | None
    late: bool = False
    made_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """When the kit made it, as far as we know."""
        return self.made_at or self.received_at

    @property
    def key(self) -> str:
        """The frame's name for ever: what makes a message about it idempotent."""
        return f"{self.kit}-{self.generation}-{self.counter}"


@dataclass(frozen=True, slots=True)
class KitEvent:
    """An alarm, clear, call for help or report: the same however often the kit sends it.

    ``boot`` and ``n`` name it within the kit; ``mark`` is that of a call for help, else empty.
    ``began``: received less the age that the kit gave. ``text``: what a person typed; personal,
    for the journal and the screen only; ``tail``: the same as it came.
    """

    kit: int
    generation: int
    boot: int
    n: int
    kind: str
    mark: str
    began: datetime
    text: str = field(default="", repr=False)
    tail: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class KitBoot:
    """What a kit reported of its newest boot. ``epoch``: the first counter that it used in it."""

    kit: int
    generation: int
    epoch: int
    at: datetime
    fields: Mapping[str, Value]


class Held(Struct, frozen=True, gc=False):
    """One quantity as last heard. ``source``: its quality at the kit.

    ``value`` is None when unknown or when there is no such device; ``good_at``
    is the last good read, None = never.
    """

    value: Value
    source: Quality
    good_at: datetime | None


class Heard(Struct, frozen=True):
    """The newest frame of a point: whose, under which key and counter, when, how loud, and whether in an exercise."""

    kit: int
    generation: int
    counter: int
    at: datetime
    rssi_dbm: int | None
    snr_db: float | None
    exercise: bool = False


class Window(Struct, frozen=True):
    """A kit's replay window under one key: ``seen`` bit i = counter ``newest - i`` was accepted."""

    newest: int
    seen: int


class AlarmChange(Struct, frozen=True):
    """One change of one alarm. ``record``: its state as JSON.

    ``is_kept``: the state must survive a restart; ``is_event``: it belongs in the log, at ``at``
    (None = when it is written).
    """

    point: str
    alarm: str
    action: str
    record: str
    is_kept: bool
    is_event: bool
    at: datetime | None = None


class Changes(Struct, frozen=True):
    """Everything that one transaction writes, or none of it. ``at``: time of the change.

    ``readings``: all quantities of the frame's point as it leaves them; empty = it changed none.
    ``event``, ``boot`` and ``late``: what ``frame`` brought beside its own fields. ``actions``: what
    people did. ``memory``: what the gateway has to remember, by name, as JSON. ``command``: the one that
    asked for all this, so that it is not done twice. ``access``: what it changes of accounts and sessions.
    ``calls``: news of calls for help. ``new_point``: one that nobody had planned.
    """

    at: datetime
    frame: Frame | None = None
    window: Window | None = None
    event: KitEvent | None = None
    boot: KitBoot | None = None
    late: tuple[Frame, ...] = ()
    heard: Heard | None = None
    readings: Mapping[str, Held] = msgspec.field(default_factory=dict)
    alarms: tuple[AlarmChange, ...] = ()
    messages: tuple[OutboxMessage, ...] = ()
    actions: tuple[Action, ...] = ()
    memory: Mapping[str, str] = msgspec.field(default_factory=dict)
    command: Answered | None = None
    access: tuple[AccessChange, ...] = ()
    calls: tuple[CallNews, ...] = ()
    new_point: PointConfig | None = None
