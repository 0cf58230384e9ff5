"""What people decide, write and enter beside one point's own matters: records of the audit trail, kept as JSON. Pure.

Each hangs on an ``Action``, which says who, when and where; what a person typed about it is the action's note.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

RulingKind = Literal["activate", "take_over", "extend", "scale_down"]


class Ruling(Struct, frozen=True, tag="ruling"):
    """A decision of the crisis organisation. ``decider``: a role of region.toml; ``points``: those in its scope.

    ``decided_at``: T+0 when it activates. ``from_cp``: the coordinating point that is relieved of the points.
    ``opens_at``: when they are planned to be open; ``until``: how long it lasts, as planned. ``outage_since``: as
    the decider knows it. ``corrects``: the action whose ruling this one stands for. ``exercise``: it is part of one.
    """

    kind: RulingKind
    decider: str
    decided_at: datetime
    points: tuple[str, ...] = ()
    from_cp: str = ""
    opens_at: datetime | None = None
    until: datetime | None = None
    outage_since: datetime | None = None
    corrects: int | None = None
    exercise: bool = False


class MilestoneEntry(Struct, frozen=True, tag="milestone"):
    """A milestone of region.toml was reached; ``reached_at`` None takes that back."""

    milestone: str
    reached_at: datetime | None


class Draft(Struct, frozen=True, tag="draft"):
    """A message to residents as somebody wrote it; ``en`` may be empty."""

    number: int
    version: int
    nl: str
    en: str = ""
    valid_until: datetime | None = None

    def __repr__(self) -> str:
        # Nobody has approved it yet: its text must not reach a log through a debug line.
        return f"Draft(number={self.number}, version={self.version}, nl=***, en=***)"


class Approval(Struct, frozen=True, tag="approval"):
    """A message to residents may be sent as it is. ``alone``: by who wrote it, with nobody else there to read it."""

    number: int
    version: int
    alone: bool = False


class Sending(Struct, frozen=True, tag="sending"):
    """A message to residents went out to all kits. ``text``: as on the air; empty: it only takes the number ``replaces`` down."""

    number: int
    version: int
    text: str
    replaces: int | None = None
    valid_until: datetime | None = None


class OnTheWall(Struct, frozen=True, tag="on_the_wall"):
    """A person at the point said that a message hangs, or that it was taken down, at ``at``."""

    number: int
    version: int
    stage: Literal["displayed", "removed"]
    at: datetime


class HandReport(Struct, frozen=True, tag="hand_report"):
    """What a point said by voice at ``at``; None = nothing was said of it. Litres are a ``FuelEntry`` of their own.

    ``stock_low``: lines of region.toml that are below their minimum, from 0; empty: none is. ``displayed``: the
    number and version of the message that hangs.
    """

    at: datetime
    deployment: str | None = None
    battery_permille: int | None = None
    staff: int | None = None
    staff_needed: int | None = None
    relief_at: datetime | None = None
    visitors: str | None = None
    stock_low: tuple[int, ...] | None = None
    displayed: tuple[int, int] | None = None


class ExerciseStart(Struct, frozen=True, tag="exercise_start"):
    """An exercise begins at these points, planned to end at ``ends_at``."""

    name: str
    ends_at: datetime
    points: tuple[str, ...]


class ExerciseEnd(Struct, frozen=True, tag="exercise_end"):
    """The exercise ends at ``ends_at``: now, or at a new time that was agreed on."""

    ends_at: datetime


class PopUp(Struct, frozen=True, tag="pop_up"):
    """A point that nobody had planned, without a kit. Degrees; None = not known. ``address``: of the building."""

    name: str
    number: int
    municipality: str
    latitude: float | None = None
    longitude: float | None = None
    address: str = ""


class PopUpEnd(Struct, frozen=True, tag="pop_up_end"):
    """A point that nobody had planned is no more."""


class HandOver(Struct, frozen=True, tag="hand_over"):
    """A shift was handed over; what the next one must know is the action's note."""


class TakeShift(Struct, frozen=True, tag="take_shift"):
    """The next shift took over. ``offer``: the action that handed it over."""

    offer: int


class KeyWithdrawal(Struct, frozen=True, tag="key_withdrawal"):
    """A kit was lost or stolen: its key of this generation, and older ones, are refused from now on."""

    kit: int
    generation: int


Written = (
    Ruling
    | MilestoneEntry
    | Draft
    | Approval
    | Sending
    | OnTheWall
    | HandReport
    | ExerciseStart
    | ExerciseEnd
    | PopUp
    | PopUpEnd
    | KeyWithdrawal
    | HandOver
    | TakeShift
)
