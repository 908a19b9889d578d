"""Search for a network: its shape within a budget of learnt numbers, and how it is trained.

A trial learns on the training region, keeps the epoch that is best on validation A, and is chosen
by that; validation B and the test choose nothing and are reported.
"""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import daybreak as dk

from .architecture import Architecture
from .baselines import BASELINES, baseline, baseline_skill, search_baselines
from .datasets import Dataset, Samples, dataset
from .detectable import detectable
from .grid import Grid, extremes
from .intervals import entropy_difference
from .pictures import confusion, confusion_matrix, learning_curve, reliability
from .recipe import Recipe
from .skill import losses, skill
from .watch import Watch

if TYPE_CHECKING:  # pragma: no cover - it loads JAX, which only trials need
    from .training import Trained

SEARCHED = ("learning_rate", "weight_decay", "warmup_steps", "dropout")
"""Numbers of a recipe that are searched."""
SMALLEST = 200
"""Days of validation below which nothing is searched."""
_IN_NATS = ("b_cross_entropy", "test_cross_entropy", "b_gain", "b_gain_low", "smallest_effect")
_SMALL = 500_000
"""Learnt numbers up to which a network rehearses itself."""
_REHEARSED = 256
"""Windows that a rehearsal learns from."""


_ASKED = {"horizon": 1, "label": "close", "split": "fold-4", "seeds": 1}
"""What every search is asked, unless its study says otherwise."""


def network_problem(
    grid: Grid,
    budget: str,
    *,
    series: str = "sp500",
    recipe: Recipe | None = None,
    resources: dk.Resources | None = None,
    memory: float | None = None,
) -> dk.SearchProblem:
    """Networks of about `budget` learnt numbers, and four numbers of their training.

    Parameters
    ----------
    grid : Grid
        Of architectures.
    budget : str
        One of the grid's.
    series : str
        A bundled index, or a file of daily prices.
    recipe : Recipe, optional
        What of the training is not searched.
    resources : Resources, optional
        Of each trial.
    memory : float, optional
        GiB that a training may occupy, on a graphics processor of its own memory; windows of a
        step are then taken so many at once as fit. By default all of them.

    Raises
    ------
    daybreak.ProblemError
        When there is no such budget, or nothing fits it.
    """
    base = recipe or Recipe()
    shapes = {shape_of(one): one for one in grid.shapes(budget)}

    def architecture(configuration: Any) -> Architecture:
        found = shapes[configuration["shape"]]
        return dataclasses.replace(found, n_heads=configuration["n_heads"])

    def recipe_of(configuration: Any, shape: Architecture) -> Recipe:
        found = trained_as(base, configuration)
        if memory is None:
            return found
        from .batching import micro_batch

        micro = micro_batch(shape, base.batch_size, memory, base.precision)
        return dataclasses.replace(found, micro_batch=micro)

    def evaluate(configuration: Any, trial: Any) -> dict[str, float]:
        shape = architecture(configuration)
        return evaluate_network(shape, recipe_of(configuration, shape), trial)

    def rehearse(configuration: Any, trial: Any) -> dict[str, float]:
        shape = architecture(configuration)
        return rehearse_network(shape, recipe_of(configuration, shape), trial)

    def divides(configuration: Any) -> bool:
        return not shapes[configuration.shape].d_model % configuration.n_heads

    return dk.SearchProblem(
        parameters=[
            dk.Parameter("learning_rate", 1e-4, 1e-2, scale="log"),
            dk.Parameter("weight_decay", 1e-3, 1.0, scale="log"),
            dk.Integer("warmup_steps", 10, 200, scale="log", unit="steps"),
            dk.Parameter("dropout", 0.1, 0.3),
            dk.Choice("shape", list(shapes)),
            dk.Choice("n_heads", list(grid.heads)),
        ],
        evaluate=evaluate,
        objectives=dk.Objective("cross_entropy", unit="nat"),
        baselines=search_baselines(question, "validation_a"),
        constraints=[dk.Constraint("heads divide the width", holds=divides)],
        settings={"series": series, **_ASKED},
        rehearsal=rehearse,
        precision="single",
        units=dict.fromkeys(_IN_NATS, "nat"),
        name=f"network {budget} {base}",
        resources=resources or dk.Resources(),
    )


def forced(grid: Grid, budget: str, count: int = 10) -> list[dict[str, Any]]:
    """The extremes of a budget as configurations.

    Raises
    ------
    daybreak.ProblemError
        When there are not so many.
    """
    return [
        {"shape": shape_of(one), "n_heads": one.n_heads, **usual(one)}
        for one in extremes(grid.within(budget), grid.budgets[budget], count)
    ]


def usual(one: Architecture) -> dict[str, float]:
    """How a network is trained that is tried for its shape; wider ones take smaller steps."""
    rate = 1e-2 / math.sqrt(one.d_model)
    return {"learning_rate": rate, "weight_decay": 1e-2, "warmup_steps": 50, "dropout": 0.15}


def shape_of(one: Architecture) -> str:
    """Width, depth and feed-forward width in one word."""
    return f"d{one.d_model} L{one.n_layers} f{one.d_ff}"


def architecture_of(one: Architecture) -> dict[str, int]:
    """What every record says of an architecture; there is no other place that says it."""
    return {
        "d_model": one.d_model,
        "n_layers": one.n_layers,
        "n_heads": one.n_heads,
        "d_ff": one.d_ff,
        "param_count": one.parameters,
    }


def trained_as(base: Recipe, configuration: Any) -> Recipe:
    """A recipe with the searched numbers in place."""
    return dataclasses.replace(base, **{name: configuration[name] for name in SEARCHED})


