"""The twin's first program: put the shims in place, mount the flash, start as a board does.

The order matters. asyncio must be imported with the VM's own ``time`` before the
shim takes that name; everything of this PC must be open before its file system is
unmounted. Afterwards the firmware finds its own flash and nothing else.
"""

# What is imported is compiled then and there, so the level comes before:
# ruff: noqa: E402

import micropython

micropython.opt_level(3)  # the shims share the firmware's heap: leave out their line numbers

import asyncio  # noqa: F401  with the VM's own clock
import gc
import os
import sys

import blockdev
import channel
import ds18x20  # noqa: F401  frozen into the board's image
import esp32  # noqa: F401  as above
import i2c
import machine  # noqa: F401  as above
import network  # noqa: F401  as above
import onewire
import pins
import twin_time

micropython.opt_level(0)

_OWN_MODULES = ("blockdev", "channel", "i2c", "pins", "ring", "twin_time", "uart", "uart_irq", "weakflash")


def _mount() -> None:
    try:
        if channel.config["power_lasts"]:
            import weakflash

            file = blockdev.host_files().open(channel.config["image"], "r+b")
            flash = blockdev.vfs.VfsLfs2(weakflash.WeakFlash(file, channel.config["power_lasts"]))
        else:
            flash = blockdev.open_image(blockdev.host_files(), channel.config["image"])
    except OSError as error:
        channel.send("fault the flash does not mount: %r" % error)
        channel.wait_for_ever()
    blockdev.mount_as_root(flash)


def _hide() -> None:
    # The firmware may have a module of its own by one of these names.
    for name in _OWN_MODULES:
        sys.modules.pop(name, None)
    for name in ("time", "utime"):
        sys.modules[name] = twin_time


def _run(name, variables) -> str:
    # As the ESP32's start-up: "" for a script that ended or is not there, else what it raised.
    try:
        os.stat(name)
    except OSError:
        return ""
    try:
        execfile(name, variables)  # noqa: F821  a builtin of MicroPython
    except SystemExit:
        channel.send("soft_reset")
        channel.wait_for_ever()
    except KeyboardInterrupt:
        return "%s was interrupted" % name
    except BaseException as error:  # noqa: BLE001  a board prints whatever it is and goes to its prompt
        sys.print_exception(error)
        return "%s raised %r" % (name, error)
    return ""


def _start() -> None:
    variables = {"__name__": "__main__"}
    raised = _run("boot.py", variables)
    if not raised and not channel.config["raw_prompt"]:
        # An exception in boot.py keeps a board from running main.py, and so does a host at its raw prompt.
        raised = _run("main.py", variables)
    channel.send("exited " + (raised or "main.py ended").replace("\n", " "))
    if not channel.config["prompt"]:
        channel.wait_for_ever()


channel.watch(
    channel.Control(
        {"pin": pins.drive, "adc": pins.set_microvolts, "i2c": i2c.attach, "onewire": onewire.set_raw}
    )
)
_mount()
_hide()
gc.collect()
channel.send("ready %d" % gc.mem_alloc())
_start()
