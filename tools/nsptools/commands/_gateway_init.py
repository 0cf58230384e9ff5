"""Make the files of a gateway's box, and keep the clients of its broker."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from nspgateway.config_parts import ClientConfig
    from nspgateway.init.files import Layout
    from nspgateway.init.gateway_toml import Wanted

FolderOption = Annotated[Path, typer.Option(help="The box's folder.")]
_FOLDER = Path("/etc/nsp")
_QUESTIONS = {
    "region": "Safety region, as it stands in topics (a-z, 0-9, -)",
    "region_name": "Safety region, its name",
    "cp": "Coordinating point, as it stands in topics (a-z, 0-9, -)",
    "cp_name": "Coordinating point, its name",
    "cp_number": "Coordinating point, its number on air (1 to 1023)",
}
_T = TypeVar("_T", str, int)
client = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add ``init`` and ``client`` to the commands of the gateway."""
    app.command()(init)
    app.add_typer(client, name="client", help="Keep the clients of this box's broker.")


def init(
    folder: FolderOption = _FOLDER,
    region: Annotated[str | None, typer.Option(help=_QUESTIONS["region"])] = None,
    region_name: Annotated[str | None, typer.Option(help=_QUESTIONS["region_name"])] = None,
    cp: Annotated[str | None, typer.Option(help=_QUESTIONS["cp"])] = None,
    cp_name: Annotated[str | None, typer.Option(help=_QUESTIONS["cp_name"])] = None,
    cp_number: Annotated[int | None, typer.Option(help=_QUESTIONS["cp_number"])] = None,
    points: Annotated[Path | None, typer.Option(help="Default: points.toml in the folder.")] = None,
    keys: Annotated[Path | None, typer.Option(help="Default: keys.db in the folder.")] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="Default: passphrase in the folder.")] = None,
    data: Annotated[Path, typer.Option(help="Where the gateway keeps its journal.")] = Path(
        "/var/lib/nsp-gateway"
    ),
    modem: Annotated[str, typer.Option(help="Serial device of the LoRa modem.")] = "/dev/nsp-modem",
    host: Annotated[
        list[str] | None,
        typer.Option(help="Name or address under which other machines reach this box; may be repeated."),
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option(help="NAME:ROLE or NAME:ROLE:RIGHT,RIGHT; may be repeated.")
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="New certificates from the CA that is there.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the broker for clients.", min=1, max=65535)] = 8883,
    gateway_port: Annotated[
        int, typer.Option(help="Port of the broker for the gateway.", min=1, max=65535)
    ] = 8884,
    page_port: Annotated[int, typer.Option(help="Port of the page.", min=1, max=65535)] = 8443,
    broker_data: Annotated[Path, typer.Option(help="Where Mosquitto keeps what it holds.")] = Path(
        "/var/lib/mosquitto"
    ),
) -> None:
    """Make CA, certificates, the broker's configuration and gateway.toml for this box.

    What exists is never overwritten. Secrets go to files for one user, never to the screen.
    """
    from nspgateway.init import box
    from nspgateway.init.files import Layout
    from nspgateway.init.gateway_toml import Wanted

    layout, now = Layout(folder.absolute()), datetime.now(UTC)
    if len({port, gateway_port, page_port}) < 3:
        raise typer.BadParameter(
            "broker, gateway and page need three ports", param_hint="--port, --gateway-port, --page-port"
        )
    _plain_path(layout.folder, broker_data.absolute())
    if renew:
        box.renew(layout, now, host or ())
        print("New certificates, from the same CA: no client has to trust anything anew.\n")
        _certificates(layout, now)
        print("\nStill to do:\n  systemctl restart mosquitto nsp-gateway")
        return
    if there := layout.made():
        _already(layout, there, now)
        raise typer.Exit(2)
    wanted = Wanted(
        region=_asked("region", region, str),
        region_name=_asked("region_name", region_name, str),
        cp=_asked("cp", cp, str),
        cp_name=_asked("cp_name", cp_name, str),
        cp_number=_asked("cp_number", cp_number, int),
        points=(points or layout.folder / "points.toml").absolute(),
        keys=(keys or layout.folder / "keys.db").absolute(),
        passphrase_file=(passphrase_file or layout.folder / "passphrase").absolute(),
        data=data.absolute(),
        modem=modem,
        hosts=tuple(host or ()),
        clients=tuple(_client(text) for text in client or ()),
        port=port,
        gateway_port=gateway_port,
        page_port=page_port,
        broker_data=broker_data.absolute(),
    )
    box.create(layout, wanted, now)
    _made(layout, wanted, now)


@client.command("add")
def client_add(
    name: Annotated[str, typer.Argument(help="Its account: a-z, 0-9 and -.")],
    role: Annotated[str, typer.Option(help="The role that it acts in, for instance cp_coordinator.")],
    may: Annotated[str, typer.Option(help="What it may ask, with commas; nothing = it reads only.")] = "",
    folder: FolderOption = _FOLDER,
) -> None:
    """Give a client an account and a password, and only these rights."""
    from nspgateway.init import box
    from nspgateway.init.files import Layout

    password_file = box.add_client(Layout(folder.absolute()), _client(f"{name}:{role}:{may}"))
    print(f"Client {name} added. Its password is in {password_file}:")
    print("  hand it over with ca.pem, then remove that file.")
    _reload()


