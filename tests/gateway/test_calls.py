"""A call for help as a record: what counts, in which order, and that only people end it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nspgateway import call_watch, calls
from nspgateway.calls import Call, Step
from nspgateway.people import By
from nspgateway.rules import load_call_rules
from nsplink import calltext

T0 = datetime(2027, 1, 15, 17, 0, tzinfo=UTC)
OFFICER = By("post-1", "cp_medewerker", "page")


def made(n: int = 1, kind: str = "ambulance", after_s: float = 0) -> Call:
    at = T0 + timedelta(seconds=after_s)
    step = Step("made", at, None, at, n, kind)
    return Call(f"65-1-3-{n}", "de-linde", "kit", kind, False, False, at, at, 65, 1, 3, n, (step,))


def later(call: Call, *whats: str, word: str = "") -> Call:
    """Let a person, or for news the kit, add to a call, a minute apart."""
    for what in whats:
        at = call.steps[-1].at + timedelta(minutes=1)
        by = None if what in {"withdrawn", "details"} else OFFICER
        call = call.with_step(Step(what, at, by, word=word))
    return call


@pytest.mark.parametrize(
    ("whats", "stage", "is_unseen"),
    [
        ((), "stored", True),
        (("placed",), "stored", True),
        (("read",), "read", False),
        (("passed_on",), "passed_on", False),
        (("passed_on", "read"), "passed_on", False),
        (("read", "details"), "read", True),
        (("passed_on", "withdrawn"), "passed_on", True),
        (("passed_on", "withdrawn", "read"), "passed_on", False),
        (("answered", "passed_on"), "passed_on", False),
        (("read", "closed"), "closed", False),
        (("closed", "withdrawn"), "closed", False),
        (("closed", "details"), "read", True),
        (("passed_on", "closed", "details"), "read", True),
        (("closed", "details", "closed"), "closed", False),
    ],
)
def test_stages_are_peoples(whats: tuple[str, ...], stage: str, is_unseen: bool) -> None:
    """Nothing that a kit says moves a stage; what it says after a person looked is new to people again."""
    call = later(made(), *whats)
    assert (call.stage, call.is_unseen) == (stage, is_unseen)
    assert call.is_open is (stage != "closed")


def test_a_withdrawal_ends_nothing_and_asks_for_a_call_back() -> None:
    """Protects whoever was made to withdraw: the call stays until somebody has spoken with the point and closed it."""
    call = later(made(), "withdrawn")
    assert (call.is_open, call.needs_call_back, call.is_unseen) == (True, True, True)
    assert later(call, "read").needs_call_back
    assert not later(call, "read", "called_back").needs_call_back
    assert later(call, "called_back").is_open


def test_what_was_typed_is_joined_and_the_newest_text_counts() -> None:
    """The parts of a text come in any order of arrival; a part that lacks is seen to lack."""
    first = calltext.split(calltext.packed({"place": "Kelder", "what": "val " * 20}), 0)
    second = calltext.split(calltext.packed({"place": "Zolder"}), 1)
    call = made()
    for counter, tail in ((3, first[1]), (2, first[0])):
        call = call.with_step(Step("details", T0, None, counter=counter, tail=tail))
    assert call.typed == ({"place": "Kelder", "what": ("val " * 20).strip()}, True)
    lacking = made().with_step(Step("details", T0, None, counter=3, tail=first[1]))
    assert not lacking.typed[1]
    newer = call.with_step(Step("details", T0, None, counter=9, tail=second[0]))
    assert newer.typed == ({"place": "Zolder"}, True)


def test_text_that_is_no_text_is_shown_all_the_same() -> None:
    """Protects the words of a kit with a fault: what cannot be taken apart stands there as it came."""
    call = made().with_step(Step("details", T0, None, counter=2, tail=b"\xffBrand in de keuken"))
    values, is_whole = call.typed
    assert not is_whole
    assert "Brand in de keuken" in values["what"]
    loud = replace(made(), steps=(Step("made", T0, None, tail=b"zaal 2"),))
    assert loud.typed == ({"what": "zaal 2"}, True)


def test_who_types_more_may_say_which_help_but_a_silent_call_stays_silent() -> None:
    """A single press is complete; the kind may follow. What was asked silently is never taken for anything else."""
    call = made(kind="not_known").with_step(Step("details", T0, None, word="police", tail=b"\x00"))
    assert call.kind == "police"
    silent = made(kind="security").with_step(Step("details", T0, None, word="police", tail=b"\x00"))
    assert (silent.kind, silent.is_security) == ("security", True)


def test_the_first_task_stands_first() -> None:
    """Not read, then a team that is not safe, then what was read; there what still has to be done, and the oldest."""
    passed, read, fresh = later(made(1), "passed_on"), later(made(2, after_s=1), "read"), made(3, after_s=99)
    silent, done = made(4, "security", after_s=50), later(made(5), "closed")
    order = calls.in_order([passed, done, silent, read, fresh])
    assert [call.n for call in order] == [3, 4, 2, 1]


@pytest.mark.parametrize(
    ("call", "due"),
    [
        (made(), ("help_unread", T0)),
        (later(made(), "withdrawn"), ("help_unread", T0)),
        (later(made(), "read"), ("help_not_passed", T0 + timedelta(minutes=1))),
        (later(made(), "answered", word="text"), ("help_not_passed", T0 + timedelta(minutes=1))),
        (later(made(), "answered", word="no_unit"), None),
        (later(made(), "read", "passed_on"), None),
        (later(made(), "read", "withdrawn"), ("help_not_called_back", T0 + timedelta(minutes=2))),
        (later(made(), "withdrawn", "read"), ("help_not_called_back", T0 + timedelta(minutes=1))),
        (later(made(), "passed_on", "withdrawn"), ("help_not_called_back", T0 + timedelta(minutes=2))),
        (later(made(), "read", "withdrawn", "called_back"), None),
        (
            later(made(), "withdrawn", "called_back", "withdrawn"),
            ("help_not_called_back", T0 + timedelta(minutes=3)),
        ),
        (later(made(), "read", "withdrawn", "closed"), None),
        (later(made(), "read", "closed"), None),
        (later(made(), "read", "details"), ("help_unread", T0 + timedelta(minutes=2))),
        (later(made(), "passed_on", "details", "details"), ("help_unread", T0 + timedelta(minutes=2))),
        (later(made(), "passed_on", "details", "read"), None),
        (later(made(), "passed_on", "closed", "details"), ("help_unread", T0 + timedelta(minutes=3))),
        (later(made(), "read", "withdrawn", "details"), ("help_unread", T0 + timedelta(minutes=3))),
    ],
)
def test_what_still_has_to_be_done(call: Call, due: tuple[str, datetime] | None) -> None:
    """Nobody is urged to do what is done; a question is no passing on, and what is added to a call is unread like a call."""
    assert calls.late(call) == due


def test_who_waits_too_long_is_said_again_and_in_a_second_place() -> None:
    """Unread is said after 60 s and each minute, from three minutes on in a second place; a restart changes none of it."""
    known, rules = {"65-1-3-1": made()}, load_call_rules()
    waiting: dict[str, call_watch.Waiting] = {}
    said = []
    for second in range(0, 301, 5):
        found = call_watch.look(known, waiting, rules, T0 + timedelta(seconds=second))
        waiting = call_watch.restored(None if not found.waiting else _again(found))
        if found.began or found.again:
            said.append((second, waiting["65-1-3-1"].is_second))
    assert said == [(60, False), (120, False), (180, True), (240, True), (300, True)]
    read = {"65-1-3-1": later(made(), *["placed"] * 4, "read")}
    found = call_watch.look(read, waiting, rules, T0 + timedelta(seconds=301))
    assert [name for name, _ in found.ended] == ["65-1-3-1"]
    assert not found.waiting
    found = call_watch.look(read, {}, rules, T0 + timedelta(minutes=5, seconds=180))
    assert found.began == ("65-1-3-1",)


def _again(found: call_watch.Look) -> object:
    """Return what was said as it comes back from disk."""
    return json.loads(call_watch.to_json(found.waiting))


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    """What cannot be counted is too long: the call is said at once."""
    found = call_watch.look({"65-1-3-1": made()}, {}, load_call_rules(), T0 - timedelta(days=1))
    assert found.began == ("65-1-3-1",)
    assert found.waiting["65-1-3-1"].is_second
