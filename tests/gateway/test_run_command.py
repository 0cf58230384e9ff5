"""``nsp gateway run`` as a service manager runs it: it starts, says what happens, and stops when told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from certificates import Authority
from gateway_process import provisioned
from nsp import command, nsp
from nspgateway.config import BrokerConfig
from patience import PATIENCE_S
from ports import free_port

# What a stop may take, by measurement; else what is tested is that nothing waits for the broker.
STOP_S = 5.0


@contextmanager
def running(config: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """A gateway that is up, and what it has said so far."""
    errors = config.parent / "stderr"
    with errors.open("wb") as err:
        process = subprocess.Popen(command("gateway", "run", "--config", config), stderr=err)
    try:
        end = time.monotonic() + PATIENCE_S
        while "modem down" not in errors.read_text():
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < end, "the gateway did not start"
            time.sleep(0.02)
        yield process, errors.read_text
    finally:
        process.kill()
        process.wait()


def assert_stops(
    process: subprocess.Popen[bytes], said: Callable[[], str], within_s: float = PATIENCE_S
) -> None:
    given_up = said().count("mqtt offline")
    process.send_signal(signal.SIGTERM)
    assert process.wait(within_s) == 0
    assert "Traceback" not in said()
    assert said().count("mqtt offline") == given_up, "it waited for the broker until its patience ended"


WITHIN = pytest.mark.parametrize("within_s", [PATIENCE_S, pytest.param(STOP_S, marks=pytest.mark.soak)])


@WITHIN
@pytest.mark.parametrize("tls", [False, True])
def test_stops_while_a_mute_broker_is_waited_for(tmp_path: Path, within_s: float, *, tls: bool) -> None:
    """Protects the stop of the box: a broker that takes the call and says nothing does not hold it up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        mute.settimeout(PATIENCE_S)
        broker = BrokerConfig(
            name="mute",
            host="127.0.0.1",
            port=mute.getsockname()[1],
            ca=Authority(tmp_path, "ca").path if tls else None,
        )
        with running(provisioned(tmp_path, broker)) as (process, said), closing(mute.accept()[0]):
            assert_stops(process, said, within_s)


@WITHIN
def test_stops_while_no_broker_can_be_reached(tmp_path: Path, within_s: float) -> None:
    """Protects the stop of the box: a wire that swallows every packet does not hold it up."""
    with (
        closing(socket.socket()) as full,
        closing(socket.socket()) as first,
        closing(socket.socket()) as second,
    ):
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for caller in (first, second):  # the queue is full now: whoever calls next gets no answer at all
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        broker = BrokerConfig(name="far", host="127.0.0.1", port=full.getsockname()[1])
        with running(provisioned(tmp_path, broker)) as (process, said):
            assert_stops(process, said, within_s)


def test_one_gateway_for_each_folder(tmp_path: Path) -> None:
    """Protects the journal: a second gateway on the same data is refused, and the first goes on."""
    config = provisioned(tmp_path, BrokerConfig(name="none", host="127.0.0.1", port=free_port()))
    with running(config) as (process, said):
        second = nsp("gateway", "run", "--config", config)
        assert second.code == 1
        assert "another gateway works in this folder" in second.err
        assert "Traceback" not in second.err
        assert process.poll() is None
        assert_stops(process, said)
    with running(config) as (process, said):
        assert_stops(process, said)
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "nsp.db").stat().st_mode & 0o777 == 0o600


def test_says_what_happens_and_no_more() -> None:
    """Protects the log: changes are in it; the refused frames of a day of foreign traffic are not."""
    program = (
        "import structlog; from nspgateway.__main__ import log_to_stderr; log_to_stderr();"
        "log = structlog.get_logger(); log.debug('a frame refused'); log.info('modem up')"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "modem up" in ended.stderr
    assert "refused" not in ended.stderr + ended.stdout
