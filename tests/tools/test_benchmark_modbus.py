"""``nsp benchmark --only modbus``: its figures, from a short real run."""

import json

import pytest

from nsptools import cli
from nsptools.benchmark import frame, modbus

NAMES = {
    *("wire_utilisation", "wrong_data_accepted", "faults_tried", "heap_per_poll_bytes"),
    "umodbus_wrong_data_accepted",
}


def test_modbus_figures_of_a_short_run(capsys, monkeypatch):
    """The figures have the names that scripts rely on, come from real runs, and the peer's is marked as recorded."""
    monkeypatch.delenv("NSP_UMODBUS", raising=False)
    monkeypatch.setattr(modbus, "_SHORT", 300)
    monkeypatch.setattr(modbus, "_QUICK_CPU_S", 1.5)
    assert cli.main(["benchmark", "--only", "modbus", "--quick", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["modbus"]
    assert set(figures) >= NAMES
    assert figures["wrong_data_accepted"] == 0
    assert figures["faults_tried"] > 100
    assert 0 < figures["wire_utilisation"] <= 1
    assert 0 < figures["heap_per_poll_bytes"] <= figures["heap_per_poll_most_bytes"]
    assert figures["cycle_cpu_ms"] > 0
    assert set(figures["umodbus_wrong_data_accepted"]) >= {"recorded", "of", "date"}


def test_a_folder_without_the_peer_is_said(tmp_path):
    """Who names the wrong folder learns so, and gets no zero for a program that never ran."""
    with pytest.raises(frame.BenchmarkError, match="there is no umodbus"):
        modbus.peer_matrix(tmp_path, 10, 1)


def test_a_master_that_dies_is_no_good_result(tmp_path):
    """A crash of the program under test ends the run with what it said, not with zero wrong numbers."""
    folder = tmp_path / "umodbus"
    folder.mkdir()
    (folder / "serial.py").write_text("raise ValueError('broken')\n")
    with pytest.raises(frame.BenchmarkError, match="broken"):
        modbus.peer_matrix(tmp_path, 10, 1)
