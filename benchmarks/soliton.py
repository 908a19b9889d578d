"""Stationary states of twelve coupled fields: how long a solve, a trial and a night take.

The original study needs 1.3 s for a trial that it rejects and 333 s for the spectrum of one that
it does not.  SciPy's general minimiser with the same exact gradient stands beside ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Headline, cpu_seconds, print_table
from scipy import optimize

from daybreak.models.soliton import VALIDATION, Octaves, minimise, octave_problem, stationary
from daybreak.models.soliton.condensate import condensate
from daybreak.models.soliton.nulls import MIDDLE
from daybreak.models.soliton.original import OriginalGrid, original_force
from daybreak.models.soliton.refinement import carried_over
from daybreak.models.soliton.search_boxes import ADDED, CONDENSED, ORIGINAL, octaves_of

TRIALS = 120
SAMPLE = 10
"""Trials that are timed; a night has twelve times as many."""
_PEER_ITERATIONS = 200


def headlines() -> list[Headline]:
    """Print the tables; return what is kept."""
    return [*solves(), *trials()]


def solves() -> list[Headline]:
    """Single solves, once compiled."""
    problem = octave_problem(Octaves(), with_phi=False)
    start = problem.fields(lambda r: 1.5 * np.exp(-r / 3))
    state = minimise(problem, start)
    shares = np.random.default_rng(0).uniform(0.95, 1.05, state.fields.shape[1])
    near = state.fields * shares
    false_vacuum = octave_problem(VALIDATION, 1, with_phi=False)
    saddle = stationary(false_vacuum, [lambda r: 2.2 / np.cosh(0.75 * r)])
    fine = false_vacuum.refined(4)
    calls: dict[str, tuple[Callable[[], Any], str]] = {
        "12 octaves, N = 800, from a good start": (lambda: minimise(problem, near), "0.1 s"),
        "12 octaves, N = 800, from the original's start": (
            lambda: minimise(problem, start),
            "2 s",
        ),
        "bounce, N = 3200, from N = 800": (
            lambda: stationary(fine, carried_over(saddle, fine)),
            "",
        ),
        "number of negative modes": (problem.expand(start).bands.count_below, ""),
        "20 lowest modes": (lambda: state.modes(20), ""),
        "one step of the original": (_original_step, ""),
    }
    taken = {name: cpu_seconds(call, 7) for name, (call, _) in calls.items()}
    rows = [[name, f"{1e3 * taken[name]:.2f}", bar] for name, (_, bar) in calls.items()]
    energy, norm, seconds = _peer(problem, near)
    peer = (
        f"SciPy's L-BFGS-B, the same good start, {_PEER_ITERATIONS} iterations: E is "
        f"{energy - state.energy:.1g} too high, |G| = {norm:.1g}"
    )
    rows.append([peer, f"{1e3 * seconds:.0f}", ""])
    print_table("Solves, once compiled", ["what", "CPU ms", "bar"], rows)
    first, second = list(calls)[:2]
    return [
        Headline("soliton, good start", taken[first], " s", 0.1),
        Headline("soliton, original start", taken[second], " s", 2.0),
    ]


def _original_step() -> None:
    grid = OriginalGrid()
    psi = np.tile(1.5 * np.exp(-grid.r / 3), (12, 1))
    original_force(Octaves(), psi, np.zeros(grid.nodes), grid)


def _peer(problem: Any, start: Any) -> tuple[float, float, float]:
    """Energy, norm of the force and seconds of a general minimiser with the exact gradient."""
    shape = start[:-1].shape

    def value(unknowns: Any) -> tuple[float, Any]:
        fields = np.vstack([unknowns.reshape(shape), np.zeros((1, shape[1]))])
        energy, gradient = problem.energy_and_gradient(fields)
        return energy, gradient.ravel()

    begun = time.process_time()
    options = {"maxiter": _PEER_ITERATIONS}
    end: Any = optimize.minimize(
        value, start[:-1].ravel(), jac=True, method="L-BFGS-B", options=options
    )
    return float(end.fun), float(np.linalg.norm(end.jac)), time.process_time() - begun


def trials() -> list[Headline]:
    """Whole trials: minima of V, the ball, inertia, 20 modes, boxes, mesh, scores, nulls."""
    rng = np.random.default_rng(0)
    kinds = {"the original's box": {**ORIGINAL, **ADDED}, "where octaves condense": CONDENSED}
    rows: list[list[str]] = []
    for name, box in kinds.items():
        condensate(octaves_of({**vars(MIDDLE)}))
        points = [{k: rng.uniform(*span) for k, span in box.items()} for _ in range(SAMPLE)]
        begun, wall = time.process_time(), time.perf_counter()
        for point in points:
            found = condensate(octaves_of(point))
            _ = found.remarks
        cpu = (time.process_time() - begun) / SAMPLE
        rows.append(
            [
                name,
                f"{cpu:.2f}",
                f"{(time.perf_counter() - wall) / SAMPLE:.2f}",
                f"{TRIALS * cpu / 60:.1f}",
            ]
        )
    heads = ["trials in", "CPU s each", "wall s each", f"{TRIALS} of them, CPU min (bar 4)"]
    print_table("Trials with inertia and 20 modes", heads, rows)
    return [Headline(f"soliton, {TRIALS} trials", 60 * max(float(r[-1]) for r in rows), " s", 240)]


if __name__ == "__main__":
    headlines()
