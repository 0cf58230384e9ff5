"""Messages to residents: written, approved, sent, and what hangs where; the history of each stays. Pure.

One hangs at a time: what was sent last is to take the place of what hangs. A message has a number, and versions of it
count up from 1. What a point said of it comes from its kit's receipts and reports, or by voice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct, structs

from nspgateway.entries import Approval, Draft, HandReport, OnTheWall, Sending
from nspgateway.kit_words import KitReport, Receipt
from nspgateway.people import Action, By

MOST_NUMBER = 254
MOST_VERSION = 15
# Between the two languages of a text.
BREAK = "\n\n---\n"

Name = tuple[int, int]  # number and version
Stage = Literal["received", "displayed", "removed"]


class Mark(Struct, frozen=True):
    """When a step was taken, and by whom."""

    at: datetime
    by: By


class Version(Struct, frozen=True):
    """One version of a message. ``text``: as on the air; empty: it only takes ``replaces`` down.

    ``approved_alone``: by who wrote it, with nobody else there to read it.
    """

    number: int
    version: int
    nl: str
    en: str
    text: str
    valid_until: datetime | None
    replaces: int | None
    drafted: Mark
    approved: Mark | None = None
    approved_alone: bool = False
    sent: Mark | None = None

    @property
    def name(self) -> Name:
        """Number and version."""
        return self.number, self.version

    @property
    def step(self) -> Literal["draft", "approved", "sent"]:
        """How far it has come."""
        return "sent" if self.sent else "approved" if self.approved else "draft"

    def __repr__(self) -> str:
        # Until it is sent its text is somebody's draft.
        return f"Version(number={self.number}, version={self.version}, step={self.step!r})"


class AtPoint(Struct, frozen=True):
    """What a point said of one version, and when; None = not said. ``by_hand``: the last word came by voice."""

    received_at: datetime | None = None
    displayed_at: datetime | None = None
    removed_at: datetime | None = None
    by_hand: bool = False


class Hanging(Struct, frozen=True):
    """What should hang at a point, and what it said of it. ``old``: another one that hung and nobody took down.

    ``is_text``: there is a text to hang up; else ``old`` is only to be taken down.
    """

    number: int
    version: int
    sent_at: datetime
    valid_until: datetime | None
    is_text: bool
    at: AtPoint
    old: Name | None = None

    @property
    def is_done(self) -> bool:
        """Tell whether the point does what the message asks for."""
        return self.at.displayed_at is not None if self.is_text else self.old is None


class Messages(Struct, frozen=True):
    """All versions in the order in which they were written; ``aired``: the place of the one that was sent last.

    ``told`` by point, then by number and version.
    """

    versions: tuple[Version, ...] = ()
    aired: int | None = None
    told: Mapping[str, Mapping[Name, AtPoint]] = msgspec.field(default_factory=dict)

    def find(self, number: int, version: int) -> Version | None:
        """Return a version; of numbers that were used twice the newest."""
        return next((one for one in reversed(self.versions) if one.name == (number, version)), None)

    @property
    def on_air(self) -> Version | None:
        """The version that was sent last."""
        return None if self.aired is None else self.versions[self.aired]

    @property
    def next_number(self) -> int:
        """A number for a new message; never that of what hangs, whatever number of drafts was written since."""
        number = (self.versions[-1].number if self.versions else 0) % MOST_NUMBER + 1
        hangs = self.on_air
        return number % MOST_NUMBER + 1 if hangs is not None and hangs.number == number else number

    def next_version(self, number: int) -> int:
        """A version for a new text of a message; above ``MOST_VERSION`` there is none."""
        return max((one.version for one in self._latest(number)), default=0) + 1

    def newest(self, number: int) -> Version | None:
        """Return the newest version of a message."""
        return next((one for one in reversed(self.versions) if one.number == number), None)

    def hanging(self, point: str) -> Hanging | None:
        """Return what should hang at a point; None when nothing was sent yet."""
        now = self.on_air
        if now is None or now.sent is None:
            return None
        said = self.told.get(point, {})
        up = [name for name, at in said.items() if name != now.name and at.displayed_at and not at.removed_at]
        at = said.get(now.name, AtPoint())
        return Hanging(
            now.number,
            now.version,
            now.sent.at,
            now.valid_until,
            bool(now.text),
            at,
            up[-1] if up else None,
        )

    def _latest(self, number: int) -> Iterable[Version]:
        return (one for one in self.versions if one.number == number)


def on_air_text(nl: str, en: str) -> str:
    """Return a text as it goes on the air: Dutch first, then English where there is any."""
    return nl.strip() + (BREAK + en.strip() if en.strip() else "")


def after(messages: Messages, action: Action) -> Messages:
    """Return all messages after one more action; others leave them as they are."""
    mark = Mark(action.at, action.by)
    match action.entry:
        case Draft(number, version, nl, en, valid_until):
            text = on_air_text(nl, en)
            return _with(messages, Version(number, version, nl, en, text, valid_until, None, mark))
        case Approval(number, version, alone):
            found = messages.find(number, version)
            return (
                messages if found is None else _changed(messages, found, approved=mark, approved_alone=alone)
            )
        case Sending():
            return _sent(messages, action.entry, mark)
        case HandReport(displayed=name) if name is not None:
            return _told(messages, action.point, name, "displayed", action.entry.at, by_hand=True)
        case OnTheWall(number, version, stage, at):
            return _told(messages, action.point, (number, version), stage, at, by_hand=True)
    return messages


def receive(messages: Messages, receipt: Receipt) -> Messages:
    """Return all messages after a kit's receipt; of each stage the first counts."""
    name = (receipt.number, receipt.version)
    match receipt.stage:
        case "received" | "displayed" | "removed":
            return _told(messages, receipt.point, name, receipt.stage, receipt.at)
    return messages


