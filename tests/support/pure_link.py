"""Checks of what a kit sends and when, as far as they need no task and no radio, in the dialect of every interpreter.

Run by test_pure.py as pure_kit.py is. Vectors are written out by hand where a value has a meaning on the wire.
"""

import pure_kit
from nspkit import telemetry
from nspkit.delivery import ACK, BACKFILL, CHANGE, TOP, Delivery, Item
from nsplink import airtime, backfill, commands, message, timing

HIGH = (1 << 32) - 64  # counters and boots near the end of 32 bits


def check() -> list:
    """Names of the checks that fail."""
    return pure_kit.failures(CHECKS)


class Dice:
    """A generator that every interpreter has: 0 to ``limit`` - 1."""

    def __init__(self, seed: int = 1) -> None:
        self.state = seed

    def chance(self, limit: int) -> int:
        self.state = (self.state * 75 + 74) % 65537
        return self.state * limit // 65538


# Delivery


def retries() -> bool:
    """Windows grow to five minutes, also when the clock is beyond 30 bits of milliseconds."""
    dice = Dice()
    queue = Delivery(dice.chance)
    now = 40 * 86_400_000  # a kit that has run for forty days
    item = Item(TOP, "alarm", {}, now, "alarm x")
    queue.add(item)
    widest = 0
    for counter in range(HIGH, HIGH + 40):
        if queue.due(now) != [item] or not queue.sent(item, counter, now + 1400):
            return False
        pause = item.due_ms - now - 1400
        if not 0 <= pause < timing.retry_window_ms(item.tries) or queue.due(item.due_ms - 1):
            return False
        widest = max(widest, pause)
        now = item.due_ms
    return (
        widest > 150_000 and queue.acked(HIGH) is None and queue.acked(HIGH + 39) is item and not queue.items
    )


def ranks_and_room() -> bool:
    """Order on the air, one of a cause, fifteen of the top rank, calls and the boot report the last to go."""
    queue = Delivery(Dice().chance)
    kinds = ((BACKFILL, "backfill"), (CHANGE, "report"), (ACK, "boot"), (TOP, "alarm"), (TOP, "help"))
    for at, one in enumerate(kinds):
        queue.add(Item(one[0], one[1], {}, at, one[1] if one[1] != "help" else ""))
    if [item.kind for item in queue.due(9)] != ["help", "alarm", "boot", "report", "backfill"]:
        return False
    for number in range(30):
        queue.add(Item(TOP, "help", {}, 10 + number))
        queue.add(Item(ACK, "answer", {}, 10, "answer %d" % number))
    alarm = Item(TOP, "alarm", {}, 99, "alarm y")
    given_back = queue.add(alarm)
    kinds_now = [item.kind for item in queue.items]
    return given_back == [alarm] and kinds_now.count("help") == 15 and kinds_now.count("boot") == 1


def renewed() -> bool:
    """Contact after a silence brings back what waits long, within 16 s, and only that."""
    dice = Dice()
    queue = Delivery(dice.chance)
    old, young = Item(TOP, "alarm", {}, 0, "alarm x"), Item(TOP, "alarm", {}, 0, "alarm y")
    for item in (old, young):
        queue.add(item)
    for counter in range(12):
        queue.sent(old, counter, 5_000_000)
    queue.sent(young, 50, 5_000_000)
    due = young.due_ms
    queue.renew(5_000_000)
    return old.due_ms < 5_016_000 and young.due_ms == due and old.tries == timing.RENEW_STEP


# Telemetry

VALUES = {
    "fuel_permille": 500,
    "generator_state": "running",
    "generator_mode": "auto",
    "power_source": "generator",
    "battery_permille": 900,
    "load_w": 8000,
    "alarms": 0,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "none",
}
CONF = {"heartbeat_s": 300, "full_s": 3600, "change_gap_s": 60, "change_refill_s": 300, "rated_w": 10000}


def _other(**changes) -> dict:
    values = dict(VALUES)
    values.update(changes)
    return values


