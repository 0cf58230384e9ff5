"""The one door to the store: writes durably, keeps what a full disk could not take, then tells who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from nspgateway.errors import StoreError
from nspgateway.judge import Judgement
from nspgateway.notify import Notice
from nspgateway.outbox import Outbox
from nspgateway.people import Answered
from nspgateway.records import Changes
from nspgateway.speaker import Speaker
from nspgateway.store import Store
from nspgateway.unsaved import Unsaved

_log = structlog.get_logger()


class Recorder:
    """Commits changes. ``problem``: why the last transaction failed, ``word``: the same for a program; "" = it did not.

    ``on_notices`` hears what people must hear of, once: when it is written, or when it cannot be, since
    a full disk silences no alarm.
    """

    def __init__(self, store: Store, outboxes: Mapping[str, Outbox], speaker: Speaker) -> None:
        self.problem = ""
        self.word = ""
        self.on_notices: Callable[[Sequence[Notice]], None] = lambda _notices: None
        self._store = store
        self._outboxes = outboxes
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

    def commit(
        self, changes: Changes, judged: Sequence[Judgement] = (), notices: Sequence[Notice] = ()
    ) -> list[int]:
        """Write durably, with what could not be written before, and wake the brokers' links.

        Returns the ids of the actions. Raises StoreError with nothing written; the changes of alarms in
        ``judged`` are kept for later, unless an action decided on them. ``notices``: beside those of ``judged``.
        """
        if self._command is not None:
            changes = replace(changes, command=self._command)
        told = [*notices, *(notice for one in judged for notice in one.notices)]
        try:
            ids = self._store.commit(self._unsaved.before(changes))
        except StoreError as error:
            self._note_problem(error)
            if not changes.actions:  # what a person did and is told was not done is not true either
                for one in judged:
                    self._unsaved.add(changes.at, one.changes, one.messages)
                self._tell(told)
            raise
        self._unsaved.clear()
        self._command = None
        self.problem = self.word = ""
        for one in judged:
            self._speaker.note(one)
        for outbox in self._outboxes.values():
            outbox.wake()
        self._tell(told)
        return ids

    def _tell(self, notices: Sequence[Notice]) -> None:
        if notices:
            self.on_notices(notices)

    def _note_problem(self, error: StoreError) -> None:
        """Say once, not at every frame, that the store does not work."""
        if str(error) != self.problem:
            self.problem, self.word = str(error), error.word
            _log.error("not stored", reason=self.problem)
