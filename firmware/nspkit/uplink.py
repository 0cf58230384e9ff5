"""The kit's half of the conversation: what to say next, and what the gateway's answers mean.

Ranks strictly in order: calls for help and alarms, answers, changes, heartbeats,
backfill. Every frame is admitted against the hour's airtime, of which one third
is kept for the top rank.
"""

from nspkit.delivery import ACK, BACKFILL, CHANGE, HEARTBEAT, TOP, Delivery, Item
from nspkit.outbound import overtakes
from nspkit.telemetry import Telemetry
from nsplink import backfill, message, timing

_HOLD_MS = 5000  # a kit in a brown-out loop must not wear its flash
_HOLD_TOP_MS = 2000
_ANSWER_TRIES = 5
# Two of the gateway's hourly frames may get lost. Each of these tries is one frame.
_SEEK_MS = 9_000_000
_SEEK_AGAIN_MS = 1_800_000
# Some three minutes of tries of an alarm: more than a storm of others takes, whose hellos set the tries back.
_UNKNOWN_TRIES = 11
# Between two batches, and before the first: forty kits have the same outage to tell of.
_BATCH_PAUSE_MS = 20_000
_BLOCKED_MS = 1000
# What is typed of a call leaves room for as many more calls and alarms.
_ROOM_LEFT = 4
# A frame costs its answer too: a few lost heartbeats wait for more, at most so many hourly link frames.
_SMALL_BATCH = 9
_PATIENCE = 6


