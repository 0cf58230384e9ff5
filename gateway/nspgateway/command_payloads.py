"""What clients may ask over MQTT: the JSON of each command, the right it needs, and the act of the desk it is. Pure.

    nsp/v1/<region>/<cp>/command/<client>/<what>

The fields of a command beside ``id`` are the arguments of the desk's act by that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from nspgateway.config import Deployment
from nspgateway.config_parts import Right

# The longest that is read at all: a message to residents in which every letter is escaped, with room.
MOST_BYTES = 16_384
BULLETIN_CHARACTERS = 1536

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Slug = Annotated[str, Meta(min_length=1, max_length=40)]
Note = Annotated[str, Meta(max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
Load = Annotated[float, Meta(ge=1, le=5000)]
# As the refuel list names it.
Delivery = Annotated[int, Meta(ge=1)]


class Command(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every command has. ``id`` is the client's own: a second one with the same id is not done again."""

    id: Id


class Acknowledge(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person has seen this alarm."""

    point: Slug
    alarm: Slug


class Shelve(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Put an alarm aside until a moment."""

    point: Slug
    alarm: Slug
    until: Moment
    note: Note = ""


class Unshelve(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Take an alarm back that was put aside."""

    point: Slug
    alarm: Slug


class Stop(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The generator is stopped for refuelling, for so many minutes from now."""

    point: Slug
    minutes: Annotated[int, Meta(ge=1, le=60)] = 15


class EndStop(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The planned stop is over."""

    point: Slug


class Fuel(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Litres by hand: "dip" = what is in the tank, "refuel" = what was added; ``at`` null = now."""

    point: Slug
    kind: Literal["dip", "refuel"]
    litres: Annotated[float, Meta(ge=0, le=100_000)]
    at: Moment | None = None


class PlanDelivery(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fuel is on its way to a point, and will be there at ``due_at``, within a week."""

    point: Slug
    litres: Load
    due_at: Moment


class Deliver(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A planned delivery is there, with so many litres; it says nothing of what is in the tank."""

    delivery: Delivery
    litres: Load


class CancelDelivery(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A planned delivery does not come."""

    delivery: Delivery


class SetDeployment(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the point is used for from now on; ``opens_at``: when it is planned to be open."""

    point: Slug
    word: Deployment
    opens_at: Moment | None = None
    note: Note = ""


class Backfill(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ask a point's kit for the heartbeats that were lost on the air."""

    point: Slug


class Bulletin(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A draft of a message to residents: it goes to no point before somebody approves and sends it on the page."""

    nl: Annotated[str, Meta(min_length=1, max_length=BULLETIN_CHARACTERS)]
    en: Annotated[str, Meta(max_length=BULLETIN_CHARACTERS)] = ""
    valid_until: Moment | None = None


class TestPath(Command, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Test the whole alarm path; ``point`` null = from the coordinating point itself."""

    point: Slug | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One command: the right that it needs, what it holds, and the method of the desk that does it.

    ``word``: the reply when that is done.
    """

    right: Right
    payload: type[Command]
    act: str
    word: str = "done"


COMMANDS: Mapping[str, Kind] = {
    "acknowledge": Kind("acknowledge", Acknowledge, "acknowledge"),
    "shelve": Kind("shelve", Shelve, "shelve"),
    "unshelve": Kind("shelve", Unshelve, "unshelve"),
    "stop": Kind("stop", Stop, "plan_stop"),
    "end_stop": Kind("stop", EndStop, "end_stop"),
    "fuel": Kind("fuel", Fuel, "enter_fuel"),
    "plan_delivery": Kind("delivery", PlanDelivery, "plan_delivery"),
    "deliver": Kind("delivery", Deliver, "deliver"),
    "cancel_delivery": Kind("delivery", CancelDelivery, "cancel_delivery"),
    "deployment": Kind("deployment", SetDeployment, "set_deployment"),
    "backfill": Kind("backfill", Backfill, "request_backfill"),
    "bulletin": Kind("bulletin", Bulletin, "draft_message", "draft"),
    "test": Kind("test", TestPath, "test_alert_path"),
}
