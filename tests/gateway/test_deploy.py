"""The files of gateway/deploy name the places that ``nsp gateway init`` makes."""

import inspect
from pathlib import Path

from nspgateway.init.files import Layout
from nspgateway.init.gateway_toml import Wanted
from nsptools.commands import _gateway_init

DEPLOY = Path(__file__).parents[2] / "gateway" / "deploy"
DEFAULTS = {
    name: parameter.default for name, parameter in inspect.signature(_gateway_init.init).parameters.items()
}
BOX = Layout(DEFAULTS["folder"])


def settings(name: str) -> list[tuple[str, str]]:
    """Key and value of each line of a systemd unit."""
    lines = (DEPLOY / name).read_text().splitlines()
    return [
        (line.partition("=")[0], line.partition("=")[2]) for line in lines if "=" in line and line[0] != "#"
    ]


def test_service_runs_what_init_made() -> None:
    """The service reads the gateway.toml and owns the data folder and user that init takes by itself."""
    unit = dict(settings("nsp-gateway.service"))
    assert unit["ExecStart"].endswith(f"/nsp gateway run --config {BOX.config}")
    assert Path("/var/lib", unit["StateDirectory"]) == DEFAULTS["data"]
    assert unit["User"] == inspect.signature(Wanted).parameters["gateway_user"].default
    assert f"u {unit['User']} " in (DEPLOY / "nsp-gateway.sysusers.conf").read_text()
    assert (unit["Type"], unit["Restart"], unit["WatchdogSec"]) == ("notify", "always", "30")


def test_neither_service_sees_what_is_not_its() -> None:
    """The gateway cannot see the CA's key and the broker's files, nor the broker the CA's and the gateway's."""
    hidden = {
        name: set(dict(settings(name))["InaccessiblePaths"].replace("-", "", 1).split(" -"))
        for name in ("nsp-gateway.service", "mosquitto.service.d/nsp.conf")
    }
    for folder in (BOX.authority, BOX.clients):
        assert all(str(folder) in paths for paths in hidden.values())
    assert str(BOX.broker) in hidden["nsp-gateway.service"]
    assert str(BOX.gateway) in hidden["mosquitto.service.d/nsp.conf"]


def test_broker_reads_only_what_init_made() -> None:
    """Debian's own configuration of Mosquitto is replaced, not added to: it could open a plain port."""
    starts = [value for key, value in settings("mosquitto.service.d/nsp.conf") if key == "ExecStart"]
    assert starts == ["", f"/usr/sbin/mosquitto -c {BOX.broker}/mosquitto.conf"]


def test_modem_has_the_name_that_the_rule_gives() -> None:
    """A new gateway.toml names the device that the udev rule makes."""
    assert f'SYMLINK+="{Path(DEFAULTS["modem"]).name}"' in (DEPLOY / "60-nsp-modem.rules").read_text()
