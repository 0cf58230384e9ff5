"""A gateway at which kits call for help and people act on it, on real files and in virtual time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_room import Room
from nspgateway.calls import Call
from nspgateway.notify import Notice
from nspgateway.people import By
from nspgateway.view import CallView
from nsplink import frame

OFFICER = By("post-1", "cp_medewerker", "page")


@dataclass(frozen=True)
class Told:
    """What a kit was told."""

    kit: int
    counter: int
    fields: dict[str, Any]


class CallRoom(Room):
    """``heard``: every notice, in order. A kit's calls are named by its boot 3 and a number; it is of generation 1."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.heard: list[Notice] = []
        self._counters = {65: 0, 66: 0}
        super().__init__(folder, **more)

    def _sit_down(self) -> None:
        super()._sit_down()
        self.box.ingest.recorder.on_notices = self.heard.extend

    def boot(self, kit: int = 65) -> None:
        """Let a kit begin: its counter is its epoch."""
        self._counters[kit] = self.epoch(kit) + 100
        self.box.boot(self._counters[kit], kit)

    def epoch(self, kit: int = 65) -> int:
        """Return the first counter of a kit's boot."""
        return self._counters[kit] // 100 * 100

    def press(self, n: int = 1, *, kit: int = 65, age_s: int = 0, **more: Any) -> str:
        """Let a kit say something of its call ``n``, as ``say``; return the call's id."""
        assert self.say(n, kit=kit, age_s=age_s, **more) == "accepted"
        return f"{kit}-1-3-{n}"

    def say(
        self,
        n: int,
        *,
        kit: int,
        mark: str = "made",
        kind: str | None = "ambulance",
        text: bytes = b"",
        age_s: int = 0,
    ) -> str:
        """Let a kit say something of its call ``n``; return what became of it."""
        values = {"event_boot": 3, "event_n": n, "help_kind": kind, "help_mark": mark, "age_s": age_s}
        return self.box.say("help", self.lose(kit), kit, text=text, **values)

    def lose(self, kit: int = 65) -> int:
        """Let a kit send a frame that nobody hears; return its counter."""
        self._counters[kit] += 1
        return self._counters[kit]

    def vital(self, kit: int, alarms: int) -> None:
        """Let a kit send a heartbeat with these alarms."""
        assert self.box.vital(self.lose(kit), kit, alarms=alarms) == "accepted"

    def call(self, name: str = "65-1-3-1") -> Call:
        """Return a call as the gateway has it."""
        return self.box.ingest.situation.calls[name]

    def top(self) -> tuple[CallView, ...]:
        """Return the calls at the top of the page, first task first."""
        return self.box.ingest.overview().calls

    def wait(self, seconds: float) -> None:
        """Let time pass, with the gateway's tick each second."""
        for _ in range(round(seconds)):
            self.box.clock.move(1)
            self.box.ingest.tick()

    def told(self, kind: str, seconds: float = 30) -> list[Told]:
        """Let the gateway send; return what it says of one kind to a kit, in order."""
        found = []
        for data in self.box.run(seconds):
            header, _ = frame.parse(data)
            if header.kind == kind:
                fields = self.box.opened(data, self.epoch(header.address))[1]
                found.append(Told(header.address, header.counter, fields))
        return found

    def confirm(self, told: Told) -> None:
        """Let a kit answer what it was told."""
        answer = {"answers": told.counter, "result": "done"}
        assert self.box.say("answer", self.lose(told.kit), told.kit, value=b"", **answer) == "accepted"

    def outbox_text(self) -> str:
        """Return everything that goes to a broker, as text."""
        return "".join(message.payload.decode() for _, message in self.box.store.outbox("own", 10**6))
