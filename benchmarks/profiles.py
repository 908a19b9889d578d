"""Profiles beside other tools: how long they take, how often they are right, how true a contour.

All run in one process, so that the ratios hold on any machine.  The peers are in `peers.py`; the
right answers come from the problems of `daybreak.testing.mirrored_problems` and, for the contour,
from SciPy's linear least squares, never from the tool that is judged.
"""

from __future__ import annotations

import io
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import peers
from least_squares import TIMES, decays
from measure import Headline, cpu_seconds, print_table
from peers import Array, Curve, Question
from scipy import optimize

import daybreak as dk
from daybreak.methods.solve import solve
from daybreak.testing import MirroredProblem, mirrored_problems

POINTS, STARTS, EACH = 41, 100, 2
FEWER_STARTS = 20
"""Starts of every tool on the mirrored problems."""
CLOSE = 1e-4
"""A point whose chi2 is this near the conditional minimum is right."""
MADE = {
    "SciPy": f"both sweeps, {EACH} starts a point, ends of the interval",
    "iminuit": "a fit a point, MINOS",
    "lmfit": "both sweeps, conf_interval",
    "pyPESTO": "outwards from the best",
    "Daybreak": f"both ways until settled, {EACH} starts a point, basins, ends, minima, checks",
}
"""What each does for its profile."""


def headlines() -> list[Headline]:
    """Print the tables; return what is kept."""
    if missing := peers.missing():
        print(f"\nNot installed, left out: {', '.join(missing)} (pip install -e '.[peers]')")
    return [*seconds(), *mirrored(), *contours()]


# ---- how long --------------------------------------------------------------------------------


def seconds() -> list[Headline]:
    """Two exponentials and a constant: a hundred starts and a profile of the slower rate."""
    question = plain_question(STARTS)
    reference = cpu_seconds(lambda: peers.scipy_in_full(question, EACH), 2)
    rows = [["SciPy", f"{reference:.2f}", "1", MADE["SciPy"]]]
    for name, peer in peers.installed("iminuit", "lmfit", "pyPESTO").items():
        with peers.quiet():
            peer(replace(question, starts=question.starts[:1]))  # so that imports do not count
        taken = cpu_seconds(lambda peer=peer: peer(question), 2)
        rows.append([name, f"{taken:.2f}", f"{taken / reference:.2f}", MADE[name]])
    method = dk.Profile("l", points=POINTS, starts=STARTS, each=EACH)
    plain, compiled = decays(np), decays(jnp)
    numpy = cpu_seconds(lambda: carry_out(plain, method), 2)
    begun = time.process_time()
    carry_out(compiled, method)
    first = time.process_time() - begun
    jax = cpu_seconds(lambda: carry_out(compiled, method), 3)
    rows += [
        ["Daybreak, NumPy", f"{numpy:.2f}", f"{numpy / reference:.2f}", MADE["Daybreak"]],
        ["Daybreak, JAX", f"{jax:.2f}", f"{jax / reference:.2f}", MADE["Daybreak"]],
        ["compiling, once", f"{first - jax:.2f}", "", ""],
    ]
    title = f"{STARTS} starts and a profile of {POINTS} points: 5 parameters, 60 observations"
    print_table(title, ["tool", "CPU s", "ratio", "beside the starts"], rows)
    return [
        Headline("profile, NumPy / SciPy", numpy / reference, "", 2.5),
        Headline("profile, JAX / SciPy", jax / reference, "", 1.0),
        Headline("profile, compiling", first - jax, " s", 4.0),
    ]


def plain_question(starts: int) -> Question:
    """The decays as a user of SciPy writes them down, so that no layer of ours costs the peers."""
    question = peers.question_of(decays(np), "l", POINTS, starts, seed=2)
    values, sigma = decays(np).data.values, decays(np).data.sigmas[0]

    def residuals(x: Array) -> Array:
        a, k, b, slow, c = x
        fast = a * np.exp(-math.exp(k) * TIMES)
        return (fast + b * np.exp(-math.exp(slow) * TIMES) + c - values) / sigma

    return replace(question, residuals=residuals, both=True)


