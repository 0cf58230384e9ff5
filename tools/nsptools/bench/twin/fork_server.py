"""Starts VMs in a few ms each: loads the interpreter once and forks it for every run.

A program of its own, which knows no threads: reads one JSON list of a VM's arguments a line from
its standard input, runs that VM to its end, or until it says NUL, and answers [wait status, what
it said before].
"""

import ctypes
import json
import os
import signal
import sys

from micropython_unix import main

_PR_SET_PDEATHSIG = 1
_HUNG_S = 120


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _become_vm(arguments: list[str], output: int) -> int:
    _end_with_parent()
    signal.alarm(_HUNG_S)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["micropython", *arguments]
    return int(main())


def _run(arguments: list[str]) -> tuple[int, str]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            status = _become_vm(arguments, writer)
        finally:
            os._exit(status)  # never back into the server's loop
    os.close(writer)
    said = bytearray()
    while data := os.read(reader, 65536):
        said += data
        if said.endswith(b"\0"):
            os.kill(child, signal.SIGKILL)
            said.pop()
    os.close(reader)
    return os.waitpid(child, 0)[1], said.decode(errors="replace")


if __name__ == "__main__":
    _end_with_parent()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()
