"""``esp32``: what ends a deep sleep before its time."""

from channel import send

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def wake_on_ext0(pin, level) -> None:
    """Wake as soon as input ``pin`` has this level."""
    send("wake %s %d" % (repr(pin)[4:-1], 1 if level else 0))
