"""Commands of clients: who may do what, done once however often they come, and a clear no to all else."""

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from structlog.testing import capture_logs

from command_room import Room
from gateway_box import T0
from nspgateway import people_store
from nspgateway.bulletin_sender import MEMORY
from nspgateway.command_payloads import COMMANDS, MOST_BYTES
from nspgateway.commands import BURST, PER_S, REFUSAL_EVERY
from nspgateway.config_parts import Right
from nspgateway.desk import Desk
from nspgateway.desk_base import Refused
from nspgateway.people import By, Deployment, PlannedStop
from nspgateway.replies import replies

SEEN = {"point": "de-linde", "alarm": "power_lost"}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A gateway with a client that may do everything, and one that may only see alarms."""
    room = Room(tmp_path)
    yield room
    room.box.store.close()


def test_a_command_is_done_in_the_clients_name(room: Room) -> None:
    """Who, in which role and from where is in the audit trail; the reply has the command's id."""
    room.box.vital(1, alarms=1 << 2)
    reply = room.ask("acknowledge", SEEN, "a-1")
    assert (reply["id"], reply["ok"], reply["word"]) == ("a-1", True, "done")
    assert reply["text"] == {"nl": "Gedaan.", "en": "Done."}
    (action,) = room.box.store.actions()
    assert (action.what, action.by) == ("acknowledge", By("desk", "cp_medewerker", "mqtt:desk"))
    assert (reply["region"], reply["cp"], reply["demo"]) == ("regio-oost", "kazerne-oost", None)


def test_the_same_command_acts_once_also_after_a_restart(room: Room) -> None:
    """A second delivery of an id gets the first reply to the byte, and nothing is done again."""
    ask = ("stop", {"point": "de-linde", "minutes": 20}, "s-1")
    first = room.raw(*ask)
    room.box.clock.move(60)
    assert room.raw(*ask) == first
    room.restart()
    assert room.raw(*ask) == first
    assert room.commands.counters == {"command_repeated": 1}
    stops = [a.entry for a in room.box.store.actions()]
    assert stops == [PlannedStop(T0 + timedelta(minutes=20))]
    # Another client's ids are its own.
    assert room.ask("acknowledge", SEEN, "s-1", client="screen")["word"] == "no_alarm"


