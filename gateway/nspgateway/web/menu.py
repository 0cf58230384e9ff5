"""The menu: what a role uses in the night stands in it, whatever else it may see one press further. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nspgateway.web.spec import Page
from nspgateway.web.visitor import Ask

# Role -> its pages of the night, each of which it may see. More than seven find no room on a tablet.
_AT_HAND: Mapping[str, tuple[str, ...]] = {
    "cp_medewerker": ("/", "/calls", "/map", "/messages", "/logistics"),
    "cp_coordinator": ("/", "/calls", "/map", "/decisions", "/messages", "/logistics"),
    "cp_logistiek": ("/", "/map", "/logistics"),
    "cp_techniek": ("/", "/map", "/log", "/test", "/system"),
    "communicatie": ("/", "/messages", "/situation"),
    "oefenleiding": ("/", "/map", "/log", "/exercise"),
    "archief": ("/", "/log"),
}
# Of whoever has no task of their own at the coordinating point.
_OF_OTHERS = ("/", "/map", "/situation")


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the menu; ``is_here``: it is the one that is shown."""

    path: str
    text: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """``at_hand``: always in sight, as far as a screen has room; ``more``: under one button. Both in the pages' order."""

    at_hand: tuple[Entry, ...]
    more: tuple[Entry, ...]

    @property
    def is_here(self) -> bool:
        """Tell whether the page that is shown is one of those under the button."""
        return any(entry.is_here for entry in self.more)


def at_hand(role: str) -> tuple[str, ...]:
    """Return the paths that a role has at hand."""
    return _AT_HAND.get(role, _OF_OTHERS)


def menu(pages: Sequence[Page], ask: Ask, path: str) -> Menu:
    """Return the menu of a visitor. ``pages``: all that may be in one; ``path``: the page that is shown."""
    near = at_hand(ask.visitor.by.role)
    seen = [
        Entry(page.path, ask.lang.gettext(page.nav), page.path == path)
        for page in pages
        if ask.visitor.can(page.right)
    ]
    return Menu(
        tuple(entry for entry in seen if entry.path in near),
        tuple(entry for entry in seen if entry.path not in near),
    )
