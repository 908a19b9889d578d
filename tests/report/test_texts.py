"""What the terminal and Markdown say, pinned word for word."""

from __future__ import annotations

import pytest

from daybreak.findings import codes
from daybreak.report import markdown, terminal, tonight_text
from daybreak.report.summary import Summary
from tests.report.outcomes import hopeless_evening
from tests.report.summaries import HOSTILE, lepton, mixed


def test_terminal_golden(name, summary, golden):
    """The terminal text is the one that was agreed upon."""
    golden(f"{name}.txt", terminal.render(summary))


def test_markdown_golden(name, summary, golden):
    """The Markdown text is the one that was agreed upon."""
    golden(f"{name}.md", markdown.render(summary))


def test_log_lines_golden(name, summary, golden):
    """The log line of each study is the one that was agreed upon."""
    lines = [terminal.study_line(study) for study in summary.studies]
    golden(f"{name}.log", "\n".join(lines) + "\n")


def test_evening_golden(golden):
    """What `daybreak plan` says of a campaign that cannot succeed is what was agreed upon."""
    text = tonight_text.render(hopeless_evening())

    golden("hopeless-evening.txt", text)
    assert text.split()[0] == "HOPELESS"
    assert text.isascii()


def test_terminal_is_narrow(summary):
    """No line of the terminal text is wider than 100 columns."""
    assert max(map(len, terminal.render(summary).splitlines())) <= 100


def test_terminal_is_ascii(summary):
    """Our own words in the terminal are ASCII."""
    assert terminal.render(summary).isascii()


def test_verdict_first(summary):
    """The first word in the terminal is the verdict."""
    assert terminal.render(summary).split()[0] == summary.verdict


def test_bad_news_everywhere(summary):
    """Every surprise is told in the terminal and in Markdown."""
    flat = " ".join(terminal.render(summary).split())
    page = markdown.render(summary)
    for sentence in summary.surprises:
        assert sentence in flat
        assert sentence in page


def test_log_line_is_one_line():
    """A log line stays one line and sends nothing to the terminal but text."""
    study = mixed().studies[2]
    line = terminal.study_line(study.model_copy(update={"error": "two\nlines \x1b[31mred"}))

    assert "\n" not in line
    assert "\x1b" not in line


def test_log_line_can_be_searched():
    """``grep FAIL`` finds the study, and the line names what is at bounds and at the edge."""
    line = terminal.study_line(lepton().studies[3])

    assert line.startswith("FAIL ")
    assert "k=1.5 dv=0.25 p=6" in line
    assert "beta=3 (edge)" in line
    assert "R_c_e, U_e, A_e lower; R_c_mu, U_mu, A_mu upper" in line


def test_unsupported_claim_is_not_made():
    """A claim that the evidence does not carry is listed as one, whatever code its profile has."""
    summary = lepton()
    claims = [claim.model_copy(update={"code": codes.IDENTIFIED}) for claim in summary.claims]
    text = terminal.render(summary.model_copy(update={"claims": claims}))

    assert "nothing about any parameter" in text
    assert "a value of beta" in text


def test_both_references_are_shown():
    """Every view shows the offset from every declared reference, once for all studies."""
    for text in (terminal.render(lepton()), markdown.render(lepton())):
        flat = " ".join(text.split())
        assert flat.count("offset -0.05823 (-1.904 %)") == 1
        assert flat.count("offset -0.04323 (-1.421 %)") == 1


def test_markdown_is_harmless():
    """A hostile name cannot open a tag, a link or a table cell in Markdown."""
    page = markdown.render(mixed())

    assert "\n## \\<script>" in page
    assert HOSTILE not in page.replace("\\<", "")
    assert markdown.text("a|b [x](y) &lt; < 1") == "a\\|b [x\\](y) \\&lt; < 1"


def test_markdown_rows_are_complete(summary):
    """Every row of a Markdown table has as many cells as its header."""
    widths: set[int] = set()
    for line in markdown.render(summary).splitlines():
        if line.startswith("|"):
            widths.add(line.replace("\\|", "").count("|"))
        else:
            assert len(widths) <= 1
            widths = set()


@pytest.mark.parametrize("ending", ["running", "lost: killed"])
def test_next_step_of_an_unfinished_night(ending):
    """While it runs the next step is to wait; after a loss it is to start again."""
    summary: Summary = mixed()
    runs = [run.model_copy(update={"ending": ending}) for run in summary.timing.runs]
    timing = summary.timing.model_copy(update={"runs": runs})
    text = terminal.render(summary.model_copy(update={"timing": timing}))

    assert ("Wait" in text) == (ending == "running")
    assert ("Start the campaign again" in text) == (ending != "running")
