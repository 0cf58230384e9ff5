"""The recovery ladder of a RUI3 modem, as data: what is tried, in which order, and how long.

Such modems are known to hang in ways that only a stronger step ends: some wake at
any command, some at a reset, some only when their supply is cut. So every climb
goes all the way up, and begins again after a pause, for ever.
"""

from nsplink import rui3

# Why a modem is down: a stable word, and what it means to the technician.
REASONS = {
    "starting":  "not started",
    "silent":    "the modem does not answer: check its plug and its power",
    "boot_mode": "the modem waits in its bootloader",
    "restarted": "the modem restarted by itself",
    "mute":      "the modem takes frames and does not send them",
    # With the modem's own words behind them:
    "refused":      "the modem refuses a command: ",  # stands in its way, as AT_BUSY_ERROR
    "not_set":      "modem not set: ",                # it would hear nobody
    "old_firmware": "update the modem, its firmware is too old: ",
}

ANSWER_MS = 1000
TRIES = 3  # of a command without an answer, before the first step
BANNER_MS = 4000  # a change of mode writes flash before it restarts

COMMAND, NRST, SUPPLY = 0, 1, 2

# What is done, how, how long a pin is held, and how long an answer or a banner may take then, ms.
STEPS = (
    (rui3.RX_OFF, COMMAND,    0, 1000),
    (rui3.RESET,  COMMAND,    0, 2000),
    (rui3.RUN,    COMMAND,    0, 2000),
    ("NRST",      NRST,     100, 2000),
    ("supply",    SUPPLY,  2000, 4000),
)
PAUSE_MS = (1000, 2000, 5000, 10_000, 30_000, 60_000)  # between two climbs

QUIET_MS = 60_000  # without a line from the modem: ask whether it lives
RENEW_MS = 3_600_000  # without a frame: stop receiving and start again, in case it is deaf without a sign

BUSY_TRIES = 3  # of a frame while the channel is occupied; then one of the top class goes out all the same
RUDE_MS = 60_000  # for so long after that frame it does not listen first: each change writes the modem's flash
BUSY_FRAMES = 5  # in a row that found no room: perhaps it is not the channel that refuses them

# What is counted beside the steps.
COUNTS = ("starts", "restarted", "rearmed", "busy", "lost_ok", "lost_done")
