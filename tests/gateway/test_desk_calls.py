"""What people do about calls for help: written first, in order, with who and when; and the kit hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from call_room import OFFICER, CallRoom
from gateway_box import sealed
from nspgateway import retold
from nspgateway.desk import Refused
from nspgateway.people import By
from nsplink import frame, timing

NAME = "65-1-3-1"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[CallRoom]:
    """A gateway that never sends."""
    room = CallRoom(tmp_path, deployment="open")
    yield room
    room.box.store.close()


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[CallRoom]:
    """A gateway that sends, with two kits that have booted."""
    room = CallRoom(tmp_path, linked=True, deployment="open")
    for kit in (65, 66):
        room.boot(kit)
    room.box.run(30)
    yield room
    room.box.store.close()


def test_every_act_is_in_the_records_with_who_and_when_also_after_a_restart(room: CallRoom) -> None:
    """What a later inquiry asks: pressed, stored, read, passed on, answered, closed, by whom, each with its time."""
    room.press(age_s=30)
    desk, clock = room.desk, room.box.clock
    taken_at = clock.now()
    acts: list[Callable[[], None]] = [
        lambda: desk.read_call(NAME, OFFICER),
        lambda: desk.pass_on(NAME, OFFICER, "control_room", "centralist 12", taken_at),
        lambda: desk.place_call(NAME, OFFICER, "achter de kerk"),
        lambda: desk.answer_call(NAME, OFFICER, "help_comes", "over 10 min"),
        lambda: desk.called_back(NAME, OFFICER, "alles goed"),
        lambda: desk.close_call(NAME, OFFICER, "helped"),
    ]
    for act in acts:
        clock.move(20)
        act()
    before = room.call()
    room.restart()
    assert room.call() == before
    whats = ["made", "read", "passed_on", "placed", "answered", "called_back", "closed"]
    assert [step.what for step in before.steps] == whats
    assert before.made_at == before.stored_at - timedelta(seconds=30)
    passed = before.steps[2]
    assert (passed.word, passed.name, passed.happened_at) == ("control_room", "centralist 12", taken_at)
    assert {step.by for step in before.steps[1:]} == {OFFICER}
    assert [a.what for a in room.box.store.actions()] == [f"call_{what}" for what in whats[1:]]
    assert room.top() == ()


def test_the_audit_trail_holds_nothing_that_was_typed(room: CallRoom) -> None:
    """Who may read the log need not read of somebody's health: the words stay with the call."""
    room.press()
    room.desk.pass_on(NAME, OFFICER, "other", "zqnameqz", other="zqwhomqz")
    room.desk.close_call(NAME, OFFICER, "other", "zqwhyqz")
    assert "zq" not in repr(room.box.store.actions())
    assert "zq" not in repr(room.outbox_text())


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (lambda desk: desk.read_call("65-1-3-9", OFFICER), "no_call"),
        (lambda desk: desk.pass_on(NAME, OFFICER, "nobody", "x"), "bad_kind"),
        (lambda desk: desk.pass_on(NAME, OFFICER, "police", "  "), "empty"),
        (lambda desk: desk.pass_on(NAME, OFFICER, "other", "x"), "empty"),
        (lambda desk: desk.pass_on(NAME, OFFICER, "police", "x" * 81), "too_long"),
        (lambda desk: desk.answer_call(NAME, OFFICER, "text"), "empty"),
        (lambda desk: desk.answer_call(NAME, OFFICER, "help_comes", "é" * 31), "answer_too_long"),
        (lambda desk: desk.answer_call(NAME, OFFICER, "soon"), "bad_kind"),
        (lambda desk: desk.close_call(NAME, OFFICER, "other"), "empty"),
        (lambda desk: desk.close_call(NAME, OFFICER, "bored"), "bad_kind"),
        (lambda desk: desk.enter_call("nergens", OFFICER, "police"), "no_point"),
        (lambda desk: desk.enter_call("de-linde", OFFICER, "pizza"), "bad_kind"),
        (lambda desk: desk.set_112("perhaps", OFFICER), "bad_kind"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    room: CallRoom, act: Callable[[object], None], word: str
) -> None:
    """A slip of the finger says what is missing, and the call stands as it stood."""
    room.press()
    before = room.call()
    with pytest.raises(Refused) as refused:
        act(room.desk)
    assert refused.value.word == word
    assert room.call() == before
    assert room.box.store.actions() == []


