"""Interrupts of a UART: what ``irq()`` returns, and what wakes on arriving bytes."""

import io

from channel import IOCTL_FILENO


class Irq:
    """What ``UART.irq`` returns; ``flags()`` tells a handler why it was called."""

    def __init__(self) -> None:
        self.last = 0

    def flags(self) -> int:
        return self.last


class Watch(io.IOBase):
    """A source for the channel: takes bytes in on behalf of the handler, also while nobody reads."""

    def __init__(self, uart, fileno) -> None:
        self.open = True
        self._uart = uart
        self._fileno = fileno

    def ioctl(self, request, argument) -> int:
        return self._fileno if request == IOCTL_FILENO else 0

    def service(self) -> int:
        self._uart.take_in()
        return self._uart.until_idle_ms()
