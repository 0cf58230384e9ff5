"""What can be watched of a twin while it runs."""

import asyncio
import enum
from collections import Counter, deque
from collections.abc import Callable

from nsptools.bench.twin.errors import TwinError

LOG_LINES = 200
# Whoever waits longer waits for what never comes, however busy this PC is.
PATIENCE_S = 120.0
_TAIL_LINES = 10


class ResetCause(enum.IntEnum):
    """``machine.reset_cause()`` of the ESP32; ``machine.reset()`` gives HARD there."""

    POWER_ON = 1
    HARD = 2
    WATCHDOG = 3
    DEEP_SLEEP = 4
    SOFT = 5


class Observed:
    """Figures and log of one twin, written by its supervisor, read by anyone in the same loop.

    Counters by UART id and peaks run on over resets and power cuts.
    """

    def __init__(self, name: str, on_log: Callable[[str], None] | None) -> None:
        self.name = name
        self.log: deque[str] = deque(maxlen=LOG_LINES)  # printed lines, and the twin's own as "twin: ..."
        self.reset_cause: ResetCause | None = None  # of the present start; None before the first
        self.boots = 0  # starts of the VM since this object was made
        self.exited: str | None = None  # why the firmware runs no more (prompt, fault); None: it runs
        self.pins: dict[int, int] = {}  # level of each output that the firmware has changed
        self.uart_settings: dict[int, str] = {}  # id -> "19200 8N1"
        self.lost: Counter[int] = Counter()  # received bytes beyond a UART's rxbuf
        self.destroyed: Counter[int] = Counter()  # bytes that arrived while the direction pin was high
        self.cut: Counter[int] = Counter()  # written bytes that never reached the line
        self.wifi: tuple[str, str] | None = None  # name and key of its access point; None: it is off
        self.page_port = 0  # of this PC, where the access point's port 80 is
        self.heap_at_start = 0  # bytes in use before boot.py, the shims' own share
        self.heap_peak: int | None = None  # largest sample in bytes, shims included; None: none taken
        self._on_log = on_log
        self._changed = asyncio.Event()  # replaced after each event

    async def wait_for(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Return as soon as ``condition()`` holds; it is asked after every event of this twin.

        Raises TwinError with the last lines of the log after ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    await self._changed.wait()
        except TimeoutError as late:
            raise TwinError(f"{self.name}: not within {timeout_s} s; its log ends:\n{self.tail()}") from late

    async def wait_for_log(self, text: str, timeout_s: float = PATIENCE_S) -> str:
        """Return the first line in the log that contains ``text``, when there is one."""
        await self.wait_for(lambda: any(text in line for line in self.log), timeout_s)
        return next(line for line in self.log if text in line)

    def tail(self) -> str:
        """The log's last ten lines, for messages."""
        return "\n".join(list(self.log)[-_TAIL_LINES:])

    def _printed(self, line: str) -> None:
        self.log.append(line)
        if self._on_log is not None:
            self._on_log(line)
        self._pulse()

    def _note(self, text: str) -> None:
        self._printed(f"twin: {text}")

    def _stopped(self, reason: str) -> None:
        self.exited = reason
        self._note(reason)

    def _pulse(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
