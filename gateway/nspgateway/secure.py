"""What the gateway refuses to start with outside a demo: an open broker or page, or a secret that is none.

Each refusal names file and key, what was expected and what to do. No secret is ever part of it.
"""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509

from nspgateway import tls
from nspgateway.config import BrokerConfig, GatewayConfig
from nspgateway.config_parts import PageConfig
from nspgateway.errors import ConfigError
from nspgateway.keys import read_passphrase
from nspgateway.mqtt_client import is_loopback, read_secret, tls_context
from nspgateway.weak import SHORTEST, WEAKNESSES, weakness

# Below this many days a certificate is said to end soon: time to plan a visit to the box.
WARN_DAYS = 60

_log = structlog.get_logger()


def require_secure(config_file: Path, config: GatewayConfig) -> None:
    """Raise ConfigError for a broker or page that is reached insecurely, or a secret that is weak or open to others.

    KeyRegisterError when the passphrase cannot be read.
    """
    if config.passphrase_file is not None:
        _strong(config.passphrase_file, read_passphrase(config.passphrase_file), "passphrase")
    for index, broker in enumerate(config.broker):
        where = f"broker[{index}]"
        if not is_loopback(broker.host):
            _require_guarded(config_file, where, broker)
        password = read_secret(broker.password_file)
        if broker.password_file is not None and password is not None:
            _strong(broker.password_file, password, "password")
        tls_context(broker)  # its files exist, fit together and are ours alone
    if config.page is not None:
        page_tls(config_file, config.page)


def page_tls(config_file: Path, page: PageConfig) -> ssl.SSLContext:
    """Return how the page answers browsers. Raises ConfigError: without TLS it is not served."""
    if page.certificate is None or page.private_key is None:
        raise ConfigError(
            config_file,
            "page.certificate",
            "missing: outside the demo the page is served over TLS only",
            "Name certificate and private_key, as `nsp gateway init` makes them, or leave [page] out.",
        )
    return tls.server_context(page.certificate, page.private_key)


def warn_of_ends(config: GatewayConfig, at: datetime) -> dict[Path, int]:
    """Return the same as ``days_left``, and log what ends soon."""
    left = days_left(config, at)
    for file, days in left.items():
        if days < WARN_DAYS:
            _log.warning("certificate ends soon", file=str(file), days=days, cure="nsp gateway init --renew")
    return left


def days_left(config: GatewayConfig, at: datetime) -> dict[Path, int]:
    """Return the days that our CAs' and certificates are still valid, by file.

    Negative: ended. Raises ConfigError for a file that is no certificate.
    """
    left: dict[Path, int] = {}
    files = [path for b in config.broker for path in (b.ca, b.certificate)]
    files.append(config.page.certificate if config.page else None)
    for file in (path for path in files if path is not None):
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError(file, "", f"no usable certificate ({error})", "Give it as PEM.") from error
        left[file] = (certificate.not_valid_after_utc - at) // timedelta(days=1)
    return left


def _require_guarded(config_file: Path, where: str, broker: BrokerConfig) -> None:
    """Refuse a broker on another machine without TLS, or where anyone could be who we are."""
    if broker.ca is None:
        raise ConfigError(
            config_file,
            f"{where}.ca",
            f"{broker.host} is another machine: it is reached over TLS only",
            "Name the file of the CA that vouches for this broker, or use the broker on this machine.",
        )
    if broker.certificate is None and broker.username is None:
        raise ConfigError(
            config_file,
            f"{where}.username",
            f"{broker.host} is another machine: it must be told who we are",
            "Give username and password_file, or certificate and private_key.",
        )
    if broker.username is not None and broker.password_file is None and broker.certificate is None:
        raise ConfigError(
            config_file,
            f"{where}.password_file",
            f"the account {broker.username!r} has no password",
            "Name a file with its password, mode 0600.",
        )


def _strong(file: Path, secret: str, what: str) -> None:
    reason = weakness(secret)
    if reason is not None:
        raise ConfigError(
            file,
            "",
            f"the {what} {WEAKNESSES[reason]}",
            f"Write a new one of at least {SHORTEST} characters, drawn by a machine or of several words.",
        )
