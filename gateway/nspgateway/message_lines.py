"""The page of messages to residents in words: what hangs where, and every version of every message. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nspgateway.i18n import N_, Language
from nspgateway.resident_messages import AtPoint, Hanging, Mark, Messages, Version
from nspgateway.standing import Standing
from nspgateway.view import Point
from nspgateway.words import Word

_STEPS: Mapping[str, Word] = {
    "draft": Word(N_("Draft, not approved"), "pencil"),
    "approved": Word(N_("Approved, not sent"), "half-left"),
    "sent": Word(N_("Sent"), "check"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a point has said, or has not: ``word`` says which, ``by_hand`` that it came by voice."""

    text: str
    shape: str
    is_done: bool
    by_hand: str = ""


@dataclass(frozen=True, slots=True)
class AtPointLine:
    """What a point said of what should hang there. ``old``: name of another one that hangs; "" = none.

    ``can_hang``, ``can_remove``: what may be entered by hand, as the key of its button; "" = nothing.
    """

    slug: str
    name: str
    received: Step
    displayed: Step
    removed: Step
    can_hang: str
    can_remove: str


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version. ``key`` names it in buttons and links; ``can_approve`` and the like: its step allows it."""

    key: str
    name: str
    state: str
    shape: str
    word: str
    nl: str
    en: str
    valid_until: str
    replaces: str
    people: tuple[str, ...]
    can_approve: bool
    can_send: bool
    can_renew: bool


@dataclass(frozen=True, slots=True)
class OnAir:
    """What should hang everywhere. ``counts``: at how many points it does, as a sentence."""

    name: str
    nl: str
    en: str
    sent: str
    valid_until: str
    counts: str
    is_text: bool
    print_key: str


def name_of(lang: Language, number: int, version: int) -> str:
    """Return how a version is called."""
    return lang.gettext("Message {number}, version {version}").format(number=number, version=version)


def on_air(lang: Language, messages: Messages, points: Sequence[AtPointLine], now: datetime) -> OnAir | None:
    """Return what was sent last; None when nothing was."""
    found = messages.on_air
    if found is None or found.sent is None:
        return None
    _ = lang.gettext
    done = sum(one.displayed.is_done if found.text else one.removed.is_done for one in points)
    said = _("Hangs at {n} of {m} points.") if found.text else _("Taken down at {n} of {m} points.")
    title = name_of(lang, found.number, found.version)
    if not found.text:
        title = _("Message {number} has to be taken down").format(number=found.replaces)
    return OnAir(
        title,
        found.nl,
        found.en,
        lang.moment(found.sent.at, now),
        _until(lang, found.valid_until, now),
        said.format(n=done, m=len(points)),
        bool(found.text),
        f"{found.number}/{found.version}",
    )


def at_points(
    lang: Language, shown: Iterable[Point], standings: Mapping[str, Standing], now: datetime
) -> tuple[AtPointLine, ...]:
    """Return what each point said; none while nothing was sent."""
    found = []
    for point in shown:
        hanging = standings[point.slug].hanging
        if hanging is not None:
            found.append(_at_point(lang, point, hanging, now))
    return tuple(found)


def versions(lang: Language, messages: Messages, now: datetime, *, drafts: bool) -> tuple[VersionLine, ...]:
    """Return every version, the newest first. ``drafts``: also those that were not sent."""
    shown = [one for one in reversed(messages.versions) if one.text and (drafts or one.sent)]
    return tuple(_version(lang, messages, one, now) for one in shown)


def _at_point(lang: Language, point: Point, hanging: Hanging, now: datetime) -> AtPointLine:
    _ = lang.gettext
    at = hanging.at
    # That it hangs says that it came, also where the kit's own word is missing.
    received = _step(lang, at, at.received_at or at.displayed_at, _("not received yet"), now)
    if at.received_at is not None:
        received = replace(received, by_hand="")
    displayed = _step(lang, at, at.displayed_at, _("does not hang yet"), now)
    if not hanging.is_text:
        received, displayed = Step("–", "", is_done=False), Step("–", "", is_done=False)
    if point.kit_address is None and not received.is_done and hanging.is_text:
        received = Step(_("no kit: tell them by voice"), "pencil", is_done=False)
    removed = Step(_("no old message hangs"), "check", is_done=True)
    key = f"{point.slug}/{hanging.number}/{hanging.version}/displayed"
    remove = ""
    if hanging.old is not None:
        removed = Step(
            _("{name} still hangs").format(name=name_of(lang, *hanging.old)), "triangle", is_done=False
        )
        remove = f"{point.slug}/{hanging.old[0]}/{hanging.old[1]}/removed"
    can_hang = key if hanging.is_text and not displayed.is_done else ""
    return AtPointLine(point.slug, point.name, received, displayed, removed, can_hang, remove)


def _step(lang: Language, said: AtPoint, at: datetime | None, missing: str, now: datetime) -> Step:
    if at is None:
        return Step(missing, "ring", is_done=False)
    by_hand = lang.gettext("entered by hand") if said.by_hand else ""
    return Step(lang.moment(at, now), "check", is_done=True, by_hand=by_hand)


def _version(lang: Language, messages: Messages, one: Version, now: datetime) -> VersionLine:
    _ = lang.gettext
    word = _STEPS[one.step]
    is_newest = messages.newest(one.number) is one
    approved = _("Approved {when} by {who}")
    if one.approved_alone:
        approved = _("Approved {when} by {who}, who wrote it and was alone")
    people = (
        _who(lang, _("Written {when} by {who}"), one.drafted, now),
        _who(lang, approved, one.approved, now),
        _who(lang, _("Sent {when} by {who}"), one.sent, now),
    )
    return VersionLine(
        f"{one.number}/{one.version}",
        name_of(lang, one.number, one.version),
        one.step,
        word.shape,
        _(word.text),
        one.nl,
        one.en,
        _until(lang, one.valid_until, now),
        "" if one.replaces is None else _("Replaces message {number}").format(number=one.replaces),
        tuple(line for line in people if line),
        can_approve=is_newest and one.approved is None,
        can_send=is_newest and one.approved is not None and one.sent is None,
        can_renew=is_newest,
    )


def _who(lang: Language, said: str, mark: Mark | None, now: datetime) -> str:
    return "" if mark is None else said.format(when=lang.moment(mark.at, now), who=mark.by.who)


def _until(lang: Language, at: datetime | None, now: datetime) -> str:
    if at is None:
        return lang.gettext("until it is replaced")
    return lang.gettext("until {moment}").format(moment=lang.moment(at, now))
