import asyncio
import json

import pytest

from nsptools.cli import main
from nsptools.demo import door


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


async def test_a_killed_demo_does_not_hide_the_one_that_runs(own_runtime_folder):
    """What a demo that was killed left behind is passed over, so that nobody has to name a port."""
    running = door.Door(8080, lambda request: {"name": request["name"], "value": "7"})
    await running.start()
    (own_runtime_folder / "nspkit" / "demo-9090.json").write_text(json.dumps({"port": 1, "token": "gone"}))
    try:
        reply = await asyncio.to_thread(door.ask, {"name": "de-linde.plant.fuel_l"})
    finally:
        await running.stop()
    assert reply["value"] == "7"
    assert list((own_runtime_folder / "nspkit").iterdir()) == []


async def test_another_token_opens_nothing():
    """The door serves only who can read the user's own file."""
    running = door.Door(8080, lambda _: {"value": "7"})
    assert "wrong token" in running._reply(json.dumps({"token": "guess", "name": "x"}).encode())["error"]
    assert "JSON" in running._reply(b"no")["error"]


def test_no_demo_says_how_to_start_one():
    """The message names the command."""
    with pytest.raises(door.DoorError, match="Start one with: nsp demo"):
        door.ask({"name": "x"})


def test_a_value_below_zero_is_a_value(capsys):
    """`nsp bench set ... -5` reaches the demo, which knows what is possible; it is no option."""
    assert main(["bench", "set", "de-linde.plant.fuel_l", "-5"]) == 2
    assert "No demo runs here" in capsys.readouterr().err
