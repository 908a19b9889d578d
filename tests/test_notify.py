"""News of the night: one line, with a picture, to whoever asked for it."""

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import daybreak as dk
from daybreak.commands.shell import _again
from daybreak.errors import DaybreakError
from tests.preflight.test_run import area, study
from tests.runner.toy import campaign, line_problem


@pytest.fixture
def post():
    """A service that takes news: its address with a password, and what came."""
    came = []

    class Box(BaseHTTPRequestHandler):
        def do_POST(self):
            size = int(self.headers["content-length"])
            came.append(json.loads(self.rfile.read(size)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said):
            pass

    server = HTTPServer(("127.0.0.1", 0), Box)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://user:geheim@127.0.0.1:{server.server_port}", came
    server.shutdown()
    thread.join()
    server.server_close()


def run(one, directory, address, **more):
    """Run it, and give what it said."""
    said = io.StringIO()
    try:
        dk.run(one, directory, progress=said, notify=address, **more)
    finally:
        assert "geheim" not in said.getvalue()
        for path in directory.rglob("*"):
            assert not path.is_file() or b"geheim" not in path.read_bytes()
    return said.getvalue()


def test_how_it_ended(tmp_path, post):
    """Verdict, sentence and cost in one line, with a PNG; the password is written nowhere."""
    address, came = post
    accept = [dk.Criterion("chi2", below=9)]
    one = campaign([dk.Study("line", line_problem(), dk.MultiStart(4), accept)])
    run(one, tmp_path, address)
    [news] = came

    assert news["message"].startswith("PASS toy: every criterion holds. (9 trials, ")
    assert "\n" not in news["message"]
    [picture] = news["attachments"]
    assert base64.b64decode(picture["base64"]).startswith(b"\x89PNG")


def test_work_is_left(tmp_path, post):
    """A night that a limit ended says so."""
    address, came = post
    one = campaign([dk.Study("line", line_problem(), dk.MultiStart(40))])
    run(one, tmp_path, address, max_trials=3)

    assert came[0]["message"].startswith("UNDECIDED toy: ")
    assert "Work is left: " in came[0]["message"]


def test_hopeless_at_once(tmp_path, post):
    """A hopeless night is told when it is known; run all the same, it is told twice."""
    address, came = post
    one = dk.Campaign("area", [study(problem=area())])
    run(one, tmp_path / "not", address)
    run(one, tmp_path / "anyway", address, anyway=True)
    stopped, warned, ended = (news["message"] for news in came)

    assert stopped.startswith("HOPELESS area: not run. Out of reach")
    assert came[0]["attachments"]
    assert warned.startswith("HOPELESS area: Out of reach")
    assert warned.endswith("It runs all the same.")
    assert ended.startswith("FAIL area: ")


def test_an_error_is_news(tmp_path, post):
    """A night that cannot go on says why."""
    address, came = post
    (tmp_path / "file").write_text("in the way")
    one = campaign([dk.Study("line", line_problem(), dk.MultiStart(4))])
    with pytest.raises(DaybreakError):
        dk.run(one, tmp_path / "file", progress=io.StringIO(), notify=address)

    assert came[0]["message"].startswith("STOPPED toy: ")


def test_nobody_there(tmp_path):
    """News that cannot be delivered stop nothing."""
    one = campaign([dk.Study("line", line_problem(), dk.MultiStart(4))])
    said = run(one, tmp_path, "json://user:geheim@127.0.0.1:9")

    assert "the notification was not delivered" in said
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("address", ["nothing", "nope://user:geheim@host", "mailto://"])
def test_bad_address(tmp_path, address):
    """It is refused before the night, without being repeated."""
    with pytest.raises(DaybreakError, match="--notify cannot read the address of kind") as caught:
        run(campaign([dk.Study("s", line_problem(), dk.MultiStart(4))]), tmp_path / "run", address)

    assert "geheim" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_detached_without_the_address_in_sight():
    """What a detached run is started with shows no address to others on the machine."""
    for words in (["run", "x", "--detach", "--notify", "a://b"], ["run", "--notify=a://b", "x"]):
        kept, environment = _again(words, "a://b")
        assert kept == ["run", "x"]
        assert environment["DAYBREAK_NOTIFY"] == "a://b"
