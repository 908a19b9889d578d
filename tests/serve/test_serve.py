"""The live pages: what they answer, to whom, and that they change nothing."""

import io
import socket
import sys
import threading

import pytest
from starlette.testclient import TestClient

import daybreak as dk
from daybreak import serve
from daybreak.errors import DaybreakError
from daybreak.ledger.place import FILE
from daybreak.ledger.store import Ledger
from daybreak.serve import runs as runs_module
from daybreak.serve.app import application
from daybreak.serve.runs import Runs
from tests.runner.toy import campaign, line_problem

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one finished run of two studies, and things that are no runs."""
    folder = tmp_path_factory.mktemp("runs")
    one = line_problem()
    studies = [
        dk.Study(
            "line", one, dk.Profile("a", points=5, starts=2), [dk.Criterion("chi2", below=9)]
        ),
        dk.Study(EVIL, one, dk.MultiStart(starts=130)),
    ]
    dk.run(campaign(studies), folder / "toy & co", progress=io.StringIO())
    (folder / "notes").mkdir()
    (folder / "x.txt").write_text("no run")
    return folder


@pytest.fixture
def client(folder):
    """Someone on this machine."""
    return TestClient(application(Runs(folder)), base_url="http://localhost")


def test_pages(client):
    """All runs, one run, report, log, trials by page and study, one trial: each is there."""
    assert 'href="run/toy%20%26%20co/"' in client.get("/").text
    assert "notes" not in client.get("/").text
    run = client.get("/run/toy & co/").text
    assert "Finished: " in run
    assert "PASS" in run
    assert "profile of a" in client.get("/run/toy & co/report").text.lower()
    assert "finished" in client.get("/run/toy & co/log").text
    first, second = (client.get(f"/run/toy & co/trials?page={n}").text for n in (1, 2))
    assert first != second
    assert first.count('<th scope="row">') == 100
    of_line = client.get("/run/toy & co/trials?study=line").text
    assert of_line.count("<td>line</td>") == of_line.count('<th scope="row">') > 0
    address = of_line.partition('<th scope="row"><a href="')[2].partition('"')[0]
    trial = client.get(f"/run/toy & co/{address}").text
    for said in ("Full configuration", "&#34;settings&#34;", "chi2", "Attempts"):
        assert said in trial


def test_the_page_of_a_run_that_has_only_just_begun_comes_alive(tmp_path):
    """Opened before anything stands in the ledger, a page loads itself until there is."""
    place = tmp_path / "young"
    place.mkdir()
    Ledger(place, write=True).close()
    client = TestClient(application(Runs(tmp_path, every=0.0)), base_url="http://localhost")

    young = client.get("/run/young/")
    assert young.status_code == 404
    assert "has only just begun" in young.text
    assert '<meta http-equiv="refresh" content="5">' in young.text

    dk.run(campaign([dk.Study("s", line_problem(), dk.MultiStart(starts=1))]), place)
    grown = client.get("/run/young/").text
    assert "Finished: " in grown
    assert 'content="5"' not in grown
    assert 'content="5"' not in client.get("/nowhere").text


def test_names_are_text(client):
    """A study whose name is a script is shown, never run."""
    for path in ("", "report", "trials", "trials?study=" + EVIL):
        text = client.get(f"/run/toy & co/{path}").text
        assert EVIL not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/run/none/", "no run is called"),
        ("/run/notes/", "no run is called"),
        ("/run/..%2f..%2fetc/", "There is no such page."),
        ("/run/none/events", "no run is called"),
        ("/run/toy & co/trial/abc", "no trial has the key"),
        ("/elsewhere", "There is no such page."),
    ],
)
def test_what_is_not_there(client, path, said):
    """A sentence with status 404."""
    answer = client.get(path)

    assert answer.status_code == 404
    assert said in answer.text


def test_it_only_shows(client, folder):
    """No answer to anything but GET, and the ledger stays as it is."""
    before = (folder / "toy & co" / FILE).read_bytes()
    for path in ("/", "/run/toy & co/", "/run/toy & co/trials"):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.request(method, path).status_code == 405
        client.get(path)

    assert (folder / "toy & co" / FILE).read_bytes() == before


def test_policy(client):
    """Every answer forbids all but our styles and scripts; scripts are named by their hash."""
    for path in ("/", "/run/toy & co/report", "/elsewhere"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "script-src 'sha256-" in policy
        assert "unsafe" not in policy.partition("script-src")[2]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"


def test_strangers(folder):
    """Another name for this machine is refused: a page elsewhere cannot read along."""
    app = application(Runs(folder))
    for host in ("evil.example", "localhost.evil.example", "192.168.0.9:8642"):
        assert TestClient(app, base_url=f"http://{host}").get("/").status_code == 403
    for host in ("localhost:8642", "127.0.0.1:1"):
        assert TestClient(app, base_url=f"http://{host}").get("/").status_code == 200


def test_token(folder):
    """Bound elsewhere, the token opens the page once and is then kept in a cookie."""
    app = application(Runs(folder), "a-token-of-length")
    stranger = TestClient(app, base_url="http://host.example", follow_redirects=False)
    for path in ("/", "/?token=", "/?token=wrong", "/run/toy & co/report"):
        assert stranger.get(path).status_code == 401
    friend = TestClient(app, base_url="http://host.example")
    answer = friend.get("/run/toy & co/trials?page=2&token=a-token-of-length")

    assert answer.status_code == 200
    assert "token" not in str(answer.url)
    assert "page=2" in str(answer.url)
    assert friend.get("/").status_code == 200
    assert stranger.get("/", headers={"cookie": "daybreak=guess"}).status_code == 401


def test_viewers_share_a_look(folder, monkeypatch):
    """However many look, the ledger is asked once in a while."""
    asked = []
    look = runs_module.look
    monkeypatch.setattr(runs_module, "look", lambda place: asked.append(place) or look(place))
    runs = Runs(folder, every=60.0)
    seen = []
    viewers = [threading.Thread(target=lambda: seen.append(runs.all())) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()

    assert len(seen) == 8
    assert len(asked) == 1


def start(folder, said, **more):
    """Begin to serve; only what comes before the first request matters here."""
    asked = {"host": "127.0.0.1", "port": 0, "every": 2.0, "tunnel": False, **more}
    return serve.start(folder, say=said.append, **asked)


def test_addresses(folder, monkeypatch):
    """A token is asked for wherever others could come; the address that is printed holds it."""
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    said = []
    start(folder, said)
    start(folder, said, tunnel=True)
    start(folder, said, host="0.0.0.0")  # noqa: S104 - nothing listens
    here, tunnel, elsewhere = said

    assert "token" not in here
    assert "ssh -L" in here
    assert "?token=" in tunnel
    assert "?token=" in elsewhere


def test_refusals(folder, monkeypatch):
    """A taken port, a short token, a missing extra: each is a sentence with the next move."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DaybreakError, match="choose another --port"):
            start(folder, [], port=taken.getsockname()[1])
    monkeypatch.setenv("DAYBREAK_TOKEN", "short")
    with pytest.raises(DaybreakError, match="12 or more ASCII characters, but has 5"):
        start(folder, [])
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(DaybreakError, match=r"pip install 'daybreak\[serve\]'"):
        start(folder, [])