class Uplink:
    """Sends for ever what there is to say.

    ``snapshot(now_ms)``: the quantities as ``nsplink.fields`` names them; ``facts(now_ms)``: those of
    *status* and *boot*; ``sender``: sender.Sender; ``journal``: journal.Journal; ``alarms``:
    outbound.AlarmEvents; ``pace``: waits until the next turn; ``start_ms``: random.
    """

    def __init__(
        self, conf: dict, ledger, snapshot, facts, sender, journal, alarms, flash_lock, clock, pace, chance_ms, alive,
        start_ms: int,
    ) -> None:
        self._snapshot = snapshot
        self._facts = facts
        self.sender = sender
        self.journal = journal
        self.alarms = alarms
        self._flash_lock = flash_lock
        self._clock = clock
        self._pace = pace
        self._chance_ms = chance_ms
        self._alive = alive
        self.delivery = Delivery(chance_ms)
        self.telemetry = Telemetry(conf, lambda kind: sender.air_us(sender.length(kind)), ledger, chance_ms, _HOLD_MS + start_ms)
        self._listen_until = 0  # an answer to the last frame may be on its way
        self._may_interrupt = False  # what the last frame said is not worth a delay of the top rank
        self._heard_ms: int | None = None  # last authentic frame of the gateway to this kit
        self._hinted_ms: int | None = None  # or to all
        self._horizon = 0  # counters below it that are not settled were lost
        self._batch_at = 0
        self._sought_ms = 0
        self._patience = _PATIENCE  # link frames to come before a small batch goes too
        self._boot: Item | None = None
        # Kits that boot together report within a minute, one whose heartbeats are fast within less.
        self._say_boot(_HOLD_MS + chance_ms(min(timing.SPREAD_MS, conf["heartbeat_s"] * 200)))
        for item in alarms.restored(clock.ms() + _HOLD_TOP_MS):
            self.delivery.add(item)

    async def run(self) -> None:
        while True:
            self._alive()
            pause = await self.turn()
            if pause > 0:
                await self._pace.wait(pause)

    async def turn(self) -> int:
        """Send the first frame that is due and lawful; ms until the next turn can matter, 0 = at once."""
        now = self._clock.ms()
        values = self._snapshot(now)
        for item in self.alarms.note(values["alarms"], now):
            self._add(item)
        self.telemetry.look(values, now)
        await self._save(now)
        if now < _HOLD_TOP_MS or not self.sender.ready(now):
            return max(_HOLD_TOP_MS - now, self.sender.retry_at_ms - now, 100)
        if now < self._listen_until and not (self._may_interrupt and self.delivery.has_top(now)):
            return self._listen_until - now
        if now >= _HOLD_MS:
            self._load_backfill(now)
            self._seek(now)
        choice = self._choose(values, now)
        if choice is None:
            return self._idle_ms(now)
        rank, kind, item = choice
        if item is not None:
            await self._send_item(item)
        else:
            await self._send_heartbeat(kind, values, rank == CHANGE, now)
        return 0

    # What the gateway says

    def contact(self, now_ms: int) -> None:
        """The gateway was heard: it knows this boot's counters, and after a silence the top rank tries again soon."""
        self.sender.wide = False
        if self._heard_ms is None or now_ms - self._heard_ms > timing.SILENCE_MS:
            self.delivery.renew(now_ms)
        self._heard_ms = self._hinted_ms = now_ms
        self._pace.wake()

    def hint(self, now_ms: int) -> None:
        """As far as anybody can say that a gateway is there: a word to all may be an old one, played again."""
        if self._hinted_ms is None or now_ms - self._hinted_ms > timing.SILENCE_MS:
            self.delivery.renew(now_ms)
        self._hinted_ms = now_ms
        self._pace.wake()

    def acked(self, counter: int, now_ms: int) -> None:
        """The frame with this counter is on the gateway's disk."""
        item = self.delivery.acked(counter)
        if item is None:
            return
        self._listen_until = min(self._listen_until, now_ms)
        if item.kind == "backfill":
            for record in item.values["counters"]:
                self.journal.settle(record)
            self._batch_at = now_ms + self._chance_ms(_BATCH_PAUSE_MS)
        elif item.kind == "boot":
            self._boot = None
        else:
            self.alarms.arrived(item)

    def told(self, heard: int, missing: int, now_ms: int) -> None:
        """The hourly link frame: which of the latest frames arrived. What did not is sent again as backfill."""
        last = self.sender.last
        if last is None:
            return
        newest = last - ((last - heard) & 0xFFFF)
        arrived = [newest - 1 - bit for bit in range(min(timing.LINK_REACH, newest)) if not missing >> bit & 1]
        self.journal.settle_many([newest] + arrived)
        self._horizon = newest
        self._patience = max(0, self._patience - 1)
        self._batch_at = now_ms + self._chance_ms(_BATCH_PAUSE_MS)

    def lost_below(self, counter: int) -> None:
        """The gateway asks for what it misses below this counter, be it ever so little."""
        self._horizon = max(self._horizon, counter)
        self._patience = 0

    def answer(self, counter: int, result: str, value: bytes, now_ms: int) -> None:
        """Answer a downlink, again until the answer is acknowledged."""
        values = {"answers": counter, "result": result, "value": value}
        self._add(Item(ACK, "answer", values, now_ms + self._chance_ms(timing.ACK_FROM_MS), "answer %d" % counter, _ANSWER_TRIES))

    def say(self, kind: str, values: dict, now_ms: int, cause: str) -> None:
        """Send a point report or a receipt until it has arrived; a newer one of the same cause replaces it."""
        self._add(Item(CHANGE, kind, values, now_ms + self._chance_ms(timing.ACK_WAIT_MS), cause))

    def report(self, values: dict, now_ms: int) -> list:
        """Send a point report until it has arrived; a newer one takes its place. Its event, whose cause tells of that."""
        whole: dict = {"stock_low": 0, "displayed_rev": 0}  # these two have no word for unknown
        whole.update(values)
        whole["event"] = event = [None, None, "report"]
        self.say("report", whole, now_ms, "report")
        return event

    def help(
        self, kind: str, mark: str, text: bytes, now_ms: int, event: list | None = None, exercise: bool = False
    ) -> list:
        """Call for help, once pressed or withdrawn; the event, which names it from now on."""
        item = self.alarms.help(kind, mark, text, now_ms, event, exercise)
        self._add(item)
        return item.values["event"]

    def details(self, kind: str, tails: list, now_ms: int, event: list, exercise: bool) -> bool:
        """Tell all that was typed of a call, in place of what was typed before; False where that finds no room now."""
        old = [one for one in self.delivery.items if one.values.get("help_mark") == "details" and one.values["event"] is event]
        if len(tails) > self.delivery.room() + len(old) - _ROOM_LEFT:
            return False
        for one in old:
            self.delivery.remove(one)
            self.alarms.free(one)
        for tail in tails:
            self._add(self.alarms.help(kind, "details", tail, now_ms, event, exercise))
        return True

    def wake(self) -> None:
        """Something changed that may have to be said."""
        self._pace.wake()

    def announce(self, now_ms: int) -> None:
        """Say the boot report again."""
        self._say_boot(now_ms + self._chance_ms(timing.ACK_UNTIL_MS))

    # Turns

    def _say_boot(self, due_ms: int) -> None:
        self._boot = Item(ACK, "boot", {}, due_ms, "boot")
        self.delivery.add(self._boot)

    def _add(self, item: Item) -> None:
        self.alarms.order(item, self.delivery.items)
        overtaken = [one for one in self.delivery.items if overtakes(item, one)]
        for one in overtaken:
            self.delivery.remove(one)
        for out in overtaken + self.delivery.add(item):
            self.alarms.replaced(out)
        self._pace.wake()

    async def _save(self, now: int) -> None:
        """Flash writes that wait, between transmissions and outside an ack's window."""
        if now >= self._listen_until and (self.journal.will_write() or self.alarms.will_write()):
            async with self._flash_lock:
                self.alarms.write(self.delivery.items)
                if self.journal.will_write():
                    self.journal.flush()

    def _choose(self, values: dict, now: int) -> tuple | None:
        """(rank, kind, item or None) of the first frame that is due and that the law has room for."""
        waiting = self.delivery.due(now)
        found = [(one.rank, one.kind, one) for one in waiting if now >= _HOLD_MS or self._may_reserve(one.rank, one.kind)]
        if now >= _HOLD_MS:
            asked = self.telemetry.asked(now)
            if asked is not None:
                found.append((ACK, asked, None))
            if self.telemetry.change(values, now):
                found.append((CHANGE, "full", None))
            kind = self.telemetry.due(now)
            if kind is not None:
                found.append((HEARTBEAT, kind, None))
        best = None
        for one in found:
            if best is None or one[0] < best[0]:
                item_values = one[2].values if one[2] is not None else None
                if self.sender.admits(one[1], now, self._may_reserve(one[0], one[1]), item_values):
                    best = one
        return best

    def _may_reserve(self, rank: int, kind: str) -> bool:
        """Whether the top rank's part of the hour is for this: also for the report without which it gets no answer."""
        return rank == TOP or (kind == "boot" and self.sender.wide and any(one.rank == TOP for one in self.delivery.items))

    def _idle_ms(self, now: int) -> int:
        times = [self.telemetry.next_ms()]
        if self.delivery.items:
            times.append(self.delivery.next_ms(now) or now)
        # What is due and was not chosen has no room in this hour: it is not looked at all the time.
        return min(times) - now if min(times) > now else _BLOCKED_MS

    async def _send_item(self, item: Item) -> None:
        reserved = self._may_reserve(item.rank, item.kind)
        counter = await self.sender.send(item.kind, lambda counter: self._values(item, counter), reserved, item.exercise)
        if counter is None:
            return
        end = self.sender.end_ms
        self._listen_until = end + self.sender.answer_ms()
        self._may_interrupt = item.rank != TOP
        if not self.delivery.sent(item, counter, self._listen_until):
            self.delivery.remove(item)
        self.alarms.tried(item)
        if item.rank == TOP and item.tries >= _UNKNOWN_TRIES:
            self._introduce()
        if item.rank == TOP and self._boot is not None and self.sender.wide:
            # Until it knows this boot the gateway cannot answer: the report goes right behind.
            self._boot.due_ms = self._listen_until = end

    async def _send_heartbeat(self, kind: str, values: dict, change: bool, now: int) -> None:
        said = self._facts(now) if kind == "status" else values
        counter = await self.sender.send(kind, lambda _: said, False)
        if counter is None:
            return
        self.telemetry.sent(kind, values, now, change)
        # The gateway may answer with its hourly frame or with what it keeps for us.
        self._listen_until = self.sender.end_ms + self.sender.answer_ms()
        self._may_interrupt = True
        if kind != "status":
            self.journal.add(counter, self.sender.epoch, now // 1000, message.encode("vital", values))

    def _values(self, item: Item, counter: int) -> dict:
        now = self._clock.ms()
        if item.kind == "boot":
            values = dict(self._facts(now))
            values["boot_epoch"] = self.sender.epoch
            return values
        if item.kind == "backfill":
            values = dict(item.values)
            if values["epoch"] == self.sender.epoch:
                values["base_age_s"] = now // 1000 - values["uptime_s"]
            return values
        return self.alarms.values(item, counter, now) if "event" in item.values else item.values

    def _introduce(self) -> None:
        """An alarm that was tried so often may be heard and not understood: perhaps another box does not know our counter."""
        self.sender.wide = True
        if self._boot is None:
            self._say_boot(self._clock.ms())

    def _seek(self, now: int) -> None:
        """After hours without a word the gateway may not know this boot, and then cannot answer: tell it once more."""
        if self._boot is None and now - max(self._heard_ms or 0, self._sought_ms) >= _SEEK_MS:
            self._sought_ms = now - _SEEK_MS + _SEEK_AGAIN_MS
            self.delivery.add(Item(ACK, "boot", {}, now + self._chance_ms(timing.SPREAD_MS), "boot", 1))

    def _load_backfill(self, now: int) -> None:
        """Make the next batch of lost heartbeats an item, when the gateway is there and nothing else waits."""
        if now < self._batch_at or not self._horizon or self._heard_ms is None or self.delivery.items:
            return
        waiting = self.journal.unsettled()
        if 0 < waiting < _SMALL_BATCH and self._patience:
            self._horizon = 0
            return
        records = self.journal.take(backfill.MAX_RECORDS, self._horizon) if waiting else []
        if not records:
            self._horizon = 0
            self._patience = _PATIENCE
            return
        data, count = backfill.pack([(one[0], one[2], one[3]) for one in records])
        values = {
            "base_counter": records[0][0], "base_age_s": None, "records": data,
            "epoch": records[0][1], "uptime_s": records[0][2], "counters": [one[0] for one in records[:count]],
        }
        self.delivery.add(Item(BACKFILL, "backfill", values, now, "backfill"))
