"""Frames that the gateway itself stumbled over: left out, loudly, until it stumbles over every one."""

from __future__ import annotations

import structlog

# So many in a row: a new start is better than going on deaf.
HOPELESS = 20

_log = structlog.get_logger()


class Stumbles:
    """Counts them in a row. A kit that repeats such a frame must not take the gateway down with it."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def note(self, error: Exception, length: int) -> str:
        """Tell of a frame of ``length`` bytes that is left out; raise ``error`` when nothing succeeds any more."""
        self._in_a_row += 1
        if self._in_a_row >= HOPELESS:
            raise error
        _log.error("frame left out", fault=f"{type(error).__name__}: {error}", length=length)
        return "fault"

    def over(self) -> None:
        """Note that a frame went well."""
        self._in_a_row = 0
