"""Two readings of the makers' documents must agree: tables of generator controllers against the bench's devices."""

import asyncio

import pytest

import controller_cases
import dse_cases
from nspkit import models
from read_surely import TRIES
from table_bench import table_bench

CASES = dse_cases.CASES | controller_cases.CASES
every = pytest.mark.parametrize("model", CASES)


async def of_every_model(work, folder):
    """What an async function makes of each model, all at the same time: most of it is waiting."""
    for model in CASES:
        (folder / model).mkdir()
    return await asyncio.gather(*[work(model, folder / model) for model in CASES])


async def test_kit_reads_what_the_panel_shows(tmp_path):
    """Every quantity, each code, each not-available code and each alarm bit mean the same at both ends of the wire."""

    async def wrong(model, folder):
        async with table_bench(model, folder) as bench:
            return await bench.disagreements(CASES[model])

    found = await of_every_model(wrong, tmp_path)
    assert [line for lines in found for line in lines] == []


@every
def test_every_quantity_of_a_table_is_tried(model):
    """A row that nobody compares could be wrong for years; a flag has to be seen both ways."""
    seen = {}
    for _, _, quantity, value in CASES[model]:
        seen.setdefault(quantity, set()).add(value)
    assert set(seen) == {name for names in models.get(model).names for name in names}
    for quantity, values in seen.items():
        assert len(values) >= 2, quantity
        assert not quantity.startswith("alarm_") or {0, 1} <= values, quantity


async def test_each_controller_at_its_own_pace(tmp_path):
    """With the maker's speed, gaps and slow answers every block of every table comes at the first attempt."""

    async def errors(model, folder):
        async with table_bench(model, folder, quick=False) as bench:
            for _ in range(TRIES):
                poller = bench.poller_for(models.get(model))
                device = poller.devices[0]
                for index in range(len(device.blocks)):
                    await poller.read(device, index)
                if not device.errors:
                    break  # else again: a pause of this machine makes any reply late
                await bench.clock.sleep_ms(device.model.late_ms)
            return device.errors

    assert await of_every_model(errors, tmp_path) == [0] * len(CASES)


async def test_a_silent_controller_leaves_everything_unknown(tmp_path):
    """A device that stops answering is a failed read, not old or zero values."""
    async with table_bench("comap_il4", tmp_path) as bench:
        assert await bench.read("fuel_permille") == 500
        bench.site.set("generator.mute", 1)
        assert await bench.read("fuel_permille", tries=1) == "failed"
        state = bench.poller._state
        assert state.value("fuel_permille", bench.clock.ms() + 61_000) is None
