"""Changing one's mind: each change is explained in one line, and nothing found is thrown away."""

import io
import sqlite3

import numpy as np
import pytest

import daybreak as dk
from tests.runner.toy import X, Y, campaign, line_problem


def told(study, directory, **more):
    """What the run says of changes, and its results."""
    log = io.StringIO()
    results = dk.run(campaign([study]), directory, progress=log, **more)
    return [line for line in log.getvalue().splitlines() if line.startswith("s")], results


def origins(directory):
    """Why trials of the present plan were asked for."""
    with sqlite3.connect(directory / "ledger.db") as ledger:
        return ledger.execute("select why, which from members").fetchall()


def study(problem=None, method=None, criteria=(), **more):
    """One study, called s."""
    return dk.Study(
        "s", problem or line_problem(), method or dk.MultiStart(starts=4), criteria, **more
    )


def test_a_new_ledger_explains_nothing(tmp_path):
    """Nothing was changed when there was nothing before, nor when it is the same again."""
    for _ in range(2):
        lines, _ = told(study(), tmp_path)
        assert not any("starts" in line or "problem" in line for line in lines)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (study(method=dk.MultiStart(starts=6)), "s: starts from 4 to 6; trials that are there"),
        (study(seed=3), "s: seed from None to 3; trials that are there already are kept."),
        (study(criteria=[dk.Criterion("chi2", below=9)]), "s: other criteria; stored results"),
        (study(settings={"shift": 1.0}), "s: shift from 0.0 to 1.0; trials that are there"),
        (
            study(line_problem(observations=dk.observations(Y + 0.1, 0.05))),
            "s: another problem (other data); its trials are made anew, and the best ends",
        ),
        (
            study(line_problem(parameters=[dk.Parameter("a", -5, 5), dk.Parameter("b", -4, 5)])),
            "s: another problem (bounds of b from [-5, 5] to [-4, 5]); its trials",
        ),
    ],
    ids=["starts", "seed", "criteria", "setting", "data", "bounds"],
)
def test_every_change_is_told_in_one_line(tmp_path, changed, line):
    """Before it runs, a changed study says what was changed and what follows."""
    told(study(), tmp_path)
    lines, _ = told(changed, tmp_path)

    assert [one for one in lines if one.startswith(line)] == [lines[0]]
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        events = ledger.execute("select text from events where kind = 'change'").fetchall()
    assert events == [(lines[0],)]


def test_new_and_removed_studies_are_told(tmp_path):
    """A study that is new, renamed or gone is named."""
    log = io.StringIO()
    first, second = (
        dk.Study(n, line_problem(), dk.MultiStart(starts=k)) for n, k in (("one", 2), ("two", 3))
    )
    dk.run(campaign([first]), tmp_path, progress=log)
    dk.run(campaign([second]), tmp_path, progress=log)
    renamed = dk.Study("three", line_problem(), dk.MultiStart(starts=3))
    dk.run(campaign([renamed]), tmp_path, progress=log)

    text = log.getvalue()
    assert "two: a new study; only its trials are made." in text
    assert "no longer in the plan: one; kept in the ledger, out of the report." in text
    assert "three: two under another name; its trials are used." in text


def test_moved_bounds_keep_old_ends_as_starts(tmp_path):
    """The best end found in the old box is a start in the new one, moved inside it."""
    _, first = told(study(), tmp_path)
    narrow = [dk.Parameter("a", -5, 1.0), dk.Parameter("b", -5, 5)]
    _, second = told(study(line_problem(parameters=narrow)), tmp_path)

    assert first["s"].best.parameters["a"] > 1.0
    assert ("preflight", "0") in origins(tmp_path)
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        (carried,) = ledger.execute("select carried from studies where name = 's'").fetchone()
    assert '"a":1.0' in carried
    assert second["s"].best.parameters["a"] == pytest.approx(1.0)


def curved(p, settings):
    """A line with a bend, shape (12,)."""
    return p.a * X + p.b + p.c * X**2 + settings.shift


def test_a_new_parameter_has_its_earlier_value_in_old_ends(tmp_path):
    """Old ends become starts with the value that the new parameter had, unsaid, until then."""
    told(study(), tmp_path)
    more = [
        dk.Parameter("a", -5, 5),
        dk.Parameter("b", -5, 5),
        dk.Parameter("c", -2, 2, earlier=0.25),
    ]
    lines, results = told(study(line_problem(curved, parameters=more)), tmp_path)

    assert lines[0].startswith("s: another problem (parameter c is new)")
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        (carried,) = ledger.execute("select carried from studies where name = 's'").fetchone()
    assert '"c":0.25' in carried
    design = np.stack([X, np.ones_like(X), X**2], axis=1)
    expected = np.linalg.lstsq(design, Y, rcond=None)[0]
    found = [results["s"].best.parameters[name] for name in "abc"]
    assert found == pytest.approx(expected, abs=1e-5)


def test_an_earlier_value_lies_in_the_box():
    """A value outside the bounds is refused like a guess outside them."""
    with pytest.raises(dk.ProblemError, match="the earlier value of 'c' must lie in"):
        dk.Parameter("c", 0, 1, earlier=2.0)


def test_sources_are_kept_with_the_run(tmp_path):
    """The study file and its local module are in the ledger as text, found by their hashes."""
    (tmp_path / "kin.py").write_text("SLOPE = 2.0\n")
    (tmp_path / "mine.py").write_text(
        "import daybreak as dk\nimport kin\n"
        "def predict(p, settings):\n    return [p.a * kin.SLOPE]\n"
        "free = [dk.Parameter('a', 0, 5)]\n"
        "problem = dk.FitProblem(free, predict, dk.observations([1.0], 1.0))\n"
        "campaign = dk.Campaign('mine', [dk.Study('s', problem, dk.MultiStart(starts=1))])\n"
    )
    from daybreak import catalogue

    results = dk.run(catalogue.load(str(tmp_path / "mine.py")), tmp_path / "run")
    sources = results.summary.provenance.sources
    with sqlite3.connect(tmp_path / "run" / "ledger.db") as ledger:
        bodies = dict(ledger.execute("select sha256, body from sources"))

    assert bodies[sources[str(tmp_path / "kin.py")]] == "SLOPE = 2.0\n"
    assert "kin.SLOPE" in bodies[sources[str(tmp_path / "mine.py")]]
