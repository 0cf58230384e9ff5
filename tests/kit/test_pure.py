from pathlib import Path

import pure_kit
from nsptools.bench import vm

SCRIPT = "import pure_kit\nprint(pure_kit.check())\n"


def files_for_the_vm():
    return vm.firmware_files() | {"pure_kit.py": Path(pure_kit.__file__).read_bytes()}


def test_pure_modules_on_cpython():
    """Requests, replies, registers, qualities, alarms and the clock come out as the makers' documents say."""
    assert pure_kit.check() == []


def test_pure_modules_on_the_board_interpreter():
    """The same checks of the same files under MicroPython with a bounded heap."""
    result = vm.run_script(SCRIPT, files=files_for_the_vm(), heap="192k")
    assert result.stdout.strip() == "[]", result.stdout


def test_pure_modules_on_32_bits():
    """The same with the small integers of an ESP32."""
    result = vm.run_script_32(SCRIPT, files=files_for_the_vm())
    assert result.stdout.strip() == "[]", result.stdout
