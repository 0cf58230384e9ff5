"""AT commands of a RUI3 modem as its manual describes them: settings, ranges, texts. Pure, no radio, no time.

Written from the maker's "RUI3 AT Command Manual", not from nsplink.rui3: two readings have to agree. What
touches the radio (PSEND, PRECV, resets) is recognised here and carried out by modem.py.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

LORA_P2P = 0
LORAWAN = 1

OK = "OK"
ERROR = "AT_ERROR"
PARAM_ERROR = "AT_PARAM_ERROR"
BUSY_ERROR = "AT_BUSY_ERROR"
NOT_FOUND = "AT_COMMAND_NOT_FOUND"
NO_SUPPORT = "AT_MODE_NO_SUPPORT"

# AT+P2P's third word, Hz. 125, 250 and 500 are still taken for the first three.
BANDWIDTHS_HZ = (125_000, 250_000, 500_000, 7_810, 10_420, 15_630, 20_830, 31_250, 41_670, 62_500)
_OLD_BANDWIDTHS = {125: 0, 250: 1, 500: 2}

# Commands that came later than RUI3 itself.
_SINCE = {"SYNCWORD": (3, 5, 4), "IQINVER": (3, 5, 4), "CAD": (4, 0, 6)}

Quirk = Literal["bare_values", "two_line_events", "old_bandwidth", "echo"]
"""Where firmware differs: values without their name, received frames on two lines, AT+P2P? with the bandwidth in
kHz, and commands repeated before their answer."""

Form = Literal["run", "help", "query", "set"]


@dataclass(frozen=True)
class Settings:
    """What the modem keeps in its flash, with the values it leaves the factory with."""

    mode: int = LORAWAN
    frequency_hz: int = 868_000_000
    sf: int = 7
    bandwidth: int = 0
    coding_rate: int = 0
    preamble: int = 8
    power_dbm: int = 14
    sync_word: int = 0x1424
    iq_inverted: int = 0
    encrypt: int = 0
    key: str = "01020304050607080102030405060708"
    fixed_length: int = 0
    symbol_timeout: int = 0
    cad: int = 0
    low_power: int = 0


@dataclass(frozen=True)
class Command:
    """One line from the host: `name` in upper case without "AT+" ("" for a bare AT), `value` after "="."""

    form: Form
    name: str
    value: str = ""


@dataclass(frozen=True)
class Parameter:
    """One setting: its help text, how it is shown, and how it is set (None: AT_PARAM_ERROR)."""

    help: str
    show: Callable[[Settings], str]
    change: Callable[[Settings, str], Settings | None]
    p2p_only: bool = True


def quirks_of(version: str) -> frozenset[Quirk]:
    """How this firmware differs from the present one."""
    number = _number_of(version)
    old: tuple[Quirk, ...] = ("bare_values", "two_line_events") if number <= (1, 0, 4) else ()
    return frozenset(old + (("old_bandwidth",) if number < (4, 0, 0) else ()))


def knows(version: str, name: str) -> bool:
    """Whether this firmware has a command of that name yet."""
    return _number_of(version) >= _SINCE.get(name, ())


def _number_of(version: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else ()


def parse(line: str) -> Command | None:
    """Read one line without its end; None when it is no AT command at all."""
    text = line.strip()
    if text[:2].upper() != "AT":
        return None
    body = text[2:].removeprefix("+")
    head, equals, value = body.partition("=")
    name = head.upper()
    if equals:
        return Command("query", name) if value == "?" else Command("set", name, value)
    if name.endswith("?"):
        return Command("help", name[:-1])
    return Command("run", name)


def receive_window(text: str) -> int | None:
    """Read AT+PRECV's value, 0 to 65535; None when it is malformed."""
    return _number(text, 0, 65535)


def payload(text: str) -> bytes | None:
    """Read AT+PSEND's value, 1 to 250 bytes in hex; None when it is malformed."""
    if not 2 <= len(text) <= 500 or len(text) % 2 or not set(text) <= set(string.hexdigits):
        return None
    return bytes.fromhex(text)


def _number(text: str, low: int, high: int) -> int | None:
    if not text.isdecimal() or not text.isascii() or len(text) > 10:
        return None
    value = int(text)
    return value if low <= value <= high else None


def _integer(about: str, field: str, low: int, high: int, *, p2p_only: bool = True) -> Parameter:
    def change(settings: Settings, text: str) -> Settings | None:
        value = _number(text, low, high)
        if value is None:
            return None
        changes: dict[str, Any] = {field: value}
        return replace(settings, **changes)

    return Parameter(about, lambda settings: str(getattr(settings, field)), change, p2p_only)


