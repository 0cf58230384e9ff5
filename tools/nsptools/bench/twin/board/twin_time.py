"""``time`` as an ESP32 has it: ticks that wrap at 2^30, epoch 2000, no clock set at start.

Only firmware sees this module. asyncio was imported before with the VM's own clock,
whose ticks do not wrap within a lifetime, so its schedule does not depend on it.
The numbers start a configurable time before the wrap (default 5 minutes), so that
every twin lives through a wrap that a board meets after 12.4 days.
"""

from time import gmtime as _gmtime
from time import mktime as _mktime
from time import ticks_diff as _diff64
from time import ticks_us as _ticks64_us

from channel import config, wait_us

_PERIOD = 1 << 30
_HALF = _PERIOD >> 1
_MASK = _PERIOD - 1
_EPOCH_S = 946684800  # 2000-01-01 in seconds since 1970

_boot_us = _ticks64_us()
_first_ms = _PERIOD - config["ticks_to_wrap_ms"]
_first_us = _first_ms * 1000
_clock = {"set_s": 0}  # what RTC().datetime(...) added to the time since boot


def _uptime_us() -> int:
    return _diff64(_ticks64_us(), _boot_us)


def ticks_ms() -> int:
    """Milliseconds, modulo 2^30."""
    return (_uptime_us() // 1000 + _first_ms) & _MASK


def ticks_us() -> int:
    """Microseconds, modulo 2^30 (17.9 minutes)."""
    return (_uptime_us() + _first_us) & _MASK


ticks_cpu = ticks_us


def ticks_diff(end, start) -> int:
    """Signed distance; wrong when the two lie more than half a period apart, as on a board."""
    return ((end - start + _HALF) & _MASK) - _HALF


def ticks_add(ticks, delta) -> int:
    """Ticks ``delta`` later; OverflowError beyond half a period, as on a board."""
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) & _MASK


def sleep(seconds) -> None:
    """Seconds."""
    wait_us(int(seconds * 1_000_000))


def sleep_ms(milliseconds) -> None:
    """Milliseconds."""
    wait_us(milliseconds * 1000)


sleep_us = wait_us


def time() -> int:
    """Seconds since 2000; a board that nobody set starts at 0."""
    return _uptime_us() // 1_000_000 + _clock["set_s"]


def time_ns() -> int:
    """Nanoseconds since 2000."""
    return (_uptime_us() + _clock["set_s"] * 1_000_000) * 1000


def gmtime(seconds=None) -> tuple:
    """(year, month, day, hour, minute, second, weekday, day of the year)."""
    return _gmtime((time() if seconds is None else seconds) + _EPOCH_S)[:8]


localtime = gmtime


def mktime(moment) -> int:
    """The reverse of gmtime."""
    return int(_mktime(tuple(moment[:8]) + (0,))) - _EPOCH_S


def set_clock(seconds) -> None:
    """For RTC: ``time()`` counts on from ``seconds`` since 2000."""
    _clock["set_s"] = seconds - _uptime_us() // 1_000_000
