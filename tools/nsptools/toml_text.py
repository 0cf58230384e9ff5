"""Write the small TOML files of a gateway: the standard library only reads them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping


def table(header: str, values: Mapping[str, object]) -> str:
    """Return one table. ``header``: "", "[name]" or "[[name]]". Values that are None are left out."""
    lines = [header] if header else []
    lines += [f"{key} = {_value(value)}" for key, value in values.items() if value is not None]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {_value(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inner} }}"
    # JSON's escapes are all TOML's too; DEL alone is allowed in one and not in the other.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
