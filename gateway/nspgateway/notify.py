"""What a person must hear of, and whoever makes it heard: sound, relay, later others. One interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from nspgateway.view import Priority


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a person must hear of. It has no room for personal data.

    ``key``: the same for every delivery of it. ``kind``: an alarm, a call for help, or a test of the
    path itself. ``action``: raise, update, remind, return or clear. Texts by language code. ``is_second``: a
    call for help has waited so long that a second place is to hear of it.
    """

    key: str
    kind: Literal["alarm", "help", "test"]
    action: str
    at: datetime
    point: str
    name: str
    id: str
    priority: Priority
    title: Mapping[str, str]
    what: Mapping[str, str]
    todo: Mapping[str, str]
    exercise: bool = False
    is_second: bool = False


class Notifier(Protocol):
    """Makes notices heard. Each has its own queue: one that hangs delays no other."""

    name: str

    async def notify(self, notice: Notice) -> None:
        """Make it heard; returns once it is. Raises GatewayError when it cannot: it is tried again."""
        ...
