"""What a form sends: read within bounds, and only from a page of ours."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

MOST_BYTES = 64 * 1024
MOST_FIELDS = 200


class BadForm(Exception):
    """Not a form of ours. ``status``: of HTTP."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"status {status}")


@dataclass(frozen=True, slots=True)
class Said:
    """What a visitor is told once, on the next page. ``typed``: the fields of a form that was refused.

    ``shown``: a code or password that was made just now, and stands nowhere else.
    """

    text: str
    is_done: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    shown: str = field(default="", repr=False)


async def read(request: Request) -> dict[str, str]:
    """Return the fields of a form; of a name that comes twice all values, with commas. Raises BadForm."""
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise BadForm(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise BadForm(413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise BadForm(400) from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


def is_ours(request: Request, fields: Mapping[str, str], csrf: str) -> bool:
    """Tell whether a page of ours sent this, for this visit; a browser also says where a form came from."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    ):
        return False
    return hmac.compare_digest(fields.get("csrf", "").encode(), csrf.encode())


def path_back(fields: Mapping[str, str]) -> str:
    """Return where to go after a form: a path of ours, whatever was sent."""
    back = fields.get("back", "/")
    # "//host" and "/\host" are other sites to a browser.
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
