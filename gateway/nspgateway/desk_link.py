"""What people ask of the radio link: heartbeats that were lost, and messages to residents."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from nspgateway import bulletin
from nspgateway.bulletin_sender import MEMORY, BulletinSender, Sent
from nspgateway.call_sender import CallSender
from nspgateway.desk_base import DeskBase, Refused
from nspgateway.downlinks import Ticket
from nspgateway.entries import Sending
from nspgateway.people import Action, By
from nspgateway.transmitter import Transmitter

# The time on air counts minutes and begins anew after 45 days: what lies further ahead than half of that looks past.
MOST_DAYS = 22
# Of a message to residents, by number and version: which kits said since then that they have it, under which key.
Holders = Callable[[int, int, datetime], Collection[tuple[int, int]]]


class LinkDesk(DeskBase):
    """Acts that go on the air. ``radio`` and ``bulletins``: None = this gateway never sends.

    A request for lost heartbeats is forgotten at a restart; the newest message to residents is not.
    """

    radio: Transmitter | None = None
    bulletins: BulletinSender | None = None
    call_sender: CallSender | None = None
    _keys: dict[int, int | None]

    def use_radio(self, radio: Transmitter, remembered: object, holders: Holders) -> None:
        """Send by this radio from now on, and go on with the message that was under way; see ``BulletinSender``."""
        situation, now = self._situation, self._clock.now()
        kits = {p.slug: p.kit_address for p in situation.points if p.kit_address is not None}
        self.radio = radio
        self.bulletins = BulletinSender(radio, list(kits.values()))
        self.bulletins.take_up(remembered, now, self._have(radio, holders))
        radio.on_receipt = self.bulletins.receipt
        self.call_sender = sender = CallSender(radio, kits)
        situation.is_shown, situation.told_112 = sender.is_shown, sender.told_112
        sender.take_up(situation.calls.values(), situation.said_of_112, now)
        self._keys = {kit: self._key(radio, kit) for kit in kits.values()}
        radio.on_boot = self._booted

    def _booted(self, kit: int, generation: int) -> None:
        """Tell a kit what it forgot; one that has taken the place of another was never told of the message either."""
        if self.call_sender is not None:
            self.call_sender.booted(kit, generation)
        before = self._keys.get(kit)
        self._keys[kit] = generation
        if self.bulletins is not None and before not in {None, generation}:
            self.bulletins.release(kit)

    def _key(self, radio: Transmitter, kit: int) -> int | None:
        """Return the generation of a kit's key, as it was last heard; None = never."""
        contact = radio.link.contact(kit)
        return None if contact is None else contact.generation

    def request_backfill(self, point: str, by: By) -> Ticket:
        """Ask a point's kit for every heartbeat that was lost on the air; the request, as it stands. Raises Refused.

        A request that still waits for the kit is not made twice.
        """
        radio = self._radio()
        kit = self._situation.states[self._point(point)].point.kit_address
        if kit is None:
            raise Refused("no_kit", f"There is no kit at {point!r}.")
        contact = radio.link.contact(kit)
        if contact is None or contact.newest is None:
            raise Refused("not_heard", f"The kit at {point!r} was never heard: there is nothing to ask for.")
        waiting = [t for t in radio.link.waiting(kit) if t.fields.get("command") == "backfill"]
        self._write(Action(self._clock.now(), by, "backfill", point))
        argument = contact.newest.to_bytes(4, "big")
        return (
            waiting[0]
            if waiting
            else radio.ask(kit, "command", {"command": "backfill", "argument": argument})
        )

    def send_bulletin(
        self,
        number: int,
        revision: int,
        text: str,
        by: By,
        replaces: int | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[Ticket, ...]:
        """Send a message to residents to every kit; its fragments and releases, as they stand. Raises Refused.

        Each kit shows it once it has all fragments and its own release. What goes out when is the link's
        decision: it is the last to go, within the law. ``expires_at``: until then it is shown, at most 22 days on.
        """
        data = text.encode()
        if len(data) > bulletin.MAX_BYTES:
            raise Refused("too_long", f"The text has {len(data)} bytes, at most {bulletin.MAX_BYTES} fit.")
        if not 0 <= number <= 254 or not 0 <= revision <= 15 or replaces == number:
            raise Refused(
                "out_of_range",
                "A message has a number of 0-254, a revision of 0-15 and replaces another one.",
            )
        if not data and replaces is None:
            raise Refused("out_of_range", "A message without text only takes another one down: name it.")
        now = self._clock.now()
        if expires_at is not None and not 0 < (expires_at - now).total_seconds() < MOST_DAYS * 86_400:
            raise Refused("out_of_range", f"A message ends in the future, within {MOST_DAYS} days.")
        sender = self._sender(has_text=bool(data))
        sent = Sent(number, revision, text, replaces, expires_at)
        detail = {"number": number, "revision": revision, "bytes": len(data), "replaces": replaces}
        entry = Sending(number, revision, text, replaces, expires_at)
        action = Action(now, by, "bulletin", detail=detail, note=text, entry=entry)
        self._write(action, memory={MEMORY: sent.to_json()})
        return () if sender is None else sender.send(sent)

    def _sender(self, *, has_text: bool) -> BulletinSender | None:
        """Return who sends messages; None where no point has a kit, and all hear of them by voice. Raises Refused."""
        if all(state.point.kit_address is None for state in self._situation.states.values()):
            return None
        radio, sender = self._radio(), self.bulletins
        if sender is None or (has_text and not radio.has_group):
            raise Refused("no_group", "There is no group key: nothing can be sent to all kits.")
        return sender

    def _have(self, radio: Transmitter, holders: Holders) -> set[int]:
        """Return the kits that said that they have the newest message: they need not be told of it again.

        What a kit said that has been replaced since, or what was told by voice, says nothing of the kit that is there.
        """
        now = self._situation.course.messages.on_air
        if now is None or now.sent is None:
            return set()
        said = holders(now.number, now.version, now.sent.at)
        return {kit for kit, generation in said if generation == self._key(radio, kit)}

    def _radio(self) -> Transmitter:
        if self.radio is None:
            raise Refused("no_radio", "This gateway does not send.")
        return self.radio
