"""Tries the parts of a kit one by one; a part is True, False, or None where there is none or nothing to try it with.

On the bench it is run by the flasher, before the kit has ever started; on site by a long press, while the
kit works. Imported only for that time. The parts are those of ``fields.SELF_TESTS``.
"""

import asyncio
import os

from nsplink.fields import SELF_TESTS

_LEAST_FREE = 20_000
_LEAST_CELL_PERMILLE = 200
_NOTHING_DV = 30  # below it nothing is connected to the supply
_RECENT_MS = 120_000
_MODEM_MS = 1000
_RELEASE_MS = 15_000
_ANSWER_MS = 60_000
_LOOK_MS = 50
_SECOND_MS = 1100


def on_the_bench(modem: bool = False, devices: bool = False) -> dict:
    """Without a gateway. ``modem``, ``devices``: they are connected, so that their silence is a fault.

    {"parts": {name: True, False or None}, "modem": its release or None, "devices": {name: whether it answers}}.
    """
    from nspkit import persist, settings
    from nspkit.board import Board
    from nspkit.own import Own
    from nsplink import rui3

    board = Board()
    try:
        generation, key, _ = settings.load_key(board.folder)
        counter = persist.CounterStore(board.folder, generation, key).is_kept()
    except (persist.CounterError, settings.SettingsError):
        counter = False
    parts = board.parts()
    own = Own(parts)
    own.look(0)
    version, answers = _modem(board), _devices(board)
    radio = None if version is None else version >= rui3.MIN_VERSION
    results = {
        "flash": _flash(board.folder),
        "counter": counter,
        "clock": asyncio.run(_clock(board)),
        "heap": _heap(board),
        "bus": all(answers.values()) if devices or any(answers.values()) else None,
        "radio": False if radio is None and modem else radio,
        "led": _led(parts.led),
        "button": _up(parts),
        "supply": None if (own.values.get("supply_dv") or 0) < _NOTHING_DV else own.values["on_own_cell"] == "no",
        "cell": None if parts.cell is None or parts.cell() < 100_000 else _cell(own.values),
    }
    return {"parts": results, "modem": version, "devices": answers}


async def on_site(kit) -> dict:
    """While the kit works: log the results, tell the gateway, let the panel show them. ``kit``: app.Kit."""
    clock, panel, log = kit.clock, kit.panel, kit.log
    log("self-test begins")
    async with kit.flash_lock:
        parts = {"flash": _flash(kit.board.folder), "counter": kit.counters.is_kept()}
    parts["clock"] = await _clock(kit.board)
    parts["heap"] = _heap(kit.board)
    answers = {}
    for poller in kit.pollers:
        for dev in poller.devices:
            answers[dev.name] = dev.last_good_ms is not None and clock.ms() - dev.last_good_ms <= _RECENT_MS
    silent = [name for name in answers if not answers[name]]
    if silent:
        log("self-test: no answer from %s" % ", ".join(silent))
    parts["bus"] = not silent if answers else None
    parts["radio"] = await _ping(kit)
    parts["led"] = _led(panel.parts.led)
    parts["button"] = await _let_go(panel, clock)
    own = panel.own.values
    parts["supply"] = own["on_own_cell"] == "no" if "on_own_cell" in own else None
    parts["cell"] = _cell(own) if "kit_cell_permille" in own else None
    failed = tuple([name for name in SELF_TESTS if parts[name] is False])
    log("self-test: %s" % (", ".join(failed) + " failed" if failed else "all parts work"))
    kit.facts.self_test = bits(failed)
    panel.tested(failed, clock.ms())
    kit.uplink.announce(clock.ms())
    return parts


def bits(failed: tuple) -> int:
    """The field ``self_test`` of a boot report."""
    return sum([1 << SELF_TESTS.index(name) for name in failed])


def _flash(folder: str) -> bool:
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


async def _clock(board) -> bool:
    """Whether milliseconds and the real-time clock move."""
    rtc = board.rtc()
    began, date = board.clock.ms(), None if rtc is None else rtc.datetime()
    await board.clock.sleep_ms(_SECOND_MS)
    moved = board.clock.ms() - began >= _SECOND_MS // 2
    return moved and (rtc is None or rtc.datetime() != date)


def _heap(board) -> bool | None:
    free = board.free_heap()
    return None if free is None else free >= _LEAST_FREE


def _led(pin) -> bool | None:
    """Whether the pin follows; whether it shines only a person can tell."""
    if pin is None:
        return None
    pin(1)
    high = pin()
    pin(0)
    return high == 1 and pin() == 0


def _up(parts) -> bool | None:
    """Whether no button is down."""
    if parts.help is None:
        return None
    return bool(parts.help()) and (parts.silence is None or bool(parts.silence()))


async def _let_go(panel, clock) -> bool | None:
    """As _up, once the finger that asked for the test is gone."""
    end = clock.ms() + _RELEASE_MS
    while _up(panel.parts) is False and clock.ms() < end:
        await clock.sleep_ms(_LOOK_MS)
    return _up(panel.parts)


def _cell(own: dict) -> bool:
    charge = own["kit_cell_permille"]
    return charge is not None and charge >= _LEAST_CELL_PERMILLE


def _modem(board) -> tuple | None:
    """The release of the modem's firmware, (0, 0, 0) for one that it does not tell; None when it does not answer."""
    from nspkit import settings
    from nsplink import rui3

    try:
        conf = settings.load(board.folder)["radio"]
    except settings.SettingsError:
        return None
    uart = board.radio(conf)
    uart.write((rui3.EOL + rui3.ASK_VERSION + rui3.EOL).encode())
    said = asyncio.run(_read(uart, board.clock))
    return None if "OK" not in said else rui3.parse_version(said) or (0, 0, 0)


async def _read(uart, clock) -> str:
    said = b""
    end = clock.ms() + _MODEM_MS
    while clock.ms() < end and b"OK" not in said:
        await clock.sleep_ms(_LOOK_MS)
        said += uart.read() or b""
    return "".join([chr(one) for one in said if 32 <= one < 127 or one == 10])


def _devices(board) -> dict:
    """Each device of the settings: whether it answers."""
    from nspkit import check, settings

    try:
        reader = check.Reader(board)
    except settings.SettingsError:
        return {}
    asyncio.run(reader.read())
    return {dev.name: dev.last_good_ms is not None for poller in reader.pollers for dev in poller.devices}


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
