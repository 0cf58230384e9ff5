"""Tries the parts of a kit one by one. On the bench it is run by the flasher, before the kit has ever started."""

import gc

from nspkit import persist, settings
from nspkit.board import Board

_LEAST_FREE = 20_000


def on_the_bench() -> dict:
    """Each part that can be tried without the world outside: True, False, or None where this board has it not."""
    parts = {"flash": _flash(), "counter": _counter(), "heap": _heap(), "led": _led()}
    return {"parts": parts}


def _flash() -> bool:
    try:
        with open("selftest.tmp", "w") as file:
            file.write("nsp")
        with open("selftest.tmp") as file:
            same = file.read() == "nsp"
        import os

        os.remove("selftest.tmp")
        return same
    except OSError:
        return False


def _counter() -> bool:
    try:
        generation, key, _ = settings.load_key("")
        persist.CounterStore("", generation, key)
    except (persist.CounterError, settings.SettingsError):
        return False
    return True


def _heap() -> bool:
    gc.collect()
    return gc.mem_free() >= _LEAST_FREE


def _led() -> bool:
    led = Board().led()
    led.on()
    led.off()
    return True
