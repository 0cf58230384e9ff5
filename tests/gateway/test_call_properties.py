"""Whatever happens, in whatever order: a call for help stands at the top until a person ends it, and no two are one.

The gateway is whole and on real files. Which calls there must be comes from what the kits sent and what people did,
not from the gateway.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from call_room import OFFICER, CallRoom
from nspgateway import present
from nspgateway.calls import Call
from nspgateway.clock_step import Step as ClockStep
from nspgateway.desk import Refused
from nspgateway.errors import StoreFull
from nspgateway.i18n import load_languages
from nsplink.fields import ALARMS, HELP_KINDS, HELP_MARKS

KIT, N = st.sampled_from([65, 66]), st.integers(1, 3)
# Which of the open calls a person acts on.
LINE = st.integers(0, 5)
STEP = st.one_of(
    st.tuples(
        st.just("say"),
        KIT,
        N,
        st.sampled_from(HELP_MARKS),
        st.sampled_from([*HELP_KINDS, None]),
        st.sampled_from([b"", b"\x00pkelder", b"\xff\xfe", b"zaal 2"]),
        st.booleans(),  # the disk is full
    ),
    st.tuples(st.just("lose"), KIT),
    st.tuples(st.just("storm"), st.sets(st.sampled_from(range(len(ALARMS))), max_size=4)),
    st.tuples(st.just("by_voice"), st.sampled_from(HELP_KINDS)),
    st.tuples(
        st.just("act"), LINE, st.sampled_from(["read", "pass_on", "answer", "call_back", "place", "112"])
    ),
    st.tuples(st.just("close"), LINE),
    st.tuples(st.just("acknowledge")),
    st.tuples(st.just("deploy"), st.sampled_from(["open", "closed", "setting_up"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 65, 200, 4000])),
    st.tuples(st.just("clock"), st.sampled_from([-7200, 90, 86400])),
    st.tuples(st.just("restart")),
)


@dataclass
class Said:
    """A word of a kit about a call, or None for its end by a person; ``is_saved``: the disk took it."""

    word: tuple[str, bytes] | None
    is_saved: bool = True

    @property
    def counts(self) -> bool:
        """True when it opens or ends a call."""
        return self.word is None or self.word[0] != "withdrawn"


class Watch:
    """``said``: what was said of every call, by its id, in the order in which it is written down.

    ``steps``: how many steps each had when it was last looked at.
    """

    def __init__(self, folder: Path) -> None:
        self.room = CallRoom(folder, deployment="open")
        self.dutch = load_languages()["nl"]
        self.said: dict[str, list[Said]] = {}
        self.steps: dict[str, int] = {}
        for kit in (65, 66):
            self.room.boot(kit)

    @property
    def due(self) -> set[str]:
        """The calls that must be open: the last that counts is no end."""
        found = set()
        for name, said in self.said.items():
            counted = [one for one in said if one.counts]
            if not counted or counted[-1].word is not None:
                found.add(name)
        return found

    def do(self, what: str, *args: object) -> None:
        """Do one step, then look."""
        getattr(self, f"_{what}")(*args)
        self.check()

    def _say(self, kit: int, n: int, mark: str, kind: str | None, text: bytes, full: bool) -> None:
        with (
            mock.patch.object(self.room.box.store, "commit", side_effect=_refuse)
            if full
            else mock.MagicMock()
        ):
            outcome = self.room.say(n, kit=kit, mark=mark, kind=kind, text=text)
        assert outcome == ("not_stored" if full else "accepted")
        said, word = self.said.setdefault(f"{kit}-1-3-{n}", []), (mark, text)
        if Said(word) not in said:
            said[:] = [*(one for one in said if one.word != word), Said(word, is_saved=not full)]

    def _lose(self, kit: int) -> None:
        self.room.lose(kit)

    def _storm(self, alarms: set[int]) -> None:
        for kit in (65, 66):
            self.room.vital(kit, sum(1 << alarm for alarm in alarms))

    def _by_voice(self, kind: str) -> None:
        name = self.room.desk.enter_call("de-ark", OFFICER, kind, "rook")
        assert name not in self.said
        self.said[name] = [Said(("entered", b""))]

    def _act(self, line: int, what: str) -> None:
        desk, found = self.room.desk, self._line(line)
        if found is None:
            return
        match what:
            case "read":
                desk.read_call(found, OFFICER)
            case "pass_on":
                desk.pass_on(found, OFFICER, "control_room", "centralist 12")
            case "answer":
                desk.answer_call(found, OFFICER, "help_comes")
            case "call_back":
                desk.called_back(found, OFFICER)
            case "place":
                desk.place_call(found, OFFICER, "achter de kerk")
            case _:
                desk.set_112("doubtful", OFFICER)

    def _close(self, line: int) -> None:
        found = self._line(line)
        if found is None:
            return
        self.room.desk.close_call(found, OFFICER, "helped")
        self.said[found].append(Said(None))

    def _acknowledge(self) -> None:
        for alarm in self.room.box.ingest.overview().alarms:
            try:
                self.room.desk.acknowledge(alarm.point, alarm.id, OFFICER)
            except Refused:
                continue

    def _deploy(self, word: str) -> None:
        for slug in ("de-linde", "de-ark"):
            self.room.desk.set_deployment(slug, word, OFFICER)  # type: ignore[arg-type]  # drawn from its words

    def _wait(self, seconds: int) -> None:
        self.room.box.clock.move(seconds - 1)
        self.room.wait(1)

    def _clock(self, seconds: int) -> None:
        box = self.room.box
        step = ClockStep(timedelta(seconds=seconds), box.clock.now() - timedelta(hours=1), box.clock.now())
        box.clock.step(step.delta)
        box.ingest.step(step)
        self.room.wait(1)

    def _restart(self) -> None:
        self.room.restart()
        # What no disk took is said again by its kit, which was never answered.
        saved = {name: [one for one in said if one.is_saved] for name, said in self.said.items()}
        self.said = {name: said for name, said in saved.items() if said}
        self.steps.clear()

    def _line(self, line: int) -> str | None:
        """Return one of the open calls that are on disk."""
        found = sorted(name for name in self.due if any(one.is_saved for one in self.said[name]))
        return found[line % len(found)] if found else None

    def check(self) -> None:
        """Look at every promise."""
        top = self.room.top()
        assert sorted(one.id for one in top) == sorted(self.due)
        shown = present.head(self.room.box.ingest.overview(), self.dutch).calls
        assert [line.id for line in shown] == [one.id for one in top]
        rows = [one.row for one in top]
        assert rows == sorted(rows)
        for one in top:
            call: Call = self.room.call(one.id)
            assert len(call.steps) >= self.steps.get(one.id, 0)
            self.steps[one.id] = len(call.steps)
            assert call.stage == "stored" or any(step.by == OFFICER for step in call.steps)
        assert {(one.id, one.point) for one in top if one.id[0] == "6"} == {
            (name, "de-linde" if name.startswith("65") else "de-ark") for name in self.due if name[0] == "6"
        }


def _refuse(*_changes: object) -> list[int]:
    raise StoreFull("the disk is full")


def _run(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(Path(folder))
        for what, *args in steps:
            watch.do(str(what), *args)
        watch.room.box.store.close()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=10, max_size=30))
def test_no_call_leaves_the_top_without_a_person_and_no_two_are_one(steps: list[tuple[object, ...]]) -> None:
    """Protects whoever called: no order of presses, losses, storms, full disks, clocks and restarts hides a call."""
    _run(steps)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=20, max_size=60))
def test_no_call_leaves_the_top_without_a_person_long(steps: list[tuple[object, ...]]) -> None:
    """The same with many more and longer orders of events."""
    _run(steps)
