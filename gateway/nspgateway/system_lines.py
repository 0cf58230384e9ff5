"""How the gateway is, for whoever looks after it: radio, airtime, brokers, disk, clock, supply, notifiers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nspgateway import bars, budget, cells, words
from nspgateway.box_status import Around, BrokerStatus
from nspgateway.budget import Air
from nspgateway.cells import Level
from nspgateway.disk import MB
from nspgateway.facts import OwnFacts
from nspgateway.i18n import N_, Language
from nspgateway.view import NotifierState, Overview

_CLOCK_SOURCES = {
    "": N_("nobody"),
    "synchronised": N_("a time source, now"),
    "this_boot": N_("a time source, since this start of the box"),
    "rtc": N_("the box's own clock"),
    "by_hand": N_("a person who set it"),
}
_LINKS = {"online": N_("connected"), "offline": N_("not connected")}
# What it is called in the settings -> what a person calls it; others keep the name that somebody gave them.
_NOTIFIERS = {"page": N_("The screens")}
_DISKS = {"": N_("enough room"), "low": N_("nearly full"), "full": N_("full, new readings are not kept")}
_SUPPLY_LEVELS: dict[str, Level] = {"line": "", "battery": "critical", "unknown": "attention"}
# A third of the lawful hour is kept for help and alarms: below it ordinary readings wait.
_AIR_LOW_PERMILLE = 1000 // budget.RESERVE
# Clocks differ by less.
_CLOCK_OFF_S = 60


@dataclass(frozen=True, slots=True)
class Airtime:
    """The law of the air for us: ``limit_us`` on air in an hour, of which ``left_permille`` is left, None = not known.

    ``kits``: how many the coordinating point answers.
    """

    air: Air
    limit_us: int
    left_permille: int | None
    kits: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what it is, how it is, and more about it."""

    label: str
    text: str
    level: Level = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the gateway. ``id``: for the page."""

    id: str
    title: str
    entries: tuple[Entry, ...]


def parts(lang: Language, overview: Overview, around: Around, airtime: Airtime) -> tuple[Part, ...]:
    """Return all parts, in the order in which they are looked at."""
    _ = lang.gettext
    return (
        Part("program", _("Gateway"), _program(lang, overview, around)),
        Part("radio", _("Receiver"), _radio(lang, overview)),
        Part("airtime", _("Airtime"), _airtime(lang, airtime)),
        Part("brokers", _("Forwarding (MQTT)"), _brokers(lang, around.brokers)),
        Part("disk", _("Our disk"), _disk(lang, overview, around)),
        Part("clock", _("Our clock"), _clock(lang, around)),
        Part("supply", _("Our power"), _supply(lang, around)),
        Part("notifiers", _("Notifiers"), _notifiers(lang, overview.notifiers, overview.now)),
    )


def _program(lang: Language, overview: Overview, around: Around) -> tuple[Entry, ...]:
    _ = lang.gettext
    since = overview.gateway_since
    running = _("unknown") if since is None else lang.moment(since, overview.now)
    return Entry(_("Version"), around.version), Entry(_("Runs since"), running)


def _radio(lang: Language, overview: Overview) -> tuple[Entry, ...]:
    _ = lang.gettext
    counters = overview.counters
    refused = {name: n for name, n in sorted(counters.items()) if name != "accepted" and n}
    state, level = _receiver(lang, overview)
    return (
        Entry(_("State"), state, level, _receiver_lines(lang, overview)),
        Entry(_("Messages received"), lang.number(counters.get("accepted", 0))),
        Entry(
            _("Messages not taken"),
            lang.number(sum(refused.values())),
            "attention" if refused.get("not_stored") else "",
            tuple(f"{_(words.REFUSALS.get(name, name))}: {lang.number(n)}" for name, n in refused.items()),
        ),
    )


def _receiver(lang: Language, overview: Overview) -> tuple[str, Level]:
    if overview.modem_ok:
        return lang.gettext("works"), ""
    if bars.is_starting(overview):
        return lang.gettext("starts up"), ""
    return lang.gettext("does not respond"), "critical"


def _receiver_lines(lang: Language, overview: Overview) -> tuple[str, ...]:
    """Since when, and why not, in our words and in the port's."""
    since, cause = overview.modem_since, words.MODEM_CAUSES.get(overview.modem_cause)
    found = []
    if since is not None:
        found.append(lang.gettext("since {clock}").format(clock=lang.moment(since, overview.now)))
    if not overview.modem_ok:
        found += [text for text in (lang.gettext(cause) if cause else "", overview.modem_reason) if text]
    return tuple(found)


def _airtime(lang: Language, of: Airtime) -> tuple[Entry, ...]:
    _ = lang.gettext
    text, level = _("unknown"), ""
    if of.left_permille is not None:
        text = _("{share} left this hour").format(share=cells.percent(lang, of.left_permille))
        level = "attention" if of.left_permille < _AIR_LOW_PERMILLE else ""
    kit_us, own_us = budget.kit_us(of.air), budget.gateway_us(of.air, of.kits)
    plan = lang.ngettext("{time} an hour for {n} kit", "{time} an hour for {n} kits", of.kits)
    kept = _("{n} messages an hour").format(n=budget.reserve_frames(of.air, of.limit_us))
    return (
        Entry(
            _("Coordinating point"),
            text,
            "attention" if level else "",
            (_("lawful: {time} an hour").format(time=_seconds(lang, of.limit_us)),),
        ),
        Entry(
            _("Plan of the coordinating point"),
            plan.format(time=_seconds(lang, own_us), n=of.kits),
            _too_much(own_us, of),
        ),
        Entry(
            _("Plan of each kit"),
            _("{time} an hour").format(time=_seconds(lang, kit_us)),
            _too_much(kit_us, of),
        ),
        Entry(_("Kept for help and alarms"), kept),
    )


