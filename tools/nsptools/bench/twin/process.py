"""One life of the VM, from reset to reset: its process, its lines, its pseudo-terminals."""

import asyncio
import json
import os
import socket
import subprocess
import termios
from collections.abc import Callable, Mapping
from pathlib import Path

from nsptools.bench.ptys import make_raw
from nsptools.bench.twin.usb import UsbPort
from nsptools.bench.vm import command, vm_environment

_BOOT = Path(__file__).parent / "board" / "boot_twin.py"
_READ_BYTES = 65536
_CC = 6


class LineReader:
    """Lines from a pipe for ``on_line``; ``ended`` when every writer has closed it.

    The loop calls ``on_readable`` when there is something; that is to call ``drain``.
    """

    def __init__(
        self, descriptor: int, on_line: Callable[[str], None], on_readable: Callable[[], None]
    ) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, on_readable)

    def drain(self) -> None:
        """Take in all that waits in the pipe now."""
        while not self.ended.done():
            try:
                data = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            if not data:
                lines = [self._rest] if self._rest else []
                self._close()
            for line in lines:
                self._on_line(line.decode(errors="replace").rstrip("\r"))

    def _close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.ended.set_result(None)


class VmProcess:
    """A running VM. Made by ``start``; gone when ``ended()`` returns its exit status.

    ``settings`` go to the shim as they are (see board/channel.py); ``uarts`` maps an id to
    a path. ``on_line`` gets the shim's lines, ``on_output`` what the firmware prints. With ``usb``
    it prints there, and has a prompt there when its programs have ended.
    """

    def __init__(
        self,
        settings: Mapping[str, object],
        uarts: Mapping[int, str],
        heap: str,
        on_line: Callable[[str], None],
        on_output: Callable[[str], None],
        usb: UsbPort | None = None,
    ) -> None:
        up_read, up_write = os.pipe()
        down_read, self._down_write = os.pipe()
        out_read, out_write = os.pipe()
        # Nothing is ever written into this one: see UART.ioctl in board/uart.py.
        never_read, self._never_write = os.pipe()
        always = os.open(os.devnull, os.O_RDWR)
        os.set_blocking(down_read, False)
        os.set_blocking(self._down_write, False)
        terminals = {uart: open_terminal(path) for uart, path in uarts.items()}
        inherited = [up_write, down_read, never_read, always, *terminals.values()]
        wiring = {
            "to_supervisor": up_write,
            "from_supervisor": down_read,
            "never_ready": never_read,
            "always_ready": always,
            "uarts": terminals,
        }
        terminal = None if usb is None else usb.attach()
        if terminal is not None:
            inherited.append(terminal)
        environment = vm_environment() | {"NSP_TWIN": json.dumps({**settings, **wiring})}
        try:
            self._process = subprocess.Popen(
                command(*(("-i",) if usb else ()), _BOOT, heap=heap),
                env=environment,
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=out_write if terminal is None else terminal,
                stderr=out_write if terminal is None else terminal,
                pass_fds=inherited,
                process_group=0,  # a Ctrl-C in the terminal is for the bench, not for the boards
            )
        finally:
            for descriptor in (*inherited, out_write):
                os.close(descriptor)
        self._lines = LineReader(up_read, on_line, self.drain)
        self._output = LineReader(out_read, on_output, self.drain)
        self._usb = usb
        if usb is not None:
            usb.started(self._process.pid)

    @property
    def pid(self) -> int:
        """Process id, for figures from /proc."""
        return self._process.pid

    def send(self, line: str) -> None:
        """Give the shim one line. Dropped when the VM is gone or has not read for very long."""
        try:
            os.write(self._down_write, line.encode() + b"\n")
        except (BrokenPipeError, BlockingIOError):
            return

    def drain(self) -> None:
        """Take in all that the VM has written up to now.

        Both pipes in one go, so that nobody sees a printed line without the shim's lines
        from before it, or the other way round; the output twice, since the VM goes on.
        """
        self._printed()
        self._lines.drain()
        self._printed()

    def _printed(self) -> None:
        self._output.drain()
        if self._usb is not None:
            self._usb.drain()

    def kill(self) -> None:
        """SIGKILL: the VM stops between two of its instructions, wherever that is."""
        self._process.kill()

    async def ended(self) -> int:
        """Wait for the end; exit status, negative for a signal."""
        await self._lines.ended
        await self._output.ended
        # Both pipes are closed by the kernel as the process ends, so this takes no time.
        status = self._process.wait()
        if self._usb is not None:
            self._usb.ended()
        os.close(self._down_write)
        os.close(self._never_write)
        return status


def open_terminal(path: str) -> int:
    """Open a UART's end of a pseudo-terminal: raw, not blocking, never our controlling terminal.

    Bytes that were waiting are gone: an unpowered board does not hear.
    With VMIN = 1 a read that finds nothing says so (EAGAIN), and end of file means that
    the other side is closed. Raises OSError when there is no such terminal.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    make_raw(descriptor)
    mode = termios.tcgetattr(descriptor)
    mode[_CC][termios.VMIN] = 1
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    termios.tcflush(descriptor, termios.TCIFLUSH)
    return descriptor


def free_port() -> int:
    """A port of this PC that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port
