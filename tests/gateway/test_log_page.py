"""The log says who did what, when and where: in words, newest first, by point and by kind, a page at a time."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_box import T0
from nspgateway import audit_lines, region
from nspgateway.audit_lines import Names
from nspgateway.audit_words import ACTS, GROUPS, TEXT_OF
from nspgateway.i18n import load_languages
from nspgateway.people import Action, By
from nspgateway.records import Changes
from nspgateway.web import log_page
from web_room import WebRoom

PACKAGE = Path(audit_lines.__file__).parent
# Which argument names the act.
PLACES = {"_enter": 0, "Action": 2}
BY = By("jansen", "cp_medewerker", "page")
NL = load_languages()["nl"]


def write(room: WebRoom, *actions: Action) -> None:
    room.box.store.commit(Changes(at=T0, actions=actions))


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """A gateway at which one alarm was seen and fuel was entered."""
    room = WebRoom(tmp_path, deployment="open")
    room.box.vital(1, alarms=1 << 2)
    room.room.desk.acknowledge("de-linde", "power_lost", BY)
    room.room.desk.enter_fuel("de-ark", "dip", 12.5, BY)
    return room


async def test_a_line_says_all_that_was_written_down(room: WebRoom) -> None:
    """Who asks afterwards finds the act, its figures in the reader's form, the person, the role and the way."""
    text = (await room.get("/log")).text
    assert "Brandstof met de hand ingevoerd soort: peiling liter: 12,5" in text
    assert "18:00:00" in text
    assert "vr 15 jan 2027" in text
    assert "jansen Medewerker op de pagina" in text
    assert text.index("Brandstof met de hand ingevoerd") < text.index("Alarm: Geen stroom")
    english = (await room.get("/log?lang=en")).text
    assert "kind: dip reading litres: 12.5" in english


async def test_filter_by_point_and_kind(room: WebRoom) -> None:
    """One point's story can be read without the others', and one kind of act without the rest."""
    assert "Alarm gezien" not in (await room.get("/log?point=de-ark")).text
    assert "Brandstof met" not in (await room.get("/log?kind=alarms")).text
    assert "Hiervan is niets opgeschreven." in (await room.get("/log?point=de-ark&kind=alarms")).text
    assert "Alarm gezien" in (await room.get("/log?kind=no-such-kind")).text


async def test_pages_lead_to_the_oldest_line(room: WebRoom) -> None:
    """However long the log, every line is on a page, once."""
    write(room, *(Action(T0, BY, "comment", "de-linde", note=f"no. {n}") for n in range(2 * log_page.LINES)))
    seen: list[str] = []
    path = "/log?point=de-linde"
    while path:
        body = (await room.get(path)).body
        seen += [part.split('"')[0] for part in body.split('data-line="')[1:]]
        rest = body.partition('class="turn"')[2].partition("</p>")[0]
        links = [one.split('"')[0].replace("&amp;", "&") for one in rest.split('href="')[1:]]
        path = next((one for one in links if "before" in one), "")
    assert len(seen) == len(set(seen)) == 2 * log_page.LINES + 1
    assert seen == sorted(seen, key=int, reverse=True)


@pytest.mark.parametrize("before", ["-1", "x", "9" * 30, "٣", ""])
async def test_a_strange_page_number_is_the_newest_page(room: WebRoom, before: str) -> None:
    """An address that somebody changed by hand gives a page, no error."""
    answer = await room.get(f"/log?before={before.encode().decode('latin-1')}")
    assert answer.status == 200
    assert "Alarm gezien" in answer.text


async def test_one_municipality_sees_its_own_points_only(tmp_path: Path) -> None:
    """A login of one municipality reads nothing of another's points, nor of our own box."""
    room = WebRoom(tmp_path, municipality="Elders", deployment="open")
    room.room.desk.enter_fuel("de-ark", "dip", 12.5, BY)
    write(room, Action(T0, BY, "login"))
    for path in ("/log", "/log?point=de-ark", "/log?point="):
        assert "Hiervan is niets opgeschreven." in (await room.get(path)).text


@pytest.mark.parametrize("role", ["scherm", "meekijker"])
async def test_the_log_is_for_those_who_may(tmp_path: Path, role: str) -> None:
    """Names of people stand in it: a wall screen or somebody who only looks on does not get it."""
    assert (await WebRoom(tmp_path, role).get("/log")).status == 403


def test_an_act_without_words_is_not_left_out() -> None:
    """What a later version wrote down is shown as it is; nothing disappears from a log."""
    odd = Action(
        T0, By("x", "some_role", "mqtt:desk"), "tele_port", "gone", "odd_alarm", {"strange": "x", "n": None}
    )
    line = audit_lines.line(NL, odd, Names({}))
    assert (line.what, line.point, line.alarm, line.role) == ("tele_port", "gone", "odd_alarm", "some_role")
    assert line.details == ("strange: x",)


def test_what_an_act_says_is_in_words_of_its_own() -> None:
    """The same word means one thing of a call that was passed on and another of one that was closed."""
    names = Names.of(NL, region.packaged(), {})

    def details(what: str, **detail: int | str) -> tuple[str, ...]:
        return audit_lines.line(NL, Action(T0, BY, what, detail=detail), names).details

    assert details("call_passed_on", word="other") == ("ingevoerd: iemand anders",)
    assert details("call_closed", word="other") == ("ingevoerd: Een andere reden",)
    assert details("decision", decider="rot") == ("besloten door: leider ROT",)
    assert details("deliver", plan=1234) == ("plan nr.: 1234",)


def test_every_act_has_words() -> None:
    """Whatever is written into the audit trail by its name in the code, the log has a sentence for it."""
    found = {act for path in sorted(PACKAGE.rglob("*.py")) for act in acts_of(path.read_text())}
    assert {"acknowledge", "plan_delivery", "take_shift"} <= found
    assert found - set(TEXT_OF) == set()


def acts_of(source: str) -> Iterator[str]:
    """The acts that a module enters by a name of its own."""
    if not any(f"{name}(" in source for name in PLACES):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for argument in node.args[PLACES[called] :][:1] if called in PLACES else ():
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def test_every_group_has_its_acts() -> None:
    """The filter offers no group that is empty for ever, and no act stands in two."""
    assert list(ACTS) == list(GROUPS)
    every = [what for acts in ACTS.values() for what in acts]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("alarm", "title"), [("generator_failed", "Aggregaat"), ("power_lost", "Geen stroom"), ("", "")]
)
def test_a_title_without_its_values(alarm: str, title: str) -> None:
    """The log does not know the figures of a past alarm, and makes none up."""
    assert audit_lines.alarm_title(NL, alarm) == title
