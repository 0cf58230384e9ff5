"""Kits that go from one station to another: a file sealed under the passphrases of two people.

Who hands a kit over does not flash it any more, so that no two stations ever draw a key of one generation for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import structs

from nspgateway.errors import GatewayError
from nspgateway.keys import KitKey
from nsplink import frame
from nsptools.station import sealed
from nsptools.station.cp import StationConfig
from nsptools.station.folder import put
from nsptools.station.register import Dump
from nsptools.station.station import Station

WHAT = "station export"


class ExchangeError(GatewayError):
    """The kits cannot be handed over or taken; the text says why. Nothing was changed."""

    exit_code = 2


class _Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    station: StationConfig
    kits: dict[str, Dump]
    keys: tuple[KitKey, ...]


def hand_over(station: Station, slugs: Sequence[str], to: Path, passphrases: tuple[str, str]) -> None:
    """Write these kits to a file and mark them as moved. Raises ExchangeError, SealedError or RegisterError."""
    if to.exists():
        raise ExchangeError(f"{to}: exists already; it is not written over.")
    addresses = {frame.address(station.config.cp_number, 0), *(station.address(slug) for slug in slugs)}
    gone = [slug for slug in slugs if station.register.kit(slug).state == "moved"]
    if gone:
        raise ExchangeError(f"{gone[0]!r} was handed over already: another station has it.")
    bundle = _Bundle(
        station.config,
        {slug: station.register.dump(slug) for slug in slugs},
        tuple(key for key in station.keys.keys if key.address in addresses),
    )
    put(to, _both(passphrases).close(WHAT, msgspec.json.encode(bundle)))
    for slug in slugs:
        station.register.move(slug, f"handed over in {to.name}")


def begin(
    folder: Path, source: Path, passphrases: tuple[str, str], passphrase: str | None, *, demo: bool = False
) -> Station:
    """Make a new station for the coordinating point of a file, with no kits in it yet. Raises as ``take``, and ConfigError."""
    bundle = _read(source, passphrases)
    return Station.create(folder, structs.asdict(bundle.station), passphrase, demo=demo)


def take(station: Station, source: Path, passphrases: tuple[str, str]) -> list[str]:
    """Enter the kits of a file; return their names. Raises ExchangeError, SealedError, KeyRegisterError."""
    bundle = _read(source, passphrases)
    theirs = bundle.station.cp_number
    if theirs != station.config.cp_number:
        raise ExchangeError(
            f"{source}: is of coordinating point {theirs}, this station is of {station.config.cp_number}."
        )
    known = {row.slug: row for row in station.register.kits()}
    for slug, dump in bundle.kits.items():
        if slug in known and known[slug].state != "moved":
            raise ExchangeError(f"{source}: {slug!r} is a kit of this station already.")
        kit = dump["kit"][0][1]
        other = next((row.slug for row in known.values() if row.kit == kit and row.slug != slug), None)
        if other is not None:
            raise ExchangeError(f"{source}: {slug!r} has number {kit}, which is {other!r} here.")
    group = frame.address(theirs, 0)
    if any(key not in bundle.keys for key in station.keys.of_kit(group)):
        raise ExchangeError(
            f"{source}: {station.folder} was made from a list and has a group key of its own, which those kits do not know. "
            "Take them into a new folder, and add your points to the list there."
        )
    station.keys.adopt(bundle.keys)
    for slug, dump in bundle.kits.items():
        if slug in known:
            station.register.returned(slug)
        else:
            station.register.take(dump)
    return list(bundle.kits)


def _read(source: Path, passphrases: tuple[str, str]) -> _Bundle:
    try:
        content = source.read_bytes()
    except OSError as error:
        raise ExchangeError(f"{source}: cannot be read ({error.strerror}). Check the path.") from error
    data = _both(passphrases).open(source, WHAT, content)
    try:
        return msgspec.json.decode(data, type=_Bundle)
    except msgspec.DecodeError as error:
        raise ExchangeError(f"{source}: damaged ({error}). Ask for it again.") from error


def _both(passphrases: tuple[str, str]) -> sealed.Seal:
    first, second = passphrases
    for one in passphrases:
        sealed.check_passphrase(one)
    if first == second:
        raise sealed.SealedError("Two people give a passphrase each: these are the same.")
    return sealed.Seal(f"{first}\n{second}")
