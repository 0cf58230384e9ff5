"""A twin with a firmware of a few lines, for tests of the board itself."""

import textwrap
from pathlib import Path

from nsptools.bench.ptys import open_pty
from nsptools.bench.twin import Twin, make_image


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

    def close(self):
        """Cut it."""
        self.pty.close()
