"""An exercise is unmistakable, and what is real during one stays visibly real."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from command_room import Room
from nspgateway import exercise_mark, present
from nspgateway.i18n import load_languages
from nspgateway.notify import Notice
from nspgateway.people import By
from nspgateway.view import CallView
from nsplink.fields import ALARMS
from page_sample import ARK, KUIL, LINDE, NOW, ZUID, overview
from web_room import WebRoom

NL = load_languages()["nl"]
LEADER = By("de-boer", "oefenleiding", "page")
POINTS = (KUIL, ZUID, replace(LINDE, exercise=True), ARK)


def test_without_an_exercise_nothing_is_marked() -> None:
    """A mark that is always there is one that nobody reads."""
    quiet = overview()
    assert not exercise_mark.is_on(quiet)
    assert exercise_mark.of_point(quiet, "de-linde") == ""
    assert {box.mark_text for box in present.page(quiet, NL).alarms} == {""}


def test_a_real_alarm_during_an_exercise_says_so() -> None:
    """The alarm of the point that exercises is marked as such; that of another point is marked as real."""
    busy = overview(points=POINTS)
    assert [(box.point, box.mark_text) for box in present.page(busy, NL).alarms] == [
        ("de-kuil", "GEEN OEFENING"),
        ("de-linde", "OEFENING"),
    ]
    assert exercise_mark.of_point(busy, "kazerne-oost") == "real"


def test_an_alarm_from_before_the_exercise_stays_real() -> None:
    """Nobody takes trouble that was there already for a part of the game, on the overview or on the point's page."""
    busy = overview(points=POINTS)
    begun = next(alarm for alarm in busy.alarms if alarm.point == "de-linde").raised_at
    for since, mark in ((begun + timedelta(minutes=1), "GEEN OEFENING"), (begun, "OEFENING")):
        marks = {
            box.point: box.mark_text for box in present.page(replace(busy, exercise_since=since), NL).alarms
        }
        assert marks["de-linde"] == mark


async def test_what_was_wrong_before_an_exercise_begins_is_marked_real(tmp_path: Path) -> None:
    """The same over the whole gateway: an alarm, then an exercise of the coordinating point at that point."""
    room = WebRoom(tmp_path, role="cp_coordinator", deployment="open", linked=True)
    box = room.box
    box.boot(1)
    box.vital(2, alarms=1 << ALARMS.index("overload"))
    box.clock.move(60)
    box.ingest.tick()
    room.room.desk.start_exercise("Droog", box.clock.now() + timedelta(hours=1), ["de-linde"], LEADER)
    box.clock.move(1)
    box.vital(3, exercise=True, alarms=1 << ALARMS.index("overload"))
    for path in ("/", "/point/de-linde"):
        page = await room.get(path)
        assert "GEEN OEFENING" in page.text, path


def test_programs_are_told_the_same_of_what_was_there_before(tmp_path: Path) -> None:
    """Protects who is alarmed by a program: real trouble stays real on MQTT and in notices, as it does on the page."""
    room = Room(tmp_path, deployment="open", linked=True)
    box, heard = room.box, list[Notice]()
    before, during = (1 << ALARMS.index(name) for name in ("overload", "generator_failed"))
    box.boot(1)
    box.vital(2, alarms=before)
    box.clock.move(60)
    box.ingest.tick()
    room.desk.start_exercise("Droog", box.clock.now() + timedelta(hours=1), ["de-linde"], LEADER)
    said = len(box.store.outbox("own", 10**6))
    box.ingest.recorder.on_notices = heard.extend
    box.clock.move(1)
    box.vital(3, exercise=True, alarms=before | during)
    room.desk.acknowledge("de-linde", "overload", LEADER)
    messages = [m for _, m in box.store.outbox("own", 10**6)[said:]]
    marked = {
        name: {json.loads(m.payload)["exercise"] for m in messages if m.topic.endswith(f"/de-linde/{name}")}
        for name in ("state", "alarm/overload", "alarm/generator_failed")
    }
    assert marked == {"state": {True}, "alarm/overload": {False}, "alarm/generator_failed": {True}}
    assert {one.id: one.exercise for one in heard} == {"overload": False, "generator_failed": True}
    box.store.close()


@pytest.mark.parametrize(
    ("points", "scope"),
    [
        (POINTS, "Oefening bij Buurthuis De Linde. De rest is echt."),
        (tuple(replace(one, exercise=True) for one in POINTS), ""),
        ((replace(LINDE, exercise=True), replace(ARK, deployment="stored")), ""),
    ],
)
def test_the_bar_says_where_the_exercise_is(points: tuple[object, ...], scope: str) -> None:
    """Whoever reads the bar knows which points take part; all points in use need no list."""
    head = present.head(overview(points=points), NL)
    assert (head.exercise, head.exercise_scope) == ("OEFENING", scope)


async def test_every_page_carries_the_mark(tmp_path: Path) -> None:
    """The mark comes from the frames of the kits, and stands in what a live page is sent anew as well."""
    room = WebRoom(tmp_path, deployment="open")
    room.box.vital(1)
    assert "OEFENING" not in (await room.get("/")).text
    room.box.vital(2, exercise=True)
    page = await room.get("/")
    assert 'data-exercise="OEFENING"' in page.body
    assert page.body.index("<main") < page.body.index('class="exercise-bar"')


def test_a_call_that_was_there_when_the_exercise_began_is_real() -> None:
    """Nobody takes a person in need for a part of the game because a kit joined it later."""
    call = CallView("a", "de-linde", LINDE.name, 1, "ambulance", 1, "stored", NOW, NOW, NOW)
    busy = overview(points=POINTS)
    assert exercise_mark.of_call(call, busy) == "real"
    assert exercise_mark.of_call(replace(call, exercise=True), busy) == "exercise"
    assert exercise_mark.of_call(call, overview()) == ""
