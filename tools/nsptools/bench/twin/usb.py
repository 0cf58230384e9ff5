"""The twin's USB port: a pseudo-terminal for mpremote on the outside, the VM's own terminal on the inside.

Bytes are copied across, and three of them mean something to a board that a terminal
without a line discipline leaves to us: Ctrl-C interrupts what runs (a signal to the
VM), Ctrl-A and Ctrl-B choose the kind of prompt, which outlives a soft reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from nsptools.bench.ptys import Pty, open_pty

_CTRL_A, _CTRL_B, _CTRL_C = 1, 2, 3
_READ_BYTES = 65536
_INTERRUPT_S = 0.2
_STOP_TRIES, _WAIT_TRIES, _PAUSE_S = 100, 100, 0.001
# poll, select, nanosleep, restart_syscall, clock_nanosleep, epoll_wait, pselect6, ppoll of x86_64
_WAITS = frozenset(("7", "23", "35", "219", "230", "232", "270", "271"))
_SIGINT_BIT = 1 << (signal.SIGINT - 1)


class UsbPort:
    """One port, by a link at ``path`` that stays while the pseudo-terminal behind it changes.

    ``on_line`` gets every line that the board prints.
    """

    def __init__(self, path: Path, on_line: Callable[[str], None]) -> None:
        self.path = path
        self.raw = False  # the host wants the prompt for programs
        self._on_line = on_line
        self._outer: Pty | None = None
        self._inner: Pty | None = None
        self._pid: int | None = None
        self._runs_programs = False
        self._interrupted = -_INTERRUPT_S
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self.plug()

    @property
    def is_plugged(self) -> bool:
        """True while the port is there."""
        return self._outer is not None

    def plug(self) -> None:
        """Put the cable in."""
        if self._outer is None:
            self._outer = open_pty()
            beside = self.path.with_name(self.path.name + ".new")
            beside.unlink(missing_ok=True)
            beside.symlink_to(self._outer.slave_path)
            beside.replace(self.path)
            self._loop.add_reader(self._outer.master_fd, self._from_host)

    def unplug(self) -> None:
        """Pull the cable out: who has the port open reads its end. The board goes on; it has a supply of its own."""
        if self._outer is not None:
            self._loop.remove_reader(self._outer.master_fd)
            self._outer.close()
            self.path.unlink(missing_ok=True)
            self._outer = None

    def attach(self) -> int:
        """Return the terminal for a VM that is about to start; the caller closes it."""
        self._inner = open_pty()
        return os.open(self._inner.slave_path, os.O_RDWR | os.O_NOCTTY)

    def started(self, pid: int) -> None:
        """Name the VM's process: from now on what it prints goes out."""
        if self._inner is not None:
            self._pid = pid
            self._loop.add_reader(self._inner.master_fd, self.drain)
            if self.raw:
                os.write(self._inner.master_fd, bytes((_CTRL_A,)))

    def ready(self) -> None:
        """Say that the board's own programs begin: from now on Ctrl-C interrupts. Before, it only waits in line."""
        self._runs_programs = True

    def ended(self) -> None:
        """Take in what the VM printed at last, and let its terminal go."""
        self.drain()
        if self._inner is not None:
            self._loop.remove_reader(self._inner.master_fd)
            self._inner.close()
        self._inner = self._pid = None
        self._runs_programs = False

    def say(self, data: bytes) -> None:
        """Let the board itself say something to the host."""
        self._to_host(data)

    def close(self) -> None:
        """End both terminals. Safe to call twice."""
        self.ended()
        self.unplug()

    def drain(self) -> None:
        """Pass on what the VM has printed up to now."""
        while self._inner is not None:
            try:
                data = os.read(self._inner.master_fd, _READ_BYTES)
            except OSError:  # nothing there, or nobody at the other end
                return
            if not data:
                return
            self._to_host(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._on_line(line.decode(errors="replace").rstrip("\r"))

    def _from_host(self) -> None:
        outer = self._outer
        if outer is None:
            return
        try:
            data = os.read(outer.master_fd, _READ_BYTES)
        except OSError:
            return
        for byte in data:
            if byte in (_CTRL_A, _CTRL_B):
                self.raw = byte == _CTRL_A
        if _CTRL_C in data and self._interrupt_if_running():
            data = data.replace(bytes((_CTRL_C,)), b"")
        if data and self._inner is not None:
            with contextlib.suppress(OSError):  # a board that does not read loses it
                os.write(self._inner.master_fd, data)

    def _to_host(self, data: bytes) -> None:
        if self._outer is not None:
            with contextlib.suppress(OSError):  # nobody reads: a board does not wait for it
                os.write(self._outer.master_fd, data)

    def _interrupt_if_running(self) -> bool:
        """Interrupt what runs; False when nothing does. At its prompt the VM would die of the signal."""
        if not self._runs_programs or self._pid is None:
            return False
        now = self._loop.time()
        if now - self._interrupted < _INTERRUPT_S:
            return True  # a second one while the first is on its way would end the VM
        with contextlib.suppress(OSError, StopIteration):
            for last in (*[False] * _WAIT_TRIES, True):
                done = self._interrupt_waiting(anyhow=last)
                if done is not None:
                    self._interrupted = now if done else self._interrupted
                    return done
                time.sleep(_PAUSE_S)
        return False

    def _interrupt_waiting(self, *, anyhow: bool) -> bool | None:
        """Interrupt the VM if it waits for something; None when it is at work, False when it runs nothing.

        A board interrupts between two instructions of its program, this VM wherever it is: in the middle of a collection
        its heap would stay locked, in the middle of a write to flash half of it would be lost. It stands
        still while we look: what it is then, it is when the signal arrives.
        """
        pid = self._pid or 0
        os.kill(pid, signal.SIGSTOP)
        try:
            if not int(self._when_still("SigCgt:"), 16) & _SIGINT_BIT:
                return False
            call = Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()[0]
            if call not in _WAITS and not anyhow:
                return None
            os.kill(pid, signal.SIGINT)
            return True
        finally:
            os.kill(pid, signal.SIGCONT)

    def _when_still(self, field: str) -> str:
        """Return a field of the VM's state, once it stands still. Raises OSError when the VM is gone."""
        status = Path(f"/proc/{self._pid}/status")
        lines: list[str] = []
        for _ in range(_STOP_TRIES):
            lines = status.read_text(encoding="ascii").splitlines()
            if any(line.startswith("State:\tT") for line in lines):
                break
            time.sleep(_PAUSE_S)
        return next(line for line in lines if line.startswith(field)).split()[1]
