"""A serial port as lines of a RUI3 modem: opened exclusively, read by the event loop, never blocking it."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any

import serial

from nspgateway.ports import PortDenied, PortError, PortInUse, PortLost, PortMissing
from nsplink import rui3

_READ_SIZE = 4096
_MISSING = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)
_IN_USE = (errno.EBUSY, errno.EAGAIN)
_DENIED = (errno.EACCES, errno.EPERM)

# An event of rui3.parse_line: a word, then what belongs to it.
Event = tuple[Any, ...]


class SerialLine:
    """An open port. `on_event` gets each event of `rui3.Reader` as it arrives.

    `lost` is done once the line has ended; its result is the reason: a PortLost, or whatever `on_event` raised.
    Opening raises PortMissing, PortInUse, PortDenied or PortError.
    """

    def __init__(self, path: str, on_event: Callable[[Event], None]) -> None:
        self._path = path
        self._on_event = on_event
        self._reader = rui3.Reader()
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()
        self._serial = _open(path)
        self._fd: int = self._serial.fileno()
        self._loop.add_reader(self._fd, self._readable)

    def write(self, line: str) -> None:
        """Send one line. Raises PortLost when the port takes no more bytes."""
        data = (line + rui3.EOL).encode("ascii")
        if self.lost.done():
            raise self.lost.result()
        try:
            # Not pyserial's write: without a deadline it spins on a full buffer, with one it blocks the loop.
            written = os.write(self._fd, data)
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._end(PortLost(f"the modem at {self._path} went away: {error.strerror}"))
            raise self.lost.result() from error
        if written < len(data):
            self._end(PortLost(f"the modem at {self._path} takes no more bytes"))
            raise self.lost.result()

    def close(self) -> None:
        """Give the port back; a second call does nothing."""
        if self._serial.is_open:
            self._loop.remove_reader(self._fd)
            self._serial.close()

    def _readable(self) -> None:
        try:
            data: bytes = self._serial.read(_READ_SIZE)
        except (serial.SerialException, OSError):
            self._end(PortLost(f"the modem at {self._path} was unplugged"))
            return
        try:
            for event in self._reader.feed(data):
                self._on_event(event)
        except Exception as error:  # noqa: BLE001 - a fault of the receiver has to end run(), not a callback
            self._end(error)

    def _end(self, reason: Exception) -> None:
        # A dead descriptor stays readable for ever: without this the loop would spin.
        self._loop.remove_reader(self._fd)
        if not self.lost.done():
            self.lost.set_result(reason)


def _open(path: str) -> Any:
    try:
        return serial.Serial(path, rui3.BAUD, timeout=0, write_timeout=0, exclusive=True)
    except (serial.SerialException, OSError) as error:
        if error.errno in _MISSING:
            raise PortMissing(f"no modem at {path}: nothing is plugged in there") from error
        if error.errno in _IN_USE:
            raise PortInUse(f"{path} is in use by another program; stop that program") from error
        if error.errno in _DENIED:
            raise PortDenied(f"no permission to open {path}; add this user to the group dialout") from error
        raise PortError(f"{path} cannot be used as a serial port: {error}") from error
