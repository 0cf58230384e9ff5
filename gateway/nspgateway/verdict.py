"""The answer of one condition: yes, no or unknown, with its reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from nspgateway.alarm_state import Value


class Verdict(Struct, frozen=True):
    """``holds`` None = unknown. ``values`` are the figures behind ``reason``.

    ``news``: an alarm that is open already has to be said again: as an update of it, or as a new one.
    """

    holds: bool | None
    reason: str
    values: Mapping[str, Value] = msgspec.field(default_factory=dict)
    news: Literal["", "update", "raise"] = ""