def _telemetry(limit_us: int, start_ms: int):
    ledger = airtime.DutyLedger(limit_us, limit_us // 3)
    return telemetry.Telemetry(CONF, lambda _kind: 165_000, ledger, Dice().chance, start_ms)


def intervals() -> bool:
    """Some hours of heartbeats on a clock beyond 31 bits: every five minutes, full and status every hour, no drift."""
    start = 30 * 86_400_000
    told = _telemetry(360_000_000, start)
    counts = {"vital": 0, "full": 0, "status": 0}
    now = start
    while now < start + 6 * 3_600_000:
        kind = told.due(now)
        if kind is None:
            now = told.next_ms()
            continue
        beats = counts["vital"] + counts["full"]
        if kind != "status" and (now != start + 300_000 * beats or (kind == "full") != (beats % 12 == 0)):
            return False
        counts[kind] += 1
        told.sent(kind, VALUES, now)
    return counts == {"vital": 66, "full": 6, "status": 6}


def lawful_intervals() -> bool:
    """A heartbeat a second is stretched to its share of the hour."""
    conf = dict(CONF)
    conf["heartbeat_s"] = 1
    told = telemetry.Telemetry(
        conf, lambda _kind: 165_000, airtime.DutyLedger(36_000_000, 12_000_000), Dice().chance, 0
    )
    told.sent("status", {}, 500)
    told.sent("full", VALUES, 0)
    first = told.next_ms()
    # 165 ms of 18 s an hour: one each 33 s.
    return first == 33_000 and told.due(32_999) is None and told.due(33_000) == "vital"


def changes() -> bool:
    """What is one kit's own goes at once, what befalls a town is spread, what wavers must last, and none floods."""
    told = _telemetry(360_000_000, 0)
    told.sent("full", VALUES, 0)
    if told.change(VALUES, 1000) or not told.change(_other(generator_mode="off"), 1000):
        return False
    now = 1000
    mains = _other(power_source="grid")
    while not told.change(mains, now):
        now += 2000
    stale = _other(q_meter="stale")
    told.look(stale, 1000)
    wavers = (told.change(stale, 10_900), told.change(stale, 11_000))
    taken = 0
    for at in range(100_000, 3_700_000, 20_000):
        if told.change(_other(generator_mode=("off", "test")[taken % 2]), at):
            taken += 1
            told.sent("full", _other(generator_mode=("off", "test")[(taken - 1) % 2]), at, True)
    return 1000 < now <= 63_000 and wavers == (False, True) and 12 <= taken <= 24


def asked() -> bool:
    """A question is answered once."""
    told = _telemetry(360_000_000, 10_000_000)
    told.ask("vital", 500)
    told.ask("vital", 700)
    told.ask("status", 600)
    before = told.asked(599), told.asked(600), told.next_ms()
    told.sent("status", VALUES, 600)
    told.sent("vital", VALUES, 700)
    return before == (None, "status", 600) and told.asked(10_000) is None


# Backfill and commands


def records() -> bool:
    """Ten records at the highest counters, their times rounded but never adrift."""
    vital = bytes(range(7))
    rows = [(HIGH + 2 * n, 4_000_000_000 + 304 * n, vital) for n in range(12)]
    data, count = backfill.pack(rows)
    found = backfill.unpack(data, HIGH)
    told = {"base_counter": HIGH, "base_age_s": 1_048_574, "records": data}
    return (
        count == 10
        and data[:18].hex() == "0000" + vital.hex() + "021e" + vital.hex()
        and [row[0] for row in found] == [row[0] for row in rows[:10]]
        and max([abs(one[1] - 304 * n) for n, one in enumerate(found)]) <= 5
        and message.decode("backfill", message.encode("backfill", told)) == told
    )


def settings() -> bool:
    """Arguments of commands, byte by byte."""
    return (
        commands.setting_argument("frequency_hz", 869_525_000) == bytes.fromhex("0733d3e608")
        and commands.parse_setting(bytes.fromhex("07ffffffff")) == ("frequency_hz", 4_294_967_295)
        and commands.parse_setting(b"\x08") == ("sf", None)
        and commands.parse_setting(b"\xfe\x00\x00\x00\x01") == (None, 1)
        and commands.staged_bytes({"sf": 9, "heartbeat_s": 300}) == bytes.fromhex("010000012c0800000009")
        and message.encode("command", {"command": "confirm", "argument": b"\x01\x02"}) == b"\x40\x01\x02"
    )


def ledger() -> bool:
    """360 s an hour in us need 29 bits, and the sum over a day of spending more."""
    book = airtime.DutyLedger(3_600_000_000, 1_200_000_000)
    now = 50 * 86_400_000
    for minute in range(60):
        book.spend(now + minute * 60_000, 60_000_000)
    return book.spent_us(now + 59 * 60_000) == 3_600_000_000 and not book.admits(now + 59 * 60_000, 1, True)


CHECKS = (
    ("retries", retries),
    ("ranks and room", ranks_and_room),
    ("renewed", renewed),
    ("intervals", intervals),
    ("lawful intervals", lawful_intervals),
    ("changes", changes),
    ("asked", asked),
    ("records", records),
    ("settings", settings),
    ("ledger", ledger),
)