def test_command_and_act_are_one_transaction(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut between the two cannot be: with the act goes the command, or neither is there."""

    def torn(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nspgateway.store.write_command", torn)
        with pytest.raises(KeyboardInterrupt):
            room.ask("stop", {"point": "de-linde"}, "s-1")
    room.restart()
    assert room.box.store.actions() == []
    assert room.box.store.command_answer("own/desk", "s-1") is None
    assert room.ask("stop", {"point": "de-linde"}, "s-1")["ok"]


def test_what_changes_nothing_is_remembered_too(room: Room) -> None:
    """An alarm that was seen already: nothing to write but the command itself."""
    room.box.vital(1, alarms=1 << 2)
    assert room.ask("acknowledge", SEEN, "a-1")["ok"]
    assert room.ask("acknowledge", SEEN, "a-2")["ok"]
    assert room.box.store.command_answer("own/desk", "a-2") is not None
    assert len(room.box.store.actions()) == 1


def test_a_refusal_of_the_desk_is_remembered(room: Room) -> None:
    """No alarm, then the alarm comes: the old command does not act late, a new one does."""
    reply = room.ask("acknowledge", SEEN, "a-1")
    assert (reply["ok"], reply["word"]) == (False, "no_alarm")
    assert reply["text"]["nl"] == "Dit alarm staat niet open."
    room.box.vital(1, alarms=1 << 2)
    assert room.ask("acknowledge", SEEN, "a-1")["word"] == "no_alarm"
    assert room.ask("acknowledge", SEEN, "a-2")["ok"]


def test_a_full_disk_refuses_and_forgets(room: Room) -> None:
    """Nothing was done, the reply says so, and the same id may be tried again when there is room."""
    room.box.vital(1, alarms=1 << 2)
    room.box.store._rows("PRAGMA query_only = ON")
    assert room.ask("acknowledge", SEEN, "a-1")["word"] == "not_stored"
    room.box.store._rows("PRAGMA query_only = OFF")
    room.box.vital(2, alarms=1 << 2)  # whatever is written next does not bring the refused act with it
    room.restart()
    found = room.box.ingest.situation.open_alarm("de-linde", "power_lost")
    assert found is not None
    assert found.state == "unacknowledged"
    assert room.ask("acknowledge", SEEN, "a-1")["ok"]


def test_rights_are_checked_and_their_refusal_is_in_the_audit_trail(room: Room) -> None:
    """A client without the right is told so each time, and written down once in a while."""
    for number in range(3):
        reply = room.ask("stop", {"point": "de-linde"}, f"x-{number}", client="screen")
        assert (reply["id"], reply["word"]) == (f"x-{number}", "no_right")
    (action,) = room.box.store.actions()
    assert (action.what, action.by.who, action.detail["command"]) == ("command_refused", "screen", "stop")
    room.box.clock.move(REFUSAL_EVERY.total_seconds())
    room.ask("stop", {"point": "de-linde"}, "x-9", client="screen")
    assert [a.detail["before"] for a in room.box.store.actions()] == [0, 2]
    assert room.commands.counters["command_no_right"] == 4
    assert not room.box.ingest.situation.standings["de-linde"].is_stopped(room.box.clock.now())


@pytest.mark.parametrize(
    ("what", "body", "word"),
    [
        ("explode", {"id": "x"}, "no_command"),
        ("stop", {"id": "x"}, "malformed"),
        ("stop", {"id": "x", "point": "de-linde", "minute": 3}, "malformed"),
        ("stop", {"id": "x", "point": "de-linde", "minutes": "3"}, "malformed"),
        ("stop", {"id": "x", "point": "de-linde", "minutes": 61}, "malformed"),
        ("stop", {"id": "x", "point": "nergens"}, "no_point"),
        ("deployment", {"id": "x", "point": "de-linde", "word": "ajar"}, "malformed"),
        ("deployment", {"id": "x", "point": "de-linde", "word": "open", "opens_at": "2027-01-15T18:00:00"}, "malformed"),
        ("end_stop", {"id": "x", "point": "de-linde"}, "no_stop"),
        ("backfill", {"id": "x", "point": "de-linde"}, "no_radio"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_by_name(room: Room, what: str, body: Any, word: str) -> None:
    """Each gets its word and keeps its id; nothing but the answer of the desk is written."""
    reply = json.loads(room.send(what, json.dumps(body).encode()))
    assert (reply["ok"], reply["word"], reply["id"]) == (False, word, "x")
    assert room.box.store.actions() == []


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b'{"id":7}', b'{"id":"' + b"x" * 65 + b'"}', b"{"])
def test_a_command_without_a_usable_id_is_refused_without_one(room: Room, payload: bytes) -> None:
    """What is no JSON, or has no bounded id, changes nothing; the reply's id is null."""
    reply = json.loads(room.send("stop", payload))
    assert (reply["word"], reply["id"]) == ("malformed", None)


def test_too_large_retained_or_a_strange_account(room: Room) -> None:
    """None of them is looked into: too long to be a command, left lying at the broker, or of nobody we know."""
    good = b'{"id":"s","point":"de-linde"}'
    assert json.loads(room.send("stop", b" " * (MOST_BYTES + 1)))["word"] == "too_large"
    assert json.loads(room.send("stop", good, retained=True))["word"] == "retained"
    assert json.loads(room.send("stop", good, client="guest"))["word"] == "no_client"
    assert room.box.store.actions() == []


def test_a_flood_is_told_once_and_then_ignored(room: Room) -> None:
    """One client's flood costs one reply and delays no other client; in time it may go on."""
    words = [json.loads(r)["word"] if (r := room.send("stop", b"{}")) else None for _ in range(BURST + 50)]
    assert words == ["malformed"] * BURST + ["too_many"] + [None] * 49
    assert room.ask("acknowledge", SEEN, "a-1", client="screen")["word"] == "no_alarm"
    room.box.clock.move(1 / PER_S)
    assert room.ask("end_stop", {"point": "de-linde"}, "s-2")["word"] == "no_stop"
    assert room.commands.counters["command_ignored"] == 49


def test_names_that_nobody_gave_out_share_one_measure(room: Room) -> None:
    """An account that makes up names does not fill the memory."""
    replies = [room.send("stop", b"{}", client=f"guest-{n}") for n in range(BURST + 5)]
    assert sum(bool(reply) for reply in replies) == BURST + 1
    assert len(room.commands._buckets) == 1


def test_the_memory_of_commands_is_bounded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client's newest ids are kept; another client's flood does not push them out."""
    monkeypatch.setattr(people_store, "COMMANDS_KEPT", 5)
    room.ask("end_stop", {"point": "de-linde"}, "mine", client="desk")
    for number in range(8):
        room.box.clock.move(5)
        room.ask("acknowledge", SEEN, f"a-{number}", client="screen")
    kept = [n for n in range(8) if room.box.store.command_answer("own/screen", f"a-{n}")]
    assert kept == [3, 4, 5, 6, 7]
    assert room.box.store.command_answer("own/desk", "mine") is not None


@pytest.mark.parametrize("what", COMMANDS)
def test_the_fields_of_a_command_are_the_arguments_of_its_act(what: str) -> None:
    """What a client sends is what the desk takes, by the same names; what may be left out there may be here."""
    kind = COMMANDS[what]
    takes = inspect.signature(getattr(Desk, kind.act)).parameters
    fields = {f.name: f for f in structs.fields(kind.payload) if f.name != "id"}
    assert set(fields) <= set(takes)
    needed = {name for name, p in takes.items() if p.default is p.empty} - {"self", "by"}
    assert needed == {name for name, f in fields.items() if f.required}


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A gateway that a whole property may throw things at."""
    room = Room(tmp_path_factory.mktemp("lasting"), linked=True)
    yield room
    room.box.store.close()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("de-linde"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_nothing_that_a_client_sends_stops_the_gateway(lasting: Room, data: st.DataObject) -> None:
    """Bytes, broken JSON or a nearly right command: each gets a reply of ours, and the gateway goes on."""
    what = data.draw(st.sampled_from(sorted(COMMANDS)) | st.text(max_size=8))
    kind = COMMANDS.get(what)
    names = [f.name for f in structs.fields(kind.payload)] if kind else ["id"]
    body = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES | MOMENTS)))
    payload = data.draw(st.binary(max_size=60) | st.just(json.dumps(body).encode()))
    lasting.box.clock.move(10)
    reply = json.loads(lasting.send(what, payload))
    assert reply["word"] in replies()
    assert reply["word"] != "failed"
    lasting.box.ingest.tick()


