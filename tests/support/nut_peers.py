"""A real upsd with a real driver whose UPS is a file: Network UPS Tools as Debian ships it."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Self

import pytest

from mqtt_peers import until
from ports import free_port

# Debian's /usr/sbin/upsd is a wrapper that first asks /etc/nut/nut.conf whether it may start.
_PROGRAMS = Path("/lib/nut")


class Nut:
    """One upsd and its dummy-ups, which reads its values from a file again whenever that changes."""

    def __init__(self, folder: Path) -> None:
        for name in ("dummy-ups", "upsd"):
            if not (_PROGRAMS / name).exists():
                pytest.fail("nut-server is not installed; run: tools/setup.sh system")
        self.port = free_port()
        self._folder = folder
        self._files: dict[str, subprocess.Popen[bytes]] = {}
        user = pwd.getpwuid(os.geteuid()).pw_name
        self._write(
            "ups.conf",
            f"user = {user}\n[ups]\ndriver = dummy-ups\nport = ups.dev\nmode = dummy-once\npollinterval = 1\n",
        )
        self._write("upsd.conf", f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 5\n")
        self._write("upsd.users", "")
        folder.chmod(0o700)
        self._users = ("-u", user)

    def say(self, status: str, runtime_s: int | None = None) -> None:
        """Let the UPS be so from its next look on."""
        runtime = "" if runtime_s is None else f"battery.runtime: {runtime_s}\n"
        beside = self._folder / "ups.new"
        beside.write_text(f"ups.status: {status}\n{runtime}battery.charge: 80\n")
        beside.replace(self._folder / "ups.dev")

    async def start(self) -> Self:
        """Return once upsd listens and has its driver."""
        self.start_driver()
        await until((self._folder / "dummy-ups-ups").exists)
        self.start_upsd()
        log = self._folder / "upsd.log"
        await until(lambda: "Connected to UPS" in log.read_text() or self._files["upsd"].poll() is not None)
        assert self._files["upsd"].poll() is None, log.read_text()
        return self

    def start_driver(self) -> None:
        """Start the driver."""
        self._spawn("dummy-ups", "-F", "-a", "ups", *self._users)

    def start_upsd(self) -> None:
        """Start upsd."""
        self._spawn("upsd", "-F", *self._users)

    def kill(self, *names: str) -> None:
        """Kill these, or both."""
        for name in names or tuple(self._files):
            process = self._files[name]
            process.kill()
            process.wait()

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.write_text(text)
        path.chmod(0o600)

    def _spawn(self, name: str, *arguments: str) -> None:
        folder = str(self._folder)
        names = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
        environment = os.environ | dict.fromkeys(names, folder) | {"NUT_QUIET_INIT_SSL": "true"}
        with (self._folder / f"{name}.log").open("wb") as log:
            self._files[name] = subprocess.Popen(
                [str(_PROGRAMS / name), *arguments], cwd=folder, env=environment, stdout=log, stderr=log
            )
