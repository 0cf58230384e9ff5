"""When to send what: classes, intervals, changes, and the law.

Alarm before change before heartbeat. Every frame takes a new counter; every
transmission is admitted against the hour's ledger, of which one third is kept
for alarms.
"""

from nspkit.radio import RadioError
from nsplink import airtime, frame, message
from nsplink.fields import ALARMS

_TICK_MS = 250
_HOLD_MS = 5000  # a kit in a brown-out loop must not wear its flash
_HOLD_ALARM_MS = 2000
_RETRY_MS = 2000  # each try takes a new counter
_MAX_ALARMS = 16
_CHANGE_BUCKET = 12

# A frame goes out at once when one of these words changes ...
_WORDS = ("generator_state", "generator_mode", "power_source", "alarms", "q_generator", "q_battery", "q_meter", "q_tank")
# ... or one of these moves so far since the last frame (load: of the rating).
_STEPS = (("fuel_permille", 50), ("battery_permille", 50))
_LOAD_SHARE = 4


def changed(values: dict, sent: dict, rated_w: int) -> bool:
    """Whether a reader of the last frame would be misled now."""
    for name in _WORDS:
        if values.get(name) != sent.get(name):
            return True
    for name, step in _STEPS + (("load_w", max(1, rated_w // _LOAD_SHARE)),):
        new, old = values.get(name), sent.get(name)
        if (new is None) != (old is None) or (new is not None and abs(new - old) >= step):
            return True
    new, old = values.get("load_w"), sent.get("load_w")
    return new is not None and (new == 0) != (old == 0)


class Bucket:
    """Token bucket: at most one per ``gap_ms``, and 12 kept at one per ``refill_ms``."""

    def __init__(self, gap_ms: int, refill_ms: int) -> None:
        self._gap_ms = gap_ms
        self._refill_ms = refill_ms
        self._tokens = _CHANGE_BUCKET
        self._filled_ms = 0
        self._taken_ms = -gap_ms

    def take(self, now_ms: int) -> bool:
        """Take a token when there is one."""
        grown = (now_ms - self._filled_ms) // self._refill_ms
        self._filled_ms += grown * self._refill_ms
        self._tokens = min(_CHANGE_BUCKET, self._tokens + grown)
        if self._tokens == 0 or now_ms - self._taken_ms < self._gap_ms:
            return False
        self._tokens -= 1
        self._taken_ms = now_ms
        return True


class Uplink:
    """Sends for ever what ``snapshot(now_ms)`` gives, as frames of this kit's address.

    ``sealer``: seal.UplinkKey; ``counters``: persist.CounterStore, used under
    ``flash_lock``; ``start_offset_ms``: random, so that a town's kits that boot
    together do not speak together.
    """

    def __init__(
        self, settings: dict, generation: int, snapshot, radio, sealer, counters, flash_lock, clock, log, alive,
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
        limit = settings["duty_us"]
        self.ledger = airtime.DutyLedger(limit, limit // 3)
        self._bucket = Bucket(settings["change_gap_s"] * 1000, settings["change_refill_s"] * 1000)
        self._heartbeat_ms = self._lawful_interval(settings["heartbeat_s"] * 1000, "vital", limit)
        self._full_ms = self._lawful_interval(settings["full_s"] * 1000, "full", limit)
        self._vital_due = _HOLD_MS + start_offset_ms
        self._full_due = self._vital_due
        self._sent_values: dict = {}
        self._alarms: list = []  # (n, name, raised ms), oldest first
        self._event_n = 0
        self._alarm_bits = 0
        self._refused_ms: int | None = None
        self._retry_at = 0
        self.sent = 0
        self.exercise = False

    def _lawful_interval(self, wanted_ms: int, kind: str, limit_us: int) -> int:
        """At least so long that heartbeats alone use no more than half of the lawful hour."""
        air_us = self.air_us(frame.frame_length(kind, message.payload_length(kind), True))
        return max(wanted_ms, air_us * airtime.HOUR_MS // (limit_us // 2))

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
            kind = self._due(values, now)
            if kind is None or not await self._send(kind, values, now):
                await self._clock.sleep_ms(_TICK_MS)

    def _note_alarms(self, bits: int, now: int) -> None:
        fresh = bits & ~self._alarm_bits
        self._alarm_bits = bits
        for bit, name in enumerate(ALARMS):
            if fresh >> bit & 1:
                if len(self._alarms) == _MAX_ALARMS:
                    self._alarms.pop(0)
                self._alarms.append((self._event_n % 255, name, now))
                self._event_n += 1

    def _due(self, values: dict, now: int) -> str | None:
        if now < max(_HOLD_ALARM_MS, self._retry_at) or self._radio.state != "up":
            return None
        if self._alarms:
            return "alarm"
        if now < _HOLD_MS:
            return None
        if now >= self._full_due:
            return "full"
        if self._sent_values and changed(values, self._sent_values, self._settings["rated_w"]) and self._bucket.take(now):
            return "full"
        return "vital" if now >= self._vital_due else None

    async def _send(self, kind: str, values: dict, now: int) -> bool:
        top = kind == "alarm"
        length = frame.frame_length(kind, message.payload_length(kind), True)
        air_us = self.air_us(length)
        if not self.ledger.admits(now, air_us, top):
            if self._refused_ms is None or now - self._refused_ms > 60_000:
                self._refused_ms = now
                self._log("no lawful airtime left for a %s frame" % kind)
            return False
        async with self._flash_lock:
            counter = self._counters.next()
        if top:
            n, name, raised = self._alarms[0]
            epoch = self._counters.epoch // 64 % 65535
            values = {"event_boot": epoch, "event_n": n, "alarm": name, "age_s": min((now - raised) // 1000, 86400)}
        # Wide until the gateway has acknowledged something: it must be able to find our counter.
        header = frame.Header(frame.UP, kind, self._settings["address"], self._parity, self.exercise, True, counter)
        data = self._sealer.seal(header, message.encode(kind, values))
        self.ledger.spend(now, air_us)
        try:
            await self._radio.send(data, air_us // 1000 + 1)
        except RadioError as error:
            self._log("%s frame %d did not leave: %s" % (kind, counter, error))
            self._retry_at = now + _RETRY_MS
            return False
        self.sent += 1
        if top:
            self._alarms.pop(0)
        else:
            self._sent_values = values
            self._schedule(kind, now)
        return True

    def _schedule(self, kind: str, now: int) -> None:
        """From the due time, so that intervals do not drift; from now when far behind."""
        if kind == "full":
            self._full_due = _after(self._full_due, self._full_ms, now)
        self._vital_due = _after(self._vital_due, self._heartbeat_ms, now)


def _after(due: int, interval: int, now: int) -> int:
    return due + interval if due <= now < due + interval else now + interval
