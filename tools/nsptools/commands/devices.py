"""List the devices whose registers the kit can read, and what it reads of each."""

from __future__ import annotations

from types import ModuleType
from typing import Annotated

import typer


def command(
    markdown: Annotated[bool, typer.Option("--markdown", help="Every register, as docs/devices.md.")] = False,
) -> None:
    """List the supported devices."""
    from nspkit import models

    if markdown:
        print(page(), end="")
        return
    for name in models.NAMES:
        source = _source(name)
        doubt = (
            ""
            if not _unverified(source)
            else "  (unverified)"
            if "*" in _unverified(source)
            else "  (in part unverified)"
        )
        print(f"{name:20} {_title(source)}{doubt}")


def page() -> str:
    """The whole of docs/devices.md, made from the tables."""
    from nspkit import models

    parts = [_HEAD, "| model | device | line | unit | verified |\n|---|---|---|---|---|\n"]
    parts += [_summary(name) for name in models.NAMES]
    parts += [_section(name) for name in models.NAMES]
    return "".join(parts)


_HEAD = """# Devices

Made from the tables in `firmware/nspkit/models` by `nsp devices --markdown`; change it there.

A kit reads, and never writes. *Line* and *unit* are the maker's own settings, as far as they are
known; `settings.json` says what a site has. *Verified* means that two public sources, or one and
the maker's own document, agree; *no* means one source only. Compare with the panel at
commissioning in either case.

Addresses are as on the wire (0-based). Types: `u`nsigned, `s`igned and `f`loat with their bits,
high word first unless `lo` follows; `bitN` and `nibbleN` of a register; `anyHHHH` whether any bit
of a mask is set; `bit` one of functions 1 and 2. The range is what counts as plausible, in the
quantity's own unit; anything else is unknown, as is a not-available code. Group: fast is read every
second, normal every 5 s, slow every minute. Names that begin with `_` only serve the rows below.

"""


def _summary(name: str) -> str:
    source = _source(name)
    doubt = _unverified(source)
    verified = "no" if "*" in doubt else "in part" if doubt else "yes"
    return f"| [`{name}`](#{name}) | {_title(source)} | {_line(name)} | {_unit(name)} | {verified} |\n"


def _section(name: str) -> str:
    source = _source(name)
    lines = [f"\n## {name}\n\n", (source.__doc__ or "").strip() + "\n\n"]
    lines.append(
        "| quantity | function | address | type | unit | range | group | verified |\n|---|---|---|---|---|---|---|---|\n"
    )
    for quantity, function, address, kind, unit, low, high, group in source.REGISTERS:
        lines.append(
            f"| `{quantity}` | {function} | {address} (0x{address:04X}) | {kind} | {unit} | {_span(low, high)} | {group} "
            f"| {_verified(source, quantity)} |\n"
        )
    for quantity, operation, inputs in getattr(source, "DERIVED", ()):
        names = [item[0] if operation == "first" else item for item in inputs]
        made = f"{operation} of " + ", ".join(f"`{item}`" for item in names)
        lines.append(f"| `{quantity}` | | | {made} | | | | {_verified(source, quantity)} |\n")
    return "".join(lines)


def _source(name: str) -> ModuleType:
    """The module of a table."""
    import importlib

    return importlib.import_module(f"nspkit.models.{name}")


def _title(source: ModuleType) -> str:
    """First line of the table's docstring, without its full stop."""
    return (source.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _unverified(source: ModuleType) -> tuple[str, ...]:
    names: tuple[str, ...] = getattr(source, "UNVERIFIED", ())
    return names


def _verified(source: ModuleType, quantity: str) -> str:
    doubt = _unverified(source)
    return "no" if "*" in doubt or quantity in doubt else "yes"


def _line(name: str) -> str:
    from nspkit import models

    if not hasattr(_source(name), "SERIAL"):
        return "Modbus TCP"
    baud, parity, stop = models.get(name).serial
    return f"{baud} 8{'N' if parity is None else parity[0].upper()}{stop}"


def _unit(name: str) -> int:
    from nspkit import models

    return models.get(name).unit


def _span(low: int, high: int) -> str:
    return f"{low} to {high}"
