"""What people ask of the link goes on the air: lost heartbeats from one kit, a message to residents to all."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from command_room import Room
from gateway_box import T0, Box
from nspgateway import bulletin
from nspgateway.desk import Desk, Refused
from nspgateway.people import By
from nspkit.bulletins import Bulletins
from nsplink import frame, message, seal, timing
from pure_remote import Flash

OFFICER = By("post-1", "cp_medewerker", "page")
TEXT = "Water is te koken voor gebruik. Kraanwagen bij de kerk, ook ’s avonds. " * 4
GROUP = 64


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A gateway that sends, with two kits that have booted, and a key for all kits at once."""
    room = Room(tmp_path, linked=True, deployment="open")
    room.box.register.issue([GROUP], T0)
    room.restart()
    room.box.boot(100)
    room.box.boot(200, kit=66)
    room.box.run(70)  # greetings to all, and the answers to the boots
    yield room
    room.box.store.close()


def heard(box: Box, frames: list[bytes], epoch: int = 100) -> list[tuple[int, str, dict[str, Any]]]:
    """What kits get of these frames: address, kind and fields; for all kits as everyone reads it."""
    found = []
    for data in frames:
        header, _ = frame.parse(data)
        if header.address == GROUP:
            key = seal.DownlinkKey(box.key(GROUP).key, box.config.gateway_id)
            fields = message.decode(header.kind, key.open(data, header, header.counter, 0))
            found.append((GROUP, header.kind, fields))
        else:
            kind, fields = box.opened(data, epoch if header.address == 65 else 200)
            found.append((header.address, kind, fields))
    return found


def of_kind(box: Box, kind: str, seconds: float = 60) -> list[tuple[int, dict[str, Any]]]:
    return [(address, fields) for address, found, fields in heard(box, box.run(seconds)) if found == kind]


def test_lost_heartbeats_are_asked_for_once(room: Room) -> None:
    """The kit is told below which counter, again until it answers; a second request meanwhile is the first one."""
    desk, box = room.desk, room.box
    first = desk.request_backfill("de-linde", OFFICER)
    assert desk.request_backfill("de-linde", OFFICER) is first
    (asked, *_) = of_kind(box, "command", 5)
    assert asked == (65, {"command": "backfill", "argument": (100).to_bytes(4, "big")})
    assert [a.what for a in box.store.actions()] == ["backfill", "backfill"]
    assert first.state == "waiting"


def test_who_cannot_be_asked_is_said(tmp_path: Path) -> None:
    """A kit that was never heard, a gateway that never sends, a point that is none: nothing is written."""
    room = Room(tmp_path, linked=True)
    with pytest.raises(Refused, match="never heard"):
        room.desk.request_backfill("de-linde", OFFICER)
    with pytest.raises(Refused, match="no point"):
        room.desk.request_backfill("nergens", OFFICER)
    mute = Desk(room.box.ingest.situation, room.box.ingest.recorder, room.box.clock)
    with pytest.raises(Refused, match="does not send"):
        mute.request_backfill("de-linde", OFFICER)
    with pytest.raises(Refused, match="group key"):
        room.desk.send_bulletin(1, 0, TEXT, OFFICER)
    assert room.box.store.actions() == []


def test_a_message_is_released_to_each_kit_and_sent_to_all(room: Room) -> None:
    """Every kit gets the digest under its own key, all of them the fragments, which make up the text."""
    expires_at = T0 + timedelta(hours=6)
    room.desk.send_bulletin(3, 1, TEXT, OFFICER, replaces=2, expires_at=expires_at)
    found = heard(room.box, room.box.run(120))
    releases = {address: fields for address, kind, fields in found if kind == "release"}
    expected = bulletin.release(3, 1, TEXT.encode(), timing.utc_min(int(expires_at.timestamp())), 2)
    assert releases == {65: expected, 66: expected}
    parts = [fields for address, kind, fields in found if kind == "fragment" and address == GROUP]
    assert b"".join(part["data"] for part in parts).decode() == TEXT
    (action,) = room.box.store.actions()
    assert (action.what, action.by, action.note) == ("bulletin", OFFICER, TEXT)


