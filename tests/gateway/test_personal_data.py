"""Names and what was typed end when the region says so, after the release; what was decided stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from call_room import CallRoom
from gateway_box import T0
from nspgateway.config_parts import RetentionConfig
from nspgateway.disk import MB
from nspgateway.people import By, Deployment
from nspgateway.personal_store import BEGIN, GONE
from nspgateway.records import Answered, Changes
from nspgateway.retention import ROWS, Keeper
from nsplink.fields import ALARMS

WHO, TYPED = "zq-naam-qz", "zq-getypt-qz"
OFFICER = By(WHO, "cp_coordinator", "page")
CLIENT = By(WHO, "cp_medewerker", f"mqtt:{WHO}")
ARCHIVIST = By("archief", "archief", "page")
DAY_S = 86_400
CALL = "65-1-3-1"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[CallRoom]:
    """A gateway with one incident behind it: in every field that a person fills stands a marker."""
    room = CallRoom(tmp_path, deployment="stored")
    desk = room.desk
    desk.set_deployment("de-linde", "open", OFFICER, note=TYPED)
    desk.decide("activate", "burgemeester", OFFICER, points=["de-linde"], note=TYPED)
    desk.enter_fuel("de-linde", "dip", 20.0, CLIENT)
    room.vital(65, 1 << ALARMS.index("overload"))
    desk.comment("de-linde", "overload", OFFICER, TYPED)
    room.box.store.commit(Changes(T0, command=Answered(f"own/{WHO}", "a-1", T0, "{}")))
    for kind in ("made", "details"):
        room.say(1, kit=65, mark=kind, text=TYPED.encode())
    desk.pass_on(CALL, OFFICER, "doctor", WHO)
    desk.close_call(CALL, OFFICER, "helped", TYPED)
    room.say(2, kit=65, text=b"hulp is nog onderweg")
    desk.set_deployment("de-linde", "wound_down", OFFICER)
    yield room
    room.box.store.close()


def keeper_of(room: CallRoom, days: int | None = 90, **more: object) -> Keeper:
    box = room.box
    settings = RetentionConfig(personal_days=days)
    return Keeper(settings, box.folder, box.store, box.clock, free_bytes=lambda _: 10_000 * MB, **more)


def until_done(keeper: Keeper) -> None:
    for _ in range(1000):
        if not keeper.step():
            return
    raise AssertionError("it never ends")


def markers_on_disk(room: CallRoom) -> set[str]:
    """Which markers are anywhere in the database's files, in what is free in them as well."""
    room.box.store.close()
    everything = b"".join(path.read_bytes() for path in room.box.folder.glob("nsp.db*"))
    room.restart()
    return {marker for marker in (WHO, TYPED) if marker.encode() in everything}


def released(room: CallRoom) -> None:
    room.box.clock.move(100 * DAY_S)
    room.desk.release(ARCHIVIST, "dossier 12")


def test_after_the_release_names_and_words_go_by_their_own_term(room: CallRoom) -> None:
    """Protects people: of an incident that was released nothing says who did what or what was typed, in no byte of it."""
    assert markers_on_disk(room) == {WHO, TYPED}
    released(room)
    until_done(keeper_of(room))
    assert markers_on_disk(room) == set()
    assert {(a.by.who, a.note) for a in room.box.store.actions()} == {(GONE, ""), ("archief", "dossier 12")}
    assert "comment" not in [a.what for a in room.box.store.actions()]


def test_what_was_decided_stays_with_its_moment_and_role(room: CallRoom) -> None:
    """Protects the state of the points and the record: decisions, deployment, litres and stages are those of before."""
    before = facts_of(room)
    released(room)
    until_done(keeper_of(room))
    room.restart()
    assert facts_of(room) == before
    entered = [a for a in room.box.store.entries() if isinstance(a.entry, Deployment)]
    assert [(a.entry.word, a.by.role, a.by.origin) for a in entered] == [
        ("open", "cp_coordinator", "page"),
        ("wound_down", "cp_coordinator", "page"),
    ]
    (dip,) = [a for a in room.box.store.actions() if a.what == "fuel"]
    assert dip.by == By(GONE, "cp_medewerker", "mqtt")
    call = room.call(CALL)
    assert (call.stage, call.is_open, [step.what for step in call.steps]) == (
        *("closed", False),
        ["made", "details", "passed_on", "closed"],
    )
    assert {(step.name, step.text, step.tail) for step in call.steps} == {("", "", b"")}


def facts_of(room: CallRoom) -> str:
    situation = room.box.ingest.situation
    stands, crisis = situation.standings["de-linde"], situation.course.crisis
    return repr(
        (
            stands.deployment,
            situation.states["de-linde"].point.deployment,
            [(one.ruling, one.at) for one in crisis.decided],
        )
    )


def test_a_call_that_is_open_keeps_its_words(room: CallRoom) -> None:
    """Protects somebody who may still need help: nothing of a call goes before a person has closed it."""
    released(room)
    until_done(keeper_of(room))
    room.restart()
    assert room.call("65-1-3-2").typed[0] == {"what": "hulp is nog onderweg"}
    assert [event.text for event in room.box.store.kit_events("de-linde") if event.text] == [
        "hulp is nog onderweg"
    ]


def test_nothing_goes_from_activation_until_release(room: CallRoom) -> None:
    """Protects the evaluation of a disaster: however old it is, no name and no word goes before somebody released it."""
    room.box.clock.move(1000 * DAY_S)
    until_done(keeper_of(room))
    assert markers_on_disk(room) == {WHO, TYPED}


def test_nothing_goes_without_a_term_or_before_it(room: CallRoom) -> None:
    """Protects a region that has decided nothing, and a box whose date nobody vouches for: the log stays whole."""
    lines = len(room.box.store.actions())
    released(room)
    for keeper in (
        keeper_of(room, None),
        keeper_of(room, 101),
        keeper_of(room, 90, is_dated=lambda: False),
    ):
        until_done(keeper)
    assert len(room.box.store.actions()) == lines + 1
    assert markers_on_disk(room) == {WHO, TYPED}


def test_a_step_is_small_and_goes_on_where_it_was(room: CallRoom) -> None:
    """Protects a frame that comes in meanwhile: so many lines at a time, each of them once."""
    lines = len(room.box.store.actions())
    released(room)
    before, place, steps = room.box.clock.now(), BEGIN, []
    while True:
        place, rows = room.box.store.forget_people(before, place, 3)
        if not rows:
            break
        steps.append(rows)
    assert steps[: lines // 3] == [3] * (lines // 3)
    assert max(steps) <= 3 < ROWS
    assert room.box.store.forget_people(before, place, 3) == (place, 0)


def test_a_term_that_takes_the_log_of_a_running_incident_is_refused() -> None:
    """Protects an incident that nobody has activated anything for: less than a month is no term."""
    with pytest.raises(msgspec.ValidationError, match="30"):
        msgspec.convert({"personal_days": 7}, RetentionConfig)
    assert RetentionConfig().personal_days is None
