import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nspgateway import messages
from nspgateway.config import PointConfig
from nspgateway.facts import Facts
from nspgateway.messages import OutboxMessage
from nspgateway.payloads import AlarmMessage, Demo, Health, Modem, State, Telemetry
from nspgateway.view import Alarm, Forecast, Reading
from nsplink import fields

NOW = datetime(2026, 1, 15, 20, 30, tzinfo=UTC)
POINT = PointConfig(
    slug="de-linde",
    name="De Linde",
    number=7,
    municipality="Rivierdam",
    cp="brandweer",
    region="rijnmond",
    latitude=51.9,
    longitude=4.5,
    kit_address=65,
    deployment="open",
    tank_litres=40.0,
    interval_s=300,
    sources=("grid", "generator"),
    devices=("generator", "battery", "meter"),
)
FORECAST = Forecast(
    low_h=5.1234,
    likely_h=6.0,
    high_h=8.75,
    empty_low=NOW + timedelta(hours=5),
    empty_likely=NOW + timedelta(hours=6),
    empty_high=NOW + timedelta(hours=8),
    reason="load_curve",
    measured_at=NOW - timedelta(seconds=20),
)
ALARM = Alarm(
    id="fuel_low",
    point="de-linde",
    priority="high",
    raised_at=NOW - timedelta(minutes=10),
    title={"nl": "Brandstof bijna op", "en": "Fuel low"},
    what={"nl": "Nog 6 uur", "en": "6 hours left"},
    todo={"nl": "Bel de leverancier", "en": "Call the supplier"},
)


def seen(quality: Any, value: int | str | None, age_s: float | None) -> Reading:
    return Reading(value, quality, None if age_s is None else NOW - timedelta(seconds=age_s))


def facts(**more: Any) -> Facts:
    ours: dict[str, Any] = {
        "point": POINT,
        "now": NOW,
        "readings": {},
        "local_alarms": None,
        "fuel_litres": None,
        "fuel": None,
        "battery": None,
        "last_heard": None,
    }
    return Facts(**{**ours, **more})


def body(message: OutboxMessage) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(message.payload)
    return decoded


def test_state_word_for_word() -> None:
    """The state's JSON, its order included, is what subscribers were promised."""
    message = messages.state(
        facts(
            readings={
                "load_w": seen("good", 8000, 12.7),
                "alarms": seen("good", 9, 12),
                "q_tank": seen("good", "good", 12),
                "fuel_permille": seen("stale", 470, 400),
            },
            local_alarms=frozenset({"fuel_low", "generator_failed"}),
            fuel_litres=18.83,
            fuel=FORECAST,
            last_heard=NOW - timedelta(seconds=12),
        ),
        exercise=True,
        demo=Demo(60.0),
    )
    assert message.passing
    assert message.topic == "nsp/v1/rijnmond/de-linde/state"
    assert (message.retain, message.expiry_s, message.kind, message.created) == (True, 900, "state", NOW)
    assert message.payload.decode() == (
        '{"schema":1,"region":"rijnmond","cp":"brandweer","municipality":"Rivierdam","point":"de-linde",'
        '"number":7,"name":"De Linde","kit":65,"demo":{"speed":60.0},"exercise":true,'
        '"at":"2026-01-15T20:30:00Z","valid_until":"2026-01-15T20:45:00Z","deployment":"open",'
        '"last_heard":"2026-01-15T20:29:48Z","last_heard_age_s":12,"values":{'
        '"fuel_permille":{"value":470,"quality":"stale","at":"2026-01-15T20:23:20Z","age_s":400},'
        '"load_w":{"value":8000,"quality":"good","at":"2026-01-15T20:29:47Z","age_s":12}},'
        '"local_alarms":["generator_failed","fuel_low"],"fuel_kind":"diesel","fuel_litres":18.8,'
        '"tank_litres":40.0,"fuel":{"hours_low":5.12,"hours_likely":6.0,"hours_high":8.75,'
        '"empty_low":"2026-01-16T01:30:00Z","empty_likely":"2026-01-16T02:30:00Z",'
        '"empty_high":"2026-01-16T04:30:00Z","reason":"load_curve","measured_at":"2026-01-15T20:29:40Z",'
        '"age_s":20},"battery":null,"fuel_source":null,"fuel_at":null,"fuel_age_s":null,'
        '"fuel_half_load_h":null,"lights_out":{"word":"unknown","low":null,"likely":null,"high":null,'
        '"parts":[],"missing":["source_unknown"],"since":null}}'
    )


