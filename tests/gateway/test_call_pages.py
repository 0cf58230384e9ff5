"""Calls for help on the pages: at the top of every one, read and passed on with the page alone, words only for who may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from call_room import OFFICER, CallRoom
from nsplink import calltext
from web_room import WebRoom

NAME = "65-1-3-1"
PATH = f"/call/{NAME}"


class Pages(WebRoom):
    """The pages of a gateway at which kits call."""

    def __init__(self, folder: Path, role: str = "cp_medewerker", municipality: str = "") -> None:
        super().__init__(folder, role, municipality, CallRoom, deployment="open")

    @property
    def calls(self) -> CallRoom:
        assert isinstance(self.room, CallRoom)
        return self.room


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    """A gateway at which one call is open and one alarm."""
    pages = Pages(tmp_path)
    pages.calls.vital(65, 1 << 2)
    pages.calls.press()
    return pages


async def test_a_new_officer_reads_a_call_and_passes_it_on(pages: Pages) -> None:
    """Each page says the next thing to do; every step stands there afterwards with who did it."""
    front = await pages.get("/")
    assert "Open de melding en druk op GELEZEN." in front.text
    assert f'href="{PATH}"' in front.body
    page = await pages.get(PATH)
    assert "Niet gelezen" in page.text
    answer = await pages.post("/act/call-read", call=NAME, back=PATH)
    assert answer.headers["location"] == PATH
    page = await pages.get(PATH)
    assert "Geef de melding door aan de meldkamer." in page.text
    assert "GELEZEN" not in page.text
    await pages.post("/act/call-pass-on", call=NAME, back=PATH, whom="control_room", taken_by="centralist 12")
    page = await pages.get(PATH)
    assert "Doorgegeven aan de meldkamer aangenomen door centralist 12" in page.text
    assert "Meld aan het punt wat er gebeurt." in page.text
    await pages.post("/act/call-answer", call=NAME, back=PATH, answer="help_comes", text="over 10 min")
    assert "Sluit hem af zodra het punt geholpen is." in (await pages.get(PATH)).text
    await pages.post("/act/call-close", call=NAME, back=PATH, reason="helped")
    page = await pages.get(PATH)
    assert "Afgesloten: Het punt is geholpen" in page.text
    assert "Medewerker, jansen" in page.text
    assert "data-call=" not in (await pages.get("/")).body
    assert f'data-ended="{NAME}"' in (await pages.get("/calls")).body


@pytest.mark.parametrize("path", ["/", "/calls", PATH, "/log", "/point/de-linde", "/situation"])
async def test_open_calls_stand_over_everything_on_every_page(pages: Pages, path: str) -> None:
    """Wherever somebody looks, an open call stands before any alarm, bar or point, each by itself."""
    pages.calls.press(2)
    body = (await pages.get(path)).body
    main = body[body.index("<main") :]
    assert main.count('data-call="') == 2
    others = ("data-alarm=", "data-point=", "alert-bar", "<table")
    assert all(main.index('data-call="') < main.index(other) for other in others if other in main)


async def test_the_points_page_tells_of_a_call_that_waited_too_long(pages: Pages) -> None:
    """Protects the point's page from what is no alarm of the rules: it stands in the history, and so does its end."""
    pages.calls.wait(70)
    assert "Niemand heeft deze noodhulpmelding gelezen" in (await pages.get("/point/de-linde")).text
    pages.calls.desk.read_call(NAME, OFFICER)
    pages.calls.wait(2)
    assert (await pages.get("/point/de-linde")).status == 200


async def test_what_was_typed_is_for_who_handles_calls(pages: Pages) -> None:
    """Where it is and what happened stand on the call's own page; others see that there is a call, and no link."""
    tail = calltext.split(calltext.packed({"place": "zolder 3", "what": "val van <b>trap</b>"}), 0)[0]
    pages.calls.press(mark="details", text=tail)
    page = await pages.get(PATH)
    assert "zolder 3" in page.text
    assert "val van &lt;b&gt;trap" in page.body
    for path in ("/", "/calls"):
        assert "zolder" not in (await pages.get(path)).text


async def test_what_the_point_no_longer_says_stays_readable(pages: Pages) -> None:
    """Protects what was typed first: a kit that lost its power sends the new words alone, and the old ones were true."""
    typed = (
        {"place": "zolder 3", "what": "man valt"},
        {"what": "man valt om"},
        {"what": "man valt", "danger": "gas"},
    )
    for edition, values in enumerate(typed):
        tail = calltext.split(calltext.packed(values), edition)[0]
        pages.calls.press(mark="details", text=tail)
    body = (await pages.get(PATH)).body
    facts = body[body.index("<dl") : body.index("</dl>")]
    shown = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", facts)
    assert shown == [
        ("Plaats", "bij het punt"),
        ("Wat gebeurde er", "man valt"),
        ("Gevaar", "gas"),
        ("Waar, eerder getypt", "zolder 3"),
        ("Wat gebeurde er, eerder getypt", "man valt om"),
    ]


