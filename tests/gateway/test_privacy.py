"""No output holds what a person typed or who it was; every field has a class that says where it may go."""

import asyncio
import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec import structs

from busy_box import MARKERS, BusyBox
from nspgateway import (
    calls,
    command_payloads,
    entries,
    kit_words,
    notify,
    payloads,
    people,
    privacy,
    records,
    refuel_csv,
    situation_text,
    view,
)
from nspgateway.access import accounts, attempts, changes, emergency, sessions, wall
from nspgateway.i18n import load_languages
from nspgateway.messages import OutboxMessage
from nspgateway.people import By
from nspgateway.situation_text import Known
from nspgateway.web import Screens, create_app, pages
from nspgateway.web.office import Works
from nspgateway.web.visitor import Ask, Visitor
from nsplink import fields
from web_room import around


def situation(busy: BusyBox) -> str:
    """The text for the region's own system."""
    ingest = busy.box.ingest
    stood = ingest.situation.standings
    known = Known(
        "Regio",
        ingest.situation.region,
        calls=situation_text.call_totals(ingest.situation.calls.values(), ingest.overview()),
        reports={slug: standing.reports for slug, standing in stood.items()},
    )
    return situation_text.text(load_languages()["nl"], ingest.overview(), known)


# Every way out of the gateway, and how to read all of it. A new output is one line here.
OUTPUTS: dict[str, Callable[[BusyBox], str]] = {
    "mqtt": lambda busy: everything(busy.outbox()),
    "mqtt status": lambda busy: everything(busy.statuses()),
    "mqtt replies": lambda busy: everything(busy.replies),
    "notices": lambda busy: repr(busy.notices),
    "log": lambda busy: repr(busy.log),
    "page nl": lambda busy: page(busy, "nl"),
    "page en": lambda busy: page(busy, "en"),
    "calls on a page": lambda busy: page(busy, "nl", "/calls"),
    "situation text": situation,
    "refuel file": lambda busy: refuel_csv.to_csv(busy.box.ingest.refuel_list()).decode(),
    "overview": lambda busy: json.dumps(msgspec.to_builtins(busy.box.ingest.overview())),
    "health": lambda busy: repr(busy.box.ingest.health()),
    "records in a log": lambda busy: repr(busy.box.store.kit_events("de-linde")),
}


def everything(said: list[OutboxMessage]) -> str:
    return "\n".join(f"{m.topic} {m.payload.decode()}" for m in said)


def page(busy: BusyBox, code: str, path: str = "/") -> str:
    """A page as a wall screen sees it."""
    box = busy.box
    works = Works(box.ingest, busy.room.desk, box.store, box.config, box.clock, lambda: around(box))
    shown: Screens = create_app(box.ingest, banner=None, works=works).state.screens
    screen = Visitor.of(By("wall", "scherm", "page"), "wall", "token")
    asked = next(one for one in pages.PAGES if one.path == path)
    ask = Ask(screen, shown.languages[code], box.ingest.overview())
    return asyncio.run(shown.page(asked, ask, path))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyBox]:
    """A gateway that has seen everything."""
    busy = BusyBox(tmp_path_factory.mktemp("busy"))
    yield busy
    busy.box.store.close()


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_output_holds_what_a_person_typed_or_who_it_was(busy: BusyBox, output: str) -> None:
    """Each marker stands for a free text or a name; none of them may come out here."""
    said = OUTPUTS[output](busy)
    assert len(said) > 10
    allowed = {"strange_field"} if output == "mqtt replies" else set()
    assert {name for name, marker in MARKERS.items() if marker in said} <= allowed


def test_the_markers_did_get_in(busy: BusyBox) -> None:
    """What must not come out is there: in the database, where a logged-in person may read it."""
    kept = json.dumps([event.text for event in busy.box.store.kit_events("de-linde")])
    kept += json.dumps([[a.note, a.by.who] for a in busy.box.store.actions()])
    steps = (step for call in busy.box.store.calls().values() for step in call.steps)
    kept += json.dumps([[step.name, step.text, step.tail.decode()] for step in steps])
    kept += json.dumps([version.nl for version in busy.box.ingest.situation.course.messages.versions])
    missing = {name for name, marker in MARKERS.items() if marker not in kept}
    assert missing == {"strange_field", "strange_word"}  # refused whole, so kept nowhere


def test_the_hour_was_busy(busy: BusyBox) -> None:
    """Every kind of message was there to be walked, refusals and late telemetry among them."""
    kinds = {m.kind for m in busy.outbox()}
    assert kinds == {"state", "telemetry", "alarm", "help", "refuel", "stats"}
    assert any(b'"late":true' in m.payload for m in busy.outbox())
    words = {json.loads(m.payload)["word"] for m in busy.replies}
    assert words == {"done", "no_right", "malformed", "no_command", "draft", "no_delivery"}
    assert busy.notices


