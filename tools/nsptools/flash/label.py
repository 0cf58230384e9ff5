"""The label that is stuck on a kit: which one it is, and what was put on it. No key is on it. Pure."""

from __future__ import annotations

import zlib

from nsptools.station.register import FlashRecord, KitRow

WIDTH = 38


def text(row: KitRow, record: FlashRecord, address: int) -> str:
    """Return the label as lines of at most 38 letters, for a label printer or a pencil."""
    lines = (
        str(row.site.get("name", row.slug))[:WIDTH],
        f"noodsteunpunt {row.site.get('number', '')}  kit {row.kit}"[:WIDTH],
        f"adres {address}  sleutel {record.generation}",
        f"bord {record.mac}",
        f"{record.board}"[:WIDTH],
        f"firmware {record.firmware}  {record.at:%Y-%m-%d}",
        f"controle {check(row, record)}",
    )
    return "\n".join(lines) + "\n"


def check(row: KitRow, record: FlashRecord) -> str:
    """Return six letters that tell two labels apart, to be read out and compared with the register's."""
    said = f"{row.slug} {record.mac} {record.generation} {record.at.isoformat()}"
    return f"{zlib.crc32(said.encode()):08X}"[:6]
