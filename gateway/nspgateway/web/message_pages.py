"""Messages to residents: written, approved, sent, followed at each point, and printed for the wall and by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal, cast

from nspgateway import bulletin, exercise_mark, local_time, message_lines
from nspgateway.desk_base import Refused
from nspgateway.i18n import N_, Language, load_languages
from nspgateway.resident_messages import Name, Version
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, NotFound, Page, seen
from nspgateway.web.visitor import Ask

# Of one sheet as a hand-out.
_COPIES = 2
_DATE = "d MMMM y HH:mm"


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    situation, lang, now = office.works.ingest.situation, ask.lang, ask.overview.now
    messages = situation.course.messages
    in_order = sorted(ask.overview.points, key=lambda point: point.number)
    points = message_lines.at_points(lang, in_order, situation.standings, now)
    # Nobody has looked at a draft: it is for those who work on it.
    drafts = ask.visitor.can("message_write") or ask.visitor.can("message_approve")
    return {
        "on_air": message_lines.on_air(lang, messages, points, now),
        "points": points,
        "versions": message_lines.versions(lang, messages, now, drafts=drafts),
    }


def _make_form(office: Office, ask: Ask) -> Mapping[str, object]:
    """A new message, or a new version of one, filled with the newest."""
    messages, number = office.works.ingest.situation.course.messages, ask.query.get("number", "")
    old = messages.newest(_whole(number)) if number else None
    if number and old is None:
        raise NotFound(number)
    given = {"nl": "", "en": "", "valid_until": ""}
    if old is not None:
        given = {"nl": old.nl, "en": old.en, "valid_until": local_time.write(old.valid_until)}
    return {
        "given": {**given, **ask.typed},
        "number": "" if old is None else str(old.number),
        "heading": ask.lang.gettext("New message")
        if old is None
        else message_lines.name_of(ask.lang, old.number, messages.next_version(old.number)),
        "most_bytes": bulletin.MAX_BYTES,
    }


@cache
def _dutch() -> Language:
    """What hangs on a wall is Dutch around the text, whatever language the page is in."""
    return load_languages()["nl"]


def _make_sheet(office: Office, ask: Ask, copies: int) -> Mapping[str, object]:
    found, lang = _sent(office, ask), _dutch()
    _, overview = lang.gettext, ask.overview
    mark = "" if found.sent is None else exercise_mark.of_message(lang, overview, found.nl, found.sent.at)
    foot = [message_lines.name_of(lang, found.number, found.version)]
    if found.sent is not None:
        foot.append(lang.date(found.sent.at, _DATE))
    if found.valid_until is not None:
        foot.append(_("Valid until {moment}").format(moment=lang.date(found.valid_until, _DATE)))
    if found.replaces is not None:
        foot.append(_("Replaces message {number}").format(number=found.replaces))
    return {
        "copies": copies,
        "heading": _("Message to residents"),
        "nl": found.nl,
        "en": found.en,
        "foot": " · ".join(foot),
        "from_cp": _("Coordinating point {cp}, {region}").format(cp=overview.cp, region=overview.region),
        "exercise": exercise_mark.word(lang, mark),
    }


def _make_a4(office: Office, ask: Ask) -> Mapping[str, object]:
    return _make_sheet(office, ask, 1)


def _make_handout(office: Office, ask: Ask) -> Mapping[str, object]:
    return _make_sheet(office, ask, _COPIES)


def _sent(office: Office, ask: Ask) -> Version:
    """Return the version that the path names. Raises NotFound: what was not sent is not printed."""
    number, version = _whole(ask.params.get("number", "")), _whole(ask.params.get("version", ""))
    found = office.works.ingest.situation.course.messages.find(number, version)
    if found is None or found.sent is None or not found.text:
        raise NotFound(f"{number}/{version}")
    return found


def _draft(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    number = form.get("number", "")
    # A browser sends line ends as CR LF; on the air each costs a byte.
    nl, en = (form.get(name, "").replace("\r\n", "\n") for name in ("nl", "en"))
    office.works.desk.draft_message(
        nl,
        ask.visitor.by,
        en=en,
        valid_until=local_time.read(form.get("valid_until", "")),
        number=_whole(number) if number else None,
    )
    return "/messages"


def _approve(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.approve_message(*_name(form), ask.visitor.by)
    return ""


def _approve_alone(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.approve_message(*_name(form), ask.visitor.by, alone=True)
    return ""


def _send(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.send_message(*_name(form), ask.visitor.by)
    return ""


def _take_down(office: Office, ask: Ask, _form: Mapping[str, str]) -> str:
    office.works.desk.take_down_message(ask.visitor.by)
    return ""


def _tell(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    """A key such as de-linde/3/1/displayed."""
    slug, _, rest = form.get("key", "").partition("/")
    name, _, stage = rest.rpartition("/")
    seen(ask, slug)
    if stage not in ("displayed", "removed"):
        raise Refused("bad_kind", f"{stage!r} is nothing that a point says of a message.")
    office.works.desk.tell_message(
        slug, *_name({"key": name}), cast("Literal['displayed', 'removed']", stage), ask.visitor.by
    )
    return ""


def _name(form: Mapping[str, str]) -> Name:
    number, _, version = form.get("key", "").partition("/")
    return _whole(number), _whole(version)


def _whole(text: str) -> int:
    """Return the number that a path or a button names. Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise NotFound(text)
    return int(text)


_STYLES = ("office.css", "crisis.css")
_SHEET = (*_STYLES, "sheet.css")
PAGES = (
    Page(
        "/messages", "messages.html", _make, N_("Messages to residents"), nav=N_("Messages"), styles=_STYLES
    ),
    Page(
        "/messages/new",
        "message_form.html",
        _make_form,
        N_("Write a message to residents"),
        right="message_write",
        live=False,
        styles=_STYLES,
    ),
    Page(
        "/messages/{number}/{version}/a4",
        "message_sheet.html",
        _make_a4,
        N_("Message to residents, for the wall"),
        live=False,
        styles=_SHEET,
    ),
    Page(
        "/messages/{number}/{version}/handout",
        "message_sheet.html",
        _make_handout,
        N_("Message to residents, as a hand-out"),
        live=False,
        styles=_SHEET,
    ),
)
ACTS = (
    Act(
        "message-draft",
        "message_write",
        _draft,
        N_("The message is written. Somebody else has to approve it."),
    ),
    Act("message-approve", "message_approve", _approve, N_("The message is approved. It was not sent yet.")),
    Act(
        "message-approve-alone",
        "message_approve",
        _approve_alone,
        N_("The message is approved. It was not sent yet."),
    ),
    Act("message-send", "message_write", _send, N_("The message is on its way. Follow here where it hangs.")),
    Act("message-down", "message_approve", _take_down, N_("All points are asked to take the message down.")),
    Act("message-told", "report", _tell, N_("Noted, as entered by hand.")),
)
