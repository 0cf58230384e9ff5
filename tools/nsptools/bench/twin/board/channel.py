"""The shim's only way out of the VM: what the supervisor wired, and lines to and from it.

Runs inside the MicroPython VM and uses its own clock. Lines to the supervisor:
``ready BYTES``, ``wdt MS``, ``feed``, ``reset``, ``soft_reset``, ``deepsleep MS``,
``rtc HEX``, ``pin N LEVEL``, ``uart ID BAUD BITS PARITY STOP``, ``lost ID COUNT``,
``destroyed ID COUNT``, ``cut ID COUNT``, ``heap BYTES``, ``exited TEXT``, ``fault TEXT``,
``note TEXT``, ``power_lost``, ``i2c ADDRESS HEX``, ``hold N ON``, ``wake N LEVEL``,
``wifi NAME KEY``, ``wifi`` when it is off.
Lines from it: ``pin N LEVEL``, ``adc N MICROVOLTS``, ``i2c ADDRESS PRESENT``, ``onewire N RAW``.

A *source* is something the outside world acts on: it has ``ioctl(10)`` = file
descriptor, ``service()`` to take in what has come, which returns the milliseconds
after which it wants to be called again or 0, and ``open``, which turns False at its
end. While firmware waits in asyncio a task per source sleeps in the same poll; while
it waits in ``time.sleep`` or a UART call, ``wait_us`` serves them. Firmware that
computes without a pause therefore sees a pin change only at its next wait.
"""

import io
import json
import os
import select
import sys
from asyncio import core
from time import sleep_us, ticks_diff, ticks_us

IOCTL_POLL = 3
IOCTL_FILENO = 10

_SHORT_US = 2000  # below this a poll in whole milliseconds is too coarse

config = json.loads(os.getenv("NSP_TWIN"))
os.unsetenv("NSP_TWIN")

_to_supervisor = open(config["to_supervisor"], "wb")  # noqa: SIM115  open as long as the VM lives
_poller = select.poll()


def send(line) -> None:
    """Give the supervisor one line."""
    _to_supervisor.write((line + "\n").encode())


def power_fails() -> None:
    """The end, in the middle of a write to flash: nothing is allocated, and nothing comes after it."""
    _to_supervisor.write(b"power_lost\n")
    while True:
        sleep_us(1_000_000)


def watch(source) -> None:
    """Serve ``source`` from now on, however the firmware waits."""
    _poller.register(source, select.POLLIN)
    core.create_task(_listen(source))


def unwatch(source) -> None:
    """Stop serving ``source``."""
    source.open = False
    _poller.unregister(source)


def wait_us(duration_us) -> None:
    """Block the firmware for ``duration_us``, and take in meanwhile what the outside does."""
    start = ticks_us()
    while True:
        left_us = duration_us - ticks_diff(ticks_us(), start)
        if left_us < _SHORT_US:
            break
        for source, _ in _poller.poll(left_us // 1000):
            _serve(source, start, duration_us)
    if left_us > 0:
        sleep_us(left_us)


def wait_for_ever() -> None:
    """What a board does at its prompt: nothing, until the power goes or the watchdog bites."""
    while True:
        wait_us(60_000_000)


def _serve(source, start, duration_us) -> None:
    pause_ms = source.service()
    while pause_ms and ticks_diff(ticks_us(), start) < duration_us:
        sleep_us(pause_ms * 1000)
        pause_ms = source.service()
    if not source.open:
        _poller.unregister(source)


def _listen(source):  # noqa: ANN202  a coroutine in the older form, which the board has no type for
    while source.open:
        yield core._io_queue.queue_read(source)  # noqa: SLF001  as asyncio's own streams do it
        pause_ms = source.service()
        while pause_ms:
            yield from core.sleep_ms(pause_ms)
            pause_ms = source.service()


class Control(io.IOBase):
    """The lines from the supervisor; ``handlers`` maps a line's first word to a function."""

    def __init__(self, handlers) -> None:
        self.open = True
        self._fileno = config["from_supervisor"]
        self._file = open(self._fileno, "rb")  # noqa: SIM115  as above
        self._handlers = handlers
        self._rest = b""

    def ioctl(self, request, argument) -> int:
        return self._fileno if request == IOCTL_FILENO else 0

    def service(self) -> int:
        data = self._file.read(256)
        if data == b"":  # the supervisor is gone, and this VM in a moment
            self.open = False
        if data:
            lines = (self._rest + data).split(b"\n")
            self._rest = lines.pop()
            for line in lines:
                words = line.decode().split()
                self._handlers[words[0]](int(words[1]), int(words[2]))
        return 0


sys.argv[:] = []
