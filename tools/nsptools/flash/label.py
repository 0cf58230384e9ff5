"""The label that is stuck on a kit: which one it is, and what was put on it. Pure.

The key of the kit's Wi-Fi is on the label itself and on nothing else; the kit's own key is nowhere.
"""

from __future__ import annotations

import zlib

from nspgateway.keys import KitKey
from nspkit import access
from nsptools.station.register import FlashRecord, KitRow

WIDTH = 38


def text(row: KitRow, record: FlashRecord, address: int, key: KitKey | None = None) -> str:
    """Return the label as lines of at most 38 letters, for a label printer or a pencil.

    ``key``: the kit's; without it the Wi-Fi's is not there, as on a screen or in a log.
    """
    lines = (
        str(row.site.get("name", row.slug))[:WIDTH],
        f"noodsteunpunt {row.site.get('number', '')}  kit {row.kit}"[:WIDTH],
        f"adres {address}  sleutel {record.generation}",
        f"bord {record.mac}",
        f"{record.board}"[:WIDTH],
        f"firmware {record.firmware}  {record.at:%Y-%m-%d}",
        f"controle {check(row, record)}",
        *(
            ()
            if key is None
            else (f"wifi {access.name_of(row.kit)}", f"wifi-sleutel {access.key_of(key.key)}")
        ),
    )
    return "\n".join(lines) + "\n"


def check(row: KitRow, record: FlashRecord) -> str:
    """Return six letters that tell two labels apart, to be read out and compared with the register's."""
    said = f"{row.slug} {record.mac} {record.generation} {record.at.isoformat()}"
    return f"{zlib.crc32(said.encode()):08X}"[:6]
