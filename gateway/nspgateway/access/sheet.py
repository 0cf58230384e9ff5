"""The sheet with the emergency code, for the envelope. Pure."""

from __future__ import annotations

from datetime import datetime

from nspgateway.i18n import Language


def emergency_sheet(lang: Language, place: str, code: str, at: datetime, address: str) -> str:
    """Return the sheet as text. ``place``: of which coordinating point; ``address``: of its page, "" = unknown."""
    _ = lang.gettext
    lines = [
        _("EMERGENCY CODE"),
        _("Coordinating point {name}").format(name=place),
        _("Made on {date}").format(date=lang.date(at, "d MMMM y")),
        "",
        f"    {code}",
        "",
        _("Only when nobody who may log in can be reached."),
        _("Go to {address} and type this code.").format(address=f"{address}emergency")
        if address
        else _("Choose the emergency code on the login page and type this code."),
        _("The code works once. Everybody can read in the log that it was used."),
        _("Afterwards a technician makes a new one: nsp gateway emergency-code"),
    ]
    return "\n".join(lines)
