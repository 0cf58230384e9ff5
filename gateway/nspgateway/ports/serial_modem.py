"""The gateway's LoRa modem on a serial port: kept open, set, receiving and, when it hangs, revived."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

import structlog

from nspgateway.clock import Clock
from nspgateway.ports import (
    ModemMute,
    ModemRefused,
    ModemSilent,
    PortDown,
    PortError,
    PowerSwitch,
    Reception,
    SwitchError,
)
from nspgateway.ports.conversation import BOOT_MODE, Conversation, Timing
from nsplink import airtime, rui3

_PINGS = 3
_POWER = "power"
# Each needs more than the one before; behind the last the port is closed and opened again.
_LADDER = (rui3.PING, rui3.RX_OFF, rui3.RESET, rui3.RUN, _POWER)

log = structlog.get_logger(__name__)


class SerialModem:
    """One modem at `path` (a stable name such as /dev/serial/by-id/...), set to the record `phy`.

    Every frame that arrives goes to `on_reception`, in the event loop. `clock` dates `since`. Counters:
    `steps` of the recovery ladder taken, by name; `rearmed`, how often receive had stopped by itself; `garbled`,
    frames that came in damaged: the only sign of a disturbed channel, since a P2P modem tells no noise level.
    `power_switch`: a hand on its supply; without, the ladder ends one step lower.
    Raises ValueError when `phy` cannot be expressed in the modem's commands.
    """

    def __init__(
        self,
        path: str,
        phy: Mapping[str, int | float | str],
        on_reception: Callable[[Reception], object],
        clock: Clock,
        *,
        power_switch: PowerSwitch | None = None,
        timing: Timing | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.path = path
        self.state: Literal["up", "down"] = "down"
        self.reason = "not started"
        self.cause = "starting"
        self.since = clock.now()
        self.steps: Counter[str] = Counter()
        self.rearmed = 0
        self._garbled = 0
        self._phy = dict(phy)
        self._commands = rui3.setup_commands(self._phy)
        self._on_reception = on_reception
        self._clock = clock
        self._timing = timing or Timing()
        self._chance = chance or random.Random()
        self._talk: Conversation | None = None
        self._power_switch = power_switch
        self._rung = 0  # where the next climb begins; back to 0 when a frame left
        self._pause_s = self._timing.retry_s[0]

    @property
    def garbled(self) -> int:
        """How many frames came in damaged since the start."""
        return self._garbled + (self._talk.garbled if self._talk else 0)

    async def run(self) -> None:
        """Keep the modem working until cancelled; every fault ends in a retry with a growing pause."""
        while True:
            try:
                await self._serve()
            except PortError as error:
                self._set_down(error)
            # Half to one and a half times the pause: boxes that lost power together do not retry together.
            await self._clock.sleep(self._pause_s * self._chance.uniform(0.5, 1.5))
            self._pause_s = min(2 * self._pause_s, self._timing.retry_s[1])

    async def send(self, data: bytes) -> None:
        """Put one frame of 1 to 250 bytes on the air; returns when its time on air is over.

        Waits a little for others who talk, but not for long. Raises PortDown while the port is down, ModemRefused
        when the modem takes no frame, ModemSilent when no end of it is reported (it may have left), PortLost when
        it is unplugged meanwhile.
        """
        talk = self._talk
        if talk is None or self.state == "down":
            raise PortDown(f"nothing can be sent: {self.reason}")
        phy = self._phy
        length_us = airtime.time_on_air_us(
            int(phy["sf"]),
            int(float(phy["bandwidth_khz"]) * 1000),
            int(phy["coding_rate"]),
            len(data),
            int(phy["preamble"]),
        )
        went_on = await talk.transmit(data, length_us / 1e6)
        self._rung = 0
        self._note_receiving(went_on)

    async def clear(self) -> bool:
        """Whether nobody else is heard on the channel, as far as the radio can tell.

        No command of this modem only listens; it does so inside `send`. So: True.
        """
        return True

    async def _serve(self) -> None:
        """Open the port, bring the modem up and watch it until something breaks."""
        talk = Conversation(self.path, self._on_reception, self._timing)
        try:
            await self._bring_up(talk)
            self._talk = talk
            await self._watch(talk)
        finally:
            self._talk = None
            self._garbled += talk.garbled
            talk.close()

    async def _watch(self, talk: Conversation) -> None:
        while True:
            await talk.quiet(self._timing.check_s)
            try:
                if talk.restarted:
                    log.warning("modem restarted by itself", port=self.path)
                    await talk.set_up(self._commands)
                else:
                    self._note_receiving(await talk.receiving())
            except (ModemMute, ModemSilent, ModemRefused) as error:
                self._set_down(error)
                await self._bring_up(talk)

    async def _bring_up(self, talk: Conversation) -> None:
        """Climb the recovery ladder until the modem takes its settings. Raises the last step's error.

        A climb begins where the one before ended, when no frame left in between: its cure was none.
        """
        fault: PortError | None = None
        start, self._rung = self._rung, 0
        for number, step in enumerate(_LADDER[start:], start + 1):
            if step == _POWER:
                await self._cut_power()
            elif isinstance(fault, ModemRefused) and fault.word == BOOT_MODE and step != rui3.RUN:
                pass  # a bootloader knows nothing but AT+RUN
            else:
                try:
                    await self._take_step(talk, step)
                    await talk.set_up(self._commands)
                except (ModemSilent, ModemRefused) as error:
                    fault = error
                else:
                    self._rung = number
                    self._set_up()
                    return
        self.steps["reopen"] += 1
        raise fault or ModemMute(f"the modem at {self.path} takes frames and does not send them")

    async def _cut_power(self) -> None:
        """Cut the modem's supply, long enough for its capacitors. Its port vanishes and comes back."""
        if self._power_switch is None:
            return
        self.steps[_POWER] += 1
        log.warning("reviving the modem", port=self.path, step=_POWER)
        try:
            await self._power_switch.off()
            await self._clock.sleep(self._timing.off_s)
        except SwitchError as error:
            log.warning("the modem's supply cannot be cut", port=self.path, reason=str(error))
        finally:
            await self._power_on()

    async def _power_on(self) -> None:
        """Also when we are told to stop in between: a modem left without power would be there for nobody."""
        if self._power_switch is not None:
            try:
                await self._power_switch.on()
            except SwitchError as error:
                log.warning("the modem's supply cannot be switched on", port=self.path, reason=str(error))

    async def _take_step(self, talk: Conversation, step: str) -> None:
        if step == rui3.PING:
            await self._ping(talk)
            return
        self.steps[step] += 1
        log.warning("reviving the modem", port=self.path, step=step)
        if step == rui3.RX_OFF:
            await talk.command(step)
        else:
            await talk.restart(step)

    @staticmethod
    async def _ping(talk: Conversation) -> None:
        for left in reversed(range(_PINGS)):
            try:
                await talk.command(rui3.PING)
            except ModemSilent:
                if not left:
                    raise
            except ModemRefused as refused:
                # Half a line left over from before, or a boot that ends now, spoils one; a bootloader all.
                if refused.word == BOOT_MODE or not left:
                    raise
            else:
                return

    def _note_receiving(self, went_on: bool) -> None:
        if not went_on:
            self.rearmed += 1
            log.warning("modem had stopped receiving; started again", port=self.path, times=self.rearmed)

    def _set_up(self) -> None:
        self._pause_s = self._timing.retry_s[0]
        if self.state == "down":
            self.state, self.reason, self.cause = "up", "", ""
            self.since = self._clock.now()
            log.info("modem up", port=self.path)

    def _set_down(self, error: PortError) -> None:
        if self.state == "up":
            self.since = self._clock.now()
        if (self.state, self.reason) != ("down", str(error)):
            log.warning("modem down", port=self.path, cause=error.cause, reason=str(error))
        self.state, self.reason, self.cause = "down", str(error), error.cause
