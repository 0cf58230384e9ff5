"""The life of one alarm, after ISA-18.2: what was said, kept apart from what is true. Pure.

    normal -> unacknowledged -> acknowledged -> normal
                    |                             ^
                    +-> returned_unacknowledged --+

``shelved`` (by a person, until a time) and ``suppressed`` (hidden by what is named as its
cause) stand beside these: both are still open, and are shown again when that is over. An alarm that the kit raised does not end on
the word of a heartbeat: it stays, with the note "returned_unconfirmed", until the
kit's own clear or a person ends it. A critical or high one that people were told of and nobody
has seen stays over the kit's own clear too, without that note: only a person ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import structs

from nspgateway.view import Priority

State = Literal[
    "normal", "unacknowledged", "acknowledged", "returned_unacknowledged", "shelved", "suppressed"
]
Note = Literal["", "input_unknown", "returned_unconfirmed", "flapping"]
Value = float | int | str | None
# It becomes a level of an MQTT topic.
Id = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]+([-_][a-z0-9]+)*$")]


class AlarmState(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm of one point; it survives a restart as JSON. Times are aware UTC.

    ``since``: begin of the present state. ``raised_at``: None while it was never raised (a
    normal alarm whose on-delay runs). ``pending_since``: since when the condition has been
    the opposite of what the state says, None = it agrees. ``values``: the figures behind
    ``reason``. ``cause``: the alarm that suppresses this one, or "planned_stop".

    ``raised_at`` is when the trouble began, ``opened_at`` when we knew of it, ``said_at`` when people were last
    told, None = never. ``opened_at`` of a normal alarm: it only waits for its turn to be said. ``raises``: when
    it came, within the time that counts for flapping. ``shelved_until``: end of its shelving.

    ``seen_by``: the role that has last seen it, at ``seen_at``; ``owner``: the one that takes care of it since
    ``owned_at``. Roles only: who these people are stands in the audit trail.
    """

    id: Id
    point: str
    state: State
    priority: Priority
    since: datetime
    raised_at: datetime | None = None
    pending_since: datetime | None = None
    reason: str = ""
    values: Mapping[str, Value] = msgspec.field(default_factory=dict)
    note: Note = ""
    cause: str | None = None
    opened_at: datetime | None = None
    said_at: datetime | None = None
    raises: tuple[datetime, ...] = ()
    shelved_until: datetime | None = None
    seen_by: str = ""
    seen_at: datetime | None = None
    owner: str = ""
    owned_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True from raising until it is back to normal, shown or not."""
        return self.state != "normal"

    @property
    def is_shown(self) -> bool:
        """True when it stands in the list of open alarms."""
        return self.state in {"unacknowledged", "acknowledged", "returned_unacknowledged"}

    @property
    def is_active(self) -> bool:
        """True when its condition holds as far as we know, and it is not hidden."""
        return self.state in {"unacknowledged", "acknowledged"} and not self.is_returned

    @property
    def is_returned(self) -> bool:
        """True when its cause is gone, and it still has to be seen or confirmed."""
        return self.state == "returned_unacknowledged" or self.note == "returned_unconfirmed"

    @property
    def is_kept(self) -> bool:
        """True when it must survive a restart: open, with its on-delay running, or because it may flap."""
        return self.is_open or self.pending_since is not None or bool(self.raises)

    @property
    def holds(self) -> bool:
        """True when its condition holds as far as we know, hidden or not."""
        return self.is_open and not self.is_returned


def to_json(alarm: AlarmState) -> str:
    """Return the alarm as one JSON object."""
    return msgspec.json.encode(alarm).decode()


def from_json(record: str | bytes) -> AlarmState:
    """Return the alarm that ``to_json`` wrote. msgspec.ValidationError when it is no such record."""
    return msgspec.json.decode(record, type=AlarmState)


def shelve(alarm: AlarmState, now: datetime, until: datetime) -> AlarmState:
    """Return the alarm put aside until a time; one that is not shown, or is shelved already, gets the new end."""
    since = alarm.since if alarm.state == "shelved" else now
    return structs.replace(alarm, state="shelved", since=since, shelved_until=until)


def unshelve(alarm: AlarmState, now: datetime) -> AlarmState:
    """Return a shelved alarm as one that nobody has seen."""
    back: State = "returned_unacknowledged" if alarm.is_returned else "unacknowledged"
    return structs.replace(alarm, state=back, since=now, said_at=now, shelved_until=None)


def acknowledge(alarm: AlarmState, now: datetime, role: str = "") -> AlarmState:
    """Return the alarm after a person of this role has said "seen"; one that has returned is then normal."""
    if alarm.state == "unacknowledged":
        return structs.replace(alarm, state="acknowledged", since=now, seen_by=role, seen_at=now)
    if alarm.state not in {"shelved", "suppressed"} and alarm.is_returned:
        return structs.replace(alarm, state="normal", since=now, pending_since=None, note="", cause=None)
    return alarm


def take_on(alarm: AlarmState, now: datetime, role: str) -> AlarmState:
    """Return the alarm with an owner, who has then seen it; one that is over for certain only wants to be seen."""
    if alarm.state == "returned_unacknowledged" and not alarm.note:
        return acknowledge(alarm, now, role)
    if alarm.state in {"unacknowledged", "returned_unacknowledged"}:
        alarm = structs.replace(alarm, state="acknowledged", since=now, seen_by=role, seen_at=now)
    return structs.replace(alarm, owner=role, owned_at=now)
