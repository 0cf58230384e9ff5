"""RUI3 AT modem (RAK3172 class, firmware 4.2.1 or later) in LoRa P2P mode.

Sets the PHY words at every start and reads each back: a modem that is set
differently would be deaf without a sign. A modem that hangs is revived by the
steps of ``ladder``; the last of them need a board that has a hand on its reset
pin and its supply.

Listen before talk is courtesy here, never law: with AT+CAD=1 the modem listens
inside AT+PSEND and answers busy when it hears somebody. Published firmware is
then left out of receive while it believes that it receives, so receiving is
stopped and started after every such answer.
"""

import asyncio

from nspkit.radio import RadioBusy, RadioError, RadioRefused, ladder
from nsplink import rui3

_POLL_MS = 10
_BUSY = "AT_BUSY_ERROR"
_NOT_FOUND = "AT_COMMAND_NOT_FOUND"
_STATUS = ("ok", "error", "boot_mode", "banner")
_ENDS = ("tx_done", "boot_mode", "banner")
_KEPT = _STATUS + ("tx_done", "value")


class _Fault(RadioError):
    """The modem does not do what it should. ``cause``: one of ladder.REASONS; ``word``: what it said."""

    def __init__(self, cause: str, word: str = "") -> None:
        super().__init__(ladder.REASONS[cause] + word)
        self.cause = cause
        self.word = word


