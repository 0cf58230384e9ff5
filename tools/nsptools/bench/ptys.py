"""Raw pseudo-terminals: the bench's stand-in for a serial port.

The kernel's line discipline is switched off, so every byte value passes unchanged and nothing is echoed.
A pseudo-terminal has no speed of its own: who needs pacing does it above this (line.py for RS485).
"""

from __future__ import annotations

import os
import termios
from dataclasses import dataclass

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


@dataclass
class Pty:
    """One pair. `master_fd` is ours, non-blocking; `slave_path` is what the other side opens."""

    master_fd: int
    slave_path: str
    _slave_fd: int

    def close(self) -> None:
        """Close both ends; a second call does nothing. The other side then reads end of file or EIO."""
        for descriptor in (self.master_fd, self._slave_fd):
            if descriptor >= 0:
                os.close(descriptor)
        self.master_fd = self._slave_fd = -1


def open_pty() -> Pty:
    """Make a raw pair with no pacing: no echo, no newline translation, no signals, VMIN = VTIME = 0.

    The slave stays open here too: without that the master reads EIO whenever the other side leaves,
    and a kit that resets would look like an unplugged cable. VMIN = 0 lets a reader return at once when
    nothing has come, which the MicroPython VM needs (with VMIN = 1 its read blocks the whole VM).
    Raises OSError when the system has no pseudo-terminal left.
    """
    master_fd, slave_fd = os.openpty()
    make_raw(slave_fd)
    os.set_blocking(master_fd, False)
    return Pty(master_fd, os.ttyname(slave_fd), slave_fd)


def make_raw(descriptor: int) -> None:
    """Switch one terminal's line discipline off: 8 data bits, no parity, reads return what is there."""
    mode = termios.tcgetattr(descriptor)
    mode[_IFLAG] = 0
    mode[_OFLAG] = 0
    mode[_CFLAG] = termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[_LFLAG] = 0
    mode[_CC][termios.VMIN] = 0
    mode[_CC][termios.VTIME] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
