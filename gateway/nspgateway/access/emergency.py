"""The sealed emergency code: printed, put in an envelope, used once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from nspgateway.access import passwords, tokens

# The first group says which code it is, the others, some 79 bits, are the secret.
_GROUPS = 5
_ID = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCode:
    """What is kept of the code. ``id``: its first group; ``used_at``: None = still sealed."""

    id: str
    hash: str = field(repr=False)
    made_at: datetime
    used_at: datetime | None = None


def new(at: datetime) -> tuple[str, EmergencyCode]:
    """Draw a code; return it and what is kept of it."""
    code = tokens.new_code(_GROUPS)
    return code, EmergencyCode(id=code[:_ID], hash=passwords.hashed(code), made_at=at)


def may_fit(kept: EmergencyCode, typed: str) -> bool:
    """Tell whether what was typed is worth the work of ``fits``; a flood of guesses nearly never is."""
    return kept.used_at is None and tokens.typed(typed)[:_ID] == kept.id


def fits(kept: EmergencyCode, typed: str) -> bool:
    """Tell whether this is the code, by the slow way; a used one never is."""
    return may_fit(kept, typed) and passwords.fits(kept.hash, tokens.typed(typed))
