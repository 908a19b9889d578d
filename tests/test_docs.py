"""Documentation that cannot drift: its code runs, its links hold, its lists are whole."""

import re
import shlex
import shutil
import sqlite3
import tomllib
from contextlib import closing, suppress
from pathlib import Path

import pytest
import typer.main
import yaml

import daybreak as dk
from daybreak import catalogue
from daybreak.cli import app
from daybreak.ledger import schema
from daybreak.problem.stop_reasons import StopReason

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINKED = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
FENCE = re.compile(r"^```([\w{}-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name_of(page):
    """Path of a page as a reader writes it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page):
    """Language, code and first line of every fenced block of a page."""
    text = page.read_text()
    return [(m[1], m[2], text.count("\n", 0, m.start()) + 2) for m in FENCE.finditer(text)]


def anchors(page):
    """Targets within a page: its headings, in lower case, with hyphens for spaces."""
    prose = FENCE.sub("", page.read_text())
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with what the pages read: the example's trace, a finished run, its summary."""
    place = tmp_path_factory.mktemp("prepared")
    shutil.copy(ROOT / "examples" / "trace.csv", place)
    line = dk.FitProblem(
        [dk.Parameter("slope", 0, 10)], lambda p, _: [p.slope], dk.observations([2.0], 0.1)
    )
    campaign = dk.Campaign("line", [dk.Study("slope", line, dk.MultiStart(starts=2))])
    found = dk.run(campaign, place / "runs" / "line")
    shutil.copy(found.directory / "summary.json", place)
    return place


@pytest.fixture
def workplace(prepared, tmp_path, monkeypatch):
    """A copy of it, which is the working directory."""
    place = Path(shutil.copytree(prepared, tmp_path / "workplace"))
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_runs(page, workplace):
    """Every Python block of a page runs after those before it, in one namespace.

    A block of YAML can be read as such.
    """
    namespace = {"__name__": "__main__"}

    for language, code, line in blocks(page):
        if language == "yaml":
            assert yaml.safe_load(code)
        if language == "python":
            # Empty lines in front, so that a traceback names the line of the page.
            exec(compile("\n" * (line - 1) + code, page, "exec"), namespace)  # noqa: S102 - ours


def commands(page):
    """Lines for a terminal, word by word, without remarks; a continued line is one."""
    for language, code, _ in blocks(page):
        if language == "sh":
            for line in code.replace("\\\n", " ").splitlines():
                yield shlex.split(line, comments=True)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_terminal_lines(page, workplace):
    """Every line for a terminal is a command that there is, with options that it has.

    Those of Daybreak are read by its own parser and not carried out (tests/test_new_user.py does
    that for the tutorial); SQL is run on a ledger, and a target of make has to exist.
    """
    for name, *words in commands(page):
        if Path(name).name == "daybreak":
            parse(words)
        elif name == "make":
            assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        elif name == "sqlite3":
            with closing(sqlite3.connect(workplace / "runs" / "line" / "ledger.db")) as ledger:
                assert ledger.execute(words[-1]).fetchall()
        elif Path(name).name == "pip":
            extras = set(re.findall(r"[a-z]+(?=[],])", " ".join(words)))
            declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
            assert extras <= set(declared["project"]["optional-dependencies"])
        else:
            assert name in {"python3", "ssh"}


def parse(words):
    """Read a command line as Daybreak does, without doing what it says."""
    command, path = typer.main.get_command(app), "daybreak"
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command, path, words = command.commands[words[0]], f"{path} {words[0]}", words[1:]
    with suppress(typer.Exit):
        command.make_context(path, list(words))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_block_languages(page):
    """Every fenced block says what it is, so that none escapes being run by a missing word."""
    assert {language for language, _, _ in blocks(page)} <= {
        "python",
        "sh",
        "text",
        "json",
        "yaml",
        "{toctree}",
        "{eval-rst}",
    }


@pytest.mark.parametrize("page", LINKED, ids=name_of)
def test_links(page):
    """Every relative link of a page leads to a file that exists, and to a heading in it."""
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        file, _, heading = target.partition("#")
        there = page if not file else page.parent / file
        if "://" in target:
            continue
        if not there.exists() or (heading and heading not in anchors(there)):
            broken.append(target)

    assert broken == []


def test_commands():
    """Every command of the command line is named in the README, and no other one is."""
    commands = set(typer.main.get_command(app).commands)
    text = (ROOT / "README.md").read_text()

    assert set(re.findall(r"^\| `daybreak (\w+)", text, re.MULTILINE)) == commands


def test_public_names():
    """Every public name is explained in the guide to studies or in the glossary."""
    text = "".join((ROOT / "docs" / page).read_text() for page in ("study.md", "glossary.md"))

    assert [n for n in dk.__all__ if not re.search(rf"\b(dk|daybreak)\.{n}\b", text)] == []


def test_stop_reasons():
    """The glossary gives the sentence of every stop reason, word for word."""
    text = (ROOT / "docs" / "glossary.md").read_text()

    assert [r.name for r in StopReason if f"| `{r.name}` | {r.sentence} |" not in text] == []


@pytest.mark.parametrize(
    ("page", "prefix"),
    [("leptons", "lepton-"), ("soliton", "soliton-"), ("forecasting", "forecasting-")],
)
def test_case_study(page, prefix):
    """Every campaign of a case study that can be run by name has its generated part in it."""
    text = (ROOT / "docs" / "case-studies" / f"{page}.md").read_text()
    parts = re.findall(rf"<!-- begin ({prefix}.*?) -->\n.+?<!-- end \1 -->", text, re.DOTALL)

    assert sorted(parts) == [name for name in catalogue.names() if name.startswith(prefix)]


def test_tables():
    """The ledger's page describes exactly the tables there are."""
    text = (ROOT / "docs" / "ledger.md").read_text().partition("## The tables")[2]
    described = re.findall(r"^\| `(\w+)` \|", text.partition("\n## ")[0], re.MULTILINE)

    assert sorted(described) == sorted(schema.metadata.tables)
