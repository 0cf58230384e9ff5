from nsptools.bench import vm
from nsptools.bench.twin import Twin, make_image, read_files

TIMEOUT_S = 120


async def boots(tmp_path, files, until):
    """Boot the firmware with these files beside it; the twin after it printed ``until``, and its flash."""
    image = tmp_path / "flash.img"
    make_image(image, vm.firmware_files() | files)
    twin = Twin("kit", image, {})
    await twin.start()
    try:
        await twin.wait_for_log(until, TIMEOUT_S)
        return twin, read_files(image)
    finally:
        await twin.kill()


async def test_maintenance_lets_mpremote_in(tmp_path):
    """A flasher's flag is taken off, and neither kit nor watchdog starts, though everything else is in order."""
    twin, flash = await boots(tmp_path, {"maintenance": b""}, "waiting for mpremote")
    assert "maintenance" not in flash
    assert twin.exited is None
    assert not any("started" in line for line in twin.log)


async def test_an_unfinished_flashing_is_not_run(tmp_path):
    """A kit that was not flashed to the end says so instead of running with half of its files."""
    twin, _ = await boots(tmp_path, {"INCOMPLETE": b"", "settings.json": b"{}"}, "flash this kit again")
    assert not any("started" in line for line in twin.log)


async def test_a_broken_main_leaves_the_prompt(tmp_path):
    """A main.py that cannot run ends at the prompt, where mpremote gets in; nothing resets the board."""
    twin, _ = await boots(tmp_path, {"main.py": b"import no_such_module\n"}, "ImportError")
    assert twin.boots == 1