@pytest.mark.parametrize("role", ["scherm", "cp_logistiek", "communicatie", "archief"])
async def test_who_has_not_the_right_sees_that_there_is_a_call_and_no_more(tmp_path: Path, role: str) -> None:
    """A wall screen shows the call; its record opens for nobody without the right, and nothing can be done there."""
    pages = Pages(tmp_path, role)
    pages.calls.press()
    front = await pages.get("/")
    assert f'data-call="{NAME}"' in front.body
    assert PATH not in front.body
    for path in (PATH, f"/events{PATH}"):
        assert (await pages.get(path)).status == 403
    assert (await pages.post("/act/call-read", call=NAME)).status == 403
    assert (await pages.post("/act/status112", word="off")).status == 403
    assert 'formaction="/act/status112"' not in (await pages.get("/calls")).body


async def test_a_visitor_of_a_municipality_sees_its_own_calls(tmp_path: Path) -> None:
    """What is of another municipality is not there, on no page and for no act."""
    pages = Pages(tmp_path, "cp_medewerker", "Elders")
    pages.calls.press()
    assert "data-call=" not in (await pages.get("/")).body
    for path in (PATH, f"/events{PATH}"):
        assert (await pages.get(path)).status == 404
    assert (await pages.post("/act/call-read", call=NAME)).status == 404
    assert (await pages.post("/act/call-enter", point="de-linde", kind="police")).status == 404


async def test_what_was_forgotten_is_said_and_nothing_has_to_be_typed_again(pages: Pages) -> None:
    """A form that lacks something comes back as it was filled in."""
    await pages.post("/act/call-pass-on", call=NAME, back=PATH, whom="police", taken_by="", at="14:05")
    page = await pages.get(PATH)
    assert 'data-said="refused"' in page.body
    assert 'value="14:05"' in page.body
    assert 'value="police" required checked' in page.body
    await pages.post("/act/call-answer", call=NAME, back=PATH, answer="help_comes", text="é" * 40)
    assert "past niet op de kit: hoogstens 60 letters" in (await pages.get(PATH)).text
    assert (await pages.get("/call/65-1-3-9")).status == 404


async def test_what_the_point_adds_behind_an_open_page_is_not_taken_for_read(pages: Pages) -> None:
    """Protects words that nobody saw: a button of an older page notes nothing, and what was typed there stands ready again."""
    await pages.post("/act/call-read", call=NAME, back=PATH)
    shown = re.findall(r'name="news" value="(\d+)"', (await pages.get(PATH)).body)[0]
    pages.calls.press(mark="details", text=b"\x00wbrand")
    more = {"whom": "control_room", "taken_by": "centralist 12", "reason": "mistake", "news": shown}
    for act in ("read", "pass-on", "back", "close"):
        await pages.post(f"/act/call-{act}", call=NAME, back=PATH, **more)
        page = await pages.get(PATH)
        assert "Het punt heeft intussen iets toegevoegd. Niets is genoteerd." in page.text
        assert pages.calls.call().is_unseen
    await pages.post("/act/call-pass-on", call=NAME, back=PATH, **more)
    page = await pages.get(PATH)
    assert 'value="centralist 12"' in page.body
    now = re.findall(r'name="news" value="(\d+)"', page.body)[0]
    await pages.post("/act/call-read", call=NAME, back=PATH, news=now)
    assert not pages.calls.call().is_unseen


async def test_a_silent_call_says_what_must_not_be_done(tmp_path: Path) -> None:
    """Protects a team that is threatened: nobody who reads the page calls the point aloud."""
    pages = Pages(tmp_path)
    pages.calls.press(kind="security")
    assert "het team is daar niet veilig" in (await pages.get("/")).text
    await pages.post("/act/call-read", call=NAME)
    page = await pages.get(PATH)
    assert "Roep het punt niet op over een luidspreker." in page.text
    assert "de kit van het punt toont er niets van" in page.text


async def test_112_is_set_on_the_page_and_the_page_says_what_it_means(pages: Pages) -> None:
    """Who sets it sees what volunteers now read, and which kits have it."""
    text = (await pages.get("/calls")).text
    assert "Niemand heeft nog iets over 112 gezegd" in text
    assert "112 werkt.<" not in text
    await pages.post("/act/status112", word="doubtful", back="/calls")
    page = await pages.get("/calls")
    assert "112 is onzeker" in page.text
    assert "houd anders HULP 3 seconden in" in page.text
    assert 'value="doubtful" aria-pressed="true"' in page.body
    await pages.post("/act/status112", word="perhaps", back="/calls")
    assert "Kies een van de mogelijkheden" in (await pages.get("/calls")).text


async def test_a_call_by_voice_is_entered_on_a_page(pages: Pages) -> None:
    """It leads to its own page, where it has to be read as any other."""
    answer = await pages.post(
        "/act/call-enter", point="de-ark", kind="fire_brigade", text="rook", place="school", at=""
    )
    assert answer.headers["location"] == "/call/hand-1"
    page = await pages.get("/call/hand-1")
    assert "Met de hand ingevoerd" in page.text
    assert "school" in page.text
    assert "rook" in page.text
    assert 'data-call="hand-1"' in page.body
