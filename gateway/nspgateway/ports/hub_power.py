"""The supply of a USB modem, through a hub that can switch each of its ports (Debian program uhubctl)."""

from __future__ import annotations

import asyncio

from nspgateway.ports import SwitchError

_DEADLINE_S = 15.0


class HubPort:
    """One port of a hub. `location` as in `[radio] hub_port`: "1-1.2" is port 2 of hub 1-1, as uhubctl lists it."""

    def __init__(self, location: str, program: str = "uhubctl") -> None:
        cut = max(location.rfind("."), location.rfind("-"))
        self._hub, self._port = location[:cut], location[cut + 1 :]
        self._program = program

    async def off(self) -> None:
        """Cut the power. Raises SwitchError."""
        await self._run("off")

    async def on(self) -> None:
        """Switch it on again. Raises SwitchError."""
        await self._run("on")

    async def _run(self, action: str) -> None:
        # Some hubs need to be told more than once before they let go (-r).
        arguments = ("-l", self._hub, "-p", self._port, "-a", action, "-r", "10")
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            raise SwitchError(f"{self._program} cannot be run ({error.strerror}): install it") from error
        try:
            async with asyncio.timeout(_DEADLINE_S):
                said, _ = await process.communicate()
        except TimeoutError as late:
            raise SwitchError(f"{self._program} did not end within {_DEADLINE_S:g} s") from late
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise SwitchError(f"USB port {self._port} of hub {self._hub} cannot be switched {action}: {last}")
