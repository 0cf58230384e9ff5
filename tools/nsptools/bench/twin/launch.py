"""Become the MicroPython VM: ``python launch.py MICROPYTHON_ARGUMENT...``.

The VM is a CPython extension module, so this small program stands in front of
it and asks the kernel to end the VM with its parent; no VM outlives a killed
supervisor.
"""

import ctypes
import os
import signal
import sys

from micropython_unix import main

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # the parent ended before the request was in place
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _die_with_parent()
    sys.argv[0] = "micropython"
    sys.exit(main())
