"""Arguments and values of commands: the bytes behind ``command`` and ``answer``. Pure.

Only the settings of this table can be changed over the air, each within limits
that leave a kit lawful and reachable. A change is staged, read back, and
confirmed by the check of all that is staged; nothing acts before.
"""

from nsplink.frame import BadPayload

# id, name, least, most. Append only. Radio settings roll back by themselves.
SETTINGS = (
    (1, "heartbeat_s", 60, 3600),
    (2, "full_s", 300, 86400),
    (3, "change_gap_s", 10, 3600),
    (4, "change_refill_s", 60, 3600),
    (5, "rated_w", 0, 60000),
    (6, "generator_auto", 0, 1),
    (7, "frequency_hz", 863_000_000, 870_000_000),
    (8, "sf", 7, 12),
    (9, "power_dbm", 5, 22),
)
EXERCISE_MIN = (1, 10_080)  # an exercise of more than a week is a mistake
RADIO_SETTINGS = ("frequency_hz", "sf", "power_dbm")
_ROWS = {row[1]: row for row in SETTINGS}


def limits(name: str) -> tuple | None:
    """(least, most) of a setting that may be changed over the air, else None."""
    row = _ROWS.get(name)
    return None if row is None else (row[2], row[3])


def setting_argument(name: str, value: int | None = None) -> bytes:
    """Argument of ``read`` (value None) and ``stage``, and value of their answers; KeyError for another name."""
    head = bytes((_ROWS[name][0],))
    return head if value is None else head + value.to_bytes(4, "big")


def parse_setting(data: bytes) -> tuple:
    """(name or None when the id is not known, value or None) of such bytes; BadPayload when they are none."""
    if len(data) not in (1, 5):
        raise BadPayload("setting of %d bytes, expected 1 or 5" % len(data))
    value = int.from_bytes(data[1:], "big") if len(data) == 5 else None
    for row in SETTINGS:
        if row[0] == data[0]:
            return row[1], value
    return None, value


def exercise_argument(minutes: int | None) -> bytes:
    """Argument of ``exercise_on``, and value of its answer: minutes until it ends by itself, None = it does not.

    ValueError beyond EXERCISE_MIN.
    """
    if minutes is None:
        return b""
    if not EXERCISE_MIN[0] <= minutes <= EXERCISE_MIN[1]:
        raise ValueError("exercise of %d minutes, expected %d to %d" % ((minutes,) + EXERCISE_MIN))
    return minutes.to_bytes(2, "big")


def parse_exercise(data: bytes) -> int | None:
    """Minutes of such an argument, None = no end; BadPayload when it is none or beyond EXERCISE_MIN."""
    if not data:
        return None
    minutes = int.from_bytes(data, "big")
    if len(data) != 2 or not EXERCISE_MIN[0] <= minutes <= EXERCISE_MIN[1]:
        raise BadPayload("exercise of %d bytes, expected none or %d to %d minutes in 2" % ((len(data),) + EXERCISE_MIN))
    return minutes


def staged_bytes(staged: dict) -> bytes:
    """What the check of a staged change is taken over: names and values in the order of the table."""
    data = b""
    for row in SETTINGS:
        if row[1] in staged:
            data += setting_argument(row[1], staged[row[1]])
    return data
