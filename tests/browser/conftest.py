"""A real browser: the system's Chromium, which reaches nothing but what a test serves."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SCREENSHOTS = Path("build/screenshots")
"""Kept after the tests, to be looked at."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Seen:
    """What a page asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def outside(self, *allowed: str) -> list[str]:
        """Requests that leave the machine, or go anywhere but to `allowed` beginnings."""
        local = ("file:", "data:", "blob:", "about:", *allowed)
        return [url for url in self.requests if not url.startswith(local)]


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for all tests of a process."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def visit(browser):
    """A function that opens a page, with the options of a browser context, and notes all."""
    contexts = []

    def opened(address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page, seen = context.new_page(), Seen()
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                seen.complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        page.goto(address)
        return page, seen

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def picture(request):
    """A function that keeps a screenshot of a page, named for the test."""

    def taken(page, name="", **options):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        words = re.sub(r"\W+", "-", f"{request.node.name} {name}".strip()).strip("-")
        path = SCREENSHOTS / f"{words}.png"
        page.screenshot(path=path, **options)
        return path

    return taken


@pytest.fixture
def serious():
    """A function that lists what axe-core finds serious or worse on a page."""
    from axe_playwright_python.sync_playwright import Axe

    def asked(page):
        found = Axe().run(page).response["violations"]
        return [
            f"{one['id']}: {one['help']} {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    return asked
