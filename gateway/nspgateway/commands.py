"""Commands of clients on MQTT: checked, done once, and answered the same however often they come. No network here.

A command is written down with its answer in the transaction that does it, so one that is
delivered twice, or again after a restart, acts once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from nspgateway.clock import Clock
from nspgateway.command_payloads import COMMANDS, MOST_BYTES, Command, Id, Kind
from nspgateway.config import GatewayConfig
from nspgateway.config_parts import ClientConfig
from nspgateway.desk_base import DeskBase, Refused
from nspgateway.errors import StoreError
from nspgateway.moments import utc
from nspgateway.payloads import Demo, Reply, Texts
from nspgateway.people import Action, Answered, By
from nspgateway.recorder import Recorder
from nspgateway.records import Changes
from nspgateway.replies import replies
from nspgateway.store import Store

# What one client may ask at once, and how fast it may go on: a person is slower, a flood is not.
BURST = 10
PER_S = 2.0
# A client that keeps asking for what it may not is in the audit trail once in so long.
REFUSAL_EVERY = timedelta(minutes=10)

_YEARS = range(2026, 2101)
_log = structlog.get_logger()


@dataclass(slots=True)
class _Bucket:
    """How many commands a client may still send at once, as of ``at_s``; ``told``: that there are none left."""

    at_s: float
    left: float = BURST
    told: bool = False


class _Named(msgspec.Struct):
    """The one field that is looked for in a command that is not well formed."""

    id: Id


class Commands:
    """What every broker's link hands its commands to.

    ``counters``: what became of them, by name; in the gateway's statistics.
    """

    def __init__(
        self,
        config: GatewayConfig,
        desk: DeskBase,
        recorder: Recorder,
        store: Store,
        clock: Clock,
        *,
        counters: Counter[str] | None = None,
        demo: bool = False,
    ) -> None:
        self.counters: Counter[str] = Counter() if counters is None else counters
        self._clients = {
            (broker.name, client.name): client for broker in config.broker for client in broker.client
        }
        self._place = (config.region, config.cp)
        self._desk = desk
        self._recorder = recorder
        self._store = store
        self._clock = clock
        self._demo = Demo(clock.speed) if demo else None
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._refused: dict[tuple[str, str, str], tuple[datetime, int]] = {}

    def take(
        self, broker: str, client: str, what: str, payload: bytes, *, retained: bool = False
    ) -> bytes | None:
        """Do what a client asks, if it may; return the reply (JSON), None = none: it was told to wait, and goes on."""
        known = self._clients.get((broker, client))
        # Names that nobody gave out share one measure: there is no end to them.
        bucket = self._bucket(broker, client if known else "")
        if bucket.left < 1:
            if bucket.told:
                self.counters["command_ignored"] += 1
                return None
            bucket.told = True
            return self._no("too_many", _id(payload))
        bucket.left -= 1
        if known is None:
            return self._no("no_client", None)
        if retained:
            return self._no("retained", _id(payload))
        if len(payload) > MOST_BYTES:
            return self._no("too_large", None)
        kind = COMMANDS.get(what)
        if kind is None or not hasattr(self._desk, kind.act):
            return self._no("no_command", _id(payload))
        if kind.right not in known.may:
            self._note_refusal(broker, known, what)
            return self._no("no_right", _id(payload))
        try:
            asked = msgspec.json.decode(payload, type=kind.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._no("malformed", _id(payload), f" {error}")
        if _far_off(asked):
            return self._no("out_of_range", asked.id)
        name = f"{broker}/{client}"
        try:
            return self._answer(name, asked) or self._do(kind, name, known, asked)
        except StoreError:
            # Not remembered: the client may try again, under the same id.
            return self._no("not_stored", asked.id)
        except Exception as error:  # noqa: BLE001 - whatever a client sends, it must not stop the gateway
            _log.error("command failed", command=what, error=type(error).__name__)
            return self._no("failed", asked.id)

    def _answer(self, name: str, asked: Command) -> bytes | None:
        """Return what this command was answered when it came before."""
        answer = self._store.command_answer(name, asked.id)
        if answer is None:
            return None
        self.counters["command_repeated"] += 1
        return answer.encode()

    def _do(self, kind: Kind, name: str, client: ClientConfig, asked: Command) -> bytes:
        now = self._clock.now()
        by = By(client.name, client.role, f"mqtt:{client.name}")
        done = self._reply(kind.word, asked.id, ok=True)
        try:
            with self._recorder.for_command(Answered(name, asked.id, now, done.decode())):
                getattr(self._desk, kind.act)(**_arguments(asked), by=by)
        except Refused as refused:
            answer = self._no(refused.word, asked.id, f" {refused}", own_words=False)
            self._recorder.commit(Changes(at=now, command=Answered(name, asked.id, now, answer.decode())))
            return answer
        self.counters["command_done"] += 1
        return done

    def _bucket(self, broker: str, client: str) -> _Bucket:
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault((broker, client), _Bucket(now))
        bucket.left = min(float(BURST), bucket.left + max(0.0, now - bucket.at_s) * PER_S)
        bucket.at_s = now
        if bucket.left >= 1:
            bucket.told = False
        return bucket

    def _note_refusal(self, broker: str, client: ClientConfig, what: str) -> None:
        """Enter in the audit trail that a client asked for what it may not; a flood of it once in a while."""
        now = self._clock.now()
        at, more = self._refused.get((broker, client.name, what), (None, 0))
        if at is not None and timedelta() <= now - at < REFUSAL_EVERY:
            self._refused[broker, client.name, what] = (at, more + 1)
            return
        self._refused[broker, client.name, what] = (now, 0)
        by = By(client.name, client.role, f"mqtt:{client.name}")
        action = Action(
            now, by, "command_refused", detail={"command": what, "broker": broker, "before": more}
        )
        try:
            self._recorder.commit(Changes(at=now, actions=(action,)))
        except StoreError:
            _log.warning("refusal of a command not stored", broker=broker, command=what)

    def _no(self, word: str, name: str | None, more: str = "", *, own_words: bool = True) -> bytes:
        self.counters[f"command_{word if own_words or word in replies() else 'refused'}"] += 1
        return self._reply(word, name, more)

    def _reply(self, word: str, name: str | None, more: str = "", *, ok: bool = False) -> bytes:
        known = replies()
        text = known.get(word, known["refused"])
        region, cp = self._place
        return msgspec.json.encode(
            Reply(
                region=region,
                cp=cp,
                demo=self._demo,
                id=name,
                at=utc(self._clock.now()),
                ok=ok,
                word=word,
                # What the desk or the decoder says is in English, and goes to the one who asked alone.
                text=Texts(text.nl, f"{text.en}{more}"[:500]),
            )
        )


def _id(payload: bytes) -> str | None:
    """Return the id of a command that may be malformed, so that its sender knows which one it was."""
    if len(payload) > MOST_BYTES:
        return None
    try:
        return msgspec.json.decode(payload, type=_Named).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _far_off(asked: Command) -> bool:
    """Tell whether a moment in a command lies where no calendar of ours goes."""
    values = (getattr(asked, field) for field in asked.__struct_fields__)
    return any(isinstance(value, datetime) and value.year not in _YEARS for value in values)


def _arguments(asked: Command) -> dict[str, Any]:
    """Return what the desk is told: moments in UTC, as everywhere."""
    values = {field: getattr(asked, field) for field in asked.__struct_fields__ if field != "id"}
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
