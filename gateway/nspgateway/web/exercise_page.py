"""Exercises: begun with an end, followed on each kit, ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from nspgateway import exercise_lines, local_time
from nspgateway.desk_base import Refused
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Page, seen
from nspgateway.web.visitor import Ask

_USUAL = timedelta(hours=3)


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    works, overview = office.works, ask.overview
    exercise = works.ingest.situation.course.exercise
    return {
        "newest": exercise_lines.head(ask.lang, exercise, overview.now),
        "lines": exercise_lines.lines(ask.lang, overview, exercise, works.desk.exercise_asked),
    }


def _make_form(office: Office, ask: Ask) -> Mapping[str, object]:
    exercise, now = office.works.ingest.situation.course.exercise, ask.overview.now
    chosen = set(ask.typed.get("points", "").split(","))
    return {
        "is_on": exercise is not None and exercise.ended_at is None,
        "name": ask.typed.get("name", ""),
        "ends_at": ask.typed.get("ends_at", local_time.write(now + _USUAL)),
        "points": [
            (point.slug, f"NSP {point.number:02d} {point.name}", point.slug in chosen)
            for point in sorted(ask.overview.points, key=lambda point: point.number)
        ],
    }


def _start(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    ends_at = local_time.read(form.get("ends_at", ""))
    if ends_at is None:
        raise Refused("empty", "An exercise has an end.")
    points = [seen(ask, slug).slug for slug in form.get("points", "").split(",") if slug]
    office.works.desk.start_exercise(form.get("name", ""), ends_at, points, ask.visitor.by)
    return "/exercise"


def _extend(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    ends_at = local_time.read(form.get("ends_at", ""))
    if ends_at is None:
        raise Refused("empty", "Say when the exercise ends.")
    office.works.desk.extend_exercise(ends_at, ask.visitor.by)
    return "/exercise"


def _end(office: Office, ask: Ask, _form: Mapping[str, str]) -> str:
    office.works.desk.end_exercise(ask.visitor.by)
    return "/exercise"


def _again(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.tell_exercise_again(seen(ask, form.get("key", "")).slug, ask.visitor.by)
    return "/exercise"


_STYLES = ("office.css", "crisis.css")
PAGES = (
    Page(
        "/exercise",
        "exercise.html",
        _make,
        N_("Exercise"),
        right="exercise",
        nav=N_("Exercise"),
        styles=_STYLES,
    ),
    Page(
        "/exercise/new",
        "exercise_form.html",
        _make_form,
        N_("Begin an exercise"),
        right="exercise",
        live=False,
        styles=_STYLES,
    ),
)
ACTS = (
    Act("exercise-start", "exercise", _start, N_("The exercise has begun. Follow here which kits know it.")),
    Act(
        "exercise-extend",
        "exercise",
        _extend,
        N_("The exercise has another end. Follow here which kits know it."),
    ),
    Act("exercise-end", "exercise", _end, N_("The exercise is over. Follow here which kits know it.")),
    Act("exercise-again", "exercise", _again, N_("The kit is told again.")),
)
