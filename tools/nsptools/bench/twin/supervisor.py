"""The kit twin: a board around a VM that runs the firmware from a flash image.

The supervisor is what is outside the processor: power, reset, watchdog, the wires.
It needs x86_64 Linux, where the VM exists. With ``usb`` it has a port for mpremote and a prompt.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from nsptools.bench.twin.display import ADDRESS, Ssd1306
from nsptools.bench.twin.errors import TwinError
from nsptools.bench.twin.image import lock_image
from nsptools.bench.twin.observed import Observed, ResetCause
from nsptools.bench.twin.process import VmProcess, free_port, open_terminal
from nsptools.bench.twin.usb import UsbPort
from nsptools.bench.twin.watchdog import Watchdog

DEFAULT_UNIQUE_ID = bytes.fromhex("02000000a001")
POWER_LOST = "the power failed in the middle of a write"
# A little less than the shims take of the VM's heap (53.6 kB), so that the firmware never has more than its bound.
SHIMS_BYTES = 51 * 1024
_TICKS_PERIOD_MS = 1 << 30


class Twin(Observed):
    """One simulated board. All times are wall time; use it from one event loop.

    ``uarts`` maps a UART id to a pseudo-terminal's path, ``de_pins`` a UART id to the pin
    that switches its RS485 driver. ``heap`` bounds what the firmware may use ("288k", or
    bytes); the shims, which a board has not, get SHIMS_BYTES beside it. ``heap_at_start``:
    what was in use before boot.py. ``ticks_to_wrap_ms``: when ``ticks_ms`` wraps
    after each start. ``sample_heap`` makes each watchdog feed (at most one a second) collect
    and report, see ``heap_peak``. ``on_log`` gets every line printed, ``on_pin`` every output
    that changes (pin, level), direction pins excepted, and (pin, None) for each at a new start: it floats.
    ``display``: what hangs on its I2C bus.
    ``usb``: where to make the link to its port for mpremote, which is there from ``start`` to ``kill``.
    """

    def __init__(
        self,
        name: str,
        image: Path,
        uarts: Mapping[int, str],
        de_pins: Mapping[int, int] | None = None,
        *,
        heap: str = "288k",
        unique_id: bytes = DEFAULT_UNIQUE_ID,
        ticks_to_wrap_ms: int = 300_000,
        sample_heap: bool = False,
        restart_on_reset: bool = True,
        on_log: Callable[[str], None] | None = None,
        on_pin: Callable[[int, int | None], None] | None = None,
        usb: Path | None = None,
        display: Ssd1306 | None = None,
    ) -> None:
        if not 0 < ticks_to_wrap_ms <= _TICKS_PERIOD_MS:
            raise ValueError(f"ticks_to_wrap_ms must be 1 to {_TICKS_PERIOD_MS}, not {ticks_to_wrap_ms}")
        super().__init__(name, on_log)
        self.image = image
        self.heap = heap
        self.restart_on_reset = restart_on_reset
        self._uarts = dict(uarts)
        self._de_pins = dict(de_pins or {})
        self._unique_id = unique_id
        self._ticks_to_wrap_ms = ticks_to_wrap_ms
        self._sample_heap = sample_heap
        self._on_pin = on_pin
        self._usb_path = usb
        self.display = display
        self._has_display = display is not None
        self._raw_temperatures: dict[int, int] = {}
        self.usb: UsbPort | None = None
        self._inputs: dict[int, int] = {}
        self._microvolts: dict[int, int] = {}
        self._rtc_hex = ""
        self._process: VmProcess | None = None
        self._running: asyncio.Task[None] | None = None
        self._power_lasts = 0
        self._next: ResetCause | None = None  # why the VM is started again; None: it stays off
        self._asleep_s = 0.0  # deep sleep before that
        self._wake_pin: tuple[int, int] | None = None  # (pin, level) that ends it
        self._wake_reason = 0
        self._woken = asyncio.Event()
        self.held: set[int] = set()  # outputs that keep their level in deep sleep and over resets
        self._powered = False  # a reset that the VM asked for as the power went starts nothing
        self._killed = False  # we ended the present VM; otherwise its end is a fault
        self._ready = False  # the present VM has mounted its flash
        self._watchdog = Watchdog(self._catch_up, self._bite)

    # Power

    async def start(self) -> None:
        """Switch the board on; returns when its flash is mounted and boot.py begins.

        Raises TwinError when it is on already, a terminal does not exist or the flash does
        not mount, ImageError when the image is in use.
        """
        if self._running is not None:
            raise TwinError(f"{self.name} is already on")
        held = [lock_image(self.image)]
        try:
            # Ours as well as the VM's, so that a reset does not look like a cut cable.
            held += [open_terminal(path) for path in self._uarts.values()]
        except OSError as error:
            for descriptor in held:
                os.close(descriptor)
            raise TwinError(f"{self.name}: {error.filename}: {error.strerror}") from error
        self._ready, self.exited, self._rtc_hex = False, None, ""
        self._wake_reason, self._powered = 0, True
        self.held.clear()
        if self._usb_path is not None:
            self.usb = UsbPort(self._usb_path, self._printed)
        self._running = asyncio.create_task(self._live(held), name=f"twin {self.name}")
        try:
            await self.wait_for(lambda: self._ready or self.exited is not None)
        except TwinError:
            await self.kill()
            raise
        if not self._ready:
            await self.kill()
            raise TwinError(f"{self.name} does not start: {self.tail()}")

    async def kill(self) -> None:
        """Cut the power, at any instruction. The image stays as it is; RTC memory is lost."""
        running, self._running = self._running, None
        if running is None:
            return
        self._watchdog.stop()
        if self.display is not None:
            self.display.cut()
        self._next, self._powered = None, False
        if self._process is not None:
            self._end()
        else:  # in deep sleep, or ended by itself
            running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()

    def fail_power_after(self, flash_bytes: int) -> None:
        """Let the power fail in the middle of a write, ``flash_bytes`` of programming after the next start.

        It counts anew from each reset; 0 = it lasts. Then ``exited`` is ``POWER_LOST``, until ``kill`` and ``start``.
        An erase counts as an eighth of its bytes, which is its share of the time.
        """
        self._power_lasts = flash_bytes

    async def power_cycle(self) -> None:
        """Cut the power and switch on again."""
        await self.kill()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    # Wires

    def set_pin(self, pin: int, level: int) -> None:
        """Drive input ``pin`` (0 or 1); it keeps this level over resets and power cuts."""
        self._inputs[pin] = level
        if (pin, level) == self._wake_pin:
            self._woken.set()
        self._send(f"pin {pin} {level}")

    def set_adc(self, pin: int, microvolts: int) -> None:
        """Put a voltage on an analogue input."""
        self._microvolts[pin] = microvolts
        self._send(f"adc {pin} {microvolts}")

    async def press(self, pin: int, ms: float) -> None:
        """Hold a button, a contact to earth, for so long."""
        self.set_pin(pin, 0)
        await asyncio.sleep(ms / 1000)
        self.set_pin(pin, 1)

    def set_temperature(self, pin: int, celsius: float | None, *, spoilt: bool = False) -> None:
        """Warm a DS18B20 on ``pin``; None takes it away, ``spoilt`` damages what it says."""
        absent, damaged = 40000, 40001  # as board/onewire.py
        raw = absent if celsius is None else damaged if spoilt else round(celsius * 16)
        self._raw_temperatures[pin] = raw
        self._send(f"onewire {pin} {raw}")

    def connect_display(self, *, connected: bool) -> None:
        """Pull the display's plug, or put it back: then it has lost what it showed."""
        if self.display is None:
            raise TwinError(f"{self.name} has no display")
        self._has_display = connected
        self.display.cut()
        self._send(f"i2c {ADDRESS} {int(connected)}")

    # Watching

    @property
    def running(self) -> bool:
        """The VM runs; False when off, in deep sleep or ended by itself."""
        return self._process is not None

    @property
    def asleep_s(self) -> float | None:
        """How long the deep sleep under way would last, in seconds; None while there is none."""
        return self._asleep_s if self._next is ResetCause.DEEP_SLEEP and not self.running else None

    @property
    def pid(self) -> int | None:
        """Process id of the VM, for figures from /proc."""
        return self._process.pid if self._process is not None else None

    # The VM's lives

    async def _live(self, held: list[int]) -> None:
        cause: ResetCause | None = ResetCause.POWER_ON
        try:
            while cause is not None:
                await self._one_life(cause)
                cause = self._next if self.restart_on_reset and self._powered else None
                if cause is ResetCause.DEEP_SLEEP:
                    await self._sleep()
        finally:
            self._watchdog.stop()
            if self.usb is not None:
                self.usb.close()
            for descriptor in held:
                os.close(descriptor)

    async def _sleep(self) -> None:
        """Deep sleep: outputs float unless they are held, and a button may end it."""
        self._let_go()
        if self._wake_pin is not None and self._inputs.get(self._wake_pin[0], 1) == self._wake_pin[1]:
            self._woken.set()
        try:
            async with asyncio.timeout(self._asleep_s):
                await self._woken.wait()
            self._wake_reason = 2  # as board/machine.py
        except TimeoutError:
            self._wake_reason = 4

    async def _one_life(self, cause: ResetCause) -> None:
        self.boots += 1
        self.reset_cause, self.exited = cause, None
        self._next, self._asleep_s, self._killed = None, 0.0, False
        self._wake_pin, self._woken = None, asyncio.Event()
        reason, self._wake_reason = self._wake_reason, 0
        self._let_go()
        self.wifi, self.page_port = None, free_port()
        settings: dict[str, object] = {
            "image": str(self.image.resolve()),
            "reset_cause": int(cause),
            "wake_reason": reason,
            "unique_id": self._unique_id.hex(),
            "ticks_to_wrap_ms": self._ticks_to_wrap_ms,
            "rtc": self._rtc_hex,
            "de_pins": self._de_pins,
            "pins": self._inputs,
            "adc": self._microvolts,
            "i2c": [ADDRESS] if self._has_display else [],
            "onewire": self._raw_temperatures,
            "sample_heap": self._sample_heap,
            "power_lasts": self._power_lasts,
            "page_port": self.page_port,
            "prompt": self.usb is not None,
            "raw_prompt": self.usb is not None and self.usb.raw and cause is ResetCause.SOFT,
        }
        try:
            self._process = VmProcess(
                settings,
                self._uarts,
                str(_bytes(self.heap) + SHIMS_BYTES),
                self._on_line,
                self._printed,
                self.usb,
            )
        except OSError as error:  # a terminal was closed while the board was off
            self._stopped(f"cannot start: {error.filename}: {error.strerror}")
            return
        status = await self._process.ended()
        self._process = None
        if not self._killed and self.usb is not None and status == 0:
            # Ctrl-D at the prompt: the VM ends, where a board only begins its programs anew.
            self.usb.say(b"MPY: soft reboot\r\n")
            self._next = ResetCause.SOFT
        elif not self._killed:
            self._stopped(f"the VM ended with status {status}")
        self._pulse()

    def _reset(self, cause: ResetCause, asleep_s: float = 0.0) -> None:
        if cause is not ResetCause.SOFT:  # a soft reset does not stop the watchdog of an ESP32
            self._watchdog.stop()
        self._next, self._asleep_s = cause, asleep_s
        self._note(f"reset: {cause.name}")
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._killed = True
            self._process.kill()

    def _bite(self) -> None:
        self._note("watchdog not fed in time")
        self._reset(ResetCause.WATCHDOG)

    def _catch_up(self) -> None:
        if self._process is not None:
            self._process.drain()

    # Lines

    def _send(self, line: str) -> None:
        if self._process is not None:
            self._process.send(line)

    def _on_line(self, line: str) -> None:
        if self._next is not None or self._running is None:
            return  # already being reset, or being switched off: a reset that was on its way would start it again
        verb, _, rest = line.partition(" ")
        words = rest.split()
        match verb:
            case "feed":
                self._watchdog.feed()
            case "wdt":
                self._watchdog.start(int(rest) / 1000)
            case "reset":
                self._reset(ResetCause.HARD)
            case "soft_reset":
                self._reset(ResetCause.SOFT)
            case "deepsleep":
                self._reset(ResetCause.DEEP_SLEEP, int(rest) / 1000)
            case "rtc":
                self._rtc_hex = "" if rest == "-" else rest
            case "hold":
                (self.held.add if words[1] == "1" else self.held.discard)(int(words[0]))
            case "wifi":
                self.wifi = (words[0], words[1]) if words else None
            case "wake":
                self._wake_pin = int(words[0]), int(words[1])
            case "pin":
                self._output_changed(int(words[0]), int(words[1]))
            case "uart":
                uart, baud, bits, parity, stop = words
                self.uart_settings[int(uart)] = f"{baud} {bits}{parity}{stop}"
            case "lost" | "destroyed" | "cut":
                counters = {"lost": self.lost, "destroyed": self.destroyed, "cut": self.cut}
                counters[verb][int(words[0])] += int(words[1])
            case "i2c":
                if self.display is not None:
                    self.display.write(bytes.fromhex(words[1]))
            case "heap":
                self.heap_peak = max(self.heap_peak or 0, int(rest))
            case "ready":
                self.heap_at_start, self._ready = int(rest), True
                if self.usb is not None:
                    self.usb.ready()
            case "power_lost":
                self._watchdog.stop()
                self._stopped(POWER_LOST)
                self._end()
            case "exited" | "fault":
                self._stopped(rest)
            case "note":
                self._note(rest)
            case _:
                raise TwinError(f"{self.name}: the shim said {line!r}, which is not in its protocol")
        self._pulse()

    def _let_go(self) -> None:
        """Outputs float from a start on, whatever level they had; not those that are held."""
        pins = [pin for pin in self.pins if pin not in self.held]
        for pin in pins:
            del self.pins[pin]
        for pin in pins:
            if self._on_pin is not None:
                self._on_pin(pin, None)

    def _output_changed(self, pin: int, level: int) -> None:
        self.pins[pin] = level
        if self._on_pin is not None:
            self._on_pin(pin, level)


def _bytes(heap: str) -> int:
    """A heap bound as ``-X heapsize`` takes it, in bytes."""
    units = {"k": 1024, "m": 1024 * 1024}
    unit = units.get(heap[-1:].lower(), 1)
    return int(heap if unit == 1 else heap[:-1]) * unit
