"""One board, from whatever it was to a verified kit: each step says what it does, and the first that fails ends it.

INCOMPLETE is the first thing written and the last removed: a board that is cut off anywhere in
between does not run the kit, says so at its prompt, and can be flashed again. Right behind it come
boot.py and main.py, which know that file; a main.py that does not is taken away before. At the end
nothing is on the flash but the kit's files and, on a board that was this kit already, what it wrote itself.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nspgateway.errors import GatewayError
from nspkit import budget, bulletins, overlay, pendingstore
from nspkit.settings import SETTINGS
from nsptools import boards
from nsptools.bench.vm import write_tree
from nsptools.boards.board import Sx1262Radio
from nsptools.flash import firmware, snippets
from nsptools.flash.cache import Cache
from nsptools.flash.errors import FlashError, NotPrepared, NotVerified, SelfTestFailed, WrongBoard
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.snippets import Look
from nsptools.station.register import FlashRecord
from nsptools.station.station import Station, settings_hash

_SELF_TEST_S = 90.0
# What a running kit writes by itself. It stays when the board was this kit before; another kit would tell it as its own.
# The lawful hour of its radio is no new one either. The journal goes: its heartbeats are named by counters of the old key.
_OWN_FILES = (overlay.FILE, bulletins.SHOWN, bulletins.RELEASE, *budget.FILES)
_OWN_FOLDERS = (f"{pendingstore.FOLDER}/",)
_PROGRAMS = (".py", ".mpy")
_AT_ONCE = 32  # files removed by one call: its text has to fit in the board's heap
_CHIPS = {
    "esp32": "ESP32",
    "esp32s3": "ESP32S3",
    "esp32c3": "ESP32C3",
    "esp32s2": "ESP32S2",
    "esp32c6": "ESP32C6",
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Done:
    """How a board ended. ``changed`` False: everything was right already, and nothing was touched."""

    record: FlashRecord
    changed: bool = True


class BoardJob:
    """Puts one kit on the board at a port. ``look``: what the board said of itself.

    ``store``: leave it in storage mode; ``image_sha256``: of the image that was just written; ``cache``: for boards whose radio needs a library.
    """

    def __init__(
        self,
        station: Station,
        slug: str,
        mpremote: Mpremote,
        look: Look,
        *,
        compiled: bool,
        store: bool = False,
        image_sha256: str = "",
        cache: Cache | None = None,
    ) -> None:
        self._station = station
        self._slug = slug
        self._board = mpremote
        self._look = look
        self._cache = cache
        self._is_ours = self._is_stopped = False  # bound to the kit; no longer as it was found
        self._store = store
        self._compiled = compiled and look.mpy in (0, firmware.MPY_VERSION)
        self._record = FlashRecord(
            slug=slug,
            mac=look.mac,
            at=datetime.now(UTC).replace(microsecond=0),
            result="failed",
            port=str(mpremote.port),
            board=station.board(slug),
            firmware=firmware.version_text(),
            micropython=look.version,
            image_sha256=image_sha256,
        )

    async def run(self, say: Say, *, replace_board: bool = False, new_key: bool = False) -> Done:
        """Flash, verify, test and record. Raises no GatewayError: the record tells it.

        ``new_key``: the flash was formatted or its image written, so that no counter of it can be trusted.
        """
        try:
            self._check_chip()
            self._station.register.bind(self._slug, self._look.mac, replace=replace_board)
            self._is_ours = True
            wanted = self._firmware()
            say("stopping the kit")
            self._is_stopped = True
            # Its watchdog would bite in the middle of a copy. Also a board without a kit: a file that an earlier,
            # broken copy left open would be written over ours when the collector closes it.
            await self._board.reset(snippets.MAINTENANCE if "boot.py" in self._look.root else "")
            say("comparing")
            if not new_key and await self._is_right(wanted):
                return Done(self._finish(), changed=False)
            await self._flash(wanted, say)
            return Done(self._finish())
        except GatewayError as error:
            return Done(await self._give_up(error))

    async def _give_up(self, error: GatewayError) -> FlashRecord:
        """Mark the board as failed, on itself and in the register; one that was not stopped goes on as it was."""
        self._record = replace(self._record, result="failed", why=str(error))
        with suppress(FlashError):
            if self._is_stopped:
                await self._board.exec(snippets.fail(str(error)))
            else:
                await self._board.leave()
        with suppress(GatewayError):  # the register itself may be what failed
            if self._is_ours:
                self._station.register.record(self._record)
        return self._record

    async def _flash(self, wanted: Mapping[str, bytes], say: Say) -> None:
        await self._board.exec(snippets.BEGIN)
        say("taking away what is old")
        kept = await self._remove_strange(await self._board.ask(snippets.HASHES), wanted)
        key = self._station.new_key(self._slug, self._look.mac)
        self._record = replace(self._record, generation=key.generation)
        whole = {**wanted, **self._station.kit_files(self._slug, key)}
        whole = {name: content for name, content in whole.items() if name not in kept}
        say(f"copying {len(whole)} files")
        # For its owner only, and gone as soon as it is copied: the key is in it.
        with tempfile.TemporaryDirectory(prefix="nsp-kit-") as folder:
            write_tree(Path(folder), whole)
            await self._board.copy(Path(folder))
        say("verifying")
        await self._verify(whole)
        say("self-test")
        await self._test()
        await self._board.exec(snippets.STORE if self._store else snippets.WORK)
        await self._board.exec(snippets.DONE)
        say("starting the kit")
        await self._board.leave()

    def _firmware(self) -> Mapping[str, bytes]:
        files = firmware.files(self._record.board, compiled=self._compiled)
        if not isinstance(boards.load(self._record.board).radio, Sx1262Radio):
            return files
        if self._cache is None:
            raise NotPrepared(
                f"{self._record.board} needs MicroPython's lora packages. Prepare them once, with a network: "
                "nsp flash prepare --cache DIR; then give --cache DIR here."
            )
        return {**files, **self._cache.library(self._look.mpy)}

    def _check_chip(self) -> None:
        """Refuse a board whose chip is another than the kit's board has: its pins would be wrong."""
        said = self._look.machine.upper().replace("-", "")
        wanted = _CHIPS[boards.load(self._record.board).chip]
        named = [name for name in sorted(_CHIPS.values(), key=len, reverse=True) if name in said]
        if named and named[0] != wanted:
            raise WrongBoard(
                f"{self._record.port}: has an {named[0]}, and {self._slug!r} is made of {self._record.board} ({wanted}). "
                "Take the right board, or correct the column board in the list."
            )

    async def _is_right(self, wanted: Mapping[str, bytes]) -> bool:
        """Tell whether the board itself proves that nothing is to be done: every file, the key, the counter."""
        station, look = self._station, self._look
        key = station.key_in_use(self._slug)
        last = station.register.kit(self._slug)
        if key is None or look.is_incomplete or last.state != "flashed" or look.generation != key.generation:
            return False
        if look.reserved < max(0, station.register.counter(self._slug, key.generation)):
            return False
        settled = {
            name: content
            for name, content in station.kit_files(self._slug, key).items()
            if name.endswith(".json")
        }
        there = await self._board.ask(snippets.HASHES)
        expected = {name: _sha256(content) for name, content in {**wanted, **settled}.items()}
        if any(name.endswith(_PROGRAMS) and name not in wanted for name in there):
            return False  # it may hide one of ours
        if any(there.get(name) != digest for name, digest in expected.items()):
            return False
        station.register.saw_counter(self._slug, key.generation, look.reserved)
        self._record = replace(
            self._record, generation=key.generation, files=_shown(expected), why="nothing to do"
        )
        if self._store:
            await self._board.exec(snippets.STORE)
        await self._board.leave()
        return True

    async def _remove_strange(self, there: Mapping[str, str], wanted: Mapping[str, bytes]) -> set[str]:
        """Take away what is no part of this kit; return what the kit wrote itself and keeps.

        An old .py would hide a new .mpy; another kit's alarms would be told as ours.
        """
        was_this_kit = self._look.address == self._station.address(self._slug)
        kept = {
            name for name in there if was_this_kit and (name in _OWN_FILES or name.startswith(_OWN_FOLDERS))
        }
        # Its old settings stay until the new ones are over them: they say who it is, should this be cut off as well.
        spared = {*wanted, *kept, snippets.FLAG, *([SETTINGS] if was_this_kit else [])}
        strange = [name for name in there if name not in spared]
        for at in range(0, len(strange), _AT_ONCE):
            await self._board.exec(snippets.remove(strange[at : at + _AT_ONCE]))
        return kept

    async def _verify(self, whole: Mapping[str, bytes]) -> None:
        there = await self._board.ask(snippets.HASHES)
        wrong = [name for name, content in whole.items() if there.get(name) != _sha256(content)]
        if wrong:
            raise NotVerified(
                f"{self._record.port}: {len(wrong)} of {len(whole)} files differ on the board, such as {wrong[0]}. "
                "Flash it again with --resume; if it stays so, the board's flash is worn."
            )
        self._record = replace(self._record, files=_shown({name: there[name] for name in whole}))

    async def _test(self) -> None:
        said = await self._board.ask(snippets.SELF_TEST, _SELF_TEST_S)
        self._record = replace(self._record, self_test=said)
        failed = [name for name, result in said.get("parts", {}).items() if result is False]
        if failed:
            raise SelfTestFailed(
                f"{self._record.port}: the self-test says that {', '.join(failed)} does not work. "
                "See the fault table, mend it, then --resume."
            )

    def _finish(self) -> FlashRecord:
        self._record = replace(self._record, result="verified")
        self._station.register.record(self._record, settings_hash(self._station.settings(self._slug)))
        return self._record


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shown(hashes: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes that a record may hold: none of a file with a key."""
    return {name: digest for name, digest in sorted(hashes.items()) if name != "key.json"}
