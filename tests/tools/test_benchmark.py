"""``nsp benchmark``: the frame of parts, and the firmware's figures from a short real run."""

from __future__ import annotations

import json

import pytest

from nsptools import cli
from nsptools.benchmark import frame, heap, parts

SIZES = range(8, 17)


def part(figures):
    return lambda options: figures | {"quick": options.quick}


TWO = {"link": part({"vital_bytes": 23}), "modbus": part({"faults_tried": 7})}


def test_parts_run_in_the_order_of_the_table():
    """Who asks for two parts gets these two, once each and in the same order every time."""
    names = frame.chosen(TWO, " modbus,link,link")
    assert names == ["link", "modbus"]
    said = []
    results = frame.run(TWO, names, frame.Options(quick=True, say=said.append))
    assert results == {
        "link": {"vital_bytes": 23, "quick": True},
        "modbus": {"faults_tried": 7, "quick": True},
    }
    assert said == ["measuring link ...", "measuring modbus ..."]
    assert frame.chosen(TWO, None) == ["link", "modbus"]


def test_a_part_that_is_not_there_is_said_and_ends_with_2(capsys):
    """A script that asks for what is not built learns which parts are; it never gets an invented zero."""
    assert cli.main(["benchmark", "--only", "firmware,wings", "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"nsp: no part 'wings' yet; there are: {', '.join(parts.PARTS)}.\n"


def test_the_table_shows_every_figure(monkeypatch, capsys):
    """A person sees all that a script sees, grouped figures included."""
    figures = {"heap_peak_bytes": 158112, "by_sf": {"9": {"ratio": 1.25}}}
    monkeypatch.setattr(parts, "PARTS", {"firmware": lambda _options: figures})
    assert cli.main(["benchmark"]) == 0
    said = capsys.readouterr().out
    assert "158,112" in said
    assert "by_sf.9.ratio" in said
    assert "1.25" in said


@pytest.mark.parametrize("least", SIZES)
async def test_the_smallest_size_that_passes_is_found(least):
    """The search ends at the first size that passes, wherever it lies, and tries no size twice."""
    tried = []

    async def passes(size):
        tried.append(size)
        return size >= least

    assert await heap.smallest(SIZES[0] - 1, SIZES[-1], 1, passes) == least
    assert len(set(tried)) == len(tried) <= 6


def test_pure_modules_take_less_on_32_bits():
    """The figure quoted for an ESP32 comes from a real 32-bit VM that imports the same modules."""
    assert {"nsplink.seal", "nspkit.modbus", "nspkit.models.dse7320mk2"} <= set(heap.pure_modules())
    assert 0 < heap.import_bytes(32) < heap.import_bytes(64)


def test_firmware_figures_of_a_short_run(capsys):
    """The real firmware in a bounded heap works, and its figures have the names that scripts rely on."""
    assert cli.main(["benchmark", "--only", "firmware", "--quick", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    figures = results.pop("firmware")
    assert results == {}
    assert {"heap_peak_bytes", "heap_limit_bytes", "cycle_ms"} <= set(figures)
    assert figures["heap_limit_bytes"] == 288 * 1024
    assert 0 < figures["heap_shims_bytes"] < figures["heap_peak_bytes"] < figures["heap_limit_bytes"]
    assert figures["cycle_ms"] > 0
    assert "heap_smallest_bytes" not in figures
