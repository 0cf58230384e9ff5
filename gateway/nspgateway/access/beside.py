"""Keeps the accounts from a command on the box, beside the gateway that runs there, or while none does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nspgateway.access.account_desk import AccountDesk
from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig, load_points
from nspgateway.errors import NotThisWay, StoreLocked
from nspgateway.folder import FolderLock
from nspgateway.store import Store


@contextmanager
def account_desk(config: GatewayConfig) -> Iterator[AccountDesk]:
    """Yield who keeps the accounts of this gateway. Raises GatewayError when they cannot be reached."""
    _require_owner(config.data)
    points = load_points(config.points, config)
    with ExitStack() as stack:
        is_running = False
        try:
            stack.callback(FolderLock(config.data).close)
        except StoreLocked:
            is_running = True
        store = Store(config.database, [broker.name for broker in config.broker], beside=is_running)
        stack.callback(store.close)
        yield AccountDesk(store, store.commit, Clock(), {point.municipality for point in points})


def _require_owner(folder: Path) -> None:
    """Refuse what would leave files behind that the gateway's own user cannot use."""
    try:
        owner, name = folder.stat().st_uid, folder.owner()
    except (OSError, KeyError) as error:
        raise NotThisWay(
            f"{folder}: no gateway has worked here yet. Start it once, or check data in gateway.toml."
        ) from error
    if owner != os.geteuid():
        raise NotThisWay(
            f"{folder}: belongs to {name}. Run this as that user: sudo -u {name} nsp gateway ..."
        )
