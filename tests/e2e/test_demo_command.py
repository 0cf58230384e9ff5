"""The commands as a newcomer and a script meet them: what they print, how they end, what they say when they cannot."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nsp import Beside, Ended, nsp
from nsplink import regions
from nsptools.demo import places
from nsptools.provision import CpSpec, SiteSpec, provision
from patience import PATIENCE_S

pytestmark = pytest.mark.usefixtures("headless_demo")  # it runs beside the others and is judged last

# Heartbeats of two kits, of which the one whose tank runs low has surely told so.
ENOUGH = 14
ANY_PORT = ("--http-port", 0, "--mqtt-port", 0)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def gateway_toml(tmp_path: Path) -> Path:
    """Settings of a coordinating point as the demo has it: its keys are in the clear."""
    cp = CpSpec(slug="kazerne", number=301, region="voorbeeld", modem_port=str(tmp_path / "no-modem"))
    made = provision(
        tmp_path, [SiteSpec(places.point(1), 1)], cp, phy=regions.PHY, demo=True, heartbeat_s=300, full_s=3600
    )
    return made.config_file


def check_refused(done: Ended, code: int, *said: str) -> None:
    """One line for the person, the right exit code, no traceback, nothing on stdout."""
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.startswith("nsp: ")
    assert len(done.err.splitlines()) == 1, done.err
    for part in said:
        assert part in done.err


def test_port_of_the_page_in_use(taken: int) -> None:
    """Protects the first try of somebody who already runs something on that port: which option to change."""
    done = nsp("demo", "--headless", "--seconds", 1, "--http-port", taken, "--mqtt-port", 0)
    check_refused(done, 2, f"port {taken} on 127.0.0.1 is already in use", "--http-port")


def test_port_of_the_broker_in_use(taken: int) -> None:
    """Protects from the system's own Mosquitto: which option to change."""
    done = nsp("demo", "--headless", "--seconds", 1, "--http-port", 0, "--mqtt-port", taken)
    check_refused(done, 2, f"port {taken} on 127.0.0.1 is already in use", "--mqtt-port")


def test_folder_that_holds_something(tmp_path: Path) -> None:
    """Protects what is in a folder from a demo, and a demo from what is in it."""
    (tmp_path / "letter.txt").write_text("dear")
    done = nsp("demo", "--headless", "--seconds", 1, *ANY_PORT, "--data", tmp_path)
    check_refused(done, 2, f"{tmp_path} is not empty", "--data")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_no_demo_to_turn_a_value_of(tmp_path: Path) -> None:
    """Protects a trainer in the wrong terminal: there is no demo, and how to start one."""
    done = nsp("bench", "set", "de-linde.plant.fuel_l", 1, XDG_RUNTIME_DIR=str(tmp_path))
    check_refused(done, 2, "No demo runs here", "nsp demo")


def test_gateway_without_settings(tmp_path: Path) -> None:
    """Protects the first start of a box: which file is missing."""
    file = tmp_path / "gateway.toml"
    check_refused(nsp("gateway", "run", "--config", file), 2, str(file), "No such file")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("cp_number = 301", "cp_number = ", "line "),
        ("cp_number = 301", "cp_nummer = 301", "cp_nummer"),
        ("cp_number = 301", "cp_number = 1024", "cp_number"),
        ("sf = 9", "sf = 13", "radio.sf"),
    ],
)
def test_gateway_with_a_broken_setting(gateway_toml: Path, right: str, wrong: str, said: str) -> None:
    """Protects a box from starting with half of its settings: file and place of the fault are named."""
    text = gateway_toml.read_text()
    assert right in text
    gateway_toml.write_text(text.replace(right, wrong))
    check_refused(nsp("gateway", "run", "--config", gateway_toml), 2, str(gateway_toml), said)


def test_gateway_refuses_keys_in_the_clear(gateway_toml: Path) -> None:
    """Protects real kits: what a demo may do with keys, a gateway may not."""
    done = nsp("gateway", "run", "--config", gateway_toml)
    check_refused(done, 2, "keys.db", "not encrypted", "only a demo")


def test_headless_demo_loses_nothing(headless_demo: Beside) -> None:
    """Protects scripts: addresses first, JSON last, every frame of the kits in the journal and published once."""
    done = headless_demo.end(timeout_s=4 * PATIENCE_S)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    dashboard, broker, *_, last = done.out.splitlines()
    assert dashboard.startswith("Dashboard: http://127.0.0.1:")
    assert "DEMO x60" in dashboard
    assert broker.startswith("Broker:    mqtt://127.0.0.1:")
    result = json.loads(last)
    assert list(result) == [
        "kits", "heartbeats_sent", "heartbeats_received", "published", "lost", "duplicates", "alarms",
    ]  # fmt: skip
    assert (result["kits"], result["lost"], result["duplicates"]) == (2, 0, 0)
    # What met another frame on the air is still held by its kit, and not lost.
    sent, received = result["heartbeats_sent"], result["heartbeats_received"]
    assert 2 <= received <= sent < 4 * received
    assert result["published"] >= received
    # A level is the median of five readings; on a slow machine the kits may not have spoken as often in these seconds.
    assert "fuel_low" in result["alarms"] or sent < ENOUGH
