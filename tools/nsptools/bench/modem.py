"""A RUI3 modem (RAK3172 class) on a pseudo-terminal: the state machine between AT commands and the air.

Behaviour from the maker's AT manual. It leaves the factory in LoRaWAN mode; in P2P mode it powers up in receive
and answers AT_BUSY_ERROR to settings until AT+PRECV=0. Settings survive a reset, the receive mode does not.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

from nsptools.bench import modem_at as at
from nsptools.bench.air import Air
from nsptools.bench.modem_radio import RX_OFF, RX_ONLY, P2pRadio
from nsptools.bench.modem_uart import ModemUart

VERSION = "RUI_4.2.1_RAK3172-E"

Hang = Literal["no_answer", "boot_mode", "falls_out_of_receive"]


class Rui3Modem:
    """One modem on one air; `settings` is what its flash holds at first, `cad_waits` as in `P2pRadio`."""

    def __init__(
        self,
        air: Air,
        name: str,
        *,
        version: str = VERSION,
        settings: at.Settings | None = None,
        baud: int = 115_200,
        boot_s: float = 0.2,
        cad_waits: bool = True,
    ) -> None:
        self.name = name
        self.version = version
        self.radio = P2pRadio(air, name, settings or at.Settings(), self._say, cad_waits=cad_waits)
        self.boots = 0
        self._air = air
        self._baud = baud
        self._boot_s = boot_s
        self._uart: ModemUart | None = None
        self._folder: Path | None = None
        self._powered = False
        self._booting: asyncio.TimerHandle | None = None  # set while the firmware starts
        self._echo = False
        self._hang: Hang | None = None
        self._cure: str | None = None  # the command that ends "no_answer"; None: only cutting the power

    @property
    def sent(self) -> int:
        """Frames whose time on air ended."""
        return self.radio.sent

    @property
    def settings(self) -> at.Settings:
        """What its flash holds now."""
        return self.radio.settings

    @property
    def path(self) -> str:
        """The serial port, stable over unplugging. Raises RuntimeError before `start`."""
        return str(self._port.path)

    async def start(self) -> None:
        """Plug in and power up; the firmware's banner follows after its boot time."""
        self._folder = Path(tempfile.mkdtemp(prefix="nsp-modem-"))
        self._uart = ModemUart(self._air.loop, self._folder / self.name, self._baud, self._handle)
        self.replug()

    async def stop(self) -> None:
        """Unplug for good and remove the port's folder; a second call does nothing."""
        if self._uart is not None:
            self.unplug()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._uart = self._folder = None

    def unplug(self) -> None:
        """Pull the modem out: no power, no port, its frame cut off. Settings stay, a hang does not."""
        if not self._powered:
            return
        self._powered = False
        self._go_silent()
        self._air.detach(self.radio)
        self._port.unplug()
        self.recover()

    def replug(self) -> None:
        """Plug it in again at the same path; it boots."""
        if self._powered:
            return
        self._powered = True
        self._port.plug()
        self._air.attach(self.radio)
        self._boot()

    def hang(self, kind: Hang, cure: str | None = None) -> None:
        """Bring the firmware into a state it is known for.

        "no_answer": dead to the host and to the air until `cure` (a command, "ATZ" for one) or a power cycle;
        "boot_mode": the bootloader answers until AT+RUN; "falls_out_of_receive": stops receiving after each
        transmission until told otherwise (`recover`).
        """
        self._hang = kind
        self._cure = cure
        self.radio.forgets_receive = kind == "falls_out_of_receive"
        if kind == "boot_mode":
            self._go_silent()
            self._say("<.BOOT MODE>")
        elif kind == "no_answer":
            self._go_silent()

    def recover(self) -> None:
        """End a hang from outside, as a test or a trainer may."""
        self._hang = None
        self._cure = None
        self.radio.forgets_receive = False

    @property
    def _port(self) -> ModemUart:
        if self._uart is None:
            raise RuntimeError(f"modem {self.name} is not started")
        return self._uart

    def _say(self, line: str) -> None:
        self._port.write(line + "\r\n")

    def _handle(self, line: str) -> None:
        """Answer one line of the host."""
        word = line.strip().upper()
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
                self._boot()
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
        if parameter is None:
            return at.NOT_FOUND
        if parameter.p2p_only and self.settings.mode != at.LORA_P2P:
            return at.NO_SUPPORT
        if command.form == "query":
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
        self._port.write(f"AT+{name}={text}\r\n\r\n")
        return at.OK

    def _go_silent(self) -> None:
        if self._booting is not None:
            self._booting.cancel()
            self._booting = None
        self.radio.go_silent()

    def _boot(self) -> None:
        self._go_silent()
        self._echo = False
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
