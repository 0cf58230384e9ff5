"""An open call for help as a line that anybody may see, and what to do about it now; the panel of 112. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nspgateway import call_words, exercise_mark
from nspgateway.cells import Level
from nspgateway.exercise_mark import Mark
from nspgateway.i18n import N_, Language
from nspgateway.view import CallView, Overview

# (a person has to do something at once?, what to do); what comes first in ``_task`` counts.
_OPEN_IT = N_("Open it and press READ.")
_READ_NEWS = N_("Something was added. Open it and press READ.")
_CALL_BACK = N_("The point withdrew it. Call the point back and ask whether all is well.")
_SILENT = N_("Pass it on to the control room (police). Do not call the point over a loudspeaker.")
_PASS_ON = N_("Pass it on to the control room. Fill in who took it and at what time.")
_TELL = N_("Tell the point what happens.")
_CLOSE = N_("Close it once the point is helped.")


@dataclass(frozen=True, slots=True)
class CallLine:
    """One open call in words. ``place``: name and number of its point; ``asks``: for what.

    ``late``: what waits too long, "" = nothing. ``kit``: whether the kit shows the stage, "" = nothing is shown there.
    ``mark``: whether it is part of an exercise that goes on; ``is_first``: it stands above our own troubles.
    """

    id: str
    row: int
    level: Level
    place: str
    asks: str
    stage: str
    made: str
    waits: str
    late: str
    task: str
    kit: str
    mark: Mark
    mark_text: str
    is_unseen: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class EndedLine:
    """A call that was closed."""

    id: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Panel112:
    """What was said of 112. ``choices``: (word, text, whether it is so now). ``told``: which kits show it."""

    text: str
    since: str
    kits: str
    told: str
    choices: tuple[tuple[str, str, bool], ...]


def lines(lang: Language, overview: Overview) -> tuple[CallLine, ...]:
    """Return every open call, first task first."""
    return tuple(line(lang, call, overview) for call in overview.calls)


def line(lang: Language, call: CallView, overview: Overview) -> CallLine:
    """Return one call in one language."""
    _, now = lang.gettext, overview.now
    kind = call.kind or "not_known"
    mark = exercise_mark.of_call(call, overview)
    waits = _("for {duration}").format(duration=lang.duration((now - call.since).total_seconds()))
    kit = {
        None: "",
        True: _("The kit shows this stage."),
        False: _("The kit does not show this stage yet."),
    }
    return CallLine(
        id=call.id,
        row=call.row,
        level=_level(call),
        place=place(lang, call),
        asks=_(call_words.ASKS[kind]),
        stage=stage(lang, call, now),
        made=_("made at {clock}").format(clock=lang.moment(call.made_at, now)),
        waits=waits,
        late=_(call_words.LATE[call.late]) if call.late else "",
        task=_(_task(call)),
        kit=kit[call.is_shown],
        mark=mark,
        mark_text=exercise_mark.word(lang, mark),
        is_unseen=call.is_unseen,
        is_first=call.row <= 2,
    )


def place(lang: Language, call: CallView) -> str:
    """Return the name and the number of a call's point."""
    if call.number is None:
        return call.name
    return lang.gettext("{name} (NSP {number})").format(name=call.name, number=f"{call.number:02}")


def stage(lang: Language, call: CallView, now: datetime) -> str:
    """Return how far people are with it, and since when."""
    _ = lang.gettext
    text = _(call_words.STAGES[call.stage])
    if call.stage == "stored":
        return text
    return _("{text} at {clock}").format(text=text, clock=lang.moment(call.since, now))


def ended(lang: Language, call: CallView, reason: str, now: datetime) -> EndedLine:
    """Return a closed call as a line; ``reason``: the word of its last step."""
    _, kind = lang.gettext, call.kind or "not_known"
    return EndedLine(
        id=call.id,
        place=place(lang, call),
        text=_("{kind}, made at {made}, closed at {closed}: {reason}").format(
            kind=_(call_words.KINDS[kind]),
            made=lang.moment(call.made_at, now),
            closed=lang.moment(call.since, now),
            reason=_(call_words.REASONS.get(reason, call_words.REASONS["other"])),
        ),
    )


def panel_112(lang: Language, overview: Overview) -> Panel112:
    """Return what was said of 112, and what can be said."""
    _, said = lang.gettext, overview.status112
    names = {point.slug: point.name for point in overview.points}
    # As long as nobody said a thing, the kits say what they say in peace; that is not to know that 112 works.
    text, since = _("Nobody has said anything of 112 yet"), ""
    if said.since is not None:
        text = _(call_words.STATUS_112[said.word])
        since = _("Said at {clock}.").format(clock=lang.moment(said.since, overview.now))
    return Panel112(
        text=text,
        since=since,
        kits=_(call_words.KIT_112[said.word]),
        told="" if said.since is None else _told(lang, said.told, said.untold, names),
        choices=tuple(
            (word, _(text), word == said.word and said.since is not None)
            for word, text in call_words.STATUS_112.items()
        ),
    )


def _told(lang: Language, told: Sequence[str], untold: Sequence[str], names: dict[str, str]) -> str:
    """Return which kits have confirmed it."""
    _ = lang.gettext
    waiting = [names[slug] for slug in untold if slug in names]
    known = sum(slug in names for slug in told)
    if not waiting:
        return _("All kits show it.") if known else ""
    return _("{n} kits show it. Not yet: {names}.").format(n=known, names=", ".join(waiting))


def _level(call: CallView) -> Level:
    if call.is_unseen or call.late or call.needs_call_back:
        return "critical"
    return "attention" if call.stage == "read" else ""


def _task(call: CallView) -> str:
    """Return the message id of what is to be done about it now."""
    if call.is_unseen:
        return _CALL_BACK if call.needs_call_back else _OPEN_IT if call.stage == "stored" else _READ_NEWS
    if call.needs_call_back:
        return _CALL_BACK
    if call.stage == "read":
        return _SILENT if call.kind == "security" else _PASS_ON
    if call.stage == "passed_on":
        return _CLOSE if call.kind == "security" else _TELL
    return _CLOSE
