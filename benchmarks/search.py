"""What a search costs beside its trials: ours and Optuna's own storage, above the same sampler.

The trial itself costs nothing, so the overhead is what a whole search takes less what the same
sampler takes in memory, for each trial:

    (seconds with a store - seconds in memory) / trials

The sampler by TPE takes ten times what the store does, and its seconds vary by a tenth from one
run to the next: both sides of our difference are the best of three.

Ours is the night: preflight, ledger, verdict. The report, which is written once and which Optuna
has none of, stands beside it.
"""

from __future__ import annotations

import io
import tempfile
import time
import warnings
from pathlib import Path

import optuna
from measure import Headline, print_table

import daybreak as dk
from daybreak.methods.proposals import SAMPLERS, SamplerOptions
from daybreak.report.files import write_report

TRIALS = 1000
REPEATS = 3
NAMES = [f"x{i}" for i in range(5)]
POPULATION, STARTUP = 50, 10


def sphere(values: list[float]) -> float:
    """A sum of squares."""
    return sum(value * value for value in values)


def in_optuna(sampler: str, trials: int, storage: str | None) -> float:
    """Wall seconds of Optuna by itself."""
    options = SamplerOptions(
        population=POPULATION, startup=STARTUP, batch=1, conditional=False, constraints=None
    )
    study = optuna.create_study(
        storage=storage,
        sampler=SAMPLERS[sampler](optuna, 0, options),
        pruner=optuna.pruners.NopPruner(),
    )
    begun = time.perf_counter()
    study.optimize(
        lambda trial: sphere([trial.suggest_float(name, -5, 5) for name in NAMES]), n_trials=trials
    )
    return time.perf_counter() - begun


def in_daybreak(sampler: str, trials: int, place: Path) -> tuple[float, float]:
    """Wall seconds of a whole search, preflight, ledger and verdict; and of its report."""
    problem = dk.SearchProblem(
        [dk.Parameter(name, -5, 5) for name in NAMES],
        lambda c, _: {"sphere": sphere(list(c.values()))},
        dk.Objective("sphere"),
        deterministic=True,
    )
    method = dk.Search(sampler, trials=trials, population=POPULATION, startup=STARTUP)
    campaign = dk.Campaign("overhead", [dk.Study("s", problem, method)])
    begun = time.perf_counter()
    results = dk.run(campaign, place, progress=io.StringIO())
    whole = time.perf_counter() - begun
    begun = time.perf_counter()
    write_report(results.directory, results.summary)
    report = time.perf_counter() - begun
    return whole - report, report


def overheads(sampler: str, trials: int = TRIALS) -> tuple[float, float, float, float]:
    """Seconds per trial: ours, our report, Optuna's on SQLite, and the sampler alone."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)

        alone = min(in_optuna(sampler, trials, None) for _ in range(REPEATS))
        with_us, report = min(
            in_daybreak(sampler, trials, place / f"run{k}") for k in range(REPEATS)
        )
        with_sqlite = in_optuna(sampler, trials, f"sqlite:///{place / 'optuna.db'}")
    ours, theirs = with_us - alone, with_sqlite - alone
    return ours / trials, report / trials, theirs / trials, alone / trials


def headlines(trials: int = TRIALS) -> list[Headline]:
    """The figures that are kept."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    in_optuna("tpe", 20, None)  # imports
    with tempfile.TemporaryDirectory() as folder:
        in_daybreak("tpe", 20, Path(folder))
    rows: list[list[str]] = []
    kept: list[Headline] = []
    for sampler in ("random", "tpe", "nsga2"):
        ours, report, theirs, alone = overheads(sampler, trials)
        rows.append(
            [
                sampler,
                *(f"{1e3 * s:.2f}" for s in (alone, ours, report, theirs)),
                f"{theirs / ours:.1f}",
            ]
        )
        kept += [
            Headline(f"search by {sampler}, overhead", 1e3 * ours, " ms"),
            Headline("ours / Optuna's", ours / theirs, "", 0.05),
        ]
    heads = [
        "sampler",
        "alone, ms",
        "Daybreak, ms",
        "its report, ms",
        "Optuna on SQLite, ms",
        "ratio",
    ]
    print_table(f"Overhead per trial at {trials} trials", heads, rows)
    return kept


if __name__ == "__main__":
    for headline in headlines():
        print(headline.name, headline)
