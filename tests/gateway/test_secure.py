"""What the gateway refuses to start with outside a demo."""

from pathlib import Path

import pytest
from msgspec import structs

from certificates import Authority
from nspgateway.config import BrokerConfig, GatewayConfig, RadioConfig
from nspgateway.errors import ConfigError
from nspgateway.init.passwords import new_password
from nspgateway.secure import require_secure
from nspgateway.weak import weakness

FILE = Path("gateway.toml")


def settings(*brokers: BrokerConfig, passphrase_file: Path | None = None) -> GatewayConfig:
    return GatewayConfig(
        region="regio",
        cp="kazerne",
        cp_number=1,
        data=Path("data"),
        points=Path("points.toml"),
        keys=Path("keys.db"),
        passphrase_file=passphrase_file,
        radio=RadioConfig(port="/dev/nsp-modem"),
        broker=brokers,
    )


def secret(folder: Path, text: str) -> Path:
    path = folder / "secret"
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def test_a_short_name_in_a_password_is_chance() -> None:
    """Protects who makes an account "x" at the box: the password that is drawn for it is never refused for a letter."""
    assert weakness("qx4m-7hd2-p9vk-tz3c", "x") is None
    assert weakness("de fiets van jansen", "jansen") == "name"


@pytest.mark.parametrize(
    "weak",
    [
        *("", "Xk2-9pQ_vv7", "geheim", "password1234", "Wachtwoord2026!", "GatewayGateway", "mosquitto-123"),
        *("aaaaaaaaaaaaaaaa", "123456789012", "abababababababab", "veiligheidsregio", "changeme-changeme"),
    ],
)
def test_weak_secrets_are_refused(tmp_path: Path, weak: str) -> None:
    """A password or passphrase that is empty, short, or the first guess stops the start; it is never repeated."""
    broker = BrokerConfig(name="local", host="127.0.0.1", username="x", password_file=secret(tmp_path, weak))
    with pytest.raises(ConfigError, match="the password is") as refusal:
        require_secure(FILE, settings(broker))
    assert str(tmp_path / "secret") in str(refusal.value)
    assert not weak or weak not in str(refusal.value)


@pytest.mark.parametrize("good", ["een lange wachtzin", "Xk2-9pQ_vv7w", None])
def test_good_secrets_are_accepted(tmp_path: Path, good: str | None) -> None:
    """Several words, or what a machine drew (None: now), will do: as password and as passphrase."""
    good = good or new_password()
    ca = Authority(tmp_path, "ca").path
    path = secret(tmp_path, good)
    broker = BrokerConfig(name="far", host="mqtt.example", username="x", password_file=path, ca=ca)
    require_secure(FILE, settings(broker, passphrase_file=path))


def test_weak_passphrase_is_refused(tmp_path: Path) -> None:
    """The kits' keys are not kept behind a word that everybody knows."""
    with pytest.raises(ConfigError, match="the passphrase is one of those"):
        require_secure(FILE, settings(passphrase_file=secret(tmp_path, "wachtwoord 123")))


@pytest.mark.parametrize(
    ("lacks", "key", "words"),
    [
        ("ca", "ca", "over TLS only"),
        ("username", "username", "told who we are"),
        ("password_file", "password_file", "'x' has no password"),
    ],
)
def test_open_way_to_another_machine(tmp_path: Path, lacks: str, key: str, words: str) -> None:
    """A broker on another machine needs TLS, an account and a password; on this machine none of them is asked."""
    whole = BrokerConfig(
        name="far",
        host="192.0.2.1",
        username="x",
        password_file=secret(tmp_path, "een lange wachtzin"),
        ca=Authority(tmp_path, "ca").path,
    )
    near = BrokerConfig(name="near", host="localhost")
    require_secure(FILE, settings(near, whole))
    with pytest.raises(ConfigError, match=words) as refusal:
        require_secure(FILE, settings(near, structs.replace(whole, **{lacks: None})))
    assert (refusal.value.file, refusal.value.where) == (FILE, f"broker[1].{key}")
    require_secure(FILE, settings(structs.replace(whole, host="127.0.0.1", **{lacks: None})))


def test_open_files_are_refused(tmp_path: Path) -> None:
    """A password or private key that others can read stops the start with its cure."""
    ca = Authority(tmp_path, "ca")
    certificate, key = ca.issue("127.0.0.1")
    path = secret(tmp_path, "een lange wachtzin")
    shown = BrokerConfig(name="local", host="::1", ca=ca.path, certificate=certificate, private_key=key)
    told = BrokerConfig(name="local", host="::1", username="x", password_file=path)
    for broker, file in ((shown, key), (told, path)):
        file.chmod(0o600)
        require_secure(FILE, settings(broker))
        file.chmod(0o640)
        with pytest.raises(ConfigError, match="chmod 600"):
            require_secure(FILE, settings(broker))
