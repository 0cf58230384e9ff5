"""Where the page is served, and what is said of that to whoever starts the gateway."""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server, socket

import structlog

from nspgateway.access import first
from nspgateway.access.door_others import Door
from nspgateway.config_parts import PageConfig
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.init import authority
from nspgateway.secure import page_tls

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Served:
    """``socket``: one that listens. ``hosts``: what the page may be called beside this machine's own names.

    ``tls`` None and ``is_open``, which is without a login: on this machine only, for a demo.
    """

    socket: socket
    tls: ssl.SSLContext | None = None
    hosts: tuple[str, ...] = ()
    is_open: bool = False

    def require_guarded(self) -> None:
        """Raise GatewayError for a page without TLS or without a login."""
        if self.tls is None or self.is_open:
            raise GatewayError("Outside a demo the page is served over TLS and behind a login only.")

    @property
    def url(self) -> str:
        """The address to type, by the first name that the page has."""
        host, port = self.socket.getsockname()[:2]
        return _url("http" if self.tls is None else "https", self.hosts[0] if self.hosts else host, port)


def bound(listen: str, port: int) -> socket:
    """Return a listening socket at an IP address of ours, 0.0.0.0 or :: for all of them. Raises OSError."""
    address = ip_address(listen)
    six = address.version == 6
    return create_server(
        (listen, port),
        family=AF_INET6 if six else AF_INET,
        dualstack_ipv6=six and address.is_unspecified,
    )


def guarded(config_file: Path, page: PageConfig | None) -> Served | None:
    """Return where the page is served, over TLS; None = nowhere. Raises ConfigError."""
    if page is None:
        return None
    tls = page_tls(config_file, page)
    try:
        return Served(bound(page.listen, page.port), tls, names(page))
    except OSError as error:
        raise ConfigError(
            config_file,
            "page.listen",
            f"the page cannot be served at {page.listen}, port {page.port} ({error.strerror})",
            "Give an address of this box, and a port above 1023 that no other program has.",
        ) from error


def names(page: PageConfig) -> tuple[str, ...]:
    """Return the hosts in the page's certificate. Raises GatewayError for a file that is none, OSError without one."""
    if page.certificate is None:
        return ()
    return authority.hosts_of(authority.load_certificate(page.certificate.read_bytes()))


def address(page: PageConfig | None) -> str:
    """Return what is typed to reach the page; "" = there is none. Raises as ``names``."""
    hosts = names(page) if page is not None else ()
    return _url("https", hosts[0], page.port) if page is not None and hosts else ""


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


def tell(page: Served | None, door: Door | None, folder: Path) -> None:
    """Say where the page is, and how its first account is made. Raises GatewayError when that cannot be prepared."""
    if page is None or door is None:
        _log.info("no page is served", cure="gateway.toml: [page]")
        return
    _log.info("page", address=page.url)
    if not door.is_new:
        first.remove(folder)
        return
    try:
        path = first.make(folder)
    except OSError as error:
        raise GatewayError(
            f"{folder}: cannot be written ({error.strerror}). Check disk and rights."
        ) from error
    _log.warning("no accounts yet", cure=f"open {page.url}first-run with the code in {path}")
    if sys.stdout.isatty():  # a journal is read by more people than a terminal
        print(f"First account: {page.url}first-run  code {path.read_text().strip()}", flush=True)  # noqa: T201 - for whoever sits there