def receive_report(messages: Messages, report: KitReport) -> Messages:
    """Return all messages after a point's report, which says what hangs there."""
    number, version = report.fields.get("displayed"), report.fields.get("displayed_rev")
    if not isinstance(number, int) or not isinstance(version, int) or messages.find(number, version) is None:
        return messages
    return _told(messages, report.point, (number, version), "displayed", report.at)


def _with(messages: Messages, version: Version) -> Messages:
    """Add a version. A number that comes round again begins anew: what was said of it was of another text."""
    told = messages.told
    # Only then: after a clock was set back what was said of a text may stand before it in the records.
    if version.version == 1 and messages.newest(version.number) is not None:
        told = {
            point: {name: at for name, at in said.items() if name[0] != version.number}
            for point, said in told.items()
        }
    return structs.replace(messages, versions=(*messages.versions, version), told=told)


def _changed(messages: Messages, version: Version, **changes: Mark | bool | int | None) -> Messages:
    new = structs.replace(version, **changes)
    versions = tuple(new if one is version else one for one in messages.versions)
    return structs.replace(messages, versions=versions)


def _sent(messages: Messages, sending: Sending, mark: Mark) -> Messages:
    """What nobody drafted was approved by whoever sent it: only to take a message down, or by an earlier version."""
    found = messages.find(sending.number, sending.version)
    if found is not None and found.sent is None and found.text == sending.text:
        after = _changed(messages, found, sent=mark, replaces=sending.replaces)
        return structs.replace(after, aired=messages.versions.index(found))
    number, text, end = sending.number, sending.text, sending.valid_until
    version = Version(number, sending.version, text, "", text, end, sending.replaces, mark, mark, sent=mark)
    versions = (*messages.versions, version)
    return structs.replace(messages, versions=versions, aired=len(messages.versions))


def _told(
    messages: Messages, point: str, name: Name, stage: Stage, at: datetime, *, by_hand: bool = False
) -> Messages:
    said = dict(messages.told.get(point, {}))
    before = said.pop(name, AtPoint())
    fresh: dict[str, datetime | None] = {}
    if getattr(before, f"{stage}_at") is None:
        fresh[f"{stage}_at"] = at
    if stage == "displayed" and before.removed_at is not None and at > before.removed_at:
        # It was taken down, and hangs again.
        fresh |= {"displayed_at": at, "removed_at": None}
    if not fresh:
        return messages
    said[name] = structs.replace(before, **fresh, by_hand=by_hand)
    if stage == "displayed":
        said = {one: _replaced(one, name, held, at) for one, held in said.items()}
    return structs.replace(messages, told={**messages.told, point: said})


def _replaced(one: Name, new: Name, held: AtPoint, at: datetime) -> AtPoint:
    """A newer version of the same message hangs where the old one hung."""
    same = one[0] == new[0] and one != new
    if not same or held.displayed_at is None or held.removed_at is not None:
        return held
    return structs.replace(held, removed_at=at)
