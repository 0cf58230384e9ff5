"""The demo's volunteer: presses HELP once, soon after a person has said on the page that 112 is doubtful or down."""

from __future__ import annotations

import asyncio

from nspgateway.__main__ import Gateway
from nspgateway.people import Status112
from nsptools.bench.town import SimulatedPoint

# From the moment that the kit offers the button; long enough to look at the page again.
AFTER_S = 6.0
_LOOK_S = 1.0


async def calls_once(gateway: Gateway, point: SimulatedPoint) -> None:
    """Wait until the kit of this point shows that 112 does not work, then call for help, if nobody has yet."""
    revision = -1
    while not _is_offered(gateway, point.slug):
        revision = await gateway.ingest.wait_changed(revision, _LOOK_S)
    await asyncio.sleep(AFTER_S)
    if not any(call.point == point.slug for call in gateway.ingest.situation.calls.values()):
        point.hands.set(point.twin, "help", "1")
    await asyncio.Event().wait()


def _is_offered(gateway: Gateway, slug: str) -> bool:
    """Tell whether a person has said so, and the kit has confirmed it."""
    situation = gateway.ingest.situation
    said = situation.said_of_112
    if said is None or not isinstance(said.entry, Status112) or said.entry.word == "works":
        return False
    return slug in situation.told_112()[0]
