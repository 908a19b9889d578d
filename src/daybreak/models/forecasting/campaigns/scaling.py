"""Does a larger network forecast better?  Three budgets, three horizons, and a law."""

from __future__ import annotations

from collections.abc import Sequence

import daybreak as dk

from ..extras import NETWORK, needing
from ..grid import LARGE, SMALL, Grid
from ..ladder import laws
from ..network_search import forced, network_problem
from ..recipe import Recipe
from ..targets import HORIZONS

TRIALS, WINNERS, SEEDS = 14, 2, 5
"""Of each search: configurations, networks that are trained again, and seeds of each."""
QUICK = Recipe(batch_size=128, epochs=25, patience=5)
THOROUGH = Recipe(batch_size=256, epochs=100, patience=10, precision="bfloat16")


def scaling(
    series: str = "sp500",
    horizons: Sequence[int] = HORIZONS,
    grid: Grid = SMALL,
    *,
    trials: int = TRIALS,
    recipe: Recipe = QUICK,
    workers: bool = True,
) -> dk.Campaign:
    """The ladder that two cores climb in half an hour: 3k, 30k and 300k learnt numbers.

    Parameters
    ----------
    series : str
        A bundled index, or a file of daily prices.
    horizons : sequence of int
        Days ahead.
    grid : Grid
        Of architectures and budgets.
    trials : int
        Configurations of each search, ten of which are the budget's extremes.
    recipe : Recipe
        What of the training is not searched.
    workers : bool
        Whether trials are made two at a time in worker processes.
    """
    resources = needing(dk.Resources(isolate=workers), series, *NETWORK)
    return dk.Campaign(
        "forecasting-scaling",
        _searches(series, horizons, grid, trials, recipe, resources, tuple(grid.budgets)),
        description=(
            "Do larger networks forecast a daily index better? Each budget's best two networks "
            "are trained again with five seeds and judged on years that chose nothing, beside "
            "seven baselines."
        ),
        decisions=_decisions(),
        claims=[dk.Claim("alpha", 0.0, label="no dependence on size")],
        seed=42,
    )


def full(
    series: str = "sp500",
    horizons: Sequence[int] = HORIZONS,
    *,
    trials: int = 50,
    memory: float = 70.0,
) -> dk.Campaign:
    """The published queue, 2M to 2B learnt numbers: four budgets and three horizons, for a GPU.

    Parameters
    ----------
    series : str
        A bundled index, or a file of daily prices.
    horizons : sequence of int
        Days ahead.
    trials : int
        Configurations of each search, ten of which are the budget's extremes.
    memory : float
        GiB that one training may occupy on the graphics processor.
    """
    again = {"out_of_memory": 1, "crashed": 1, "raised": 1}
    resources = needing(dk.Resources(gpus=1, retries=again), series, *NETWORK)
    return dk.Campaign(
        "forecasting-full",
        _searches(
            series,
            horizons,
            LARGE,
            trials,
            THOROUGH,
            resources,
            ("200M", "2B", "2M", "20M"),
            memory=memory,
            pruner="median",
        ),
        description=(
            "The published queue of twelve searches, with the horizon that each is named after, "
            "regions that can show something, and every number recorded."
        ),
        decisions=_decisions(),
        claims=[dk.Claim("alpha", 0.0, label="no dependence on size")],
        seed=42,
    )


def criteria() -> list[dk.Criterion]:
    """A forecast worth having: better than every plain one, on days that chose nothing."""
    return [
        dk.Criterion("b_skill", above=0, label="better than a constant on validation B"),
        dk.Criterion("b_gain_low", above=0, label="better than the best baseline on B, lower end"),
        dk.Criterion("outside_baselines", at_least=1, level="soft", label="beats all baselines"),
        dk.Criterion(
            "smallest_effect",
            at_most=0.01,
            level="note",
            label="validation A could tell 0.01 nat",
        ),
        dk.Criterion("test_skill", above=0, level="note", label="skill on 2017-18"),
    ]


def _searches(
    series: str,
    horizons: Sequence[int],
    grid: Grid,
    trials: int,
    recipe: Recipe,
    resources: dk.Resources,
    budgets: Sequence[str],
    *,
    memory: float | None = None,
    pruner: str | None = None,
) -> list[dk.Sweep]:
    studies: list[dk.Sweep] = []
    for budget in budgets:
        problem = network_problem(
            grid, budget, series=series, recipe=recipe, resources=resources, memory=memory
        )
        method = dk.Search(
            "tpe",
            trials=trials,
            forced=forced(grid, budget),
            confirm=WINNERS,
            confirmations=SEEDS,
            batch=2,
            pruner=pruner,
        )
        over = {"horizon": list(horizons)}
        studies.append(dk.Sweep(budget, problem, method, over, criteria()))
    return studies


def _decisions() -> list[dk.Decision]:
    return [
        dk.Decision(
            "networks-earn-it",
            "A network beats every baseline on days that chose nothing. Look at the test, at the "
            "law, and take the smallest network that does.",
            when=dk.Condition(quantity="b_gain_low", above=0),
            follow_up=laws,
        ),
        dk.Decision(
            "baselines-will-do",
            "No network beats the best plain forecast on days that chose nothing: publish the "
            "regression. A larger network is no next step unless the law below says so.",
            follow_up=laws,
        ),
    ]