def test_a_call_for_help_is_said_without_a_word_of_what_was_typed(busy: BusyBox) -> None:
    """One message for each mark and each act, under the call's own id, also for a call that has no name of its own."""
    said = [json.loads(m.payload) for m in busy.outbox() if m.kind == "help"]
    assert [(m["id"], m["mark"], m["kind"], m["stage"]) for m in said[:4]] == [
        ("65-1-1-7", "made", "ambulance", "stored"),
        ("65-1-1-7", "details", "ambulance", "stored"),
        ("65-1-1-7", "withdrawn", "ambulance", "stored"),
        ("65-1-x-108", "made", None, "stored"),
    ]
    assert [(m["id"], m["stage"]) for m in said[4:]] == [
        ("65-1-1-7", "read"),
        ("65-1-1-7", "passed_on"),
        ("65-1-1-7", "answered"),
        ("65-1-1-7", "answered"),
        ("65-1-1-7", "answered"),
        ("65-1-x-108", "closed"),
        ("hand-1", "stored"),
    ]
    assert len({m["key"] for m in said}) == len(said)


@cache
def all_records() -> dict[str, set[str]]:
    """Return the names of the fields of every record there is, by the record's name."""
    found: dict[str, set[str]] = {}
    kept = (accounts, attempts, changes, emergency, sessions, wall)
    said = (payloads, command_payloads, records, people, calls, entries, kit_words, notify, view)
    for module in (*said, *kept):
        for name, kind in owned(module):
            found[name] = found.get(name, set()) | field_names(kind)
    return {name: names for name, names in found.items() if names}


def owned(module: ModuleType) -> list[tuple[str, type]]:
    return [
        (name, kind)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and not name.startswith("_")
    ]


def field_names(kind: Any) -> set[str]:
    if dataclasses.is_dataclass(kind):
        return {field.name for field in dataclasses.fields(kind)} - _NO_DATA.get(kind.__name__, set())
    return {f.name for f in structs.fields(kind)} if issubclass(kind, msgspec.Struct) else set()


# How a command is described, no field of anything that is kept or said.
_NO_DATA = {"Kind": {"right", "payload", "act", "word"}}


def test_every_field_has_a_class() -> None:
    """Whoever adds a field says what it is; whoever takes one away takes its line away."""
    assert privacy.records() == frozenset(all_records())
    assert {name: set(privacy.of(name)) for name in all_records()} == all_records()


def test_every_field_on_air_has_a_class() -> None:
    """The fields of the wire and the bytes behind them, all of them and no other."""
    tails = {name for name, _ in fields.TAILS.values()}
    assert set(privacy.on_air()) == {row[1] for row in fields.FIELDS} | tails
    assert privacy.on_air()["text"] == "special"


def test_what_is_said_has_no_room_for_personal_data() -> None:
    """Every message, reply and notice consists of technical and operational fields."""
    said = {name for name, _ in owned(payloads)} | {"Notice", "Overview", "Point", "Alarm"}
    inside = {
        (name, field) for name in said & privacy.records() for field, kind in privacy.of(name).items()
        if kind not in privacy.OUTWARD
    }  # fmt: skip
    assert inside == set()


@pytest.mark.parametrize("kind", [records.KitEvent, people.Action, people.CallAct, calls.Step])
def test_a_record_does_not_show_its_words_in_a_log(kind: Any) -> None:
    """What was typed is left out of how a record prints itself."""
    words = {
        f.name
        for f in dataclasses.fields(kind)
        if privacy.of(kind.__name__)[f.name] in {"personal", "special"}
    }
    hidden = {f.name for f in dataclasses.fields(kind) if not f.repr}
    assert words - hidden <= {"by"}


def test_the_database_folder_is_for_its_owner_alone(busy: BusyBox) -> None:
    """The one place where the words are is closed to other accounts of the machine."""
    files = list(Path(busy.box.folder).glob("nsp.db*"))
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_the_register_for_the_data_protection_officer_names_every_field_of_a_person() -> None:
    """Protects docs/avg.md: a field that says something of somebody stands in it, and none stands there that is gone."""
    text = (Path(__file__).parents[2] / "docs" / "avg.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Za-z]+\.[a-z_0-9]+)`", text))
    kept = {
        f"{record}.{name}"
        for record in privacy.records()
        for name, kind in privacy.of(record).items()
        if kind in ("personal", "special")
    }
    assert named == kept
