"""What a list may not say beside what the station knows already: points that left the list keep what is theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nsptools.station.register import KitRow
from nsptools.station.sitelist import MOST_SITES, Finding, SiteRow


def taken_numbers(rows: Sequence[SiteRow], known: Sequence[KitRow]) -> Iterator[Finding]:
    """Find lines with the number of a point that the station has and the list has not: often one that was renamed."""
    listed = {row.slug for row in rows}
    owners = {one.site["number"]: one.slug for one in known if one.slug not in listed}
    for row in rows:
        owner = owners.get(row.values["number"])
        if owner is not None:
            cure = f"The same point under a new name? Write {owner} in the column slug. Another point? Give it its own number."
            problem = (
                f"{row.values['number']} is that of {owner!r}, which this station has and this list has not"
            )
            yield Finding(row.line, "number", problem, cure)


def kit_numbers(rows: Sequence[SiteRow], known: Sequence[KitRow]) -> tuple[dict[str, int], list[Finding]]:
    """Return each kit's number by slug: its own for ever, as listed, or the lowest that was never given; and what is wrong."""
    own = {one.slug: one.kit for one in known}
    owners = {kit: slug for slug, kit in own.items()}
    findings = list(_foreign_kits(rows, own, owners))
    taken = {*owners, *(row.values["kit"] for row in rows if row.values.get("kit"))}
    free = iter(kit for kit in range(1, MOST_SITES + 1) if kit not in taken)
    numbers: dict[str, int] = {}
    for row in rows:
        kit = own.get(row.slug) or row.values.get("kit") or next(free, None)
        if kit is None:
            cure = f"A coordinating point has {MOST_SITES} kits; numbers are never given twice."
            return {}, [*findings, Finding(row.line, "kit", "no number is left", cure)]
        numbers[row.slug] = kit
    return numbers, findings


def _foreign_kits(rows: Sequence[SiteRow], own: dict[str, int], owners: dict[int, str]) -> Iterator[Finding]:
    """Find lines that ask for another number than the kit has, or for another kit's."""
    for row in rows:
        wanted, has = row.values.get("kit"), own.get(row.slug)
        if wanted is not None and has is not None and wanted != has:
            cure = f"Write {has}, or leave the cell empty: keys and history go by the number."
            yield Finding(row.line, "kit", f"{wanted}, but {row.slug} is kit {has}", cure)
        elif wanted is not None and owners.get(wanted, row.slug) != row.slug:
            cure = "Take another number, or leave the cell empty."
            yield Finding(row.line, "kit", f"{wanted} is {owners[wanted]}'s", cure)
