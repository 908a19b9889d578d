"""Live pages of runs in a browser: read-only, for this machine or whoever has the token."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from daybreak.errors import DaybreakError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONG_ENOUGH = 12
"""Characters of a token that nobody guesses.

Twelve letters and digits have 62^12 = 3e21 values.
"""
_PATIENCE = 1
"""Seconds given to open streams when it ends."""


def start(
    folder: Path,
    host: str,
    port: int,
    every: float,
    *,
    tunnel: bool,
    say: Callable[[str], None],
) -> None:
    """Answer until it is interrupted.

    Parameters
    ----------
    folder : Path
        Of runs, or one run.
    host, port
        Where to answer; port 0 takes a free one.
    every : float
        Seconds between looks at a run, at least.
    tunnel : bool
        Whether requests come through a tunnel: then a token is asked for.
    say : callable
        Told the address.

    Raises
    ------
    DaybreakError
        Without the extra ``serve``; when the port is taken; when the token is too short.
    """
    try:
        import uvicorn

        from daybreak.serve.app import application
    except ModuleNotFoundError as error:
        msg = "`daybreak serve` needs its extra: install it with `pip install 'daybreak[serve]'`."
        raise DaybreakError(msg) from error
    from daybreak.serve.runs import Runs

    token = _token(host, tunnel=tunnel)
    with closing(_bound(host, port)) as listener:
        say(_told(host, listener.getsockname()[1], token, tunnel=tunnel))
        config = uvicorn.Config(
            application(Runs(folder, every), token),
            log_level="warning",
            server_header=False,
            # Behind a tunnel the address of the caller is unknown, and nothing depends on it.
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _token(host: str, *, tunnel: bool) -> str:
    """What has to be shown; empty where this machine alone is answered."""
    given = os.environ.get("DAYBREAK_TOKEN", "")
    if given and (len(given) < _LONG_ENOUGH or not given.isascii() or not given.isprintable()):
        msg = (
            f"DAYBREAK_TOKEN takes {_LONG_ENOUGH} or more ASCII characters, but has "
            f"{len(given)}; leave it out to have one made up."
        )
        raise DaybreakError(msg)
    if host in _LOOPBACK and not tunnel:
        return given
    return given or secrets.token_urlsafe(16)


def _bound(host: str, port: int) -> socket.socket:
    """A socket at this address, so that a taken one is known at once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, number, _, address = found[0]
        listener = socket.socket(family, kind, number)
    except OSError as error:
        raise _no_place(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _no_place(host, port, error) from error
    return listener


def _no_place(host: str, port: int, error: OSError) -> DaybreakError:
    msg = (
        f"cannot answer at {host}, port {port} ({error.strerror}); choose another --port, "
        "0 for any, or another --host."
    )
    return DaybreakError(msg)


def _told(host: str, port: int, token: str, *, tunnel: bool) -> str:
    """Where to look, and from where that is possible."""
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)  # noqa: S104
    name = f"[{shown}]" if ":" in shown else shown
    query = f"?token={token}" if token else ""
    lines = [f"Runs at http://{name}:{port}/{query}   (Ctrl-C ends the page, never a run)"]
    if tunnel:
        lines.append(f"Through the tunnel: its address with /{query}")
    elif host in _LOOPBACK:
        lines.append(
            f"From elsewhere: ssh -L {port}:localhost:{port} {socket.gethostname()}, "
            "then the same address there."
        )
    else:
        lines.append("Whoever has this address can read; over plain HTTP so can the network.")
    return "\n".join(lines)
