"""What must arrive: frames that are sent again until they are acknowledged. No I/O; time is an argument.

Ranks, highest first; a lower one waits while a higher one is due and lawful.
"""

from nsplink import timing

TOP = 0  # calls for help, alarms and their end
ACK = 1  # answers, the boot report
CHANGE = 2
HEARTBEAT = 3
BACKFILL = 4

_BACKFILL_MS = 60_000  # pause after the first try, doubling
_DOUBLINGS = 5
_HELD = 8  # counters of one item that an ack may still name
_MOST_TOP = 15  # as many as flash keeps, beside its own record of what was told
_MOST_OTHERS = 8


class Item:
    """One thing to say, in a new frame at every try.

    ``cause``: a newer item of the same cause takes this one's place; "" = none does.
    ``born_ms``: when it came up, None = in an earlier boot, so its age is not known.
    ``most``: tries after which it is given up, 0 = never. ``after``: the item that must
    have arrived before this one is sent. ``slot``: where flash holds it, None = nowhere.
    ``exercise``: whether its frames are marked as practised, None = as the kit is when they go.
    """

    def __init__(
        self, rank: int, kind: str, values: dict, now_ms: int, cause: str = "", most: int = 0
    ) -> None:
        self.rank = rank
        self.kind = kind
        self.values = values
        self.cause = cause
        self.most = most
        self.born_ms: int | None = now_ms
        self.due_ms = now_ms
        self.tries = 0
        self.counters: list = []
        self.after: Item | None = None
        self.slot: int | None = None
        self.exercise: bool | None = None


class Delivery:
    """The items that wait. ``chance_ms(limit)``: 0 to ``limit`` - 1; ``dropped``: items that found no room."""

    def __init__(self, chance_ms) -> None:
        self._chance_ms = chance_ms
        self.items: list = []
        self.dropped = 0

    def add(self, item: Item) -> list:
        """Take an item; returns those that it puts out: of the same cause, or the oldest where there is no room."""
        out = [one for one in self.items if item.cause and one.cause == item.cause]
        same = [one for one in self.items if (one.rank == TOP) == (item.rank == TOP) and one not in out]
        if len(same) >= (_MOST_TOP if item.rank == TOP else _MOST_OTHERS):
            self.dropped += 1
            # A call for help gives way to nothing, and without a boot report nothing is ever answered.
            losers = [one for one in same if one.kind not in ("help", "boot")]
            if not losers and item.kind != "help":
                return out + [item]
            # What is over already can be spared first: its end is told in any case.
            over = [one for one in losers if item.after is one or any(other.after is one for other in same)]
            out.append((over or losers or _spare(same))[0])
        self.items.append(item)
        for one in out:
            self.remove(one)
        return out

    def room(self) -> int:
        """How many more items of the top rank find a place without putting another out."""
        return _MOST_TOP - sum(item.rank == TOP for item in self.items)

    def remove(self, item: Item) -> None:
        """Let go of an item; what waited for it waits no longer."""
        if item in self.items:
            self.items.remove(item)
        for other in self.items:
            if other.after is item:
                other.after = None

    def due(self, now_ms: int) -> list:
        """Items to send now, in the order in which they go."""
        found = [item for item in self.items if item.due_ms <= now_ms and item.after is None]
        found.sort(key=_order)
        return found

    def has_top(self, now_ms: int) -> bool:
        """Whether an item of the top rank is due."""
        return any(item.rank == TOP and item.after is None and item.due_ms <= now_ms for item in self.items)

    def next_ms(self, now_ms: int) -> int | None:
        """When the next item is due, None when none waits."""
        times = [item.due_ms for item in self.items if item.after is None]
        return max(min(times), now_ms) if times else None

    def sent(self, item: Item, counter: int, listen_until_ms: int) -> bool:
        """Note a try; False when it was the last one and the item is given up."""
        item.tries += 1
        item.counters = (item.counters + [counter])[-_HELD:]
        item.due_ms = listen_until_ms + self._pause_ms(item)
        return not item.most or item.tries < item.most

    def _pause_ms(self, item: Item) -> int:
        if item.rank != BACKFILL:
            # After a return of the mains every kit has a boot to report: trying soon would drown all of them.
            skipped = timing.RENEW_STEP if item.kind == "boot" else 0
            return int(self._chance_ms(timing.retry_window_ms(item.tries + skipped)))
        # Where the gateway has no airtime left to answer, trying on would only take that of others.
        window = _BACKFILL_MS << min(item.tries - 1, _DOUBLINGS)
        return int(window // 2 + self._chance_ms(window))

    def acked(self, counter: int) -> Item | None:
        """Take out the item that was sent under this counter; None when nothing here was."""
        for item in self.items:
            if counter in item.counters:
                self.remove(item)
                return item
        return None

    def renew(self, now_ms: int) -> None:
        """Contact again after a silence: the top class does not wait out its long pauses."""
        for item in self.items:
            if item.rank == TOP and item.tries > timing.RENEW_STEP:
                item.tries = timing.RENEW_STEP
                item.due_ms = min(
                    item.due_ms, now_ms + self._chance_ms(timing.retry_window_ms(timing.RENEW_STEP + 1))
                )


def _spare(calls: list) -> list:
    """Which of these can be spared where only calls wait: what was typed, then one of which people at the point know."""
    typed = [one for one in calls if one.values.get("help_mark") == "details"]
    return typed or [one for one in calls if one.values.get("help_kind") != "security"] or calls


def _order(item: Item) -> tuple:
    """Calls for help before alarms; among equals the one that was tried least, then the oldest."""
    return item.rank, item.kind != "help", item.tries, item.due_ms
