"""``machine`` as the firmware of an ESP32 knows it, for the twin.

The supervisor on the PC plays the parts that live outside a VM: the watchdog, the
reset, the memory that survives one, and everything wired to a pin.
"""

import gc
from binascii import hexlify, unhexlify
from time import ticks_diff, ticks_ms

import twin_time
from channel import config, send, wait_for_ever, wait_us
from i2c import I2C  # noqa: F401  a part of this module's interface
from pins import ADC, Pin  # noqa: F401  as above
from uart import UART  # noqa: F401  as above
from umachine import Signal, time_pulse_us  # noqa: F401  as the board, from the VM

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
EXT0_WAKE = 2
TIMER_WAKE = 4

_RTC_BYTES = 2048
_HEAP_PERIOD_MS = 1000

_clock = {"hz": 160_000_000}


def reset() -> None:
    """The supervisor kills this VM and starts another."""
    send("reset")
    wait_for_ever()


def soft_reset() -> None:
    """As sys.exit in main.py: the interpreter starts anew, the watchdog goes on."""
    raise SystemExit


def deepsleep(time_ms=0) -> None:
    """Off for ``time_ms``, or until the pin of ``esp32.wake_on_ext0``; then a start with DEEPSLEEP_RESET."""
    send("deepsleep %d" % time_ms)
    wait_for_ever()


def reset_cause() -> int:
    """Why this start happened: one of the constants above."""
    return config["reset_cause"]


def wake_reason() -> int:
    """What ended the deep sleep before this start: one of the constants above, 0 after any other start."""
    return config["wake_reason"]


def unique_id() -> bytes:
    """Six bytes, different for each twin."""
    return unhexlify(config["unique_id"])


def idle() -> None:
    """Give the processor away for a moment."""
    wait_us(1000)


def freq(hz=None) -> int | None:
    """Clock of the processor in Hz; setting it changes nothing here."""
    if hz is None:
        return _clock["hz"]
    if hz not in (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _clock["hz"] = hz
    return None


class WDT:
    """Once started it cannot be stopped: the supervisor kills the VM ``timeout`` ms after a feed."""

    def __init__(self, id=0, timeout=5000) -> None:
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._sampled_ms = ticks_ms()
        send("wdt %d" % timeout)

    def feed(self) -> None:
        send("feed")
        if config["sample_heap"] and ticks_diff(ticks_ms(), self._sampled_ms) >= _HEAP_PERIOD_MS:
            self._sampled_ms = ticks_ms()
            gc.collect()
            send("heap %d" % gc.mem_alloc())


class RTC:
    """``memory`` survives a reset and a watchdog, not the loss of power."""

    def __init__(self, id=0) -> None:
        pass

    def memory(self, data=None) -> bytes | None:
        if data is None:
            return unhexlify(config["rtc"])
        if len(data) > _RTC_BYTES:
            raise ValueError("buffer too long")
        config["rtc"] = hexlify(data).decode()
        send("rtc " + (config["rtc"] or "-"))
        return None

    def datetime(self, datetimetuple=None) -> tuple | None:
        if datetimetuple is None:
            year, month, day, hour, minute, second, weekday, _ = twin_time.gmtime()
            return (year, month, day, weekday, hour, minute, second, 0)
        year, month, day, _, hour, minute, second, _ = datetimetuple
        twin_time.set_clock(twin_time.mktime((year, month, day, hour, minute, second, 0, 0)))
        return None

    def init(self, datetime) -> None:
        self.datetime(datetime)


class SPI:
    """A bus with nothing on it: the input line floats high."""

    MSB = 0
    LSB = 1

    def __init__(
        self, id, baudrate=1_000_000, *, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None,
        miso=None,
    ) -> None:  # fmt: skip
        pass

    def init(self, baudrate=1_000_000, *, polarity=0, phase=0, bits=8, firstbit=0) -> None:
        pass

    def deinit(self) -> None:
        pass

    def write(self, buf) -> None:
        pass

    def read(self, nbytes, write=0) -> bytes:
        return b"\xff" * nbytes

    def readinto(self, buf, write=0) -> None:
        for index in range(len(buf)):
            buf[index] = 0xFF

    def write_readinto(self, write_buf, read_buf) -> None:
        self.readinto(read_buf)
