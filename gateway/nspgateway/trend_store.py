"""What a point's journal says of its past: heartbeats for charts, and the history of its alarms."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nspgateway.alarm_history import AlarmEvent
from nspgateway.alarm_state import AlarmState, from_json
from nspgateway.database import Database, as_text
from nspgateway.records import Value
from nspgateway.trend import Past

_decode = msgspec.json.Decoder(dict[str, Value]).decode

# A late frame was made before it came, so that the index by arrival holds all that may be meant.
_PAST = """
    SELECT coalesce(made_at, received_at) AS at, fields, snr_db FROM frame
    WHERE point = ?1 AND received_at >= ?2 AND kind IN ('vital', 'full')
    AND (late = 0 OR made_at >= ?2) ORDER BY at"""
_ALARM_EVENTS = """
    SELECT at, alarm, action, record FROM alarm_event
    WHERE point = ? AND action <> 'remind' ORDER BY at DESC, id DESC LIMIT ?"""


class TrendStore(Database):
    """The part of the store that looks back."""

    def past(self, point: str, since: datetime) -> list[Past]:
        """Return a point's heartbeats from ``since`` on in the order in which they were made, late ones among them.

        One that came late and of which nobody can tell when it was made is left out.
        """
        return [
            Past(datetime.fromisoformat(at), _decode(fields), snr)
            for at, fields, snr in self._rows(_PAST, point, as_text(since))
        ]

    def alarm_events(self, point: str, most: int) -> list[AlarmEvent]:
        """Return the newest events of a point's alarms, newest first; that one was said again is no event.

        A record that cannot be read any more is left out: the others are worth seeing all the same.
        """
        rows = self._rows(_ALARM_EVENTS, point, most)
        found = ((at, alarm, action, _state(record)) for at, alarm, action, record in rows)
        return [
            AlarmEvent(datetime.fromisoformat(at), alarm, action, state)
            for at, alarm, action, state in found
            if state is not None
        ]


def _state(record: str) -> AlarmState | None:
    try:
        return from_json(record)
    except msgspec.DecodeError:
        return None
