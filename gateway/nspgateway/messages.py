"""What the gateway says on MQTT: topics and the messages on them. Pure.

    nsp/v1/<region>/<point>/state           retained, MQTT 5 expiry at ``valid_until``
    nsp/v1/<region>/<point>/telemetry       one a heartbeat, not retained
    nsp/v1/<region>/<point>/alarm/<id>      retained, said again with each state; "normal" when it ends
    nsp/v1/<region>/<cp>/refuel             retained, MQTT 5 expiry at ``valid_until``
    nsp/v1/<region>/<point>/help/<id>       stages of a call for help, not retained
    nsp/v1/<region>/<cp>/gateway/status     retained, and the last will
    nsp/v1/<region>/<cp>/gateway/stats      counters, not retained
    nsp/v1/<region>/<cp>/command/<client>/<what>    to the gateway, not retained
    nsp/v1/<region>/<cp>/reply/<client>     the answer to a command, not retained

The JSON is described in ``payloads``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct, json

from nspgateway.calls import SEEN, Call
from nspgateway.config import PointConfig
from nspgateway.facts import Facts
from nspgateway.forecast import half_load_h
from nspgateway.lights_out import lights_out
from nspgateway.moments import age, seconds, utc, utc_or_none
from nspgateway.payloads import (
    AlarmMessage,
    AlarmState,
    Dark,
    Demo,
    GatewayStats,
    GatewayStatus,
    Health,
    HelpMessage,
    Presence,
    State,
    Telemetry,
    Texts,
    Value,
    alarm_names,
    hours_left,
    in_bit_order,
    in_order,
    measured,
    sent,
)
from nspgateway.view import Alarm

_ROOT = "nsp/v1"
_SCHEMA = 1
# Steps of a call for help whose first time is said.
_CALL_TIMES = ("withdrawn", "passed_on", "answered", "called_back", "closed")
# A state outlives this many expected intervals: after that every value in it is unknown.
_VALID_INTERVALS = 3
# What may stand between two slashes: nothing that is a wildcard or opens another level.
_SEGMENT = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


class OutboxMessage(Struct, frozen=True):
    """One MQTT message, ready to go. It may be published until ``created`` + ``expiry_s``.

    Both are in the gateway's clock; ``expiry_s`` None = it never goes stale. ``passing``: says
    nothing that the next passing one of its topic does not say, so only the newest need be kept.
    """

    topic: str
    payload: bytes
    retain: bool
    expiry_s: int | None
    created: datetime
    passing: bool = False

    @property
    def kind(self) -> str:
        """The topic's own word: state, telemetry, alarm, help, refuel, status or stats."""
        *_, last_but_one, last = self.topic.split("/")
        return last_but_one if last_but_one in {"alarm", "help"} else last


def state(facts: Facts, *, exercise: bool = False, demo: Demo | None = None) -> OutboxMessage:
    """Return the merged state of a point at ``facts.now``, valid for three expected intervals."""
    lifetime = round(_VALID_INTERVALS * facts.point.interval_s)
    now, at = facts.now, utc(facts.now)
    return _point_message(
        facts.point,
        "state",
        State(
            **_from_point(facts.point, demo, exercise),
            at=at,
            valid_until=at + timedelta(seconds=lifetime),
            deployment=facts.point.deployment,
            last_heard=at if facts.last_heard is now else utc_or_none(facts.last_heard),
            last_heard_age_s=age(facts.last_heard, now),
            values=measured(facts.readings, now),
            local_alarms=None if facts.local_alarms is None else in_bit_order(facts.local_alarms),
            fuel_kind=facts.point.fuel_kind,
            fuel_litres=None if facts.fuel_litres is None else round(facts.fuel_litres, 1),
            tank_litres=facts.point.tank_litres,
            fuel=hours_left(facts.fuel, now),
            battery=hours_left(facts.battery, now),
            **_stock(facts),
        ),
        created=at,
        retain=True,
        expiry_s=lifetime,
        passing=True,
    )


