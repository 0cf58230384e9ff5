"""hardware/boards/NAME.toml -> Board, checked against what its chip can do."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from nspgateway.errors import GatewayError
from nsptools.boards.chips import CHIPS

_HERE = Path(__file__).parents[1]
# In a checkout, and in an installed package, which carries a copy.
FOLDERS = (_HERE.parents[1] / "hardware" / "boards", _HERE / "_hardware" / "boards")
Pin = Annotated[int, Meta(ge=0, le=48)]
_OUTPUTS = frozenset(
    {"tx", "de", "nrst", "cut", "led", "buzzer", "sck", "mosi", "nss", "reset", "power", "scl", "sda"}
)
_ANALOGUE = frozenset({"cell", "supply"})


class BoardError(GatewayError):
    """There is no such board, or its file cannot be used: which file and key, and what to do."""

    exit_code = 2


class Rui3Radio(Struct, frozen=True, forbid_unknown_fields=True, tag="rui3", tag_field="kind"):
    """A module with AT commands on a UART. ``nrst``: open drain; ``cut``: high takes its supply away."""

    tx: Pin
    rx: Pin
    nrst: Pin
    cut: Pin


class Sx1262Radio(Struct, frozen=True, forbid_unknown_fields=True, tag="sx1262", tag_field="kind"):
    """The chip itself on SPI. ``power``: high = on; ``tcxo_mv``: what DIO3 gives its oscillator."""

    sck: Pin
    mosi: Pin
    miso: Pin
    nss: Pin
    reset: Pin
    busy: Pin
    dio1: Pin
    tcxo_mv: Annotated[int, Meta(ge=1600, le=3300)]
    dio2_rf_switch: bool = True
    power: Pin | None = None


class Rs485(Struct, frozen=True, forbid_unknown_fields=True):
    """``de``: driver enable, None = the transceiver turns the line round by itself; ``power``: high = on."""

    tx: Pin
    rx: Pin
    de: Pin | None = None
    power: Pin | None = None


class Panel(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person sees and presses. Buttons and inputs are closed contacts to earth."""

    led: Pin
    help: Pin
    buzzer: Pin | None = None
    silence: Pin | None = None
    input_1: Pin | None = None
    input_2: Pin | None = None


class Display(Struct, frozen=True, forbid_unknown_fields=True):
    """A display on I2C. ``power``: low = on."""

    kind: Literal["ssd1306"]
    sda: Pin
    scl: Pin
    reset: Pin | None = None
    power: Pin | None = None


class Measure(Struct, frozen=True, forbid_unknown_fields=True):
    """The kit's own voltages, by dividers, and a 1-Wire thermometer."""

    cell: Pin | None = None
    supply: Pin | None = None
    temperature: Pin | None = None
    cell_divider: Annotated[float, Meta(ge=1)] = 1.0
    supply_divider: Annotated[float, Meta(ge=1)] = 1.0


class Board(Struct, frozen=True, forbid_unknown_fields=True):
    """One board. ``micropython``: the build of the image; ``sources``: where its pins are from."""

    name: str
    chip: Literal["esp32", "esp32s3"]
    status: Annotated[str, Meta(min_length=1)]
    micropython: str
    usb: Literal["native", "cp2102", "ch340"]
    sources: Annotated[tuple[str, ...], Meta(min_length=1)]
    radio: Rui3Radio | Sx1262Radio
    rs485: Rs485
    panel: Panel
    display: Display | None = None
    measure: Measure = Measure()

    def pins(self) -> Iterator[tuple[str, int]]:
        """Yield the name ("rs485.tx") and number of every pin that is used."""
        for section in ("radio", "rs485", "panel", "display", "measure"):
            part = getattr(self, section)
            values: Mapping[str, object] = {} if part is None else msgspec.structs.asdict(part)
            for key, value in values.items():
                if type(value) is int and not key.endswith("_mv"):
                    yield f"{section}.{key}", value


def folder() -> Path:
    """Return where the boards' files are. Raises BoardError."""
    for place in FOLDERS:
        if place.is_dir():
            return place
    raise BoardError(f"{FOLDERS[0]}: the boards' files are not there. Install the package again.")


def names() -> list[str]:
    """Return the names of all boards."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def load(name: str) -> Board:
    """Return a board by its name. Raises BoardError."""
    if name not in names():
        raise BoardError(f"There is no board {name!r}; there are: {', '.join(names())}.")
    return read(folder() / f"{name}.toml")


def read(path: Path) -> Board:
    """Return the board of a file, checked. Raises BoardError."""
    try:
        board = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Board)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BoardError(f"{path}: {error}. Compare with another board's file.") from error
    problems = list(_problems(board))
    if problems:
        raise BoardError(f"{path}: {'; '.join(problems)}. Choose another pin.")
    return board


def _problems(board: Board) -> Iterator[str]:
    chip = CHIPS[board.chip]
    users: dict[int, str] = {}
    for name, pin in board.pins():
        what = name.rpartition(".")[2]
        if pin in users:
            yield f"{name} = {pin} is {users[pin]} already"
        users[pin] = name
        if pin not in chip.pins:
            yield f"{name} = {pin}: the {board.chip} has no such pin"
        if pin in chip.taken and not (board.usb != "native" and "USB" in chip.taken[pin]):
            yield f"{name} = {pin} belongs to {chip.taken[pin]}"
        if pin in chip.input_only and what in _OUTPUTS:
            yield f"{name} = {pin} can only read"
        if what in _ANALOGUE and pin not in chip.adc:
            yield f"{name} = {pin} is not on the first converter"
        if what == "help" and pin in chip.strapping:
            yield f"{name} = {pin} decides how the chip starts: a held button must not"
