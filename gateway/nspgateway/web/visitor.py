"""Who looks at a page, and what they ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nspgateway.i18n import Language
from nspgateway.people import By
from nspgateway.view import Overview
from nspgateway.web.rights import Right, rights_of


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person, or a screen, that may look at pages.

    ``session``: names this visit; what is said to one visit is not said to another. ``csrf``: what a form
    of ours sends along. ``municipality``: only its points are shown; "" = all. ``rights``: of the role.
    ``logs_out``: came in by a login, and can leave again.
    """

    by: By
    session: str
    csrf: str = field(repr=False)
    municipality: str = ""
    rights: frozenset[Right] = frozenset()
    logs_out: bool = False

    @classmethod
    def of(cls, by: By, session: str, csrf: str, municipality: str = "") -> Visitor:
        """Make a visitor with the rights of their role."""
        return cls(by, session, csrf, municipality, rights_of(by.role))

    def can(self, right: Right) -> bool:
        """Tell whether this visitor may do so."""
        return right in self.rights

    @property
    def sees(self) -> tuple[frozenset[Right], str]:
        """Visitors of whom this is the same see the same live picture."""
        return self.rights, self.municipality


@dataclass(frozen=True, slots=True)
class Ask:
    """What a visitor asks for. ``overview``: as this visitor may see it. ``params``: of the path; ``query``: behind it.

    ``typed``: the fields of a form that was refused, so that nothing has to be typed again.
    """

    visitor: Visitor
    lang: Language
    overview: Overview
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
