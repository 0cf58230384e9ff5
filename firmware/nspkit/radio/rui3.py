"""RUI3 AT modem (RAK3172 class, firmware 4.2.1 or later) in LoRa P2P mode.

Sets the PHY words at every start and reads each back: a modem that is set
differently would be deaf without a sign. Recovery goes as far as reset and run;
a modem that hangs until its power is cut needs a board that can cut it.
"""

import asyncio

from nspkit.radio import RadioError, RadioRefused
from nsplink import rui3

_ANSWER_MS = 1000
_BANNER_MS = 4000
_POLL_MS = 10
_RETRY_MS = (1000, 2000, 5000, 10000, 30000)
_TRIES = 3


class Rui3:
    """The radio. ``uart``: as ``machine.UART`` at 115,200; ``on_frame(rssi, snr, data)``.

    ``state``: "down", "up"; ``reason``: why it is down, in words for the technician.
    """

    def __init__(self, uart, phy: dict, clock, on_frame, log, alive) -> None:
        self._uart = uart
        self._phy = phy
        self._clock = clock
        self._on_frame = on_frame
        self._log = log
        self._alive = alive
        self._reader = rui3.Reader()
        self._answers: list = []  # events of the command under way, or of the frame on air
        self._lock = asyncio.Lock()
        self.state = "down"
        self.reason = "not started"
        self.restarts = 0
        self._refused = 0  # frames in a row that it did not take
        self._silent = False  # whether the last command that failed got no answer at all

    async def run(self) -> None:
        """Read the modem for ever; set it up, and again whenever it was lost."""
        await asyncio.gather(self._pump(), self._keep_up())

    async def _keep_up(self) -> None:
        attempt = 0
        while True:
            if self.state == "down":
                try:
                    async with self._lock:
                        await self._set_up(attempt)
                    attempt = 0
                except RadioError as error:
                    self._down(str(error))
                    await self._clock.sleep_ms(_RETRY_MS[min(attempt, len(_RETRY_MS) - 1)])
                    attempt += 1
            await self._clock.sleep_ms(200)

    async def send(self, data: bytes, air_ms: int) -> None:
        """Send one frame; returns when its time on air has ended. Raises RadioError.

        ``air_ms``: its time on air, for the deadline.
        """
        async with self._lock:
            if self.state != "up":
                raise RadioRefused(self.reason)
            self._answers.clear()
            self._write(rui3.send_command(data))
            answer = await self._wait(("ok", "error", "tx_done"), _ANSWER_MS)
            if answer is None:
                self._down("the modem does not answer")
                raise RadioError(self.reason)
            if answer[0] == "error":
                self._refused += 1
                if self._refused >= _TRIES:
                    # As after a restart whose banner was lost: it wants to be set up again.
                    self._refused = 0
                    self._down("the modem refuses to send: " + answer[1])
                raise RadioRefused(answer[1])
            self._refused = 0
            if answer[0] == "ok" and await self._wait(("tx_done",), air_ms + 2 * _ANSWER_MS) is None:
                self._down("the modem did not say that the frame left")
                raise RadioError(self.reason)

    def _down(self, reason: str) -> None:
        if self.state == "up" or reason != self.reason:
            self._log("radio: " + reason)
        self.state = "down"
        self.reason = reason

    async def _set_up(self, attempt: int) -> None:
        """Steps of recovery come back with each failed attempt: stop receiving, reset, run."""
        self.restarts += 1
        if attempt and attempt % 3 == 0:
            self._write(rui3.RESET)
            await self._clock.sleep_ms(_BANNER_MS)
            self._write(rui3.RUN)
            await self._clock.sleep_ms(_ANSWER_MS)
        try:
            await self._command(rui3.RX_OFF)
        except RadioError:
            # Out of the box a modem is in LoRaWAN mode, where it has nothing to switch off.
            if self._silent:
                raise
        version = await self._ask(rui3.ASK_VERSION, "VER")
        if (rui3.parse_version(version) or (0, 0, 0)) < rui3.MIN_VERSION:
            raise RadioError("firmware %s is older than %d.%d.%d: update the modem" % ((version,) + rui3.MIN_VERSION))
        if (await self._ask(rui3.ASK_MODE, "NWM")).strip() != "0":
            self._answers.clear()
            self._write(rui3.MODE_P2P)
            await self._wait(("banner",), _BANNER_MS)
            await self._command(rui3.RX_OFF)
        for command, readback in rui3.setup_commands(self._phy):
            await self._command(command)
            if readback is not None:
                query, name, accepted = readback
                text = await self._ask(query, name)
                if not rui3.same_value(text, accepted):
                    raise RadioError("modem not set: %s reads back %s" % (name, text))
        self.state = "up"
        self.reason = ""
        self._log("radio: up")

    async def _command(self, command: str) -> None:
        for _ in range(_TRIES):
            self._answers.clear()
            self._write(command)
            answer = await self._wait(("ok", "error", "boot_mode"), _ANSWER_MS)
            if answer is None:
                continue
            if answer[0] == "ok":
                return
            if answer[0] == "boot_mode":
                self._write(rui3.RUN)
                await self._clock.sleep_ms(_BANNER_MS)
                continue
            self._silent = False
            raise RadioError("%s answers %s" % (command, answer[1]))
        self._silent = True
        raise RadioError("the modem does not answer: check its plug and its power")

    async def _ask(self, query: str, name: str) -> str:
        await self._command(query)
        for event in self._answers:
            if event[0] == "value" and event[1] == name:
                return event[2]
        raise RadioError("%s gives no value" % query)

    def _write(self, command: str) -> None:
        self._uart.write((command + rui3.EOL).encode())

    async def _wait(self, kinds: tuple, timeout_ms: int) -> tuple | None:
        deadline = self._clock.ms() + timeout_ms
        while self._clock.ms() < deadline:
            for event in self._answers:
                if event[0] in kinds:
                    return event
            await self._clock.sleep_ms(_POLL_MS)
        return None

    async def _pump(self) -> None:
        while True:
            self._alive()
            waiting = self._uart.any()
            data = self._uart.read(waiting) if waiting else None
            for event in self._reader.feed(data) if data else ():
                if event[0] == "rx":
                    self._on_frame(event[1], event[2], event[3])
                elif event[0] == "banner" and self.state == "up":
                    self._down("the modem restarted by itself")
                elif event[0] != "noise" and len(self._answers) < 16:
                    self._answers.append(event)
            await self._clock.sleep_ms(_POLL_MS)