def _too_much(plan_us: int, of: Airtime) -> Level:
    return "attention" if budget.exceeds(plan_us, of.limit_us) else ""


def _brokers(lang: Language, brokers: Sequence[BrokerStatus]) -> tuple[Entry, ...]:
    _ = lang.gettext
    if not brokers:
        return (Entry(_("Brokers"), _("none has been set up")),)
    return tuple(
        Entry(
            one.name,
            _(_LINKS.get(one.state, one.state)),
            "" if one.state == "online" and not one.reason else "attention",
            (
                _("waiting messages: {n}").format(
                    n=_("unknown") if one.waiting is None else lang.number(one.waiting)
                ),
                *((one.reason,) if one.reason else ()),
            ),
        )
        for one in brokers
    )


def _disk(lang: Language, overview: Overview, around: Around) -> tuple[Entry, ...]:
    _ = lang.gettext
    own, storage = around.own, around.storage
    free = own.disk_free_mb
    level: Level = "critical" if own.disk == "full" else "attention" if own.disk else ""
    state = _("unknown") if free is None and not own.disk else _(_DISKS[own.disk])
    held = {True: _("yes, nothing is deleted"), False: _("no"), None: _("unknown")}[storage.held]
    return (
        Entry(
            _("State"),
            state,
            level,
            (_("free: {size}").format(size=_("unknown") if free is None else f"{lang.number(free)} MB"),),
        ),
        Entry(
            _("Storing"),
            _("does not work") if overview.store_problem else _("works"),
            "critical" if overview.store_problem else "",
        ),
        Entry(
            _("Database"),
            _mb(lang, storage.used),
            lines=(_("reserve: {size}").format(size=_mb(lang, storage.reserve)),),
        ),
        Entry(_("Records kept"), held),
    )


def _clock(lang: Language, around: Around) -> tuple[Entry, ...]:
    _ = lang.gettext
    own = around.own
    if own.clock_trusted is None:
        return (Entry(_("State"), _("not watched")),)
    off = abs(own.clock_off_s) > _CLOCK_OFF_S
    way = _("{time} fast") if own.clock_off_s > 0 else _("{time} slow")
    text = _("right") if own.clock_trusted else _("not known to be right")
    return (
        Entry(
            _("State"),
            way.format(time=lang.duration(abs(own.clock_off_s))) if off else text,
            "attention" if off or not own.clock_trusted else "",
        ),
        Entry(_("Vouched for by"), _(_CLOCK_SOURCES.get(around.clock_source, around.clock_source))),
    )


def _supply(lang: Language, around: Around) -> tuple[Entry, ...]:
    _ = lang.gettext
    own = around.own
    if not own.supply:
        return (Entry(_("State"), _("not watched")),)
    state = _(words.SUPPLIES[own.supply])
    found = [Entry(_("State"), state, _SUPPLY_LEVELS[own.supply], _supply_lines(lang, own, around))]
    if around.ups_charge is not None:
        found.append(Entry(_("Battery"), f"{lang.number(around.ups_charge)} %"))
    if own.supply == "battery":
        left = _("unknown") if own.supply_min is None else lang.duration(own.supply_min * 60)
        found.append(Entry(_("Time left"), left, "critical"))
    return tuple(found)


def _supply_lines(lang: Language, own: OwnFacts, around: Around) -> tuple[str, ...]:
    heard = () if own.supply_age_s is None else (lang.ago(own.supply_age_s),)
    return (*heard, *((around.ups_reason,) if around.ups_reason else ()))


def _notifiers(lang: Language, notifiers: Sequence[NotifierState], now: datetime) -> tuple[Entry, ...]:
    _ = lang.gettext
    if not notifiers:
        return (Entry(_("Notifiers"), _("none has been set up"), "attention"),)
    return tuple(
        Entry(
            _(_NOTIFIERS.get(one.name, one.name)),
            _("works") if one.failing_since is None else _("fails"),
            "" if one.failing_since is None else "attention",
            _notifier_lines(lang, one, now),
        )
        for one in notifiers
    )


def _notifier_lines(lang: Language, one: NotifierState, now: datetime) -> tuple[str, ...]:
    _ = lang.gettext
    found = []
    if one.failing_since is not None:
        found.append(_("since {clock}").format(clock=lang.moment(one.failing_since, now)))
    if one.reason:
        found.append(one.reason)
    last = _("never") if one.last_success is None else lang.moment(one.last_success, now)
    found.append(_("last made heard: {moment}").format(moment=last))
    if one.waiting:
        found.append(_("waiting messages: {n}").format(n=lang.number(one.waiting)))
    if one.dropped:
        found.append(_("given up: {n}").format(n=lang.number(one.dropped)))
    return tuple(found)


def _seconds(lang: Language, microseconds: int) -> str:
    return lang.gettext("{n} s").format(n=lang.number(microseconds / 1_000_000, 1))


def _mb(lang: Language, size: int | None) -> str:
    return lang.gettext("unknown") if size is None else f"{lang.number(size / MB, 1)} MB"
