"""What is done to accounts, wall screens and the emergency code, from the page or from a command beside the gateway."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nspgateway.access import emergency, passwords, tokens, wall
from nspgateway.access.accounts import NAME, ROLES, TECHNICIAN, Account, as_name, name_fault
from nspgateway.access.changes import AccessChange, Ended, Forgotten, ScreenGone
from nspgateway.access.door_base import Commit
from nspgateway.access.emergency import EmergencyCode
from nspgateway.access.wall import Screen
from nspgateway.accounts_store import AccountsStore
from nspgateway.clock import Clock
from nspgateway.desk_base import Refused
from nspgateway.people import Action, By
from nspgateway.records import Changes
from nspgateway.weak import WEAKNESSES, weakness

_PAIRING_GROUPS = 2
_NAMES = {
    "bad_name": "{name!r}: a name has a-z, 0-9, . and -, at most 40, and begins and ends with a letter or digit.",
    "reserved": "{name!r} is what the holder of the emergency code is called. Take another name.",
    "taken": "{name!r} exists already. Take another name; a disabled account can be enabled again.",
}


class AccountDesk:
    """Every act is one transaction with its line in the audit trail. Raises Refused, or StoreError.

    ``municipalities``: those that there are points in.
    """

    def __init__(
        self, store: AccountsStore, commit: Commit, clock: Clock, municipalities: Collection[str]
    ) -> None:
        self.municipalities = tuple(sorted(set(municipalities)))
        self._store = store
        self._commit = commit
        self._clock = clock

    def accounts(self) -> list[Account]:
        """Return every account, by name."""
        return self._store.accounts()

    def screens(self) -> list[Screen]:
        """Return every wall screen, by name."""
        return self._store.screens()

    def emergency_code(self) -> EmergencyCode | None:
        """Return what is kept of the emergency code; None = none was made."""
        return self._store.emergency_code()

    def add(self, typed: str, role: str, municipality: str, kept: str, by: By) -> Account:
        """Add an account. ``kept``: of ``checked``; its holder has to change that password at once."""
        name = as_name(typed)
        if (fault := name_fault(name, [one.name for one in self._store.accounts()])) is not None:
            raise Refused(fault, _NAMES[fault].format(name=name))
        self._check_role(role, municipality)
        account = Account(
            name=name,
            role=role,
            municipality=municipality,
            password=kept,
            must_change=True,
            made_at=self._clock.now(),
        )
        self._write("account_add", by, name, account, role=role, municipality=municipality)
        return account

    def set_role(self, name: str, role: str, municipality: str, by: By) -> None:
        """Give an account another role; its sessions end."""
        account = self._account(name)
        self._check_role(role, municipality)
        if role != TECHNICIAN:
            self._must_not_be_last(account)
        changed = replace(account, role=role, municipality=municipality)
        self._write(
            "account_role", by, name, changed, Ended(account=name), role=role, municipality=municipality
        )

    def set_password(self, name: str, kept: str, by: By) -> None:
        """Give an account a password, which its holder has to change; its sessions end, no browser is known."""
        account = replace(self._account(name), password=kept, must_change=True)
        self._write("account_reset_password", by, name, account, Ended(account=name), Forgotten(name))

    def set_disabled(self, name: str, by: By, *, disabled: bool) -> None:
        """Disable an account, which ends its sessions at once, or let it log in again."""
        account = self._account(name)
        if account.disabled == disabled:
            raise Refused("no_change", f"{name!r} is {'disabled' if disabled else 'enabled'} already.")
        if disabled:
            self._must_not_be_last(account)
        word = "account_disable" if disabled else "account_enable"
        changed = replace(account, disabled=disabled)
        self._write(word, by, name, changed, Ended(account=name), Forgotten(name))

    def reset_second_factor(self, name: str, by: By) -> None:
        """Forget an account's second factor; its sessions end, and the next login sets up another where one is due."""
        account = self._account(name)
        if account.totp is None:
            raise Refused("no_change", f"{name!r} has no second factor.")
        changed = replace(account, totp=None, totp_step=0)
        self._write("account_reset_second_factor", by, name, changed, Ended(account=name))

    def add_screen(self, typed: str, by: By) -> str:
        """Announce a wall screen, or pair one anew; return the code that it types within ten minutes."""
        name = as_name(typed)
        if not NAME.fullmatch(name):
            raise Refused("bad_name", _NAMES["bad_name"].format(name=name))
        code, now = tokens.new_code(_PAIRING_GROUPS), self._clock.now()
        screen = Screen(name=name, made_at=now, code=tokens.digest(code), code_until=now + wall.PAIRING)
        self._write("screen_add", by, "", screen, screen=name)
        return code

    def remove_screen(self, name: str, by: By) -> None:
        """Take a wall screen's access away; it shows nothing from now on."""
        names = [one.name for one in self._store.screens()]
        if name not in names:
            raise Refused(
                "no_screen", f"There is no screen {name!r}; there is: {', '.join(names) or 'none'}."
            )
        self._write("screen_remove", by, "", ScreenGone(name), screen=name)

    def new_emergency_code(self, by: By) -> str:
        """Make a new emergency code, the only one that is worth something from now on; return it."""
        code, kept = emergency.new(self._clock.now())
        self._write("emergency_code", by, "", kept)
        return code

    def end_emergency(self, by: By) -> None:
        """Log out whoever came in with the emergency code."""
        if not any(one.account is None for one in self._store.sessions()):
            raise Refused("no_change", "Nobody is logged in with the emergency code.")
        self._write("emergency_end", by, "", Ended(sealed=True))

    def _account(self, name: str) -> Account:
        account = self._store.account(as_name(name))
        if account is None:
            known = ", ".join(one.name for one in self._store.accounts()) or "none"
            raise Refused("no_account", f"There is no account {name!r}; there is: {known}.")
        return account

    def _check_role(self, role: str, municipality: str) -> None:
        if role not in ROLES:
            raise Refused("no_role", f"There is no role {role!r}; there is: {', '.join(ROLES)}.")
        if (role == "gemeente") != bool(municipality):
            raise Refused(
                "municipality", "The role gemeente is of one municipality: name it; no other role has one."
            )
        if municipality and municipality not in self.municipalities:
            known = ", ".join(self.municipalities) or "none"
            raise Refused("municipality", f"No point is in {municipality!r}; there is: {known}.")

    def _must_not_be_last(self, account: Account) -> None:
        """Refuse to leave a box on which nobody may keep the accounts."""
        others = (
            one
            for one in self._store.accounts()
            if one.role == TECHNICIAN and not one.disabled and one.name != account.name
        )
        if account.role == TECHNICIAN and not account.disabled and not any(others):
            raise Refused("last", f"{account.name!r} is the last {TECHNICIAN}. Add another one first.")

    def _write(self, what: str, by: By, account: str, *changes: AccessChange, **detail: str) -> None:
        """Write changes with their line in the audit trail; whose account it is stands where personal data may stand."""
        now = self._clock.now()
        told = {name: text for name, text in detail.items() if text}
        action = Action(now, by, what, detail=told, note=account)
        self._commit(Changes(at=now, actions=(action,), access=changes))


def checked(password: str, account: str) -> str:
    """Return what is kept of a password, by the slow way. Raises Refused for a weak one."""
    reason = weakness(password, as_name(account))
    if reason is not None:
        raise Refused(
            reason, f"The password {WEAKNESSES[reason]}. Take several words, at least 12 characters."
        )
    return passwords.hashed(password)
