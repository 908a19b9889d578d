"""What a cell of a map costs, from a hundred to ten thousand cells, and how much memory it takes.

The map is that of nine nuisances over (beta, w) in the boundary-layer fit of three leptons.
"""

from __future__ import annotations

import resource
import time

from measure import Headline, print_table

import daybreak as dk
from daybreak.methods.solve import solve
from daybreak.models.vortex import boundary_layer_problem
from daybreak.problem.fit import FitProblem
from daybreak.problem.outcomes import Outcome
from daybreak.problem.precision import double_precision

SIDES = (10, 32, 101)
STARTS = 16


def headlines() -> list[Headline]:
    """Print the table; return what is kept."""
    problem = boundary_layer_problem()
    relaxed(problem, 3)  # compiles
    rows: list[list[str]] = []
    per_cell: list[float] = []
    total = wall = 0.0
    for side in SIDES:
        begun, clock = time.process_time(), time.perf_counter()
        seconds, trials = relaxed(problem, side)
        total, wall = time.process_time() - begun, time.perf_counter() - clock
        per_cell.append(1e3 * seconds / side**2)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(
            [
                f"{side} x {side}",
                f"{trials}",
                f"{per_cell[-1]:.2f}",
                f"{total:.1f}",
                f"{wall:.1f}",
                f"{memory:.0f}",
            ]
        )
    heads = ["map", "trials", "CPU ms per cell", "CPU s", "wall s", "peak MiB"]
    print_table("Maps of the boundary-layer fit, cells alone and whole", heads, rows)
    return [
        Headline("map 101 x 101, wall", wall, "s"),
        Headline("cost per cell, dearest / cheapest", max(per_cell) / min(per_cell), "", 1.2),
    ]


def relaxed(problem: FitProblem, side: int) -> tuple[float, int]:
    """Make a whole map; CPU seconds of its cells' own rounds, and all trials."""
    method = dk.Profile("beta", "w", points=(side, side), starts=STARTS)
    rounds = method.rounds(problem, dict(problem.settings), 0)
    outcomes: list[Outcome] | None = None
    seconds, trials = 0.0, 0
    while True:
        begun = time.process_time()
        try:
            tasks = next(rounds) if outcomes is None else rounds.send(outcomes)
        except StopIteration:
            return seconds, trials
        with double_precision():
            outcomes = solve(problem, problem.settings, tasks)
        trials += len(tasks)
        if tasks and tasks[0].of == ("beta", "w") and tasks[0].grid:
            seconds += time.process_time() - begun


if __name__ == "__main__":
    for headline in headlines():
        print(headline.name, headline)
