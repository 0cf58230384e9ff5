"""Messages to residents: nobody's text goes out unread, and of each point it is known what hangs there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from command_room import Room
from gateway_box import T0, sealed
from nspgateway.desk import Refused
from nspgateway.desk_messages import MessageDesk
from nspgateway.people import By
from nspgateway.resident_messages import MOST_NUMBER, Hanging, Messages

WRITER = By("post-1", "cp_medewerker", "page")
READER = By("post-2", "communicatie", "page")
GROUP = 64
NL, EN = "Kook het water drie minuten.", "Boil the water for three minutes."


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A gateway that sends, with two kits that have booted, and a key for all kits at once."""
    room = Room(tmp_path, linked=True, deployment="open")
    room.box.register.issue([GROUP], T0)
    room.restart()
    room.box.boot(100)
    room.box.boot(200, kit=66)
    yield room
    room.box.store.close()


def messages(room: Room) -> Messages:
    return room.box.ingest.situation.course.messages


def hanging(room: Room, point: str = "de-linde") -> Hanging:
    found = room.box.ingest.situation.standings[point].hanging
    assert found is not None
    return found


def sent(room: Room, nl: str = NL, *, number: int | None = None) -> tuple[int, int]:
    """Write, approve and send a message; return number and version."""
    name = room.desk.draft_message(nl, WRITER, en=EN, number=number)
    room.desk.approve_message(*name, READER)
    room.desk.send_message(*name, WRITER)
    return name


def say(room: Room, counter: int, name: tuple[int, int], stage: str, kit: int = 65) -> None:
    """Let a kit say what became of a message."""
    assert (
        room.box.say(
            "receipt", counter, kit, bulletin=name[0], revision=name[1], receipt_stage=stage, lacking=0
        )
        == "accepted"
    )


def test_who_wrote_read_and_sent_it_stands_in_the_records(room: Room) -> None:
    """Protects the record of each message: three steps with their people, in both languages, also after a restart."""
    name = sent(room)
    for _ in range(2):
        found = messages(room).find(*name)
        assert found is not None
        assert (name, found.step, found.nl, found.en) == ((1, 1), "sent", NL, EN)
        assert found.approved is not None
        assert (found.drafted.by, found.approved.by) == (WRITER, READER)
        assert found.text.startswith(NL)
        assert found.text.endswith(EN)
        room.restart()
    assert NL not in repr(found)


def test_a_new_version_needs_a_new_reader(room: Room) -> None:
    """Protects against a text that slips through: an approval is of one version, and the old one can no longer be sent."""
    first = room.desk.draft_message(NL, WRITER)
    room.desk.approve_message(*first, READER)
    second = room.desk.draft_message(NL + " Ook voor thee.", WRITER, number=first[0])
    assert second == (1, 2)
    with pytest.raises(Refused, match="took the place of version 1"):
        room.desk.send_message(*first, WRITER)
    with pytest.raises(Refused, match="not approved"):
        room.desk.send_message(*second, WRITER)
    with pytest.raises(Refused, match="somebody else"):
        room.desk.approve_message(*second, WRITER)
    with pytest.raises(Refused, match="somebody else"):
        room.desk.approve_message(*second, replace(WRITER, role="communicatie"))
    assert messages(room).on_air is None


def test_what_each_point_said_is_kept(room: Room) -> None:
    """Protects "does it hang?": received, displayed and the old one removed, of each point by itself, over a restart."""
    first = sent(room)
    say(room, 101, first, "received")
    say(room, 102, first, "displayed")
    say(room, 201, first, "received", kit=66)
    second = sent(room, "Het water is weer schoon.")
    assert second == (2, 1)
    say(room, 103, second, "received")
    assert hanging(room).old == first
    assert hanging(room, "de-ark").old is None
    say(room, 104, first, "removed")
    say(room, 105, second, "displayed")
    for _ in range(2):
        assert (hanging(room).old, hanging(room).is_done) == (None, True)
        assert hanging(room).at.received_at is not None
        assert not hanging(room, "de-ark").is_done
        room.restart()


def releases(room: Room) -> set[int]:
    """The kits that are being told of the message."""
    assert room.desk.radio is not None
    return {ticket.address for ticket in room.desk.radio.link.waiting() if ticket.kind == "release"}


