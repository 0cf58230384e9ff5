"""The answer of one condition: yes, no or unknown, with its reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nspgateway.alarm_state import Value


@dataclass(frozen=True, slots=True)
class Verdict:
    """``holds`` None = unknown. ``values`` are the figures behind ``reason``.

    ``news``: an alarm that is open already has to be said again: as an update of it, or as a new one.
    """

    holds: bool | None
    reason: str
    values: Mapping[str, Value] = field(default_factory=dict)
    news: Literal["", "update", "raise"] = ""
