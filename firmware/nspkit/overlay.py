"""What was changed over the air: a small file beside settings.json, which stays as it was flashed.

It counts only with a right check and beside the very settings.json that it was
made for, so that new settings on the flash drop it.
"""

import binascii
import json

from nsplink import commands

FILE = "remote.json"
SETTINGS = "settings.json"  # the file beside it


def base_of(settings: bytes | None) -> int:
    """What a change is bound to: the CRC-32 of settings.json as it lies on the flash."""
    return binascii.crc32(settings or b"")


def pack(base: int, values: dict) -> bytes:
    """The file's content: values of ``commands.SETTINGS`` that differ from those flashed."""
    return json.dumps({"base": base, "values": values, "check": _check(base, values)}).encode()


def unpack(data: bytes | None, base: int) -> dict:
    """The values of such a file; none when it is missing, torn or made for other settings."""
    try:
        found = json.loads(data or b"null")
        values = found["values"]
        for name in values:
            limits = commands.limits(name)
            if limits is None or not limits[0] <= values[name] <= limits[1]:
                return {}
        if found["base"] != base or found["check"] != _check(base, values):
            return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return values


def value_of(conf: dict, name: str) -> int:
    """A setting in force, as the number that goes over the air."""
    return int((conf["radio"] if name in commands.RADIO_SETTINGS else conf)[name])


def put(conf: dict, values: dict) -> None:
    """Write settings that came over the air into ``conf``, where all tasks see them."""
    for name, value in values.items():
        part = conf["radio"] if name in commands.RADIO_SETTINGS else conf
        part[name] = bool(value) if name == "generator_auto" else value


def _check(base: int, values: dict) -> int:
    return binascii.crc32(base.to_bytes(4, "big") + commands.staged_bytes(values))