def telemetry(
    point: PointConfig,
    kit_address: int,
    generation: int,
    counter: int,
    kind: str,
    received_at: datetime,
    values: Mapping[str, Value],
    rssi: int | None,
    snr: float | None,
    *,
    exercise: bool = False,
    demo: Demo | None = None,
    made_at: datetime | None = None,
) -> OutboxMessage:
    """Return one heartbeat as it came in; with ``made_at`` one that was lost and came long after.

    ``values`` is what ``nsplink.message.decode`` gave; ``kind`` its kind on air;
    ``counter`` all 32 bits. ``rssi`` in dBm, ``snr`` in dB.
    """
    bits, at = values.get("alarms"), utc(received_at)
    place = _from_point(point, demo, exercise)
    place["kit"] = kit_address  # who sent it, whatever the point's settings say by now
    return _point_message(
        point,
        "telemetry",
        Telemetry(
            **place,
            key=f"{kit_address}-{generation}-{counter}",
            generation=generation,
            counter=counter,
            kind=kind,
            received_at=at,
            rssi_dbm=rssi,
            snr_db=snr,
            values={name: sent(name, values) for name in in_order(values)},
            local_alarms=alarm_names(bits) if isinstance(bits, int) else None,
            late=made_at is not None,
            made_at=utc(made_at) if made_at else None,
        ),
        created=at,
        retain=False,
        expiry_s=None,
    )


def alarm(
    alarm_view: Alarm,
    point: PointConfig,
    state_word: AlarmState,
    at: datetime,
    reason: str,
    *,
    exercise: bool = False,
    demo: Demo | None = None,
    repeat: bool = False,
) -> OutboxMessage:
    """Return the state of one alarm at ``at``; "normal" says that it ended then.

    ``repeat``: nothing changed, the text is as of now.
    """
    return _point_message(
        point,
        f"alarm/{_segment(alarm_view.id)}",
        AlarmMessage(
            **_from_point(point, demo, exercise),
            id=alarm_view.id,
            state=state_word,
            priority=alarm_view.priority,
            at=utc(at),
            raised_at=utc(alarm_view.raised_at),
            age_s=seconds(at - alarm_view.raised_at),
            ended_at=utc(at) if state_word == "normal" else None,
            title=Texts(**alarm_view.title),
            what=Texts(**alarm_view.what),
            do=Texts(**alarm_view.todo),
            reason=reason,
        ),
        created=at,
        retain=True,
        expiry_s=None,
        passing=repeat,
    )


def help_call(point: PointConfig, call: Call, at: datetime, *, demo: Demo | None = None) -> OutboxMessage:
    """Return how a call for help stands at ``at``, with the times of its stages and nothing that was typed."""
    firsts = {f"{name}_at": call.first(name) for name in _CALL_TIMES} | {"read_at": call.first(*SEEN)}
    times: dict[str, Any] = {name: utc(step.at) if step else None for name, step in firsts.items()}
    body = HelpMessage(
        **{**_from_point(point, demo, call.exercise), "kit": call.kit},
        key=f"{call.id}-{len(call.steps)}",
        id=call.id,
        kind=call.kind,
        mark=call.mark,
        stage=call.stage,
        at=utc(at),
        made_at=utc(call.made_at),
        age_s=seconds(at - call.made_at),
        by_hand=call.origin == "by_hand",
        stored_at=utc(call.stored_at),
        **times,
    )
    return _point_message(point, f"help/{call.id}", body, created=at, retain=False, expiry_s=None)


def forgotten(region: str, point: str, leaf: str, at: datetime) -> OutboxMessage:
    """Return what takes a retained message of a point away from the broker: an empty one on its topic.

    ``leaf``: "state", or "alarm/" and its id.
    """
    topic = "/".join((_ROOT, _segment(region), _segment(point), *map(_segment, leaf.split("/"))))
    return OutboxMessage(topic, b"", True, None, utc(at))


def gateway_status(
    region: str,
    cp: str,
    word: Presence,
    at: datetime,
    reason: str,
    *,
    health: Health | None = None,
    demo: Demo | None = None,
) -> OutboxMessage:
    """Return that the gateway is online or offline since ``at``, why, and how it is."""
    known = health or Health()
    body = GatewayStatus(
        _SCHEMA, region, cp, demo, word, utc(at), reason, known.modem, known.store_problem, known.away
    )
    return _gateway_message(region, cp, "status", body, created=at, retain=True)


