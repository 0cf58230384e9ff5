from pathlib import Path

import pytest

import pure_events
import pure_kit
import pure_link
import pure_panel
import pure_remote
import pure_tables
import small_aes
from nsptools.bench import vm

SCRIPT = "import {0}\nprint({0}.check())\n"
# All tables at once, or all the link beside its checks, are more than a kit ever holds; one kit's heap is bounded where the whole kit runs.
HEAPS = {
    pure_events: "512k",
    pure_kit: "192k",
    pure_link: "512k",
    pure_panel: "192k",
    pure_remote: "192k",
    pure_tables: "512k",
}
both = pytest.mark.parametrize("checks", list(HEAPS), ids=lambda module: module.__name__)


def files_for_the_vm():
    own = {Path(module.__file__).name: Path(module.__file__).read_bytes() for module in (*HEAPS, small_aes)}
    return vm.firmware_files() | own


@both
def test_pure_modules_on_cpython(checks):
    """Requests, replies, registers, alarms, the clock, the link, commands and messages come out as the documents say."""
    assert checks.check() == []


@both
def test_pure_modules_on_the_board_interpreter(checks):
    """The same checks of the same files under MicroPython with a bounded heap."""
    result = vm.run_script(SCRIPT.format(checks.__name__), files=files_for_the_vm(), heap=HEAPS[checks])
    assert result.stdout.strip() == "[]", result.stdout


@both
def test_pure_modules_on_32_bits(checks):
    """The same with the small integers of an ESP32."""
    result = vm.run_script_32(SCRIPT.format(checks.__name__), files=files_for_the_vm())
    assert result.stdout.strip() == "[]", result.stdout
