"""When to send again, and when to listen: what both ends of the link must agree on. Pure.

Figures: a model of 40 hidden kits at SF9 with 20 % loss each way. A first retry
window of 2 s instead of 1 costs the p99 of an alarm its 10 s; a last window of 60 s
instead of 300 costs each waiting kit 27 of the 36 lawful seconds of a 1 % channel.
"""

# An answer begins so long after the end of what it answers: never earlier, because a
# half-duplex modem is not yet back in receive.
ACK_FROM_MS = 100
ACK_UNTIL_MS = 900
# A sender waits for so long, and the time on air of the answer, before it counts as missing.
ACK_WAIT_MS = 1000
# Retry n begins uniform in 0 .. window n, seconds; after the last it doubles to the cap.
_WINDOWS_S = (1, 2, 4, 16, 16, 16, 20, 30)
_CAP_S = 300
# Contact after so long without: what waits starts again in this window.
SILENCE_MS = 60_000
RENEW_STEP = 3  # index of the first 16 s
# Frames that a boot or a return of the mains causes in all kits at once, other than alarms.
SPREAD_MS = 60_000
# Time from a gateway counts when it comes so soon after the end of our own frame.
FRESH_MS = 3000
# Listen before talk: tries, and the pause before each next one.
CAD_TRIES = 3
CAD_PAUSE_MS = (50, 300)
# A kit says its counter in full until it is acknowledged; a gateway in the first frames to a kit.
WIDE_DOWNLINKS = 3
# The hourly link frame: its bitmap reaches back so far.
LINK_PERIOD_S = 3600
LINK_REACH = 32
# The same frame heard twice within this time is an echo of two receivers; later a replay.
DUPLICATE_S = 30
_UTC_EPOCH_S = 1_767_225_600  # 2026-01-01 00:00 UTC in seconds since 1970
_UTC_MODULO = 65_535


def retry_window_ms(attempt: int) -> int:
    """Width of the window in which try ``attempt`` + 1 begins; ``attempt``: tries so far, from 1."""
    step = max(attempt - 1, 0)
    if step < len(_WINDOWS_S):
        return _WINDOWS_S[step] * 1000
    return min(_CAP_S, _WINDOWS_S[-1] << min(step - len(_WINDOWS_S) + 1, 8)) * 1000


def utc_min(unix_s: int) -> int:
    """``utc_min`` of a moment given in seconds since 1970, which must not lie before 2026."""
    return (unix_s - _UTC_EPOCH_S) // 60 % _UTC_MODULO
