"""The board around the VM: what firmware finds, how it is reset, what the bench can do to it."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nsptools.bench.twin import ImageError, ResetCause, Twin, TwinError, make_image
from patience import PATIENCE_S
from small_board import source, twin_of


async def test_board_sees_only_its_own_flash(tmp_path):
    """Firmware cannot reach this PC or the shim's own parts, so nothing works here that a board has not."""
    twin = twin_of(
        tmp_path,
        """
        import os, sys
        def missing(name):
            try:
                __import__(name)
            except ImportError:
                return True
        print("files", sorted(os.listdir("/")), os.getcwd(), sys.path, sys.argv)
        print("hidden", [missing(name) for name in ("channel", "pins", "uart", "ring", "blockdev")])
        try:
            open("/etc/passwd")
        except OSError:
            print("no passwd")
        print("env", os.getenv("NSP_TWIN"))
        """,
        files={"lib/own.py": b""},
    )
    async with twin:
        assert await twin.wait_for_log("files") == "files ['lib', 'main.py'] / ['', '.frozen', '/lib'] []"
        assert await twin.wait_for_log("hidden") == "hidden [True, True, True, True, True]"
        await twin.wait_for_log("no passwd")
        assert await twin.wait_for_log("env") == "env None"


async def test_boot_runs_before_main_as_on_a_board(tmp_path):
    """boot.py and main.py share their variables and are both __main__."""
    boot = source("import nothing_else\ngreeting = 'from boot ' + __name__")
    async with twin_of(
        tmp_path, "print(greeting, __name__)", files={"boot.py": boot, "nothing_else.py": b""}
    ) as twin:
        await twin.wait_for_log("from boot __main__ __main__")
        await twin.wait_for(lambda: twin.exited is not None)
        assert twin.exited == "main.py ended"


@pytest.mark.parametrize(
    ("files", "exited"),
    [
        ({"main.py": b"1/0"}, "main.py raised ZeroDivisionError"),
        ({"boot.py": b"import gone", "main.py": b"print('ran')"}, "boot.py raised ImportError"),
        ({"main.py": b"x = bytearray(1000000)"}, "main.py raised MemoryError"),
        ({}, "main.py ended"),
    ],
)
async def test_board_stays_at_its_prompt_when_the_script_is_over(tmp_path, files, exited):
    """A script that ends, raises or runs out of heap leaves a board that is on and idle, and says why."""
    image = tmp_path / "flash.img"
    make_image(image, files)
    async with Twin("board", image, {}) as twin:
        await twin.wait_for(lambda: twin.exited is not None)
        assert twin.exited.startswith(exited)
        assert twin.running
        assert "ran" not in twin.log


async def test_each_reset_gives_its_cause(tmp_path):
    """Firmware can tell a power cut from a reset, a soft reset, deep sleep and the watchdog."""
    twin = twin_of(
        tmp_path,
        """
        import machine, sys
        cause = machine.reset_cause()
        print("cause", cause)
        if cause == machine.PWRON_RESET:
            machine.reset()
        elif cause == machine.HARD_RESET:
            sys.exit()
        elif cause == machine.SOFT_RESET:
            machine.deepsleep(10)
        elif cause == machine.DEEPSLEEP_RESET:
            machine.WDT(timeout=50)
        """,
    )
    async with twin:
        await twin.wait_for(lambda: twin.reset_cause == ResetCause.WATCHDOG and twin.exited is not None)
        assert [line for line in twin.log if "cause" in line] == [f"cause {n}" for n in (1, 2, 5, 4, 3)]
        assert twin.boots == 5


async def test_without_restart_a_reset_leaves_the_board_off(tmp_path):
    """A harness can look at the flash exactly as a reset left it."""
    twin = twin_of(tmp_path, "import machine; machine.reset()", restart_on_reset=False)
    async with twin:
        await twin.wait_for(lambda: not twin.running)
        assert twin.boots == 1


async def test_watchdog_spares_firmware_that_feeds_it(tmp_path):
    """A fed watchdog never bites, also when the bench itself was held up for longer than the time-out."""
    for timeout_ms in (400, 1600, 6400):
        twin = twin_of(
            tmp_path,
            f"""
            import asyncio, machine
            async def main():
                dog = machine.WDT(timeout={timeout_ms})
                print("started")
                while True:
                    dog.feed()
                    await asyncio.sleep_ms(20)
            asyncio.run(main())
            """,
        )
        async with twin:
            await twin.wait_for_log("started")
            time.sleep(1.5 * timeout_ms / 1000)  # noqa: ASYNC251  the bench's loop stands still on purpose
            fed = twin.boots
            await asyncio.sleep(0.1)  # time for a wrong bite to show
            if (fed, twin.boots) == (1, 1):
                return
    pytest.fail("bitten each time: also where a pause of the board itself cannot be the cause")


async def test_rtc_memory_survives_a_reset_and_not_a_power_cut(tmp_path):
    """What firmware keeps in RTC memory is there after a reset and gone after the power was."""
    twin = twin_of(
        tmp_path,
        r"""
        import machine
        rtc = machine.RTC()
        print("memory", rtc.memory())
        if not rtc.memory():
            rtc.memory(b"\x00kept")
            machine.reset()
        """,
    )
    async with twin:
        await twin.wait_for(lambda: twin.boots == 2 and twin.exited is not None)
        await twin.power_cycle()
        await twin.wait_for(lambda: twin.boots == 4 and twin.exited is not None)
    seen = [line for line in twin.log if line.startswith("memory")]
    assert seen == ["memory b''", r"memory b'\x00kept'"] * 2


