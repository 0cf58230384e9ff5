"""The record of a call for help in words, for who handles calls: what was asked, what was typed, who did what. Pure.

Nothing of this goes to a screen without a person behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from nspgateway import call_words
from nspgateway.alarm_text import role_name
from nspgateway.calls import Call, Step
from nspgateway.i18n import N_, Language


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step. ``clock``: when it was written down; ``who``: role and name, "" = the kit or the gateway."""

    what: str
    clock: str
    text: str
    who: str = field(default="", repr=False)
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in a call. ``typed``: (label, words) as the point said; ``gap``: part of that is still missing."""

    typed: tuple[tuple[str, str], ...] = field(repr=False)
    gap: str
    place: str = field(repr=False)
    steps: tuple[StepLine, ...]


_WHATS = {
    "made": N_("Made at the point"),
    "details": N_("The point typed more"),
    "withdrawn": N_("Withdrawn by the point"),
    "entered": N_("Entered by hand"),
    "read": N_("Read"),
    "called_back": N_("The point was called back"),
    "placed": N_("Place noted"),
}


def record(lang: Language, call: Call, now: datetime) -> Record:
    """Return a call's record in one language."""
    _ = lang.gettext
    values, is_whole = call.typed
    by_hand = call.first("entered")
    if by_hand is not None and by_hand.text:
        values = {**values, "what": by_hand.text}
    place = call.place or values.get("place") or _("at the point")
    if values.get("place") == place:
        values = {name: text for name, text in values.items() if name != "place"}
    known = {name: _(text) for name, text in call_words.FIELDS.items()}
    typed = [(label, values[name]) for name, label in known.items() if name in values]
    typed += [(name, text) for name, text in values.items() if name not in known]
    before = _("{label}, typed before")
    typed += [(before.format(label=known.get(name, name)), text) for name, text in call.typed_before]
    stored = StepLine(
        _("Stored here by the gateway, no person has seen it yet"), lang.moment(call.stored_at, now), ""
    )
    steps = [_step(lang, step, now) for step in call.steps]
    if call.origin == "kit":
        steps.insert(1, stored)
    return Record(
        typed=tuple(typed),
        gap="" if is_whole else _("A part of the text has not arrived yet."),
        place=place,
        steps=tuple(steps),
    )


def _step(lang: Language, step: Step, now: datetime) -> StepLine:
    _ = lang.gettext
    who = "" if step.by is None else f"{role_name(lang.code, step.by.role)}, {step.by.who}"
    at = step.happened_at if step.what in {"made", "withdrawn", "details"} else step.at
    return StepLine(
        what=_what(lang, step),
        clock=lang.moment(at or step.at, now),
        text=_text(lang, step, now),
        who=who,
        words=step.text if step.what != "placed" else step.text or _("at the point"),
    )


def _what(lang: Language, step: Step) -> str:
    _ = lang.gettext
    if step.what == "passed_on":
        return _("Passed on to {whom}").format(whom=_(call_words.RECIPIENTS.get(step.word, step.word)))
    if step.what == "answered":
        return _("Answered: {answer}").format(answer=_(call_words.ANSWERS.get(step.word, step.word)))
    if step.what == "closed":
        return _("Closed: {reason}").format(reason=_(call_words.REASONS.get(step.word, step.word)))
    return _(_WHATS.get(step.what, step.what))


def _text(lang: Language, step: Step, now: datetime) -> str:
    """Return what else is to be said of it: who took it there, and when; when a call by voice was made."""
    _ = lang.gettext
    if step.happened_at is None:
        return ""
    clock = lang.moment(step.happened_at, now)
    if step.what == "passed_on":
        return _("taken by {name} at {clock}").format(name=step.name, clock=clock)
    return _("made at {clock}").format(clock=clock) if step.what == "entered" else ""
