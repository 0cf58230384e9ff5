"""What is done with an alarm on the pages: seen, taken on, put aside, shown again, and a note of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from nspgateway.desk import Desk, Refused
from nspgateway.i18n import N_
from nspgateway.people import By
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Do, NotFound
from nspgateway.web.visitor import Ask


def key_of(ask: Ask, form: Mapping[str, str]) -> tuple[str, str]:
    """Return point and id of the alarm that a form names. Raises NotFound for one that this visitor does not see."""
    point, _, alarm = form.get("key", "").partition("/")
    if ask.visitor.municipality and all(one.slug != point for one in ask.overview.points):
        raise NotFound(point)
    return point, alarm


def _simple(act: Callable[[Desk, str, str, By], None]) -> Do:
    """Return an act that asks nothing but which alarm."""

    def do(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
        act(office.works.desk, *key_of(ask, form), ask.visitor.by)
        return ""

    return do


def _shelve(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    minutes = form.get("minutes", "")
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) <= 4):
        raise Refused("bad_end", "Choose after how many minutes it comes back.")
    works, (point, alarm) = office.works, key_of(ask, form)
    until = works.clock.now() + timedelta(minutes=int(minutes))
    works.desk.shelve(point, alarm, ask.visitor.by, until, form.get("note", ""))
    return "/"


def _comment(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.comment(*key_of(ask, form), ask.visitor.by, form.get("note", ""))
    return ""


ACTS = (
    Act("acknowledge", "acknowledge", _simple(Desk.acknowledge), N_("Noted: you have seen this alarm.")),
    Act("take_on", "acknowledge", _simple(Desk.take_on), N_("Noted: you take care of this alarm.")),
    Act("unshelve", "shelve", _simple(Desk.unshelve), N_("This alarm is shown again.")),
    Act("shelve", "shelve", _shelve, N_("Noted: this alarm comes back later.")),
    Act("comment", "note", _comment, N_("Your note is kept.")),
)
