"""Messages to residents: written by one person, approved by another role, sent to all, and what hangs where by voice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from nspgateway import bulletin
from nspgateway.desk_base import Refused
from nspgateway.desk_link import MOST_DAYS, LinkDesk
from nspgateway.downlinks import Ticket
from nspgateway.entries import Approval, Draft, OnTheWall
from nspgateway.people import By
from nspgateway.resident_messages import MOST_VERSION, Name, Version, on_air_text


class MessageDesk(LinkDesk):
    """Who may write and who may approve is for the caller to check: two different rights."""

    def draft_message(
        self,
        nl: str,
        by: By,
        *,
        en: str = "",
        valid_until: datetime | None = None,
        number: int | None = None,
    ) -> Name:
        """Write a message, or with ``number`` a new version of one; return number and version. Raises Refused.

        Nothing goes out before it is approved and sent.
        """
        messages = self._situation.course.messages
        if not nl.strip():
            raise Refused("empty", "A message needs a Dutch text.")
        length = len(on_air_text(nl, en).encode())
        if length > bulletin.MAX_BYTES:
            more = length - bulletin.MAX_BYTES
            raise Refused("message_too_long", f"The text is {more} bytes too long; {bulletin.MAX_BYTES} fit.")
        self._end(valid_until)
        if number is not None and messages.newest(number) is None:
            raise Refused("no_message", f"There is no message {number}.")
        number = messages.next_number if number is None else number
        version = messages.next_version(number) if messages.newest(number) else 1
        if version > MOST_VERSION:
            raise Refused("too_many", f"Message {number} has {MOST_VERSION} versions: write a new message.")
        entry = Draft(number, version, nl.strip(), en.strip(), valid_until)
        self._enter("message_draft", "", entry, by, {"number": number, "version": version})
        return number, version

    def approve_message(self, number: int, version: int, by: By, *, alone: bool = False) -> None:
        """Say that a message may be sent as it is. Raises Refused.

        Whoever wrote this version may do so only by saying that nobody else is there to read it (``alone``): at
        night a warning must not wait for a second person, and the record says how it was.
        """
        found = self._newest(number, version)
        if found.approved is not None:
            return
        # Another role does not make another person of somebody.
        is_writer = by.who == found.drafted.by.who
        if is_writer and not alone:
            raise Refused(
                "same_person", "Who writes a message does not approve it: let somebody else read it."
            )
        detail = {"number": number, "version": version, "alone": int(is_writer)}
        self._enter("message_approve", "", Approval(number, version, is_writer), by, detail)

    def send_message(self, number: int, version: int, by: By) -> tuple[Ticket, ...]:
        """Send an approved message to every kit, in the place of what hangs; its frames, as they stand. Raises Refused."""
        found = self._newest(number, version)
        if found.approved is None:
            raise Refused("not_approved", f"Message {number}, version {version} is not approved yet.")
        if found.sent is not None:
            raise Refused("sent", f"Message {number}, version {version} was sent already.")
        self._end(found.valid_until)
        hangs = self._situation.course.messages.on_air
        replaces = hangs.number if hangs is not None and hangs.text and hangs.number != number else None
        return self.send_bulletin(number, version, found.text, by, replaces, found.valid_until)

    def take_down_message(self, by: By) -> tuple[Ticket, ...]:
        """Have the message that hangs taken down everywhere, without another in its place. Raises Refused."""
        messages = self._situation.course.messages
        hangs = messages.on_air
        if hangs is None or not hangs.text:
            raise Refused("no_message", "No message hangs: there is nothing to take down.")
        return self.send_bulletin(messages.next_number, 1, "", by, hangs.number)

    def tell_message(
        self,
        point: str,
        number: int,
        version: int,
        stage: Literal["displayed", "removed"],
        by: By,
        at: datetime | None = None,
    ) -> None:
        """Enter by hand that a message hangs at a point, or was taken down there. Raises Refused."""
        self._point(point)
        found = self._situation.course.messages.find(number, version)
        if found is None or found.sent is None:
            raise Refused("no_message", f"Message {number}, version {version} was never sent.")
        entry = OnTheWall(number, version, stage, at or self._clock.now())
        detail = {"number": number, "version": version, "stage": stage}
        self._enter("message_told", point, entry, by, detail)

    def _newest(self, number: int, version: int) -> Version:
        found = self._situation.course.messages.newest(number)
        if found is None or found.version < version:
            raise Refused("no_message", f"There is no message {number}, version {version}.")
        if found.version != version:
            raise Refused("old_version", f"Version {found.version} took the place of version {version}.")
        return found

    def _end(self, valid_until: datetime | None) -> None:
        if valid_until is None:
            return
        if valid_until.tzinfo is None:
            raise Refused("bad_time", f"{valid_until} has no time zone.")
        if not timedelta() < valid_until - self._clock.now() < timedelta(days=MOST_DAYS):
            raise Refused("message_end", f"A message ends in the future, within {MOST_DAYS} days.")