def carry_out(problem: dk.FitProblem, method: dk.Profile) -> int:
    """All rounds of a method without a ledger; returns how many trial points they took."""
    rounds, tried = method.rounds(problem, {}, 0), 0
    tasks = next(rounds)
    while True:
        outcomes = solve(problem, {}, tasks)
        tried += sum(outcome.iterations for outcome in outcomes)
        try:
            tasks = rounds.send(outcomes)
        except StopIteration:
            return tried


# ---- how often right -------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """How a tool's curve compares with the certain answers."""

    points: int
    wrong: int
    """Points not within 1e-4 of the conditional global minimum."""
    wrong_but_good: int
    """... of which the tool marked as good."""
    intervals: int
    pieces: int
    """Pieces below the level that its curve shows, whatever intervals it reports."""


def mirrored() -> list[Headline]:
    """Profiles with several minima, everyone with the same number of starts."""
    rows: list[list[str]] = []
    ours: list[tuple[Score, MirroredProblem]] = []
    tools = peers.installed()
    for known in mirrored_problems("numpy"):
        question = peers.question_of(known.problem, known.interest, POINTS, FEWER_STARTS, seed=0)
        for name, peer in tools.items():
            asked, count = peers.counted(question)
            rows.append(told(known, name, score(known, question, peer(asked)), count[0]))
        found = score(known, question, profiled(known, question))
        rows.append(told(known, "Daybreak", found, evaluations(known)))
        ours.append((found, known))
    heads = [
        "problem, tool",
        "right",
        "wrong",
        "called good",
        "intervals",
        "pieces",
        "true",
        "evaluations",
    ]
    title = f"Profiles of {POINTS} points from {FEWER_STARTS} starts, against certain answers"
    print_table(title, heads, rows)
    missed = sum(abs(found.intervals - len(known.intervals)) for found, known in ours)
    return [
        Headline("mirrored, wrong points", sum(found.wrong for found, _ in ours), "", 0),
        Headline("mirrored, wrong intervals", missed, "", 0),
    ]


def score(known: MirroredProblem, question: Question, curve: Curve) -> Score:
    """Every point of a curve against the conditional minimum at its own place."""
    true = np.array([known.conditional(float(v)) for v in question.natural(curve.values)])
    wrong = np.abs(curve.chi2 - true) > CLOSE
    return Score(
        wrong.size,
        int(wrong.sum()),
        int((wrong & curve.good).sum()),
        curve.intervals,
        peers.pieces(curve.chi2),
    )


def told(known: MirroredProblem, tool: str, found: Score, evaluations: int) -> list[str]:
    """A line of the table."""
    share = 1 - found.wrong / found.points
    return [
        f"{known.name}, {tool}",
        f"{100 * share:.0f} %",
        f"{found.wrong}",
        f"{found.wrong_but_good}",
        f"{found.intervals}",
        f"{found.pieces}",
        f"{len(known.intervals)}",
        f"{evaluations}",
    ]


def profiled(known: MirroredProblem, question: Question) -> Curve:
    """Our profile as a reader meets it: settled points are those marked good."""
    method = dk.Profile(known.interest, points=POINTS, starts=FEWER_STARTS)
    profile = study_of(known.problem, method).profile
    values = np.array([point.value for point in profile.points])
    chi2 = np.array([math.nan if p.chi2 is None else p.chi2 for p in profile.points])
    good = np.array([point.settled for point in profile.points])
    if question.is_log[question.interest]:
        values = np.log(values)
    return Curve(values, chi2, good, len(profile.intervals))


def study_of(problem: dk.FitProblem, method: dk.Profile) -> Any:
    """One study run as a user runs it, read from its summary."""
    campaign = dk.Campaign("benchmark", [dk.Study("s", problem, method)])
    with tempfile.TemporaryDirectory() as home:
        return dk.run(campaign, home, progress=io.StringIO()).summary.studies[0]


