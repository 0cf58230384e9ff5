"""Runs on the MicroPython VM: umodbus, from a folder that the user names, against the wire of modbus_wire.py."""

import json
import struct
import sys

import modbus_virtual as virtual  # type: ignore[import-not-found]  # beside this script on the VM

_PAUSE_US = 50_000

with open("options.json") as file:  # noqa: PTH123 - no pathlib on the VM
    options = json.load(file)
world = virtual.World(options["path"])


class UART(virtual.Uart):  # type: ignore[misc]  # of a module that is on the VM only
    """A UART on the wire, made as ``machine`` makes one."""

    def __init__(self, _number: int, baudrate: int = 9600, **_settings: object) -> None:
        super().__init__(world, baudrate)


class Machine:
    """Stands for ``machine``."""

    Pin = None
    UART = UART


class Time:
    """Stands for ``time``: it passes when somebody looks at it, a little."""

    @staticmethod
    def ticks_us() -> int:
        """Microseconds."""
        world.advance(20)
        return int(world.now_us)

    @staticmethod
    def ticks_diff(end: int, start: int) -> int:
        """Distance."""
        return end - start

    @staticmethod
    def sleep_us(us: int) -> None:
        """Let it pass."""
        world.advance(max(0, us))


sys.modules["machine"] = Machine  # type: ignore[assignment]  # classes serve as modules there
sys.modules["time"] = Time  # type: ignore[assignment]  # as above
from umodbus.serial import Serial  # type: ignore[import-not-found]  # noqa: E402 - needs the two above

bus = Serial(uart_id=1, baudrate=options["baud"], pins=[1, 2])
seed = options["seed"]
go_on = True
while go_on:
    seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
    device = options["devices"][(seed >> 8) % len(options["devices"])]
    blocks = device["blocks"]
    function, first, count, _ = blocks[(seed >> 16) % len(blocks)]
    read = bus.read_holding_registers if function == 3 else bus.read_input_registers
    outcome, values = 2, b""
    try:
        words = read(device["unit"], first, count, False)
        outcome = 0
        for index, word in enumerate(words):
            values += struct.pack("<HH", (first + index) & 0xFFFF, word)
        if len(words) != count:
            outcome = 7
    except (OSError, ValueError, IndexError):  # all three mean "no data" with it
        outcome = 2
    # Kinder than to ours: without a pause it would read little but the wreckage of the reads before.
    world.advance(_PAUSE_US)
    go_on = world.tell(virtual.RESULT, outcome, len(values) // 4, values)
