"""When to send what: classes, intervals, changes, and the law.

Alarm and its clear before change before heartbeat. Every frame takes a new counter; every
transmission is admitted against the hour's ledger, of which one third is kept
for alarms.
"""

from nspkit import persist
from nspkit.radio import RadioError, RadioRefused
from nsplink import airtime, frame, message
from nsplink.fields import ALARMS

_TICK_MS = 250
_HOLD_MS = 5000  # a kit in a brown-out loop must not wear its flash
_HOLD_ALARM_MS = 2000
_RETRY_MS = (2000, 4000, 8000, 16000, 30000, 60000)  # each try takes a new counter
_REALARM_MS = 300_000  # between, a cause that flaps is told by the bits of every heartbeat
_SETTLE_MS = 10_000  # one lost reply makes a value stale for a moment
_EVENTS = 255
_CHANGE_BUCKET = 12
_TOP_CLASS = ("alarm", "clear")

_QUALITIES = ("q_generator", "q_battery", "q_meter", "q_tank")
# A frame goes out at once when one of these words changes, or a quality ...
_WORDS = ("generator_state", "generator_mode", "power_source", "alarms")
# ... or one of these moves so far since the last frame (load: of the rating).
_STEPS = (("fuel_permille", 50), ("battery_permille", 50))
_LOAD_SHARE = 4
_LOAD_STEP_W = 1000  # where no rating is known
_NO_LOAD_W = 50  # below this a frame says 0


def changed(values: dict, sent: dict, rated_w: int) -> bool:
    """Whether a reader of the last frame would be misled now; good and stale count as one quality here."""
    for name in _WORDS:
        if values.get(name) != sent.get(name):
            return True
    for name in _QUALITIES:
        if quality_moved(values, sent, name) and not wavers(values, sent, name):
            return True
    load_step = rated_w // _LOAD_SHARE if rated_w else _LOAD_STEP_W
    for name, step in _STEPS + (("load_w", load_step),):
        new, old = values.get(name), sent.get(name)
        if (new is None) != (old is None) or (new is not None and abs(new - old) >= step):
            return True
    new, old = values.get("load_w"), sent.get("load_w")
    return new is not None and old is not None and (new < _NO_LOAD_W) != (old < _NO_LOAD_W)


def quality_moved(values: dict, sent: dict, name: str) -> bool:
    """Whether a quality is another than in the last frame."""
    return bool(values.get(name) != sent.get(name))


def wavers(values: dict, sent: dict, name: str) -> bool:
    """Whether a quality only moved between good and stale."""
    return values.get(name) in ("good", "stale") and sent.get(name) in ("good", "stale")


class Bucket:
    """Token bucket: at most one per ``gap_ms``, and 12 kept at one per ``refill_ms``."""

    def __init__(self, gap_ms: int, refill_ms: int) -> None:
        self._gap_ms = gap_ms
        self._refill_ms = refill_ms
        self._tokens = _CHANGE_BUCKET
        self._filled_ms = 0
        self._taken_ms = -gap_ms

    def ready(self, now_ms: int) -> bool:
        """Whether a token can be taken."""
        grown = (now_ms - self._filled_ms) // self._refill_ms
        self._filled_ms += grown * self._refill_ms
        self._tokens = min(_CHANGE_BUCKET, self._tokens + grown)
        return self._tokens > 0 and now_ms - self._taken_ms >= self._gap_ms

    def take(self, now_ms: int) -> None:
        """Take the token, once the frame has left."""
        self._tokens -= 1
        self._taken_ms = now_ms


