"""Which radio the settings ask for: one, and in the field a real one."""

import asyncio
import random
from pathlib import Path

import pytest
from msgspec import structs

from gateway_box import Box, VirtualClock
from nspgateway.config import GatewayConfig, RadioConfig, load_gateway
from nspgateway.config_parts import ForwarderConfig
from nspgateway.errors import ConfigError
from nspgateway.ports import PortDown, PortError, Reception
from nspgateway.ports.chosen import port_of
from nspgateway.ports.serial_modem import SerialModem
from nspgateway.ports.simulated import SimulatedPort
from nspgateway.ports.udp_forwarder import UdpForwarder

FORWARDER = ForwarderConfig(host="127.0.0.1", euis=("00800000a0001234",), addresses=("127.0.0.1",))
SETTINGS = """region = "r"
cp = "c"
cp_number = 1
data = "data"
points = "points.toml"
keys = "keys.db"
[radio]
{port}
{forwarder}
"""
SECTION = '[forwarder]\nhost = "{host}"\neuis = ["00800000a0001234"]\naddresses = ["10.1.2.3"]'


def settings(tmp_path: Path, radio: RadioConfig, forwarder: ForwarderConfig | None = None) -> GatewayConfig:
    box = Box(tmp_path)
    box.store.close()
    return structs.replace(box.config, radio=radio, forwarder=forwarder)


def test_the_settings_choose_the_port(tmp_path: Path) -> None:
    """Protects the wiring: modem, packet forwarder or, in a demo only, no radio at all."""
    clock = VirtualClock()
    modem = settings(tmp_path, RadioConfig(port="/dev/ttyUSB0"))
    assert isinstance(port_of(modem, print, clock), SerialModem)
    concentrator = structs.replace(modem, radio=RadioConfig(), forwarder=FORWARDER)
    assert isinstance(port_of(concentrator, print, clock), UdpForwarder)
    simulated = structs.replace(modem, radio=RadioConfig(port="simulated"))
    assert isinstance(port_of(simulated, print, clock, demo=True), SimulatedPort)
    with pytest.raises(PortError, match="for a demo only"):
        port_of(simulated, print, clock)
    with pytest.raises(PortError, match="there is no radio"):
        port_of(structs.replace(modem, radio=RadioConfig()), print, clock)


@pytest.mark.parametrize(
    ("port", "forwarder", "said"),
    [
        ("sf = 9", "", "missing, and there is no"),
        ('port = "/dev/ttyUSB0"', SECTION.format(host="10.1.2.1"), "given, and a"),
        ("sf = 9", SECTION.format(host="0.0.0.0"), "not with all of them"),
        ("sf = 9", SECTION.format(host="gateway.local"), "must be an IP address"),
    ],
)
def test_one_radio_and_at_a_named_address(tmp_path: Path, port: str, forwarder: str, said: str) -> None:
    """Protects a technician from two radios, from none, and from a UDP port that is open to all the world."""
    path = tmp_path / "gateway.toml"
    path.write_text(SETTINGS.format(port=port, forwarder=forwarder))
    with pytest.raises(ConfigError, match=said):
        load_gateway(path)
    path.write_text(SETTINGS.format(port="sf = 9", forwarder=SECTION.format(host="10.1.2.1")))
    assert load_gateway(path).forwarder is not None


async def test_a_port_without_a_radio_behaves_as_one() -> None:
    """Protects exercises and benches: frames come and go, take their time on air, and are lost while it is down."""
    heard: list[Reception] = []
    sent: list[bytes] = []
    clock = VirtualClock()
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        assert sent == []

    clock.sleep = sleep  # type: ignore[method-assign] # time passes when we say so
    port = SimulatedPort(RadioConfig().phy(), heard.append, clock, sent.append)
    one = Reception(random.Random(1).randbytes(17), -90, 7.0)
    port.hear(one)
    with pytest.raises(PortDown):
        await port.send(one.data)
    task = asyncio.create_task(port.run())
    await asyncio.sleep(0)
    port.hear(one)
    await port.send(one.data)
    assert (heard, sent, port.state) == ([one], [one.data], "up")
    assert waited == [pytest.approx(0.165, abs=0.03)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (port.state, port.cause) == ("down", "down")
