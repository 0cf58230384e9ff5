"""Boards as data: hardware/boards/NAME.toml is the one source of a board's pins."""

from nsptools.boards.board import Board, BoardError, load, names
from nsptools.boards.pins import pins_py

__all__ = ["Board", "BoardError", "load", "names", "pins_py"]