def _change_bandwidth(settings: Settings, text: str) -> Settings | None:
    value = _number(text, 0, 500)
    if value is None:
        return None
    index = _OLD_BANDWIDTHS.get(value, value)
    return replace(settings, bandwidth=index) if index < len(BANDWIDTHS_HZ) else None


def _change_sync_word(settings: Settings, text: str) -> Settings | None:
    if not 1 <= len(text) <= 4 or not set(text) <= set(string.hexdigits):
        return None
    return replace(settings, sync_word=int(text, 16))


def _change_key(settings: Settings, text: str) -> Settings | None:
    if len(text) != 32 or not set(text) <= set(string.hexdigits):
        return None
    return replace(settings, key=text.upper())


_FREQUENCY = _integer("configure P2P Frequency", "frequency_hz", 150_000_000, 960_000_000)
_SF = _integer("configure P2P Spreading Factor (5-12)", "sf", 5, 12)
_BANDWIDTH = Parameter(
    "configure P2P Bandwidth (0 = 125, 1 = 250, 2 = 500, 3 = 7.8, 4 = 10.4, 5 = 15.63, 6 = 20.83, "
    "7 = 31.25, 8 = 41.67, 9 = 62.5)",
    lambda settings: str(settings.bandwidth),
    _change_bandwidth,
)
_CODING_RATE = _integer("configure P2P Code Rate (0=4/5, 1=4/6, 2=4/7, 3=4/8)", "coding_rate", 0, 3)
_PREAMBLE = _integer("configure P2P Preamble Length (5-65535)", "preamble", 5, 65535)
_POWER = _integer("configure P2P TX Power (5-22)", "power_dbm", 5, 22)
_ALL_P2P = (_FREQUENCY, _SF, _BANDWIDTH, _CODING_RATE, _PREAMBLE, _POWER)


def _change_p2p(settings: Settings, text: str) -> Settings | None:
    """All six or none: one bad word leaves every parameter as it was."""
    words = text.split(":")
    if len(words) != len(_ALL_P2P):
        return None
    changed: Settings | None = settings
    for parameter, word in zip(_ALL_P2P, words, strict=True):
        if changed is None:
            return None
        changed = parameter.change(changed, word)
    return changed


PARAMETERS: dict[str, Parameter] = {
    "P2P": Parameter(
        "get or set all P2P parameters", lambda s: ":".join(p.show(s) for p in _ALL_P2P), _change_p2p
    ),
    "PFREQ": _FREQUENCY,
    "PSF": _SF,
    "PBW": _BANDWIDTH,
    "PCR": _CODING_RATE,
    "PPL": _PREAMBLE,
    "PTP": _POWER,
    "RFFREQUENCY": _FREQUENCY,
    "SPREADINGFACTOR": _SF,
    "BANDWIDTH": _BANDWIDTH,
    "CODINGRATE": _CODING_RATE,
    "PREAMBLELENGTH": _PREAMBLE,
    "TXOUTPUTPOWER": _POWER,
    "SYNCWORD": Parameter(
        "get or set P2P syncword (0x0000 - 0xffff)", lambda s: f"{s.sync_word:04x}", _change_sync_word
    ),
    "IQINVER": _integer("get or set P2P IQ inversion (1 = on, 0 = off)", "iq_inverted", 0, 1),
    "ENCRY": _integer("get or set the encryption status of P2P mode", "encrypt", 0, 1),
    "ENCKEY": Parameter(
        "get or set the encryption key of P2P mode (16 bytes in hex)", lambda s: s.key, _change_key
    ),
    "FIXLENGTHPAYLOAD": _integer("get or set P2P fix length payload on/off", "fixed_length", 0, 1),
    "SYMBOLTIMEOUT": _integer("get or set P2P symbolTimeout (0-248)", "symbol_timeout", 0, 248),
    "CAD": _integer("get or set the Channel Activity Detection of P2P mode", "cad", 0, 1),
    "LPM": _integer("get or set the low power mode (0=OFF; 1=ON)", "low_power", 0, 1, p2p_only=False),
}


def p2p_in_khz(settings: Settings) -> str:
    """AT+P2P? as firmware before 4 answered it."""
    words = PARAMETERS["P2P"].show(settings).split(":")
    words[2] = str({0: 125, 1: 250, 2: 500}.get(settings.bandwidth, settings.bandwidth))
    return ":".join(words)


HELP = {
    "NWM": "get or set the network working mode (0 = P2P_LORA, 1 = LoRaWAN, 2 = P2P_FSK)",
    "VER": "get the version of the firmware",
    "PSEND": "send data in P2P mode",
    "PRECV": "enter P2P RX mode for a period of time (ms)",
} | {name: parameter.help for name, parameter in PARAMETERS.items()}
