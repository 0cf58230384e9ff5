"""A real Mosquitto for the tests of MQTT: own configuration, own port, gone afterwards."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from mqtt_peers import Mosquitto, Wire


@pytest.fixture
def new_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Return a maker of brokers; takes lines of mosquitto.conf. Kills them all at the end."""
    made: list[Mosquitto] = []

    def make(*lines: str) -> Mosquitto:
        folder = tmp_path / f"mosquitto-{len(made)}"
        folder.mkdir()
        made.append(Mosquitto(folder, lines))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
async def mosquitto(new_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """Return a running broker that lets everyone in."""
    return await new_mosquitto("allow_anonymous true").start()


@pytest.fixture
async def wire(mosquitto: Mosquitto) -> AsyncIterator[Wire]:
    """Return a joined cable to the broker."""
    cable = Wire(mosquitto.port)
    await cable.join()
    yield cable
    await cable.cut()
