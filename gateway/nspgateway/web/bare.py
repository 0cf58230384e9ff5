"""Language and theme of whoever asks, and the pages that stand alone: the ways in, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from nspgateway.i18n import Language
from nspgateway.web.screens import Screens

_THEMES = frozenset({"light", "dark"})
_YEAR_S = 365 * 86400


class Bare:
    """``fallback``: the language for who asked for none."""

    def __init__(self, screens: Screens, fallback: Language) -> None:
        self._screens = screens
        self._fallback = fallback

    def language(self, request: Request) -> Language:
        """Return the language that was asked for now or before."""
        code = _chosen(request, "lang", frozenset(self._screens.languages))
        return self._screens.languages[code] if code else self._fallback

    def theme(self, request: Request) -> str:
        """Return the theme that was asked for now or before; "" = the browser's wish."""
        return _chosen(request, "theme", _THEMES)

    def answer(
        self, request: Request, template: str, values: Mapping[str, object], status: int = 200
    ) -> Response:
        """Answer with a page that extends ``bare.html``, in the visitor's language and theme."""
        shell = {"theme": self.theme(request), "path": request.url.path}
        html = self._screens.plain(self.language(request), template, {**shell, **values})
        response = HTMLResponse(html, status_code=status)
        self.remember(request, response)
        return response

    def remember(self, request: Request, response: Response) -> None:
        """Let the browser keep what was chosen, and say which language this is."""
        lang = self.language(request).code
        response.headers["Content-Language"] = lang
        for name, value in (("lang", lang), ("theme", self.theme(request))):
            if name in request.query_params:
                secure = request.url.scheme == "https"
                response.set_cookie(
                    name, value, max_age=_YEAR_S, httponly=True, samesite="strict", secure=secure
                )


def _chosen(request: Request, name: str, allowed: frozenset[str]) -> str:
    """What the visitor asks for now, else what the cookie remembers, else nothing."""
    for value in (request.query_params.get(name), request.cookies.get(name)):
        if value in allowed:
            return value
    return ""