class Uplink:
    """Sends for ever what ``snapshot(now_ms)`` gives, as frames of this kit's address.

    ``duty_us``: what the sub-band allows in an hour; ``sealer``: seal.UplinkKey;
    ``counters``: persist.CounterStore, which writes under ``flash_lock``;
    ``start_offset_ms``: random, so that a town's kits that boot together do not
    speak together. The hour's ledger starts empty at each boot.
    """

    def __init__(
        self, settings: dict, duty_us: int, generation: int, snapshot, radio, sealer, counters, flash_lock, clock, log, alive,
        start_offset_ms: int,
    ) -> None:
        radio_settings = settings["radio"]
        self._settings = settings
        self._parity = generation & 1
        self._snapshot = snapshot
        self._radio = radio
        self._sealer = sealer
        self._counters = counters
        self._flash_lock = flash_lock
        self._clock = clock
        self._log = log
        self._alive = alive
        self._phy = (radio_settings["sf"], radio_settings["bandwidth_khz"] * 1000, radio_settings["coding_rate"])
        self._preamble = radio_settings["preamble"]
        self.ledger = airtime.DutyLedger(duty_us, duty_us // 3)
        self._bucket = Bucket(settings["change_gap_s"] * 1000, settings["change_refill_s"] * 1000)
        # Vital and full together leave room for changes below the reserve.
        self._heartbeat_ms = self._lawful_interval(settings["heartbeat_s"] * 1000, "vital", duty_us // 2)
        self._full_ms = self._lawful_interval(settings["full_s"] * 1000, "full", duty_us // 8)
        self._vital_due = _HOLD_MS + start_offset_ms
        self._full_due = self._vital_due
        self._sent_values: dict = {}
        self._wavering_ms: int | None = None  # since when a quality has been stale instead of good, or back
        # Events that wait, oldest first: [kind, event, ms]. An event is [cause, active, boot or None, n, raised ms];
        # its raise and its clear share it. At most one raise and one clear of a cause wait.
        self._waiting: list = []
        self._events: dict = {}  # cause -> its last event
        self._event_boot: int | None = None
        self._event_n = 0
        self._refused_ms: int | None = None
        self._failures = 0  # transmissions in a row that did not leave
        self._retry_at = 0
        self.sent = 0
        self.exercise = False

    def _lawful_interval(self, wanted_ms: int, kind: str, share_us: int) -> int:
        """At least so long that frames of this kind stay within their share of the hour."""
        air_us = self.air_us(frame.frame_length(kind, message.payload_length(kind), True))
        return max(wanted_ms, air_us * airtime.HOUR_MS // share_us)

    def air_us(self, length: int) -> int:
        """Time on air of a frame of so many bytes."""
        sf, bandwidth, coding_rate = self._phy
        return airtime.time_on_air_us(sf, bandwidth, coding_rate, length, self._preamble)

    async def run(self) -> None:
        while True:
            self._alive()
            now = self._clock.ms()
            values = self._snapshot(now)
            self._note_alarms(values["alarms"], now)
            self._note_wavering(values, now)
            if not await self._turn(values, now):
                await self._clock.sleep_ms(_TICK_MS)

    async def _turn(self, values: dict, now: int) -> bool:
        """Send the first frame that is due and lawful; whether one left."""
        if now < max(_HOLD_ALARM_MS, self._retry_at) or self._radio.state != "up":
            return False
        if self._waiting and self._admitted(self._waiting[0][0], now):
            return await self._send_event(now)
        kind, change = self._due(values, now)
        if kind is None or not self._admitted(kind, now) or not await self._send(kind, values, now):
            return False
        if change:
            self._bucket.take(now)
        self._sent_values = values
        self._schedule(kind, now)
        return True

    def _note_alarms(self, bits: int, now: int) -> None:
        """Queue a raise or a clear for each cause that is not as it was last told."""
        for bit, name in enumerate(ALARMS):
            active = bool(bits >> bit & 1)
            event = self._events.get(name)
            if active == (event is not None and event[1]):
                continue
            if not active:
                event = self._events[name]
                event[1] = False
                self._waiting.append(["clear", event, now])
            elif event is None or now - event[4] >= _REALARM_MS:
                # What still waits of an older event of this cause is overtaken by the new one.
                self._waiting = [item for item in self._waiting if item[1][0] != name]
                if self._event_n == _EVENTS:
                    self._event_boot, self._event_n = None, 0
                event = self._events[name] = [name, True, None, self._event_n, now]
                self._event_n += 1
                self._waiting.append(["alarm", event, now])

    def _note_wavering(self, values: dict, now: int) -> None:
        sent = self._sent_values
        moved = [name for name in _QUALITIES if quality_moved(values, sent, name) and wavers(values, sent, name)]
        if not moved:
            self._wavering_ms = None
        elif self._wavering_ms is None:
            self._wavering_ms = now

    def _due(self, values: dict, now: int) -> tuple:
        """(kind or None, whether a change is the reason)."""
        if now < _HOLD_MS:
            return None, False
        if now >= self._full_due:
            return "full", False
        settled = self._wavering_ms is not None and now - self._wavering_ms >= _SETTLE_MS
        change = settled or changed(values, self._sent_values, self._settings["rated_w"])
        if self._sent_values and change and self._bucket.ready(now):
            return "full", True
        return ("vital" if now >= self._vital_due else None), False

    def _admitted(self, kind: str, now: int) -> bool:
        """Whether the law has room for a frame of this kind."""
        air_us = self.air_us(frame.frame_length(kind, message.payload_length(kind), True))
        if self.ledger.admits(now, air_us, kind in _TOP_CLASS):
            return True
        if self._refused_ms is None or now - self._refused_ms > 60_000:
            self._refused_ms = now
            self._log("no lawful airtime left for a %s frame" % kind)
        return False

    async def _send_event(self, now: int) -> bool:
        item = self._waiting[0]
        kind, event, at = item
        age_s = min((now - at) // 1000, 86400)
        values = {"event_boot": event[2], "event_n": event[3], "alarm": event[0], "age_s": age_s}
        left = await self._send(kind, values, now)
        event[2] = values["event_boot"]
        if left:
            self._waiting.remove(item)
        return left

    async def _counter(self) -> int | None:
        """A counter never used before, or None when flash fails: then nothing is sent."""
        try:
            if not self._counters.will_write():
                return self._counters.next()
            async with self._flash_lock:
                return self._counters.next()
        except persist.CounterError as error:
            self._log("needs key: %s" % error)
            self._retry_at = self._clock.ms() + _RETRY_MS[-1]
            return None

    async def _send(self, kind: str, values: dict, now: int) -> bool:
        counter = await self._counter()
        if counter is None:
            return False
        if kind in _TOP_CLASS and values["event_boot"] is None:
            if self._event_boot is None:
                self._event_boot = counter // persist.BLOCK % 65535
            values["event_boot"] = self._event_boot
        # Wide until the gateway has acknowledged something: it must be able to find our counter.
        header = frame.Header(frame.UP, kind, self._settings["address"], self._parity, self.exercise, True, counter)
        data = self._sealer.seal(header, message.encode(kind, values))
        air_us = self.air_us(len(data))
        self.ledger.spend(now, air_us)
        try:
            await self._radio.send(data, air_us // 1000 + 1)
        except RadioError as error:
            if isinstance(error, RadioRefused):
                self.ledger.take_back(air_us)
            self._log("%s frame %d did not leave: %s" % (kind, counter, error))
            self._retry_at = self._clock.ms() + _RETRY_MS[min(self._failures, len(_RETRY_MS) - 1)]
            self._failures += 1
            return False
        self._failures = 0
        self.sent += 1
        return True

    def _schedule(self, kind: str, now: int) -> None:
        """From the due time, so that intervals do not drift; from now when far behind."""
        if kind == "full":
            self._full_due = _after(self._full_due, self._full_ms, now)
        self._vital_due = _after(self._vital_due, self._heartbeat_ms, now)


def _after(due: int, interval: int, now: int) -> int:
    return due + interval if due <= now < due + interval else now + interval
