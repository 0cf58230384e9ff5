"""One story in one town from its seed to its verdict."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nsptools.bench import virtual_time
from nsptools.fleet.story import Story, Teller, check
from nsptools.fleet.town import Channel, Town
from nsptools.fleet.verdict import Verdict, judge

# The kits' flash is written thousands of times: in memory where the system has it.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh folder below it, for its owner only


def run(
    story: Story, *, kits: int = 40, channel: Channel | None = None, loss: float = 0.2, seed: int = 1
) -> Verdict:
    """Run a story in virtual time; the same arguments give the same verdict to the byte. Raises StoryError."""
    check(story, kits)
    with tempfile.TemporaryDirectory(
        prefix="nsp-fleet-", dir=_MEMORY if _MEMORY.is_dir() else None
    ) as folder:
        return virtual_time.run(_run(Path(folder), story, kits, channel or Channel(), loss, seed))


async def _run(folder: Path, story: Story, kits: int, channel: Channel, loss: float, seed: int) -> Verdict:
    town = Town(kits, folder, channel, loss, seed)
    teller = Teller(town, story, seed)
    town.start()
    try:
        await teller.run()
    finally:
        await town.stop()
    return judge(town, story, teller.told, seed)
