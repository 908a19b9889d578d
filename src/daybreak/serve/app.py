"""The routes: every answer is a page or a stream of news, and none changes anything."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from markupsafe import escape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from daybreak.errors import DaybreakError
from daybreak.report.html import script_hashes
from daybreak.serve import pages
from daybreak.serve.guard import Guard
from daybreak.serve.runs import Runs

_NOT_FOUND = 404
_SILENCE = 15.0
"""Seconds after which a stream without news says that it lives; proxies close silent ones."""


def application(runs: Runs, token: str = "") -> ASGIApp:
    """The pages of some runs, for those who may look.

    Parameters
    ----------
    runs : Runs
    token : str
        Asked for; empty to answer to this machine alone.
    """
    routes = _Routes(runs)
    app = Starlette(
        routes=[
            Route("/", routes.index),
            Route("/events", routes.index_events),
            Route("/run/{name}/", routes.run),
            Route("/run/{name}/events", routes.run_events),
            Route("/run/{name}/report", routes.report),
            Route("/run/{name}/log", routes.log),
            Route("/run/{name}/trials", routes.trials),
            Route("/run/{name}/trial/{key}", routes.trial),
        ],
        exception_handlers={DaybreakError: _unknown, HTTPException: _refused},
    )
    return Guard(app, token, script_hashes())


class _Routes:
    """One method for each page."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    async def index(self, _request: Request) -> Response:
        """All runs."""
        return await _page(lambda: pages.index(self.runs.all(), str(self.runs.folder)))

    async def index_events(self, _request: Request) -> Response:
        """All runs, again and again."""
        return _stream(lambda: pages.runs_part(self.runs.all()), self.runs.every)

    async def run(self, request: Request) -> Response:
        """One run as it is now."""
        name = request.path_params["name"]

        def made() -> str:
            return pages.run(name, self.runs.look(name), self.runs.log(name, pages.LOG_LINES))

        return await _page(made)

    async def run_events(self, request: Request) -> Response:
        """One run, again and again."""
        name = request.path_params["name"]
        await run_in_threadpool(self.runs.look, name)  # or answer that there is none

        def made() -> str:
            return pages.run_part(self.runs.look(name), self.runs.log(name, pages.LOG_LINES))

        return _stream(made, self.runs.every)

    async def report(self, request: Request) -> Response:
        """The report as it grows."""
        name = request.path_params["name"]
        return await _page(lambda: self.runs.report(name))

    async def log(self, request: Request) -> Response:
        """The end of the log."""
        name = request.path_params["name"]
        return await _page(lambda: pages.log(name, self.runs.log(name, pages.LOG_LINES)))

    async def trials(self, request: Request) -> Response:
        """Trials by the hundred, newest first."""
        name, asked = request.path_params["name"], request.query_params
        study, number = asked.get("study") or None, _whole(asked.get("page", "1"))

        def made() -> str:
            offset = (number - 1) * pages.PER_PAGE
            count, lines = self.runs.lines(name, study, offset, pages.PER_PAGE)
            studies = [s.name for s in self.runs.look(name).pulse.studies]
            return pages.trials(name, study, studies, number, count, lines)

        return await _page(made)

    async def trial(self, request: Request) -> Response:
        """One trial with its full configuration."""
        name, key = request.path_params["name"], request.path_params["key"]
        return await _page(lambda: pages.trial(name, self.runs.trial(name, key)))


async def _page(make: Callable[[], str]) -> Response:
    """A page, made beside the loop that answers everyone else."""
    return HTMLResponse(await run_in_threadpool(make))


def _stream(make: Callable[[], str], every: float) -> Response:
    """A part of a page, sent whenever it has changed (server-sent events)."""

    async def events() -> AsyncIterator[str]:
        said, spoken = "", time.monotonic()
        while True:
            try:
                part = await run_in_threadpool(make)
            except DaybreakError as error:  # the run is being archived, or its server is away
                part = f'<p class="notice">{escape(str(error))}</p>'
            now = time.monotonic()
            if part != said:
                said, spoken = part, now
                yield f"data: {json.dumps(part)}\n\n"
            elif now - spoken > _SILENCE:
                spoken = now
                yield ": nothing new\n\n"
            await asyncio.sleep(every)

    return StreamingResponse(events(), media_type="text/event-stream")


def _whole(text: str) -> int:
    """The number of a page; the first where it is none."""
    return min(max(int(text), 1), 10**9) if text.isascii() and text.isdigit() else 1


async def _unknown(_request: Request, error: Any) -> Response:
    # A run that has only just begun has nothing to show yet.
    return HTMLResponse(pages.refused(_NOT_FOUND, str(error), again=True), _NOT_FOUND)


async def _refused(_request: Request, error: Any) -> Response:
    status = error.status_code
    sentence = "There is no such page." if status == _NOT_FOUND else str(error.detail)
    return HTMLResponse(pages.refused(status, sentence), status, error.headers)
