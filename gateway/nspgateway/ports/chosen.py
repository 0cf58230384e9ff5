"""Which port the settings ask for: a modem, a packet forwarder, or none of flesh and blood in a demo."""

from __future__ import annotations

from collections.abc import Callable

from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig
from nspgateway.ports import Port, PortError, Reception
from nspgateway.ports.hub_power import HubPort
from nspgateway.ports.serial_modem import SerialModem
from nspgateway.ports.simulated import NAME, SimulatedPort
from nspgateway.ports.udp_forwarder import UdpForwarder


def port_of(
    config: GatewayConfig, on_reception: Callable[[Reception], object], clock: Clock, *, demo: bool = False
) -> Port:
    """Return the port of ``config``, not running yet. Raises PortError where it has none that may be used."""
    radio = config.radio
    if config.forwarder is not None:
        return UdpForwarder(config.forwarder, radio.phy(), on_reception, clock)
    if radio.port == NAME:
        if not demo:
            raise PortError(f"radio.port = {NAME!r} hears nobody: it is for a demo only")
        return SimulatedPort(radio.phy(), on_reception, clock)
    if radio.port is None:
        raise PortError("neither radio.port nor [forwarder] is given: there is no radio")
    power = HubPort(radio.hub_port) if radio.hub_port else None
    return SerialModem(radio.port, radio.phy(), on_reception, clock, power_switch=power)