@pytest.mark.parametrize("quality", ["unknown", "none"])
def test_unknown_is_null_and_keeps_its_age(quality: str) -> None:
    """What is not known leaves as null with the age of the last good reading, never as 0 or the old value."""
    message = messages.state(
        facts(readings={"fuel_permille": seen(quality, None, 7200), "load_w": seen(quality, 0, None)})
    )
    assert body(message)["values"] == {
        "fuel_permille": {"value": None, "quality": quality, "at": "2026-01-15T18:30:00Z", "age_s": 7200},
        "load_w": {"value": None, "quality": quality, "at": None, "age_s": None},
    }


def test_nothing_known_yet() -> None:
    """A point that was never heard has a state all the same, full of nulls."""
    state = msgspec.json.decode(messages.state(facts()).payload, type=State)
    for unknown in (state.last_heard, state.last_heard_age_s, state.local_alarms, state.fuel, state.demo):
        assert unknown is None
    assert state.values == {}


def heartbeat(values: dict[str, Any], **more: Any) -> OutboxMessage:
    return messages.telemetry(POINT, 65, 2, 70000, "vital", NOW, values, -97, 6.5, **more)


def test_telemetry() -> None:
    """A heartbeat says who heard what, when and how loud, under a key that no other frame has."""
    message = heartbeat(
        {"load_w": 0, "fuel_permille": 475, "alarms": 0b1001, "q_tank": "good", "q_meter": "good"}
    )
    assert message.topic == "nsp/v1/rijnmond/de-linde/telemetry"
    assert (message.retain, message.expiry_s, message.kind) == (False, None, "telemetry")
    decoded = msgspec.json.decode(message.payload, type=Telemetry)
    assert (decoded.key, decoded.kit, decoded.generation, decoded.counter) == ("65-2-70000", 65, 2, 70000)
    assert (decoded.kind, decoded.received_at, decoded.rssi_dbm, decoded.snr_db) == ("vital", NOW, -97, 6.5)
    assert decoded.local_alarms == ["generator_failed", "fuel_low"]
    assert list(decoded.values) == ["fuel_permille", "load_w"]
    assert decoded.values["load_w"].value == 0


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        (475, "good", (475, "good")),
        (475, "stale", (475, "stale")),
        (None, "good", (None, "unknown")),
        (None, "stale", (None, "unknown")),
        (475, None, (None, "unknown")),
        (None, None, (None, "unknown")),
        (None, "none", (None, "none")),
    ],
)
def test_quality_comes_from_the_source(value: Any, source: Any, expected: Any) -> None:
    """A quantity is as good as the frame says its device is; a device that is not there makes nothing unknown."""
    sent = body(heartbeat({"fuel_permille": value, "q_tank": source}))["values"]["fuel_permille"]
    assert (sent["value"], sent["quality"]) == expected


def test_unknown_local_alarms_are_not_an_empty_list() -> None:
    """A kit that cannot tell its alarms does not say that there are none."""
    assert body(heartbeat({"alarms": None}))["local_alarms"] is None
    assert body(heartbeat({"alarms": 0}))["local_alarms"] == []


def test_the_sender_is_the_kit_of_the_frame() -> None:
    """After a kit was replaced, a frame still names the kit that sent it."""
    message = messages.telemetry(POINT, 66, 1, 1, "vital", NOW, {}, None, None)
    assert body(message)["kit"] == 66


def test_alarm_begins_and_ends() -> None:
    """An alarm is retained with its texts in both languages; its last message says normal, and when."""
    begun = messages.alarm(ALARM, POINT, "unacknowledged", NOW, "6.0 h left, below 8.0 h")
    assert begun.topic == "nsp/v1/rijnmond/de-linde/alarm/fuel_low"
    assert (begun.retain, begun.expiry_s, begun.kind) == (True, None, "alarm")
    first = msgspec.json.decode(begun.payload, type=AlarmMessage)
    assert (first.state, first.priority, first.age_s, first.ended_at) == ("unacknowledged", "high", 600, None)
    assert (first.title.nl, first.what.en, first.do.nl) == (
        "Brandstof bijna op",
        "6 hours left",
        "Bel de leverancier",
    )
    assert first.reason == "6.0 h left, below 8.0 h"
    ended = messages.alarm(ALARM, POINT, "normal", NOW, "refuelled")
    assert ended.topic == begun.topic
    assert body(ended)["ended_at"] == "2026-01-15T20:30:00Z"


