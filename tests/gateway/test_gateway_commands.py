"""``nsp gateway check-config`` and ``status``, the service manager, and a stop that nothing holds up."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from certificates import Authority
from gateway_process import provisioned
from mqtt_peers import Mosquitto, until
from nsp import Ended, command
from nspgateway import __main__ as gateway
from nspgateway import status_socket
from nspgateway.check import check
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.errors import ConfigError
from nspgateway.sd_notify import ServiceManager
from nspgateway.store import Store
from nsptools.cli import main
from patience import PATIENCE_S
from ports import free_port


class Manager:
    """A service manager's end of the line."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(PATIENCE_S)

    def wait_for(self, line: str) -> None:
        """Return once this was said; TimeoutError when it never is."""
        while line not in self.said:
            self.said += self._socket.recv(4096).decode().splitlines()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """A service manager that listens."""
    with closing(Manager(tmp_path)) as made:
        yield made


@contextmanager
def serving(config: Path, manager: Manager) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway that has said that it is ready."""
    environment = os.environ | {"NOTIFY_SOCKET": str(manager.path)}
    with (config.parent / "stderr").open("wb") as err:
        process = subprocess.Popen(command("gateway", "run", "--config", config), stderr=err, env=environment)
    try:
        manager.wait_for("READY=1")
        yield process
    finally:
        process.kill()
        process.wait()


Nsp = Callable[..., Ended]


@pytest.fixture
def nsp(capsys: pytest.CaptureFixture[str]) -> Nsp:
    """Run a command in this process, which saves its start."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return run


async def test_a_stop_is_held_up_by_nothing(
    tmp_path: Path, manager: Manager, new_mosquitto: Callable[..., Mosquitto]
) -> None:
    """Protects the box: a frozen broker, a mute modem and a reader that never reads do not keep it from stopping."""
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        said = await stopped(folder, manager, await new_mosquitto("allow_anonymous true").start())
        assert "Traceback" not in said
        if "not waited for" not in said:
            return  # else again: on a machine that pauses the time of any part may be over
    pytest.fail("each part has a bound of its own, and one of them did not keep it")


async def stopped(folder: Path, manager: Manager, broker: Mosquitto) -> str:
    """Stop a gateway of which nothing around it answers any more; what it said."""
    ours, theirs = pty.openpty()
    manager.said.clear()
    config = provisioned(folder, BrokerConfig(name="own", host="127.0.0.1", port=broker.port))
    config.write_text(config.read_text().replace(str(folder / "no-modem"), os.ttyname(theirs)))
    with closing(socket.socket(socket.AF_UNIX)) as idle, serving(config, manager) as process:
        document: dict[str, Any] = {}

        def is_online() -> bool:
            document.update(json.loads(status_socket.ask(folder / "data")))
            return bool(document["brokers"][0]["state"] == "online")

        await until(is_online)
        idle.connect(str(folder / "data" / status_socket.NAME))
        broker.signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0
    manager.wait_for("STOPPING=1")
    assert "WATCHDOG=1" in manager.said
    assert not (folder / "data" / status_socket.NAME).exists()
    Store(folder / "data" / "nsp.db").close()
    assert json.loads((folder / "data" / "clock.json").read_text())["at"]
    os.close(ours)
    os.close(theirs)
    return (folder / "stderr").read_text()


@pytest.mark.parametrize("code", [0, 1])
def test_what_nobody_can_cancel_ends_with_the_deadline(code: int) -> None:
    """Protects the stop: a thread that never ends is left behind, with the exit code of what was done until then."""
    program = (
        "import threading; from nspgateway.stopping import Deadline\n"
        f"end = Deadline(0.05); end.code = {code}; end.start(); end.start()\n"
        "threading.Thread(target=threading.Event().wait).start()"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=PATIENCE_S).returncode == code


def test_a_task_that_does_not_end_is_named(tmp_path: Path, manager: Manager) -> None:
    """Protects the stop: a part of the gateway that does not let itself be cancelled is named and left behind."""
    config = provisioned(tmp_path, BrokerConfig(name="own", host="127.0.0.1", port=free_port()))
    program = (
        "import asyncio, sys; from pathlib import Path; from nspgateway import __main__ as m\n"
        "from nspgateway.ports.serial_modem import SerialModem\n"
        "async def deaf(self):\n"
        "    while True:\n"
        "        try: await asyncio.sleep(60)\n"
        "        except asyncio.CancelledError: pass\n"
        "SerialModem.run = deaf\n"
        f"m.log_to_stderr(); sys.exit(asyncio.run(m.run(Path({str(config)!r}))))"
    )
    environment = os.environ | {"NOTIFY_SOCKET": str(manager.path)}
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, env=environment)
    manager.wait_for("READY=1")
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert b"not waited for" in err
    assert b"port" in err
    Store(tmp_path / "data" / "nsp.db").close()


