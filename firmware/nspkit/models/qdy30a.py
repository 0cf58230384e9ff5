"""QDY30A submersible level probe, RTU, 9,600 8N1, unit 1.

Source: public notes and reader sunrise-labs/farmers-iot-toolkit. Function 3.
The measured value is a signed number with the decimals and in the unit that
the probe is set to (0x0003, 0x0002; unit codes differ by seller): the tank's
raw values when empty and when full are taken on site, and hold for that setting.
A little below 0 in an empty tank is normal; further off is a broken probe.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 7
HOLE_LIMIT = 0
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("tank_raw",             3, 0x0004, "s16",      "",       -500,   20000,   "normal"),
)
