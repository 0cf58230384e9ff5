"""The page of one alarm: all of its words, the notes about it, and the fields to write one or to be reminded later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nspgateway import present
from nspgateway.alarm_text import role_name
from nspgateway.desk_base import NOTE_MOST
from nspgateway.i18n import N_, Language
from nspgateway.view import Alarm
from nspgateway.web.office import Office
from nspgateway.web.spec import NotFound, Page
from nspgateway.web.visitor import Ask

# After how many minutes an alarm can come back; those that are too long for it are not offered.
_MINUTES = (5, 10, 15, 30, 60, 120, 240, 480)


@dataclass(frozen=True, slots=True)
class Choice:
    """A time after which an alarm comes back, and at which clock time that is."""

    minutes: int
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a person wrote about the alarm; only who may write one sees it."""

    by: str
    text: str


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    point, name = ask.params["point"], ask.params["alarm"]
    known = (*ask.overview.alarms, *ask.overview.shelved)
    alarm = next((one for one in known if (one.point, one.id) == (point, name)), None)
    if alarm is None:
        raise NotFound(f"{point}/{name}")
    (box,) = present.boxes((alarm,), ask.overview, ask.lang)
    return {
        "alarm": box,
        "choices": _choices(office, ask.lang, alarm) if ask.visitor.can("shelve") else (),
        "notes": _notes(office, ask.lang, alarm) if ask.visitor.can("note") else (),
        "most": NOTE_MOST,
    }


def _choices(office: Office, lang: Language, alarm: Alarm) -> tuple[Choice, ...]:
    """The times that this alarm may be put aside for now; none where it is put aside already, or may not be."""
    works = office.works
    situation, now = works.ingest.situation, works.clock.now()
    state = situation.open_alarm(alarm.point, alarm.id)
    if state is None or not state.is_shown:
        return ()
    try:
        latest = situation.shelved_at_most(alarm.point, state, now)
    except KeyError:
        return ()
    most = int((latest - now).total_seconds() // 60)
    return tuple(
        Choice(minutes, _after(lang, minutes, now)) for minutes in _MINUTES if minutes <= most
    ) or tuple(Choice(minutes, _after(lang, minutes, now)) for minutes in (most,) if minutes > 0)


def _after(lang: Language, minutes: int, now: datetime) -> str:
    clock = lang.moment(datetime.fromtimestamp(now.timestamp() + 60 * minutes, now.tzinfo), now)
    return lang.gettext("at {clock}, in {duration}").format(clock=clock, duration=lang.duration(60 * minutes))


def _notes(office: Office, lang: Language, alarm: Alarm) -> tuple[Note, ...]:
    """Every note about the alarm since it came, oldest first."""
    now = office.works.clock.now()
    return tuple(
        Note(
            lang.gettext("{role}, {clock}").format(
                role=role_name(lang.code, one.by.role), clock=lang.moment(one.at, now)
            ),
            one.note,
        )
        for one in office.works.store.actions(since=alarm.raised_at)
        if (one.point, one.alarm) == (alarm.point, alarm.id) and one.note
    )


PAGES = (
    Page(
        "/alarm/{point}/{alarm}",
        "alarm.html",
        _make,
        N_("Alarm"),
        right="note",
        live=False,
        styles=("forms.css",),
    ),
)
