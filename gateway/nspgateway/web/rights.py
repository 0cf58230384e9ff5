"""What each role may do on the pages. Data; the ids of the roles are those of roles.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Right = Literal[
    "view",  # see the points; a wall screen has this one only
    "log",  # who did what, when
    "contact",  # who to call at a point: names and numbers of people
    "acknowledge",  # say that an alarm was seen, take it on
    "shelve",  # put an alarm aside for a time
    "note",
    "call",  # read calls for help, pass them on, answer and close them; what was typed in them
    "status112",
    "fuel",  # litres by hand, deliveries
    "stop",  # announce that a generator stands still for refuelling
    "deployment",  # what a point is used for
    "decide",  # activate, take over, extend, scale down
    "message_write",
    "message_approve",
    "report",  # enter what a point says by voice
    "handover",
    "exercise",
    "test",  # of the alarm path
    "system",
    "accounts",
    "archive",  # release the hold on all records
]

# What those share who work on the incident.
_AT_WORK: tuple[Right, ...] = ("view", "log", "contact")
_OFFICER: tuple[Right, ...] = (
    *_AT_WORK,
    *("acknowledge", "shelve", "note", "call", "status112", "fuel", "stop", "deployment"),
    *("message_write", "report", "handover", "test"),
)
_ROLES: Mapping[str, tuple[Right, ...]] = {
    "meekijker": ("view",),
    "scherm": ("view",),
    "gemeente": ("view", "contact"),
    "cp_medewerker": _OFFICER,
    "cp_coordinator": (*_OFFICER, "decide", "message_approve", "exercise", "system"),
    "cp_logistiek": (*_AT_WORK, "acknowledge", "note", "fuel", "stop", "handover"),
    "cp_techniek": (*_AT_WORK, "acknowledge", "shelve", "note", "test", "system", "accounts"),
    "communicatie": ("view", "message_write", "message_approve"),
    "oefenleiding": (*_AT_WORK, "note", "exercise", "test"),
    "archief": ("view", "log", "archive"),
}
ROLES: Mapping[str, frozenset[Right]] = {role: frozenset(rights) for role, rights in _ROLES.items()}


def rights_of(role: str) -> frozenset[Right]:
    """Return what a role may do; a role that nobody knows may do nothing."""
    return ROLES.get(role, frozenset())
