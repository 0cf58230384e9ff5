"""Whatever is killed, pulled out or full: what was acknowledged on air is in the journal once, and at a consumer once.

A consumer knows telemetry by its ``key``: QoS 1 may deliver a message twice, never not at all.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mqtt_peers import Mosquitto, Wire
from storm_kits import ALARM
from storm_room import Storm

def assert_journal(storm: Storm) -> None:
    """All that was acknowledged is there, nothing is there twice, and the file is sound."""
    rows = storm.rows("SELECT kit, generation, counter FROM frame")
    assert max(Counter(rows).values()) == 1
    acked = {(kit.address, kit.generation, counter) for kit in storm.kits for counter in kit.acked}
    assert len(acked) > len(storm.kits)
    assert acked <= set(rows), sorted(acked - set(rows))[:10]
    assert storm.rows("PRAGMA integrity_check") == [("ok",)]
    assert storm.rows("PRAGMA foreign_key_check") == []


def assert_heard(storm: Storm) -> None:
    """A consumer has every heartbeat of the journal by its key, and nothing else; each topic in order."""
    heartbeats = storm.rows("SELECT kit, generation, counter FROM frame WHERE kind IN ('vital', 'full', 'status')")
    wanted = {f"{kit}-{generation}-{counter}" for kit, generation, counter in heartbeats}
    keys = [json.loads(body)["key"] for topic, body in storm.tally.heard if topic.endswith("/telemetry")]
    assert set(keys) == wanted
    moments: dict[str, str] = {}
    for topic, body in storm.tally.heard:
        if is_retained(topic):
            at = json.loads(body)["at"]
            assert moments.get(topic, "") <= at, topic
            moments[topic] = at


def assert_shown(storm: Storm) -> None:
    """What the broker keeps is the newest of each topic, and as the kits are; nobody was taken for an attacker."""
    said = {topic: body for topic, body in storm.said_last.items() if is_retained(topic)}
    assert said == {topic: body for topic, body in storm.kept.items() if is_retained(topic)}
    alarms = {(point, name): json.loads(record) for point, name, record in storm.rows("SELECT * FROM alarm")}
    for number, kit in enumerate(storm.kits, 1):
        slug = f"punt-{number}"
        state = json.loads(storm.kept[f"nsp/v1/regio/{slug}/state"])
        assert state["values"]["fuel_permille"]["value"] == kit.litres
        record = alarms.get((slug, ALARM), {"state": "normal", "note": ""})
        is_over = record["state"] in {"normal", "returned_unacknowledged"}
        assert is_over != kit.broken, (slug, record)
        raised = storm.rows(f"SELECT action FROM alarm_event WHERE point = '{slug}' AND alarm = '{ALARM}'")
        assert kit.turns == 0 or raised
    assert not [name for _, name in alarms if name == "tamper_suspected"]


def is_retained(topic: str) -> bool:
    """Whether this topic tells how something is, not what happened."""
    return topic.endswith("/state") or "/alarm/" in topic


def assert_all(storm: Storm) -> None:
    """Everything that has to be true of the files and of what was heard."""
    assert_journal(storm)
    assert_heard(storm)
    assert storm.witness.heard
    assert storm.witness.reused == []
    assert storm.witness.unread == 0
    assert "Traceback" not in storm.said()
    assert_shown(storm)


async def test_a_short_storm(tmp_path: Path, mosquitto: Mosquitto, wire: Wire) -> None:
    """Protects every acknowledged frame from kills of gateway and broker and from a modem that is pulled out."""
    async with Storm(tmp_path, mosquitto, wire, seed=1) as storm:
        harms: list[Callable[[], object]] = [storm.kill] * 5 + [storm.kill_broker] * 2 + [storm.replug] * 2
        storm.chance.shuffle(harms)
        for harm in harms:
            await asyncio.sleep(storm.chance.uniform(0.05, 0.5))
            await harm()  # type: ignore[misc]
        await storm.up()
        await storm.calm()
        assert_all(storm)
