"""Scripts in the bare VMs, and the shim's names against the board's stubs."""

import ast
import sys
from pathlib import Path

import pytest

import nsptools.bench.twin
from nsptools.bench.twin import make_image
from nsptools.bench.vm import VmError, firmware_files, run_script, run_script_32

BOARD = Path(nsptools.bench.twin.__file__).parent / "board"
STUBS = Path(sys.prefix) / "typings" / "machine.pyi"


@pytest.mark.parametrize("run", [run_script, run_script_32])
def test_a_script_reports_how_it_ended(run):
    """Other tests can trust status and output: what was printed, the traceback, the exit status."""
    files = {"pack/age.py": b"def double(n):\n    return 2 * n\n"}
    assert run("from pack.age import double\nprint(double(21), __name__)", files=files) == (
        0,
        "42 __main__\n",
    )
    failed = run("print('before')\nraise KeyError('gone')", files={})
    assert failed.returncode == 1
    assert failed.stdout.startswith("before\nTraceback")
    assert "KeyError: gone" in failed.stdout
    assert run("import sys\nsys.exit(3)", files={}).returncode == 3


@pytest.mark.parametrize("run", [run_script, run_script_32])
def test_a_script_that_hangs_is_ended(run):
    """One endless loop does not hold up the whole suite."""
    with pytest.raises(VmError, match="did not end within"):
        run("while True:\n    pass", files={}, timeout_s=0.5)


def test_the_two_vms_differ_in_word_length():
    """What only a 32-bit board shows is really tested on 32 bits."""
    script = "import sys\nprint(sys.maxsize, sys.implementation.name)"
    assert run_script(script, files={}).stdout == f"{2**63 - 1} micropython\n"
    assert run_script_32(script, files={}).stdout == f"{2**31 - 1} micropython\n"


def test_heap_is_bounded():
    """A script gets the heap that was asked for and no more."""
    script = "kept = bytearray({})\nprint('fits')"
    assert run_script(script.format(40_000), files={}, heap="64k").stdout == "fits\n"
    assert "MemoryError" in run_script(script.format(80_000), files={}, heap="64k").stdout


def test_script_on_a_mounted_image(tmp_path):
    """A script can look at a flash image with the firmware's own eyes."""
    image = tmp_path / "flash.img"
    make_image(image, {"data": b"x"})
    said = run_script(
        "import os, sys\nprint(os.listdir('/'), sys.path)\nopen('new', 'w').close()", image=image
    )
    assert said == (0, "['data'] ['', '.frozen', '/lib']\n")
    assert run_script("import os\nprint(sorted(os.listdir()))", image=image).stdout == "['data', 'new']\n"
    with pytest.raises(ValueError, match="not both"):
        run_script("", image=image, files={})


def test_firmware_is_complete_and_importable():
    """The list of files for a board has both packages, and a script finds them without being told."""
    names = firmware_files()
    assert {"nsplink/fields.py", "nspkit/modbus.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert run_script("from nsplink import fields\nprint(len(fields.ALARMS) > 0)").stdout == "True\n"


def members(body):
    """Name -> parameter names (empty for a constant) of a module's or a class's body."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            found.setdefault(node.name, set()).update(argument.arg for argument in every)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, set())
        elif isinstance(node, ast.Assign):
            found.update({target.id: set() for target in node.targets if isinstance(target, ast.Name)})
    return {name: parts for name, parts in found.items() if not name.startswith("_") or name == "__init__"}


def board_api(*paths):
    """Members of the module, and of each of its classes by the class's name."""
    body = [node for path in paths for node in ast.parse(path.read_text()).body]
    classes = {node.name: members(node.body) for node in body if isinstance(node, ast.ClassDef)}
    return members(body), classes


# What firmware may use: names that shim and stubs must both have.
NEEDED = {
    "UART": "any read readinto readline write flush txdone irq init deinit sendbreak IRQ_RX IRQ_RXIDLE",
    "Pin": "IN OUT OPEN_DRAIN PULL_UP PULL_DOWN IRQ_RISING IRQ_FALLING init value on off toggle irq",
    "SPI": "init deinit read readinto write write_readinto MSB LSB",
    "WDT": "feed",
    "RTC": "memory datetime init",
    "ADC": "read_u16 read_uv read atten init",
    "I2C": "scan writeto",
}
NEEDED_FUNCTIONS = (
    "reset soft_reset reset_cause unique_id freq idle deepsleep wake_reason EXT0_WAKE TIMER_WAKE "
    "PWRON_RESET HARD_RESET WDT_RESET DEEPSLEEP_RESET SOFT_RESET"
)
# What the ESP32 port has (its machine_pin.c) and the stubs leave out.
NOT_IN_STUBS = {"hold"}
# Ours alone: what IOBase wants, and what the shim's own files call.
OWN = {"UART": {"ioctl", "take_in", "until_idle_ms"}}


def test_shim_promises_nothing_that_a_board_has_not():
    """Firmware that passes on the twin finds every name and every argument on the ESP32 too."""
    assert STUBS.is_file(), (
        f"{STUBS} is missing: install it with"
        f" `pip install --target {STUBS.parent} micropython-esp32-stubs` (`make setup` does)"
    )
    stub_module, stub_classes = board_api(STUBS)
    shim_module, shim_classes = board_api(
        *(BOARD / f"{name}.py" for name in ("machine", "pins", "uart", "i2c"))
    )
    for name, wanted in NEEDED.items():
        shim, stub = shim_classes[name], stub_classes[name]
        assert set(wanted.split()) <= set(shim), name
        assert set(shim) - set(stub) <= OWN.get(name, set()), name
        for method in set(shim) & set(stub):
            assert shim[method] <= stub[method] | {"self"} | NOT_IN_STUBS, f"{name}.{method}"
    functions = set(NEEDED_FUNCTIONS.split())
    assert functions <= set(shim_module)
    assert functions <= set(stub_module)


@pytest.mark.parametrize(
    ("module", "cls", "needed"),
    [
        ("onewire", "OneWire", "reset scan select_rom readinto write writebyte crc8"),
        ("ds18x20", "DS18X20", "scan convert_temp read_scratch"),
    ],
)
def test_frozen_modules_of_the_shim_are_the_boards(module, cls, needed):
    """What firmware takes from a module in the board's image is there under the same names and arguments."""
    _, stub = board_api(STUBS.parent / f"{module}.pyi")
    _, shim = board_api(BOARD / f"{module}.py")
    assert set(needed.split()) <= set(shim[cls])
    assert {name for name in shim[cls] if not name.startswith("_")} <= set(stub[cls])
    for method in needed.split():
        assert shim[cls][method] == stub[cls][method], method


def test_values_of_the_constants_are_the_boards():
    """A reset cause or a trigger compared with a number means the same on both."""
    stubs = {
        node.target.id: node.value.value
        for node in ast.parse(STUBS.read_text()).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant)
    }
    shim = {
        node.targets[0].id: node.value.value
        for node in ast.parse((BOARD / "machine.py").read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    for name in NEEDED_FUNCTIONS.split():
        if name.endswith("_RESET"):
            assert shim[name] == stubs[name]
