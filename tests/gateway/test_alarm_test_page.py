"""The page of the alarm test: its button begins one, and everybody sees how far it came and where it stopped."""

from datetime import timedelta
from pathlib import Path

import pytest

from nspgateway import path_test_lines
from nspgateway.alerting import Alerting
from nspgateway.i18n import load_languages
from nspgateway.view import PathTest
from page_sample import NOW
from web_room import WebRoom

NL = load_languages()["nl"]
NAMES = {"de-linde": "Buurthuis De Linde"}


def shown(test: PathTest | None) -> path_test_lines.Shown:
    return path_test_lines.shown(NL, test, NAMES, ["screens", "relay"], NOW)


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """A gateway that can test its path, and hears one point."""
    room = WebRoom(tmp_path, linked=True, deployment="open")
    box = room.box
    room.room.desk.alert_test = Alerting(box.config, box.ingest, box.store, box.transmitter, box.clock).test
    box.boot(1)
    box.vital(2)
    return room


async def test_the_button_begins_a_test(room: WebRoom) -> None:
    """Who presses it sees that the test runs, and cannot begin a second one meanwhile."""
    assert "nog niet getest" in (await room.get("/test")).text
    answer = await room.post("/act/test", key="", back="/")
    assert (answer.status, answer.headers["location"]) == (303, "/test")
    text = (await room.get("/test")).text
    assert "De test loopt" in text
    assert "vanaf de-linde" in text
    assert 'formaction="/act/test"' not in (await room.get("/test")).body
    await room.post("/act/test", key="de-linde")
    assert "Er loopt al een test." in (await room.get("/test")).text


async def test_a_point_that_is_not_heard_is_not_offered(room: WebRoom) -> None:
    """Only what can be asked has a button, and a form that asks for another is refused in words."""
    body = (await room.get("/test")).body
    assert 'value="de-linde"' in body
    assert 'value="de-ark"' not in body
    await room.post("/act/test", key="de-ark")
    assert 'data-said="refused"' in (await room.get("/test")).body


async def test_a_gateway_without_a_test_says_so(tmp_path: Path) -> None:
    """A button that does nothing would be worse than none."""
    room = WebRoom(tmp_path, "cp_techniek")
    answer = await room.get("/test")
    assert "Deze gateway heeft geen alarmtest." in answer.text
    assert "/act/test" not in answer.body


async def test_logistics_does_not_test(tmp_path: Path) -> None:
    """Each role does its part."""
    room = WebRoom(tmp_path, "cp_logistiek")
    assert (await room.get("/test")).status == 403
    assert (await room.post("/act/test")).status == 403


def test_a_test_that_is_under_way() -> None:
    """What is reached has its time, what is not reached yet is not called a fault."""
    steps = shown(PathTest("running", NOW, "de-linde", steps={"kit": 1.24, "alarm": 2.0})).steps
    assert [(step.state, step.took) for step in steps[:3]] == [
        ("done", "na 1,2 s"),
        ("done", "na 2,0 s"),
        ("waiting", ""),
    ]
    assert [step.word for step in steps[2:]] == ["nog niet"] * 3


def test_a_test_that_stopped_says_where() -> None:
    """The step that was not reached is named as in the alarm, and no later one is called reached."""
    at = NOW - timedelta(days=1)
    test = PathTest("missed", NOW, "de-linde", "notifier:relay", {"kit": 1.0, "alarm": 2.0, "rules": 2.1}, at)
    told = shown(test)
    assert told.why == "De test kwam niet aan bij de melder relay."
    assert [step.state for step in told.steps] == ["done"] * 3 + ["missed"] * 2
    assert told.last_ok == "vr 15 jan 02:10"


def test_a_test_without_a_point_has_no_steps() -> None:
    """When nobody could be asked, no step is shown as tried."""
    told = shown(PathTest("missed", NOW, "", "no_point"))
    assert told.steps == ()
    assert told.why.startswith("De test kwam niet aan bij een kit, want geen enkel punt")


def test_never_tested_is_no_success() -> None:
    """No test yet is said as such."""
    told = shown(None)
    assert (told.state, told.last_ok) == ("none", "nog nooit")