def test_what_a_kit_lacks_is_sent_again_once_for_all(room: Room) -> None:
    """Two kits lack the same fragment: it goes out once more; a receipt of another message asks for nothing."""
    room.desk.send_bulletin(3, 1, TEXT, OFFICER)
    room.box.run(120)
    lacking = {"receipt_stage": "incomplete", "lacking": 0b10}
    room.box.say("receipt", 101, bulletin=3, revision=1, **lacking)
    room.box.say("receipt", 201, kit=66, bulletin=3, revision=1, **lacking)
    room.box.say("receipt", 102, bulletin=9, revision=1, **lacking)
    assert [fields["fragment"] for _, fields in of_kind(room.box, "fragment")] == [1]
    room.box.say("receipt", 103, bulletin=3, revision=1, **lacking)  # and it did not arrive again
    assert [fields["fragment"] for _, fields in of_kind(room.box, "fragment")] == [1]


def test_a_kit_that_was_sent_false_fragments_gets_their_digests(room: Room) -> None:
    """It has everything twice and it does not fit: with a digest for each fragment it finds the wrong one."""
    room.desk.send_bulletin(3, 1, TEXT, OFFICER)
    room.box.run(120)
    assert room.desk.radio is not None
    before = len(room.desk.radio.link.tickets)
    room.box.say("receipt", 101, bulletin=3, revision=1, receipt_stage="mismatch", lacking=0)
    asked = list(room.desk.radio.link.tickets)[before:]
    assert [(t.address, t.kind, t.state) for t in asked] == [(65, "release", "waiting")] * 3
    assert [t.fields["bulletin_bytes"] for t in asked] == [96, 192, 288]


def test_a_message_is_looked_after_across_a_restart(room: Room) -> None:
    """After a power cut each kit is released it again, and what a kit lacks is still at hand; after its end no more."""
    room.desk.send_bulletin(3, 1, TEXT, OFFICER, expires_at=room.box.clock.now() + timedelta(hours=1))
    room.restart()
    room.box.boot(110)
    room.box.boot(210, kit=66)
    frames = room.box.run(120)
    kinds = [(header.address, header.kind) for header, _ in map(frame.parse, frames)]
    assert {(65, "release"), (66, "release")} <= set(kinds)
    room.box.say("receipt", 111, bulletin=3, revision=1, receipt_stage="incomplete", lacking=1)
    assert "fragment" in [frame.parse(data)[0].kind for data in room.box.run(60)]
    room.box.clock.move(3600)
    room.restart()
    assert room.desk.radio is not None
    assert room.desk.radio.link.waiting() == []


@pytest.mark.parametrize("seed", range(3))
def test_a_real_kit_has_the_whole_text_in_the_end(room: Room, seed: int) -> None:
    """Half of all frames to the kit are lost, and a power cut hits the gateway: the kit asks until it shows the text."""
    chance, counter, epoch = Random(seed), 101, 100
    kit = Bulletins(Flash(), chance.randrange, 0)
    room.desk.send_bulletin(3, 1, TEXT, OFFICER)
    for minute in range(120):
        for address, kind, fields in heard(room.box, room.box.run(60), epoch):
            if address == 66 or chance.random() < 0.5:
                continue
            now_ms = int(room.box.clock.passed_s * 1000)
            if kind == "fragment":
                kit.fragment(fields, now_ms)
            elif kind == "release":
                kit.release(fields, now_ms)
        receipt = kit.due(int(room.box.clock.passed_s * 1000))
        if receipt is not None:
            room.box.say("receipt", counter, **receipt)
            counter += 1
        if minute == 2:
            room.restart()
            epoch = counter
            room.box.boot(epoch)
            counter += 1
        if kit.shown() is not None:
            break
    assert kit.shown() == (3, 1, TEXT.encode(), None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "x" * 1537}, "1537 bytes"),
        ({"text": "’" * 513}, "1539 bytes"),
        ({"number": 255}, "0-254"),
        ({"revision": 16}, "0-15"),
        ({"replaces": 3}, "replaces another"),
        ({"text": ""}, "takes another one down"),
        ({"expires_at": T0 - timedelta(seconds=1)}, "in the future"),
        ({"expires_at": T0 + timedelta(days=30)}, "within 22 days"),
    ],
)
def test_a_message_that_cannot_be_sent_is_refused_before_anything_is_written(
    room: Room, changes: dict[str, Any], words: str
) -> None:
    """Who wrote it learns why at once."""
    arguments = {"number": 3, "revision": 1, "text": TEXT, **changes}
    with pytest.raises(Refused, match=words):
        room.desk.send_bulletin(**arguments, by=OFFICER)
    assert room.box.store.actions() == []


def test_taking_down_needs_no_fragments(room: Room) -> None:
    """An empty text that replaces another one is only released."""
    room.desk.send_bulletin(4, 0, "", OFFICER, replaces=3)
    found = [kind for _, kind, _ in heard(room.box, room.box.run(60))]
    assert "release" in found
    assert "fragment" not in found
