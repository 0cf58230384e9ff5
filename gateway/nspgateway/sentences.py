"""What is the matter at a point, in one or two sentences that never claim more than is known. Pure.

Seven situations look alike on a radio: a point that does not answer may be without power, have a broken
kit, be drowned in noise, or be fine while it is us who are deaf. Each has its own sentence, and says what it
does not mean. Where nothing tells the cause, the sentence says just that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nspgateway import words
from nspgateway.i18n import Language
from nspgateway.view import CLOSED, Alarm, Overview, Point, is_ahead

Situation = Literal[
    "closed", "deaf", "jammed", "went_dark", "broken", "silent", "refuelling", "dark", "clock", "never_heard"
]

# One cause, and one sentence over the page for all the points that it hides.
_SHARED: frozenset[Situation] = frozenset({"deaf", "jammed"})


@dataclass(frozen=True, slots=True)
class Sentence:
    """``id``: the situation that ``text`` tells of."""

    id: Situation
    text: str

    @property
    def is_shared(self) -> bool:
        """Tell whether the cause stands in a bar over the page, because it is no single point's."""
        return self.id in _SHARED


def of_point(lang: Language, point: Point, overview: Overview) -> Sentence | None:
    """What is the matter at a point; None where its row already says it all."""
    if point.kit_address is None:
        return None
    if point.deployment in CLOSED:
        return _closed(lang, point, overview.now) if point.link == "none" else None
    if point.status == "no_contact":
        return _silent(lang, point, overview)
    if point.status == "unknown" and point.link == "none":
        return None
    return _heard(lang, point, overview.now)


def in_row(lang: Language, point: Point, overview: Overview) -> Sentence | None:
    """What is the matter at a point, under the bars of a page: a shared cause is said there, here only since when."""
    found = of_point(lang, point, overview)
    if found is None or not found.is_shared:
        return found
    if point.last_heard is None:
        return Sentence(found.id, _never_heard(lang, point))
    if is_ahead(point.last_heard, overview.now):
        return None
    clock = lang.moment(point.last_heard, overview.now)
    return Sentence(found.id, lang.gettext("Not heard since {clock}.").format(clock=clock))


def deaf(lang: Language, since: datetime | None, now: datetime) -> str:
    """That our own receiver does not work, so that nobody blames the points."""
    _ = lang.gettext
    if since is None or is_ahead(since, now):
        return _("We hear no point. Our own receiver does not respond. The points are probably fine.")
    return _(
        "Since {clock} we hear no point. Our own receiver does not respond. The points are probably fine."
    ).format(clock=lang.moment(since, now))


def jammed(lang: Language, overview: Overview, since: datetime) -> str:
    """That the channel is full of noise, how many points it hides, and what works instead."""
    _ = lang.gettext
    watched = [one for one in overview.points if one.deployment not in CLOSED and one.kit_address is not None]
    lost = sum(one.status == "no_contact" for one in watched)
    return _(
        "Radio interference since {clock}. The channel is full of noise; {n} of {total} points do not get"
        " through. Our receiver works. Use the handheld radio."
    ).format(clock=lang.moment(since, overview.now), n=lost, total=len(watched))


def own_alarm(overview: Overview, name: str) -> Alarm | None:
    """Return an alarm of the coordinating point itself, while it holds."""
    return next((one for one in overview.alarms if one.id == name and not one.is_returned), None)


def is_deaf(overview: Overview) -> bool:
    """Tell whether our own receiver is down, or hears nothing of anybody."""
    is_down = not overview.modem_ok and overview.modem_cause != "starting"
    return is_down or own_alarm(overview, "gateway_deaf") is not None


def deaf_since(overview: Overview) -> datetime | None:
    """Return since when that is so; None = not known."""
    if not overview.modem_ok:
        return overview.modem_since
    alarm = own_alarm(overview, "gateway_deaf")
    return alarm.raised_at if alarm else None


