"""A real Mosquitto for the tests of MQTT: own configuration, own port, gone afterwards. Templates that are compiled once."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from mqtt_peers import Mosquitto, Wire


@pytest.fixture(scope="session", autouse=True)
def _templates_once() -> Iterator[None]:
    """Each test makes its pages anew, of the same templates: they are compiled once for environments that are alike."""
    compiled: dict[tuple[object, ...], Any] = {}
    compile_one = Environment.compile

    def once(self: Environment, source: Any, *name: Any, **how: Any) -> Any:
        key = (source, *name, *how.items(), self.autoescape, *sorted(self.extensions))
        if key not in compiled:
            compiled[key] = compile_one(self, source, *name, **how)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", once)
        yield


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
