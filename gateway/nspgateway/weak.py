"""Which passwords and passphrases everybody would guess. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from nspgateway.i18n import N_

SHORTEST = 12
# Argon2 works on all of it; a longer one is an attack on our processor.
LONGEST = 200
# A shorter name stands in many a good password by chance, also in those that we draw.
_NAME_LETTERS = 4
Weakness = Literal["empty", "short", "long", "pattern", "guessed", "name"]
WEAKNESSES: Mapping[Weakness, str] = {
    "empty": N_("is empty"),
    "short": N_("is shorter than 12 characters"),
    "long": N_("is longer than 200 characters"),
    "pattern": N_("is one pattern that repeats"),
    "guessed": N_("is one of those that everybody tries"),
    "name": N_("contains the name of the account"),
}
# Stems of what people and manuals set: refused with whatever digits and signs around them.
_GUESSED = frozenset(
    {
        *("admin", "administrator", "changeme", "default", "demo", "example", "geheim", "gateway", "guest"),
        *("letmein", "mosquitto", "mqtt", "noodsteunpunt", "nsp", "pass", "passphrase", "password", "public"),
        *("qwerty", "qwertyuiop", "raspberry", "root", "secret", "test", "user", "veiligheidsregio"),
        *("verander", "voorbeeld", "wachtwoord", "wachtwoordzin", "welcome", "welkom", "wijzig", ""),
        *("brandweer", "coordinatiepunt", "coördinatiepunt", "gemeente", "meldkamer", "noodcode", "noodhulp"),
        *("lente", "zomer", "herfst", "winter", "iloveyou", "qazwsxedc", "qwertyasdfgh", "asdfghjkl", "azerty"),
    }
)  # fmt: skip


def weakness(secret: str, account: str = "") -> Weakness | None:
    """Return why a password or passphrase is refused; None = it will do. ``account``: whose it is.

    Length and guesses only: whoever must mix in capitals and signs writes "Welkom2026!".
    """
    if not secret:
        return "empty"
    if len(secret) < SHORTEST:
        return "short"
    if len(secret) > LONGEST:
        return "long"
    if len(set(secret)) < 5:
        return "pattern"
    folded = secret.casefold()
    stem = "".join(c for c in folded if c.isalpha())
    half = stem[: len(stem) // 2]
    if stem in _GUESSED or (half + half == stem and half in _GUESSED):
        return "guessed"
    if len(account) >= _NAME_LETTERS and account.casefold() in folded:
        return "name"
    return None
