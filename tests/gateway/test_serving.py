"""Where and how the page is served outside a demo: over TLS, behind a login, under its own names, or not at all."""

from __future__ import annotations

import http.client
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest

from door_room import PASSWORD, hidden, secret_of
from gateway_process import provisioned
from nsp import command
from nspgateway.check import check
from nspgateway.config import BrokerConfig, load_gateway
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.init import authority
from nspgateway.init.authority import Authority
from nspgateway.secure import require_secure
from nspgateway.web import serving
from nspgateway.web.serving import Served
from patience import PATIENCE_S
from ports import free_port
from web_room import Answer

HOST = "nsp-box.lan"


def with_page(folder: Path, *more: str) -> Path:
    """A provisioned gateway with a page, its certificate and key, and the CA that vouches for it; returns gateway.toml."""
    config = provisioned(folder, BrokerConfig(name="own", host="127.0.0.1", port=free_port()))
    at, key = datetime.now(UTC), authority.new_key()
    ca = Authority.create("regio", "kazerne", (HOST,), at)
    (folder / "ca.pem").write_bytes(authority.certificate_pem(ca.certificate))
    (folder / "page.pem").write_bytes(authority.certificate_pem(ca.server(key.public_key(), (HOST,), at)))
    (folder / "page.key").write_bytes(authority.key_pem(key))
    (folder / "page.key").chmod(0o600)
    lines = [
        "[page]",
        *(more or ('certificate = "page.pem"', 'private_key = "page.key"', f"port = {free_port()}")),
    ]
    config.write_text(f"{config.read_text()}\n" + "\n".join(lines) + "\n")
    return config


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("port = 8443",), "page.certificate: missing: outside the demo the page is served over TLS only"),
        (('certificate = "page.pem"',), "page: certificate and private_key belong together"),
        (('certificate = "page.pem"', 'private_key = "no.key"'), "certificate and private key"),
        (('certificate = "ca.pem"', 'private_key = "page.key"'), "certificate and private key"),
        (('listen = "nsp-box.lan"',), "must be an IP address, not a name"),
        (('second_factor = ["scherm"]',), "page.second_factor[0]"),
        (("port = 70000",), "page.port"),
    ],
)
def test_settings_of_the_page_are_refused(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    """Protects from a page without TLS and a technician from guessing: each refusal names the key and what is wrong."""
    config = with_page(tmp_path, *lines)
    with pytest.raises(ConfigError) as refused:
        require_secure(config, load_gateway(config))
    assert said in str(refused.value)
    assert said in " ".join(check(config).wrong)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Protects the page's key: a box on which others could have copied it does not serve with it."""
    config = with_page(tmp_path)
    (tmp_path / "page.key").chmod(0o644)
    with pytest.raises(ConfigError, match="others can read this secret"):
        require_secure(config, load_gateway(config))


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """Protects the start: another program on the port is said in words, with what to do."""
    config = with_page(tmp_path)
    page = load_gateway(config).page
    assert page is not None
    with closing(socket.create_server(("127.0.0.1", page.port))), pytest.raises(ConfigError) as refused:
        serving.guarded(config, page)
    assert "page.listen" in str(refused.value)
    assert "no other program" in str(refused.value)


def test_an_open_page_is_for_a_demo_only() -> None:
    """Protects the field from the demo's door: without TLS, or without a login, nothing is served."""
    with closing(serving.bound("127.0.0.1", 0)) as sock:
        for served in (Served(sock), Served(sock, is_open=True)):
            with pytest.raises(GatewayError, match="over TLS and behind a login only"):
                served.require_guarded()


@pytest.mark.parametrize(("listen", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_both_kinds_of_addresses_are_served(listen: str, family: socket.AddressFamily) -> None:
    """Protects boxes in either kind of network."""
    with closing(serving.bound(listen, 0)) as sock:
        assert sock.family == family
        assert str(sock.getsockname()[1]) in Served(sock).url


class Visit:
    """A browser over TLS that trusts the box's CA alone."""

    def __init__(self, folder: Path, port: int) -> None:
        self.jar: dict[str, str] = {}
        self.port = port
        self.tls = ssl.create_default_context(cafile=folder / "ca.pem")

    def ask(self, path: str, fields: dict[str, str] | None = None, host: str = HOST) -> Answer:
        with closing(
            http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE_S)
        ) as line:
            headers = {
                "Host": f"{host}:{self.port}",
                "Cookie": "; ".join(f"{n}={v}" for n, v in self.jar.items()),
            }
            if fields is None:
                line.request("GET", path, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                line.request("POST", path, urlencode(fields), headers)
            answer = line.getresponse()
            cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
            self.jar |= dict(one.split(";")[0].split("=", 1) for one in cookies)
            headers = {name.lower(): text for name, text in answer.getheaders()}
            return Answer(answer.status, headers, answer.read().decode(), cookies)

    def fill(self, path: str, **fields: str) -> Answer:
        return self.ask(path, {**hidden(self.ask(path)), **fields})


@contextmanager
def running(config: Path, visit: Visit) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway of which the page answers."""
    errors = config.parent / "stderr"
    with errors.open("ab") as err:
        process = subprocess.Popen(command("gateway", "run", "--config", config), stderr=err)
    try:
        end = time.monotonic() + PATIENCE_S
        while not answers(visit):
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < end, "the page did not come"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def answers(visit: Visit) -> bool:
    try:
        return visit.ask("/healthz").status == 200
    except OSError:
        return False


def test_a_login_over_tls_outlives_kill_9(tmp_path: Path) -> None:
    """Protects a shift from a power cut: who came in by the box's first code is still in when the box is back."""
    config = with_page(tmp_path)
    port = load_gateway(config).page.port  # type: ignore[union-attr]  # it has one
    visit = Visit(tmp_path, port)
    with running(config, visit) as process:
        code = (tmp_path / "data" / "first-account-code").read_text()
        made = visit.fill("/first-run", code=code, name="baas", new=PASSWORD, again=PASSWORD)
        assert made.headers["location"] == "/second-factor"
        page = visit.ask("/second-factor")
        app = pyotp.TOTP(secret_of(page))
        assert visit.ask("/second-factor", {**hidden(page), "code": app.now()}).headers["location"] == "/"
        assert visit.ask("/").status == 200
        assert visit.ask("/", host="evil.example").status == 400
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as plain:
            plain.request("GET", "/login")
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                plain.getresponse()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with running(config, visit):
        assert visit.ask("/").status == 200
        assert not (tmp_path / "data" / "first-account-code").exists()
        stranger = Visit(tmp_path, port)
        assert stranger.ask("/").headers["location"] == "/login"
    said = (tmp_path / "stderr").read_text()
    assert "Traceback" not in said
    assert code.strip() not in said
    assert "baas" not in said