@pytest.mark.parametrize("is_restarted_between", [False, True])
def test_a_kit_that_was_replaced_is_told_what_hangs(room: Room, is_restarted_between: bool) -> None:
    """Protects a point with a new kit: what the old one had, or a voice said, is not in the new one's memory."""
    name = sent(room)
    say(room, 101, name, "received")
    room.desk.tell_message("de-ark", *name, "displayed", WRITER)
    room.restart()
    assert releases(room) == {66}  # told by voice alone
    room.box.register.issue([65], room.box.clock.now())
    room.restart()
    key = room.box.key(65, 2)
    assert room.box.hear(sealed(key, 64, "boot", boot_epoch=64, reset_cause="power", boots=1)) == "accepted"
    if is_restarted_between:
        room.restart()
    assert releases(room) == {65, 66}
    receipt = {"bulletin": name[0], "revision": name[1], "receipt_stage": "received", "lacking": 0}
    assert room.box.hear(sealed(key, 65, "receipt", **receipt)) == "accepted"
    room.restart()
    assert releases(room) == {66}


def test_what_points_said_outlives_a_clock_that_was_set_back(room: Room) -> None:
    """Protects "does it hang?": receipts that seem older than the message are still of it after a restart."""
    name = sent(room)
    room.box.clock.step(-timedelta(hours=2))
    say(room, 101, name, "displayed")
    assert hanging(room).is_done
    room.restart()
    assert hanging(room).is_done


def test_a_receipt_that_could_not_be_written_is_not_true(room: Room) -> None:
    """Protects the sheet on the wall: what the disk does not have, the page does not say; the kit says it again."""
    name = sent(room)
    room.box.store.close()
    assert (
        room.box.say("receipt", 101, bulletin=name[0], revision=name[1], receipt_stage="displayed", lacking=0)
        == "not_stored"
    )
    assert hanging(room).at.displayed_at is None
    room.box.start()


def test_what_is_told_by_voice_counts_as_such(room: Room) -> None:
    """Protects points without a kit: their word counts, is marked as by hand, and only of what was sent."""
    name = sent(room)
    room.desk.tell_message("de-ark", *name, "displayed", WRITER)
    assert (hanging(room, "de-ark").is_done, hanging(room, "de-ark").at.by_hand) == (True, True)
    with pytest.raises(Refused, match="never sent"):
        room.desk.tell_message("de-ark", 9, 1, "displayed", WRITER)


def test_taking_down_asks_for_the_old_one(room: Room) -> None:
    """Protects against a wrong text that stays: each point still has to say that it was taken down."""
    with pytest.raises(Refused, match="nothing to take down"):
        room.desk.take_down_message(WRITER)
    name = sent(room)
    say(room, 101, name, "displayed")
    room.desk.take_down_message(WRITER)
    assert (hanging(room).is_text, hanging(room).is_done, hanging(room).old) == (False, False, name)
    say(room, 102, name, "removed")
    assert hanging(room).is_done


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda desk: desk.draft_message("  ", WRITER), "needs a Dutch text"),
        (lambda desk: desk.draft_message("x" * 1537, WRITER), "1 bytes too long"),
        (lambda desk: desk.draft_message(NL, WRITER, number=7), "no message 7"),
        (lambda desk: desk.draft_message(NL, WRITER, valid_until=T0 - timedelta(1)), "in the future"),
        (lambda desk: desk.approve_message(7, 1, READER), "no message 7"),
        (lambda desk: desk.send_message(7, 1, WRITER), "no message 7"),
    ],
)
def test_what_cannot_be_is_refused(room: Room, act: Callable[[MessageDesk], object], words: str) -> None:
    """Protects the record from slips: nothing is written, and the text says what is wrong."""
    with pytest.raises(Refused, match=words):
        act(room.desk)
    assert room.box.store.actions() == []


def test_however_much_is_drafted_the_number_that_hangs_is_not_given_out(room: Room) -> None:
    """Protects what is known of the wall: a program that writes drafts all night does not begin its number anew."""
    name = sent(room)
    say(room, 101, name, "displayed")
    numbers = {room.desk.draft_message(NL, WRITER)[0] for _ in range(MOST_NUMBER + 2)}
    assert numbers == set(range(1, MOST_NUMBER + 1)) - {name[0]}
    assert hanging(room).at.displayed_at is not None
