"""Pins and buses as data, and the hardware made from them. With boot and main the only user of ``machine``."""

import asyncio
import gc
import os
import sys
import time

import machine

from nspkit import pins as board_pins
from nspkit.bus import PARITY
from nspkit.clock import Clock
from nspkit.pace import Pace
from nspkit.parts import Parts

WDT_MS = 60_000
TICK_MS = 250

_RESET_CAUSES = {
    machine.PWRON_RESET: "power",
    machine.WDT_RESET: "watchdog",
    machine.HARD_RESET: "software",
    machine.SOFT_RESET: "software",
    machine.DEEPSLEEP_RESET: "sleep",
}


class Led:
    """The status LED of a kit that does not start; the panel has it in one that runs."""

    def __init__(self, pin) -> None:
        self._pin = pin

    def repeat(self, flashes: int) -> None:
        """Flash a fault code for ever; mpremote's Ctrl-C ends it."""
        while True:
            for _ in range(flashes):
                self._pin(1)
                time.sleep_ms(200)
                self._pin(0)
                time.sleep_ms(200)
            time.sleep_ms(1500)


def _contact(pin: int | None):  # noqa: ANN202 - machine.Pin or None
    return None if pin is None else machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)


def _output(pin: int | None, level: int):  # noqa: ANN202 - as above
    return None if pin is None else machine.Pin(pin, machine.Pin.OUT, value=level)


def _voltage(pin: int | None):  # noqa: ANN202 - the microvolts at a pin, or None
    return None if pin is None else machine.ADC(machine.Pin(pin), atten=machine.ADC.ATTN_11DB).read_uv


def _thermometer(pin: int | None):  # noqa: ANN202 - a driver is imported only where there is something to drive
    if pin is None:
        return None
    from nspkit.thermometer import Thermometer

    return Thermometer(machine.Pin(pin))


def _display(pins: tuple | None):  # noqa: ANN202 - as above
    if pins is None:
        return None
    from nspkit.oled import Oled

    sda, scl, reset, power = pins
    i2c = machine.I2C(0, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=400_000)
    return Oled(i2c, _output(reset, 1), _output(power, 1))


class Board:
    """What the kit gets of its hardware. ``folder``: prefix of its files, "" = root of the flash."""

    folder = ""
    collect = staticmethod(gc.collect)

    def __init__(self) -> None:
        self.clock = Clock(time.ticks_ms, time.ticks_diff, asyncio.sleep_ms)
        self.reset_cause = _RESET_CAUSES.get(machine.reset_cause(), "unknown")

        self.interpreter = tuple(sys.implementation.version)

    def pace(self) -> Pace:
        """How a task waits for its next turn."""
        return Pace(self.clock, TICK_MS)

    def rtc(self):  # noqa: ANN201 - machine.RTC: its memory outlives every reset but the loss of power
        return machine.RTC()

    def wdt(self):  # noqa: ANN201 - machine.WDT; from here on it must be fed
        return machine.WDT(timeout=WDT_MS)

    def led(self) -> Led:
        return Led(machine.Pin(board_pins.LED, machine.Pin.OUT))

    def parts(self) -> Parts:
        """What this board has of its own: buttons, light, sound, display, measurements."""
        pins = board_pins
        return Parts(
            led=machine.Pin(pins.LED, machine.Pin.OUT, value=0),
            buzzer=_output(pins.BUZZER, 0),
            help=_contact(pins.HELP),
            silence=_contact(pins.SILENCE),
            inputs=tuple([_contact(pin) for pin in pins.INPUTS]),
            display=_display(pins.DISPLAY),
            cell=_voltage(pins.CELL),
            supply=_voltage(pins.SUPPLY),
            permille=(pins.CELL_PERMILLE, pins.SUPPLY_PERMILLE),
            thermometer=_thermometer(pins.TEMPERATURE),
        )

    def access_point(self):  # noqa: ANN201 - wifi.AccessPoint, or None where the chip has no Wi-Fi
        """What a local page is reached by; its driver is imported only when somebody wants it."""
        try:
            from nspkit.wifi import AccessPoint
        except ImportError:
            return None
        return AccessPoint()

    def bus(self, conf: dict) -> tuple:
        """(uart, driver-enable pin or None) of an RS485 bus, from its settings."""
        pins = board_pins.UARTS[conf["uart"]]
        de = None if pins["de"] is None else machine.Pin(pins["de"], machine.Pin.OUT, value=0)
        return self._uart(conf, pins, conf["baud"]), de

    def radio(self, conf: dict):  # noqa: ANN201 - machine.UART
        """UART of the modem: 115,200 8N1."""
        return self._uart(conf, board_pins.UARTS[conf["uart"]], 115200)

    def modem_power(self, conf: dict, uart) -> tuple:
        """The hand on the modem at ``uart``: (reset, cut), each called with True to hold it, False to let go.

        NRST is open drain; the gate of the P-FET in its 3.3 V is pulled down, so that it is on while nobody drives it.
        """
        nrst = machine.Pin(board_pins.MODEM_NRST, machine.Pin.OPEN_DRAIN, value=1)
        gate = machine.Pin(board_pins.MODEM_CUT, machine.Pin.OUT, value=0)
        pins = board_pins.UARTS[conf["uart"]]

        def reset(held: bool) -> None:
            nrst(0 if held else 1)

        def cut(off: bool) -> None:
            if off:
                gate(1)
                # Idle, our line is high and would feed the modem through its input.
                machine.Pin(pins["tx"], machine.Pin.OUT, value=0)
                reset(True)
            else:
                gate(0)
                uart.init(115200, tx=pins["tx"], rx=pins["rx"], rxbuf=pins["rxbuf"], timeout=0)
                reset(False)  # last: a line that rises while it starts is a glitch to it

        return reset, cut

    def restart(self) -> None:
        """Start anew. Never returns."""
        machine.reset()

    def random_ms(self, limit: int) -> int:
        """0 to ``limit`` - 1, from the hardware's random source."""
        return int.from_bytes(os.urandom(4), "big") % limit

    def free_heap(self) -> int:
        """Bytes that are free once nothing is held in vain."""
        gc.collect()
        return gc.mem_free()

    def forget(self, modules: tuple) -> None:
        """Let go of modules that were for the start only; the heap is small."""
        for name in modules:
            package, _, last = name.rpartition(".")
            sys.modules.pop(name, None)
            if package in sys.modules and hasattr(sys.modules[package], last):
                delattr(sys.modules[package], last)
        gc.collect()

    def _uart(self, conf: dict, pins: dict, baud: int):  # noqa: ANN202 - machine.UART
        return machine.UART(
            conf["uart"],
            baud,
            bits=8,
            parity=PARITY[conf.get("parity")],
            stop=conf.get("stop", 1),
            tx=pins["tx"],
            rx=pins["rx"],
            rxbuf=pins["rxbuf"],
            timeout=0,
        )
