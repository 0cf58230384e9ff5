"""A twin with a firmware of a few lines, for tests of the board itself."""

import asyncio
import fcntl
import os
import struct
import termios
import textwrap
from pathlib import Path

from nsptools.bench.ptys import open_pty
from nsptools.bench.twin import Twin, make_image
from patience import PATIENCE_S


def source(text):
    """A firmware file's bytes from an indented string."""
    return textwrap.dedent(text).encode()


def twin_of(folder: Path, main, files=None, **options):
    """A twin, not yet started, whose flash holds ``main`` as main.py and ``files``."""
    image = folder / "flash.img"
    make_image(image, {"main.py": source(main)} | (files or {}))
    options.setdefault("uarts", {})
    return Twin("board", image, **options)


class Wire:
    """The far end of a UART."""

    def __init__(self):
        self.pty = open_pty()
        self.path = self.pty.slave_path

    async def arrived(self, data):
        """Send to a board that does not read now; return once all of it waits there: a pty hands over when it likes."""
        os.write(self.pty.master_fd, data)
        near = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while struct.unpack("i", fcntl.ioctl(near, termios.FIONREAD, bytes(4)))[0] < len(data):  # noqa: ASYNC110 - a terminal has no bell
                    await asyncio.sleep(0.005)
        finally:
            os.close(near)

    def close(self):
        """Cut it."""
        self.pty.close()
