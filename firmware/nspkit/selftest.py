"""Tries the parts of a kit on the bench, one by one: run by the flasher, before the kit has ever started.

A part is True, False, or None where there is none or nothing to try it with. On site it is ``trials`` that does so.
"""

import asyncio

from nspkit import check, persist, settings, trials
from nspkit.board import Board
from nspkit.own import Own
from nsplink import rui3

_LEAST_FREE = 20_000
_NOTHING_DV = 30  # below it nothing is connected to the supply
_NO_CELL_UV = 100_000
_MODEM_MS = 1000
_LOOK_MS = 50


def on_the_bench(modem: bool = False, devices: bool = False) -> dict:
    """Without a gateway. ``modem``, ``devices``: they are connected, so that their silence is a fault.

    {"parts": {name: True, False or None}, "modem": its release or None, "devices": {name: whether it answers}}.
    """
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
        "flash": trials.keeps_files(board.folder),
        "counter": counter,
        "clock": asyncio.run(trials.time_moves(board)),
        "heap": trials.has_heap(board, _LEAST_FREE),
        "bus": all(answers.values()) if devices or any(answers.values()) else None,
        "radio": False if radio is None and modem else radio,
        "led": trials.follows(parts.led),
        "button": trials.all_up(parts),
        "supply": None if (own.values.get("supply_dv") or 0) < _NOTHING_DV else own.values["on_own_cell"] == "no",
        "cell": None if parts.cell is None or parts.cell() < _NO_CELL_UV else trials.is_charged(own.values),
    }
    return {"parts": results, "modem": version, "devices": answers}


def _modem(board) -> tuple | None:
    """The release of the modem's firmware, (0, 0, 0) for one that it does not tell; None when it does not answer."""
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
    try:
        reader = check.Reader(board)
    except settings.SettingsError:
        return {}
    asyncio.run(reader.read())
    return {dev.name: dev.last_good_ms is not None for poller in reader.pollers for dev in poller.devices}