def test_the_time_of_passing_on_has_to_be_possible(room: CallRoom) -> None:
    """Not before the call, not in the future; a minute of difference between clocks is none."""
    room.press()
    desk, now = room.desk, room.box.clock.now()
    for minutes, word in ((-5, "bad_time"), (5, "in_future")):
        with pytest.raises(Refused) as refused:
            desk.pass_on(NAME, OFFICER, "police", "x", now + timedelta(minutes=minutes))
        assert refused.value.word == word
    desk.pass_on(NAME, OFFICER, "police", "x", now + timedelta(minutes=1))
    assert room.call().steps[-1].happened_at == now


def test_what_is_closed_stays_closed_until_the_point_adds_to_it(room: CallRoom) -> None:
    """Nobody acts on a closed call; but words of the point that were still on their way when it was closed open it again."""
    room.press()
    room.desk.close_call(NAME, OFFICER, "mistake")
    with pytest.raises(Refused, match="closed already"):
        room.desk.read_call(NAME, OFFICER)
    room.press()  # the kit says again what it has said: no news
    room.press(mark="withdrawn")
    assert room.top() == ()
    room.press(mark="details", text=b"\x00wtoch brand")
    for _ in range(2):
        (one,) = room.top()
        assert (one.id, one.stage, one.is_unseen) == (NAME, "read", True)
        room.restart()
    room.desk.close_call(NAME, OFFICER, "helped")
    assert room.top() == ()


def test_a_call_by_voice_is_a_call_like_any_other(room: CallRoom) -> None:
    """It has its own name for ever, stands at the top, has to be read, and says that a person entered it."""
    made_at = room.box.clock.now() - timedelta(minutes=4)
    first = room.desk.enter_call("de-ark", OFFICER, "fire_brigade", "rook", place="school", made_at=made_at)
    second = room.desk.enter_call("de-ark", OFFICER, "fire_brigade", "rook")
    assert (first, second) == ("hand-1", "hand-2")
    assert [(one.id, one.stage, one.by_hand) for one in room.top()] == [
        ("hand-1", "stored", True),
        ("hand-2", "stored", True),
    ]
    assert room.call(first).place == "school"
    assert room.call(first).made_at == made_at
    before = room.call(first), room.call(second)
    room.restart()
    assert (room.call(first), room.call(second)) == before
    assert [notice.id for notice in room.heard] == ["hand-1", "hand-2"]


def test_a_real_call_does_not_end_the_exercise_of_its_point(room: CallRoom) -> None:
    """Protects a second call inside an exercise: it is marked as real like the first, and all else stays an exercise."""
    assert room.box.vital(room.lose(), exercise=True) == "accepted"
    for n in (1, 2):
        room.press(n)
        room.restart()
        assert room.box.ingest.situation.exercising == {"de-linde"}
    assert [one.is_real for one in room.top()] == [True, True]
    room.boot()
    assert room.box.ingest.situation.exercising == frozenset()


def test_a_call_of_a_point_that_is_taken_out_of_the_settings_is_said_all_the_same(room: CallRoom) -> None:
    """Protects a call that is open while somebody tidies the list of points: it keeps its name and is said until it is read."""
    room.desk.enter_call("de-ark", OFFICER, "ambulance")
    room.box.points = [one for one in room.box.points if one.slug != "de-ark"]
    room.restart()
    (view,) = room.top()
    assert (view.id, view.name, view.number) == ("hand-1", "de-ark", 2)
    again = retold.unseen(room.box.ingest.situation, room.box.clock.now())
    assert [one.id for one in again] == ["hand-1"]
    room.heard.clear()
    room.wait(61)
    assert [one.title["nl"] for one in room.heard] == ["Niemand heeft deze noodhulpmelding gelezen"]
    room.desk.read_call("hand-1", OFFICER)


