"""What a point says of itself, in words: the word that counts, and the other one beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nspgateway import report_form, words
from nspgateway.i18n import Language
from nspgateway.region import Region
from nspgateway.reports import RECENT, Reports, Said


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One figure. ``told``: when and how; ``other``: the other word on it, "" = none; ``is_old``: says nothing of now."""

    id: str
    label: str
    text: str
    told: str
    other: str
    is_old: bool


def lines(lang: Language, reports: Reports, region: Region, now: datetime) -> tuple[ReportLine, ...]:
    """Return what was told, in the order of the form; then what residents ask for."""
    return tuple(_lines(lang, reports, region, now))


def text_of(lang: Language, figure: str, said: Said, region: Region, now: datetime) -> str:
    """Return one figure in words."""
    _, value = lang.gettext, said.value
    match figure:
        case "deployment":
            word = words.DEPLOYMENTS.get(str(value))
            return str(value) if word is None else _(word.text)
        case "visitors":
            return _(report_form.VISITORS.get(str(value), str(value)))
        case "battery_permille":
            return f"{lang.number(float(str(value)) / 10)} %"
    if isinstance(value, datetime):
        return lang.moment(value, now)
    if figure == "stock_low" and isinstance(value, tuple):
        return ", ".join(region.stock_name(int(str(line)), lang.code) for line in value) or _("no shortage")
    if figure == "topics" and isinstance(value, tuple):
        pairs = [one for one in value if isinstance(one, tuple)]
        return ", ".join(f"{region.topic_name(topic, lang.code)} ({count})" for topic, count in pairs)
    return str(value)


def _lines(lang: Language, reports: Reports, region: Region, now: datetime) -> Iterator[ReportLine]:
    _ = lang.gettext
    asked = [(one.id, _(one.label)) for one in report_form.QUESTIONS]
    for figure, label in (*asked, ("topics", _("Residents ask for"))):
        said, older = reports.newest(figure), reports.older(figure)
        if said is None:
            continue
        other = ""
        if older is not None:
            text = text_of(lang, figure, older, region, now)
            other = _("before that: {text} ({told})").format(text=text, told=_told(lang, older, now))
        is_old = now - said.at > RECENT
        text = text_of(lang, figure, said, region, now)
        yield ReportLine(figure, label, text, _told(lang, said, now), other, is_old)


def _told(lang: Language, said: Said, now: datetime) -> str:
    _ = lang.gettext
    how = _("entered by hand, {moment}") if said.by_hand else _("by the kit, {moment}")
    return how.format(moment=lang.moment(said.at, now))
