"""A RUI3 modem (RAK3172 class) on a pseudo-terminal: the state machine between AT commands and the air.

Behaviour from the maker's AT manual, faults from its change log and its forum. It leaves the factory in LoRaWAN
mode; in P2P mode it powers up in receive and answers AT_BUSY_ERROR to settings until AT+PRECV=0. Settings survive
a reset, the receive mode does not.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from nsptools.bench import modem_at as at
from nsptools.bench.air import Air
from nsptools.bench.modem_radio import RX_OFF, RX_ONLY, Fault, P2pRadio
from nsptools.bench.modem_uart import MemoryEnd, MemoryUart, ModemUart

VERSION = "RUI_4.2.1_RAK3172-E"

Hang = Fault | Literal["no_answer", "dead", "dies_on_reset", "dies_of_a_glitch", "boot_mode", "chatter"]
"""States in which such modems are found, beside those of `modem_radio.Fault`.

no_answer         dead to the host and to the air, until the cure
dead              the same for ever: nothing helps
dies_on_reset     works, until ATZ or its reset pin: then no answer until its supply is cut
dies_of_a_glitch  works, until a spoilt byte comes in: then the same
boot_mode         the bootloader answers, after a reset too, until AT+RUN
chatter           an application's remarks stand between all lines
"""
_GLITCH = "\N{REPLACEMENT CHARACTER}"


class Rui3Modem:
    """One modem on one air; `settings` is what its flash holds at first, `cad_waits` as in `P2pRadio`.

    `quirks`: how its firmware differs from the present one; without, what is known of `version`.
    `in_memory`: its port is `host`, for virtual time, and not a pseudo-terminal at `path`.
    `steps` counts what was done to its pins: "NRST", "supply".
    """

    def __init__(
        self,
        air: Air,
        name: str,
        *,
        version: str = VERSION,
        settings: at.Settings | None = None,
        baud: int = 115_200,
        boot_s: float = 0.2,
        cad_waits: bool = False,
        quirks: Collection[at.Quirk] | None = None,
        in_memory: bool = False,
    ) -> None:
        self.name = name
        self.version = version
        self.quirks = at.quirks_of(version) if quirks is None else frozenset(quirks)
        self.radio = P2pRadio(air, name, settings or at.Settings(), self._say, cad_waits=cad_waits)
        self.radio.two_line_events = "two_line_events" in self.quirks
        self.boots = 0
        self.steps: Counter[str] = Counter()
        self._air = air
        self._baud = baud
        self._boot_s = boot_s
        self._in_memory = in_memory
        self._uart: ModemUart | MemoryUart | None = None
        self._folder: Path | None = None
        self._powered = False
        self._held = False  # NRST is low
        self._booting: asyncio.TimerHandle | None = None  # set while the firmware starts
        self._echo = False
        self._hang: Hang | None = None
        self._cure: str | None = None  # the command that ends "no_answer"; None: only cutting the power
        self._losing: list[str] = []  # beginnings of the next lines that get lost

    @property
    def sent(self) -> int:
        """Frames whose time on air ended."""
        return self.radio.sent

    @property
    def hung(self) -> Hang | None:
        """Which of the known states it is in."""
        return self._hang

    @property
    def settings(self) -> at.Settings:
        """What its flash holds now."""
        return self.radio.settings

    @property
    def path(self) -> str:
        """The serial port, stable over unplugging. Raises RuntimeError before `start`, TypeError for one in memory."""
        port = self._port
        if isinstance(port, MemoryUart):
            raise TypeError(f"modem {self.name} is on a wire in memory")
        return str(port.path)

    @property
    def host(self) -> MemoryEnd:
        """The host's end of a wire in memory. Raises RuntimeError before `start`, TypeError for one at a `path`."""
        port = self._port
        if isinstance(port, ModemUart):
            raise TypeError(f"modem {self.name} is at {port.path}")
        return port.host

    @property
    def hands(self) -> tuple[Callable[[bool], None], Callable[[bool], None]]:
        """Its reset and its supply as a board has them: True holds it in reset, cuts it off; False lets go."""
        return self.hold, lambda off: self.supply(not off)

    async def start(self) -> None:
        """Plug in and power up; the firmware's banner follows after its boot time."""
        if self._in_memory:
            self._uart = MemoryUart(self._air.loop, self._baud, self._handle)
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="nsp-modem-"))
            self._uart = ModemUart(self._air.loop, self._folder / self.name, self._baud, self._handle)
        self.replug()

    async def stop(self) -> None:
        """Unplug for good and remove the port's folder; a second call does nothing."""
        self.radio.hearing = "all"
        if self._uart is not None:
            self.unplug()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._uart = self._folder = None

    def unplug(self) -> None:
        """Pull the modem out: no power, no port, its frame cut off. Settings stay, a hang does not."""
        self._power_off()
        self._port.unplug()

    def replug(self) -> None:
        """Plug it in again at the same path; it boots."""
        self._port.plug()
        self._power_on()

    def supply(self, on: bool) -> None:
        """Switch its supply; the port stays, as the pins of a board do."""
        if on:
            self._power_on()
        elif self._powered:
            self.steps["supply"] += 1
            self._power_off()
            self._port.clear()

    def hold(self, low: bool) -> None:
        """Pull its reset pin low, or let it go: then it boots, unless its hang is of the kind that stays."""
        if low == self._held:
            return
        self._held = low
        if not self._powered:
            return
        self._go_silent()
        if low:
            self.steps["NRST"] += 1
            return
        if self._hang == "no_answer" and self._cure is not None:
            self.recover()
        self._restart()

    def hang(self, kind: Hang, cure: str | None = None) -> None:
        """Bring the firmware into a state it is known for, see `Hang`.

        `cure` ends "no_answer": a command ("ATZ" for one) or "NRST"; a command's hang ends by NRST too, and any but
        "dead" by a power cycle or `recover`.
        """
        self._hang = kind
        self._cure = cure
        self.radio.fault = next((fault for fault in get_args(Fault) if fault == kind), None)
        if kind == "boot_mode":
            self._go_silent()
            self._say("<.BOOT MODE>")
        elif kind in {"no_answer", "dead"}:
            self._go_silent()

    def recover(self) -> None:
        """End a hang from outside, as a test or a trainer may."""
        self._hang = None
        self._cure = None
        self.radio.fault = None

    def lose(self, start: str, times: int = 1) -> None:
        """Lose the next lines to the host that begin like this, as a noisy wire may."""
        self._losing += [start] * times

    def restart(self) -> None:
        """Restart by itself, as after a dip of its supply."""
        self._boot()

    def _power_on(self) -> None:
        if self._powered:
            return
        self._powered = True
        self._air.attach(self.radio)
        self._restart()

    def _power_off(self) -> None:
        if not self._powered:
            return
        self._powered = False
        self._go_silent()
        self._air.detach(self.radio)
        if self._hang != "dead":
            self.recover()

    @property
    def _port(self) -> ModemUart | MemoryUart:
        if self._uart is None:
            raise RuntimeError(f"modem {self.name} is not started")
        return self._uart

    def _say(self, line: str) -> None:
        for start in self._losing:
            if line.startswith(start):
                self._losing.remove(start)
                return
        if self._hang == "chatter":
            self._port.write("[APP] sensor 21.5\r\n")
        self._port.write(line + "\r\n")

    def _handle(self, line: str) -> None:
        """Answer one line of the host."""
        word = line.strip().upper()
        if not self._powered or self._held or self._hang == "dead":
            return
        if self._hang == "dies_of_a_glitch" and _GLITCH in line:
            self.hang("no_answer")
        if self._hang == "no_answer":
            if word != self._cure:
                return
            self.recover()
        if self._booting is not None:
            return
        if self._hang == "boot_mode":
            if word == "AT+RUN":
                self.recover()
                self._boot()
            else:
                self._say("<.BOOT MODE>")
            return
        if self._echo:
            self._say(line)
        command = at.parse(line)
        status = at.NOT_FOUND if command is None else self._execute(command)
        if status:
            self._say(status)

    def _execute(self, command: at.Command) -> str | None:
        """Carry a command out; the status word to answer, None when the modem restarts instead."""
        match command:
            case at.Command("run", "Z") | at.Command("set", "NWM", "0" | "1"):
                if command.value:
                    self.radio.settings = replace(self.settings, mode=int(command.value))
                self._restart()
                return None
            case at.Command("run", ""):
                return at.OK
            case at.Command("run", "E"):
                self._echo = not self._echo
                return at.OK
            case at.Command("run", "R"):
                self.radio.settings = at.Settings()
                return at.OK
            case at.Command("run", "BOOT"):
                self.hang("boot_mode")
                return None
            case at.Command("help", name) if name in at.HELP:
                self._say(f"AT+{name}: {at.HELP[name]}")
                return at.OK
            case at.Command("query", "VER"):
                return self._value("VER", self.version)
            case at.Command("query", "NWM"):
                return self._value("NWM", str(self.settings.mode))
            case at.Command("set", "NWM"):
                return at.PARAM_ERROR
            case at.Command(_, "PSEND" | "PRECV") if self.settings.mode != at.LORA_P2P:
                return at.NO_SUPPORT
            case at.Command("set", "PSEND", value):
                return self.radio.send(at.payload(value))
            case at.Command("set", "PRECV", value):
                return self.radio.receive(at.receive_window(value))
            case at.Command(_, "PSEND" | "PRECV"):
                return at.PARAM_ERROR
        return self._parameter(command)

    def _parameter(self, command: at.Command) -> str:
        parameter = at.PARAMETERS.get(command.name)
        if parameter is None or not at.knows(self.version, command.name):
            return at.NOT_FOUND
        if parameter.p2p_only and self.settings.mode != at.LORA_P2P:
            return at.NO_SUPPORT
        if command.form == "query":
            if command.name == "P2P" and "old_bandwidth" in self.quirks:
                return self._value("P2P", at.p2p_in_khz(self.settings))
            return self._value(command.name, parameter.show(self.settings))
        if command.form != "set":
            return at.ERROR
        changed = parameter.change(self.settings, command.value)
        if changed is None:
            return at.PARAM_ERROR
        if parameter.p2p_only and self.radio.busy:
            return at.BUSY_ERROR
        self.radio.settings = changed
        return at.OK

    def _value(self, name: str, text: str) -> str:
        self._say(text if "bare_values" in self.quirks else f"AT+{name}={text}")
        self._port.write("\r\n")
        return at.OK

    def _go_silent(self) -> None:
        if self._booting is not None:
            self._booting.cancel()
            self._booting = None
        self.radio.go_silent()

    def _restart(self) -> None:
        """Start after a reset or a power cycle, as far as its hang lets it."""
        if self._hang == "dies_on_reset" and self.boots:
            self.hang("no_answer")
        if self._hang == "boot_mode":
            self._say("<.BOOT MODE>")
        elif self._hang not in {"no_answer", "dead"} and not self._held:
            self._boot()

    def _boot(self) -> None:
        self._go_silent()
        self._echo = "echo" in self.quirks
        self._booting = self._air.loop.call_later(self._boot_s, self._booted)

    def _booted(self) -> None:
        self._booting = None
        self.boots += 1
        p2p = self.settings.mode == at.LORA_P2P
        self._say("RAKwireless RAK3172")
        self._say("-" * 54)
        self._say(f"Version: {self.version}")
        self._say(f"Current Work Mode: {'LoRa P2P' if p2p else 'LoRaWAN'}.")
        self.radio.open_window(RX_ONLY if p2p else RX_OFF)
