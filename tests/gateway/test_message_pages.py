"""The pages of messages to residents: from a text to what hangs at each point, with a second pair of eyes in between."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0
from nspgateway import bulletin, local_time
from nspgateway.desk_link import MOST_DAYS
from nspgateway.people import By
from nspgateway.web.visitor import Visitor
from web_room import WebRoom

NL = "Kook het water.\nDrie minuten."
EN = "Boil the water."


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """A gateway that sends, with two kits that have booted; an officer at the page."""
    room = WebRoom(tmp_path, "cp_medewerker", linked=True, deployment="open")
    room.box.register.issue([64], T0)
    room.restart()
    room.box.boot(100)
    room.box.boot(200, kit=66)
    return room


def as_(room: WebRoom, role: str, who: str = "jansen") -> WebRoom:
    """Let somebody else sit down at the page."""
    room.gate.person = Visitor.of(By(who, role, "page"), f"{who}-{role}", f"csrf-{role}")
    return room


async def test_written_approved_sent_and_seen(room: WebRoom) -> None:
    """Protects the way of a message with the page alone: nobody sends what nobody else read, and each point's word is seen."""
    until = local_time.write(T0 + timedelta(hours=20))
    await room.post("/act/message-draft", nl=NL.replace("\n", "\r\n"), en=EN, valid_until=until)
    page = await room.get("/messages")
    assert "Concept, niet goedgekeurd" in page.text
    assert "/act/message-approve" not in page.body
    await room.post("/act/message-send", key="1/1")
    assert "Dit bericht is nog niet goedgekeurd." in (await room.get("/messages")).text
    as_(room, "cp_coordinator")
    assert "/act/message-approve" in (await room.get("/messages")).body
    as_(room, "communicatie", "bakker")
    await room.post("/act/message-approve", key="1/1")
    as_(room, "cp_medewerker")
    await room.post("/act/message-send", key="1/1")
    page = await room.get("/messages")
    assert "Hangt op 0 van de 2 punten." in page.text
    assert "nog niet ontvangen" in page.text
    room.box.say("receipt", 101, bulletin=1, revision=1, receipt_stage="received", lacking=0)
    room.box.say("receipt", 102, bulletin=1, revision=1, receipt_stage="displayed", lacking=0)
    await room.post("/act/message-told", key="de-ark/1/1/displayed")
    page = await room.get("/messages")
    assert "Hangt op 2 van de 2 punten." in page.text
    assert "met de hand ingevoerd" in page.text
    assert "Goedgekeurd 18:00 door bakker" in page.text
    found = room.box.ingest.situation.course.messages.find(1, 1)
    assert found is not None
    assert found.nl == NL


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"nl": "x" * 1000, "en": "y" * 1000}, f"hoogstens {bulletin.MAX_BYTES} tekens"),
        ({"nl": NL, "valid_until": "2001-01-01T00:00"}, f"eindigt na nu, en binnen {MOST_DAYS} dagen"),
    ],
)
async def test_a_message_that_cannot_be_says_which_bound_it_breaks(
    room: WebRoom, typed: dict[str, str], said: str
) -> None:
    """Protects a text pasted from elsewhere: no field cuts it off unseen, and what was typed stays to be shortened."""
    form = await room.get("/messages/new")
    assert "maxlength" not in form.body.split("<textarea", 1)[1]
    await room.post("/act/message-draft", back="/messages/new", **typed)
    page = await room.get("/messages/new")
    assert said in page.text
    assert typed["nl"] in page.body
    assert not room.box.ingest.situation.course.messages.versions


async def test_who_wrote_it_does_not_approve_it(room: WebRoom) -> None:
    """Protects residents from one tired person: a second one reads each text, or the record says that nobody was there."""
    as_(room, "communicatie")
    await room.post("/act/message-draft", nl=NL)
    await room.post("/act/message-approve", key="1/1")
    assert "Laat iemand anders het lezen." in (await room.get("/messages")).text
    await room.post("/act/message-approve-alone", key="1/1")
    found = room.box.ingest.situation.course.messages.find(1, 1)
    assert found is not None
    assert found.approved_alone


async def test_drafts_are_for_those_who_work_on_them(room: WebRoom) -> None:
    """Protects against a rumour: a wall screen and a viewer see what was sent, nothing else."""
    await room.post("/act/message-draft", nl="Nog geheim")
    for role in ("scherm", "gemeente", "meekijker"):
        page = await as_(room, role).get("/messages")
        assert (page.status, "Nog geheim" in page.text) == (200, False)
        assert (await room.get("/messages/new")).status == 403


async def test_a_sheet_is_dutch_around_the_text_and_only_of_what_was_sent(room: WebRoom) -> None:
    """Protects the wall: number, version and end stand on the paper in Dutch, and a draft cannot be printed."""
    desk, until = room.room.desk, T0 + timedelta(hours=20)
    name = desk.draft_message(NL, By("a", "communicatie", "page"), en=EN, valid_until=until)
    assert (await room.get("/messages/1/1/a4")).status == 404
    desk.approve_message(*name, By("b", "communicatie", "page"))
    desk.send_message(*name, By("b", "communicatie", "page"))
    for path, copies in (("/messages/1/1/a4?lang=en", 1), ("/messages/1/1/handout", 2)):
        page = await room.get(path)
        assert page.body.count('class="poster"') == copies
        assert "Bericht 1, versie 1 · 15 januari 2027 18:00 · Geldig tot 16 januari 2027 14:00" in page.text
        assert EN in page.text


@pytest.mark.parametrize(
    ("text", "kits", "mark"),
    [
        (NL, (), ""),
        (NL, (65,), "GEEN OEFENING"),
        (NL, (65, 66), "OEFENING"),
        (f"Oefening. {NL}", (65,), "OEFENING"),
    ],
)
async def test_a_real_message_is_never_handed_out_as_an_exercise(
    room: WebRoom, text: str, kits: tuple[int, ...], mark: str
) -> None:
    """Protects residents who read "boil the water" while one other point exercises: it went to all, so it is real."""
    desk = room.room.desk
    name = desk.draft_message(text, By("a", "communicatie", "page"))
    desk.approve_message(*name, By("b", "communicatie", "page"))
    desk.send_message(*name, By("b", "communicatie", "page"))
    for kit in kits:
        room.box.vital(300, kit=kit, exercise=True)
    page = await room.get("/messages/1/1/a4")
    found = page.body.partition('class="poster-exercise">')[2].partition("<")[0]
    assert found == mark


async def test_a_new_version_begins_with_the_old_text(room: WebRoom) -> None:
    """Protects against typing anew: the form of a new version holds the newest text, and a refusal keeps what was typed."""
    await room.post("/act/message-draft", nl=NL)
    assert "Drie minuten." in (await room.get("/messages/new?number=1")).text
    await room.post("/act/message-draft", nl="x" * 1537, number="1", back="/messages/new?number=1")
    page = await room.get("/messages/new?number=1")
    assert "Deze tekst is te lang." in page.text
    assert "x" * 1537 in page.body


@pytest.mark.parametrize("key", ["", "1", "1/x", "9/1", "256/1/1/displayed", "de-linde/1/1/burnt"])
async def test_a_button_of_a_page_that_was_open_too_long_does_nothing(room: WebRoom, key: str) -> None:
    """Protects the record: what a button names and is not there is refused in words."""
    for act in ("message-send", "message-told"):
        answer = await room.post(f"/act/{act}", key=key)
        assert answer.status in (303, 404)
    assert room.box.store.actions() == []
