"""The accounts of a demo with a login."""

from __future__ import annotations

from pathlib import Path

from access_room import CHEAP, cheap
from nspgateway.access import passwords
from nspgateway.access.accounts import ROLES
from nspgateway.store import Store
from nsptools.demo import logins

__all__ = ["cheap"]


def test_a_class_gets_every_role_with_a_password_of_its_own_demo(tmp_path: Path) -> None:
    """Protects from a demo's password that works elsewhere: drawn anew each time, of no use to who reads the program."""
    made = []
    for name in ("one", "two"):
        with Store(tmp_path / f"{name}.db") as store:
            made.append(logins.make(store, "Oosterdam"))
            accounts = store.accounts()
            code = store.emergency_code()
        assert {one.role for one in accounts} == set(ROLES)
        assert {one.name for one in accounts} == set(made[-1].names)
        assert {one.municipality for one in accounts if one.role == "gemeente"} == {"Oosterdam"}
        assert all(passwords.fits(one.password, made[-1].password) for one in accounts)
        assert code is not None
        assert CHEAP.verify(code.hash, made[-1].code)
        assert not any(one.must_change or one.disabled for one in accounts)
    assert made[0].password != made[1].password
    assert made[0].code != made[1].code
    assert made[0].password not in repr(made[0])
