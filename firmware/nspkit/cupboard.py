"""A kit in storage: every 30 days it tries its parts, reports, and sleeps on. Loaded only while the file is there.

Power that comes, or HELP, ends storage for good: the file goes, and the kit works as usual. A check that ends in a
watchdog reset is not tried again before its time, since each takes from the cell.
"""

import asyncio

from nspkit import asleep
from nspkit.facts import RtcPart
from nspkit.files import Files
from nspkit.gestures import Button
from nspkit.log import Log

FILE = "stored"  # in it: seconds from check to check, else 30 days
_EVERY_S = 30 * 86_400
_SPREAD = 30  # of a month: a day, so that a region's kits do not wake together
_CHUNK_S = 20 * 86_400  # in milliseconds within 31 bits
_QUIET_S = 3600
_REPORT_MS = 600_000
_RADIO_MS = 30_000
_LISTEN_MS = 8000  # the gateway may have something to say
_LOOK_MS = 50
_FAR_MS = 86_400_000
_MAGIC = b"CB"


class Sleeper:
    """Counts the time to the next check where a deep sleep leaves it. ``every_s``: from check to check."""

    def __init__(self, board, every_s: int) -> None:
        self._board = board
        self._every_s = every_s
        self._kept = RtcPart(board.rtc(), 304, 10)
        found = self._kept.memory() or b""
        known = len(found) == 10 and found[:2] == _MAGIC
        self.left_s = int.from_bytes(found[2:6], "big") if known else 0
        self.slept_s = int.from_bytes(found[6:10], "big") if known else 0

    def plan(self) -> None:
        """Set the time to the next check, before this one: it may end in a reset."""
        spread_s = max(1, self._every_s // _SPREAD)
        self._write(self._every_s - spread_s // 2 + self._board.random_ms(spread_s), 0)

    def sleep(self) -> None:
        """Sleep until then, or as long as the chip can at once. Never returns."""
        chunk_s = max(1, min(self.left_s, _CHUNK_S))
        self._write(max(0, self.left_s - chunk_s), chunk_s)
        asleep.sleep(chunk_s * 1000)

    def forget(self) -> None:
        """Storage is over."""
        self._kept.memory(b"")

    def _write(self, left_s: int, slept_s: int) -> None:
        self.left_s = left_s
        self._kept.memory(_MAGIC + left_s.to_bytes(4, "big") + slept_s.to_bytes(4, "big"))


class _Once:
    """In the place of telemetry.Telemetry: one status, once the gateway has the boot report, and nothing else."""

    def __init__(self, delivery) -> None:
        self._delivery = delivery
        self.sent_ms: int | None = None

    def ask(self, kind: str, at_ms: int) -> None:
        """A month is no time to answer in."""

    def look(self, values: dict, now_ms: int) -> None:
        """Nothing hangs on it that could change."""

    def asked(self, now_ms: int) -> str | None:
        waits = self.sent_ms is not None or any(one.kind == "boot" for one in self._delivery.items)
        return None if waits else "status"

    def change(self, values: dict, now_ms: int) -> bool:
        return False

    def due(self, now_ms: int) -> None:
        return None

    def next_ms(self) -> int:
        return _FAR_MS

    def sent(self, kind: str, values: dict, now_ms: int, change: bool = False) -> None:
        self.sent_ms = now_ms


class _NoAlarms:
    """In the place of alarms.LocalAlarms: in a cupboard none begins, and none ends."""

    def __init__(self, events) -> None:
        self._events = events

    def update(self, values: dict, lost: bool, now_ms: int) -> int:
        return int(self._events.told)


def enter(board) -> None:
    """Check and sleep, for ever; returns only when storage is over."""
    log, files = Log(board.clock), Files(board.folder)
    text = files.read(FILE) or b""
    sleeper = Sleeper(board, int(text) if text.isdigit() and 0 < int(text) <= _EVERY_S else _EVERY_S)
    if board.reset_cause == "power" or asleep.woken_by_button():
        _end(files, sleeper, log)
        return
    if sleeper.left_s and board.reset_cause != "software":
        sleeper.sleep()
    asleep.let_go()
    if sleeper.slept_s >= _QUIET_S and board.reset_cause == "sleep":
        from nspkit import budget

        budget.rested(RtcPart(board.rtc(), 2, budget.RTC_BYTES))
    sleeper.plan()
    pressed = False
    try:
        pressed = _check(board, log)
    except Exception as error:  # noqa: BLE001 - whatever it is, the cell must last
        log("in storage, and not checked: %s %s" % (type(error).__name__, error))
    if pressed:
        _end(files, sleeper, log)
        board.restart()
    log("in storage: %d hours to the next check" % (sleeper.left_s // 3600))
    sleeper.sleep()


def _end(files, sleeper, log) -> None:
    asleep.let_go()
    files.remove(FILE)
    sleeper.forget()
    log("storage is over")


def _plan(board) -> tuple:
    """As start.plan, without devices: nothing hangs on its buses. Files that are not in order are no reason to stay awake."""
    from nspkit import settings, start

    conf, generation, keys, devices = start.read(board.folder)
    devices = [[] for _ in devices]
    names = settings.made_of()
    del settings, start
    board.forget(names)
    return conf, generation, keys, devices


def _check(board, log) -> bool:
    """Try and report; whether HELP was pressed."""
    plan = _plan(board)
    from nspkit import app

    kit = app.Kit(board, plan, log)
    kit.alarms = _NoAlarms(kit.uplink.alarms)  # type: ignore[assignment]  # in its place
    once = _Once(kit.uplink.delivery)
    kit.uplink.telemetry = once  # type: ignore[assignment]  # in its place
    log("kit %d in storage: check" % kit.conf["address"])
    try:
        return asyncio.run(_report(kit, once, kit.supervisor.watch("panel")))
    finally:
        parts = kit.panel.parts
        for pin in (parts.led, parts.buzzer):
            if pin is not None:
                pin(0)
        if parts.display is not None:
            parts.display.dark()


async def _report(kit, once, alive) -> bool:
    clock, parts, own, button = kit.clock, kit.panel.parts, kit.panel.own, Button()
    tasks = [asyncio.create_task(one.run()) for one in (kit.radio, kit.inbox, kit.supervisor)]
    own.look(clock.ms())
    from nspkit import trials

    results = await trials.alone(kit)
    end = clock.ms() + _RADIO_MS
    while kit.radio.state != "up" and clock.ms() < end:
        alive()
        own.look(clock.ms())
        await clock.sleep_ms(_LOOK_MS)
    # A cupboard has no supply and no devices: neither is tried.
    results["bus"] = results["supply"] = None
    results["radio"], results["button"] = kit.radio.state == "up", trials.all_up(parts)
    trials.conclude(kit, results)
    tasks.append(asyncio.create_task(kit.uplink.run()))
    end = clock.ms() + _REPORT_MS
    while clock.ms() < end:
        alive()
        now = clock.ms()
        own.look(now)
        if parts.help is not None:
            button.look(not parts.help(), now)
            if button.down(now):
                return True
        if once.sent_ms is not None and now - once.sent_ms >= _LISTEN_MS:
            return False
        await clock.sleep_ms(_LOOK_MS)
    kit.log("in storage: no answer from a gateway")
    return False
