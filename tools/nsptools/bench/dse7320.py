"""DSE 7320 MkII on the bus: GenComm with the named alarms of page 154, unit 10."""

from __future__ import annotations

from nsptools.bench.dse_alarms import PAGE_154
from nsptools.bench.gencomm import GenCommGenset


class DseGenset(GenCommGenset):
    """A 7320 MkII; see GenCommGenset."""

    model = 32841
    alarms = PAGE_154
