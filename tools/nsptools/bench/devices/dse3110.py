"""DSE 3110, the first generation, on the bus: GenComm with the alarm list of page 8, unit 10."""

from __future__ import annotations

from nsptools.bench.dse_alarms import PAGE_8
from nsptools.bench.gencomm import GenCommGenset


class Dse3110(GenCommGenset):
    """A 3110. It does not add its phases up: all of page 6 that later models derive is not implemented."""

    model = 3110
    alarms = PAGE_8
    lacks = frozenset({"total_w", "total_va", "total_var", "load_permille"})
