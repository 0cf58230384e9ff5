"""The files that ``nsp gateway init`` makes: complete, for the right eyes only, and never overwritten."""

import base64
import io
import os
import pty
import shutil
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from structlog.testing import capture_logs

from init_box import BRIDGE, NODERED, SCREEN, InitBox, tree, wanted
from nsp import command, nsp
from nspgateway.config import load_gateway
from nspgateway.config_parts import ClientConfig
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.init import authority, box, passwords
from nspgateway.init.authority import Authority, AuthorityError
from nspgateway.init.files import InitError, Layout, put
from nspgateway.secure import WARN_DAYS, warn_of_ends
from nspgateway.web import serving
from nsptools.cli import main
from patience import PATIENCE_S

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FLAGS = ("--region", "rijnmond", "--region-name", "Rijnmond", "--cp", "brandweer")
FLAGS += ("--cp-name", "Kazerne", "--cp-number", "3")


def secrets_in(folder: Path) -> set[str]:
    """Every password, hash and line of a private key in a box's files."""
    found = set()
    for path in folder.rglob("*"):
        if path.suffix in {".key", ".password"} or path.name == "accounts":
            lines = path.read_text().splitlines()
            found |= {line.partition(":")[2] or line for line in lines if "-----" not in line}
    return found


def test_complete_box_from_flags(tmp_path: Path) -> None:
    """One command makes a box that the gateway's own reader accepts; it says no secret; again, it changes nothing."""
    folder = tmp_path / "new" / "box"
    clients = ("--client", "screen:cp_coordinator:acknowledge,shelve", "--client", "bridge:cp_medewerker")
    first = nsp("gateway", "init", "--folder", folder, *FLAGS, "--host", "nsp.lan", *clients)
    assert first.code == 0, first.err
    config = load_gateway(folder / "gateway.toml")
    assert (config.region, config.cp, config.cp_number, config.cp_name) == (
        "rijnmond",
        "brandweer",
        3,
        "Kazerne",
    )
    assert (config.points, config.keys) == (folder / "points.toml", folder / "keys.db")
    may = {client.name: client.may for client in config.broker[0].client}
    assert may == {"screen": ("acknowledge", "shelve"), "bridge": ()}
    pem = (folder / "ca.pem").read_bytes()
    assert authority.fingerprint(authority.load_certificate(pem)) in first.out
    for lacking in ("keys.db", "points.toml", "passphrase"):
        assert f"{folder / lacking}: the " in first.out

    before = tree(folder)
    again = nsp("gateway", "init", "--folder", folder, *FLAGS, "--host", "other.lan", *clients)
    assert again.code == 2
    assert "Nothing is changed" in again.out
    assert tree(folder) == before
    said = first.out + first.err + again.out + again.err
    secrets = secrets_in(folder)
    assert len(secrets) == 2 + 2 + 4 * 3  # passwords, their hashes, four keys of three lines
    assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_secrets_are_for_one_user(tmp_path: Path, umask: int) -> None:
    """Whatever the umask: every secret has mode 0600 in a folder of 0700; CA and settings can be read."""
    before = os.umask(umask)
    try:
        made = InitBox(tmp_path)
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(made.layout.folder)): path.stat().st_mode & 0o777
        for path in made.layout.folder.rglob("*")
    }
    public = {"ca.pem": 0o644, "gateway.toml": 0o644}
    folders = dict.fromkeys(("ca", "gateway", "mosquitto", "clients"), 0o700)
    secret = dict.fromkeys(modes.keys() - public.keys() - folders.keys(), 0o600)
    assert modes == public | folders | secret
    assert {"ca/ca.key", "gateway/gateway.key", "mosquitto/server.key", "clients/screen.password"} <= set(
        secret
    )
    assert made.layout.folder.stat().st_mode & 0o777 == 0o755


def test_two_boxes_share_nothing(tmp_path: Path) -> None:
    """Two boxes of the same name have other keys, serial numbers, passwords and salts."""
    boxes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        boxes.append(InitBox(tmp_path / name))
    one, two = (secrets_in(made.layout.folder) for made in boxes)
    # A key in PKCS 8 begins with its kind, so its first line is not all secret.
    assert not {line for line in one & two if not line.startswith("MIGHAgEAMBMGByqGSM49AgEG")}
    serials = [c.serial_number for made in boxes for c in box.certificates(made.layout).values()]
    keys = [c.public_key() for made in boxes for c in box.certificates(made.layout).values()]
    assert len(set(serials)) == 8
    assert all(key != other for n, key in enumerate(keys) for other in keys[:n])


