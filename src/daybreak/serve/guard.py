"""Who may look: only this machine, or whoever has the token; and what a page may do."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "daybreak"
HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""Of every answer.  Styles stand in the pages; scripts are named by their hash."""


class Guard:
    """Refuses strangers, and adds the headers that keep pages from doing anything else.

    On loopback the Host must be this machine's, so that no page elsewhere can have its name
    resolved to it and read along.  Bound elsewhere, a token is asked for: in the address the
    first time, then in a cookie.

    Parameters
    ----------
    app : ASGI application
    token : str
        Empty for none.
    scripts : sequence of str
        Hashes of the scripts that may run.
    """

    def __init__(self, app: ASGIApp, token: str = "", scripts: tuple[str, ...] = ()) -> None:
        self.app, self.token = app, token
        allowed = " ".join(f"'{one}'" for one in scripts) or "'none'"
        self.headers = {name: text.replace("{scripts}", allowed) for name, text in HEADERS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        answer = self._refusal(scope)
        await (answer or self.app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if self.token:
            return self._without_token(scope, headers)
        host = headers.get("host", "").lower()
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name in HERE:
            return None
        said = "This page answers to localhost only; reach it through a tunnel, or use --host."
        return PlainTextResponse(said, 403)

    def _without_token(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        kept = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if _same(kept, self.token):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        if _same(dict(query).get("token", ""), self.token):
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            path = URL(scope=scope).path
            # A relative address: behind a proxy only it is right.
            there = RedirectResponse(f"./{path.rpartition('/')[2]}" + (f"?{rest}" if rest else ""))
            there.set_cookie(COOKIE, self.token, httponly=True, samesite="lax")
            return there
        said = "A token is needed: open the address that `daybreak serve` printed."
        return PlainTextResponse(said, 401)


def _same(given: str, token: str) -> bool:
    """Compare without telling by the time it takes how much is right."""
    return secrets.compare_digest(given.encode(), token.encode())
