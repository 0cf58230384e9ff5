"""The one door to the store: writes durably, keeps what a full disk could not take, then tells who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import structlog
from msgspec import structs

from nspgateway.errors import StoreError, StoreFull
from nspgateway.judge import Judgement
from nspgateway.notify import Notice
from nspgateway.people import Answered
from nspgateway.records import Changes
from nspgateway.speaker import Speaker
from nspgateway.store import Store
from nspgateway.unsaved import Unsaved

_log = structlog.get_logger()


class Spare(Protocol):
    """Who watches over the last of the room."""

    def refuses(self, *changes: Changes) -> bool:
        """Tell whether all of these have to wait, so that what cannot wait finds room."""
        ...

    def make_room(self, *changes: Changes) -> bool:
        """Give up a reserve for what did not fit together; True when there is more room now."""
        ...

    def note_written(self) -> bool:
        """Take note that the store took something; True when it takes everything."""
        ...


class Recorder:
    """Commits changes. ``problem``: why something is not written, ``word``: the same for a program; "" = all is.

    ``on_notices`` hears what people must hear of, once: when it is written, or when it cannot be, since
    a full disk silences no alarm. ``spare``: None = nobody watches the disk.
    """

    def __init__(self, store: Store, speaker: Speaker) -> None:
        self.problem = ""
        self.word = ""
        self.on_notices: Callable[[Sequence[Notice]], None] = lambda _notices: None
        self.spare: Spare | None = None
        self._store = store
        self._speaker = speaker
        self._unsaved = Unsaved()
        self._command: Answered | None = None

    @contextmanager
    def for_command(self, command: Answered) -> Iterator[None]:
        """Write this command in the same transaction as the first thing that is written within, or by itself at the end.

        Nothing is awaited within: what is written meanwhile is what the command asked for.
        """
        self._command = command
        try:
            yield
            if self._command is not None:
                self.commit(Changes(at=command.at))
        finally:
            self._command = None

    @property
    def has_unsaved(self) -> bool:
        """True while something true is not yet written."""
        return bool(self._unsaved)

    @property
    def is_held(self) -> bool:
        """True while nothing may be deleted."""
        return self._store.is_held()

    def commit(
        self, changes: Changes, judged: Sequence[Judgement] = (), notices: Sequence[Notice] = ()
    ) -> list[int]:
        """Write durably, with what could not be written before; the outboxes hear of it from the store.

        Returns the ids of the actions. Raises StoreError with nothing written; the changes of alarms in
        ``judged`` are kept for later, unless an action decided on them. ``notices``: beside those of ``judged``.
        """
        if self._command is not None:
            changes = structs.replace(changes, command=self._command)
        return self.commit_all((changes,), judged, notices)

    def commit_all(
        self, batch: Sequence[Changes], judged: Sequence[Judgement] = (), notices: Sequence[Notice] = ()
    ) -> list[int]:
        """As ``commit``, with all of a batch in one transaction; none of it is written when that fails."""
        told = [*notices, *(notice for one in judged for notice in one.notices)]
        first, *more = batch
        try:
            ids = self._write(self._unsaved.before(first) if self._unsaved else first, *more)
        except StoreError as error:
            self._note_problem(error)
            # What a person did and is told was not done is not true either.
            if not any(one.actions for one in batch):
                for one in judged:
                    self._unsaved.add(one.facts.now, one.changes, one.messages)
                self._tell(told)
            raise
        self._unsaved.clear()
        self._command = None
        for one in judged:
            self._speaker.note(one)
        self._tell(told)
        return ids

    def _write(self, *batch: Changes) -> list[int]:
        """Write; what cannot wait finds room on a full disk too, as long as there is a reserve."""
        if self.spare is None:
            ids = self._store.commit(*batch)
            self.problem = self.word = ""
            return ids
        if self.spare.refuses(*batch):
            raise StoreFull(
                "The disk is full: what kits can send later is not written. Free space on this disk."
            )
        try:
            ids = self._store.commit(*batch)
        except StoreFull:
            if not self.spare.make_room(*batch):
                raise
            ids = self._store.commit(*batch)
        if self.spare.note_written():
            self.problem = self.word = ""
        return ids

    def _tell(self, notices: Sequence[Notice]) -> None:
        if notices:
            self.on_notices(notices)

    def _note_problem(self, error: StoreError) -> None:
        """Say once, not at every frame, that the store does not work."""
        if str(error) != self.problem:
            self.problem, self.word = str(error), error.word
            _log.error("not stored", reason=self.problem)