@client.command("remove")
def client_remove(
    name: Annotated[str, typer.Argument(help="Its account.")], folder: FolderOption = _FOLDER
) -> None:
    """Withdraw a client's account and rights."""
    from nspgateway.init import box
    from nspgateway.init.files import Layout

    box.remove_client(Layout(folder.absolute()), name)
    print(f"Client {name} withdrawn.")
    _reload()


def _reload() -> None:
    print("Still to do:\n  systemctl reload mosquitto\n  systemctl restart nsp-gateway")


def _made(layout: Layout, wanted: Wanted, now: datetime) -> None:
    from nspgateway.config import load_gateway
    from nspgateway.init import box

    print(f"Made in {layout.folder}: gateway.toml, the CA, certificates, and Mosquitto's configuration.\n")
    _certificates(layout, now)
    if wanted.hosts:
        print(f"\nOther machines reach the broker as {', '.join(wanted.hosts)}, port {wanted.port}.")
        print(f"The page: https://{wanted.hosts[0]}:{wanted.page_port}/")
    else:
        print("\nOnly this machine reaches broker and page. For others: nsp gateway init --renew --host NAME")
        print(f"The page: https://localhost:{wanted.page_port}/")
    for one in wanted.clients:
        print(f"Password of {one.name}: in {layout.password(one.name)}; hand it over, then remove the file.")
    if lacking := box.missing(load_gateway(layout.config)):
        print("\nStill missing:")
        print("\n".join(f"  {line}" for line in lacking))
    owners = [
        (wanted.broker_user, layout.broker, ()),
        (wanted.gateway_user, layout.gateway, (wanted.keys, wanted.passphrase_file)),
    ]
    print("\nNext:")
    for user, own, others in owners:
        places = [str(own)] if _owner(own) != user else []
        places += [str(path) for path in others if _owner(path) != user]
        if places:
            print(f"  Owner:     chown -R {user}: {' '.join(places)}")
    print(f"""\
  Services:  put the files of gateway/deploy in their places, as its README.md says
  Check:     nsp gateway check-config --config {layout.config}
  Start:     systemctl restart mosquitto && systemctl enable --now nsp-gateway
  Trust:     copy {layout.ca} to every client and browser, and compare the CA's fingerprint above
  Accounts:  the gateway's first start says how the first one is made
  Keep safe: a copy of {layout.authority} in a vault; who has it can pretend to be this box""")


def _owner(path: Path) -> str | None:
    """Return the name of a file's user; None = there is no file, or no such user."""
    try:
        return path.owner()
    except (OSError, KeyError):
        return None


def _already(layout: Layout, there: Sequence[Path], now: datetime) -> None:
    print(f"{layout.folder}: this box was made before. Nothing is changed. There is:")
    print("\n".join(f"  {path.name}{'/' if path.is_dir() else ''}" for path in there))
    if layout.config not in there:
        print("gateway.toml is not there: an earlier run was cut off. Remove the above, then run it again.")
        return
    print()
    _certificates(layout, now)
    print("\nNew certificates: nsp gateway init --renew. Clients: nsp gateway client add, remove.")


def _certificates(layout: Layout, now: datetime) -> None:
    from nspgateway.init import authority, box
    from nspgateway.secure import WARN_DAYS

    made = box.certificates(layout)
    for name, certificate in made.items():
        left = authority.days_left(certificate, now)
        word = "" if left >= WARN_DAYS else "  ENDS SOON: nsp gateway init --renew"
        if left < 0:
            word = "  HAS ENDED: nsp gateway init --renew"
        if word and name == "CA":
            word = word.partition(":")[0] + ": a new folder, and every client trusts its CA anew"
        print(f"  {name:8} until {certificate.not_valid_after_utc:%Y-%m-%d} ({left} days){word}")
    print(f"  The CA's fingerprint (SHA-256):\n  {authority.fingerprint(made['CA'])}")


def _asked(key: str, given: _T | None, kind: Callable[[str], _T]) -> _T:
    """Return what was given, or ask for it at a terminal. Raises typer.BadParameter."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"give --{key.replace('_', '-')}: {_QUESTIONS[key].lower()}")
    answer: _T = typer.prompt(_QUESTIONS[key], type=kind)
    return answer


def _client(text: str) -> ClientConfig:
    """Read NAME:ROLE:RIGHT,RIGHT. Raises typer.BadParameter."""
    import msgspec

    from nspgateway.config_parts import ClientConfig
    from nspgateway.tomlplace import Place

    name, _, rest = text.partition(":")
    role, _, may = rest.partition(":")
    rights = [right.strip() for right in may.split(",") if right.strip()]
    try:
        return msgspec.convert({"name": name, "role": role, "may": rights}, ClientConfig)
    except msgspec.ValidationError as error:
        place = Place.of(str(error), ClientConfig)
        said = f"client {text!r}: {place.key}: {place.expected}; give NAME:ROLE:RIGHT,RIGHT"
        raise typer.BadParameter(said) from error


def _plain_path(*paths: Path) -> None:
    """Refuse what would become a line of its own in Mosquitto's configuration."""
    for path in paths:
        if not re.fullmatch(r"[\w./ ~+@-]+", str(path)):
            raise typer.BadParameter(f"{str(path)!r}: take a folder with letters, digits and . _ - only")
