"""Everything that can go wrong at the gateway and has a name.

GatewayError
 +- NotThisWay         what was asked cannot be done here or by this user
 +- ConfigError        a settings file cannot be used
 +- KeyRegisterError   the key register cannot be used
 +- CountersError      the file of downlink counters cannot be used: nothing may be sent
 +- StoreError         the database cannot be used
     +- StoreCorrupt   the file is damaged or no database of ours
     +- StoreFull      no room on the disk
     +- StoreLocked    another process holds it, or its folder
     +- StoreTooNew    written by a later version of this program

Frames that are refused are not errors: they are counted by ``ingest``. ``exit_code`` is that of the command in which
it happened: 1 when something that was tried failed, 2 when what was given has to be mended first.
"""

from __future__ import annotations

from pathlib import Path


class GatewayError(Exception):
    """Anything of the gateway that a person has to hear about."""

    exit_code = 1


class NotThisWay(GatewayError):
    """What was asked cannot be done here, or by this user; the text says how it can."""

    exit_code = 2


class ConfigError(GatewayError):
    """A settings file cannot be used: which file and key, what was expected, what to do."""

    exit_code = 2

    def __init__(self, file: Path, where: str, expected: str, cure: str, line: int | None = None) -> None:
        self.file = file
        self.where = where
        self.expected = expected
        self.cure = cure
        self.line = line
        place = f"{file}, line {line}" if line else str(file)
        key = f" {where}:" if where else ""
        super().__init__(f"{place}:{key} {expected}. {cure}")


class KeyRegisterError(GatewayError):
    """The key register cannot be used; the text says why and what to do."""

    exit_code = 2


class CountersError(GatewayError):
    """The file of downlink counters cannot be used or written; the text says why and what to do."""


class StoreError(GatewayError):
    """The database cannot be used; the text names the file and says what to do. ``word``: for a program."""

    word = "error"


class StoreCorrupt(StoreError):
    """The file is damaged, or is no database of this program."""

    word = "damaged"


class StoreFull(StoreError):
    """The disk has no room; nothing of the refused transaction was kept."""

    word = "full"


class StoreLocked(StoreError):
    """Another process holds the database or its folder."""

    word = "locked"


class StoreTooNew(StoreError):
    """The database was written by a later version of this program."""

    word = "too_new"