def question(settings: Any) -> Dataset:
    """The data set of a trial.

    Raises
    ------
    daybreak.ProblemError
        When a validation region is too small to choose or to report anything by.
    """
    data = dataset(
        settings.series, horizon=int(settings.horizon), label=settings.label, split=settings.split
    )
    small = {name: size for name, size in data.sizes.items() if size < SMALLEST}
    if small:
        told = detectable(min(small.values()) or 1, data.rate, data.horizon)
        msg = (
            f"every region needs at least {SMALLEST} days, but got {small}; take another split or "
            f"a longer series. {told.sentence}"
        )
        raise dk.ProblemError(msg)
    return data


def evaluate_network(architecture: Architecture, recipe: Recipe, trial: Any) -> dict[str, float]:
    """Train and judge: metrics on validation A, B and the test, means over seeds."""
    data = question(trial.settings)
    data.check_columns(architecture.features)
    seeds = [trial.seed + place for place in range(int(trial.settings.seeds))]
    watch = Watch()
    watch.begin()

    def after(epoch: int, _: float, loss: float) -> None:
        trial.report(epoch + 1, loss)
        watch.look()

    from .training import train

    done = train(
        architecture,
        recipe,
        data.train,
        data.validation_a,
        seeds=seeds,
        identity=data.fingerprint,
        checkpoint=trial.checkpoint,
        restore=trial.restore,
        on_epoch=after,
    )
    _attach_machine(watch, trial)
    if done.diverged:
        msg = (
            f"training diverged with seeds {', '.join(map(str, done.diverged))}: lower "
            f"learning_rate={recipe.learning_rate:.3g}."
        )
        raise FloatingPointError(msg)
    return judged(done, data, trial)


def _attach_machine(watch: Watch, trial: Any) -> None:
    """Load, memory and temperature, as a file: no number of the result, which a rerun repeats."""
    path = trial.directory / "machine.json"
    path.write_text(json.dumps(watch.recorded, indent=1))
    trial.attach(path)


def judged(done: Trained, data: Dataset, trial: Any) -> dict[str, float]:
    """Metrics of trained networks; records and pictures of what they say of validation B."""
    found = {
        name: done.probabilities(data.regions[name])
        for name in ("validation_a", "validation_b", "test")
    }
    said, part = found["validation_b"], data.validation_b
    counts = confusion(part.labels, said.mean(axis=0))
    told = detectable(len(data.validation_a), data.rate, data.horizon)
    rival = best_baseline(data)
    trial.record(
        architecture=architecture_of(done.architecture),
        training={
            **dataclasses.asdict(done.recipe),
            "seeds": list(done.seeds),
            "best_epoch": [course.best + 1 for course in done.courses],
            "epochs_run": [len(course.train) for course in done.courses],
            "ended": [course.ended for course in done.courses],
        },
        confusion=counts,
        sizes=data.sizes,
        fingerprint=data.fingerprint,
        detectable=told.sentence,
        rival=rival,
        daily=np.round(losses(part.labels, said), 4).tolist(),
    )
    trial.attach(learning_curve(done))
    trial.attach(confusion_matrix(counts))
    trial.attach(reliability(part.labels, said.mean(axis=0)))
    gain = entropy_difference(
        part.labels,
        baseline(data, rival).probabilities["validation_b"],
        said.mean(axis=0),
        data.horizon,
    )
    return {
        **_means(found["validation_a"], data.validation_a, data.rate, ""),
        **_means(said, part, data.rate, "b_"),
        **_means(found["test"], data.test, data.rate, "test_"),
        "b_gain": gain.value,
        "b_gain_low": gain.low,
        "param_count": float(done.architecture.parameters),
        "smallest_effect": told.paired_entropy,
        "validation_days": float(told.n),
        "validation_days_needed": float(told.needed),
    }


def best_baseline(data: Dataset) -> str:
    """The baseline with the lowest cross-entropy on validation A: the one to beat elsewhere."""
    return min(
        BASELINES, key=lambda name: baseline_skill(data, name, "validation_a").cross_entropy
    )


def _means(probabilities: Any, part: Samples, rate: float, prefix: str) -> dict[str, float]:
    """Scores of each seed's forecasts on a region, averaged."""
    scores = [skill(part.labels, one, rate) for one in probabilities]
    wanted = ("cross_entropy", "skill", "auc", "brier")
    return {
        prefix + name: float(np.mean([getattr(one, name) for one in scores])) for name in wanted
    }


def rehearse_network(architecture: Architecture, recipe: Recipe, trial: Any) -> dict[str, float]:
    """Loss of training after eight epochs on a few windows: whether every number acts.

    A large network is stood in for by a small one whose every number is derived from its own.
    """
    data = question(trial.settings)
    few = _last(data.train)
    short = dataclasses.replace(
        recipe, epochs=8, patience=8, batch_size=64, micro_batch=None, schedule="constant"
    )
    from .training import train

    done = train(stand_in(architecture), short, few, few, seeds=[trial.seed])
    return {"cross_entropy": done.courses[0].train[-1]}


def stand_in(one: Architecture) -> Architecture:
    """The network itself, or one of two layers at most and a 32nd of the width."""
    if one.parameters <= _SMALL:
        return one
    d = max(1, one.d_model // (32 * one.n_heads)) * one.n_heads
    return dataclasses.replace(
        one, d_model=d, n_layers=min(2, one.n_layers), d_ff=max(1, one.d_ff // 32)
    )


def _last(part: Samples) -> Samples:
    """The last windows of a region; as many at every horizon, so that one program serves all."""
    cut = slice(-_REHEARSED, None)
    return dataclasses.replace(
        part, last=part.last[cut], labels=part.labels[cut], dates=part.dates[cut]
    )
