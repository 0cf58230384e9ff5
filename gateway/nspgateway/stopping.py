"""A stop has one deadline, whatever hangs: a broker, a modem, a look-up of a name, a thread of a library.

What is committed is on disk anyway. So once the deadline is there the process ends as it is.
"""

from __future__ import annotations

import os
import threading

STOP_S = 2.0
# The event loop's part of it; the rest is for threads that nobody can cancel.
LOOP_S = 1.5


class Deadline:
    """Ends the process ``seconds`` after ``start``, with exit code ``code``: 1, until all is in order."""

    def __init__(self, seconds: float = STOP_S) -> None:
        self.code = 1
        self._timer = threading.Timer(seconds, self._end)
        # It goes on while the main thread waits at its end for every other thread, and is gone with that.
        self._timer.daemon = True
        self._is_started = False

    def start(self) -> None:
        """Let the time run; a second call changes nothing."""
        if not self._is_started:
            self._is_started = True
            self._timer.start()

    def _end(self) -> None:
        os._exit(self.code)
