"""One command at a time with a RUI3 modem: ask, wait for the answer, tell frames and events apart."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nspgateway.ports import ModemMute, ModemNotSet, ModemOld, ModemRefused, ModemSilent, Reception
from nspgateway.ports.serial_line import Event, SerialLine
from nsplink import rui3

# What a modem in its bootloader says to everything; here it stands as the error word of such an answer.
BOOT_MODE = "BOOT_MODE"
# The same for a modem that restarted before it answered: the answer will never come.
RESTARTED = "RESTARTED"
_BUSY = "AT_BUSY_ERROR"
_NOT_FOUND = "AT_COMMAND_NOT_FOUND"
# Of a frame while others talk; then it goes out all the same. Listening first is courtesy, never law.
_BUSY_TRIES = 3
_TRIES = 3  # of a command that may be sent twice
_MUTE = 3  # frames in a row whose end was not reported


@dataclass(frozen=True)
class Timing:
    """Deadlines and pauses, seconds on the wall.

    `answer_s`: a command's answer; `boot_s`: from reset to banner; `sent_s`: from the end of a frame's time on
    air to the event; `check_s`: between checks of a quiet modem; `retry_s`: first and longest pause before the
    port is opened again; `off_s`: how long its supply is cut; `renew_s`: without a frame, until receiving is
    started anew in case the modem is deaf without a sign.
    """

    answer_s: float = 1.0
    boot_s: float = 6.0
    sent_s: float = 3.0
    check_s: float = 30.0
    retry_s: tuple[float, float] = (0.5, 30.0)
    off_s: float = 2.0
    renew_s: float = 3600.0


class Conversation:
    """An open modem. All methods raise PortLost when the port goes away and ModemSilent at a deadline.

    `attention` is set when the modem says something unasked that needs looking after; then `restarted` tells
    whether it has lost its receive mode by a restart. `busy` counts how often it refused a frame as busy,
    `garbled` those that it received damaged.
    """

    def __init__(self, path: str, on_reception: Callable[[Reception], object], timing: Timing) -> None:
        self._path = path
        self._on_reception = on_reception
        self._timing = timing
        self._lock = asyncio.Lock()
        self._answer: asyncio.Future[Event] | None = None
        self._sent: asyncio.Future[Event] | None = None
        self._banner: asyncio.Future[Event] | None = None
        self._values: dict[str, str] = {}
        self._remarks: deque[str] = deque(maxlen=4)  # other lines of the present answer
        self.attention = asyncio.Event()
        self.restarted = False
        self._mute = False
        self.busy = 0
        self._unfinished = 0  # frames in a row whose end was not reported
        self._loop = asyncio.get_running_loop()
        self._heard_s = self._loop.time()
        self.garbled = 0
        self._line = SerialLine(path, self._take)

    def close(self) -> None:
        """Give the port back."""
        self._line.close()

    async def command(self, text: str) -> None:
        """Run one command until its OK. Raises ModemRefused with the modem's error word."""
        async with self._lock:
            await self._command(text)

    async def restart(self, text: str) -> None:
        """Send a command that restarts the modem and wait for its banner."""
        async with self._lock:
            self._banner = asyncio.get_running_loop().create_future()
            try:
                self._line.write(text)
                await self._wait(self._banner, self._timing.boot_s, text)
            finally:
                self._banner = None

    async def set_up(self, commands: Sequence[tuple[str, tuple[str, str, tuple[str, ...]] | None]]) -> None:
        """Check the firmware, bring it to P2P mode and write every setting, each read back.

        `commands` as from rui3.setup_commands. Raises ModemOld, ModemNotSet.
        """
        self.restarted = False
        self.attention.clear()
        try:
            await self.command(rui3.RX_OFF)
        except ModemRefused as refused:
            if refused.word == BOOT_MODE:
                raise
            # In LoRaWAN mode there is no receive mode to leave.
        version = await self._ask(rui3.ASK_VERSION, "VER")
        if (rui3.parse_version(version) or (0,)) < rui3.MIN_VERSION:
            least = ".".join(map(str, rui3.MIN_VERSION))
            raise ModemOld(f"the modem at {self._path} runs firmware {version}; it must be {least} or newer")
        if await self._ask(rui3.ASK_MODE, "NWM") != "0":
            await self.restart(rui3.MODE_P2P)
        for text, readback in commands:
            try:
                async with self._lock:
                    if text == rui3.RX_ON:
                        await self._do_not_sense()
                    await self._command(text, _TRIES)
            except ModemRefused as refused:
                raise ModemNotSet(f"modem not set: {refused}") from refused
            if readback is not None:
                query, name, accepted = readback
                value = await self._ask(query, name)
                if not rui3.same_value(value, accepted):
                    raise ModemNotSet(f"modem not set: {name} reads back {value}, not {accepted[0]}")

    async def receiving(self) -> bool:
        """Make sure that it receives; False when it had stopped and was started again.

        A modem that receives answers busy to a second start and goes on receiving. Raises ModemMute when frames
        went in and none came out.
        """
        if self._mute:
            self._mute = False
            raise ModemMute(f"the modem at {self._path} takes frames and does not send them")
        async with self._lock:
            return await self._receiving()

    async def transmit(self, data: bytes, air_s: float) -> bool:
        """Send one frame and wait until it is out; then as `receiving`.

        A modem that says busy may have restarted unseen, or be deaf in the belief that it receives: receiving is
        stopped and started, and the frame tried again. Raises ModemRefused when it is busy even then.
        """
        text = rui3.send_command(data)
        async with self._lock:
            for left in reversed(range(_BUSY_TRIES)):
                try:
                    return await self._transmit(text, air_s)
                except ModemRefused as refused:
                    if refused.word != _BUSY:
                        raise
                self.busy += 1
                await self._rearm()
                if left:
                    # The frame's tag is as good as random: those who wait for the same end do not wait in step.
                    await asyncio.sleep((50 + data[-1]) / 1000)
            raise ModemRefused(text, _BUSY)

    async def _transmit(self, text: str, air_s: float) -> bool:
        self._sent = self._loop.create_future()
        silent: ModemSilent | None = None
        try:
            try:
                await self._command(text)
            except ModemSilent as error:
                silent = error  # or only its OK got lost: the end of the frame is as good
            event = await self._wait(self._sent, air_s + self._timing.sent_s, "a transmission")
        except ModemSilent:
            await self._not_finished(silent)
            raise
        except ModemRefused as refused:
            if refused.word == RESTARTED:
                raise self._cut_off() from refused
            raise
        finally:
            self._sent = None
        if event[0] == "error":
            raise self._cut_off()
        self._unfinished = 0
        try:
            return await self._receiving()
        except ModemRefused:
            # The frame is out, and has to count; that nothing is received is for whoever watches the modem.
            self.attention.set()
            return True

    def _cut_off(self) -> ModemSilent:
        """A restart in the middle of a frame: part of it may have been on the air, so it was not refused."""
        return ModemSilent(f"the modem at {self._path} restarted while it sent")

    async def _not_finished(self, silent: ModemSilent | None) -> None:
        """No end of a frame was reported; it may have left."""
        self._unfinished += 1
        self._mute = silent is None and self._unfinished >= _MUTE
        if silent is not None or self._mute:
            self._unfinished = 0
            self.attention.set()
            return
        try:
            await self._rearm()
        except ModemRefused:
            self.attention.set()

    async def quiet(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the modem wants attention."""
        attention = asyncio.ensure_future(self.attention.wait())
        try:
            await self._first(attention, seconds)
        finally:
            attention.cancel()
        self.attention.clear()

    async def _receiving(self) -> bool:
        now = self._loop.time()
        if now - self._heard_s >= self._timing.renew_s:
            self._heard_s = now
            await self._rearm()
            return True
        try:
            await self._command(rui3.RX_ON, _TRIES)
        except ModemRefused as refused:
            if refused.word != _BUSY:
                raise
            return True
        return False

    async def _rearm(self) -> None:
        """Stop receiving and start again: the cure where it is deaf and believes that it receives."""
        await self._command(rui3.RX_OFF, _TRIES)
        await self._command(rui3.RX_ON, _TRIES)

    async def _do_not_sense(self) -> None:
        """Send without sensing the channel first; firmware that cannot sense refuses, which is no fault.

        What a gateway senses is a kit that speaks to it, and sensing ends its reception: the frame is lost either
        way, and the kit that waits for an answer is better off with it. Kits sense before they talk, us too.
        """
        try:
            await self._command(rui3.CAD_OFF, _TRIES)
        except ModemRefused as refused:
            if refused.word in (BOOT_MODE, RESTARTED):
                raise

    async def _ask(self, query: str, name: str) -> str:
        async with self._lock:
            await self._command(query, _TRIES)
            if name in self._values:
                return self._values[name].strip()
            if self._remarks:  # firmware from before RUI3 answers without the name
                return self._remarks[-1]
            raise ModemSilent(f"the modem at {self._path} gives no value for {query}")

    async def _command(self, text: str, tries: int = 1) -> None:
        """Run a command; `tries` for one that may be sent twice, when nothing comes or the line was spoilt."""
        for left in reversed(range(tries)):
            try:
                await self._command_once(text)
            except ModemSilent:
                if not left:
                    raise
            except ModemRefused as refused:
                if refused.word != _NOT_FOUND or not left:
                    raise
            else:
                return

    async def _command_once(self, text: str) -> None:
        self._answer = self._loop.create_future()
        self._values.clear()
        self._remarks.clear()
        try:
            self._line.write(text)
            event = await self._wait(self._answer, self._timing.answer_s, text)
        finally:
            self._answer = None
        _expect_no_error(text, event)

    async def _wait(self, future: asyncio.Future[Event], seconds: float, what: str) -> Event:
        await self._first(future, seconds)
        if not future.done():
            raise ModemSilent(f"the modem at {self._path} does not answer ({what[:40]}, {seconds:g} s)")
        return future.result()

    async def _first(self, future: asyncio.Future[Any], seconds: float) -> None:
        """Wait for `future`, the deadline or the end of the line; the last raises its reason."""
        both: set[asyncio.Future[Any]] = {future, self._line.lost}
        await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._line.lost.done():
            raise self._line.lost.result()

    def _take(self, event: Event) -> None:
        """Sort one event; called by the line as bytes arrive."""
        match event:
            case ("rx", rssi, snr, data):
                self._heard_s = self._loop.time()
                self._on_reception(Reception(data, rssi, None if snr is None else float(snr)))
            case ("ok",) | ("error", _):
                _resolve(self._answer, event)
            case ("boot_mode",):
                _resolve(self._answer, ("error", BOOT_MODE))
                self.attention.set()
            case ("value", name, text):
                self._values[name] = text
            case ("tx_done",):
                _resolve(self._sent, event)
            case ("banner", _):
                if not _resolve(self._banner, event):
                    self.restarted = True
                    self.attention.set()
                    _resolve(self._answer, ("error", RESTARTED))
                    _resolve(self._sent, ("error", RESTARTED))
            case ("rx_timeout",):
                self.attention.set()
            case ("rx_error",):
                self.garbled += 1
            # Echoes and remarks of an application are no answers.
            case ("noise", text) if not text.startswith(("AT", "[")):
                self._remarks.append(text)


def _expect_no_error(command: str, event: Event) -> None:
    if event[0] == "error":
        raise ModemRefused(command, event[1])


def _resolve(future: asyncio.Future[Event] | None, event: Event) -> bool:
    """Hand an event to whoever waits for it; False when nobody does."""
    if future is None or future.done():
        return False
    future.set_result(event)
    return True
