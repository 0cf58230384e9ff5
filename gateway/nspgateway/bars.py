"""What keeps us from knowing, or hits many at once: the bars over the page, and the line over the alarms. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nspgateway import sentences, words
from nspgateway.alarm_boxes import in_language
from nspgateway.i18n import Language
from nspgateway.rules import MANY_SITES
from nspgateway.view import CLOSED, Overview, Point

# Smaller differences are what clocks do.
_CLOCK_BEHIND_S = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar over the page: something of our own is down, or one cause hits many points.

    ``id`` names what, ``reason`` may be empty; ``shape`` and ``level`` tell the two kinds apart.
    """

    id: str
    text: str
    reason: str = ""
    shape: str = "cross"
    level: Literal["down", "storm"] = "down"


def bars(lang: Language, overview: Overview) -> tuple[Bar, ...]:
    """What of our own is down, the worst first; below it what hits many points at once."""
    _ = lang.gettext
    found = _supply(lang, overview)
    if sentences.is_deaf(overview):
        found.append(_deaf(lang, overview))
    elif (jam := sentences.own_alarm(overview, "radio_jammed")) is not None:
        found.append(Bar("jam", sentences.jammed(lang, overview, jam.raised_at)))
    if overview.store_problem:
        text = _("New messages are not stored: after a power cut they are gone. Call the technician.")
        found.append(Bar("store", text))
    if overview.clock_behind_s > _CLOCK_BEHIND_S:
        duration = lang.duration(overview.clock_behind_s)
        text = _("Our clock is at least {duration} slow. Times on this page are wrong. Call the technician.")
        found.append(Bar("clock", text.format(duration=duration)))
    storm = sentences.own_alarm(overview, MANY_SITES)
    if storm is not None:
        title, what = in_language(storm.title, lang), in_language(storm.what, lang)
        found.append(Bar("storm", f"{title}.", what, shape="storm", level="storm"))
    return tuple(found)


def headline(lang: Language, overview: Overview) -> str:
    """How many alarms are open; none is never said alone while something keeps us from knowing."""
    count = len(overview.alarms)
    parts = [lang.gettext("No open alarms")]
    if count:
        parts = [lang.ngettext("{n} open alarm", "{n} open alarms", count).format(n=count)]
    without = len(silent(overview))
    if without:
        text = lang.ngettext("{n} point without contact", "{n} points without contact", without)
        parts.append(text.format(n=without))
    if not overview.modem_ok:
        parts.append(
            lang.gettext("receiver starts up") if is_starting(overview) else lang.gettext("receiver down")
        )
    if overview.store_problem:
        parts.append(lang.gettext("storing fails"))
    return " · ".join(parts)


def silent(overview: Overview) -> list[Point]:
    """Points from which a message should come and does not."""
    return [
        point for point in overview.points if point.status == "no_contact" and point.deployment not in CLOSED
    ]


def is_starting(overview: Overview) -> bool:
    """Tell whether our receiver is not up yet, and nothing is wrong with it so far."""
    return not overview.modem_ok and overview.modem_cause == "starting"


def _supply(lang: Language, overview: Overview) -> list[Bar]:
    """What must be said first of all: how long there still is a screen to say it on."""
    _ = lang.gettext
    own = overview.own
    if own is None or own.supply != "battery":
        return []
    text = _("Our coordinating point runs on battery. How long is unknown.")
    if own.supply_min is not None:
        text = _("Our coordinating point runs on battery: {duration} left.")
        text = text.format(duration=lang.duration(own.supply_min * 60))
    return [Bar("supply", text)]


def _deaf(lang: Language, overview: Overview) -> Bar:
    """What must be said when our own receiver is down, or hears nobody; why, as far as it says so itself."""
    _ = lang.gettext
    text = sentences.deaf(lang, sentences.deaf_since(overview), overview.now)
    if overview.modem_ok:
        return Bar("modem", text)
    cause = words.MODEM_CAUSES.get(overview.modem_cause)
    reason = overview.modem_reason if cause is None else _(cause)
    return Bar("modem", text, _("Reason: {reason}").format(reason=reason) if reason else "")
