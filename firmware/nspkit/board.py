"""Pins and buses as data, and the hardware made from them. With boot and main the only user of ``machine``."""

import asyncio
import gc
import os
import time

import machine

from nspkit.clock import Clock

WDT_MS = 60_000

# ESP32-S3 DevKit with a RAK3172 module; not yet built.
LED = 2
UARTS: dict = {
    1: {"tx": 17, "rx": 18, "de": 4, "rxbuf": 512},
    2: {"tx": 15, "rx": 16, "de": None, "rxbuf": 2048},
}

_PARITY = {None: None, "even": 0, "odd": 1}
_RESET_CAUSES = {
    machine.PWRON_RESET: "power",
    machine.WDT_RESET: "watchdog",
    machine.HARD_RESET: "software",
    machine.SOFT_RESET: "software",
    machine.DEEPSLEEP_RESET: "sleep",
}


class Led:
    """The status LED. ``code(n)`` leaves it lit: the code itself is told by the log."""

    def __init__(self, pin) -> None:
        self._pin = pin

    def on(self) -> None:
        self._pin(1)

    def off(self) -> None:
        self._pin(0)

    def code(self, flashes: int) -> None:
        """Flash a fault code once; the technician power-cycles to see it again."""
        for _ in range(flashes):
            self._pin(1)
            time.sleep_ms(200)
            self._pin(0)
            time.sleep_ms(200)


class Board:
    """What the kit gets of its hardware. ``folder``: prefix of its files, "" = root of the flash."""

    folder = ""
    collect = staticmethod(gc.collect)

    def __init__(self) -> None:
        self.clock = Clock(time.ticks_ms, time.ticks_diff, asyncio.sleep_ms)
        self.reset_cause = _RESET_CAUSES.get(machine.reset_cause(), "unknown")

    def wdt(self):  # noqa: ANN201 - machine.WDT; from here on it must be fed
        return machine.WDT(timeout=WDT_MS)

    def led(self) -> Led:
        return Led(machine.Pin(LED, machine.Pin.OUT))

    def bus(self, conf: dict) -> tuple:
        """(uart, driver-enable pin or None) of an RS485 bus, from its settings."""
        pins = UARTS[conf["uart"]]
        de = None if pins["de"] is None else machine.Pin(pins["de"], machine.Pin.OUT, value=0)
        return self._uart(conf, pins, conf["baud"]), de

    def radio(self, conf: dict):  # noqa: ANN201 - machine.UART
        """UART of the modem: 115,200 8N1."""
        return self._uart(conf, UARTS[conf["uart"]], 115200)

    def random_ms(self, limit: int) -> int:
        """0 to ``limit`` - 1, from the hardware's random source."""
        return int.from_bytes(os.urandom(4), "big") % limit

    def _uart(self, conf: dict, pins: dict, baud: int):  # noqa: ANN202 - machine.UART
        return machine.UART(
            conf["uart"],
            baud,
            bits=conf.get("bits", 8),
            parity=_PARITY[conf.get("parity")],
            stop=conf.get("stop", 1),
            tx=pins["tx"],
            rx=pins["rx"],
            rxbuf=pins["rxbuf"],
            timeout=0,
        )
