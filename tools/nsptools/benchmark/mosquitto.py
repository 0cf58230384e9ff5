"""A real Mosquitto of our own, for the parts that measure against one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from nsptools.benchmark.frame import BenchmarkError

HOST = "127.0.0.1"
_START_S = 60.0


class Mosquitto:
    """A broker on loopback, open to whoever is on this machine; a context manager. It keeps sessions over a restart."""

    def __init__(self, folder: Path) -> None:
        path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
        program = shutil.which("mosquitto", path=path)
        if program is None:
            raise BenchmarkError("gateway: mosquitto is not installed (apt-get install mosquitto).")
        self._program = program
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port: int = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\nmax_queued_messages 0\n"
            # Started by root it would drop to a user who cannot read this folder.
            f"user root\nset_tcp_nodelay true\npersistence true\npersistence_location {folder}/\n",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Return once it listens. Raises BenchmarkError."""
        command = [self._program, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError("gateway: mosquitto does not start.")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as a service manager does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0
