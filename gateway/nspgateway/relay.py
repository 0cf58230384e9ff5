"""A lamp and a buzzer that sound when nobody tells them not to.

The output is held while the gateway works and nothing sounds; lamp and buzzer hang on the relay's
resting contact. So they sound without power, without a gateway, with a gateway that hangs, and
while an alarm that has to be seen is not. Held it is only by work that is done: whoever wires the
gateway calls ``feed`` after each tick. A thread looks whether that happens: a loop that hangs
cannot look after itself. What stops the whole process (a held interpreter, a signal) is the service
manager's to notice, and the kernel's, which then releases the line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.notify import Notice

# The tick comes each second; five without one is a gateway that hangs.
STARVED_S = 5.0
TEST_S = 1.0
_LOOK_S = 0.5
_REOPEN_S = 5.0

_log = structlog.get_logger(__name__)


class RelayError(GatewayError):
    """The relay does not do what it is told; the text says why."""


class Line(Protocol):
    """An output that is off until it is switched on, and off once it is closed or its process ends."""

    def set(self, *, on: bool) -> None:
        """Switch it. Raises OSError."""
        ...

    def get(self) -> bool:
        """Return what it is. Raises OSError."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Relay:
    """The relay, and a notifier. ``open_line`` raises ConfigError when there is no such line.

    ``fault``: why the line cannot be switched, "" = it can; ``fault_since``. It is opened anew from time to time.
    """

    name = "relay"

    def __init__(self, open_line: Callable[[], Line], clock: Clock) -> None:
        self.fault = ""
        self.fault_since: datetime | None = None
        self._open_line = open_line
        self._clock = clock
        self._lock = threading.Lock()
        self._line: Line | None = open_line()
        self._held = False
        self._fed_s: float | None = None
        self._sounding = True
        self._test_until_s: float | None = None
        self._tried_s = clock.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_held(self) -> bool:
        """True while the output is held: nothing sounds."""
        return self._held

    def start(self) -> None:
        """Begin to look whether the gateway works."""
        self._thread = threading.Thread(target=self._watch, name="relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the line go: from now on it sounds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._fed_s = None
            self._apply()
            if self._line is not None:
                self._line.close()
                self._line = None

    def feed(self, *, sounding: bool) -> None:
        """Say that the gateway has done its work, and whether something has to sound."""
        with self._lock:
            if self._stop.is_set():
                return
            self._fed_s = self._clock.monotonic()
            self._sounding = sounding
            self._reopen()
            self._apply()

    def step(self, step: Step) -> None:
        """Follow a step of the clock with the moment since when the line fails."""
        with self._lock:
            self.fault_since = step.moved(self.fault_since)

    def look(self) -> None:
        """Let the output be what it has to be at this moment."""
        with self._lock:
            self._apply()

    async def notify(self, notice: Notice) -> None:
        """Make sure that the relay can sound; a test lets it sound for a second. Raises RelayError.

        When an alarm sounds, and for how long, is told by ``feed``: what is true counts, not what was said.
        """
        if notice.kind == "test":
            await self._test()
        if self.fault:
            raise RelayError(self.fault)

    async def _test(self) -> None:
        with self._lock:
            self._test_until_s = self._clock.monotonic() + TEST_S
            self._apply()
        self._check(on=False)
        await self._clock.sleep(TEST_S)
        with self._lock:
            self._test_until_s = None
            self._apply()
        self._check(on=self._held)

    def _check(self, *, on: bool) -> None:
        with self._lock:
            try:
                found = self._line.get() if self._line is not None else None
            except OSError as error:
                found = None
                self._fail(error)
        if not self.fault and found is not on:
            raise RelayError("the relay's output does not follow")

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            self.look()

    def _apply(self) -> None:
        """Switch the line to what is true now; the lock is held."""
        now_s = self._clock.monotonic()
        is_alive = self._fed_s is not None and now_s - self._fed_s < STARVED_S
        is_testing = self._test_until_s is not None and now_s < self._test_until_s
        hold = is_alive and not self._sounding and not is_testing
        if hold == self._held or self._line is None:
            return
        if self._held and not is_alive and not self._stop.is_set():
            _log.error("the gateway hangs: the relay is let go")
        try:
            self._line.set(on=hold)
        except OSError as error:
            self._fail(error)
        else:
            self._held = hold

    def _fail(self, error: OSError) -> None:
        """Give up a line that does not work: let go, it sounds where it can."""
        self.fault = f"the relay cannot be switched ({error.strerror})"
        self.fault_since = self._clock.now()
        _log.error("relay fails", reason=self.fault)
        if self._line is not None:
            self._line.close()
        self._line, self._held = None, False

    def _reopen(self) -> None:
        now_s = self._clock.monotonic()
        if self._line is not None or now_s - self._tried_s < _REOPEN_S:
            return
        self._tried_s = now_s
        try:
            self._line = self._open_line()
        except ConfigError as error:
            self.fault = str(error)
        else:
            self.fault, self.fault_since = "", None
            _log.info("relay works again")