def test_interrupted_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A box that a power cut left half made is not taken for whole, and not overwritten either."""
    made = InitBox(tmp_path)
    made.layout.config.unlink()
    assert main(["gateway", "init", "--folder", str(made.layout.folder), *FLAGS]) == 2
    assert "an earlier run was cut off" in capsys.readouterr().out
    for words in (("init", "--renew"), ("client", "remove", "screen")):
        assert main(["gateway", *words, "--folder", str(made.layout.folder)]) == 2
        said = capsys.readouterr()
        assert not said.out
        assert "Run `nsp gateway init` first" in said.err


def test_asks_at_a_terminal(tmp_path: Path) -> None:
    """At a terminal what was not given is asked for; a number that is none is asked for again."""
    person, terminal = pty.openpty()
    try:
        os.write(person, b"rijnmond\nRijnmond\nbrandweer\nKazerne\ndrie\n3\n")
        ended = subprocess.run(
            command("gateway", "init", "--folder", tmp_path / "box"),
            stdin=terminal,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
    finally:
        os.close(terminal)
        os.close(person)
    assert ended.returncode == 0, ended.stderr
    assert load_gateway(tmp_path / "box" / "gateway.toml").cp_number == 3


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (FLAGS[2:], "give --region"),
        ((*FLAGS, "--client", "screen:cp_coordinator:fly"), "'fly' is not one of 'acknowledge', 'backfill'"),
        ((*FLAGS, "--page-port", "8883"), "need three ports"),
        ((*FLAGS, "--client", "Screen 1"), "NAME:ROLE:RIGHT,RIGHT"),
        ((*FLAGS, "--broker-data", "/tmp/x\nallow_anonymous true"), "letters, digits"),
    ],
)
def test_wrong_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    words: str,
) -> None:
    """Without a terminal nothing is guessed: what is missing or wrong is named, with code 2, and nothing is made."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["gateway", "init", "--folder", str(tmp_path / "box"), *flags]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"region": "Rijnmond Zuid"}, "gateway.toml: region: "),
        ({"cp": "a\nuser root"}, "gateway.toml: cp: "),
        ({"cp_number": 1024}, "cp_number: "),
        ({"hosts": ("nsp box",)}, "neither a host name nor an IP address"),
        ({"hosts": ("https://nsp.lan",)}, "neither a host name nor an IP address"),
        ({"hosts": ("0.0.0.0",)}, "not the address of one machine"),
        ({"hosts": ("300.1.1.1",)}, "neither a host name nor an IP address"),
        ({"clients": (ClientConfig(name="gateway", role="cp_techniek"),)}, "the gateway's own account"),
        ({"clients": (SCREEN, SCREEN)}, "exists already"),
        ({"clients": (ClientConfig(name="x", role="boss"),)}, "no role 'boss'"),
    ],
)
def test_what_is_refused(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    """What the gateway or the broker could not use is refused before anything is made."""
    layout = Layout(tmp_path / "box")
    with pytest.raises(GatewayError, match=words):
        box.create(layout, wanted(layout.folder, **more), NOW)
    assert not list(tmp_path.iterdir())


def test_box_without_a_clock(tmp_path: Path) -> None:
    """A box whose clock says 1970 makes no certificates: they would have ended by tomorrow."""
    layout = Layout(tmp_path / "box")
    with pytest.raises(InitError, match="clock says 1970-01-01"):
        box.create(layout, wanted(layout.folder), datetime(1970, 1, 1, tzinfo=UTC))
    assert not layout.folder.exists()


def test_folder_that_others_can_change(tmp_path: Path) -> None:
    """A folder where anyone can put files is no place for a box."""
    layout = Layout(tmp_path / "box")
    layout.folder.mkdir()
    layout.folder.chmod(0o777)
    with pytest.raises(InitError, match="chmod go-w"):
        box.create(layout, wanted(layout.folder), NOW)
    assert not list(layout.folder.iterdir())


@pytest.mark.parametrize(
    ("what", "mode"), [("ca", 0o755), ("ca/ca.key", 0o644), ("mosquitto/server.key", 0o640)]
)
def test_open_key_is_not_used(tmp_path: Path, what: str, mode: int) -> None:
    """A key that others could have read, or a folder that they could list, stops a renewal with its cure."""
    made = InitBox(tmp_path)
    (made.layout.folder / what).chmod(mode)
    before = tree(made.layout.folder)
    with pytest.raises(InitError, match="lets others at a secret"):
        box.renew(made.layout, datetime.now(UTC))
    assert tree(made.layout.folder) == before


def test_end_of_a_certificate_is_announced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From 60 days before its end gateway and command say that a certificate ends soon; once renewed no more."""
    made = InitBox(tmp_path)
    ca = Authority.load(made.layout.ca.read_bytes(), made.layout.ca_key.read_bytes())
    key = authority.load_key((made.layout.gateway / "gateway.key").read_bytes())
    at = datetime.now(UTC) - authority.LEAF_LIFE + timedelta(days=WARN_DAYS)
    put(
        made.layout.gateway / "gateway.pem",
        authority.certificate_pem(ca.client(key.public_key(), "gateway", at)),
    )
    with capture_logs() as log:
        left = warn_of_ends(load_gateway(made.layout.config), datetime.now(UTC))
    folder = made.layout.gateway
    assert left == {made.layout.ca: 3651, folder / "gateway.pem": WARN_DAYS - 1, folder / "page.pem": 819}
    assert [(entry["log_level"], entry["days"]) for entry in log] == [("warning", WARN_DAYS - 1)]
    arguments = ["gateway", "init", "--folder", str(made.layout.folder)]
    assert main(arguments) == 2
    assert "(59 days)  ENDS SOON: nsp gateway init --renew" in capsys.readouterr().out
    assert main([*arguments, "--renew"]) == 0
    assert "ENDS SOON" not in capsys.readouterr().out


def test_an_answer_of_the_broker_leaves_at_once(tmp_path: Path) -> None:
    """Protects the pace of the outbox: an acknowledgement does not wait in TCP, on any listener."""
    conf = (InitBox(tmp_path).layout.broker / "mosquitto.conf").read_text()
    assert "\nset_tcp_nodelay true\n" in conf.partition("\nlistener ")[0]


def test_first_host_opens_the_listener(tmp_path: Path) -> None:
    """Without a host only this machine reaches broker and page; with the first one they listen to others too."""
    made = InitBox(tmp_path, hosts=())

    def page() -> tuple[str, bool]:
        settings = load_gateway(made.layout.config).page
        assert settings is not None
        return settings.listen, "nsp.lan" in serving.names(settings)

    assert page() == ("127.0.0.1", False)
    conf = made.layout.broker / "mosquitto.conf"
    inside = f"listener {made.wanted.port} 127.0.0.1\n"
    assert inside in conf.read_text()
    box.renew(made.layout, datetime.now(UTC))
    assert inside in conf.read_text()
    box.renew(made.layout, datetime.now(UTC), ["nsp.lan"])
    assert inside not in conf.read_text()
    assert f"listener {made.wanted.port}\n" in conf.read_text()
    assert f"listener {made.wanted.gateway_port} 127.0.0.1\n" in conf.read_text()
    assert page() == ("0.0.0.0", True)


def test_clients_keep_the_rest_of_gateway_toml(tmp_path: Path) -> None:
    """Adding and removing clients leaves every other line of the file as the technician wrote it."""
    made = InitBox(tmp_path)
    text = made.layout.config.read_text()
    extra = '\n[[broker]]\nname = "region"\nhost = "mqtt.example"\nca = "ca.pem"\n'
    made.layout.config.write_text(f"# by hand\n{text}{extra}")
    first = made.layout.config.read_text()
    wall = ClientConfig(name="wall", role="cp_medewerker", may=("test", "fuel"))
    shutil.rmtree(made.layout.clients)  # as one may who has handed over every password
    path = box.add_client(made.layout, wall)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    local, region = load_gateway(made.layout.config).broker
    assert local.client == (SCREEN, NODERED, BRIDGE, wall)
    assert region.client == ()
    with pytest.raises(InitError, match="exists already"):
        box.add_client(made.layout, wall)
    box.remove_client(made.layout, "wall")
    assert made.layout.config.read_text() == first
    with pytest.raises(InitError, match=r"no client 'wall'\. There is: screen, nodered, bridge"):
        box.remove_client(made.layout, "wall")
    made.layout.config.write_text(first.replace("# End of the clients.\n", ""))
    before = tree(made.layout.folder)
    with pytest.raises(InitError, match="are gone"):
        box.add_client(made.layout, wall)
    assert tree(made.layout.folder) == before


def test_hand_made_mistake_is_told(tmp_path: Path) -> None:
    """A gateway.toml that no longer reads is told with its line, and the accounts are left alone."""
    made = InitBox(tmp_path)
    made.layout.config.write_text(made.layout.config.read_text().replace("cp_number = 3", "cp_number = 0"))
    before = tree(made.layout.folder)
    with pytest.raises(ConfigError, match="line 9: cp_number"):
        box.remove_client(made.layout, "screen")
    assert tree(made.layout.folder) == before


@pytest.mark.parametrize(
    ("host", "trusted"),
    [("nsp-box.lan", True), ("192.168.1.10", True), ("www.bank.example", False), ("8.8.8.8", False)],
)
def test_authority_vouches_for_this_box_only(tmp_path: Path, host: str, *, trusted: bool) -> None:
    """Even with the CA's key nobody can pretend to be a bank: who trusts this CA trusts it for private names only."""
    now = datetime.now(UTC)  # who shakes hands looks at the real date
    ca = Authority.create("rijnmond", "brandweer", ["nsp-box.lan"], now)
    assert ca.may_vouch_for(host) is trusted
    key = authority.new_key()
    if trusted:
        certificate = ca.server(key.public_key(), [host], now)
    else:
        with pytest.raises(AuthorityError, match="was not made for it"):
            ca.server(key.public_key(), [host], now)
        certificate = forged(ca, key, host, now)
    chain, private, trust = (tmp_path / name for name in ("chain.pem", "key.pem", "ca.pem"))
    chain.write_bytes(authority.certificate_pem(certificate))
    private.write_bytes(authority.key_pem(key))
    trust.write_bytes(authority.certificate_pem(ca.certificate))
    if trusted:
        shake_hands(chain, private, trust, host)
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            shake_hands(chain, private, trust, host)


def forged(ca: Authority, key: Any, host: str, now: datetime) -> x509.Certificate:
    """What a thief of the CA's key makes: everything as it should be, but for the name."""
    honest = ca.server(key.public_key(), [], now)
    builder = x509.CertificateBuilder(
        issuer_name=honest.issuer,
        subject_name=honest.subject,
        public_key=honest.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=honest.not_valid_before_utc,
        not_valid_after=honest.not_valid_after_utc,
    )
    for extension in honest.extensions:
        if not isinstance(extension.value, x509.SubjectAlternativeName):
            builder = builder.add_extension(extension.value, extension.critical)
    name = x509.SubjectAlternativeName([authority._general(host)])
    return builder.add_extension(name, critical=False).sign(ca.key, hashes.SHA256())


def shake_hands(chain: Path, private: Path, trust: Path, host: str) -> None:
    """A TLS handshake in memory; ssl.SSLError when the client does not trust the server."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, private)
    client_context = ssl.create_default_context(cafile=trust)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=host)
    server = server_context.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"


def test_lives_of_certificates() -> None:
    """The CA lives ten years, a certificate 820 days and never longer than its CA; an ended CA signs nothing."""
    ca = Authority.create("rijnmond", "brandweer", [], NOW)
    key = authority.new_key().public_key()
    assert authority.days_left(ca.certificate, NOW) == 3652
    assert authority.days_left(ca.server(key, [], NOW), NOW) == 820
    late = NOW + timedelta(days=3600)
    assert authority.days_left(ca.client(key, "gateway", late), late) == 52
    with pytest.raises(AuthorityError, match="the CA ended on 2036-05-03"):
        ca.client(key, "gateway", NOW + timedelta(days=3653))
    constraints = ca.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)


def test_passwords_as_mosquitto_keeps_them(tmp_path: Path) -> None:
    """Our hash is the one that mosquitto_passwd makes of the same password, salt and rounds."""
    file = tmp_path / "accounts"
    subprocess.run(["mosquitto_passwd", "-c", "-b", "-I", "1000", file, "x", "een geheim"], check=True)
    theirs = file.read_text().strip().partition(":")[2]
    salt = base64.b64decode(theirs.split("$")[3])
    assert passwords.hashed("een geheim", salt) == theirs
    assert len({passwords.new_password() for _ in range(100)}) == 100
