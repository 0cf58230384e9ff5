"""One frame onto the air: law, counter, seal, listen before talk, radio."""

from nspkit import persist
from nspkit.budget import BudgetError
from nspkit.exercise import Exercise
from nspkit.radio import RadioBusy, RadioError, RadioRefused
from nsplink import airtime, frame, message, regions, timing

_TURN_MS = 100
# Pauses after a transmission that did not leave; each try takes a new counter.
_RETRY_MS = (2000, 4000, 8000, 16000, 30000, 60000)


class Sender:
    """Gives a kit's frames to its radio.

    ``sealer``: seal.UplinkKey; ``counters``: persist.CounterStore and ``budget``: budget.Budget, which write
    under ``flash_lock``. ``parity``: low bit of the key's generation. ``wide``: whether the counter is sent
    whole, until the gateway has shown that it knows it. ``end_ms``: end of the last transmission.
    """

    def __init__(self, conf: dict, parity: int, sealer, counters, budget, flash_lock, radio, clock, chance_ms, log) -> None:
        self._conf = conf
        self._parity = parity
        self._sealer = sealer
        self._counters = counters
        self._budget = budget
        self._flash_lock = flash_lock
        self._radio = radio
        self._clock = clock
        self._chance_ms = chance_ms
        self._log = log
        self._phy = dict(conf["radio"])  # what the radio is set to: the settings change before it does
        self._sending = False
        self._tuning = False
        self._failures = 0  # transmissions in a row that did not leave
        self.wide = True
        self.exercise = Exercise()
        self.retry_at_ms = 0
        self.end_ms = -timing.FRESH_MS - 1
        self.last: int | None = None  # counter of the last transmission, and of one that may have left
        self.sent = 0

    @property
    def epoch(self) -> int | None:
        """First counter of this boot, None before any was used."""
        return self._counters.epoch

    async def retune(self, phy: dict) -> bool:
        """Bring the radio and the law to another channel, between two frames; False when it stays where it was."""
        self._tuning = True
        try:
            while self._sending:
                await self._clock.sleep_ms(_TURN_MS)
            await self._radio.retune(phy)
        except RadioError as error:
            self._log("radio not retuned: %s" % error)
            return False
        finally:
            self._tuning = False
        self._phy = dict(phy)
        self._budget.rule(regions.sub_band(phy["frequency_hz"], phy["bandwidth_khz"])[4])
        return True

    def ready(self, now_ms: int) -> bool:
        """Whether the radio works, stays where it is, and no pause after a failure runs."""
        return now_ms >= self.retry_at_ms and self._radio.state == "up" and not self._tuning

    def length(self, kind: str, values: dict | None = None) -> int:
        """Bytes on air of a frame of this kind with these values."""
        tail = message.tail_length(kind, values or {})
        return frame.frame_length(kind, message.payload_length(kind) + tail, self.wide or kind == "boot")

    def air_us(self, length: int) -> int:
        """Time on air of a frame of so many bytes."""
        radio = self._phy
        return airtime.time_on_air_us(
            radio["sf"], radio["bandwidth_khz"] * 1000, radio["coding_rate"], length, radio["preamble"]
        )

    def answer_ms(self) -> int:
        """For how long an ack of the frame that has just ended may be on its way."""
        longest = frame.frame_length("ack", message.payload_length("ack"), True)
        return timing.ACK_WAIT_MS + self.air_us(longest) // 1000 + 1

    def admits(self, kind: str, now_ms: int, top: bool, values: dict | None = None) -> bool:
        """Whether the law has room for such a frame."""
        return self._budget.admits(now_ms, self.air_us(self.length(kind, values)), top)

    async def send(self, kind: str, make, top: bool, exercise: bool | None = None) -> int | None:
        """Send one frame; its counter, or None when it may not have left.

        ``make(counter)`` gives the values, once the counter and with it the boot epoch are known.
        ``exercise``: the mark of the frame; None = of one in an exercise while there is one.
        """
        self._sending = True
        try:
            return await self._send(kind, make, top, exercise)
        finally:
            self._sending = False

    async def _send(self, kind: str, make, top: bool, exercise: bool | None) -> int | None:
        if not await self._is_clear() and not top:
            self._wait_for_others()
            return None
        counter = await self._counter()
        if counter is None:
            return None
        wide = self.wide or kind == "boot"
        if exercise is None:
            exercise = self.exercise.is_on(self._clock.ms())
        header = frame.Header(frame.UP, kind, self._conf["address"], self._parity, exercise, wide, counter)
        data = self._sealer.seal(header, message.encode(kind, make(counter)))
        air_us = self.air_us(len(data))
        if not await self._book(air_us, top):
            return None
        self.last = counter  # also when its end is never reported: the gateway may name it
        try:
            await self._radio.send(data, air_us // 1000 + 1, top)
        except RadioBusy:
            self._budget.take_back(air_us)
            self._wait_for_others()
            return None
        except RadioError as error:
            if isinstance(error, RadioRefused):
                self._budget.take_back(air_us)
            self._log("%s frame %d did not leave: %s" % (kind, counter, error))
            self._failed()
            return None
        self._failures = 0
        self.end_ms = self._clock.ms()
        self.sent += 1
        return counter

    async def _is_clear(self) -> bool:
        """Listen before talk: a courtesy to others; hidden kits are not heard, so nothing depends on it."""
        for tries_left in range(timing.CAD_TRIES - 1, -1, -1):
            if await self._radio.clear():
                return True
            if tries_left:
                least, most = timing.CAD_PAUSE_MS
                await self._clock.sleep_ms(least + self._chance_ms(most - least))
        return False

    async def _counter(self) -> int | None:
        """A counter never used before, or None when flash fails: then nothing is sent."""
        try:
            if not self._counters.will_write():
                return self._counters.next()
            async with self._flash_lock:
                return self._counters.next()
        except persist.CounterError as error:
            self._log("needs key: %s" % error)
            self.retry_at_ms = self._clock.ms() + _RETRY_MS[-1]
            return None

    async def _book(self, air_us: int, top: bool) -> bool:
        """Enter the time on air in the ledger, on flash where that is due."""
        now = self._clock.ms()
        try:
            if not self._budget.will_write(now, air_us, top):
                self._budget.spend(now, air_us, top)
            else:
                async with self._flash_lock:
                    self._budget.spend(now, air_us, top)
        except BudgetError as error:
            self._log("not sent: %s" % error)
            self.retry_at_ms = now + _RETRY_MS[-1]
            return False
        return True

    def _wait_for_others(self) -> None:
        self.retry_at_ms = self._clock.ms() + timing.CAD_PAUSE_MS[1] + self._chance_ms(timing.ACK_WAIT_MS)

    def _failed(self) -> None:
        self.retry_at_ms = self._clock.ms() + _RETRY_MS[min(self._failures, len(_RETRY_MS) - 1)]
        self._failures += 1
