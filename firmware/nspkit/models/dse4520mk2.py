"""Deep Sea Electronics 45xx MkII, 60xx MkII and 61xx MkII or MkIII generator controllers, GenComm over RTU.

Source: GenComm register list (page * 256 + offset, function 3, high word
first), as read alike by two public drivers (victronenergy/dbus-modbus-client
dse.py, russss/dsemon). The order of these families' named alarms is not
published, so only the classes of register 774 are read; low fuel and the like
follow from the readings. Block limit: no official figure; 64 is what working
readers use.
"""

from nspkit.models import gencomm

SERIAL = gencomm.SERIAL
UNIT = gencomm.UNIT
BLOCK_LIMIT = gencomm.BLOCK_LIMIT
HOLE_LIMIT = gencomm.HOLE_LIMIT
PAGE = gencomm.PAGE
TIMEOUT_MS = gencomm.TIMEOUT_MS
LATE_MS = gencomm.LATE_MS
GAP_MS = gencomm.GAP_MS
SENTINELS = gencomm.SENTINELS
WORDS = gencomm.WORDS

# quantity               fc address type        unit      lo      hi       group
REGISTERS = gencomm.REGISTERS + (
    ("engine_rpm",           3, 1030,   "u16",      "",       0,      6000,    "normal"),
    ("generator_w",          3, 1536,   "s32",      "W",      -60000, 60000,   "normal"),
)
