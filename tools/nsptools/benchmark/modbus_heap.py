"""Runs on the MicroPython VM: bytes of heap that one turn of the kit's poller takes, for each block of three devices.

The UART answers from a prepared buffer and takes no heap itself. Prints JSON: a list of [unit, address, bytes],
in the order of the polls, from the second of each block on.
"""

import asyncio
import gc
import json

from nspkit import modbus, models
from nspkit.bus import Bus
from nspkit.clock import Clock
from nspkit.kit import KitState
from nspkit.poll import Device, Poller

_POLLS = 400


class Uart:
    """Answers every read with registers that a device in service shows, at the second look."""

    def __init__(self) -> None:
        self.request = bytearray(8)
        self._reply = bytearray(260)
        self._length = self._looks = 0

    def write(self, data: bytes) -> int:
        """Take a request."""
        for index in range(8):
            self.request[index] = data[index]
        size = modbus.data_bytes(data[1], data[4] << 8 | data[5])
        self._reply[0], self._reply[1], self._reply[2] = data[0], data[1], size
        for index in range(size):
            self._reply[3 + index] = 0x43 if index % 4 == 0 else 0x10
        crc = modbus.crc16(self._reply, 0, 3 + size)
        self._reply[3 + size], self._reply[4 + size] = crc & 0xFF, crc >> 8
        self._length, self._looks = 5 + size, 0
        return 8

    def flush(self) -> None:
        """Nothing waits."""

    def any(self) -> int:
        """Bytes that wait."""
        self._looks += 1
        return 0 if self._looks < 2 else self._length

    def readinto(self, target: memoryview) -> int:
        """Give them all."""
        count = self._length
        for index in range(count):
            target[index] = self._reply[index]
        self._length = 0
        return count


class Meter:
    """Virtual time, and the heap's fill at every turn of the poller."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.uart = Uart()
        self.polls = []  # type: ignore[var-annotated]  # [unit, address, bytes]
        self._seen = {}  # type: ignore[var-annotated]  # by unit and address
        self._reads = self._filled = 0
        self.bus = Bus(
            self.uart, None, Clock(self.ms, _difference, self.sleep_ms), (19200, None, 1), _nothing
        )

    def ms(self) -> int:
        """Milliseconds."""
        return self.now_ms

    def sleep_ms(self, ms: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an awaitable without heap
        """Let time pass, through the real scheduler."""
        self.now_ms += ms
        return asyncio.sleep_ms(0)  # type: ignore[attr-defined]  # the VM's

    def turn(self) -> None:
        """Between two turns of the poller."""
        taken = gc.mem_alloc() - self._filled  # type: ignore[attr-defined]  # the VM's
        if self.bus.reads > self._reads:
            self._reads = self.bus.reads
            request = self.uart.request
            block = (request[0], request[2] << 8 | request[3])
            if block in self._seen:
                self.polls.append((block[0], block[1], taken))
            self._seen[block] = True
            if self._reads >= _POLLS:
                raise SystemExit
        gc.collect()
        self._filled = gc.mem_alloc()  # type: ignore[attr-defined]  # the VM has it


def _difference(end: int, start: int) -> int:
    return end - start


def _nothing(*_arguments: object) -> None:
    pass


meter = Meter()
with open("devices.json") as file:  # noqa: PTH123 - no pathlib on the VM
    devices = [Device(name, unit, models.get(model)) for name, unit, model in json.load(file)]
gc.disable()
try:
    asyncio.run(
        Poller(
            meter.bus,
            devices,
            KitState(("generator",)),
            Clock(meter.ms, _difference, meter.sleep_ms),
            _nothing,
            meter.turn,
        ).run()
    )
except SystemExit:
    print(json.dumps(meter.polls))  # noqa: T201 - its result
