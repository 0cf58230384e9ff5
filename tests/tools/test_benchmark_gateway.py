"""``nsp benchmark --only gateway``: a short real run, with the names that scripts rely on."""

from __future__ import annotations

import json

import pytest

from nsptools import cli
from nsptools.benchmark import mosquitto
from nsptools.benchmark.frame import BenchmarkError

FIGURES = {
    "messages_per_s",
    "frames_per_s",
    "broker_ceiling_per_s",
    "ratio",
    "cpu_us_per_frame",
    "latency_ms_p50",
    "latency_ms_p99",
    "rss_mb",
}


def test_figures_of_a_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A real gateway, a real Mosquitto: all frames get there, and what was not measured is absent, not zero."""
    assert cli.main(["benchmark", "--only", "gateway", "--quick", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    figures = results["gateway"]
    assert set(figures) == FIGURES
    assert figures["messages_per_s"] >= 2 * figures["frames_per_s"] - 2 > 0  # both are rounded
    assert 0 < figures["latency_ms_p50"] <= figures["latency_ms_p99"]
    # No time: an hour of 40 kits must fit in the memory of a small box.
    assert 37 < figures["rss_mb"] <= 75


def test_without_mosquitto_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Who has no broker learns its package, not a traceback."""
    monkeypatch.setattr(mosquitto.shutil, "which", lambda *_, **__: None)
    with pytest.raises(BenchmarkError, match="apt-get install mosquitto"):
        mosquitto.Mosquitto(tmp_path)  # type: ignore[arg-type] # not reached
