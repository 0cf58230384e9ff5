"""What people say of calls for help and of 112, told to the kits until each has answered.

A kit is told the newest stage of each of its own calls; nothing of a silent one, whose point must show no sign.
All of it is told again after a restart of the gateway: who knows it already answers once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nspgateway.calls import SEEN, Call
from nspgateway.downlinks import Ticket
from nspgateway.people import Action, Status112
from nspgateway.transmitter import Transmitter
from nsplink import timing

# Words that stand in the frame itself; others are told by their text.
_IN_FRAME = frozenset({"help_comes", "no_unit"})
# What was closed longer ago is on no kit's display any more.
CLOSED_TOLD = timedelta(hours=6)


def stage_fields(call: Call) -> dict[str, Any] | None:
    """Return what the kit of a call is told of it; None = nothing: no person was there yet, or it must show no sign.

    Nor can a kit be told of a call that has no name of its own.
    """
    stage = call.stage
    step = call.last("read") or call.first(*SEEN) if stage == "read" else call.last(stage)
    if step is None or call.is_security or call.boot is None or call.boot < 0:
        return None
    fields: dict[str, Any] = {
        "event_boot": call.boot,
        "event_n": call.n,
        "help_stage": "call_back" if step.word == "call_back" else stage,
        "help_answer": step.word if step.word in _IN_FRAME else "none",
        "utc_min": timing.utc_min(int(step.at.timestamp())),
    }
    if step.what == "answered" and step.text:
        fields["text"] = step.text.encode()
    return fields


class CallSender:
    """``kits``: address of each kit by its point. ``on_boot`` of the transmitter must reach ``booted``."""

    def __init__(self, radio: Transmitter, kits: Mapping[str, int]) -> None:
        self._radio = radio
        self._kits = dict(kits)
        self._stages: dict[str, Ticket] = {}
        self._of_112: dict[int, Ticket] = {}
        self._generations: dict[str, int] = {}
        self._said: Action | None = None

    def take_up(self, calls: Iterable[Call], said: Action | None, now: datetime) -> None:
        """Tell everything again after a restart of the gateway."""
        for call in calls:
            closed = call.last("closed")
            if call.is_open or closed is None or now - closed.at < CLOSED_TOLD:
                self.tell(call)
        if said is not None:
            self.tell_112(said)

    def tell(self, call: Call) -> None:
        """Tell the kit that made a call how people are with it, as long as it still has the key that it had then."""
        fields = stage_fields(call)
        contact = None if call.kit is None else self._radio.link.contact(call.kit)
        if fields is None or contact is None or contact.generation != call.generation:
            return
        before = self._stages.get(call.id)
        if before is not None and before.fields == fields and before.state in {"waiting", "answered"}:
            return
        self._generations[call.id] = contact.generation
        self._stages[call.id] = self._radio.ask(contact.kit, "help_stage", fields)

    def tell_112(self, said: Action) -> None:
        """Tell every kit what a person said of 112."""
        self._said = said
        for kit in self._kits.values():
            self._ask_112(kit)

    def booted(self, kit: int, generation: int) -> None:
        """Tell a kit that has begun anew what it has forgotten: of 112, and of its calls that are open.

        One with a new key is another kit, whose calls are not the old ones.
        """
        for name, ticket in self._stages.items():
            if ticket.address != kit:
                continue
            if self._generations[name] != generation:
                self._radio.link.take_back(ticket)
            elif ticket.state == "answered" and ticket.fields["help_stage"] != "closed":
                self._stages[name] = self._radio.ask(kit, "help_stage", ticket.fields)
        if kit in self._kits.values():
            self._ask_112(kit)

    def is_shown(self, call: Call) -> bool | None:
        """Tell whether the kit has confirmed the newest stage of its call; None = it is told nothing."""
        ticket = self._stages.get(call.id)
        return None if ticket is None or ticket.state == "replaced" else ticket.state == "answered"

    def told_112(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return the points whose kits have confirmed what was said of 112, and those that have not."""
        told = [slug for slug, kit in self._kits.items() if self._is_told(kit)]
        return told, [slug for slug in self._kits if slug not in told]

    def _is_told(self, kit: int) -> bool:
        ticket = self._of_112.get(kit)
        return ticket is not None and ticket.state == "answered"

    def _ask_112(self, kit: int) -> None:
        said = self._said
        if said is None or not isinstance(said.entry, Status112):
            return
        fields = {"status112": said.entry.word, "utc_min": timing.utc_min(int(said.at.timestamp()))}
        self._of_112[kit] = self._radio.ask(kit, "status112", fields)
