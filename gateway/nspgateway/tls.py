"""Certificates and keys in files: whose they are, and whether they fit together."""

from __future__ import annotations

import ssl
from pathlib import Path

from nspgateway.errors import ConfigError


def check_private(path: Path) -> None:
    """Raise ConfigError when others can read this file, OSError when it is not there."""
    if path.stat().st_mode & 0o077:
        raise ConfigError(path, "", "others can read this secret", f"Run: chmod 600 {path}")


def show(context: ssl.SSLContext, certificate: Path, private_key: Path) -> None:
    """Let a context show this certificate to the other side. Raises ConfigError."""
    try:
        check_private(private_key)
        # A password of its own is refused, not asked for: nobody sits at a terminal.
        context.load_cert_chain(certificate, private_key, password="")
    except OSError as error:
        raise ConfigError(
            certificate,
            "",
            f"certificate and private key {private_key} cannot be used ({error})",
            "Give a certificate and its own key, both PEM, the key without a password.",
        ) from error


def server_context(certificate: Path, private_key: Path) -> ssl.SSLContext:
    """Return how to answer browsers: TLS 1.2 or later. Raises ConfigError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    show(context, certificate, private_key)
    return context