def test_status_tells_how_the_gateway_is(tmp_path: Path, manager: Manager, nsp: Nsp) -> None:
    """Protects the technician: running or not, what is wrong by name, for a person and for a program."""
    config = provisioned(tmp_path, BrokerConfig(name="own", host="127.0.0.1", port=free_port()))
    ended = nsp("gateway", "status", "--config", config)
    assert ended.code == 3
    assert "no gateway runs" in ended.err
    left_behind = tmp_path / "data" / status_socket.NAME
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(left_behind))
    with pytest.raises(status_socket.NotRunning):
        status_socket.ask(tmp_path / "data")
    with serving(config, manager):
        assert left_behind.stat().st_mode & 0o777 == 0o600
        ended = nsp("gateway", "status", "--config", config, "--json")
        document = json.loads(ended.out)
        assert ended.code == 1
        assert any(problem.startswith("modem: no modem at") for problem in document["problems"])
        assert any(problem.startswith("broker own: offline") for problem in document["problems"])
        assert document["modem"]["cause"] == "missing"
        assert [point["slug"] for point in document["points"]] == ["de-linde"]
        assert document["points"][0]["heard_s"] is None
        assert "De Linde" not in json.dumps(document), "a program needs no names"
        ended = nsp("gateway", "status", "--config", config)
        assert ended.code == 1
        assert "wrong: modem: no modem at" in ended.out.replace("\n", " ")
        assert "de-linde" in ended.out
        assert document["notifiers"][0]["name"] == "page"
        assert document["store"]["held"] is False
        assert document["store"]["reserve_mb"] == 8
        assert "notifier page" in ended.out
        refuel = nsp("gateway", "refuel", "--config", config)
        assert (refuel.code, "Vertrekken vóór" in refuel.out) == (0, True)
        lines = nsp("gateway", "refuel", "--csv", "--config", config).out.splitlines()
        assert lines[0].startswith("\ufeffPunt;Nummer;")
    assert nsp("gateway", "refuel", "--config", config).code == 3


def test_a_folder_far_down_has_its_socket_too(tmp_path: Path) -> None:
    """Protects long paths: the kernel's limit of 107 bytes for a socket's name does not count here."""
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)

    async def ask() -> bytes:
        task = asyncio.ensure_future(status_socket.StatusSocket(folder, lambda: b"{}").run())
        await until((folder / status_socket.NAME).exists)
        said = await asyncio.to_thread(status_socket.ask, folder)
        task.cancel()
        await asyncio.wait([task])
        return said

    assert asyncio.run(ask()) == b"{}"
    with pytest.raises(status_socket.NotRunning):
        status_socket.ask(folder)


def test_a_service_manager_may_be_absent_or_abstract(tmp_path: Path) -> None:
    """Protects a start by hand, and a manager that has gone: nothing is told, and nothing fails."""
    ServiceManager("").tell("READY=1")
    ServiceManager(str(tmp_path / "nobody")).tell("READY=1")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as there:
        there.bind("\0nsp-test-" + str(os.getpid()))
        ServiceManager(f"@nsp-test-{os.getpid()}").tell("READY=1", "WATCHDOG=1")
        assert there.recv(100) == b"READY=1\nWATCHDOG=1"


def test_check_config_finds_nothing_in_what_works(tmp_path: Path, nsp: Nsp) -> None:
    """Protects the technician's last look before the box goes out: what is right is said to be so."""
    with closing(socket.create_server(("127.0.0.1", 0))) as there:
        broker = BrokerConfig(name="own", host="127.0.0.1", port=there.getsockname()[1])
        config = provisioned(tmp_path, broker)
        ended = nsp("gateway", "check-config", "--config", config, "--connect")
    assert (ended.code, ended.err) == (0, "")
    assert "points.toml: points 1, with a kit 1" in ended.out
    assert "broker own: answers" in ended.out
    assert "alarm rules" in ended.out
    assert list((tmp_path / "data").iterdir()) == [], "a look changes nothing"


