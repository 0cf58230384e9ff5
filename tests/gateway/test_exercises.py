"""Exercises at the coordinating point: an end in advance, read back by each kit, and nobody forgets one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0
from nspgateway import local_time
from nspgateway.desk_base import Refused
from nspgateway.people import By
from nspgateway.web.visitor import Visitor
from nsplink import commands, frame
from web_room import WebRoom

LEAD = By("post-9", "oefenleiding", "page")
HOUR = timedelta(hours=1)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[WebRoom]:
    """A gateway that sends, with two kits that have booted; an exercise lead at the page."""
    room = WebRoom(tmp_path, "oefenleiding", linked=True, deployment="open")
    room.box.boot(100)
    room.box.boot(200, kit=66)
    room.box.run(70)
    yield room
    room.box.store.close()


async def told(room: WebRoom) -> dict[int, tuple[int, dict[str, object]]]:
    """Let the gateway send for a while; return by kit the newest command, with its counter."""
    found, box = {}, room.box
    assert box.transmitter is not None
    begun, end = len(box.mast.frames), box.clock.passed_s + 10
    while box.clock.passed_s < end:
        wait_s = await box.transmitter.step(box.mast)
        box.clock.move(min(wait_s, end - box.clock.passed_s))
    for data in box.mast.frames[begun:]:
        header, _ = frame.parse(data)
        if header.kind == "command":
            _, fields = box.opened(data, 100 if header.address == 65 else 200)
            found[header.address] = (header.counter, fields)
    return found


async def words(room: WebRoom) -> dict[str, str]:
    body = (await room.get("/exercise")).body
    rows = body.split('<tr role="row" data-point="')[1:]
    return {row.split('"')[0]: row.split('data-exercise-word="')[1].split('"')[0] for row in rows}


async def test_an_exercise_is_begun_read_back_and_ended_with_the_page(room: WebRoom) -> None:
    """Protects the line between practice and real: only the named kit is told, with its minutes, and its answer is seen."""
    ends = local_time.write(T0 + 2 * HOUR)
    await room.post("/act/exercise-start", name="Eerste nacht", ends_at=ends, points="de-linde")
    assert await words(room) == {"de-linde": "asked", "de-ark": "real"}
    ((kit, (counter, fields)),) = (await told(room)).items()
    minutes = commands.parse_exercise(fields["argument"])  # type: ignore[arg-type]  # bytes
    assert (kit, fields["command"]) == (65, "exercise_on")
    assert minutes is not None
    assert 118 <= minutes <= 120
    room.box.say("answer", 101, answers=counter, result="done", value=fields["argument"])
    assert (await words(room))["de-linde"] == "on"
    await room.post("/act/exercise-end")
    ((kit, (counter, fields)),) = (await told(room)).items()
    assert (kit, fields["command"]) == (65, "exercise_off")
    room.box.say("answer", 102, answers=counter, result="done", value=b"")
    assert (await words(room))["de-linde"] == "real"
    assert "Gestopt 18:0" in (await room.get("/exercise")).text
    whats = [one.what for one in room.box.store.actions()]
    assert whats == ["exercise_start", "exercise_end"]


async def test_a_kit_that_begins_anew_has_left_the_exercise_and_one_press_tells_it_again(
    room: WebRoom,
) -> None:
    """Protects against a real alarm that nobody expects to be one: what a kit read back before a reboot counts no longer."""
    room.room.desk.start_exercise("Eerste nacht", T0 + 2 * HOUR, ["de-linde"], LEAD)
    counter, fields = (await told(room))[65]
    room.box.say("answer", 101, answers=counter, result="done", value=fields["argument"])
    room.box.vital(102, exercise=True)
    assert (await words(room))["de-linde"] == "on"
    room.box.boot(164)
    assert (await words(room))["de-linde"] == "off"
    await room.post("/act/exercise-again", key="de-linde")
    assert (await words(room))["de-linde"] == "asked"


async def test_a_kit_that_read_back_something_else_is_not_in_it(room: WebRoom) -> None:
    """Protects against a wrong end: a kit that names other minutes, or refuses, is shown as not in the exercise."""
    room.room.desk.start_exercise("Eerste nacht", T0 + 2 * HOUR, ["de-linde"], LEAD)
    counter, _ = (await told(room))[65]
    room.box.say("answer", 101, answers=counter, result="done", value=(9).to_bytes(2, "big"))
    assert (await words(room))["de-linde"] == "off"
    await room.post("/act/exercise-again", key="de-linde")
    assert (await words(room))["de-linde"] == "asked"


async def test_an_exercise_that_was_forgotten_is_an_alarm(room: WebRoom) -> None:
    """Protects the day after: kits that still say exercise past its end are on the screen until they stop."""
    room.room.desk.start_exercise("Eerste nacht", room.box.clock.now() + HOUR, ["de-linde"], LEAD)
    room.box.clock.move(3700)
    mark(room, exercise=True)
    room.box.tick()
    room.box.clock.move(610)
    room.box.tick()
    (found,) = [one for one in room.box.ingest.overview().alarms if one.id == "exercise_forgotten"]
    assert "De oefening Eerste nacht had om 19:01 klaar moeten zijn. 1 kits" in found.what["nl"]
    assert (await words(room))["de-linde"] == "still_on"
    mark(room, exercise=False)
    room.box.tick()
    assert "exercise_forgotten" not in room.box.alarms()


async def test_it_is_known_after_a_restart_and_can_get_another_end(room: WebRoom) -> None:
    """Protects the plan over a power cut: name, points and end are known, and another end goes to the kits."""
    room.room.desk.start_exercise("Eerste nacht", room.box.clock.now() + HOUR, ["de-linde", "de-ark"], LEAD)
    room.restart()
    assert "Eerste nacht" in (await room.get("/exercise")).text
    later = room.box.clock.now() + 4 * HOUR
    await room.post("/act/exercise-extend", ends_at=local_time.write(later))
    exercise = room.box.ingest.situation.course.exercise
    assert exercise is not None
    assert exercise.ends_at == later.replace(second=0, microsecond=0)


async def test_what_cannot_be_is_refused(room: WebRoom) -> None:
    """Protects from an exercise without an end or beside another one: nothing is written, and no kit is told."""
    desk, now = room.room.desk, room.box.clock.now()
    for name, ends_at, points, why in (
        ("x", now - HOUR, ["de-linde"], "in the future"),
        ("x", now + timedelta(days=4), ["de-linde"], "within three days"),
        (" ", now + HOUR, ["de-linde"], "has a name"),
        ("x", now + HOUR, [], "has a name"),
        ("x", now + HOUR, ["nergens"], "no point"),
    ):
        with pytest.raises(Refused, match=why):
            desk.start_exercise(name, ends_at, points, LEAD)
    with pytest.raises(Refused, match="No exercise"):
        desk.end_exercise(LEAD)
    assert room.box.store.actions() == []
    desk.start_exercise("x", now + HOUR, ["de-linde"], LEAD)
    with pytest.raises(Refused, match="end that one first"):
        desk.start_exercise("y", now + HOUR, ["de-linde"], LEAD)


async def test_only_who_leads_exercises_sees_the_page(tmp_path: Path) -> None:
    """Protects against practice by accident: an officer without the right has neither page nor act."""
    room = WebRoom(tmp_path, "cp_medewerker")
    assert (await room.get("/exercise")).status == 403
    assert (await room.post("/act/exercise-end")).status == 403
    room.gate.person = Visitor.of(LEAD, "lead", "csrf")
    assert (await room.get("/exercise/new")).status == 200


def mark(room: WebRoom, *, exercise: bool) -> None:
    """Let a kit send a frame that is part of an exercise, or is not."""
    counter = 110 + len(room.box.ingest.counters) + sum(room.box.ingest.counters.values())
    assert room.box.vital(counter, exercise=exercise) == "accepted"
