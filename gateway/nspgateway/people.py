"""What people do, decide, enter and plan: immutable records of the audit trail. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nspgateway.entries import Written


@dataclass(frozen=True, slots=True)
class By:
    """Who did something: the name that the login or client has, a role of roles.toml, and from where.

    ``origin``: "page", "command", "mqtt:<client>", "gateway" for what it does by itself, or in a demo "scenario".
    """

    who: str
    role: str
    origin: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the point is used for from now on; ``opens_at``: when it is planned to be open."""

    word: str
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """The generator stands still for refuelling until then; one that ends now has now as ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class FuelEntry:
    """Litres by hand, at ``at``: "dip" = what is in the tank, "refuel" = what was added."""

    kind: Literal["dip", "refuel"]
    litres: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """Fuel on its way. ``plan``: the action that planned what is delivered or cancelled now."""

    kind: Literal["planned", "delivered", "cancelled"]
    litres: float
    due_at: datetime | None = None
    plan: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """From ``held`` on nothing is deleted, until it is released."""

    held: bool


@dataclass(frozen=True, slots=True)
class CallAct:
    """What a person did about a call for help; the fields are those of ``calls.Step``."""

    call: str
    what: str
    word: str = ""
    happened_at: datetime | None = None
    name: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


Word112 = Literal["works", "doubtful", "off"]


@dataclass(frozen=True, slots=True)
class Status112:
    """Whether 112 can be reached from the points, as somebody found out."""

    word: Word112


Entry = Deployment | PlannedStop | FuelEntry | Delivery | Hold | CallAct | Status112 | Written


@dataclass(frozen=True, slots=True)
class Action:
    """One line of the audit trail, and the decision or figure that it enters.

    ``id``: of the database, 0 = not written yet. ``detail``: figures and words of ours. ``note``: what a
    person typed; personal, for the journal and a logged-in role only.
    """

    at: datetime
    by: By
    what: str
    point: str = ""
    alarm: str = ""
    detail: Mapping[str, float | int | str | None] = field(default_factory=dict)
    note: str = field(default="", repr=False)
    entry: Entry | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """A client's command and what it is answered, every time that it comes. ``client``: broker/account."""

    client: str
    id: str
    at: datetime
    answer: str