def last_will(region: str, cp: str, made: datetime, *, demo: Demo | None = None) -> OutboxMessage:
    """Return what the broker is to say when it loses the gateway; it knows no moment beforehand."""
    body = GatewayStatus(_SCHEMA, region, cp, demo, "offline", None, "connection lost")
    return _gateway_message(region, cp, "status", body, created=made, retain=True)


def gateway_stats(
    region: str, cp: str, counters: Mapping[str, int], at: datetime, *, demo: Demo | None = None
) -> OutboxMessage:
    """Return the gateway's counters, by name."""
    body = GatewayStats(_SCHEMA, region, cp, demo, utc(at), dict(sorted(counters.items())))
    return _gateway_message(region, cp, "stats", body, created=at, retain=False)


def _stock(facts: Facts) -> dict[str, Any]:
    """Return what the state says of where its litres come from, and of what follows from them."""
    stock, dark = facts.stock, lights_out(facts)
    half = half_load_h(facts.point, facts.fuel, facts.burn)
    return {
        "fuel_source": stock.source if stock else None,
        "fuel_at": utc(stock.at) if stock else None,
        "fuel_age_s": age(stock.at, facts.now) if stock else None,
        "fuel_half_load_h": None if half is None else round(half, 2),
        "lights_out": Dark(
            dark.word,
            utc_or_none(dark.low),
            utc_or_none(dark.likely),
            utc_or_none(dark.high),
            list(dark.parts),
            list(dark.missing),
            utc_or_none(dark.since),
        ),
    }


def refuel_topic(region: str, cp: str) -> str:
    """Return where the refuel list of a coordinating point is said."""
    return f"{_ROOT}/{_segment(region)}/{_segment(cp)}/refuel"


def command_topic(region: str, cp: str, client: str, what: str) -> str:
    """Return where a client's commands are sent to; ``client`` and ``what`` may be wildcards."""
    return f"{_ROOT}/{_segment(region)}/{_segment(cp)}/command/{client}/{what}"


def reply_topic(region: str, cp: str, client: str) -> str:
    """Return where a client hears of its commands. ValueError when it has no name that can be in a topic."""
    return f"{_ROOT}/{_segment(region)}/{_segment(cp)}/reply/{_segment(client)}"


def is_segment(text: str) -> bool:
    """Tell whether this can be one level of a topic of ours."""
    return _SEGMENT.fullmatch(text) is not None


def _gateway_message(
    region: str, cp: str, leaf: Literal["status", "stats"], body: Struct, *, created: datetime, retain: bool
) -> OutboxMessage:
    topic = f"{_ROOT}/{_segment(region)}/{_segment(cp)}/gateway/{leaf}"
    return OutboxMessage(topic, json.encode(body), retain, None, utc(created))


def _point_message(
    point: PointConfig,
    leaf: str,
    body: Struct,
    *,
    created: datetime,
    retain: bool,
    expiry_s: int | None,
    passing: bool = False,
) -> OutboxMessage:
    return OutboxMessage(
        _topic(point.region, point.slug, leaf), json.encode(body), retain, expiry_s, utc(created), passing
    )


@lru_cache(maxsize=1024)  # every heartbeat of a point has the same two
def _topic(region: str, point: str, leaf: str) -> str:
    return f"{_ROOT}/{_segment(region)}/{_segment(point)}/{leaf}"


def _from_point(point: PointConfig, demo: Demo | None, exercise: bool) -> dict[str, Any]:
    """Return the fields that every message of a point begins with."""
    return {
        "region": point.region,
        "cp": point.cp,
        "municipality": point.municipality,
        "point": point.slug,
        "number": point.number,
        "name": point.name,
        "kit": point.kit_address,
        "demo": demo,
        "exercise": exercise,
    }


def _segment(text: str) -> str:
    """Return one level of a topic, or raise ValueError where it could open another."""
    if not _SEGMENT.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a level of an MQTT topic: use a-z, 0-9, '-' and '_'")
    return text
