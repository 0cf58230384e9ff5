"""What a page, a download and an act are. Data: ``pages.py`` lists them, ``app.py`` serves them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from nspgateway.view import Point
from nspgateway.web.office import Office
from nspgateway.web.rights import Right
from nspgateway.web.visitor import Ask

# Makes what a template is filled with. Raises NotFound, or NotHere.
Make = Callable[[Office, Ask], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did. ``path``: where to go, "" = back to where the form was. ``shown``: a code that is shown once."""

    path: str = ""
    shown: str = field(default="", repr=False)


# Does what a form asks; returns what it did, or just the path to go to. Raises desk's Refused.
Do = Callable[[Office, Ask, Mapping[str, str]], str | Done | Awaitable[Done]]


class NotFound(LookupError):
    """There is no such point, alarm or the like; the answer is 404."""


def seen(ask: Ask, slug: str) -> Point:
    """Return the point of this slug, if this visitor may see it. Raises NotFound.

    What somebody may not see they may not change either.
    """
    found = next((point for point in ask.overview.points if point.slug == slug), None)
    if found is None:
        raise NotFound(slug)
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``template``: its file in templates/. ``title``: message id of its heading.

    ``nav``: message id of its place in the menu, "" = not there. ``live``: sent anew whenever something
    changes; all visitors with the same rights get the same picture, so that it holds nothing of one visit. What is
    not live keeps its head so: clock, bars, sounds. ``facts``: template of those parts of a page with a form that are
    sent anew beside its head, each with an id and ``data-fact``; the form is left alone. ``pace_s``: a long page is sent anew at most this often, and
    only its head in between; it is made in a thread of its own, so that ``make`` may look at nothing but ``ask``.
    ``styles``, ``scripts``: files in static/ beside page.css and page.js.
    """

    path: str
    template: str
    make: Make
    title: str
    right: Right = "view"
    nav: str = ""
    live: bool = True
    facts: str = ""
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    pace_s: float = 0.0

    @property
    def is_followed(self) -> bool:
        """Tell whether it has a stream of its own; any other page has the one of the head."""
        return self.live or bool(self.facts)


# What every page has in common; no page by itself, but a stream for those that are not live.
HEAD = Page("/head", "head.html", lambda _office, _ask: {}, "")


@dataclass(frozen=True, slots=True)
class Download:
    """A file: ``make`` returns what is in it. ``media_type`` with its charset; ``filename`` as a browser saves it."""

    path: str
    filename: str
    make: Callable[[Office, Ask], str | bytes]
    media_type: str = "text/csv; charset=utf-8"
    right: Right = "view"


@dataclass(frozen=True, slots=True)
class Act:
    """What a form may ask: POST /act/NAME. ``done``: message id of what is said when it is done."""

    name: str
    right: Right
    do: Do
    done: str
