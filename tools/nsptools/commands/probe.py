"""What is on this RS485 bus? Scan it with a USB adapter, read it, compare it with the panels. Read-only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from nsptools.probe import run, show, sign
from nsptools.probe.errors import UsageError
from nsptools.probe.port import Line


def command(
    port: Annotated[str, typer.Option(help="The adapter, as /dev/ttyUSB0 or /dev/serial/by-id/...")],
    baud: Annotated[
        list[int] | None, typer.Option(min=300, max=1_000_000, help="Speed; may be given more than once.")
    ] = None,
    parity: Annotated[Literal["none", "even", "odd"] | None, typer.Option(help="With --baud.")] = None,
    units: Annotated[str | None, typer.Option(help="Addresses, as 1-20 or 1,2,10.")] = None,
    model: Annotated[str | None, typer.Option(help="Read this model; recognise nothing.")] = None,
    settings: Annotated[
        Path | None, typer.Option(help="A kit's settings.json: read the devices that it names.")
    ] = None,
    bus: Annotated[int | None, typer.Option(min=0, help="With --settings: which of its buses.")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write the findings to this file.")] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="Compare with the panels and write a signed record: this JSON file, and a .txt."),
    ] = None,
    technician: Annotated[str, typer.Option(help="Who signs; asked for when left out.")] = "",
    point: Annotated[str, typer.Option(help="Name or number of the point; likewise.")] = "",
) -> None:
    """Find and read the devices on an RS485 bus. Nothing can be changed with it: it only sends reads.

    Without --settings or --model it tries likely speeds and addresses; silence at all of them takes about two minutes.
    Unplug the kit first. Ends with 0 when everything answers (and, with --record, matches and is signed), else with 1.
    """
    if settings is not None and (model or units or baud):
        raise UsageError("--settings says which devices there are: leave out --model, --units and --baud.")
    if bus is not None and settings is None:
        raise UsageError("--bus goes with --settings.")
    if parity is not None and not baud:
        raise UsageError("--parity goes with --baud.")
    lines = _lines(baud, parity)
    addresses = _units(units) if units is not None else None
    expected, kit = run.from_settings(settings, bus) if settings is not None else ((), None)
    if model is not None:
        expected = run.of_model(model, addresses, lines)
    if record is not None:
        sign.require_terminal()
        sign.require_free(record)
    options = run.Options(port=port, lines=lines, units=addresses, expected=expected, kit_address=kit)
    if not _probe(options, as_json, record, technician, point):
        raise typer.Exit(1)


def _probe(
    options: run.Options, as_json: Path | None, record: Path | None, technician: str, point: str
) -> bool:
    """Run it all; whether nothing is missing or different."""
    probe = run.Probe(options, _say)
    try:
        findings = probe.find()
        _say("")
        for line in show.summary(findings.readouts, findings.verdicts):
            _say(line)
        if as_json is not None:
            as_json.write_text(json.dumps(run.to_json(findings), indent=2, ensure_ascii=False) + "\n")
        if record is None:
            return findings.complete
        if not findings.readouts:
            _say("Nothing to compare: no record is written.")
            return False
        try:
            same = sign.check(
                probe,
                findings,
                record,
                technician=technician.strip(),
                point=point.strip(),
                port=options.port,
                kit_address=options.kit_address,
                say=_say,
            )
        except EOFError:
            _say("\nStopped: no record is written.")
            return False
        return same and findings.complete
    finally:
        probe.close()


def _lines(baud: list[int] | None, parity: str | None) -> tuple[Line, ...] | None:
    if not baud:
        return None
    parities = (None, "even") if parity is None else (None if parity == "none" else parity,)
    return tuple(Line(one, word) for word in parities for one in baud)


def _units(text: str) -> tuple[int, ...]:
    """Addresses of a list such as 1-20,32. Raises UsageError."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            ends = int(first), int(last if dash else first)
        except ValueError:
            raise UsageError(f"--units {text!r}: expected addresses such as 1-20 or 1,2,10.") from None
        if not 1 <= ends[0] <= ends[1] <= 247:
            raise UsageError(f"--units {part.strip()!r}: addresses are 1 to 247, lowest first.")
        found += range(ends[0], ends[1] + 1)
    return tuple(dict.fromkeys(found))


def _say(line: str) -> None:
    print(line, flush=True)
