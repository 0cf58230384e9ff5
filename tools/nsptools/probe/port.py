"""A USB-RS485 adapter with the part of ``machine.UART`` that the kit's own bus master uses.

Nothing but a Modbus read passes ``write``: whatever is wrong elsewhere, the probe changes nothing in a device.
"""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, field
from typing import NamedTuple

import serial

from nspkit import modbus
from nspkit.bus import PARITY
from nsptools.probe.errors import NotARead, PortError

_PARITIES = {None: serial.PARITY_NONE, PARITY["even"]: serial.PARITY_EVEN, PARITY["odd"]: serial.PARITY_ODD}
_LETTERS = {None: "N", "even": "E", "odd": "O"}


class Line(NamedTuple):
    """How a bus is set: as ``device.Model.serial``."""

    baud: int
    parity: str | None = None  # None, "even", "odd"
    stop: int = 1

    def __str__(self) -> str:
        """As technicians write it: 9600 8N1."""
        return f"{self.baud} 8{_LETTERS[self.parity]}{self.stop}"


@dataclass
class Heard:
    """What came in since the last request was written, as far as nobody took it out."""

    request: bytes = b""
    data: bytearray = field(default_factory=bytearray)


class Port:
    """An open adapter. Raises PortError when it cannot be opened, or goes away later."""

    def __init__(self, path: str, line: Line) -> None:
        self.path = path
        self.line = line
        self.heard = Heard()
        self.stray = b""  # what came between the last answer that was waited for and this request
        self.sent = 0
        try:
            self._serial = serial.Serial(
                path, line.baud, timeout=0, write_timeout=2, exclusive=True, stopbits=line.stop
            )
        except (OSError, ValueError) as error:
            raise PortError(_why(path, error)) from error
        self.init(line.baud, parity=PARITY[line.parity], stop=line.stop)

    def close(self) -> None:
        """Let go of the adapter."""
        self._serial.close()

    def init(self, baud: int, *, bits: int = 8, parity: int | None = None, stop: int = 1) -> None:
        """Set the line, as ``machine.UART.init``; only 8 data bits exist on these buses."""
        if bits != 8:
            raise ValueError(f"{bits} data bits; Modbus RTU has 8")
        word = next(name for name, code in PARITY.items() if code == parity)
        try:
            self._serial.baudrate = baud
            self._serial.parity = _PARITIES[parity]
            self._serial.stopbits = stop
        except (OSError, ValueError) as error:
            # Some adapters know only a few speeds.
            raise PortError(f"{self.path} cannot be set to {Line(baud, word, stop)}: {error}") from error
        self.line = Line(baud, word, stop)

    def any(self) -> int:
        """Bytes that wait."""
        try:
            return int(self._serial.in_waiting)
        except OSError as error:
            raise PortError(_gone(self.path)) from error

    def readinto(self, buffer: bytearray | memoryview) -> int | None:
        """Fill from the start of ``buffer``; the number of bytes, None when there are none."""
        try:
            data = self._serial.read(min(len(buffer), max(1, self.any())))
        except OSError as error:
            raise PortError(_gone(self.path)) from error
        if not data:
            return None
        buffer[: len(data)] = data
        self.heard.data += data
        return len(data)

    def write(self, request: bytes | bytearray) -> int:
        """Send one read request. Raises NotARead, and sends nothing, for anything else."""
        frame = bytes(request)
        if not is_read(frame):
            raise NotARead(f"refused to send {frame.hex(' ')}: not a read request")
        self.stray = bytes(self.heard.data)
        self.heard = Heard(frame)
        self.sent += 1
        try:
            self._serial.write(frame)
        except OSError as error:
            raise PortError(_gone(self.path)) from error
        return len(frame)

    def flush(self) -> None:
        """Wait until everything is on the wire."""
        try:
            self._serial.flush()
        except OSError as error:
            raise PortError(_gone(self.path)) from error


def is_read(frame: bytes) -> bool:
    """Whether these bytes are one whole Modbus RTU request of function 1, 2, 3 or 4."""
    return (
        len(frame) == modbus.REQUEST_LENGTH
        and frame[1] in modbus.READ_FUNCTIONS
        and modbus.crc16(frame, 0, 6) == int.from_bytes(frame[6:], "little")
    )


def ticks_ms() -> int:
    """Milliseconds that only go forward."""
    return time.monotonic_ns() // 1_000_000


def _gone(path: str) -> str:
    return f"{path} is gone: was the adapter pulled out? Plug it in and run the probe again."


def _why(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return f"{path} does not exist: is the adapter plugged in? Ports there are: {_ports()}."
    if number in (errno.EACCES, errno.EPERM):
        return f"{path} may not be used by you: add yourself to its group (sudo usermod -aG dialout $USER) and log in anew."
    if number in (errno.EAGAIN, errno.EBUSY):
        return f"{path} is in use by another program: close that first (lsof {path} names it)."
    return f"{path} cannot be opened as a serial port: {error}."


def _ports() -> str:
    from serial.tools import list_ports

    return ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