def test_deep_nesting_and_far_years_are_refused(room: Room) -> None:
    """What would overflow a stack or a calendar later is no command."""
    deep = b'{"x":' + b"[" * 7000 + b"]" * 7000 + b"}"
    assert json.loads(room.send("stop", deep))["word"] == "malformed"
    body = {"point": "de-linde", "word": "open", "opens_at": "0001-01-01T00:00:00+14:00"}
    assert room.ask("deployment", body, "d-1")["word"] == "out_of_range"
    assert room.ask("deployment", {**body, "opens_at": "2027-01-16T08:00:00+01:00"}, "d-2")["ok"]
    (action,) = room.box.store.actions()
    assert action.entry == Deployment("open", datetime(2027, 1, 16, 7, tzinfo=UTC))


def test_an_act_that_fails_is_told_and_stops_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours behind a command: the client gets a reply, the log the kind of fault and no words."""

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("of Mevrouw Jansen")

    monkeypatch.setattr(room.desk, "plan_stop", broken)
    with capture_logs() as log:
        assert room.ask("stop", {"point": "de-linde"}, "s-1")["word"] == "failed"
    assert [(e["event"], e["error"]) for e in log] == [("command failed", "ZeroDivisionError")]
    monkeypatch.undo()
    assert room.ask("stop", {"point": "de-linde"}, "s-1")["ok"]


def test_no_command_touches_a_call_for_help(room: Room) -> None:
    """Whatever is asked, with every right there is: the calls stand in the journal and on MQTT as they did."""
    called = {"event_boot": 1, "event_n": 7, "help_kind": "ambulance", "help_mark": "made", "age_s": 4}
    room.box.say("help", 1, **called, text=b"kom snel")
    room.box.vital(2, alarms=1 << 2)
    kept, said = room.box.store.kit_events("de-linde"), help_of(room)
    assert len(kept) == len(said) == 1
    for what in COMMANDS:
        for alarm in ("power_lost", "help_unread", "65-1-7", "help/65-1-7"):
            room.box.clock.move(10)
            until = (room.box.clock.now() + timedelta(minutes=20)).isoformat()
            body = {
                "point": "de-linde",
                "alarm": alarm,
                "until": until,
                "kind": "dip",
                "litres": 1,
                "word": "open",
            }
            body |= {"nl": "Water"}
            names = {f.name for f in structs.fields(COMMANDS[what].payload)}
            room.ask(what, {k: v for k, v in body.items() if k in names}, f"{what}-{len(alarm)}")
    assert room.box.store.kit_events("de-linde") == kept
    assert help_of(room) == said


def test_a_delivery_goes_its_way_over_mqtt(room: Room) -> None:
    """Protects the supplier's program: what the page does with a delivery a client does too, each once, by the list's number."""
    due_at = T0 + timedelta(hours=3)
    plan = ("plan_delivery", {"point": "de-linde", "litres": 200.0, "due_at": due_at.isoformat()}, "d-1")
    first = room.raw(*plan)
    assert json.loads(first)["word"] == "done"
    room.restart()
    assert room.raw(*plan) == first
    box, stands = room.box, room.box.ingest.situation.standings
    box.clock.move(60)
    box.ingest.tick()
    (said,) = planned(room)
    assert (said["litres"], said["at"]) == (200.0, "2027-01-15T20:00:00Z")
    assert room.ask("deliver", {"delivery": said["delivery"], "litres": 190.5}, "d-2")["ok"]
    assert stands["de-linde"].delivered == (190.5, box.clock.now())
    assert room.ask("deliver", {"delivery": said["delivery"], "litres": 190.5}, "d-2")["ok"], "asked again"
    assert room.ask("deliver", {"delivery": said["delivery"], "litres": 9.0}, "d-3")["word"] == "no_delivery"
    assert room.ask("plan_delivery", {**plan[1], "litres": 50}, "d-4")["ok"]
    (number,) = stands["de-linde"].deliveries
    assert room.ask("cancel_delivery", {"delivery": number}, "d-5")["ok"]
    assert stands["de-linde"].deliveries == {}
    done = ["plan_delivery", "deliver", "plan_delivery", "cancel_delivery"]
    assert [(a.what, a.by.origin) for a in box.store.actions()] == [(what, "mqtt:desk") for what in done]


def planned(room: Room) -> list[dict[str, Any]]:
    """What the newest refuel list on MQTT says is on its way to De Linde."""
    newest = [m for _, m in room.box.store.outbox("own", 10**6) if m.kind == "refuel"][-1]
    (line,) = [one for one in json.loads(newest.payload)["points"] if one["point"] == "de-linde"]
    return list(line["planned"])


@pytest.mark.parametrize(
    ("what", "body", "word"),
    [
        ("plan_delivery", {"litres": 0.5}, "malformed"),
        ("plan_delivery", {"litres": 5001}, "malformed"),
        ("plan_delivery", {"litres": 20, "due_at": "2027-01-15T10:00:00Z"}, "bad_time"),
        ("plan_delivery", {"litres": 20, "due_at": "2027-01-23T17:00:00Z"}, "bad_time"),
        ("plan_delivery", {"litres": 20, "point": "nergens"}, "no_point"),
        ("deliver", {"litres": 20, "delivery": 7}, "no_delivery"),
        ("deliver", {"delivery": 7}, "malformed"),
        ("cancel_delivery", {"delivery": 10**30}, "no_delivery"),
        ("cancel_delivery", {"delivery": 7}, "no_delivery"),
    ],
)
def test_a_delivery_that_cannot_be_is_refused(room: Room, what: str, body: dict[str, Any], word: str) -> None:
    """Protects the list: litres, moments and numbers that cannot be right get their word, and nothing is noted."""
    if what == "plan_delivery":
        body = {"point": "de-linde", "due_at": "2027-01-15T20:00:00Z", **body}
    assert room.ask(what, body, "d-1")["word"] == word
    assert room.ask(what, body, "d-1", client="screen")["word"] == "no_right"
    assert [action.what for action in room.box.store.actions()] == ["command_refused"]


def test_a_message_to_residents_waits_for_a_second_person(tmp_path: Path) -> None:
    """Protects residents: what a program writes goes to no kit before a person of another name approved it; said in the reply."""
    room = Room(tmp_path, linked=True, deployment="open")
    transmitter = room.box.transmitter
    assert transmitter is not None
    body = {"nl": "Kook het water.", "en": "Boil the water."}
    reply = room.ask("bulletin", body, "b-1")
    assert (reply["ok"], reply["word"]) == (True, "draft")
    assert reply["text"]["nl"].startswith("Opgeslagen als concept.")
    assert room.ask("bulletin", body, "b-1") == reply
    (written,) = room.box.ingest.situation.course.messages.versions
    assert (written.nl, written.en, written.step, written.drafted.by.who) == (*body.values(), "draft", "desk")
    for by in (By("desk", "cp_coordinator", "mqtt:desk"), By("desk", "communicatie", "page")):
        with pytest.raises(Refused, match="let somebody else read it"):
            room.desk.approve_message(*written.name, by)
    with pytest.raises(Refused, match="not approved"):
        room.desk.send_message(*written.name, By("desk", "cp_coordinator", "mqtt:desk"))
    assert room.box.store.memory(MEMORY) is None
    assert not transmitter.link.waiting(65)
    room.box.store.close()


def test_a_message_can_be_neither_sent_nor_taken_down_over_mqtt(room: Room) -> None:
    """Protects what hangs on the walls: no command sends a text, and none without a text takes another down."""
    acts = {kind.act for kind in COMMANDS.values()}
    assert not acts & {"send_bulletin", "send_message", "approve_message", "take_down_message"}
    for number, body in enumerate(
        ({"number": 1, "revision": 0, "text": "Water"}, {"nl": ""}, {"nl": "x", "replaces": 1})
    ):
        assert room.ask("bulletin", body, f"b-{number}")["word"] == "malformed"
    assert room.ask("bulletin", {"nl": "  "}, "b-9")["word"] == "empty"
    assert room.box.store.actions() == []


def help_of(room: Room) -> list[bytes]:
    return [m.payload for _, m in room.box.store.outbox("own", 10**6) if m.kind == "help"]


def test_every_right_opens_a_command_and_every_answer_has_its_words() -> None:
    """No right in the settings is without effect, and both languages are there."""
    assert {kind.right for kind in COMMANDS.values()} == set(get_args(Right))
    assert all(text.nl and text.en for text in replies().values())
