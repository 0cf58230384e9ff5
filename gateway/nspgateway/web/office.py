"""What the pages look at and act through. ``__main__`` fills it; a page takes from it what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nspgateway.access.account_desk import AccountDesk
from nspgateway.box_status import Around
from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig
from nspgateway.desk import Desk
from nspgateway.ingest import Ingest
from nspgateway.store import Store
from nspgateway.view import Overview


class OverviewSource(Protocol):
    """Where the pages get what they show."""

    def overview(self) -> Overview:
        """The state of this moment."""
        ...

    async def wait_changed(self, revision: int, timeout_s: float) -> int:
        """Return the present revision once it is not ``revision``, or after ``timeout_s`` wall seconds."""
        ...


class NotHere(LookupError):
    """A page needs what this gateway does not have; the answer is that it is not there."""


@dataclass(frozen=True, slots=True)
class Works:
    """The gateway's own parts, for pages beyond the overview and for acts. ``around``: how the box itself is, asked anew.

    ``accounts``: None where there is no login.
    """

    ingest: Ingest
    desk: Desk
    store: Store
    config: GatewayConfig
    clock: Clock
    around: Callable[[], Around]
    accounts: AccountDesk | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """``source``: of the overview. ``parts``: None where there is nothing but an overview (as in a test of the first page)."""

    source: OverviewSource
    parts: Works | None = None

    @property
    def works(self) -> Works:
        """The gateway's parts. Raises NotHere."""
        if self.parts is None:
            raise NotHere
        return self.parts
