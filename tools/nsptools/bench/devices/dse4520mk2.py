"""DSE 4520 MkII on the bus: GenComm, unit 10, with alarms in the status bits of page 3 alone.

It has an alarm page too (154), in an order that is not published and that this bench therefore does not show.
"""

from __future__ import annotations

from nsptools.bench.gencomm import GenCommGenset


class Dse4520Mk2(GenCommGenset):
    """A 4520 MkII. `alarm_NAME` stands for the cause behind its status bits; no register shows it."""

    model = 32807
    alarms = None
