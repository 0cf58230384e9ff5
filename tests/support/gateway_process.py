"""What a gateway needs to run as a process of its own."""

from __future__ import annotations

from pathlib import Path

from nspgateway.config import BrokerConfig, PointConfig
from nsplink import regions
from nsptools.provision import CpSpec, SiteSpec, provision

POINT = PointConfig(
    slug="de-linde",
    name="De Linde",
    number=1,
    municipality="Lindendam",
    latitude=52.1,
    longitude=5.9,
    devices=("generator", "battery", "meter"),
)


def provisioned(folder: Path, broker: BrokerConfig) -> Path:
    """A coordinating point with one kit and no modem; returns its gateway.toml."""
    passphrase = folder / "passphrase"
    passphrase.write_text("een lange wachtzin\n")
    passphrase.chmod(0o600)
    cp = CpSpec(
        slug="kazerne", number=1, region="regio", modem_port=str(folder / "no-modem"), brokers=(broker,)
    )
    made = provision(
        folder,
        [SiteSpec(POINT, 1)],
        cp,
        phy=regions.PHY,
        demo=False,
        heartbeat_s=300,
        full_s=3600,
        passphrase_file=passphrase,
    )
    return made.config_file
