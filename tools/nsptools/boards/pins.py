"""A board as the firmware's pins.py: plain numbers by function, nothing else."""

from __future__ import annotations

from nsptools.boards.board import Board, Rui3Radio

BUS_UART, RADIO_UART = 1, 2
BUS_RXBUF, RADIO_RXBUF = 512, 2048


def pins_py(board: Board) -> str:
    """Return the text of firmware/nspkit/pins.py for a board."""
    radio = board.radio
    uarts = {BUS_UART: (board.rs485.tx, board.rs485.rx, board.rs485.de, BUS_RXBUF)}
    if isinstance(radio, Rui3Radio):
        uarts[RADIO_UART] = (radio.tx, radio.rx, None, RADIO_RXBUF)
    panel, measure, display = board.panel, board.measure, board.display
    lines = [
        f'"""Pins of: {board.name}; {board.status}. Made from hardware/boards, not by hand."""',
        "",
        "UARTS: dict = {",
        *(
            f'    {uart}: {{"tx": {tx}, "rx": {rx}, "de": {de}, "rxbuf": {rxbuf}}},'
            for uart, (tx, rx, de, rxbuf) in uarts.items()
        ),
        "}",
    ]
    values: dict[str, object] = {
        "MODEM_NRST": radio.nrst if isinstance(radio, Rui3Radio) else None,
        "MODEM_CUT": radio.cut if isinstance(radio, Rui3Radio) else None,
        "BUS_POWER": board.rs485.power,
        "LED": panel.led,
        "BUZZER": panel.buzzer,
        "HELP": panel.help,
        "SILENCE": panel.silence,
        "INPUTS": (panel.input_1, panel.input_2),
        "DISPLAY": None if display is None else (display.sda, display.scl, display.reset, display.power),
        "CELL": measure.cell,
        "CELL_PERMILLE": round(1000 * measure.cell_divider),
        "SUPPLY": measure.supply,
        "SUPPLY_PERMILLE": round(1000 * measure.supply_divider),
        "TEMPERATURE": measure.temperature,
    }
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in values.items()), ""])
