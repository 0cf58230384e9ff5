"""The downlinks that wait for the air, one at a time, each within the law. Pure.

What is due goes by rank, then by age. A reply that is about to be due is not covered by a
frame that could wait, and one that comes too late is dropped: the kit tries again. A radio that
sends is deaf: after a question it listens before it asks the next kit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nspgateway.downlinks import Contact, Counters, Job, Send
from nsplink import frame, message, timing
from nsplink.airtime import DutyLedger, time_on_air_us
from nsplink.fields import MESSAGES

# Blocked by law: asked again after so long.
BLOCKED_MS = 5000


class Outgoing:
    """The queue. ``contacts``: by kit, shared with whoever hears; ``group``: the address of all kits."""

    def __init__(
        self,
        phy: Mapping[str, Any],
        limit_us: int,
        counters: Counters,
        contacts: Mapping[int, Contact],
        group: int,
        group_generation: int | None,
    ) -> None:
        self.ledger = DutyLedger(limit_us, limit_us // 3)
        self.jobs: list[Job] = []
        self._of: dict[int, list[Job]] = {}  # the same by address
        self.on_air: Job | None = None
        self._phy = phy
        self._counters = counters
        self._contacts = contacts
        self._group = group
        self._group_generation = group_generation
        self._blocked = False
        self._listen_until_ms = 0

    def listen(self, until_ms: int) -> None:
        """Keep the air free until then, so that an answer is heard; what people wait for goes all the same."""
        self._listen_until_ms = until_ms

    def of(self, address: int) -> Sequence[Job]:
        """Return the jobs for one address, oldest first."""
        return self._of.get(address, ())

    def add(self, job: Job) -> None:
        """Let one more wait."""
        self.jobs.append(job)
        self._of.setdefault(job.address, []).append(job)

    def drop(self, unwanted: Callable[[Job], bool]) -> None:
        """Take jobs out; the one on the air stays until it is over."""
        kept = [job for job in self.jobs if job is self.on_air or not unwanted(job)]
        if len(kept) < len(self.jobs):
            self.jobs, self._of = [], {}
            for job in kept:
                self.add(job)

    def next(self, now_ms: int, utc_min: int | None) -> tuple[Send, Job] | None:
        """Return the frame that goes out now, booked and with its counter; None = nothing, or one is on the air."""
        if self.on_air is not None:
            return None
        self._blocked = False
        self.drop(lambda job: job.until_ms is not None and now_ms > job.until_ms)
        due = sorted((j for j in self.jobs if j.due_ms <= now_ms), key=lambda j: (j.rank, j.due_ms))
        for job in due:
            if self._blocked and not job.top:
                continue  # what the law stopped is not overtaken by something smaller and less urgent
            if now_ms < self._listen_until_ms and not job.top and job.until_ms is None:
                continue
            send = self._prepare(job, now_ms, utc_min) if self._may_go(job) else None
            if send is not None:
                self.ledger.spend(now_ms, send.air_us)
                self.on_air = job
                return send, job
        return None

    def next_ms(self, now_ms: int) -> int | None:
        """Return when something may become due; None = nothing by itself."""
        moments = [job.due_ms for job in self.jobs if job.due_ms > now_ms]
        if self._blocked:
            moments.append(now_ms + BLOCKED_MS)
        if self.jobs and now_ms < self._listen_until_ms:
            moments.append(self._listen_until_ms)
        return min(moments, default=None)

    def over(self) -> Job | None:
        """Return the job that was on the air, and let the next one go."""
        job, self.on_air = self.on_air, None
        return job

    def air_us(self, length: int) -> int:
        """Return the time on air of a frame of so many bytes."""
        phy = self._phy
        bandwidth_hz = int(float(phy["bandwidth_khz"]) * 1000)
        return int(
            time_on_air_us(
                int(phy["sf"]), bandwidth_hz, int(phy["coding_rate"]), length, int(phy["preamble"])
            )
        )

    def _may_go(self, job: Job) -> bool:
        """Nothing can be sealed for a boot we do not know, and its report is answered before anything else."""
        if job.address == self._group:
            return self._group_generation is not None
        contact = self._contacts.get(job.address)
        if contact is None or contact.epoch is None:
            return False
        return contact.owes_boot is None or job.about[:1] == ("boot",)

    def _prepare(self, job: Job, now_ms: int, utc_min: int | None) -> Send | None:
        """Return the job as a frame with its counter, or None when it must wait."""
        contact = self._contacts.get(job.address)
        generation = contact.generation if contact else self._group_generation or 0
        wide = _is_wide(job, contact)
        fields = dict(job.fields) if job.kind != "link" or contact is None else _bitmap(contact)
        if "utc_min" in MESSAGES[job.kind] and (utc_min is None or "utc_min" not in fields):
            # What people did has its own moment; while our time is not trusted it is said of nothing.
            fields["utc_min"] = utc_min
        payload = message.encode(job.kind, fields)
        air_us = self.air_us(frame.frame_length(job.kind, len(payload), wide))
        if not self.ledger.admits(now_ms, air_us, job.top):
            self._blocked = True
            return None
        if job.until_ms is None and self._would_cover_a_reply(now_ms, air_us):
            return None
        counter = self._counters.next(job.address)
        header = frame.Header(frame.DOWN, job.kind, job.address, generation & 1, False, wide, counter)
        epoch = 0 if contact is None else contact.epoch or 0
        return Send(header, payload, generation, epoch, air_us, job.top)

    def _would_cover_a_reply(self, now_ms: int, air_us: int) -> bool:
        end = now_ms + air_us // 1000
        return any(j.until_ms is not None and now_ms < j.due_ms <= end and self._may_go(j) for j in self.jobs)


def _is_wide(job: Job, contact: Contact | None) -> bool:
    """Both sides' first frames, and whatever seems not to get through, say the counter in full."""
    if contact is None or contact.wide_left > 0 or job.wide:
        return True
    return job.ticket is not None and job.ticket.tries >= timing.WIDE_DOWNLINKS


def _bitmap(contact: Contact) -> dict[str, Any]:
    """Return the newest counter heard and which of those before it did not arrive."""
    newest = contact.newest or 0
    before = (1 << min(newest, timing.LINK_REACH)) - 1
    return {"heard": newest & 0xFFFF, "missing": ~(contact.seen >> 1) & before}
