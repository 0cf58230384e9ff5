"""One output line of the kernel's GPIO character device, by its second interface (include/uapi/linux/gpio.h).

The kernel releases the line when the process ends, however it ends. What the pin does then is
the driver's: an output of the mainline kernel goes back to an input; the kernels of Raspberry Pi
keep its level unless they are told not to, and then a dead gateway would look alive.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

from nspgateway.config_parts import RelayConfig
from nspgateway.errors import ConfigError

# struct gpio_v2_line_request: 64 offsets, consumer, config (flags, number of attributes, padding,
# 10 attributes of id, padding, value, mask), number of lines, event buffer, padding, fd.
REQUEST = struct.Struct("=64I 32s Q I 5I" + " I I Q Q" * 10 + " I I 5I i")
# struct gpio_v2_line_values: bits, mask.
VALUES = struct.Struct("=Q Q")
GET_LINE = 0xC250B407
GET_VALUES = 0xC010B40E
SET_VALUES = 0xC010B40F
ACTIVE_LOW = 1 << 1
OUTPUT = 1 << 3
CONSUMER = b"nsp gateway"
_MODULES = Path("/sys/module")
# Drivers with a parameter that makes an output outlive its process.
_KEEPING = ("pinctrl_bcm2835", "pinctrl_rp1")

Ioctl = Callable[[int, int, bytearray], int]


class GpioLine:
    """A line as output, off from the beginning. Raises ConfigError when it cannot be had; OSError later."""

    def __init__(self, config: RelayConfig, *, ioctl: Ioctl = fcntl.ioctl, modules: Path = _MODULES) -> None:
        _refuse_keeping(modules)
        self._ioctl = ioctl
        chip = config.chip
        flags = OUTPUT | (ACTIVE_LOW if config.active_low else 0)
        try:
            file = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise ConfigError(chip, "relay.chip", *_about_chip(error)) from error
        try:
            request = bytearray(REQUEST.pack(config.line, *[0] * 63, CONSUMER, flags, *[0] * 46, 1, *[0] * 7))
            ioctl(file, GET_LINE, request)
        except OSError as error:
            raise ConfigError(chip, "relay.line", *_about_line(config.line, error)) from error
        finally:
            os.close(file)
        self._file: int | None = REQUEST.unpack(request)[-1]

    def set(self, *, on: bool) -> None:
        """Switch the output. Raises OSError."""
        self._ioctl(self._handle(), SET_VALUES, bytearray(VALUES.pack(int(on), 1)))

    def get(self) -> bool:
        """Return what the output is by the kernel's word. Raises OSError."""
        values = bytearray(VALUES.pack(0, 1))
        self._ioctl(self._handle(), GET_VALUES, values)
        return bool(VALUES.unpack(values)[0] & 1)

    def close(self) -> None:
        """Release the line; to be called once or more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _handle(self) -> int:
        if self._file is None:
            raise OSError(errno.EBADF, "the line is released")
        return self._file


def _refuse_keeping(modules: Path) -> None:
    """Refuse a kernel that would hold the relay for a gateway that is dead."""
    for name in _KEEPING:
        path = modules / name / "parameters" / "persist_gpio_outputs"
        try:
            keeps = path.read_text().strip() in ("Y", "1")
        except OSError:
            continue
        if keeps:
            raise ConfigError(
                path,
                "relay",
                "this kernel keeps an output as it is when its program ends: a dead gateway would stay silent",
                "Add dtparam=strict_gpiod to config.txt and start the box again.",
            )


def _about_chip(error: OSError) -> tuple[str, str]:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return (
            "there is no such GPIO chip",
            "`ls /dev/gpiochip*` shows what there is. Is the board plugged in?",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be opened", "Add the gateway's user to the group that owns it (gpio)."
    return f"cannot be opened ({error.strerror})", "Name a GPIO chip."


def _about_line(line: int, error: OSError) -> tuple[str, str]:
    if error.errno == errno.EBUSY:
        return (
            f"line {line} is in use by another program",
            "`gpioinfo` shows by which. Stop it, or take another line.",
        )
    if error.errno == errno.EINVAL:
        return (
            f"line {line} does not exist here, or cannot be an output",
            "`gpioinfo` shows the lines of the chip.",
        )
    if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP):
        return (
            "is no GPIO chip, or the kernel is older than 5.10",
            "Name a GPIO chip, such as /dev/gpiochip0.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"line {line} may not be an output", "It may be an input for good; take another line."
    return f"line {line} cannot be had ({error.strerror})", "`gpioinfo` shows the lines of the chip."
