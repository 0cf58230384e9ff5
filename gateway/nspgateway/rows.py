"""One support point as a row: who and what it is, its cells, what is the matter and what to do now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nspgateway import cells, hours, sentences, words
from nspgateway.alarm_boxes import Task, first_task, in_language, owner
from nspgateway.alarm_text import role_name
from nspgateway.cells import Cell, Level
from nspgateway.i18n import Language
from nspgateway.sentences import Sentence
from nspgateway.view import CLOSED, Alarm, Overview, Point, Status, is_ahead


@dataclass(frozen=True, slots=True)
class Row:
    """One support point: its head (name, number, deployment) and its cells in column order.

    ``sentence``: what is the matter, None = the row says it all, or a bar over the page does. ``task``: what to do now and who does it;
    ``owner``: who is already at it, "" = nobody.
    """

    slug: str
    name: str
    number: str
    deployment: str
    deployment_text: str
    deployment_shape: str
    status: str
    cells: tuple[Cell, ...]
    sentence: Sentence | None
    task: Task | None
    owner: str

    def cell(self, field: str) -> Cell:
        """Return the cell of a column. KeyError when there is none."""
        for cell in self.cells:
            if cell.field == field:
                return cell
        raise KeyError(field)


def row(lang: Language, point: Point, overview: Overview) -> Row:
    """The row of a point in one language."""
    now = overview.now
    deployment = words.DEPLOYMENTS.get(point.deployment, words.Word(point.deployment, "question"))
    made = {
        "status": status(lang, point, now),
        "hours": hours.cell(lang, point, now),
        "source": cells.source(lang, point, now),
        "fuel": cells.fuel(lang, point, now),
        "battery": cells.battery(lang, point, now),
        "load": cells.load(lang, point, now),
        "generator": cells.generator(lang, point, now),
        "link": cells.link(lang, point, now),
        "heard": cells.heard(lang, point, now),
        "calls": cells.calls(lang, point),
    }
    first = next((alarm for alarm in point.alarms if not alarm.is_returned), None)
    return Row(
        slug=point.slug,
        name=point.name,
        number=number(point),
        deployment=point.deployment,
        deployment_text=lang.gettext(deployment.text),
        deployment_shape=deployment.shape,
        status=point.status,
        cells=tuple(made[field] for field in words.COLUMNS if field in made),
        sentence=sentences.in_row(lang, point, overview),
        task=_task(lang, point, first),
        owner=owner(lang, first, now) if first is not None and not point.calls else "",
    )


def _task(lang: Language, point: Point, first: Alarm | None) -> Task | None:
    """What to do now: people before machines."""
    if point.calls:
        what = lang.gettext("Deal with the call for help at the top of this page.")
        return Task(role_name(lang.code, "cp_medewerker"), what)
    return first_task(lang, first) if first is not None else None


def number(point: Point) -> str:
    """How people call a point on the radio."""
    return f"NSP {point.number:02d}"


def status(lang: Language, point: Point, now: datetime) -> Cell:
    """The technical state: word, shape and the shortest reason."""
    word = words.STATUSES[point.status]
    reason = _reason(lang, point, now)
    return Cell(
        field="status",
        quality="unknown" if point.status in {"no_contact", "unknown"} else "good",
        text=lang.gettext(word.text),
        value=point.status,
        lines=(reason,) if reason else (),
        level=level(point.status),
        shape=word.shape,
    )


def level(status: Status) -> Level:
    """How loud a state is drawn."""
    return status if status in {"attention", "critical"} else ""


def _reason(lang: Language, point: Point, now: datetime) -> str:
    """The shortest reason for the status: silence, the first alarm, or what is not known."""
    _ = lang.gettext
    if point.kit_address is None:
        return _("Without kit")
    if point.deployment in CLOSED and point.link == "none":
        return _("no problem now")
    if point.last_heard is None:
        return _("No message received yet.")
    if is_ahead(point.last_heard, now):
        return _("Time unknown: our clock was set back.")
    if point.status == "no_contact":
        return _("since {clock}").format(clock=lang.moment(point.last_heard, now))
    if point.alarms:
        return in_language(point.alarms[0].title, lang)
    if point.doubt:
        return _(words.DOUBTS[point.doubt])
    for quality, text in (("unknown", _("unknown: {names}")), ("stale", _("old reading: {names}"))):
        names = [
            _(name)
            for field, name in words.QUANTITIES.items()
            if point.readings.get(field, cells.NEVER).quality == quality
        ]
        if names:
            return text.format(names=", ".join(names))
    return ""
