"""Keys of kits that were lost or stolen: refused from the moment that a person says so, in both directions.

The register of keys is the station's; what is refused here stands in the gateway's own records, so that a
register that is copied over brings no stolen key back.
"""

from __future__ import annotations

from collections.abc import Iterable

from nspgateway.authenticate import Authenticator
from nspgateway.entries import KeyWithdrawal
from nspgateway.transmitter import Transmitter


class KitKeys:
    """``withdrawn``: what was refused before the start."""

    def __init__(
        self, authenticator: Authenticator, radio: Transmitter | None, withdrawn: Iterable[KeyWithdrawal]
    ) -> None:
        self._authenticator = authenticator
        self._radio = radio
        for one in withdrawn:
            self.refuse(one)

    def generation(self, kit: int) -> int | None:
        """Return the newest generation of a kit's keys that counts; None when it has none."""
        return self._authenticator.generation(kit)

    def refuse(self, withdrawal: KeyWithdrawal) -> None:
        """Refuse this key and older ones of its kit: nothing is heard under them, and nothing is sealed for them."""
        self._authenticator.withdraw(withdrawal.kit, withdrawal.generation)
        if self._radio is not None:
            self._radio.withdraw(withdrawal.kit, withdrawal.generation)