async def test_bench_drives_inputs_and_hears_outputs(tmp_path):
    """An input that the bench drives wakes idle firmware through its interrupt; outputs are reported."""
    heard = []
    twin = twin_of(
        tmp_path,
        """
        import asyncio, machine
        led = machine.Pin(2, machine.Pin.OUT, value=1)
        button = machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP)
        def pressed(pin):
            print("pressed", pin, pin(), led.value())
            led.off()
        button.irq(pressed, machine.Pin.IRQ_FALLING)
        voltage = machine.ADC(machine.Pin(34), atten=machine.ADC.ATTN_11DB)
        print("idle", button(), voltage.read_uv(), machine.unique_id(), machine.freq())
        asyncio.run(asyncio.sleep(60))
        """,
        on_pin=lambda pin, level: heard.append((pin, level)),
        unique_id=b"\x02abcde",
    )
    twin.set_adc(34, 1_200_000)
    async with twin:
        assert await twin.wait_for_log("idle") == "idle 1 1200000 b'\\x02abcde' 160000000"
        twin.set_pin(0, 0)
        await twin.wait_for_log("pressed Pin(0) 0 1")
        await twin.wait_for(lambda: twin.pins == {2: 0})
        assert heard == [(2, 1), (2, 0)]


async def test_outputs_float_from_a_reset_on(tmp_path):
    """What a pin held, a modem's supply for one, is let go when the board starts anew."""
    heard = []
    twin = twin_of(
        tmp_path,
        """
        import machine
        if machine.reset_cause() == machine.PWRON_RESET:
            machine.Pin(7, machine.Pin.OUT, value=1)
            machine.reset()
        """,
        on_pin=lambda pin, level: heard.append((pin, level)),
    )
    async with twin:
        await twin.wait_for(lambda: twin.boots == 2 and twin.exited is not None)
    assert heard == [(7, 1), (7, None)]


async def test_waiting_firmware_uses_no_processor(tmp_path):
    """Dozens of twins share a small computer, so one that waits must sleep in the kernel."""
    twin = twin_of(
        tmp_path,
        """
        import asyncio, machine, time
        async def main():
            print("waiting")
            await asyncio.sleep_ms(500)
            print("waited")
            time.sleep_ms(500)
            print("slept")
        asyncio.run(main())
        """,
    )
    async with twin:
        await twin.wait_for_log("waiting")
        before = _processor_ticks(twin.pid)
        await twin.wait_for_log("slept")
        assert _processor_ticks(twin.pid) - before <= 20  # of 100 in the second that it waits


def _processor_ticks(pid):
    # Fields 14 and 15 of /proc/PID/stat, counted behind the name in brackets: 10 ms each.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_heap_samples_when_asked_for(tmp_path):
    """The bench can quote how much heap the firmware really needs."""
    main = """
        import asyncio, machine
        async def main():
            keep = bytearray(30000)
            dog = machine.WDT(timeout=600_000)
            await asyncio.sleep_ms(1100)
            dog.feed()
            print("fed")
            await asyncio.sleep(60)
        asyncio.run(main())
        """
    async with twin_of(tmp_path, main, sample_heap=True) as twin:
        await twin.wait_for_log("fed")
        assert twin.heap_peak - twin.heap_at_start > 30_000
        assert twin.heap_peak < 192 * 1024


async def test_one_image_serves_one_twin(tmp_path):
    """Two writers would destroy a flash image: the second is refused, as is changing files under a twin."""
    twin = twin_of(tmp_path, "")
    async with twin:
        with pytest.raises(ImageError, match="in use"):
            await Twin("second", twin.image, {}).start()
        with pytest.raises(ImageError, match="in use"):
            make_image(twin.image, {})
        with pytest.raises(TwinError, match="already on"):
            await twin.start()


async def test_a_start_that_fails_says_what_is_wrong(tmp_path):
    """No image, a broken one, or a terminal that is not there: each has its own message."""
    with pytest.raises(ImageError, match=r"none\.img"):
        await Twin("board", tmp_path / "none.img", {}).start()
    broken = tmp_path / "broken.img"
    broken.write_bytes(bytes(65536))
    with pytest.raises(TwinError, match="does not mount"):
        await Twin("board", broken, {}).start()
    twin = twin_of(tmp_path, "", uarts={1: "/dev/pts/none"})
    with pytest.raises(TwinError, match="/dev/pts/none"):
        await twin.start()
    with pytest.raises(TwinError, match="not within"):
        await twin.wait_for(lambda: False, timeout_s=0.01)


def test_no_vm_outlives_its_supervisor(tmp_path):
    """A killed demo leaves no board behind that holds ports and burns a core."""
    image = tmp_path / "flash.img"
    make_image(image, {"main.py": b"while True: pass"})
    program = f"""
import asyncio, pathlib
from nsptools.bench.twin import Twin
async def main():
    twin = Twin("orphan", pathlib.Path({str(image)!r}), {{}})
    await twin.start()
    print(twin.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as bench:
        vm = int(bench.stdout.readline())
        assert _lives(vm)
        bench.send_signal(signal.SIGKILL)
        bench.wait()
    deadline = time.monotonic() + PATIENCE_S
    while _lives(vm) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(vm)


def _lives(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
