"""The live page while a campaign runs, in a real browser."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

import pytest
import uvicorn

from daybreak.serve.app import application
from daybreak.serve.runs import Runs
from tests.waiting import wait_until

CAMPAIGN = """
import time
import daybreak as dk


def predict(p, settings):
    time.sleep(0.003)
    return {"area": p.a * p.b, "width": p.b}


problem = dk.FitProblem(
    [dk.Parameter("a", 0, 5), dk.Parameter("b", 0, 5)],
    predict,
    {"area": dk.Observation(6, 0.1, unit="m2"), "width": dk.Observation(3, 1)},
)
study = dk.Study("fit", problem, dk.MultiStart(20_000), [dk.Criterion("chi2", below=4)])
campaign = dk.Campaign("slow", [study])
"""
BAR = "document.querySelector('#live progress')?.value"
PHONE = {"width": 360, "height": 740}


def _has_begun(ledger):
    """Whether a trial has ended: the file is there before anything stands in it."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as read:
            return read.execute("select 1 from trials where outcome is not null").fetchone()
    except sqlite3.OperationalError:
        return None


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder in which a campaign has just begun."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "slow.py").write_text(CAMPAIGN)
    command = [sys.executable, "-m", "daybreak.cli", "run", "slow.py", "--budget", "1"]
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    try:
        wait_until(lambda: _has_begun(folder / "runs/slow/ledger.db"), process)
        yield folder / "runs"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def served(runs):
    """Serve the pages meanwhile; gives their address."""
    config = uvicorn.Config(
        application(Runs(runs, every=0.3)),
        port=0,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def address(runs):
    """Where it can be looked at."""
    with served(runs) as found:
        yield found


def _wait_on(page, expression):
    """Ask again and again; the page's own policy forbids scripts that would wait inside."""
    wait_until(lambda: page.evaluate(expression))


def test_it_moves_without_reload(address, visit, picture, serious):
    """Trials are counted up while one looks; nothing is loaded again, nothing complains."""
    page, seen = visit(f"{address}/run/slow/")
    page.evaluate("window.unchanged = true")
    _wait_on(page, f"{BAR} > 0")
    before = page.evaluate(BAR)
    _wait_on(page, f"{BAR} > {before} + 1")
    picture(page, full_page=True)

    assert page.evaluate("window.unchanged") is True
    assert page.title() == "running: slow"
    assert "Live" in page.locator("#heard").inner_text()
    assert "process" in page.get_by_role("table", name="Who works").inner_text()
    assert seen.outside(address) == []
    assert seen.complaints == []
    assert serious(page) == []


def test_all_runs_move_too(address, visit, picture):
    """So does the list of runs; from it one gets to the run, its trials and one of them."""
    page, seen = visit(address, viewport=PHONE, color_scheme="dark")
    before = page.evaluate(BAR)
    _wait_on(page, f"{BAR} > {before}")
    picture(page, "runs")
    page.get_by_role("link", name="slow", exact=True).click()
    picture(page, "run", full_page=True)
    page.get_by_role("link", name="Trials", exact=True).click()
    page.locator("tbody th a").last.click()
    picture(page, "trial", full_page=True)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_by_role("heading", name="Full configuration").is_visible()
    assert seen.complaints == []


def test_report_as_it_grows(address, visit):
    """The report of an unfinished run says that it is one."""
    page, seen = visit(f"{address}/run/slow/report")

    assert page.get_by_text("Not finished.").is_visible()
    assert seen.outside(address) == []
    assert seen.complaints == []


def test_without_javascript(address, visit):
    """The page is whole without a script, and loads itself again."""
    page, _ = visit(f"{address}/run/slow/", java_script_enabled=False)

    assert "running" in page.locator(".sentence").inner_text().lower()
    assert page.locator("meta[http-equiv=refresh]").count() == 1


def test_a_server_that_goes_away(runs, visit):
    """When nobody answers any more the page says so, and keeps what it showed."""
    heard = "document.getElementById('heard').textContent"
    with served(runs) as address:
        page, _ = visit(f"{address}/run/slow/")
        _wait_on(page, f"{heard}.startsWith('Live')")
    _wait_on(page, f"{heard}.startsWith('No answer')")

    assert page.locator("#live h1").is_visible()
