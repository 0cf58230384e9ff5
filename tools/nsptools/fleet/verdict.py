"""What a story in virtual time came to: figures and, for each demand on the link, whether it is met."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nsplink import frame
from nsptools.fleet.story import Story, Told
from nsptools.fleet.town import Post, Town

HOUR_S = 3600.0
# What comes up in the wake of a storm competes with it.
STORM_LASTS_S = 180.0


@dataclass(frozen=True)
class Verdict:
    """Seconds unless said otherwise; None = nothing to measure.

    ``missing``: events raised and not in the journal. ``heartbeats_lost``: sent, in no history and no longer held
    by their kit; ``heartbeats_cut``: the same, because a power cut took them from a kit's RAM. ``duty_share``: most
    time on air of any party in any rolling hour, of what is lawful. ``storms``: for each, when 3, half and all were
    heard.
    """

    seed: int
    kits: int
    hours: float
    raised: int
    calls: int
    journalled: int
    missing: int
    alarm_p50: float | None
    alarm_p99: float | None
    acked_p99: float | None
    acked_max: float | None
    storms: tuple[tuple[float, float, float], ...]
    heartbeats_sent: int
    heartbeats_live: int
    heartbeats_late: int
    heartbeats_held: int
    heartbeats_lost: int
    heartbeats_cut: int
    late_off_max: float | None
    state_behind: int
    false_silent: int
    duty_share: float
    duty_worst: str
    frames: int
    digest: str

    def json(self) -> str:
        """Return all figures as one line."""
        return json.dumps(asdict(self))


def judge(town: Town, story: Story, told: Told, seed: int) -> Verdict:
    """Return the verdict on a town that was stopped."""
    events, durable = _events(town)
    storms = tuple(_storm(town, at_s, durable) for at_s in told.storms)
    raised = [e for e in events if e[0][1] in {"alarm", "help"} and _is_alone(e[1], story, told)]
    to_disk = [durable[name] - born for name, born, _ in raised if name in durable]
    to_kit = [acked - born for _, born, acked in raised if acked is not None]
    beats = _heartbeats(town)
    share, worst = _duty(town)
    names = [name for name in town.gateway.disk.order if name[1] in {"alarm", "help"}]
    return Verdict(
        seed=seed,
        kits=len(town.posts),
        hours=story.hours,
        raised=told.raises,
        calls=len(told.calls),
        journalled=len(names),
        missing=told.raises + len(told.calls) - len(set(names)),
        alarm_p50=percentile(to_disk, 50),
        alarm_p99=percentile(to_disk, 99),
        acked_p99=percentile(to_kit, 99),
        acked_max=max(to_kit, default=None),
        storms=storms,
        **beats,
        state_behind=_behind(town),
        false_silent=len(town.gateway.false_silences),
        duty_share=round(share, 4),
        duty_worst=worst,
        frames=town.air.counters.sent,
        digest=hashlib.sha256(repr(town.gateway.log).encode()).hexdigest(),
    )


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that so many percent of them do not exceed; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    return round(ranked[-(-len(ranked) * percent // 100) - 1], 2)


def most_in_an_hour(spent: Iterable[tuple[float, float, bytes]]) -> float:
    """Return the most seconds on air within any hour. A frame counts whole while any of it lies in the hour."""
    entries = sorted(one[:2] for one in spent)
    most = total = 0.0
    first = 0
    for begin, length in entries:
        total += length
        while entries[first][0] + entries[first][1] <= begin + length - HOUR_S:
            total -= entries[first][1]
            first += 1
        most = max(most, total)
    return most


def _is_alone(born_s: float, story: Story, told: Told) -> bool:
    """Tell whether an event had nothing to do with a storm and came while the gateway was there."""
    if any(at <= born_s <= at + STORM_LASTS_S for at in told.storms):
        return False
    return not any(hour * HOUR_S <= born_s <= (hour + hours) * HOUR_S for hour, hours in story.outages)


def _events(
    town: Town,
) -> tuple[list[tuple[tuple[Any, ...], float, float | None]], dict[tuple[Any, ...], float]]:
    """[(name, second it was raised, second its ack came or None)] and when each name was on the gateway's disk."""
    found: list[tuple[tuple[Any, ...], float, float | None]] = []
    for post in town.posts:
        for kit in post.kits:
            acked = [(item, second) for second, item in kit.arrived]
            waiting: list[tuple[Any, float | None]] = [(item, None) for item in kit.uplink.delivery.items]
            for item, second in [*acked, *waiting]:
                if "event" in item.values and item.born_ms is not None:
                    boot, n = item.values["event"][:2]
                    name = (post.address, item.kind, boot, n, item.values.get("help_mark"))
                    found.append((name, kit.began_s + item.born_ms / 1000, second))
    return found, town.gateway.disk.events


def _storm(town: Town, at_s: float, durable: dict[tuple[Any, ...], float]) -> tuple[float, float, float]:
    """When 3, half and all of the kits had been heard, since the first of them was sure."""
    first: dict[int, float] = {}
    for (kit, kind, *_), second in durable.items():
        if kind == "alarm" and at_s <= second <= at_s + 1800:
            first[kit] = min(second, first.get(kit, second))
    times = sorted(second - at_s for second in first.values())
    count = len(town.posts)

    def heard_s(rank: int) -> float:
        return round(times[rank - 1], 1) if len(times) >= rank else float("inf")

    return heard_s(min(3, count)), heard_s(-(-count // 2)), heard_s(count)


def _heartbeats(town: Town) -> dict[str, Any]:
    sent = live = late = held = lost = cut = 0
    off: list[float] = []
    disk = town.gateway.disk
    for post in town.posts:
        said = {header.counter: second for header, second in _said(post) if header.kind in {"vital", "full"}}
        heard, filled = set(disk.heartbeats.get(post.address, {})), disk.late.get(post.address, {})
        kept = post.held
        sent += len(said)
        live += len(heard)
        late += len(filled)
        missed = set(said) - heard - set(filled)
        held += len(missed & kept)
        cut += len((missed - kept) & post.cut)
        lost += len(missed - kept - post.cut)
        off += [
            abs(at - said[counter]) for counter, at in filled.items() if at is not None and counter in said
        ]
    return {
        "heartbeats_sent": sent,
        "heartbeats_live": live,
        "heartbeats_late": late,
        "heartbeats_held": held,
        "heartbeats_lost": lost,
        "heartbeats_cut": cut,
        "late_off_max": round(max(off), 1) if off else None,
    }


def _said(post: Post) -> Iterator[tuple[frame.Header, float]]:
    """Every frame of a point with its second; a story is too short for the counter to outgrow its low bits."""
    for second, _, data in post.spent:
        yield frame.parse(data)[0], second


def _behind(town: Town) -> int:
    """How many points' state is not of the newest heartbeat that was heard."""
    disk = town.gateway.disk
    return sum(disk.state[kit][0] != max(heard) for kit, heard in disk.heartbeats.items())


def _duty(town: Town) -> tuple[float, str]:
    shares = {name: most_in_an_hour(spent) / town.channel.limit_s for name, spent in town.spent().items()}
    worst = max(shares, key=lambda name: shares[name])
    return shares[worst], worst
