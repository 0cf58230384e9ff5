"""When to send a heartbeat: intervals, changes, and what was asked for. No I/O; time is an argument."""

from nsplink import airtime, timing

_SETTLE_MS = 10_000  # one lost reply makes a value stale for a moment
_CHANGE_BUCKET = 12
_QUALITIES = ("q_generator", "q_battery", "q_meter", "q_tank")
# A frame goes out at once when one of these words changes, or a quality ...
_WORDS = ("generator_state", "generator_mode", "power_source", "alarms")
# ... or one of these moves so far since the last frame (load: of the rating).
_STEPS = (("fuel_permille", 50), ("battery_permille", 50))
_LOAD_SHARE = 4
_LOAD_STEP_W = 1000  # where no rating is known
_NO_LOAD_W = 50  # below this a frame says 0
# Each kind stays within its share of the lawful hour, so that changes find room.
_SHARES = {"vital": 2, "full": 8, "status": 16}


def can_wait(values: dict, sent: dict, rated_w: int) -> bool:
    """Whether all kits of a town may have this change at the same moment, or it has been told already.

    The mains came or went; or only an alarm did, which has a frame of its own.
    """
    source, before = values.get("power_source"), sent.get("power_source")
    if source != before:
        return "grid" in (source, before)
    if values.get("alarms") == sent.get("alarms"):
        return False
    others = dict(values)
    others["alarms"] = sent.get("alarms")
    return not changed(others, sent, rated_w)


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
        self.gap_ms = gap_ms
        self.refill_ms = refill_ms
        self._tokens = _CHANGE_BUCKET
        self._filled_ms = 0
        self._taken_ms = -gap_ms

    def ready(self, now_ms: int) -> bool:
        """Whether a token can be taken."""
        grown = (now_ms - self._filled_ms) // self.refill_ms
        self._filled_ms += grown * self.refill_ms
        self._tokens = min(_CHANGE_BUCKET, self._tokens + grown)
        return self._tokens > 0 and now_ms - self._taken_ms >= self.gap_ms

    def take(self, now_ms: int) -> None:
        """Take the token, once the frame has left."""
        self._tokens -= 1
        self._taken_ms = now_ms


class Telemetry:
    """What of vital, full and status is due. ``conf``: the kit's settings, which may change under way.

    ``air_us(kind)``: time on air of a frame of that kind; ``ledger``: of the lawful hour; ``start_ms``:
    when the first may go, random, so that a town's kits that boot together do not speak together.
    """

    def __init__(self, conf: dict, air_us, ledger, chance_ms, start_ms: int) -> None:
        self._conf = conf
        self._air_us = air_us
        self._ledger = ledger
        self._chance_ms = chance_ms
        self._bucket = Bucket(conf["change_gap_s"] * 1000, conf["change_refill_s"] * 1000)
        self._vital_due = start_ms
        self._full_due = start_ms
        # Between two heartbeats, so that the gateway's answer to neither is spoken over.
        self._status_due = start_ms + conf["heartbeat_s"] * 500
        self._sent: dict = {}
        self._wavering_ms: int | None = None  # since when a quality has been stale instead of good, or back
        self._spread_ms: int | None = None  # when a change goes that may be everybody's
        self._asked: list = []  # [kind, ms]: what the gateway wants to hear at once

    def ask(self, kind: str, at_ms: int) -> None:
        """Send a vital or status frame as an answer, not before ``at_ms``."""
        self._asked = [one for one in self._asked if one[0] != kind] + [[kind, at_ms]]

    def look(self, values: dict, now_ms: int) -> None:
        """Take note of the values now; call at every turn."""
        moved = [n for n in _QUALITIES if quality_moved(values, self._sent, n) and wavers(values, self._sent, n)]
        if not moved:
            self._wavering_ms = None
        elif self._wavering_ms is None:
            self._wavering_ms = now_ms

    def asked(self, now_ms: int) -> str | None:
        """Kind that was asked for and is due."""
        for kind, at_ms in self._asked:
            if at_ms <= now_ms:
                return str(kind)
        return None

    def change(self, values: dict, now_ms: int) -> bool:
        """Whether a full frame is due because something changed."""
        self._bucket.gap_ms = self._conf["change_gap_s"] * 1000  # may be changed from afar
        self._bucket.refill_ms = self._conf["change_refill_s"] * 1000
        settled = self._wavering_ms is not None and now_ms - self._wavering_ms >= _SETTLE_MS
        news = settled or changed(values, self._sent, self._conf["rated_w"])
        if not self._sent or not news:
            self._spread_ms = None
            return False
        if can_wait(values, self._sent, self._conf["rated_w"]):
            if self._spread_ms is None:
                self._spread_ms = now_ms + self._chance_ms(timing.SPREAD_MS)
            if now_ms < self._spread_ms:
                return False
        return self._bucket.ready(now_ms)

    def due(self, now_ms: int) -> str | None:
        """Kind whose interval is over."""
        if now_ms >= self._full_due:
            return "full"
        if now_ms >= self._vital_due:
            return "vital"
        return "status" if now_ms >= self._status_due else None

    def next_ms(self) -> int:
        """When the next frame is due by its interval, or because it was asked for."""
        spread = [] if self._spread_ms is None else [self._spread_ms]
        return min([self._vital_due, self._full_due, self._status_due] + spread + [one[1] for one in self._asked])

    def sent(self, kind: str, values: dict, now_ms: int, change: bool = False) -> None:
        """Note that a frame left. From the due time on, so that intervals do not drift; from now when far behind."""
        self._asked = [one for one in self._asked if one[0] != kind]
        if kind == "status":
            self._status_due = _after(self._status_due, self._interval_ms("status", "full_s"), now_ms)
            return
        if change:
            self._bucket.take(now_ms)
        self._spread_ms = None
        self._sent = values
        if kind == "full":
            self._full_due = _after(self._full_due, self._interval_ms("full", "full_s"), now_ms)
        self._vital_due = _after(self._vital_due, self._interval_ms("vital", "heartbeat_s"), now_ms)

    def _interval_ms(self, kind: str, setting: str) -> int:
        """At least so long that frames of this kind stay within their share of the hour."""
        lawful = self._air_us(kind) * airtime.HOUR_MS // (self._ledger.limit_us // _SHARES[kind])
        return max(int(self._conf[setting]) * 1000, lawful)


def _after(due: int, interval: int, now: int) -> int:
    return due + interval if due <= now < due + interval else now + interval
