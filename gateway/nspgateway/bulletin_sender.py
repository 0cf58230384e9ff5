"""A message to residents under way: released to each kit, its fragments to all, and again what a kit asks for.

Only the newest message is looked after. It is remembered over a restart; each kit that did not say yet that it
has the message is then released it once more: one that shows it says so, one that lacks something asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct, json

from nspgateway import bulletin
from nspgateway.downlinks import Ticket
from nsplink import timing

MEMORY = "bulletin"


class Radio(Protocol):
    """What sends; see ``Transmitter``."""

    def ask(self, kit: int, kind: str, fields: Mapping[str, object]) -> Ticket:
        """Send to one kit until it answers."""
        ...

    def tell_all(self, fields: Mapping[str, object]) -> Ticket:
        """Send to all kits, once."""
        ...


class Sent(Struct, frozen=True):
    """The newest message. ``expires_at`` None: it has no end."""

    number: int
    revision: int
    text: str
    replaces: int | None
    expires_at: datetime | None

    @property
    def data(self) -> bytes:
        """The text as it goes on the air."""
        return self.text.encode()

    def to_json(self) -> str:
        """Return how it is remembered."""
        return json.encode(self).decode()


class BulletinSender:
    """``kits``: the addresses of all that a message is released to."""

    def __init__(self, radio: Radio, kits: Sequence[int]) -> None:
        self._radio = radio
        self._kits = tuple(kits)
        self._sent: Sent | None = None
        self._fragments: dict[int, Ticket] = {}

    def take_up(self, remembered: object, now: datetime, have: Collection[int] = ()) -> None:
        """Go on with the message that was under way before a restart; ``remembered``: as in the store, None = none.

        ``have``: kits that said already that they have it.
        """
        if remembered is None:
            return
        sent = json.decode(json.encode(remembered), type=Sent)
        if sent.expires_at is None or now < sent.expires_at:
            self._begin(sent, have)

    def send(self, sent: Sent) -> tuple[Ticket, ...]:
        """Release a message to every kit and send its fragments; return both as they stand."""
        releases = self._begin(sent)
        for index in range(len(self._cut())):
            self._repeat(index)
        return (*releases, *self._fragments.values())

    def release(self, kit: int) -> None:
        """Release the message to one kit more: it has taken the place of one that was told of it."""
        if self._sent is not None:
            self._radio.ask(kit, "release", self._release(self._sent))

    def receipt(self, kit: int, receipt: Mapping[str, int | str | None]) -> None:
        """Take a kit's receipt; send again what it lacks, or what lets it find a wrong fragment by itself."""
        sent = self._sent
        if sent is None or (receipt["bulletin"], receipt["revision"]) != (sent.number, sent.revision):
            return
        if bulletin.is_forged(receipt):
            for part in bulletin.part_releases(sent.number, sent.revision, sent.data):
                self._radio.ask(kit, "release", part)
        for index in bulletin.to_repeat(sent.number, sent.revision, len(sent.data), [receipt]):
            self._repeat(index)

    def _begin(self, sent: Sent, have: Collection[int] = ()) -> tuple[Ticket, ...]:
        self._sent, self._fragments = sent, {}
        values = self._release(sent)
        return tuple(self._radio.ask(kit, "release", values) for kit in self._kits if kit not in have)

    def _release(self, sent: Sent) -> bulletin.Values:
        end = sent.expires_at
        expires_min = None if end is None else timing.utc_min(int(end.timestamp()))
        return bulletin.release(sent.number, sent.revision, sent.data, expires_min, sent.replaces)

    def _cut(self) -> list[bulletin.Values]:
        sent = self._sent
        return [] if sent is None else bulletin.fragments(sent.number, sent.revision, sent.data)

    def _repeat(self, index: int) -> None:
        """Send a fragment to all, unless it waits for its turn already: many kits may lack the same one."""
        before = self._fragments.get(index)
        if before is None or before.state != "waiting":
            self._fragments[index] = self._radio.tell_all(self._cut()[index])
