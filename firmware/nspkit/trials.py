"""Tries the parts of a kit that works, by a long press on site; imported only for that time.

A part is True, False, or None where there is none. The parts are those of ``fields.SELF_TESTS``.
"""

import os

from nsplink.fields import SELF_TESTS

_LEAST_FREE = 8_000  # of a kit at work: a frame and what is made of it
_LEAST_CELL_PERMILLE = 200
_RECENT_MS = 120_000
_RELEASE_MS = 15_000
_ANSWER_MS = 60_000
_LOOK_MS = 50
_SECOND_MS = 1100


async def on_site(kit) -> dict:
    """While the kit works: log the results, tell the gateway, let the panel show them. ``kit``: app.Kit."""
    clock, panel, log = kit.clock, kit.panel, kit.log
    log("self-test begins")
    parts = await alone(kit)
    answers = {}
    for poller in kit.pollers:
        for dev in poller.devices:
            answers[dev.name] = dev.last_good_ms is not None and clock.ms() - dev.last_good_ms <= _RECENT_MS
    silent = [name for name in answers if not answers[name]]
    if silent:
        log("self-test: no answer from %s" % ", ".join(silent))
    parts["bus"] = not silent if answers else None
    parts["radio"] = await _ping(kit)
    parts["button"] = await _let_go(panel, clock)
    own = panel.own.values
    parts["supply"] = own["on_own_cell"] == "no" if "on_own_cell" in own else None
    panel.tested(conclude(kit, parts), clock.ms())
    kit.uplink.announce(clock.ms())
    return parts


async def alone(kit) -> dict:
    """The parts that need nobody else, on the bench, on site and in a cupboard."""
    async with kit.flash_lock:
        parts: dict = {"flash": keeps_files(kit.board.folder), "counter": kit.counters.is_kept()}
    parts["clock"] = await time_moves(kit.board)
    parts["heap"] = has_heap(kit.board, _LEAST_FREE)
    parts["led"] = follows(kit.panel.parts.led)
    own = kit.panel.own.values
    parts["cell"] = is_charged(own) if "kit_cell_permille" in own else None
    return parts


def conclude(kit, parts: dict) -> tuple:
    """Log the results and give them to the next boot report; the names of the parts that failed."""
    failed = tuple([name for name in SELF_TESTS if parts[name] is False])
    kit.log("self-test: %s" % (", ".join(failed) + " failed" if failed else "all parts work"))
    kit.facts.self_test = bits(failed)
    return failed


def bits(failed: tuple) -> int:
    """The field ``self_test`` of a boot report."""
    return sum([1 << SELF_TESTS.index(name) for name in failed])


def keeps_files(folder: str) -> bool:
    """Whether a file reads back."""
    name = folder + "selftest.tmp"
    try:
        with open(name, "w") as file:
            file.write("nsp")
        with open(name) as file:
            same = file.read() == "nsp"
        os.remove(name)
    except OSError:
        return False
    return same


async def time_moves(board) -> bool:
    """Whether milliseconds and the real-time clock move."""
    rtc = board.rtc()
    began, date = board.clock.ms(), None if rtc is None else rtc.datetime()
    await board.clock.sleep_ms(_SECOND_MS)
    moved = board.clock.ms() - began >= _SECOND_MS // 2
    return moved and (rtc is None or rtc.datetime() != date)


def has_heap(board, least: int) -> bool | None:
    """Whether so many bytes are free, None where the heap has no bound."""
    free = board.free_heap()
    return None if free is None else free >= least


def follows(pin) -> bool | None:
    """Whether the pin follows; whether it shines only a person can tell."""
    if pin is None:
        return None
    pin(1)
    high = pin()
    pin(0)
    return high == 1 and pin() == 0


def all_up(parts) -> bool | None:
    """Whether no button is down."""
    if parts.help is None:
        return None
    return bool(parts.help()) and (parts.silence is None or bool(parts.silence()))


async def _let_go(panel, clock) -> bool | None:
    """As all_up, once the finger that asked for the test is gone."""
    end = clock.ms() + _RELEASE_MS
    while all_up(panel.parts) is False and clock.ms() < end:
        await clock.sleep_ms(_LOOK_MS)
    return all_up(panel.parts)


def is_charged(own: dict) -> bool:
    """Whether the cell has a voltage that a cell can have, and enough of it."""
    charge = own["kit_cell_permille"]
    return charge is not None and charge >= _LEAST_CELL_PERMILLE


async def _ping(kit) -> bool:
    """Whether the modem answers and the gateway acknowledges a boot report; says how well it was heard."""
    if kit.radio.state != "up":
        kit.log("self-test: " + kit.radio.reason)
        return False
    before, clock = kit.inbox.contact_ms, kit.clock
    kit.uplink.announce(clock.ms())
    end = clock.ms() + _ANSWER_MS
    while kit.inbox.contact_ms == before and clock.ms() < end:
        await clock.sleep_ms(_LOOK_MS)
    if kit.inbox.contact_ms == before:
        kit.log("self-test: the modem works, but no gateway answers")
        return False
    kit.log("self-test: gateway heard, RSSI %s dBm, SNR %s dB" % (kit.inbox.rssi_dbm, kit.inbox.snr_db))
    return True