def evaluations(known: MirroredProblem) -> int:
    """How often the rounds of our profile call the prediction."""
    problem, count = counting(known.problem)
    carry_out(problem, dk.Profile(known.interest, points=POINTS, starts=FEWER_STARTS))
    return count[0]


def counting(problem: dk.FitProblem) -> tuple[dk.FitProblem, list[int]]:
    """The same problem, and a list whose one number counts calls of `predict`."""
    count = [0]

    def predict(p: Any, settings: Any) -> Any:
        count[0] += 1
        return problem.predict(p, settings)

    return replace(problem, predict=predict), count


# ---- how true a contour ----------------------------------------------------------------------


def contours() -> list[Headline]:
    """The joint 95 % contour of the two rates, against fits of SciPy along it."""
    question, other = plain_question(FEWER_STARTS), "k"
    conditional = conditional_of(question)
    best = peers.best_of(question, peers.scipy_fit(question))
    rows: list[list[str]] = []

    def note(tool: str, lines: Sequence[Array], count: str) -> float:
        worst = [max(height(p, conditional, best[1]) for p in parts(lines)) for parts in PARTS]
        size = sum(len(line) for line in lines)
        rows.append([tool, f"{size}", f"{worst[0]:.2g}", f"{worst[1]:.2g}", count])
        return max(worst)

    if peers.installed("iminuit"):
        asked, count = peers.counted(question)
        line = peers.minuit_contour(asked, other)[:, ::-1]
        note("iminuit", [line], f"{count[0]}")
    method = dk.Profile("k", "l", points=(7, 7), starts=8)
    problem, count = counting(decays(np))
    carry_out(problem, method)
    lines = [np.log(line) for line in contour_of(study_of(decays(jnp), method))]
    tried = carry_out(decays(jnp), method)
    worst = note("Daybreak", lines, f"{count[0]} ({tried} trial points with JAX)")
    heads = ["tool", "vertices", "worst there", "at midpoints", "evaluations"]
    print_table("Joint 95 % contour of two rates: |chi2 - chi2_min - 5.991|", heads, rows)
    return [
        Headline("contour, worst", worst, "", 0.01),
        Headline("contour, trial points", tried, "", 7000),
    ]


def vertices(lines: Sequence[Array]) -> Array:
    """Corners of all lines, shape (n, 2)."""
    return np.concatenate(list(lines))


def midpoints(lines: Sequence[Array]) -> Array:
    """Middles of all chords, the closing one too, shape (n, 2)."""
    return np.concatenate([(line + np.roll(line, -1, axis=0)) / 2 for line in lines])


PARTS = (vertices, midpoints)


def height(place: Array, conditional: Callable[[Array], float], lowest: float) -> float:
    """How far a place is from the joint 95 % level, in units of chi2."""
    return abs(conditional(place) - lowest - peers.LEVEL_2)


def conditional_of(question: Question) -> Callable[[Array], float]:
    """Least chi2 at logarithms of both rates: what is left is linear, within its bounds."""
    free = [question.names.index(name) for name in ("a", "b", "c")]
    rates = [question.names.index(name) for name in ("k", "l")]
    lower, upper = question.lower[free], question.upper[free]

    def conditional(place: Array) -> float:
        x = np.zeros(len(question.names))
        x[rates] = place
        rest = question.residuals(x)
        columns = np.empty((rest.size, len(free)))
        for column, i in enumerate(free):
            step = x.copy()
            step[i] = 1.0
            columns[:, column] = question.residuals(step) - rest
        found = optimize.lsq_linear(columns, -rest, (lower, upper), method="bvls", tol=1e-14)
        return 2 * float(found.cost)

    return conditional


def contour_of(study: Any) -> list[Array]:
    """The lines of the reported joint 95 % contour, in units, each of shape (n, 2)."""
    contour = next(one for one in study.maps[0].contours if one.level == 0.95)
    return [np.array([(point.x, point.y) for point in line]) for line in contour.lines]


if __name__ == "__main__":
    headlines()
