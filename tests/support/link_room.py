"""The gateway's link in virtual milliseconds: what it sends, when, and what it is told."""

from random import Random
from typing import Any

from nspgateway.downlinks import Send, Uplink
from nspgateway.link import Link
from nsplink import message
from nsplink.frame import ReplayWindow
from nsplink.regions import PHY

CP = 5
KIT = CP << 6 | 1
LIMIT_US = 360_000_000


class CountUp:
    """Downlink counters in memory, one row for each address."""

    def __init__(self, first: int = 1000) -> None:
        self.first = first
        self.given: list[tuple[int, int]] = []
        self._next: dict[int, int] = {}

    def next(self, address: int) -> int:
        counter = self._next.get(address, self.first)
        self._next[address] = counter + 1
        self.given.append((address, counter))
        return counter


class LinkRoom:
    """A Link, its clock and its air. ``log``: (start in ms, what) of everything on the air."""

    def __init__(self, seed: int = 1, limit_us: int = LIMIT_US, **more: Any) -> None:
        self.now_ms = 0
        self.counters = CountUp()
        self.log: list[tuple[int, Send]] = []
        self.utc_min: int | None = 77
        self.windows: dict[int, ReplayWindow] = {}
        self.link = Link(CP, 1, PHY, limit_us, Random(seed), self.counters, **more)

    def knows(self, kit: int = KIT, epoch: int = 64, newest: int = 70) -> None:
        """Let the link know a kit from before a restart."""
        self.windows[kit] = ReplayWindow(newest, (1 << 64) - 1)
        self.link.kit_epoch(kit, 1, epoch, newest, (1 << 64) - 1)

    def hear(self, kind: str = "vital", counter: int | None = None, kit: int = KIT, **fields: Any) -> int:
        """Let a frame of a kit be durable now; return its counter."""
        window = self.windows.setdefault(kit, ReplayWindow())
        counter = (window.newest or 0) + 1 if counter is None else counter
        wide = bool(fields.pop("wide", kind == "boot"))
        window.accept(counter)
        newest, seen = window.newest or 0, window.seen
        self.link.heard(Uplink(kit, 1, kind, counter, wide, fields, newest, seen, self.now_ms))
        return counter

    def run(self, until_ms: int, *, heard_by_kit: Any = None) -> list[tuple[int, Send]]:
        """Let time pass; return what went out, each with its start. ``heard_by_kit``: called at its end."""
        begun = len(self.log)
        while True:
            send = self.link.next(self.now_ms, self.utc_min)
            if send is not None:
                self.log.append((self.now_ms, send))
                self.now_ms += -(-send.air_us // 1000)
                self.link.sent(self.now_ms)
                if heard_by_kit is not None:
                    heard_by_kit(send)
                continue
            moment = self.link.next_ms(self.now_ms)
            if moment is None or moment > until_ms:
                self.now_ms = max(self.now_ms, until_ms)
                return self.log[begun:]
            assert moment > self.now_ms, "the link asks to be asked in the past"
            self.now_ms = moment


def fields_of(send: Send) -> dict[str, Any]:
    """Return what a frame says."""
    return dict(message.decode(send.kind, send.payload))
