"""What each role may do on the pages. Data; the ids of the roles are those of roles.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Right = Literal[
    "view",  # see the points; a wall screen has this one only
    "log",  # who did what, when
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

_OFFICER: tuple[Right, ...] = (
    *("view", "log", "acknowledge", "shelve", "note", "call", "status112", "fuel", "stop", "deployment"),
    *("message_write", "report", "handover", "test"),
)
ROLES: Mapping[str, frozenset[Right]] = {
    role: frozenset(rights)
    for role, rights in {
        "meekijker": ("view",),
        "scherm": ("view",),
        "gemeente": ("view",),
        "cp_medewerker": _OFFICER,
        "cp_coordinator": (*_OFFICER, "decide", "message_approve", "exercise", "system"),
        "cp_logistiek": ("view", "log", "acknowledge", "note", "fuel", "stop", "handover"),
        "cp_techniek": ("view", "log", "acknowledge", "shelve", "note", "test", "system", "accounts"),
        "communicatie": ("view", "message_write", "message_approve"),
        "oefenleiding": ("view", "log", "note", "exercise", "test"),
        "archief": ("view", "log", "archive"),
    }.items()
}


def rights_of(role: str) -> frozenset[Right]:
    """Return what a role may do; a role that nobody knows may do nothing."""
    return ROLES.get(role, frozenset())
