"""The same firmware files on CPython: from register bytes on a bus to frames that open with the key."""

from __future__ import annotations

import asyncio
import json

import pytest

from nspkit import persist
from nspkit.persist import CounterError
from nspkit.settings import SettingsError
from nsptools.bench import hostkit, profiles
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.site import Site
from nsptools.bench.town import BUS_UART, RADIO_UART
from nsptools.benchmark.listener import Listener
from nsptools.benchmark.rig import key_of, make_kit
from patience import PATIENCE_S


@pytest.fixture
def kit(tmp_path):
    """A kit's files as the provisioning station makes them; ``kit.folder`` is its flash."""
    return make_kit(tmp_path)


@pytest.fixture
async def site():
    """A running plant; requests are paced on the line, since this kit's UART hands them over at once."""
    site = Site("school", profiles.spec("diesel10k_charging"), speed=1.0, pace_requests=True)
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
async def air():
    return Air()


@pytest.fixture
async def modem(air):
    modem = Rui3Modem(air, "school")
    await modem.start()
    yield modem
    await modem.stop()


QUALITIES = ("q_generator", "q_battery", "q_meter", "q_tank")


async def next_heartbeat(listener):
    """Header and values of the next frame with quantities; reports of the kit itself go between them."""
    while True:
        count = len(listener.heard)
        await listener.wait(count + 1, PATIENCE_S)
        header, values = listener.opened(count)
        if header.kind in ("vital", "full"):
            return header, values


async def test_heartbeats_carry_the_plants_values(kit, site, air, modem):
    """Firmware files run under CPython too, and what a register says is what a receiver reads."""
    said = []
    listener = Listener(air, key_of(kit))
    board = hostkit.HostBoard(kit.folder, {BUS_UART: site.bus_path, RADIO_UART: modem.path})
    running = asyncio.create_task(hostkit.run(board, said.append))
    try:
        header, values = await next_heartbeat(listener)
        assert (header.kind, header.address) == ("full", kit.address)
        while {values[name] for name in QUALITIES} != {
            "good"
        }:  # a pause of this machine looks like a dead bus
            header, values = await next_heartbeat(listener)
        assert values["alarms"] == 0
        assert values["generator_state"] == "running"
        assert values["power_source"] == "generator"
        # Within the steps of register and field, and the plant's own slow variation.
        assert abs(values["fuel_permille"] - 10 * float(site.get("generator.fuel_percent"))) <= 10
        assert abs(values["load_w"] - site.plant.load_w) <= 200
        assert abs(values["battery_permille"] - float(site.get("battery.soc_permille"))) <= 5

        site.set("generator.fuel_percent", "37")
        async with asyncio.timeout(PATIENCE_S):
            # A heartbeat that was due may leave before the register is read again.
            while values["fuel_permille"] != 370:
                header, values = await next_heartbeat(listener)
        headers = [listener.opened(index)[0] for index in range(len(listener.heard))]
        assert [header.counter for header in headers] == list(range(len(headers)))
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled(), said


def change(folder, file, **changes):
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


async def refusal(folder):
    """What a kit with these files raises when it is started; it gets no UART to begin with."""
    with pytest.raises((SettingsError, CounterError)) as raised:
        await hostkit.run(hostkit.HostBoard(folder, {}), print)
    return raised.value


@pytest.mark.parametrize(
    ("file", "changes", "complaint"),
    [
        ("settings.json", {"address": 64}, "settings.json: address: 64, expected a whole number 65-65535"),
        ("settings.json", {"heartbeat_s": "5"}, "settings.json: heartbeat_s: '5', expected a whole number"),
        ("settings.json", {"radio": None}, "settings.json: radio: missing"),
        ("settings.json", {"devices": [{"name": "generator"}]}, "settings.json: devices[0].bus: None"),
        ("key.json", {"key": "00ff"}, "key.json: key: expected 32 hex digits"),
    ],
)
async def test_broken_settings_are_refused_by_file_and_field(kit, file, changes, complaint):
    """A technician learns which field of which file is wrong, and the kit touches no hardware before."""
    change(kit.folder, file, **changes)
    error = await refusal(kit.folder)
    assert isinstance(error, SettingsError)
    assert str(error).startswith(complaint)


@pytest.mark.parametrize("file", ["settings.json", "key.json"])
async def test_files_cut_off_or_missing_are_refused(kit, file):
    """A flash that was half written starts no kit."""
    path = kit.folder / file
    path.write_bytes(path.read_bytes()[:-9])
    assert "is not JSON" in str(await refusal(kit.folder))
    path.unlink()
    assert "missing or unreadable" in str(await refusal(kit.folder))


async def test_a_key_without_its_counter_is_refused(kit):
    """No kit sends under a key whose counter it does not know: a number might go out twice."""
    for name in persist.FILES:
        (kit.folder / name).unlink()
    assert isinstance(await refusal(kit.folder), CounterError)
