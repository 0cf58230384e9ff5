"""Messages on their way to one broker: many topics at once, each topic in order, each until its answer. Pure.

One message of a topic at a time: two in flight could change places when the first has to be
repeated, and an old state would be the retained one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from msgspec import structs

from nspgateway.messages import OutboxMessage

Numbered = tuple[int, OutboxMessage]


class Pump:
    """One connection's messages. ``post`` sends one, and its function hears the refusal, "" = the broker has it.

    ``room``: messages on their way at once. ``left_s``: how long a message is still true. ``on_change`` is
    called when there is something to do for whoever calls ``fill``; ``on_refused`` with topic and word.
    ``done``: ids that can be forgotten. ``expired``: how many of them were not sent, their time was over.
    """

    def __init__(
        self,
        post: Callable[[OutboxMessage, float | None, Callable[[str], None]], None],
        left_s: Callable[[OutboxMessage], float | None],
        monotonic: Callable[[], float],
        room: int,
        on_change: Callable[[], None],
        on_refused: Callable[[str, str], None],
        on_taken: Callable[[str], None],
    ) -> None:
        self.done: list[int] = []
        self.expired = 0
        self.published = 0
        self._post = post
        self._left_s = left_s
        self._monotonic = monotonic
        self._room = room
        self._on_change = on_change
        self._on_refused = on_refused
        self._on_taken = on_taken
        self._queue: deque[Numbered] = deque()
        self._known: set[int] = set()
        self._behind: dict[str, deque[Numbered]] = {}  # of topics with one on its way
        self._sent_s: dict[int, float] = {}  # on their way, oldest first

    @property
    def is_hungry(self) -> bool:
        """True when nothing waits here that could go as soon as there is room."""
        return not self._queue

    @property
    def in_flight(self) -> int:
        """How many messages have no answer yet."""
        return len(self._sent_s)

    def waited_s(self) -> float:
        """Return how long the oldest message without an answer has been on its way."""
        sent_s = next(iter(self._sent_s.values()), None)
        return 0.0 if sent_s is None else self._monotonic() - sent_s

    def take(self, batch: Iterable[Numbered]) -> None:
        """Take in what is new of a batch, oldest first."""
        for number, message in batch:
            if number not in self._known:
                self._known.add(number)
                self._queue.append((number, message))

    def move(self, delta: timedelta) -> None:
        """Follow a step of the clock: messages that wait here keep their age."""
        for queue in (self._queue, *self._behind.values()):
            moved = [(number, structs.replace(one, created=one.created + delta)) for number, one in queue]
            queue.clear()
            queue.extend(moved)

    def taken_done(self) -> list[int]:
        """Return the ids to forget since the last call."""
        done, self.done = self.done, []
        self._known.difference_update(done)
        return done

    def fill(self) -> None:
        """Send what may go. Raises what ``post`` raises."""
        while self._queue and len(self._sent_s) < self._room:
            number, message = self._queue.popleft()
            behind = self._behind.get(message.topic)
            if behind is None:
                self._behind[message.topic] = deque()
                self._start(number, message)
            else:
                behind.append((number, message))

    def _start(self, number: int, message: OutboxMessage) -> None:
        """Send this one, or, when its time is over, the next of its topic."""
        topic, behind = message.topic, self._behind[message.topic]
        while (left_s := self._left_s(message)) is not None and left_s <= 0:
            self.expired += 1
            self.done.append(number)
            if not behind:
                del self._behind[topic]
                self._on_change()
                return
            number, message = behind.popleft()
        self._sent_s[number] = self._monotonic()
        self._post(message, left_s, partial(self._answered, number, topic))

    def _answered(self, number: int, topic: str, refusal: str) -> None:
        del self._sent_s[number]
        behind = self._behind.pop(topic)
        if refusal:
            # It stays in the outbox, and what comes after it on this topic too.
            self._known.difference_update([number], (one for one, _ in behind))
            self._on_refused(topic, refusal)
        else:
            self.done.append(number)
            self.published += 1
            self._on_taken(topic)
            # Before what waits: it is older.
            self._queue.extendleft(reversed(behind))
        # Half a window at a time: to wake for every answer would cost more than it brings.
        if len(self._sent_s) in (0, self._room // 2):
            self._on_change()
