"""A gateway with clients that send it commands, without a broker in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from msgspec import structs

from gateway_box import Box
from nspgateway.bulletin_sender import MEMORY
from nspgateway.commands import Commands
from nspgateway.config_parts import ClientConfig, Right
from nspgateway.desk import Desk

DESK = ClientConfig(name="desk", role="cp_medewerker", may=get_args(Right))
SCREEN = ClientConfig(name="screen", role="cp_coordinator", may=("acknowledge",))


class Room:
    """``box`` and its desk; "desk" may do everything, "screen" may only acknowledge."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.box = Box(folder, **more)
        own = structs.replace(self.box.config.broker[0], client=(DESK, SCREEN))
        self.box.config = structs.replace(self.box.config, broker=(own,))
        self._sit_down()

    def _sit_down(self) -> None:
        box = self.box
        self.desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
        self.desk.kit_keys = box.ingest.kit_keys
        if box.transmitter is not None:
            self.desk.use_radio(box.transmitter, box.store.memory(MEMORY), box.store.holders)
        self.commands = Commands(box.config, self.desk, box.ingest.recorder, box.store, box.clock)

    def restart(self) -> None:
        """Begin again from the files, as after a power cut."""
        self.box.restart()
        self._sit_down()

    def send(self, what: str, payload: bytes, *, client: str = "desk", retained: bool = False) -> bytes:
        """Return the reply; empty when there is none."""
        return self.commands.take("own", client, what, payload, retained=retained) or b""

    def raw(self, what: str, arguments: dict[str, Any], name: str, *, client: str = "desk") -> bytes:
        """Return the reply to a command, as sent."""
        return self.send(what, json.dumps({"id": name, **arguments}).encode(), client=client)

    def ask(self, what: str, arguments: dict[str, Any], name: str, *, client: str = "desk") -> dict[str, Any]:
        """Return the reply to a command."""
        return dict(json.loads(self.raw(what, arguments, name, client=client)))
