"""The tables of docs/link-protocol.md, made from the modules that kit and gateway run.

A page holds ``<!-- made: NAME -->`` and ``<!-- end -->``; what stands between them is made
here, all else is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nspgateway import budget, crowd, link, silence, tamper
from nsplink import airtime, commands, fields, frame, message, regions, timing
from nsplink.units import UNITS

_MADE = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_ROWS = {row[1]: row for row in fields.FIELDS}
_SFS = range(7, 13)
_KITS = (4, 40)


def renewed(page: str) -> str:
    """Return the page with every table made anew; KeyError when it asks for one that is not made here."""
    return _MADE.sub(lambda found: f"{found[1]}\n{SECTIONS[found[2]]()}\n{found[3]}", page)


def asked_for(page: str) -> list[str]:
    """Names of the tables in a page."""
    return [found[2] for found in _MADE.finditer(page)]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [_line(head), "|" + "---|" * len(head), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def kinds() -> str:
    """Every kind: its number, sizes, and tag."""
    rows = []
    for direction, names in (("up", frame.KINDS_UP), ("down", frame.KINDS_DOWN)):
        for number, kind in enumerate(names):
            payload = message.payload_length(kind)
            most = fields.TAILS.get(kind, ("", 0))[1]
            tail = f" to {payload + most}" if most else ""
            on_air = frame.frame_length(kind, payload, wide=False)
            rows.append(
                (
                    f"`{kind}`",
                    direction,
                    number,
                    f"{payload}{tail}",
                    frame.tag_length(kind),
                    f"{on_air} to {on_air + most}" if most else on_air,
                )
            )
    return _table(("kind", "way", "number", "payload", "tag", "on air, 16-bit counter"), rows)


def messages() -> str:
    """The content of every kind, field by field; what two kinds share is written once."""
    parts: list[str] = []
    shown: dict[tuple[str, ...], str] = {}
    for kind, names in fields.MESSAGES.items():
        bits = sum(_ROWS[name][2] for name in names)
        parts.append(f"### `{kind}`\n\n{bits} bits in {_bytes(message.payload_length(kind))}.\n")
        same = next((length for length in range(len(names), 3, -1) if names[:length] in shown), 0)
        if same:
            last = "." if same == len(names) else ", then:"
            parts.append(f"As `{shown[names[:same]]}`{last}\n")
        if same < len(names):
            head = ("id", "field", "bits", "values", "unit or meaning")
            parts.append(_table(head, [_field_row(name) for name in names[same:]]))
        if kind in fields.TAILS:
            name, most = fields.TAILS[kind]
            parts.append(f"Then `{name}`: 0 to {most} bytes.\n")
        shown[names] = kind
    return "\n".join(parts)


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _field_row(name: str) -> tuple[object, ...]:
    number, _, bits, codec, params = _ROWS[name]
    return number, f"`{name}`", bits, _values(bits, codec, params), UNITS.get(name, "")


def _values(bits: int, codec: int, params: Any) -> str:
    """What a field can say, in words; all ones is unknown but for raw numbers."""
    if codec == fields.RAW:
        return f"every number of {bits} bits"
    if codec == fields.WORDS:
        return ", ".join(params)
    if codec == fields.BITSET:
        return ", ".join(f"{bit} {name}" for bit, name in enumerate(params))
    if codec == fields.LINEAR:
        low, high, step = params
        return f"{low:,} to {high:,}" + (f" by {step}" if step != 1 else "")
    return "; ".join(f"{low:,} to {high:,} by {step:,}" for low, high, step in params)


def times() -> str:
    """Delays and windows that both ends agree on, and those by which a gateway goes."""
    return _table(("what", "when"), (*_agreed(), *_of_a_gateway()))


def _agreed() -> tuple[tuple[str, str], ...]:
    low, high = timing.CAD_PAUSE_MS
    again_s = timing.retry_window_ms(timing.RENEW_STEP + 1) // 1000
    return (
        (
            "an answer starts",
            f"{timing.ACK_FROM_MS} to {timing.ACK_UNTIL_MS} ms after the end of what it answers",
        ),
        ("an answer is missing", f"{timing.ACK_WAIT_MS} ms and its time on air after that end"),
        (
            "an answer is dropped",
            f"when it cannot start within {link.REPLY_UNTIL_MS} ms: the kit tries again",
        ),
        ("a retry starts", _windows()),
        ("a retry of `boot`", f"the same, from the first {again_s} s on"),
        (
            "contact",
            f"after {timing.SILENCE_MS // 1000} s without: alarms and help that wait go on with {again_s} s",
        ),
        (
            "a boot, the mains back",
            f"what they cause in all kits, alarms aside: spread over {timing.SPREAD_MS // 1000} s",
        ),
        ("a gateway's time counts", f"within {timing.FRESH_MS} ms of the end of the kit's own frame"),
        ("listen before talk", f"{timing.CAD_TRIES} tries, {low} to {high} ms apart"),
        (
            "wide counters",
            f"a kit until its first acknowledgement; a gateway in {timing.WIDE_DOWNLINKS} frames to a kit",
        ),
        (
            "the same frame again",
            f"within {timing.DUPLICATE_S} s the echo of a second receiver, later a replay",
        ),
        ("counters out of order", f"{frame.WINDOW} back, each once; downwards none"),
    )


def _of_a_gateway() -> tuple[tuple[str, str], ...]:
    hellos = ", ".join(_seconds(*span) for span in link.HELLO_MS)
    hints = ", ".join(_seconds(*span) for span in crowd.HINTS_MS)
    return (
        (
            "`link`",
            (
                f"every {timing.LINK_PERIOD_S // 60} min to each kit, or {link.TELL_AFTER} counters after the last;"
                f" {timing.LINK_REACH} counters in its bitmap"
            ),
        ),
        ("`hello`", f"{hellos} s after a start"),
        (
            "an acknowledgement goes twice",
            (
                "to `alarm`, `clear`, `help` or `boot` that was acknowledged before, once in each half of the window,"
                f" while {link.TWICE_PERMILLE // 10} % of the lawful hour is left and there is no crowd"
            ),
        ),
        (
            "a crowd",
            (
                f"{crowd.CROWD_KITS} kits in {crowd.SPAN_MS // 1000} s with `alarm`, `clear` or `help`;"
                f" `hello` {hints} s later, once in {crowd.LASTS_MS // 1000} s"
            ),
        ),
        (
            "a quiet kit is asked",
            (
                f"after {silence.ASK_MISSED} missed heartbeats, {silence.ASKS} times in"
                f" {silence.SPAN_SHARE:g} of their interval, at most {silence.SPAN_MS // 1000} s;"
                f" not one whose interval is below {silence.ASK_INTERVAL_MS // 1000} s"
            ),
        ),
        (
            "a kit is silent",
            f"{silence.SILENT_MISSED} missed and no question answered; {silence.SILENT_UNASKED} where none could be put",
        ),
        ("a command has failed", f"after {link.MOST_TRIES} tries"),
        (
            "tampering is suspected",
            f"above {tamper.BAD_TAGS} wrong tags or {tamper.REPLAYS} replays in an hour",
        ),
    )


def _seconds(low_ms: int, high_ms: int) -> str:
    return f"{low_ms / 1000:g} to {high_ms / 1000:g}"


def _windows() -> str:
    """The widths up to where they stop growing."""
    widths: list[int] = []
    while len(widths) < 10 or widths[-1] != widths[-2]:
        widths.append(timing.retry_window_ms(len(widths) + 1) // 1000)
    first = ", ".join(map(str, widths[:-2]))
    return f"at random within {first} and then always {widths[-1]} s of the moment when the answer is missing"


def settings() -> str:
    """What can be changed over the air."""
    rows = [
        (
            number,
            f"`{name}`",
            f"{low:,} to {high:,}",
            "by itself" if name in commands.RADIO_SETTINGS else "on command",
        )
        for number, name, low, high in commands.SETTINGS
    ]
    return _table(("id", "setting", "values", "rolls back"), rows)


def bands() -> str:
    """Where the law lets us send, and how long."""
    rows = [
        (name, f"{low / 1e6:.2f} to {high / 1e6:.2f}", f"{erp} dBm", _percent(duty), f"{duty / 1e6:g} s")
        for name, low, high, erp, duty in regions.SUB_BANDS
    ]
    channels = ", ".join(f"{hz / 1e6:.3f}" for hz in regions.CHANNELS_HZ)
    words = ", ".join(f"{name} {value}" for name, value in regions.PHY.items())
    return (
        _table(("sub-band", "MHz", "ERP", "duty", "in any hour"), rows)
        + f"\nChannels, the default first: {channels} MHz. Words of the physical layer: {words}.\n"
    )


def budgets() -> str:
    """What an hour takes, at every spreading factor and duty, for a kit and a gateway."""
    shown = ("vital", "full", "status", "alarm", "help", "link", "ack")
    rows = [(f"SF{sf}", *(f"{budget.Air(sf).frame_us(kind) / 1000:.0f}" for kind in shown)) for sf in _SFS]
    parts = ["Time on air of one frame, ms:\n", _table(("", *(f"`{kind}`" for kind in shown)), rows)]
    for duty_us in sorted({row[4] for row in regions.SUB_BANDS}, reverse=True):
        names = ", ".join(row[0] for row in regions.SUB_BANDS if row[4] == duty_us)
        parts.append(f"Sub-band {names}: {_percent(duty_us)}, {duty_us / 1e6:g} s in any hour:\n")
        head = ["", "kit", *(f"gateway, {kits} kits" for kits in _KITS), "kept, in alarms"]
        parts.append(_table(head, [_budget_row(sf, duty_us) for sf in _SFS]))
    return "\n".join(parts)


def _budget_row(sf: int, duty_us: int) -> list[str]:
    air = budget.Air(sf)
    plans = [budget.kit_us(air), *(budget.gateway_us(air, kits) for kits in _KITS)]
    reserve = budget.reserve_frames(air, duty_us)
    return [f"SF{sf}", *(_share(us, duty_us) for us in plans), str(reserve)]


def _share(us: int, duty_us: int) -> str:
    share = f"{us / 1e6:.1f} s, {us * 100 / duty_us:.1f} %"
    return f"**{share}: too much**" if budget.exceeds(us, duty_us) else share


def _percent(duty_us: int) -> str:
    return f"{duty_us / (airtime.HOUR_MS * 10):g} %"


SECTIONS: dict[str, Callable[[], str]] = {
    "kinds": kinds,
    "messages": messages,
    "times": times,
    "settings": settings,
    "bands": bands,
    "budgets": budgets,
}
