"""The words for what people do at the coordinating point, and what each does at its desk. Tables only.

What a point tells by voice is here too: it comes to the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nspgateway import bulletin, region
from nspgateway.alarm_text import catalogue
from nspgateway.calls import ANSWERS, REASONS, RECIPIENTS
from nspgateway.desk_base import NOTE_MOST
from nspgateway.desk_calls import ANSWER_BYTES, NAME_MOST
from nspgateway.desk_fuel import MOST_LITRES
from nspgateway.desk_points import STOP_MINUTES, STOP_MOST_MINUTES
from nspgateway.desk_reports import MOST_STAFF
from nspgateway.entries import HandReport, RulingKind
from nsplink.fields import STATUS_112
from nsptools.scenario.arguments import Argument
from nsptools.scenario.office import LEADER, OFFICER, PRESS, RELIEF, Office
from nsptools.scenario.word import AUTO, Turn, Word

_REGION = region.packaged()
_NOTE = Argument("note", "text", high=NOTE_MOST, optional=True)
_ALARM = Argument("alarm", "choice", choices=tuple(catalogue().alarms))
_CALL = Argument("call", "whole", low=1, high=99, optional=True)
_LITRES = Argument("litres", low=0.1, high=MOST_LITRES)
_MINUTES = Argument("minutes", "whole", low=1, high=STOP_MOST_MINUTES, default=STOP_MINUTES)
_BY = Argument("by", "choice", choices=tuple(one.id for one in _REGION.decider))
_POINTS = Argument("points", "points", optional=True)


Given = Mapping[str, Any]


def _some(given: Given, *names: str) -> dict[str, Any]:
    """Those of the arguments that were given: the desk has its own words for what was left out."""
    return {name: given[name] for name in names if name in given}


def _call(office: Office, place: str, given: Given) -> str:
    return office.call(place, given.get("call"))


def _decided(kind: RulingKind, *further: Argument) -> Word:
    """A decision of the crisis organisation; one that can name points and does not is about every one."""

    def act(office: Office, _place: str, given: Given) -> None:
        told = _some(given, *(one.name for one in (*further, _NOTE)))
        if _POINTS in further:
            told.setdefault("points", tuple(office.situation.states))
        office.desk.decide(kind, given["by"], OFFICER, **told)

    return Word(f"decision.{kind}", where="none", arguments=(_BY, *further, _NOTE), act=act)


def _tell_residents(office: Office, _place: str, given: Given) -> None:
    """One writes; somebody of another role approves and sends."""
    name = office.desk.draft_message(given["text"], OFFICER, **_some(given, "en"))
    office.desk.approve_message(*name, PRESS)
    office.desk.send_message(*name, PRESS)


# fmt: off
DESK_WORDS = (
    # Alarms; without `point` those of the coordinating point itself.
    Word("officer.seen", where="one_or_cp", arguments=(_ALARM,),
         act=lambda office, place, given: office.desk.acknowledge(place, given["alarm"], OFFICER)),
    Word("officer.take_on", where="one_or_cp", arguments=(_ALARM,),
         act=lambda office, place, given: office.desk.take_on(place, given["alarm"], OFFICER)),
    Word("officer.shelve", where="one_or_cp", arguments=(_ALARM, Argument("until", "next"), _NOTE),
         act=lambda office, place, given: office.desk.shelve(
             place, given["alarm"], OFFICER, given["until"], **_some(given, "note"))),
    Word("officer.note", where="one_or_cp", arguments=(_ALARM, Argument("note", "text", high=NOTE_MOST)),
         act=lambda office, place, given: office.desk.comment(place, given["alarm"], OFFICER, given["note"])),
    # Calls for help.
    Word("officer.read", arguments=(_CALL,),
         act=lambda office, place, given: office.desk.read_call(_call(office, place, given), OFFICER)),
    Word("officer.pass_on",
         arguments=(_CALL, Argument("to", "choice", choices=RECIPIENTS), Argument("taken_by", "text", high=NAME_MOST),
                    Argument("other", "text", high=NAME_MOST, optional=True)),
         act=lambda office, place, given: office.desk.pass_on(
             _call(office, place, given), OFFICER, given["to"], given["taken_by"], **_some(given, "other"))),
    Word("officer.answer",
         arguments=(_CALL, Argument("answer", "choice", choices=ANSWERS),
                    Argument("text", "text", high=ANSWER_BYTES, optional=True)),
         act=lambda office, place, given: office.desk.answer_call(
             _call(office, place, given), OFFICER, given["answer"], **_some(given, "text"))),
    Word("officer.call_back", arguments=(_CALL, _NOTE),
         act=lambda office, place, given: office.desk.called_back(
             _call(office, place, given), OFFICER, **_some(given, "note"))),
    Word("officer.close", arguments=(_CALL, Argument("reason", "choice", choices=REASONS), _NOTE),
         act=lambda office, place, given: office.desk.close_call(
             _call(office, place, given), OFFICER, given["reason"], **_some(given, "note"))),
    # Points and their fuel.
    Word("officer.plan_stop", arguments=(_MINUTES,),
         act=lambda office, place, given: office.desk.plan_stop(place, OFFICER, given["minutes"])),
    Word("officer.end_stop", act=lambda office, place, _given: office.desk.end_stop(place, OFFICER)),
    Word("officer.fuel_added", arguments=(_LITRES,),
         act=lambda office, place, given: office.desk.enter_fuel(place, "refuel", given["litres"], OFFICER)),
    # What is beyond one point.
    Word("officer.message_send", where="none", act=_tell_residents,
         arguments=(Argument("text", "text", high=bulletin.MAX_BYTES),
                    Argument("en", "text", high=bulletin.MAX_BYTES, optional=True))),
    Word("officer.milestone", where="none",
         arguments=(Argument("milestone", "choice", choices=tuple(one.id for one in _REGION.milestone)),),
         act=lambda office, _place, given: office.desk.reach(given["milestone"], OFFICER)),
    Word("officer.hand_over", where="none", arguments=(_NOTE,),
         act=lambda office, _place, given: office.desk.take_shift(
             office.desk.hand_over(OFFICER, **_some(given, "note")), RELIEF)),
    Word("officer.exercise_again",
         act=lambda office, place, _given: office.desk.tell_exercise_again(place, LEADER)),
    Word("status112.set", where="none", arguments=(Argument("status", "choice", choices=STATUS_112), _NOTE),
         act=lambda office, _place, given: office.desk.set_112(given["status"], OFFICER, **_some(given, "note"))),
    _decided("activate", _POINTS, Argument("outage_since", "last", optional=True),
             Argument("opens_at", "next", optional=True)),
    _decided("take_over", _POINTS, Argument("from_cp", "text", high=NAME_MOST)),
    _decided("extend", Argument("until", "next")),
    _decided("scale_down", _POINTS),
    # Not a deed, but known there first: what the coordinating point runs on.
    Word("gateway.supply", where="none",
         arguments=(Argument("supply", "choice", choices=("line", "battery")),
                    Argument("minutes", high=100_000, optional=True)),
         act=lambda office, _place, given: office.ups.say(
             given["supply"], given.get("minutes"), office.clock.now())),
    # What a point tells by voice.
    Word("person.open", act=lambda office, place, _given: office.desk.set_deployment(place, "open", OFFICER)),
    Word("person.close", act=lambda office, place, _given: office.desk.set_deployment(place, "closed", OFFICER)),
    Word("person.staff", arguments=(Argument("present", "whole", high=MOST_STAFF),),
         act=lambda office, place, given: office.desk.enter_report(
             place, HandReport(office.clock.now(), staff=given["present"]), OFFICER)),
    Word("person.dip", arguments=(_LITRES,),
         act=lambda office, place, given: office.desk.enter_fuel(place, "dip", given["litres"], OFFICER)),
    Word("person.message_displayed",
         act=lambda office, place, _given: office.desk.tell_message(place, *office.hanging(), "displayed", OFFICER)),
    # Who refuels says so, and turns the set off and on again. The stop ends by itself: until then the set may start.
    Word("person.refuel_start", (Turn("plant.mode", "off"),), (_MINUTES,),
         act=lambda office, place, given: office.desk.plan_stop(place, OFFICER, given["minutes"])),
    Word("person.refuel_end", (AUTO,), (_LITRES,), verb="refuel"),
)
# What `exercise = true` stands for: its beginning, with `name` and `end`, and its end.
EXERCISE_BEGINS = Word(
    "exercise.begin", where="none",
    act=lambda office, _place, given: office.desk.start_exercise(
        given["name"], given["end"], tuple(office.situation.states), LEADER),
)
EXERCISE_ENDS = Word("exercise.end", where="none", act=lambda office, _place, _given: office.desk.end_exercise(LEADER))
# fmt: on
