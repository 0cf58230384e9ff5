"""A call for help goes out at once, by itself, and without anything that a person typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway_box import Box
from nspgateway.alerting import Alerting
from nspgateway.desk import Desk
from nspgateway.notify import Notice
from nspgateway.people import By

OFFICER = By("post-1", "cp_medewerker", "page")
SECRET = "Jan de Vries, Dorpsstraat 5"


class Told:
    """A gateway that says what it tells its notifiers."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.notices: list[Notice] = []
        self.restart()

    def restart(self) -> None:
        box = self.box
        self.alerting = Alerting(box.config, box.ingest, box.store, box.transmitter, box.clock)
        box.ingest.recorder.on_notices = self.notices.extend

    def help(self, counter: int, n: int = 1, kind: str | None = "ambulance", mark: str = "made") -> str:
        values = {"event_boot": 3, "event_n": n, "help_kind": kind, "help_mark": mark, "age_s": 60}
        return self.box.say("help", counter, text=SECRET.encode(), **values)

    def sounds(self) -> list[tuple[str, str]]:
        return [(one.word, one.id) for one in self.box.ingest.overview().sounding]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(Box(tmp_path))


def test_a_call_is_told_at_once_and_once(told: Told) -> None:
    """Protects whoever calls: the first frame is heard, and its repeats are no new calls."""
    assert told.help(1) == "accepted"
    assert told.help(2) == "accepted"
    (notice,) = told.notices
    assert (notice.kind, notice.priority, notice.action, notice.id) == (
        "help",
        "critical",
        "raise",
        "65-1-3-1",
    )
    assert notice.title["nl"] == "Noodhulpmelding NSP 01, ambulance, niet gelezen"
    assert notice.what["nl"] == "de-linde vraagt hulp van de ambulance. Gedaan om 17:59, binnen om 18:00."
    assert "meldkamer" in notice.todo["nl"]
    assert list(told.box.store.calls()) == [notice.id]


def test_two_calls_stand_side_by_side(told: Told) -> None:
    """Calls are never grouped: two of one point are two."""
    told.help(1, n=1)
    told.help(2, n=2)
    assert [one.id for one in told.notices] == ["65-1-3-1", "65-1-3-2"]
    assert told.sounds() == [("help", "65-1-3-1"), ("help", "65-1-3-2")]


@pytest.mark.parametrize("kind", ["fire_brigade", "ambulance", "police", "not_known", "security", None])
@pytest.mark.parametrize("mark", ["made", "withdrawn", "details"])
def test_nothing_that_was_typed_is_told(told: Told, kind: str | None, mark: str) -> None:
    """Personal words stay in the journal; every gap of the texts is filled in, in both languages."""
    told.help(1, kind=kind, mark=mark)
    (notice,) = told.notices
    said = [notice.key, *notice.title.values(), *notice.what.values(), *notice.todo.values()]
    for text in said:
        assert not any(word in text for word in ("Jan", "Vries", "Dorpsstraat"))
        assert "{" not in text
    assert set(notice.title) == {"nl", "en"}


def test_a_silent_request_says_that_it_is_silent(told: Told) -> None:
    """Protects a team that is threatened: whoever hears of it knows not to call the point aloud."""
    told.help(1, kind="security")
    (notice,) = told.notices
    assert notice.title["nl"] == "Team niet veilig"
    assert "Roep het punt niet op over de luidspreker" in notice.todo["nl"]


def test_a_withdrawn_call_asks_for_a_call_back(told: Told) -> None:
    """A withdrawal ends nothing: a person has to hear that the point is well."""
    told.help(1)
    told.help(2, mark="withdrawn")
    made, withdrawn = told.notices
    assert (withdrawn.id, withdrawn.action) == (made.id, "update")
    assert withdrawn.key != made.key
    assert withdrawn.title["nl"].endswith("ingetrokken")
    assert "terug" in withdrawn.todo["nl"]
    assert told.sounds() == [("help", "65-1-3-1")]


def test_a_call_sounds_until_a_person_reads_it(told: Told) -> None:
    """Not a restart, a repeat or time ends the sound of a call: a person does, with a name, and a new call sounds."""
    told.help(1)
    told.box.restart()
    told.restart()
    told.help(2)
    assert told.sounds() == [("help", "65-1-3-1")]
    box = told.box
    Desk(box.ingest.situation, box.ingest.recorder, box.clock).read_call("65-1-3-1", OFFICER)
    assert told.sounds() == []
    (action,) = box.store.actions()
    assert (action.by, action.what, action.detail) == (OFFICER, "call_read", {"call": "65-1-3-1"})
    told.help(3)
    assert told.sounds() == []
    box.restart()
    told.restart()
    assert told.sounds() == []
    told.help(4, n=2)
    assert told.sounds() == [("help", "65-1-3-2")]


def test_alarms_sound_until_they_are_seen(told: Told) -> None:
    """The sound is about what nobody has seen yet; critical before high, and neither as a call for help."""
    box = told.box
    desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    desk.set_deployment("de-linde", "open", OFFICER)
    desk.set_deployment("de-ark", "closed", OFFICER)
    box.say("vital", 1, kit=66, alarms=1 << 2)
    box.vital(1, alarms=1 << 2)
    told.help(2)
    assert told.sounds() == [("help", "65-1-3-1"), ("critical", "power_lost"), ("high", "power_lost")]
    desk.acknowledge("de-linde", "power_lost", OFFICER)
    desk.read_call("65-1-3-1", OFFICER)
    assert told.sounds() == [("high", "power_lost")]
