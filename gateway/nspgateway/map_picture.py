"""The picture that may lie under the map: a file of our own, read whole."""

from __future__ import annotations

from pathlib import Path

from nspgateway.errors import GatewayError

# A tablet draws no more than that at ease.
MOST_BYTES = 8 * 1024 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"


class PictureError(GatewayError):
    """The picture cannot be used; the text says why and what to do."""

    exit_code = 2


def read(path: Path) -> bytes:
    """Return the picture. Raises PictureError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror}. Put the picture there, or leave [map] out.") from error
    if not data.startswith(_PNG):
        raise PictureError(f"{path}: is no PNG file. Save the picture as PNG.")
    if len(data) > MOST_BYTES:
        raise PictureError(
            f"{path}: has more than {MOST_BYTES >> 20} MB. Make it smaller, or save it with fewer colours."
        )
    return data