def test_check_config_finds_every_fault(tmp_path: Path, nsp: Nsp) -> None:
    """Protects the technician from one fault a run: all that can be looked at is, each with file and cure."""
    password = tmp_path / "password"
    password.write_text("een lange wachtzin\n")
    password.chmod(0o644)
    authority = Authority(tmp_path, "ca")
    config = provisioned(
        tmp_path,
        BrokerConfig(name="own", host="127.0.0.1", port=free_port(), username="a", password_file=password),
    )
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate\n")
    config.write_text(
        config.read_text()
        + f'[[broker]]\nname = "region"\nhost = "127.0.0.1"\nport = {free_port()}\nca = "{broken}"\n'
        + f'[[broker]]\nname = "good"\nhost = "127.0.0.1"\nport = {free_port()}\nca = "{authority.path}"\n'
        + f'[relay]\nchip = "{password}"\nline = 4\n[ups]\nname = "ups"\nport = {free_port()}\n'
    )
    (tmp_path / "points.toml").write_text("[[point]]\nslug = 3\n")
    (tmp_path / "passphrase").write_text("een andere wachtzin\n")
    (tmp_path / "data").chmod(0o755)
    ended = nsp("gateway", "check-config", "--config", config, "--connect")
    assert ended.code == 2
    wrong = ended.err.splitlines()
    assert all(line.startswith("wrong  ") for line in wrong)
    for words in (
        "points.toml, line 2",
        "keys.db",
        "others can read this secret",
        "no usable certificate",
        "is no GPIO character device",
        "chmod 700",
        "broker good at 127.0.0.1",
        "ups at 127.0.0.1",
    ):
        assert any(words in line for line in wrong), words
    assert "een lange wachtzin" not in ended.err + ended.out
    assert "Traceback" not in ended.err


def test_check_config_refuses_what_a_start_would(tmp_path: Path) -> None:
    """Protects from a box that passed its check and does not start: weak secret, strange client, a radio of a demo."""
    config = provisioned(tmp_path, BrokerConfig(name="own", host="127.0.0.1", port=free_port()))
    text = config.read_text().replace(str(tmp_path / "no-modem"), "simulated")
    config.write_text(
        f'{text}[[broker]]\nname = "region"\nhost = "127.0.0.1"\nport = 1883\n'
        '[[broker.client]]\nname = "plan"\nrole = "chef"\nmay = ["acknowledge"]\n'
    )
    (tmp_path / "passphrase").write_text("geheim\n")
    wrong = check(config).wrong
    for words in ("the passphrase is shorter", "broker[1].client", "hears nobody"):
        assert any(words in line for line in wrong), (words, wrong)


def test_check_config_misses_the_key_of_a_kit(tmp_path: Path) -> None:
    """Protects a point whose kit nobody would hear: it is named before the box goes out."""
    config = provisioned(tmp_path, BrokerConfig(name="own", host="127.0.0.1", port=free_port()))
    points = tmp_path / "points.toml"
    points.write_text(points.read_text().replace("kit_address = 65", "kit_address = 66"))
    (wrong,) = check(config).wrong
    assert "no key for the kit of de-linde" in wrong


def test_a_start_that_fails_half_way_leaves_nothing_open(tmp_path: Path) -> None:
    """Protects the next start: what the failed one had opened is closed, and the folder is free."""
    ours = tmp_path / "password"
    ours.write_text("een lange wachtzin\n")
    ours.chmod(0o600)
    config = provisioned(
        tmp_path,
        BrokerConfig(name="own", host="127.0.0.1", port=free_port(), username="a", password_file=ours),
    )
    ours.chmod(0o644)
    for _ in range(2):
        with pytest.raises(ConfigError, match="others can read"):
            gateway.Gateway(*gateway.load(config), Clock())
    ours.chmod(0o600)
    gateway.Gateway(*gateway.load(config), Clock()).close()


def test_check_config_of_what_cannot_be_read(tmp_path: Path, nsp: Nsp) -> None:
    """Protects from a traceback: no file, or one with a wrong key, is named with its line."""
    (wrong,) = check(tmp_path / "none.toml").wrong
    assert "cannot be read" in wrong
    config = tmp_path / "gateway.toml"
    config.write_text('region = "r"\ncp_number = "one"\n')
    ended = nsp("gateway", "check-config", "--config", config)
    assert ended.code == 2
    assert "gateway.toml, line 2" in ended.err
    assert "Traceback" not in ended.err
