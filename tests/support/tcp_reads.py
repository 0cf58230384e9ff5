"""Reads over Modbus TCP one after the other, in the dialect that every interpreter speaks.

The test's server answers each as its plan says; the outcomes must be the same on CPython and on the board's VM.
"""

from nspkit.bus import BusError
from nspkit.bus_tcp import TcpBus


class Model:
    def __init__(self, timeout_ms):
        self.timeout_ms = timeout_ms


class Device:
    """What the bus wants to know of a device."""

    line = None

    def __init__(self, timeout_ms, unit=100):
        self.unit = self.reply_unit = unit
        self.model = Model(timeout_ms)


async def outcomes(port, timeouts_ms):
    """Hex of the data of each read of two registers, or its error's text; then the bus's own count of errors."""
    bus = TcpBus("127.0.0.1", port, None)
    seen = []
    for index, timeout_ms in enumerate(timeouts_ms):
        try:
            data = await bus.read(Device(timeout_ms), 3, 840 + index, 2)
            seen.append("".join(["%02x" % byte for byte in data]))
        except BusError as error:
            seen.append(str(error))
    await bus.close()
    return seen, bus.reads, [bus.errors[kind] for kind in ("timeout", "garbled", "exception", "closed")]
