"""The first run: whoever can read the data folder makes the first account. No password comes with the program."""

from __future__ import annotations

import hmac
from contextlib import suppress
from pathlib import Path

from nspgateway.access import tokens
from nspgateway.folder import replace_private

_FILE = "first-account-code"
_GROUPS = 4


def path(folder: Path) -> Path:
    """Return where the code is."""
    return folder / _FILE


def make(folder: Path) -> Path:
    """Put a new code in its file, for the gateway's user only; return where. Raises OSError."""
    replace_private(path(folder), f"{tokens.new_code(_GROUPS)}\n".encode())
    return path(folder)


def fits(folder: Path, typed: str) -> bool:
    """Tell whether this is the code; without a file nothing is."""
    try:
        code = path(folder).read_text(encoding="ascii").strip()
    except OSError:
        return False
    return bool(code) and hmac.compare_digest(code.encode(), tokens.typed(typed).encode())


def remove(folder: Path) -> None:
    """Take the code away. Safe to call twice."""
    with suppress(OSError):
        path(folder).unlink(missing_ok=True)