class Rui3:
    """The radio. ``uart``: as ``machine.UART`` at 115,200; ``on_frame(rssi, snr, data)``.

    ``power``: the board's hand on the modem, (reset, cut), each a function of True
    (held, off) or False, or None where the board has none. ``state``: "down", "up";
    ``cause`` and ``reason``: why it is down, as a stable word and in words for the
    technician. ``counts``: ladder steps and faults by name, since the start.
    """

    def __init__(self, uart, phy: dict, clock, on_frame, log, alive, power: tuple = (None, None)) -> None:
        self._uart = uart
        self._phy = dict(phy)  # the settings themselves change before the modem does
        self._clock = clock
        self._on_frame = on_frame
        self._log = log
        self._alive = alive
        self._pins = (None,) + tuple(power)  # by kind of step
        self._reader = rui3.Reader()
        self._answers: list = []  # events of the command under way, or of the frame on air
        self._asking = False  # a query is under way: a line without a name may be its answer
        self._lock = asyncio.Lock()
        self.state = "down"
        self.cause = "starting"
        self.reason = ladder.REASONS["starting"]
        self.counts = dict.fromkeys([step[0] for step in ladder.STEPS] + list(ladder.COUNTS), 0)
        self._rung = 0  # where the next climb begins; back to 0 when a frame left
        self._restarted = False
        self._lost_done = 0  # frames in a row whose end was not reported
        self._line_ms = self._heard_ms = clock.ms()  # last line, last frame
        self._busy = 0  # frames in a row that found no room on the channel
        self._rude_ms: int | None = None  # since when it does not listen before it talks, though it could

    async def run(self) -> None:
        """Read the modem for ever; set it up, and again whenever it was lost."""
        await asyncio.gather(self._pump(), self._keep_up())

    async def clear(self) -> bool:
        """Whether nobody else is heard on the channel, as far as the radio can tell.

        No command of this modem only listens; it does so inside ``send``. So: True.
        """
        return True

    async def send(self, data: bytes, air_ms: int, top: bool = False) -> None:
        """Send one frame; returns when its time on air has ended. Raises RadioError, RadioBusy only without ``top``.

        ``air_ms``: its time on air, for the deadline.
        """
        self._need_up()
        async with self._lock:
            self._need_up()
            try:
                await self._transmit(data, air_ms, top)
            except _Fault as fault:
                self._down(fault)
                raise
            self._rung = self._lost_done = self._busy = 0
            await self._check()

    async def retune(self, phy: dict) -> None:
        """Change words of the physical layer (``frequency_hz``, ``sf``, ``power_dbm`` ...), each read back.

        On any fault the former record is put back and RadioError raised.
        """
        wanted = dict(self._phy)
        wanted.update(phy)
        try:
            rui3.setup_commands(wanted)
        except (KeyError, ValueError) as error:
            raise RadioRefused(ladder.REASONS["not_set"] + str(error)) from None
        self._need_up()
        async with self._lock:
            self._need_up()
            try:
                await self._set_words(wanted)
            except _Fault:
                try:
                    await self._set_words(self._phy)
                except _Fault as fault:
                    self._down(fault)
                raise
            self._phy = wanted

    def _need_up(self) -> None:
        if self.state != "up":
            raise RadioRefused(self.reason)

    async def _keep_up(self) -> None:
        climbs = 0
        while True:
            if self.state == "down":
                if await self._climb():
                    climbs = 0
                else:
                    await self._clock.sleep_ms(ladder.PAUSE_MS[min(climbs, len(ladder.PAUSE_MS) - 1)])
                    climbs += 1
            elif self._clock.ms() - self._line_ms >= ladder.QUIET_MS:
                async with self._lock:
                    if self.state == "up":
                        await self._check()
            await self._clock.sleep_ms(200)

    async def _climb(self) -> bool:
        """Set the modem up, with one step of the ladder before each further try; whether it worked."""
        start, self._rung = self._rung, 0
        for rung in range(start, len(ladder.STEPS) + 1):
            try:
                async with self._lock:
                    if rung == 0 or await self._step(ladder.STEPS[rung - 1]):
                        await self._set_up(1 if rung else ladder.TRIES)
                        self._rung = (rung + 1) % (len(ladder.STEPS) + 1)  # further, if it turns out not to help
                        return True
            except _Fault as fault:
                self._down(fault)
                if fault.cause == "old_firmware":
                    return False
        return False

    async def _step(self, step: tuple) -> bool:
        """Take one step; False when there is no way to, or no sense in it."""
        name, kind, held_ms, wait_ms = step
        # A bootloader knows nothing but AT+RUN.
        if self._pins[kind] is None if kind else self.cause == "boot_mode" and name != rui3.RUN:
            return False
        self.counts[name] += 1
        self._log("radio: reviving the modem: " + name)
        self._answers.clear()
        if kind:
            self._pins[kind](True)
            await self._clock.sleep_ms(held_ms)
            self._pins[kind](False)
        else:
            self._write(name)
        await self._wait(_STATUS if name == rui3.RX_OFF else ("banner",), wait_ms)
        return True

    async def _set_up(self, tries: int) -> None:
        self.counts["starts"] += 1
        await self._command(rui3.PING, tries)
        try:
            await self._command(rui3.RX_OFF)
        except _Fault as fault:
            # Out of the box a modem is in LoRaWAN mode, where it has nothing to switch off.
            if fault.cause != "refused":
                raise
        version = await self._ask(rui3.ASK_VERSION, "VER")
        if (rui3.parse_version(version) or (0, 0, 0)) < rui3.MIN_VERSION:
            raise _Fault("old_firmware", version)
        if (await self._ask(rui3.ASK_MODE, "NWM")).strip() != "0":
            self._answers.clear()
            self._write(rui3.MODE_P2P)
            await self._wait(("banner",), ladder.BANNER_MS)
        await self._set_words(self._phy)
        self.state = "up"
        self.cause = self.reason = ""
        self._log("radio: up")

    async def _set_words(self, phy: dict) -> None:
        """Write each word, read it back, and receive."""
        self._restarted = False
        for command, readback in rui3.setup_commands(phy):
            if command == rui3.RX_ON:
                await self._listen_first(True)
            try:
                await self._command(command)
            except _Fault as fault:
                if fault.cause == "refused":
                    raise _Fault("not_set", fault.word) from None
                raise
            if readback is not None:
                query, name, accepted = readback
                text = await self._ask(query, name)
                if not rui3.same_value(text, accepted):
                    raise _Fault("not_set", "%s reads back %s" % (name, text))
        if self._restarted:  # it came up in receive only
            raise _Fault("restarted")

    async def _listen_first(self, wanted: bool) -> None:
        """Listen before talk, on or off; firmware without it refuses, which is no fault."""
        self._rude_ms = None if wanted else self._clock.ms()
        try:
            await self._command(rui3.CAD_ON if wanted else rui3.CAD_OFF)
        except _Fault as fault:
            if fault.cause != "refused":
                raise
            self._rude_ms = None

    async def _check(self) -> None:
        """Whether it answers and receives; a modem that receives says busy and goes on receiving."""
        now = self._clock.ms()
        rude = self._rude_ms is not None and now - self._rude_ms >= ladder.RUDE_MS
        try:
            if rude or now - self._heard_ms >= ladder.RENEW_MS:
                self._heard_ms = now
                await self._rearm(True if rude else None)
                return
            try:
                await self._command(rui3.RX_ON)
            except _Fault as fault:
                if not fault.word.endswith(_BUSY):
                    raise
                return
            self.counts["rearmed"] += 1
        except _Fault as fault:
            self._down(fault)

    async def _rearm(self, listen_first: bool | None = None) -> None:
        """Stop receiving and start again: the cure where it is deaf and believes that it receives."""
        await self._command(rui3.RX_OFF)
        if listen_first is not None:
            await self._listen_first(listen_first)
        await self._command(rui3.RX_ON)

    async def _transmit(self, data: bytes, air_ms: int, top: bool) -> None:
        command = rui3.send_command(data)
        answer = await self._exchange(command)
        for left in range(ladder.BUSY_TRIES - 1, -1, -1):
            if answer is None or answer[0] != "error" or answer[1] != _BUSY:
                break
            # Somebody talks. Or it restarted unseen and takes no frames: the same cure.
            self.counts["busy"] += 1
            self._busy += not left
            if not left and not top and self._busy < ladder.BUSY_FRAMES:
                await self._rearm()
                raise RadioBusy("the channel is busy")
            await self._rearm(None if left else False)
            if left:
                await self._clock.sleep_ms(50 + data[-1])  # the tag is as good as random: kits do not wait in step
            answer = await self._exchange(command)
        if answer is not None and answer[0] == "error":
            if answer[1] == _BUSY:
                self._down(_Fault("refused", _BUSY))
            raise RadioRefused(answer[1])
        if answer is None or answer[0] == "ok":
            end = await self._wait(_ENDS, air_ms + 2 * ladder.ANSWER_MS)
            if end is None:
                await self._unfinished(answer is not None)
            elif answer is None:
                self.counts["lost_ok"] += 1
            answer = end
        if answer is not None and answer[0] != "tx_done":
            raise _Fault("restarted")

    async def _unfinished(self, taken: bool) -> None:
        """No end of the frame was reported; it may have left. Always raises."""
        if not taken:
            raise _Fault("silent")
        self.counts["lost_done"] += 1
        self._lost_done += 1
        if self._lost_done >= ladder.TRIES:
            self._lost_done = 0
            raise _Fault("mute")
        await self._rearm()
        raise RadioError("the modem did not say that the frame left")

    def _down(self, fault: _Fault) -> None:
        reason = str(fault)
        if self.state == "up" or reason != self.reason:
            self._log("radio: " + reason)
        self.state = "down"
        self.cause = fault.cause
        self.reason = reason

    async def _command(self, command: str, tries: int = ladder.TRIES) -> None:
        word = ""
        for _ in range(tries):
            answer = await self._exchange(command)
            if answer is None or answer[0] == "banner":
                continue
            if answer[0] == "ok":
                return
            if answer[0] == "boot_mode":
                raise _Fault("boot_mode")
            word = answer[1]
            if word != _NOT_FOUND:  # the line may have been spoilt on its way
                break
        if word:
            raise _Fault("refused", "%s answers %s" % (command, word))
        raise _Fault("silent")

    async def _ask(self, query: str, name: str) -> str:
        for _ in range(ladder.TRIES):  # an answer that was spoilt on its way does not come again by itself
            self._asking = True
            try:
                await self._command(query)
            finally:
                self._asking = False
            bare = None
            for event in self._answers:
                if event[0] == "value" and event[1] == name:
                    return event[2]
                if event[0] == "noise":
                    bare = event[1]
            if bare is not None:  # firmware from before RUI3 says the value alone
                return bare
        raise _Fault("refused", query)

    async def _exchange(self, command: str) -> tuple | None:
        self._answers.clear()
        self._write(command)
        return await self._wait(_STATUS, ladder.ANSWER_MS)

    def _write(self, command: str) -> None:
        self._uart.write(command.encode())
        self._uart.write(b"\r\n")

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
                self._line_ms = self._clock.ms()
                self._take(event)
            await self._clock.sleep_ms(_POLL_MS)

    def _take(self, event: tuple) -> None:
        kind = event[0]
        if kind == "rx":
            self._heard_ms = self._line_ms
            self._on_frame(event[1], event[2], event[3])
            return
        if kind == "rx_timeout":
            self._line_ms -= ladder.QUIET_MS  # a window has ended, and ours has no end: look at once
        elif kind == "banner":
            self._restarted = True
            if self.state == "up":
                self.counts["restarted"] += 1
                self._down(_Fault("restarted"))
        elif kind == "boot_mode" and self.state == "up":
            self._down(_Fault("boot_mode"))
        # Echoes and remarks of the application are no answers.
        if kind in _KEPT or (kind == "noise" and self._asking and event[1][:1] != "[" and event[1][:2] != "AT"):
            if len(self._answers) >= 16:
                self._answers.pop(0)
            self._answers.append(event)
