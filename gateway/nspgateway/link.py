"""The gateway's side of the link: what to put on the air, when, to whom. Pure: no clock, no port, no key.

    heard(uplink) -> jobs -> next() -> Send -> [seal, air] -> sent() or not_sent()

One transmission at a time, each admitted by the ledger of a lawful hour. An ack goes out in
the window after the frame it is for; a request goes out again, under a new counter each time,
until an answer names one of its counters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from nspgateway.crowd import HINTS_MS, Crowd
from nspgateway.downlinks import (
    ACKED,
    RANKS,
    TOP_UP,
    Contact,
    Counters,
    Fields,
    Job,
    Send,
    State,
    Ticket,
    Uplink,
)
from nspgateway.outgoing import Outgoing
from nspgateway.silence import Chance, Silence
from nsplink import message, timing
from nsplink.fields import MESSAGES, TAILS

TWICE_PERMILLE = 250  # of the lawful hour must be left to answer twice
# An answer that could not begin by then is dropped: the kit tries again.
REPLY_UNTIL_MS = 3000
# Newest counter minus the one last told: a few before those of the bitmap that would be lost.
TELL_AFTER = timing.LINK_REACH - 4
MOST_TRIES = 10  # of a command
# The longest answer to wait for before the next try: 16 bytes of value, counter in full.
_ANSWER_BYTES = 37
HELLO_MS = ((500, 3000), (12_000, 20_000), (35_000, 55_000))
# What was sealed for the boot before is acknowledged again once the new boot is known.
REACK_MS = 20_000
_ECHOES = 2  # one frame played back to us must not keep us on the air
_REMEMBERED = 32
URGENT = TOP_UP - {"boot"}
_ASKED = 4096
# What makes the tries of one event the same.
_EVENT = (
    *("event_boot", "event_n", "help_mark"),
    *("answers", "base_counter", "bulletin", "revision", "receipt_stage"),
)
# A newer request takes the place of an older one when these agree.
_MATTER: Mapping[str, tuple[str, ...]] = {
    "status112": (),
    "release": ("bulletin",),  # of one revision: those of its parts stand beside each other
    "help_stage": ("event_boot", "event_n"),
}


class Link:
    """All downlinks of one gateway.

    ``phy``: as ``nsplink.regions.PHY``. ``limit_us``: what the sub-band allows in an hour.
    ``intervals``: heartbeats of the kits whose silence is watched, in ms on the wall.
    ``group_generation``: of the group's key; None = there is none, and nothing is sent to all.
    """

    def __init__(
        self,
        cp_number: int,
        gateway_id: int,
        phy: Mapping[str, Any],
        limit_us: int,
        chance: Chance,
        counters: Counters,
        *,
        now_ms: int = 0,
        intervals: Mapping[int, int] | None = None,
        group_generation: int | None = None,
    ) -> None:
        self.group = cp_number << 6
        self.silence = Silence(intervals or {}, chance, now_ms)
        self.tickets: deque[Ticket] = deque(maxlen=500)
        self._has_group = group_generation is not None
        self._gateway_id = gateway_id
        self._crowd = Crowd()
        self._chance = chance
        self._contacts: dict[int, Contact] = {}
        self._out = Outgoing(phy, limit_us, counters, self._contacts, self.group, group_generation)
        self.ledger = self._out.ledger
        self._asked: dict[tuple[int, int], Ticket | None] = {}
        self._numbers = 0
        if self._has_group:
            self._greet(HELLO_MS, now_ms, top=False)

    # What comes in

    def kit_epoch(self, kit: int, generation: int, epoch: int | None, newest: int, seen: int) -> None:
        """Take up what is known of a kit from before a restart."""
        self._contacts[kit] = Contact(kit, generation, epoch, newest, seen, wide_left=timing.WIDE_DOWNLINKS)

    def heard(self, up: Uplink) -> None:
        """Take note of a new frame, once it is durable; queue what it is to be answered with."""
        contact = self._contact(up)
        was_away = contact.heard_ms is None or up.at_ms - contact.heard_ms > timing.SILENCE_MS
        contact.newest, contact.seen = up.newest, up.seen
        contact.heard_ms, contact.snr_db = up.at_ms, up.snr_db
        self.silence.heard(up.kit, up.at_ms)
        waiting = self._out.of(up.kit)
        if any(job.is_question for job in waiting):
            self._out.drop(lambda job: job.is_question and job.address == up.kit)
        if up.kind == "boot":
            self._booted(contact, up)
        elif contact.owes_boot is not None:
            # Its ack came too late to be sent: now, since everything else waits for it.
            self._queue_ack(contact, contact.owes_boot, up.at_ms)
        if up.kind == "answer":
            self._answered(up)
        if any(job.ticket is not None for job in waiting):
            self._settle_pings(up.kit)
        if was_away:
            self._hurry(up)
        if up.kind in ACKED:
            contact.recent.append(up)
            self._queue_ack(contact, up, up.at_ms)
        if up.kind in URGENT and self._crowd.heard(up.kit, up.at_ms) and self._has_group:
            self._greet(HINTS_MS, up.at_ms, top=True)
        # What a kit waits for after an alarm is its ack alone.
        if up.kind not in URGENT and self._is_link_due(contact, up) and not self._crowd.is_there(up.at_ms):
            self._queue_link(up, waiting)

    def echo(self, kit: int, kind: str, counter: int, fields: Fields, at_ms: int) -> None:
        """Answer a frame once more that was heard twice; a few times at most."""
        contact = self._contacts.get(kit)
        if contact is None or kind not in ACKED or contact.acked.get(("echo", counter), 0) >= _ECHOES:
            return
        _note(contact, ("echo", counter))
        up = Uplink(kit, contact.generation, kind, counter, False, fields, counter, 0, at_ms)
        self._queue_ack(contact, up, at_ms, may_double=False)

    def request(self, kit: int, kind: str, fields: Fields, now_ms: int) -> Ticket:
        """Send a command, help_stage, status112 or release until the kit answers it.

        A newer one takes the place of an older one about the same matter. ValueError when the
        fields do not fit the kind.
        """
        _check(kind, fields)
        if kind in _MATTER:
            self._replace(kit, kind, fields)
        top = kind in {"help_stage", "status112"} or fields.get("command") == "ping"
        ticket = self._ticket(kit, kind, fields, now_ms)
        self._add(Job(kit, kind, fields, RANKS[kind], top, now_ms, ticket=ticket))
        return ticket

    def take_back(self, ticket: Ticket) -> None:
        """Ask for it no longer; one that is settled stays so."""
        if ticket.state == "waiting":
            self._end(ticket, "replaced")

    def broadcast(self, fields: Fields, now_ms: int) -> Ticket:
        """Send one fragment of a message to all. ValueError when there is no group key."""
        if not self._has_group:
            raise ValueError("there is no group key: nothing can be sent to all kits")
        _check("fragment", fields)
        ticket = self._ticket(self.group, "fragment", fields, now_ms)
        self._add(Job(self.group, "fragment", fields, RANKS["fragment"], False, now_ms, ticket=ticket))
        return ticket

    # What goes out

    def next(self, now_ms: int, utc_min: int | None = None) -> Send | None:
        """Return the frame that goes on the air now, or None. ``utc_min``: None while our time is not trusted.

        It is booked and its counter is used; ``sent`` or ``not_sent`` must follow before another is given.
        """
        if self._out.on_air is not None:
            return None
        self._give_up(now_ms)
        self._ask_the_quiet(now_ms)
        found = self._out.next(now_ms, utc_min)
        if found is None:
            return None
        send, job = found
        if job.address != self.group:
            self._asked[job.address, int(send.header.counter)] = job.ticket
            while len(self._asked) > _ASKED:
                del self._asked[next(iter(self._asked))]
        return send

    def next_ms(self, now_ms: int) -> int | None:
        """Return when to call ``next`` again after it gave None; None = when something is heard, sent or asked."""
        if self._out.on_air is not None:
            return None
        asking = self.silence.next_ms(now_ms)
        moments = [self._out.next_ms(now_ms), None if asking is None else max(asking, now_ms + 1)]
        return min((moment for moment in moments if moment is not None), default=None)

    def sent(self, now_ms: int) -> None:
        """Take note that the frame last given was on the air, and is over."""
        job = self._out.over()
        if job is None:
            return
        contact = self._contacts.get(job.address)
        if contact is not None:
            self._note_sent(contact, job, now_ms)
        ticket = job.ticket
        if ticket is not None and ticket.state == "waiting" and job.address != self.group:
            ticket.tries += 1
            window = timing.retry_window_ms(ticket.tries)
            answer_ms = self._out.air_us(_ANSWER_BYTES) // 1000
            wait = timing.ACK_WAIT_MS + answer_ms
            self._out.listen(now_ms + timing.ACK_FROM_MS + answer_ms)
            job.due_ms = now_ms + wait + int(self._chance.uniform(0, window))
            return
        self._out.drop(lambda other: other is job)
        if ticket is not None and ticket.state == "waiting":
            ticket.state, ticket.tries = "sent", 1

    def not_sent(self, send: Send, now_ms: int, again_ms: int = 1000) -> None:
        """Take note that the radio took nothing; try again after ``again_ms``. The counter stays used."""
        job = self._out.over()
        self.ledger.take_back(send.air_us)
        if job is not None:
            job.due_ms = now_ms + again_ms

    # What people and the rest of the gateway want to know

    def waiting(self, kit: int | None = None) -> list[Ticket]:
        """Return the requests that are not answered yet, of one kit or of all."""
        jobs = self._out.jobs if kit is None else self._out.of(kit)
        return [job.ticket for job in jobs if job.ticket is not None and job.ticket.state == "waiting"]

    def contact(self, kit: int) -> Contact | None:
        """Return what the link knows of a kit."""
        return self._contacts.get(kit)

    def has_used(self, kit: int, counter: int) -> bool:
        """Tell whether this counter was used since the start: who names it in an answer answers now."""
        return (kit, counter) in self._asked

    # Within

    def _greet(self, spans: Sequence[tuple[int, int]], now_ms: int, *, top: bool) -> None:
        """Say hello to all kits once within each of these spans from now."""
        for span in spans:
            due = now_ms + int(self._chance.uniform(*span))
            self._add(Job(self.group, "hello", {"gateway_id": self._gateway_id}, RANKS["hello"], top, due))

    def _add(self, job: Job) -> None:
        self._out.add(job)

    def _contact(self, up: Uplink) -> Contact:
        contact = self._contacts.get(up.kit)
        if contact is None or up.generation > contact.generation:
            contact = Contact(up.kit, up.generation, wide_left=timing.WIDE_DOWNLINKS)
            self._contacts[up.kit] = contact
        return contact

    def _booted(self, contact: Contact, up: Uplink) -> None:
        """An epoch only goes forward: an old report that comes late says nothing of the present boot."""
        epoch = up.fields["boot_epoch"]
        if contact.epoch is not None and epoch < contact.epoch:
            return
        contact.owes_boot = up
        if epoch != contact.epoch:
            contact.epoch = epoch
            # Nothing of this boot can be lost yet, and after a return of the mains the air is needed for the reports.
            contact.told, contact.told_ms = up.newest, up.at_ms
            contact.wide_left = timing.WIDE_DOWNLINKS
            for early in contact.recent:
                if early.counter >= epoch and up.at_ms - early.at_ms <= REACK_MS:
                    self._queue_ack(contact, early, up.at_ms)

    def _answered(self, up: Uplink) -> None:
        ticket = self._asked.get((up.kit, up.fields["answers"]))
        if ticket is not None and ticket.state in {"waiting", "failed"}:
            self._end(ticket, "answered")
            ticket.result, ticket.value = up.fields["result"], bytes(up.fields.get("value") or b"")

    def _settle_pings(self, kit: int) -> None:
        """A ping has no answer of its own: whatever the kit sends is one."""
        for ticket in self.waiting(kit):
            if ticket.fields.get("command") == "ping" and ticket.tries:
                self._end(ticket, "answered")
                ticket.result = "done"

    def _end(self, ticket: Ticket, state: State) -> None:
        ticket.state = state
        self._out.drop(lambda job: job.ticket is ticket)

    def _replace(self, kit: int, kind: str, fields: Fields) -> None:
        for ticket in self.waiting(kit):
            same = [n for n in fields if ticket.kind == kind and ticket.fields.get(n) == fields[n]]
            is_part = kind == "release" and "revision" in same and "bulletin_bytes" not in same
            if ticket.kind == kind and set(_MATTER[kind]) <= set(same) and not is_part:
                self._end(ticket, "replaced")

    def _hurry(self, up: Uplink) -> None:
        """A kit that is heard again after a while hears us too: now rather than in minutes."""
        for job in self._out.of(up.kit):
            if job.ticket is not None:
                job.due_ms = min(job.due_ms, self._reply_ms(up.at_ms))

    def _queue_ack(self, contact: Contact, up: Uplink, at_ms: int, *, may_double: bool = True) -> None:
        """Take the place of the ack of an earlier try of the same event: the kit waits for the newest."""
        about = (up.kind, *(up.fields.get(name) for name in _EVENT))
        self._out.drop(lambda job: job.address == up.kit and job.about == about)
        top = up.kind in TOP_UP
        rank = 0 if top else RANKS["ack"]
        until = at_ms + REPLY_UNTIL_MS
        # Asked again: perhaps it does not know the upper half of our counter.
        wide = about in contact.acked
        twice = (
            may_double
            and wide
            and top
            and self.ledger.left_permille(at_ms) > TWICE_PERMILLE
            and not self._crowd.is_there(at_ms)
        )
        for due in self._replies_ms(at_ms, twice=twice):
            self._add(Job(up.kit, "ack", {"acked": up.counter}, rank, top, due, until, about, wide))

    def _queue_link(self, up: Uplink, waiting: Sequence[Job]) -> None:
        if not any(job.kind == "link" for job in waiting):
            due, until = self._reply_ms(up.at_ms), up.at_ms + REPLY_UNTIL_MS
            self._add(Job(up.kit, "link", {}, RANKS["link"], False, due, until))

    def _is_link_due(self, contact: Contact, up: Uplink) -> bool:
        if contact.told is None or up.newest - contact.told >= TELL_AFTER:
            return True
        return up.at_ms - contact.told_ms >= timing.LINK_PERIOD_S * 1000

    def _replies_ms(self, at_ms: int, *, twice: bool) -> tuple[int, ...]:
        """When to answer; twice, each in its half of the window, who has missed an answer before."""
        if not twice:
            return (self._reply_ms(at_ms),)
        middle = (timing.ACK_FROM_MS + timing.ACK_UNTIL_MS) / 2
        return (
            at_ms + int(self._chance.uniform(timing.ACK_FROM_MS, middle)),
            at_ms + int(self._chance.uniform(middle, timing.ACK_UNTIL_MS)),
        )

    def _reply_ms(self, at_ms: int) -> int:
        return at_ms + int(self._chance.uniform(timing.ACK_FROM_MS, timing.ACK_UNTIL_MS))

    def _ask_the_quiet(self, now_ms: int) -> None:
        for kit in self.silence.to_ask(now_ms):
            self.silence.put_off(kit, now_ms)
            contact = self._contacts.get(kit)
            if contact is None or contact.epoch is None or contact.owes_boot is not None:
                continue
            if not any(job.is_question for job in self._out.of(kit)):
                ping = {"command": "ping"}
                self._add(
                    Job(kit, "command", ping, RANKS["command"], True, now_ms, wide=True, is_question=True)
                )

    def _give_up(self, now_ms: int) -> None:
        """End the commands that were tried often enough, once the last answer can no longer come."""
        for ticket in self.waiting():
            if ticket.kind == "command" and ticket.tries >= MOST_TRIES:
                due = [job.due_ms for job in self._out.jobs if job.ticket is ticket]
                if min(due, default=now_ms) <= now_ms:
                    self._end(ticket, "failed")

    def _note_sent(self, contact: Contact, job: Job, now_ms: int) -> None:
        contact.wide_left = max(0, contact.wide_left - 1)
        if job.kind == "ack":
            _note(contact, job.about)
            if job.about[0] == "boot":
                contact.owes_boot = None
        elif job.kind == "link":
            contact.told, contact.told_ms = contact.newest, now_ms
        if job.is_question:
            self.silence.asked(job.address, now_ms)

    def _ticket(self, address: int, kind: str, fields: Fields, now_ms: int) -> Ticket:
        self._numbers += 1
        ticket = Ticket(self._numbers, address, kind, fields, now_ms)
        self.tickets.append(ticket)
        return ticket


def _note(contact: Contact, what: tuple[object, ...]) -> None:
    """Count an event that was acknowledged; only the latest are remembered."""
    contact.acked[what] = contact.acked.pop(what, 0) + 1
    while len(contact.acked) > _REMEMBERED:
        del contact.acked[next(iter(contact.acked))]


def _check(kind: str, fields: Fields) -> None:
    """Refuse what could never be sealed, while whoever asks for it is still there."""
    names = {*MESSAGES[kind], TAILS.get(kind, ("",))[0]}
    strange = sorted(set(fields) - names)
    if strange:
        raise ValueError(f"{kind} has no field {strange[0]}")
    message.encode(kind, dict(fields))
