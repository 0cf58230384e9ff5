"""Calls for help: what was asked, and what people have done about it. Pure.

A call is told apart by its kit, that kit's key, boot and number, for ever: two are never made one, and none ends
but by the word of a person. A machine says one thing only, that it is stored. What the kit adds (news) and what
people do (acts) are steps, in the order in which they were written down; the times of a wrong clock change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from nspgateway.people import By, CallAct
from nspgateway.view import is_ahead
from nsplink import calltext
from nsplink.frame import BadPayload

Stage = Literal["stored", "read", "passed_on", "answered", "closed"]
Late = Literal["help_unread", "help_not_passed", "help_not_called_back"]

# What somebody has to look at, and what shows that somebody has. To note where it is, is no sign of it.
NEWS = frozenset({"made", "entered", "details", "withdrawn"})
SEEN = frozenset({"read", "passed_on", "answered", "called_back", "closed"})
# What opens a call, and opens it again: somebody may have closed it before these words of the point arrived.
_OPENS = frozenset({"made", "entered", "details"})
# The words of these acts: to whom, what, why.
RECIPIENTS = ("control_room", "fire_brigade", "police", "doctor", "other")
ANSWERS = ("help_comes", "no_unit", "call_back", "text")
REASONS = ("helped", "mistake", "not_needed", "double", "other")
# Answers after which nobody has to be told any more.
_SETTLED = frozenset({"help_comes", "no_unit"})


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was said or done about a call. ``by`` None: the kit said so, in the frame ``counter``.

    ``at``: when it came or was written down; ``happened_at``: when it was, by the kit's age or a person's word.
    ``word``: one of RECIPIENTS, ANSWERS or REASONS; of a kit's word the kind of help. ``name``: who took it; ``text``: what a person typed here,
    ``tail``: at the point, as it came. These three may tell of somebody's health.
    """

    what: str
    at: datetime
    by: By | None = None
    happened_at: datetime | None = None
    counter: int | None = None
    word: str = ""
    name: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    tail: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One call for help. ``boot`` -1: the kit did not say; kit, generation, boot and n are None when made by hand.

    ``first_kind``: as it was said first, one of ``nsplink.fields.HELP_KINDS``, None = not known. ``exercise``: it says so of itself;
    ``during_exercise``: one was going on when it came. ``steps``: oldest first, never empty.
    """

    id: str
    point: str
    origin: Literal["kit", "by_hand"]
    first_kind: str | None
    exercise: bool
    during_exercise: bool
    made_at: datetime
    stored_at: datetime
    kit: int | None = None
    generation: int | None = None
    boot: int | None = None
    n: int | None = None
    steps: tuple[Step, ...] = ()

    @property
    def kind(self) -> str | None:
        """Which help: who typed more may have said which; what was asked silently stays so."""
        said = [step.word for step in self.steps if step.by is None and step.word not in {"", "not_known"}]
        return self.first_kind if self.first_kind == "security" or not said else said[-1]

    @property
    def typed(self) -> tuple[Mapping[str, str], bool]:
        """What was typed at the point, by the names of ``nsplink.calltext``, and whether all of it is here."""
        kit = [step for step in self.steps if step.by is None and step.tail]
        tails = [s.tail for s in sorted(kit, key=lambda s: s.counter or 0) if s.what == "details"]
        loose = [step.tail for step in kit if step.what != "details"]
        try:
            values, is_whole = calltext.joined(tails)
        except BadPayload:
            values, is_whole, loose = {}, False, [*loose, *tails]
        more = " / ".join(tail.decode("utf-8", "replace") for tail in loose)
        if more:
            values = {**values, "what": " / ".join(one for one in (values.get("what"), more) if one)}
        return values, is_whole

    @property
    def typed_before(self) -> tuple[tuple[str, str], ...]:
        """(name of ``nsplink.calltext``, words) that the point typed and what it typed last no longer says, oldest first."""
        newest, _ = self.typed
        found: dict[tuple[str, str], None] = {}
        kit = [step for step in self.steps if step.by is None and step.what == "details" and step.tail]
        tails = [step.tail for step in sorted(kit, key=lambda s: s.counter or 0)]
        for end in range(1, len(tails)):
            with suppress(BadPayload):
                if _text_of(tails[end]) != _text_of(tails[end - 1]):
                    found.update(dict.fromkeys(calltext.joined(tails[:end])[0].items()))
        return tuple((name, words) for name, words in found if newest.get(name) != words)

    @property
    def is_open(self) -> bool:
        """True until a person has closed it, and again when the point adds to it after that."""
        last = self.last("closed", *_OPENS)
        return last is None or last.what != "closed"

    @property
    def is_security(self) -> bool:
        """True for a team that is not safe and called silently."""
        return self.kind == "security"

    @property
    def is_real(self) -> bool:
        """True for a call that is no exercise while one was going on."""
        return self.during_exercise and not self.exercise

    @property
    def is_read(self) -> bool:
        """True once a person has read it."""
        return self.first(*SEEN) is not None

    @property
    def is_unseen(self) -> bool:
        """True while there is something in it that nobody has seen: the call itself, or what came after."""
        last = next((step.what for step in reversed(self.steps) if step.what in NEWS | SEEN), "made")
        return self.is_open and last in NEWS

    @property
    def news(self) -> int:
        """How often there was something new in it."""
        return sum(1 for step in self.steps if step.what in NEWS)

    @property
    def unread_since(self) -> datetime | None:
        """Since when something asks for help in it that nobody has read; None = everything of that was read.

        A withdrawal of a call that was read asks for a call back instead.
        """
        seen = max((n for n, step in enumerate(self.steps) if step.what in SEEN), default=None)
        if seen is None:
            return self.stored_at
        return next((step.at for step in self.steps[seen + 1 :] if step.what in _OPENS), None)

    @property
    def is_withdrawn(self) -> bool:
        """True when the point has withdrawn it, which ends nothing."""
        return self.first("withdrawn") is not None

    @property
    def is_settled(self) -> bool:
        """True once it was passed on, or answered so that nobody has to be told any more."""
        return any(s.what == "passed_on" or (s.what == "answered" and s.word in _SETTLED) for s in self.steps)

    @property
    def needs_call_back(self) -> bool:
        """True while nobody has asked the point whether all is well after it withdrew."""
        last = next((s.what for s in reversed(self.steps) if s.what in {"withdrawn", "called_back"}), "")
        return self.is_open and last == "withdrawn"

    @property
    def mark(self) -> Literal["made", "withdrawn", "details"]:
        """What the kit last said of it that counts: withdrawn, or else whether it added something."""
        if self.is_withdrawn:
            return "withdrawn"
        return "made" if self.first("details") is None else "details"

    @property
    def stage(self) -> Stage:
        """How far people are with it; who reads it once more does not set it back."""
        last = self.last("passed_on", "answered", "closed")
        if last is not None and (last.what != "closed" or not self.is_open):
            return last.what  # type: ignore[return-value]  # these three are stages
        return "read" if self.is_read else "stored"

    @property
    def place(self) -> str:
        """Where help is needed, as a person last noted; "" = at the point."""
        last = self.last("placed")
        return "" if last is None else last.text

    def first(self, *what: str) -> Step | None:
        """Return the first step that is one of these."""
        return next((step for step in self.steps if step.what in what), None)

    def last(self, *what: str) -> Step | None:
        """Return the newest step that is one of these."""
        return next((step for step in reversed(self.steps) if step.what in what), None)

    def with_step(self, step: Step) -> Call:
        """Return the call with one more step."""
        return replace(self, steps=(*self.steps, step))

    def with_news(self, news: Step) -> Call:
        """Return the call with a word of its kit, which may stand here already and never have been written down.

        Then it stands where it will stand in the records: after all that people did meanwhile.
        """
        others = (s for s in self.steps if s.by is not None or (s.what, s.tail) != (news.what, news.tail))
        return replace(self, steps=(*others, news))


@dataclass(frozen=True, slots=True)
class CallNews:
    """What a kit or a person made known of a call, to be written: the call as it is with it, and the step."""

    call: Call
    step: Step | None


def _text_of(tail: bytes) -> tuple[int, int]:
    """Return what tells the parts of one text from those of the next: its edition, and how many parts it has."""
    return calltext.edition_of(tail), tail[0] & 7


def name_of(kit: int, generation: int, boot: int, n: int) -> str:
    """Return the name of a kit's call; ``boot`` below 0 = not said. A new key makes another call."""
    return f"{kit}-{generation}-{boot if boot >= 0 else 'x'}-{n}"


