"""The import rules of the tree, as tables: who may import what, and who may ask what time it is."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("firmware", "gateway", "tools", "tests")
SOURCES = {".py", ".sh", ".sql", ".html", ".js", ".css"}
MAX_LINES = 400

# The only modules that the wire may import, beside itself.
WIRE = {
    "firmware/nsplink/seal.py": {"struct", "cryptolib", "cryptography"},  # the one fork between interpreters
    # namedtuple: the one immutable record that both interpreters have
    "firmware/nsplink/frame.py": {"struct", "collections"},
}
WIRE_OTHERS = {"struct"}

# Pure: values in, values out. What they read (rules, texts) lies beside them.
PURE = (
    "firmware/nsplink/message.py",
    "firmware/nsplink/frame.py",
    "firmware/nspkit/modbus.py",
    "firmware/nspkit/device.py",
    "firmware/nspkit/models/*",
    "firmware/nspkit/alarms.py",
    "firmware/nspkit/remote.py",
    "firmware/nspkit/bulletins.py",
    "firmware/nspkit/calls.py",
    "firmware/nspkit/gestures.py",
    "firmware/nspkit/own.py",
    "firmware/nspkit/parts.py",
    "firmware/nspkit/signs.py",
    "gateway/nspgateway/forecast.py",
    "gateway/nspgateway/consumption.py",
    "gateway/nspgateway/fuel_level.py",
    "gateway/nspgateway/alarms.py",
    "gateway/nspgateway/messages.py",
    "gateway/nspgateway/overview.py",
    "gateway/nspgateway/state.py",
    "gateway/nspgateway/present.py",
    "gateway/nspgateway/cells.py",
    "gateway/nspgateway/hours.py",
    "gateway/nspgateway/exercise_mark.py",
    "gateway/nspgateway/audit_words.py",
    "gateway/nspgateway/audit_lines.py",
    "gateway/nspgateway/path_test_lines.py",
    "gateway/nspgateway/system_lines.py",
    "gateway/nspgateway/clocks.py",
    "gateway/nspgateway/popups.py",
    "gateway/nspgateway/exercise_lines.py",
    "gateway/nspgateway/exercises.py",
    "gateway/nspgateway/report_form.py",
    "gateway/nspgateway/report_lines.py",
    "gateway/nspgateway/reports.py",
    "gateway/nspgateway/crisis.py",
    "gateway/nspgateway/decision_lines.py",
    "gateway/nspgateway/message_lines.py",
    "gateway/nspgateway/resident_messages.py",
    "gateway/nspgateway/typed.py",
    "gateway/nspgateway/budget.py",
    "gateway/nspgateway/words.py",
    "gateway/nspgateway/alarm_boxes.py",
    "gateway/nspgateway/bulletin.py",
    "gateway/nspgateway/downlinks.py",
    "gateway/nspgateway/crowd.py",
    "gateway/nspgateway/people.py",
    "gateway/nspgateway/standing.py",
    "gateway/nspgateway/stock.py",
    "gateway/nspgateway/fuel_loss.py",
    "gateway/nspgateway/conditions_fuel.py",
    "gateway/nspgateway/lights_out.py",
    "gateway/nspgateway/urgency.py",
    "gateway/nspgateway/rows.py",
    "gateway/nspgateway/sentences.py",
    "gateway/nspgateway/totals.py",
    "gateway/nspgateway/wall.py",
    "gateway/nspgateway/region_list.py",
    "gateway/nspgateway/refuel_list.py",
    "gateway/nspgateway/refuel_csv.py",
    "gateway/nspgateway/refuel_lines.py",
    "gateway/nspgateway/situation_text.py",
    "gateway/nspgateway/handover_lines.py",
    "gateway/nspgateway/shift.py",
    "gateway/nspgateway/refuel_message.py",
    "gateway/nspgateway/verdict.py",
    "gateway/nspgateway/held.py",
    "gateway/nspgateway/vouchers.py",
    "gateway/nspgateway/moments.py",
    "gateway/nspgateway/judge.py",
    "gateway/nspgateway/disk.py",
    "gateway/nspgateway/sounding.py",
    "gateway/nspgateway/help_notice.py",
    "gateway/nspgateway/path_test.py",
    "gateway/nspgateway/verdict.py",
    "gateway/nspgateway/conditions_test.py",
    "gateway/nspgateway/verdict.py",
    "gateway/nspgateway/conditions_own.py",
    "gateway/nspgateway/alarm_text_own.py",
    "gateway/nspgateway/clock_step.py",
    "gateway/nspgateway/box_status.py",
    "gateway/nspgateway/nut.py",
    "gateway/nspgateway/batch.py",
    "gateway/nspgateway/judge.py",
    "gateway/nspgateway/ports/semtech.py",
    "gateway/nspgateway/trend.py",
    "gateway/nspgateway/charts.py",
    "gateway/nspgateway/histories.py",
    "gateway/nspgateway/quantities.py",
    "gateway/nspgateway/devices_health.py",
    "gateway/nspgateway/alarm_history.py",
    "gateway/nspgateway/point_page.py",
    "gateway/nspgateway/map_plot.py",
    "gateway/nspgateway/map_lines.py",
    "gateway/nspgateway/mqtt_packets.py",
    "gateway/nspgateway/pump.py",
    "gateway/nspgateway/link.py",
    "gateway/nspgateway/outgoing.py",
    "gateway/nspgateway/silence.py",
    "gateway/nspgateway/tamper.py",
    "gateway/nspgateway/uplinks.py",
    "gateway/nspgateway/unpack.py",
    "gateway/nspgateway/alarm_state.py",
    "gateway/nspgateway/alarm_gaps.py",
    "gateway/nspgateway/causes.py",
    "gateway/nspgateway/conditions_places.py",
    "gateway/nspgateway/decision.py",
    "gateway/nspgateway/mains.py",
    "gateway/nspgateway/showing.py",
    "gateway/nspgateway/storms.py",
    "gateway/nspgateway/command_payloads.py",
    "gateway/nspgateway/entries.py",
    "gateway/nspgateway/crisis.py",
    "gateway/nspgateway/course.py",
    "gateway/nspgateway/asyncapi.py",
    "gateway/nspgateway/privacy.py",
    "gateway/nspgateway/account_lines.py",
    "gateway/nspgateway/init/broker_files.py",
    "gateway/nspgateway/init/gateway_toml.py",
    "tools/nsptools/flash/label.py",
    "tools/nsptools/bench/rom_chip.py",
)
IMPURE = {
    *("aiomqtt", "asyncio", "machine", "multiprocessing", "os", "random", "secrets", "select", "serial"),
    *("shutil", "signal", "socket", "sqlite3", "ssl", "starlette", "subprocess", "tempfile", "threading"),
    *("time", "utime", "uvicorn"),
}
HARDWARE = ("*/board.py", "*/asleep.py", "*/boot.py", "*/main.py")
CLOCKS = ("firmware/nspkit/clock.py", "firmware/nspkit/board.py")
PEERS = ("tools/nsptools/benchmark/link_peers.py",)
NOW = {"date.today", "datetime.now", "datetime.today", "datetime.utcnow"}


class Rule(NamedTuple):
    """Files that match ``where``, but none of ``but``, do not import or call any of ``names``."""

    where: tuple[str, ...]
    but: tuple[str, ...]
    names: set[str]
    why: str

    def holds_for(self, path: str) -> bool:
        return _matches(path, self.where) and not _matches(path, self.but)


IMPORTS = (
    Rule(("firmware/nspkit/*",), (), {"nspgateway", "nspmodem"}, "the kit knows the wire and itself"),
    Rule(("firmware/nspmodem/*",), (), {"nspgateway"}, "the modem knows the wire and the kit's radios"),
    Rule(("firmware/*.py",), (), {"nspgateway"}, "what runs on a board never sees the gateway"),
    Rule(("gateway/*",), (), {"nspkit", "nspmodem"}, "the gateway knows a kit by its frames only"),
    Rule(("firmware/*", "gateway/*"), (), {"nsptools"}, "tools import the product, never the reverse"),
    Rule(("firmware/*",), HARDWARE, {"machine"}, "board builds the hardware, all else receives it"),
    Rule(("firmware/*",), ("*/wifi.py",), {"network"}, "one file switches Wi-Fi on, and off again"),
    Rule(("firmware/*",), (*CLOCKS, *HARDWARE), {"time", "utime"}, "the clock is handed in"),
    Rule(("gateway/*",), ("*/clock.py",), {"time"}, "the clock is handed in"),
    Rule(
        ("gateway/*",),
        ("*/store.py", "*_store.py", "*/database.py"),
        {"sqlite3"},
        "only store speaks SQL",
    ),
    Rule(("*",), PEERS, {"meshtastic", "cayennelpp"}, "a peer is measured beside us, never a part of us"),
    Rule(PURE, (), IMPURE, "this module is pure"),
)
CALLS = (
    Rule(("gateway/*",), ("*/clock.py",), NOW, "the clock is handed in"),
    Rule(("firmware/*",), CLOCKS, {"asyncio.sleep_ms", "asyncio.wait_for_ms"}, "CPython has it not"),
    Rule(PURE, (), {"open", "print", "input"}, "this module is pure"),
)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every import, however deep; relative ones stay inside and are left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name.partition(".")[0]) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def called(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every call, at most the last two parts of it (``datetime.now``)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ".".join(ast.unparse(node.func).split(".")[-2:])


def violations(path: str, source: str) -> list[str]:
    """Every broken rule in one file, with its line and the reason of the rule."""
    tree = ast.parse(source)
    broken = []
    for found, rules, verb in ((imported(tree), IMPORTS, "imports"), (called(tree), CALLS, "calls")):
        for line, name in found:
            broken += [
                f"{path}:{line} {verb} {name}: {rule.why}"
                for rule in rules
                if name in rule.names and rule.holds_for(path)
            ]
    if path.startswith("firmware/nsplink/"):
        allowed = WIRE.get(path, WIRE_OTHERS) | {"nsplink"}
        broken += [
            f"{path}:{line} imports {name}: the wire imports only {', '.join(sorted(allowed))}"
            for line, name in imported(tree)
            if name not in allowed
        ]
    return broken


def sources(*suffixes: str) -> list[Path]:
    """Our own source files with one of these endings."""
    found = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in found if path.suffix in suffixes and path.is_file()]


def test_every_file_keeps_the_import_rules() -> None:
    """Values move downstream only: no module reaches back, round, or out of its layer."""
    files = sources(".py")
    names = [path.relative_to(ROOT).as_posix() for path in files]
    broken = [
        fault for name, path in zip(names, files, strict=True) for fault in violations(name, path.read_text())
    ]
    assert not broken, "\n".join(broken)


def test_rules_see_the_files_that_they_name() -> None:
    """A rule is not kept by looking past its file: every named file that exists is among those read."""
    seen = {path.relative_to(ROOT).as_posix() for path in sources(".py")}
    assert "firmware/nsplink/fields.py" in seen
    named = {*WIRE, *PURE, *CLOCKS, *PEERS, "gateway/nspgateway/store.py", "gateway/nspgateway/clock.py"}
    missed = {
        path.relative_to(ROOT).as_posix()
        for pattern in named
        for path in ROOT.glob(pattern)
        if path.suffix == ".py"
    } - seen
    assert not missed


def test_no_file_outgrows_its_reader() -> None:
    """One job a file: none is longer than 400 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in sources(*SOURCES)}
    long = [f"{path.relative_to(ROOT)}: {n} lines" for path, n in lengths.items() if n > MAX_LINES]
    assert not long, "\n".join(long)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("firmware/nsplink/frame.py", "import binascii"),
        ("firmware/nsplink/fields.py", "from cryptography.hazmat import x"),
        ("firmware/nsplink/seal.py", "import os"),
        ("firmware/nspkit/app.py", "from nspgateway.store import Store"),
        ("firmware/nspkit/app.py", "import nsptools.bench"),
        ("firmware/nspkit/bus.py", "def late():\n    import machine"),
        ("firmware/nspkit/radio/rui3.py", "from machine import UART"),
        ("firmware/nspkit/poll.py", "import time"),
        ("firmware/nspkit/poll.py", "import asyncio\nasyncio.sleep_ms(1)"),
        ("firmware/nspkit/models/sdm630.py", "import asyncio"),
        ("firmware/nspkit/modbus.py", "from time import ticks_ms"),
        ("firmware/main.py", "from nspgateway import ingest"),
        ("gateway/nspgateway/ingest.py", "from nspkit.kit import Kit"),
        ("gateway/nspgateway/ingest.py", "import sqlite3"),
        ("gateway/nspgateway/ports/serial_modem.py", "from time import monotonic"),
        ("gateway/nspgateway/mqtt.py", "import datetime\nx = datetime.datetime.now(datetime.UTC)"),
        ("gateway/nspgateway/forecast.py", "import asyncio"),
        ("firmware/nspkit/uplink.py", "from cayennelpp import LppFrame"),
        ("gateway/nspgateway/ingest.py", "import meshtastic"),
        ("tools/nsptools/benchmark/link.py", "from meshtastic.protobuf import mesh_pb2"),
        ("gateway/nspgateway/alarms.py", "rules = open('rules.toml')"),
    ],
)
def test_a_broken_rule_is_caught(path: str, source: str) -> None:
    """The rules themselves work: each of these lines is a violation."""
    assert violations(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "firmware/nsplink/seal.py",
            "try:\n    import cryptolib\nexcept ImportError:\n    import cryptography",
        ),
        ("firmware/nsplink/frame.py", "import collections\nimport struct"),
        ("firmware/nspkit/board.py", "import machine, time"),
        ("firmware/nspkit/uplink.py", "import asyncio\nfrom nsplink import frame"),
        ("gateway/nspgateway/store.py", "import sqlite3"),
        ("gateway/nspgateway/forecast.py", "from datetime import datetime\nage = clock.now()"),
        ("tools/nsptools/bench/site.py", "import asyncio, time\nimport nspkit, nspgateway"),
    ],
)
def test_what_is_allowed_is_left_alone(path: str, source: str) -> None:
    """The rules do not cry wolf: each of these is how the code is meant to be."""
    assert violations(path, source) == []
