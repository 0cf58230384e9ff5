"""Keep who may log in, the screens on the wall, and the emergency code."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nspgateway.access.account_desk import AccountDesk
    from nspgateway.people import By

account = typer.Typer(no_args_is_help=True)
screen = typer.Typer(no_args_is_help=True)

_Config = Annotated[Path, typer.Option(help="gateway.toml of this coordinating point.")]
_Name = Annotated[str, typer.Argument(help="The name to log in with: a-z, 0-9, . and -.")]
_ScreenName = Annotated[str, typer.Argument(help="The screen: a-z, 0-9, . and -.")]
_Role = Annotated[str, typer.Option(help="For instance cp_medewerker; a wrong one is answered with all.")]
_Town = Annotated[str, typer.Option(help="Only with the role gemeente: the points of this one are seen.")]
_HERE = Path("gateway.toml")


def register(app: typer.Typer) -> None:
    """Add ``account``, ``screen`` and ``emergency-code`` to the commands of the gateway."""
    app.add_typer(account, name="account", help="Keep who may log in.")
    app.add_typer(screen, name="screen", help="Keep the screens on the wall.")
    app.command("emergency-code")(emergency_code)


@account.command("add")
def account_add(name: _Name, role: _Role, municipality: _Town = "", config: _Config = _HERE) -> None:
    """Add an account; its password is drawn, shown once, and changed at the first login."""
    from nspgateway.access.account_desk import checked
    from nspgateway.access.passwords import draw

    password = draw()
    with _desk(config) as (desk, by):
        made = desk.add(name, role, municipality, checked(password, name), by)
    _given(made.name, password)


@account.command("list")
def account_list(config: _Config = _HERE) -> None:
    """List the accounts."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    with _desk(config) as (desk, _by):
        found = desk.accounts()
    if not found:
        typer.echo("There are no accounts yet.")
        return
    table = Table("name", "role", "municipality", "second factor", "state", box=None, padding=(0, 2, 0, 0))
    for one in found:
        state = (
            "disabled" if one.disabled else "has to choose a password" if one.must_change else "can log in"
        )
        cells = (one.name, one.role, one.municipality, "no" if one.totp is None else "set up", state)
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table)


@account.command("role")
def account_role(name: _Name, role: _Role, municipality: _Town = "", config: _Config = _HERE) -> None:
    """Give an account another role; its sessions end."""
    with _desk(config) as (desk, by):
        desk.set_role(name, role, municipality, by)
    typer.echo(f"{name} has the role {role}.")


@account.command("reset")
def account_reset(name: _Name, config: _Config = _HERE) -> None:
    """Give an account a new password, shown once; its sessions end."""
    from nspgateway.access.account_desk import checked
    from nspgateway.access.passwords import draw

    password = draw()
    with _desk(config) as (desk, by):
        desk.set_password(name, checked(password, name), by)
    _given(name, password)


@account.command("reset-second-factor")
def account_reset_second_factor(name: _Name, config: _Config = _HERE) -> None:
    """Forget an account's second factor, for a telephone that was lost; the next login sets up another."""
    with _desk(config) as (desk, by):
        desk.reset_second_factor(name, by)
    typer.echo(f"{name} sets up a second factor at the next login, if the role needs one.")


@account.command("disable")
def account_disable(name: _Name, config: _Config = _HERE) -> None:
    """Let an account log in no more; its sessions end at once."""
    with _desk(config) as (desk, by):
        desk.set_disabled(name, by, disabled=True)
    typer.echo(f"{name} can no longer log in.")


@account.command("enable")
def account_enable(name: _Name, config: _Config = _HERE) -> None:
    """Let a disabled account log in again."""
    with _desk(config) as (desk, by):
        desk.set_disabled(name, by, disabled=False)
    typer.echo(f"{name} can log in again.")


@screen.command("add")
def screen_add(name: _ScreenName, config: _Config = _HERE) -> None:
    """Make the code that turns a browser into a screen on the wall, or does so anew."""
    with _desk(config) as (desk, by):
        code = desk.add_screen(name, by)
    typer.echo(f"On the screen go to /screen and type within ten minutes: {code}")


@screen.command("list")
def screen_list(config: _Config = _HERE) -> None:
    """List the screens on the wall."""
    with _desk(config) as (desk, _by):
        found = desk.screens()
    for one in found:
        typer.echo(f"{one.name}  {'not paired' if one.token is None else 'paired'}")
    if not found:
        typer.echo("There are no screens yet.")


@screen.command("remove")
def screen_remove(name: _ScreenName, config: _Config = _HERE) -> None:
    """Take a screen's access away; it shows nothing from now on."""
    with _desk(config) as (desk, by):
        desk.remove_screen(name, by)
    typer.echo(f"{name} shows nothing any more.")


def emergency_code(config: _Config = _HERE) -> None:
    """Make a new emergency code and print the sheet for its envelope. The code before is worth nothing then."""
    from datetime import UTC, datetime

    from nspgateway.access.sheet import emergency_sheet
    from nspgateway.config import load_gateway
    from nspgateway.i18n import load_languages
    from nspgateway.web.serving import address

    settings = load_gateway(config)
    with _desk(config) as (desk, by):
        code = desk.new_emergency_code(by)
    lang = load_languages()[settings.page.language if settings.page else "nl"]
    place = settings.cp_name or settings.cp
    typer.echo(emergency_sheet(lang, place, code, datetime.now(UTC), address(settings.page)))
    typer.echo("Print this, put it in an envelope and seal it. It is shown only now.", err=True)


@contextmanager
def _desk(config: Path) -> Iterator[tuple[AccountDesk, By]]:
    """Yield who keeps the accounts, and who asks: the person at this terminal."""
    from nspgateway.access.accounts import TECHNICIAN
    from nspgateway.access.beside import account_desk
    from nspgateway.config import load_gateway
    from nspgateway.people import By

    try:
        user = os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    with account_desk(load_gateway(config)) as desk:
        yield desk, By(user, TECHNICIAN, "command")


def _given(name: str, password: str) -> None:
    typer.echo(f"Account: {name}")
    typer.echo(f"Password, shown only now and changed at the first login: {password}")