def _closed(lang: Language, point: Point, now: datetime) -> Sentence:
    """A point that nobody uses need not be heard."""
    _ = lang.gettext
    word = _(words.DEPLOYMENTS[point.deployment].text)
    if point.deployment_at is None or point.deployment == "stored":
        return Sentence("closed", _("{deployment}. No contact is no problem now.").format(deployment=word))
    text = _("{name} has been closed since {clock}. No contact is no problem now.")
    return Sentence("closed", text.format(name=point.name, clock=lang.moment(point.deployment_at, now)))


def _silent(lang: Language, point: Point, overview: Overview) -> Sentence | None:
    """Why nothing is heard of a point: our fault, the air's, its power's, its kit's, or nobody knows."""
    _ = lang.gettext
    now = overview.now
    if is_deaf(overview):
        return Sentence("deaf", deaf(lang, deaf_since(overview), now))
    jam = own_alarm(overview, "radio_jammed")
    if jam is not None:
        return Sentence("jammed", jammed(lang, overview, jam.raised_at))
    if point.last_heard is None:
        return Sentence("never_heard", _never_heard(lang, point))
    if is_ahead(point.last_heard, now):
        return None
    gaps = {"name": point.name, "clock": lang.moment(point.last_heard, now)}
    if point.had_power is False:
        text = _(
            "No contact with {name} since {clock}. It had no power then."
            " Probably the kit's own cell is empty now."
        )
        return Sentence("went_dark", text.format(**gaps))
    others = [
        one
        for one in overview.points
        if one.slug != point.slug and one.deployment not in CLOSED and one.kit_address is not None
    ]
    heard = sum(one.link != "none" for one in others)
    if point.had_power and others and heard == len(others):
        text = lang.ngettext(
            "No contact with {name} since {clock}. The other point is heard well, and {name} still had plenty"
            " of power. Probably the kit or its antenna is broken. The point itself may well be open.",
            "No contact with {name} since {clock}. The {n} other points are heard well, and {name} still had"
            " plenty of power. Probably the kit or its antenna is broken. The point itself may well be open.",
            heard,
        )
        return Sentence("broken", text.format(n=heard, **gaps))
    text = _("No contact with {name} since {clock}. We do not know why, nor how things are there.")
    return Sentence("silent", text.format(**gaps))


def _never_heard(lang: Language, point: Point) -> str:
    return lang.gettext("Nothing was ever heard of {name}.").format(name=point.name)


def _heard(lang: Language, point: Point, now: datetime) -> Sentence | None:
    """What a point that we hear says of itself, where that is easily taken for something else."""
    _ = lang.gettext
    if point.stop_until is not None:
        return _refuelling(lang, point, point.stop_until, now)
    if point.dark_since is not None and _value(point, "power_source") == "none":
        text = _("{name} has no power since {clock}. The kit reports this itself.")
        said = text.format(name=point.name, clock=lang.moment(point.dark_since, now))
        return Sentence("dark", f"{said} {_cell(lang, point)}")
    if "clock" in point.failed_parts:
        text = _(
            "The clock of {name} is wrong. Its readings are current and right:"
            " we use the time of the coordinating point."
        )
        return Sentence("clock", text.format(name=point.name))
    return None


def _refuelling(lang: Language, point: Point, until: datetime, now: datetime) -> Sentence:
    """A set that stands still because somebody fills it is no fault."""
    _ = lang.gettext
    clock = lang.moment(until, now)
    said = [_("{name} is being refuelled until {clock}.").format(name=point.name, clock=clock)]
    if _value(point, "generator_state") == "stopped":
        said.append(_("That is why the generator is off."))
    if _value(point, "power_source") == "none":
        said.append(_("Until then there is no power."))
    return Sentence("refuelling", " ".join(said))


def _cell(lang: Language, point: Point) -> str:
    """What the kit itself still runs on."""
    _ = lang.gettext
    level = _value(point, "kit_cell_permille")
    if not isinstance(level, int):
        return _("The kit runs on its own cell; how long is unknown.")
    return _("The kit runs on its own cell ({percent} %); how long is unknown.").format(
        percent=lang.number(level / 10)
    )


def _value(point: Point, name: str) -> int | str | None:
    """Return what is fresh of a quantity; None for anything else."""
    reading = point.readings.get(name)
    return reading.value if reading is not None and reading.quality == "good" else None