def test_unread_and_not_passed_on_are_said_until_they_are_done(room: CallRoom) -> None:
    """At 60 s, with the sound of its own, and from 3 minutes on in a second place; each ends with the act alone."""
    room.press()
    room.wait(59)
    assert [one.word for one in room.box.ingest.overview().sounding] == []  # nobody dressed it: see alerting
    assert room.top()[0].late == ""
    room.wait(2)
    assert room.top()[0].late == "help_unread"
    assert room.heard[-1].title["nl"] == "Niemand heeft deze noodhulpmelding gelezen"
    room.restart()
    room.wait(120)
    late = [notice for notice in room.heard if notice.action == "remind"]
    assert [notice.is_second for notice in late] == [False, False, True]
    room.desk.read_call(NAME, By("vries", "cp_coordinator", "page"))
    room.wait(1)
    assert room.top()[0].late == ""
    room.wait(182)
    assert room.top()[0].late == "help_not_passed"
    assert "gelezen door" in room.heard[-1].what["nl"]
    room.desk.pass_on(NAME, OFFICER, "control_room", "centralist 12")
    room.wait(1)
    assert room.top()[0].late == ""
    said = len(room.heard)
    room.wait(200)
    assert len(room.heard) == said


def test_a_withdrawal_that_nobody_asked_about_is_said_until_somebody_did(room: CallRoom) -> None:
    """Somebody may have made them take it back: after five minutes it is urged, from ten on in a second place."""
    room.press()
    room.desk.read_call(NAME, OFFICER)
    room.press(mark="withdrawn")
    room.wait(299)
    assert room.top()[0].late == ""
    room.wait(3)
    assert room.top()[0].late == "help_not_called_back"
    assert room.heard[-1].title["nl"] == "Nog niet teruggebeld"
    assert "trok 5 minuten geleden een noodhulpmelding in" in room.heard[-1].what["nl"]
    room.restart()
    room.wait(301)
    assert room.heard[-1].is_second
    room.desk.called_back(NAME, OFFICER, "vergissing")
    room.wait(1)
    assert room.top()[0].late == ""


def test_each_stage_goes_to_the_kit_that_called_until_it_confirms(linked: CallRoom) -> None:
    """From press to read and passed on at the kit, each within 15 s; said again until the kit answers, then no more."""
    linked.press()
    assert (
        linked.told("help_stage", 15) == []
    )  # no person was there: the acknowledgement says that it is stored
    linked.desk.read_call(NAME, OFFICER)
    read = linked.told("help_stage", 15)[0]
    assert (read.kit, read.fields["event_boot"], read.fields["event_n"]) == (65, 3, 1)
    assert read.fields["help_stage"] == "read"
    linked.desk.pass_on(NAME, OFFICER, "control_room", "centralist 12")
    passed = linked.told("help_stage", 15)[0]
    assert passed.fields["help_stage"] == "passed_on"
    now = linked.box.clock.now()
    assert abs(passed.fields["utc_min"] - timing.utc_min(int(now.timestamp()))) <= 1
    linked.desk.answer_call(NAME, OFFICER, "no_unit", "Sluit de hoofdkraan")
    answer, *again = linked.told("help_stage", 60)
    assert (answer.fields["help_answer"], bytes(answer.fields["text"])) == ("no_unit", b"Sluit de hoofdkraan")
    assert again
    assert linked.top()[0].is_shown is False
    linked.confirm(again[-1])
    assert linked.top()[0].is_shown is True
    assert linked.told("help_stage", 120) == []


def test_a_stage_is_told_again_after_a_restart(linked: CallRoom) -> None:
    """What a person said reaches the kit also when the gateway dies right after it was written."""
    linked.press()
    linked.box.run(5)
    linked.desk.read_call(NAME, OFFICER)
    linked.restart()
    linked.press(2)
    assert linked.told("help_stage")[0].fields["help_stage"] == "read"