def name_by_hand(calls: Iterable[str]) -> str:
    """Return the name of the next call that is entered by hand."""
    return f"hand-{sum(1 for name in calls if name.startswith('hand-')) + 1}"


def acted(act: CallAct, by: By, at: datetime) -> Step:
    """Return what a person did as a step."""
    return Step(act.what, at, by, act.happened_at, None, act.word, act.name, act.text)


def late(call: Call) -> tuple[Late, datetime] | None:
    """Return what a person still has to do about it, and since when; None = nothing that is urgent.

    What the point adds has to be read like the call itself, whoever read what stood there before. A call that was
    withdrawn and read is not to be passed on but to be asked about: somebody may have made them take it back.
    """
    if not call.is_open:
        return None
    unread = call.unread_since
    if unread is not None:
        return "help_unread", unread
    withdrawn = call.last("withdrawn")
    if call.needs_call_back and withdrawn is not None:
        return "help_not_called_back", withdrawn.at
    seen = call.first(*SEEN)
    return None if seen is None or call.is_settled or call.is_withdrawn else ("help_not_passed", seen.at)


def waited_s(since: datetime, now: datetime) -> float | None:
    """Return seconds since then; None = not known, since the clock was set back: then it is too long."""
    return None if is_ahead(since, now) else max(0.0, (now - since).total_seconds())


def row(call: Call) -> Literal[1, 2, 4]:
    """Return its place in the order of tasks: 1 not read, 2 a team that is not safe, 4 read.

    Between them, at 3, is the coordinating point itself; below come the points.
    """
    if call.is_security:
        return 2
    return 1 if call.is_unseen else 4


def in_order(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return the open calls, first task first: by row, then what still has to be done, then the oldest."""

    def order(call: Call) -> tuple[int, bool, bool, datetime, str]:
        return row(call), not call.is_unseen, late(call) is None, call.stored_at, call.id

    return tuple(sorted((call for call in calls if call.is_open), key=order))


def open_at(calls: Mapping[str, Call], point: str) -> int:
    """Return how many calls of a point are open."""
    return sum(1 for call in calls.values() if call.is_open and call.point == point)