def test_gateway_tells_of_itself() -> None:
    """Presence is retained; the last will has no moment, for the broker speaks it later; counters are sorted."""
    health = Health(Modem("down", "unplugged", NOW), "full")
    online = messages.gateway_status("rijnmond", "brandweer", "online", NOW, "", health=health)
    will = messages.last_will("rijnmond", "brandweer", NOW, demo=Demo(1.0))
    stats = messages.gateway_stats("rijnmond", "brandweer", {"replay": 1, "accepted": 9}, NOW)
    assert online.topic == will.topic == "nsp/v1/rijnmond/brandweer/gateway/status"
    assert online.retain
    assert will.retain
    assert body(online)["at"] == "2026-01-15T20:30:00Z"
    assert body(online)["modem"] == {"state": "down", "cause": "unplugged", "since": "2026-01-15T20:30:00Z"}
    assert (body(online)["store_problem"], body(online)["demo"]) == ("full", None)
    assert (body(will)["modem"], body(will)["store_problem"]) == (None, None)
    assert (body(will)["state"], body(will)["at"], body(will)["demo"]) == ("offline", None, {"speed": 1})
    assert stats.topic == "nsp/v1/rijnmond/brandweer/gateway/stats"
    assert (stats.retain, stats.kind) == (False, "stats")
    assert list(body(stats)["counters"].items()) == [("accepted", 9), ("replay", 1)]


def test_a_point_that_is_no_more() -> None:
    """What a broker still holds of a removed point is taken away by an empty retained message on its topic."""
    gone = messages.forgotten("rijnmond", "de-linde", "alarm/fuel_low", NOW)
    assert (gone.topic, gone.payload, gone.retain) == ("nsp/v1/rijnmond/de-linde/alarm/fuel_low", b"", True)


@pytest.mark.parametrize("slug", ["", "a/b", "+", "#", "$sys", "De-Linde", "a b", "linde\n"])
def test_no_slug_opens_another_topic(slug: str) -> None:
    """A name that MQTT would read as a wildcard or another level never becomes a topic."""
    with pytest.raises(ValueError, match="cannot be a level"):
        messages.gateway_status(slug, "brandweer", "online", NOW, "")
    with pytest.raises(ValueError, match="cannot be a level"):
        messages.state(facts(point=msgspec.structs.replace(POINT, slug=slug)))
    with pytest.raises(ValueError, match="cannot be a level"):
        messages.alarm(dataclasses.replace(ALARM, id=slug), POINT, "normal", NOW, "")


def test_times_are_utc() -> None:
    """A local time leaves as UTC; a time without a zone does not leave at all."""
    amsterdam = timezone(timedelta(hours=1))
    message = messages.gateway_status("r", "c", "online", NOW.astimezone(amsterdam), "")
    assert body(message)["at"] == "2026-01-15T20:30:00Z"
    with pytest.raises(ValueError, match="no time zone"):
        messages.gateway_status("r", "c", "online", NOW.replace(tzinfo=None), "")


def test_no_age_below_zero() -> None:
    """A moment in the future, after the clock was set back, has no age; a second ahead is now."""
    message = messages.state(
        facts(readings={"load_w": seen("unknown", 1, -60)}, last_heard=NOW + timedelta(minutes=1))
    )
    assert body(message)["values"]["load_w"]["age_s"] is None
    assert body(message)["last_heard_age_s"] is None
    assert body(messages.state(facts(last_heard=NOW + timedelta(seconds=1))))["last_heard_age_s"] == 0


def test_positions_stay_inside() -> None:
    """Where a point is and how it is configured is nobody's business on MQTT."""
    sent = [messages.state(facts()), heartbeat({}), messages.alarm(ALARM, POINT, "normal", NOW, "")]
    for message in sent:
        assert not {"latitude", "longitude", "devices", "sources"} & body(message).keys()
        assert b"51.9" not in message.payload


NAMES = [name for _, name, *_ in fields.FIELDS]
VALUES = st.dictionaries(
    st.sampled_from(NAMES), st.none() | st.integers(0, 0xFFFF) | st.sampled_from(["good", "none"])
)


@given(VALUES)
def test_any_frame_becomes_a_message(values: dict[str, Any]) -> None:
    """Whatever a frame held, its message can be made and read again, and never has a value that is unknown."""
    decoded = msgspec.json.decode(heartbeat(values).payload, type=Telemetry)
    for sent in decoded.values.values():
        assert (sent.value is None) == (sent.quality in {"unknown", "none"})
