"""What the kit reads, shown at the REPL for a technician; imported only when asked for.

With the kit standing still (mpremote's Ctrl-C stops it):

    from nspkit import check
    check.show()        each device of settings.json is read once and shown
    check.show(kit)     an app.Kit that somebody made at the prompt, as it is now

Ages are in seconds. Quality: good, stale, unknown; "not available" is never a number.
"""

import asyncio

from nspkit.bus import Bus
from nspkit.kit import KitState
from nspkit.poll import Poller

_TRIES = 2
_WIDTHS = (22, 16, 7, 9)


def show(kit=None, board=None, out=print) -> None:
    """Print every device and every quantity with value, age, quality and register.

    Without ``kit``: read the devices of the settings on ``board`` (this one) first.
    """
    if kit is None:
        if board is None:
            from nspkit import board as boards

            board = boards.Board()
        kit = Reader(board)
        asyncio.run(kit.read())
        clock = board.clock
    else:
        clock = kit.clock
    now = clock.ms()
    for poller in kit.pollers:
        for dev in poller.devices:
            for line in lines(dev, kit.state, now):
                out(line)


class Reader:
    """The reading half of a kit, from its settings alone: no key, no counter, no radio, no watchdog."""

    def __init__(self, board) -> None:
        from nspkit import settings

        conf = settings.load(board.folder)
        self.clock = board.clock
        self.state = KitState(tuple(conf["sources"]), conf["tank"])
        self.pollers: list = []
        for index, bus_conf in enumerate(conf["buses"]):
            devices = [settings.device(entry) for entry in conf["devices"] if entry["bus"] == index]
            if devices:
                self.pollers.append(Poller(_bus(bus_conf, board), devices, self.state, board.clock, _say_nothing, _nothing))
        board.forget(settings.made_of())

    async def read(self) -> None:
        """Every block once; a block that gave nothing is tried again."""
        for poller in self.pollers:
            for dev in poller.devices:
                for index in range(len(dev.blocks)):
                    await self._read_block(poller, dev, index)

    async def _read_block(self, poller, dev, index: int) -> None:
        for _ in range(_TRIES):
            errors = dev.errors
            if dev.dead:
                return
            await poller.read(dev, index)
            if dev.errors == errors and dev.last_good_ms is not None:
                return


def _bus(conf: dict, board):  # noqa: ANN202 - Bus or TcpBus: one interface
    if "tcp" in conf:
        from nspkit.bus_tcp import TcpBus

        return TcpBus(conf["tcp"], conf["port"], board.clock)
    uart, de = board.bus(conf)
    return Bus(uart, de, board.clock, (conf["baud"], conf.get("parity"), conf["stop"]), board.collect)


def lines(dev, state, now: int) -> list:
    """One device in lines of text. ``state``: a KitState that expects its quantities."""
    if dev.last_good_ms is None:
        health = "NO ANSWER" if dev.failures else "answers, but refuses every read"
    elif dev.dead:
        health = "NO ANSWER any more, last %d s ago" % ((now - dev.last_good_ms) // 1000)
    else:
        health = "answers"
    made = ["%s (%s, unit %d): %s, %d errors" % (dev.name, dev.model.name, dev.unit, health, dev.errors)]
    for index, block in enumerate(dev.blocks):
        names = [name for name in dev.model.names[index] if name not in dev.without]
        made += [_line(name, _register(name, block, dev.model.step), state, now) for name in names]
    return made


def _line(name: str, register: str, state, now: int) -> str:
    value = state.value(name, now)
    age = state.age_ms(name, now)
    cells = (
        name,
        "not available" if value is None else _with_unit(value, name),
        "-" if age is None else "%d s" % (age // 1000),
        state.quality(name, now),
    )
    return "  " + "".join([cell + " " * max(1, width - len(cell)) for cell, width in zip(cells, _WIDTHS)]) + register


def _with_unit(value, name: str) -> str:
    from nspkit.quantities import QUANTITIES

    unit = QUANTITIES.get(name, "")
    if isinstance(value, str) or not isinstance(unit, str):
        return str(value)
    head, _, rest = unit.partition(" ")
    if head not in ("0.1", "0.01"):
        return ("%d %s" % (value, unit)).strip()
    places = len(head) - 2
    scale = 10**places
    text = str(abs(value) % scale)
    return "%s%d.%s %s" % ("-" if value < 0 else "", abs(value) // scale, "0" * (places - len(text)) + text, rest)


def _register(name: str, block: tuple, step: int) -> str:
    """Function and wire address of a quantity; "made of others" for one that has no register of its own."""
    _, function, start, _, rows = block
    for row in rows:
        if row[0] == name:
            address = start + (row[2] if row[1] == "bit" else row[2] // 2 * step)
            return "FC%d %d (0x%04X) %s" % (function, address, address, row[1])
    return "made of others, FC%d from 0x%04X" % (function, start)


def _say_nothing(text: str) -> None:
    """Stand for the log."""


def _nothing() -> None:
    """Stand for the supervisor, who wants a sign of life."""
