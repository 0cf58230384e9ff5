"""docs/asyncapi.json: current, whole, and what every message and command really looks like."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from msgspec import json as msgspec_json

from busy_box import BusyBox
from nspgateway import asyncapi
from nspgateway.asyncapi import CHANNELS, Channel
from nspgateway.command_payloads import COMMANDS
from nsptools import cli

PAGE = Path(__file__).parents[2] / "docs" / "asyncapi.json"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyBox]:
    """A gateway that has said everything."""
    busy = BusyBox(tmp_path_factory.mktemp("busy"))
    yield busy
    busy.box.store.close()


def channel(topic: str) -> Channel:
    """Return the one channel that a topic belongs to."""
    (found,) = [one for one in CHANNELS if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.address), topic)]
    return found


@cache
def validator(name: str) -> Draft202012Validator:
    """Return what checks a payload strictly: a field that the document does not know is a fault."""
    document = copy.deepcopy(json.loads(PAGE.read_text()))
    for schema in document["components"]["schemas"].values():
        schema["additionalProperties"] = False
    document["$ref"] = f"#/components/messages/{name}/payload"
    return Draft202012Validator(document, format_checker=FormatChecker())


def faults(name: str, payload: Any) -> list[str]:
    return [f"{name} {error.json_path}: {error.message}" for error in validator(name).iter_errors(payload)]


def test_document_is_current() -> None:
    """What is in the repository is what the code says and reads."""
    assert json.loads(PAGE.read_text()) == asyncapi.document(), "run: nsp docs"


def test_every_message_is_as_the_document_says(busy: BusyBox) -> None:
    """Of each kind at least one, on its topic, retained and expiring as promised, with no field too many."""
    said = [*busy.outbox(), *busy.statuses(), *busy.replies]
    found = [fault for m in said for fault in faults(channel(m.topic).name, json.loads(m.payload))]
    assert found == []
    assert all(m.retain == channel(m.topic).retain for m in said)
    assert all((m.expiry_s is not None) == bool(channel(m.topic).expiry) for m in said)
    assert {channel(m.topic).name for m in said} == {one.name for one in CHANNELS if not one.receive}


def test_every_command_that_is_done_is_as_the_document_says(busy: BusyBox) -> None:
    """What the document allows is understood, and what is malformed is so by the document too."""
    for (what, body), reply in zip(busy.commands, busy.replies, strict=True):
        word = json.loads(reply.payload)["word"]
        if what in COMMANDS:
            assert bool(faults(f"command_{what}", body)) is (word == "malformed"), what


@pytest.mark.parametrize("what", COMMANDS)
def test_a_command_that_the_document_allows_is_read(what: str) -> None:
    """The smallest command of each kind; and without any of its fields it is refused by both."""
    schema = asyncapi.schemas()[COMMANDS[what].payload.__name__]
    least = {name: sample(schema["properties"][name]) for name in schema["required"]}
    assert faults(f"command_{what}", least) == []
    assert msgspec_json.decode(json.dumps(least), type=COMMANDS[what].payload)
    for name in least:
        assert faults(f"command_{what}", {k: v for k, v in least.items() if k != name})


def sample(schema: dict[str, Any]) -> Any:
    """Return a value that a schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2027-01-15T17:00:00Z"
    return "x" if schema["type"] == "string" else schema.get("minimum", 1)


def test_a_wrong_message_is_caught(busy: BusyBox) -> None:
    """The check does not nod: each of these differs from what was said in one thing."""
    (state, *_) = [json.loads(m.payload) for m in busy.outbox() if m.kind == "state"]
    assert faults("state", state) == []
    wrong: list[dict[str, Any]] = [
        {**state, "extra": 1},
        {**state, "valid_until": 7},
        {**state, "kit": "65"},
        {**state, "values": {"load_w": {"value": 1, "quality": "fine", "at": None, "age_s": None}}},
        {name: value for name, value in state.items() if name != "valid_until"},
    ]
    assert all(faults("state", one) for one in wrong)


def test_every_reference_leads_somewhere_and_every_field_has_its_class() -> None:
    """Whoever generates a client from it meets no hole; who stores it knows what is personal."""
    document = asyncapi.document()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        node = document
        for part in reference.split("/"):
            node = node[part]
        assert node
    personal = {
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field, part in schema["properties"].items()
        if part["x-privacy"] not in {"technical", "operational"}
    }
    assert personal == {
        *(("Shelve", "note"), ("SetDeployment", "note")),
        *(("Bulletin", "nl"), ("Bulletin", "en")),
    }


def test_what_is_retained_and_what_makes_it_once_is_named() -> None:
    """Retained: state, alarms, refuel list and the status, which is the last will; everything says what makes two of it one."""
    operations = asyncapi.document()["operations"]
    retained = {name for name, one in operations.items() if one["bindings"]["mqtt"]["retain"]}
    assert retained == {"send_state", "send_alarm", "send_refuel", "send_status"}
    assert all(one["bindings"]["mqtt"]["qos"] == 1 for one in operations.values())
    assert all(m["x-idempotence-key"] for m in asyncapi.document()["components"]["messages"].values())


def test_idempotence_keys_tell_messages_apart(busy: BusyBox) -> None:
    """Two messages that differ never share what the document calls their key."""
    seen: dict[tuple[object, ...], bytes] = {}
    for m in busy.outbox():
        one, body = channel(m.topic), json.loads(m.payload)
        key = (one.name, m.topic, *(body[name] for name in one.key.split(", ")))
        assert seen.setdefault(key, m.payload) == m.payload


def test_command_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`nsp docs` leaves the document beside the page."""
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    assert cli.main(["docs", str(page)]) == 0
    assert json.loads((tmp_path / "asyncapi.json").read_text()) == asyncapi.document()
    assert "asyncapi.json: state" in capsys.readouterr().out
