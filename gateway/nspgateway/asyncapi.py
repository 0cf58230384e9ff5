"""The AsyncAPI 3.0 document of everything on MQTT, made from the structs that are sent and read. Pure.

``nsp docs`` writes it to docs/asyncapi.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from msgspec import Struct, inspect, structs

from nspgateway import command_payloads, payloads, privacy

_SCHEMAS = "#/components/schemas/{name}"
_ABOUT = """\
Messages of a coordinating point's gateway, and the commands that clients may send it.

All are JSON in UTF-8, QoS 1: a message may come twice, `x-idempotence-key` says what makes two of them one.
Fields may be added to version 1; ignore those that you do not know. Times are UTC, ages whole seconds.
An empty retained message takes a point or alarm that is no more from the broker. MQTT 3.1.1 has no expiry:
there `valid_until` alone says how long a state may be believed. Alarms are retained without an end: they are
to be believed while `gateway/status` says online.
`x-privacy` is the class of a field: technical, operational, personal (goes to the gateway's database only)."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of message. ``expiry``: what MQTT 5's expiry is; "" = it has none. ``key``: what makes two of them one."""

    name: str
    address: str
    payload: type[Struct]
    key: str
    retain: bool = False
    expiry: str = ""
    receive: bool = False
    will: bool = False


CHANNELS = (
    Channel(
        "state", "nsp/v1/{region}/{point}/state", payloads.State, "point, at",
        retain=True, expiry="seconds until `valid_until`",
    ),
    Channel(
        "refuel", "nsp/v1/{region}/{cp}/refuel", payloads.Refuel, "cp, at",
        retain=True, expiry="900: seconds until `valid_until`",
    ),
    Channel("telemetry", "nsp/v1/{region}/{point}/telemetry", payloads.Telemetry, "key"),
    Channel(
        "alarm", "nsp/v1/{region}/{point}/alarm/{alarm}", payloads.AlarmMessage, "point, id, state, at",
        retain=True,
    ),
    Channel("help", "nsp/v1/{region}/{point}/help/{call}", payloads.HelpMessage, "key"),
    Channel(
        "status", "nsp/v1/{region}/{cp}/gateway/status", payloads.GatewayStatus, "cp, at, state",
        retain=True, will=True,
    ),
    Channel("stats", "nsp/v1/{region}/{cp}/gateway/stats", payloads.GatewayStats, "cp, at"),
    Channel(
        "reply", "nsp/v1/{region}/{cp}/reply/{client}", payloads.Reply, "id",
        expiry="60: a reply that nobody waits for any more is not kept",
    ),
    *(
        Channel(
            f"command_{what}", f"nsp/v1/{{region}}/{{cp}}/command/{{client}}/{what}", kind.payload,
            "client, id: a second one is answered as the first and not done again", receive=True,
        )
        for what, kind in command_payloads.COMMANDS.items()
    ),
)  # fmt: skip

_PARAMETERS = {
    "region": "The safety region's slug.",
    "point": "The point's slug; the coordinating point itself has alarms too.",
    "cp": "The coordinating point's slug.",
    "alarm": "The alarm's id.",
    "call": "The call's id: kit, boot and number in that boot.",
    "client": "The client's account at the broker; its access list lets nobody else use it.",
}


def document() -> dict[str, Any]:
    """Return the whole document, ready for JSON."""
    made = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "NSP gateway on MQTT",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {one.name: _channel(one) for one in CHANNELS},
        "operations": {f"{_verb(one)}_{one.name}": _operation(one) for one in CHANNELS},
        "components": {
            "messages": {one.name: _message(one) for one in CHANNELS},
            "parameters": {name: {"description": text} for name, text in _PARAMETERS.items()},
            "schemas": schemas(),
        },
    }
    # As it is read: a default that is a tuple here is a list there.
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return found


def schemas() -> dict[str, Any]:
    """Return the JSON schema of every struct in a message, with the class of each field."""
    _, found = msgspec.json.schema_components([one.payload for one in CHANNELS], ref_template=_SCHEMAS)
    known = {**vars(payloads), **vars(command_payloads)}
    return {name: _marked(known[name], schema) for name, schema in sorted(found.items())}


def _verb(channel: Channel) -> str:
    return "receive" if channel.receive else "send"


def _channel(channel: Channel) -> dict[str, Any]:
    names = [part[1:-1] for part in channel.address.split("/") if part.startswith("{")]
    return {
        "address": channel.address,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in names},
    }


def _operation(channel: Channel) -> dict[str, Any]:
    mqtt: dict[str, Any] = {"qos": 1, "retain": channel.retain, "bindingVersion": "0.2.0"}
    if channel.expiry:
        mqtt["messageExpiryInterval"] = {"type": "integer", "description": channel.expiry}
    made: dict[str, Any] = {
        "action": _verb(channel),
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.name}"}],
        "bindings": {"mqtt": mqtt},
    }
    if channel.receive:
        what = channel.name.removeprefix("command_")
        made["x-right"] = command_payloads.COMMANDS[what].right
        made["reply"] = {
            "channel": {"$ref": "#/channels/reply"},
            "messages": [{"$ref": "#/channels/reply/messages/reply"}],
        }
    return made


def _message(channel: Channel) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": channel.name,
        "summary": (channel.payload.__doc__ or "").split("\n")[0],
        "contentType": "application/json",
        "payload": {"$ref": _SCHEMAS.format(name=channel.payload.__name__)},
        "x-idempotence-key": channel.key,
    }
    if channel.will:
        made["x-last-will"] = True
    return made


def _marked(struct: type[Struct], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with what msgspec leaves out: which texts are moments, and each field's privacy class."""
    classes = privacy.of(struct.__name__)
    info = cast("inspect.StructType", inspect.type_info(struct))
    kinds = {field.encode_name: field.type for field in info.fields}
    fields = {field.encode_name: field.name for field in structs.fields(struct)}
    properties = {
        name: {**_moment(kinds[name], part), "x-privacy": classes[fields[name]]}
        for name, part in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _moment(kind: inspect.Type, part: Mapping[str, Any]) -> dict[str, Any]:
    types = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    if not any(isinstance(one, inspect.DateTimeType) for one in types):
        return dict(part)
    moment = {"type": "string", "format": "date-time"}
    if len(types) == 1:
        return {**part, **moment}
    return {**part, "anyOf": [moment, {"type": "null"}]}
