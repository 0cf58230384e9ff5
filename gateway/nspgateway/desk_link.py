"""What people ask of the radio link: heartbeats that were lost, and messages to residents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from nspgateway import bulletin
from nspgateway.desk_base import DeskBase, Refused
from nspgateway.downlinks import Ticket
from nspgateway.people import Action, By
from nspgateway.transmitter import Transmitter
from nsplink import timing

# The time on air counts minutes and begins anew after 45 days: what lies further ahead than half of that looks past.
MOST_DAYS = 22


class LinkDesk(DeskBase):
    """Acts that go on the air. ``radio``: None = this gateway never sends. What is asked is forgotten at a restart."""

    radio: Transmitter | None = None

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
        radio, data = self._radio(), text.encode()
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
        if data and not radio.has_group:
            raise Refused("no_group", "There is no group key: nothing can be sent to all kits.")
        expires_min = None if expires_at is None else timing.utc_min(int(expires_at.timestamp()))
        detail = {"number": number, "revision": revision, "bytes": len(data), "replaces": replaces}
        self._write(Action(now, by, "bulletin", detail=detail, note=text))
        release = bulletin.release(number, revision, data, expires_min, replaces)
        fragments = bulletin.fragments(number, revision, data)
        return (
            *(radio.ask(kit, "release", release) for kit in self._kits()),
            *(radio.tell_all(fragment) for fragment in fragments),
        )

    def _radio(self) -> Transmitter:
        if self.radio is None:
            raise Refused("no_radio", "This gateway does not send.")
        return self.radio

    def _kits(self) -> Iterable[int]:
        kits = (state.point.kit_address for state in self._situation.states.values())
        return (kit for kit in kits if kit is not None)
