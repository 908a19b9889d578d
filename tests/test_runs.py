"""Several runs: a page that lists them with what changed, and two of them side by side."""

import io
import re

import pytest
import typer.testing

import daybreak as dk
from daybreak import runs
from daybreak.cli import app
from daybreak.report.compare_page import render, text
from daybreak.report.comparison import Side, compare
from tests.report import recorded
from tests.report.nights import HOSTILE
from tests.report.test_html import Page
from tests.runner.toy import campaign, line_problem


def line(*, below=40.0, starts=4, name="line"):
    """A campaign of one study."""
    accept = [dk.Criterion("chi2", below=below)]
    return campaign([dk.Study(name, line_problem(), dk.MultiStart(starts), accept)])


def run(one, directory, **more):
    """Run it in silence."""
    return dk.run(one, directory, progress=io.StringIO(), **more)


def said(folder):
    """What the index says of each run."""
    return {entry.name: " ".join(entry.changes) for entry in runs.entries(folder)}


class TestIndex:
    """All runs of a folder on one page."""

    def test_what_changed(self, tmp_path):
        """A first night, one with more trials, one with nothing to do, rewritten criteria."""
        place = tmp_path / "toy"
        run(line(), place, max_trials=2)
        assert re.match(r"First night: \d+ trials, interrupted: ", said(tmp_path)["toy"])
        run(line(), place)
        told = said(tmp_path)["toy"]
        assert re.match(r"Since the run of 20.. ?.*: [1-9]\d* trials, finished\.", told)
        assert told.endswith("Ended: line. The verdict was open, and is PASS.")
        run(line(), place)
        assert said(tmp_path)["toy"].endswith("0 trials, finished. It was finished before.")
        run(line(below=1.0), place)
        assert "Criteria of line were rewritten: PASS became FAIL." in said(tmp_path)["toy"]

    def test_page(self, tmp_path):
        """Newest first; links to the reports; a run that cannot be read is told, not hidden."""
        for name in ("one", "two & <three>"):
            run(line(), tmp_path / name)
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken" / "ledger.db").write_text("no ledger")
        page = Page(runs.write_index(tmp_path).read_text())
        assert (page.faults, page.open) == ([], [])
        links = [dict(a).get("href") for tag, a in page.tags if tag == "a"]
        assert links[1:] == ["two%20%26%20%3Cthree%3E/report.html", "one/report.html"]
        assert (
            page.text.index("two & <three>") < page.text.index("one") < page.text.index("broken")
        )

    def test_report_is_not_stale(self, tmp_path):
        """Where the report is older than the ledger, the ledger speaks."""
        run(line(below=1.0), tmp_path / "toy")
        old = (tmp_path / "toy" / "summary.json").read_bytes()
        run(line(), tmp_path / "toy")
        (tmp_path / "toy" / "summary.json").write_bytes(old)
        [entry] = runs.entries(tmp_path)
        assert entry.summary.verdict == "PASS"

    def test_foreign_file_stays(self, tmp_path):
        """An index.html that Daybreak did not write is left alone; its own is renewed."""
        run(line(), tmp_path / "toy")
        (tmp_path / "index.html").write_text("mine")
        assert runs.write_index(tmp_path) is None
        assert (tmp_path / "index.html").read_text() == "mine"
        (tmp_path / "index.html").unlink()
        assert runs.write_index(tmp_path) == runs.write_index(tmp_path)

    def test_commands(self, tmp_path, monkeypatch):
        """`run` in runs/ writes it, `run --dir` does not, `report --all` makes everything anew."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "study.py").write_text("from tests.test_runs import line\ncampaign = line()\n")
        cli = typer.testing.CliRunner()
        assert cli.invoke(app, ["run", "study.py", "--dir", "there/toy"]).exit_code == 0
        assert not (tmp_path / "there" / "index.html").exists()
        done = cli.invoke(app, ["run", "study.py"])
        assert "All runs: runs/index.html" in done.output
        (tmp_path / "runs" / "toy" / "report.html").unlink()
        (tmp_path / "runs" / "index.html").unlink()
        assert cli.invoke(app, ["report", "--all"]).exit_code == 0
        assert (tmp_path / "runs" / "toy" / "report.html").exists()
        assert (tmp_path / "runs" / "index.html").exists()


class TestComparison:
    """Two runs side by side."""

    @pytest.mark.parametrize("one", recorded.NAMES)
    @pytest.mark.parametrize("two", ["decay", "mixed"])
    def test_page(self, one, two):
        """Well formed for any two runs, each study of either named."""
        a, b = Side("left", recorded.summary(one)), Side("right", recorded.summary(two))
        page = Page(render(compare(a, b)))
        assert (page.faults, page.open) == ([], [])
        for study in [*a.summary.studies, *b.summary.studies]:
            assert " ".join(study.name.split()) in page.text

    def test_of_one_run(self):
        """A run beside itself differs in nothing."""
        mixed = recorded.summary("mixed")
        same = compare(Side("left", mixed), Side("right", mixed))
        assert not same.asked
        assert not same.made
        assert "no study that both have changed its verdict" in same.sentence
        assert {row[5] for row in same.studies.rows} <= {"", "0"}

    def test_what_differs_is_told(self, tmp_path):
        """Boxes, bars, methods and results of two nights, with the verdicts first."""
        box = [dk.Parameter("a", -5, 1), dk.Parameter("b", -5, 5)]
        narrow = campaign(
            [
                dk.Study(
                    "line",
                    line_problem(parameters=box),
                    dk.MultiStart(6),
                    [dk.Criterion("chi2", below=20)],
                ),
                dk.Study("more", line_problem(), dk.MultiStart(2)),
            ]
        )
        wide = run(line(), tmp_path / "wide")
        close = run(narrow, tmp_path / "narrow", anyway=True)
        found = compare(Side("wide", wide.summary), Side("narrow", close.summary))
        assert found.sentence.startswith(
            "wide says PASS, narrow says FAIL; the verdict differs in"
        )
        assert "only narrow has more" in found.sentence
        asked = {row[1]: row[2:] for row in found.asked.rows if row[0] == "line"}
        assert asked["box of a"] == ("-5 to 5, linear", "-5 to 1, linear")
        assert asked["bar of chi2"] == ("< 40 (hard)", "< 20 (hard)")
        assert set(asked) == {"box of a", "bar of chi2", "method"}
        assert ("more", "study", "not planned", "planned") in found.asked.rows
        difference = close["line"].best.chi2 - wide["line"].best.chi2
        [row] = [row for row in found.studies.rows if row[0] == "line"]
        assert float(row[5]) == pytest.approx(difference, rel=1e-2)
        assert "FAIL" in text(found)

    def test_hostile_names(self):
        """A name is text, whatever it holds."""
        decay = recorded.summary("decay")
        study = decay.studies[0].model_copy(update={"name": HOSTILE})
        sides = [
            Side(HOSTILE, decay.model_copy(update={"studies": [study]})),
            Side("b", decay),
        ]
        page = Page(render(compare(*sides)))
        assert (page.faults, page.open) == ([], [])
        assert [a for tag, a in page.tags if tag == "script"] == [{}]

    def test_command(self, tmp_path, monkeypatch):
        """By name from runs/; the page has both names in its own."""
        monkeypatch.chdir(tmp_path)
        for name in ("one", "two"):
            run(line(), tmp_path / "runs" / name)
        done = typer.testing.CliRunner().invoke(app, ["report", "--compare", "one", "two"])
        assert done.exit_code == 0, done.output
        assert done.output.startswith("Both runs say PASS; no study")
        assert (tmp_path / "one-beside-two.html").exists()