def test_what_changes_nothing_for_the_point_is_not_sent(linked: CallRoom) -> None:
    """Protects airtime: that the point was called back, or a place noted, is no stage; nothing goes out for it."""
    linked.press()
    linked.desk.read_call(NAME, OFFICER)
    linked.confirm(linked.told("help_stage")[-1])
    linked.desk.called_back(NAME, OFFICER, "alles goed")
    linked.desk.place_call(NAME, OFFICER, "zolder")
    assert linked.told("help_stage") == []
    assert linked.top()[0].is_shown is True


def test_a_kit_hears_that_a_call_which_was_closed_is_read_again(linked: CallRoom) -> None:
    """What the point added after the end is read by a person too, and the kit says so instead of "closed"."""
    linked.press()
    linked.desk.close_call(NAME, OFFICER, "mistake")
    assert linked.told("help_stage")[-1].fields["help_stage"] == "closed"
    linked.press(mark="details", text=b"\x00wtoch brand")
    linked.desk.read_call(NAME, OFFICER)
    assert linked.told("help_stage")[-1].fields["help_stage"] == "read"


def test_a_kit_that_begins_anew_is_told_again_of_its_open_calls(linked: CallRoom) -> None:
    """What a kit knew of its calls is gone with its power: it hears it again, of those that are not closed."""
    for n in (1, 2):
        linked.desk.read_call(linked.press(n), OFFICER)
        linked.confirm(linked.told("help_stage")[-1])
    linked.desk.close_call(NAME, OFFICER, "helped")
    linked.confirm(linked.told("help_stage")[-1])
    linked.boot()
    again = linked.told("help_stage")
    assert {(one.fields["event_n"], one.fields["help_stage"]) for one in again} == {(2, "read")}


def test_a_kit_with_a_new_key_is_told_nothing_of_the_calls_of_the_old_one(linked: CallRoom) -> None:
    """Protects whoever gets a kit that was flashed anew: the stages of another team's call are not theirs."""
    linked.press()
    linked.desk.read_call(NAME, OFFICER)
    box = linked.box
    box.register.issue([65], box.clock.now())
    box.restart()
    linked.restart()
    key = box.key(65, 2)
    assert box.hear(sealed(key, 100, "boot", boot_epoch=100, reset_cause="power", boots=1)) == "accepted"
    kinds = [frame.parse(data)[0].kind for data in box.run(60)]
    assert "help_stage" not in kinds
    assert linked.top()[0].id == NAME


def test_a_silent_call_shows_no_sign_at_its_point(linked: CallRoom) -> None:
    """Protects a team that is threatened: whatever people do about its call, the kit is told nothing of it."""
    linked.press(kind="security")
    linked.desk.read_call(NAME, OFFICER)
    linked.desk.pass_on(NAME, OFFICER, "police", "wachtcommandant")
    assert linked.told("help_stage") == []
    assert linked.top()[0].is_shown is None
    assert linked.heard[0].title["nl"] == "Team niet veilig"


def test_the_state_of_112_goes_to_every_kit_and_to_one_that_boots_later(linked: CallRoom) -> None:
    """A person says it, it is in the records with who and when, and each kit hears it; also after a restart."""
    linked.desk.set_112("off", OFFICER, "storing landelijk")
    said = linked.told("status112")
    assert {(one.kit, one.fields["status112"]) for one in said} == {(65, "off"), (66, "off")}
    status = linked.box.ingest.overview().status112
    assert (status.word, set(status.untold)) == ("off", {"de-linde", "de-ark"})
    linked.confirm([one for one in said if one.kit == 65][-1])
    assert linked.box.ingest.overview().status112.told == ("de-linde",)
    (line,) = [a for a in linked.box.store.actions() if a.what == "status112"]
    assert (line.by, line.detail["word"]) == (OFFICER, "off")
    linked.restart()
    assert linked.box.ingest.overview().status112.word == "off"
    linked.boot(66)
    assert [one.fields["status112"] for one in linked.told("status112") if one.kit == 66][:1] == ["off"]
