"""What a loss at three days means when the labels are those of one day."""

from __future__ import annotations

import dataclasses
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np

import daybreak as dk

from .baselines import baseline, search_baselines
from .datasets import Dataset, Samples, dataset
from .detectable import detectable
from .extras import needing
from .features import features
from .floors import CONTEXT, lowest_loss, published_days
from .legacy_splits import scattered
from .numeric import Floats
from .prices import prices
from .skill import skill
from .targets import HORIZONS, targets

Reaches = Literal["label", "nothing", "split"]
"""How far the horizon gets: to the labels; nowhere; or, as in the original, to the split alone."""
MODELS = ("logistic", "forest")
WANTED = 0.065
"""Nats between the smallest and the largest published networks, the mean of three horizons."""
_QUARTER = 0.25
"""Of the chunks: as many validation days as were published, on a shorter series."""


def question(reaches: Reaches, settings: Any) -> Dataset:
    """What a trial learns from and is judged by, whatever was asked for."""
    series, horizon = str(settings.series), int(settings.horizon)
    if reaches == "split":
        return scattered_days(series, horizon)
    return dataset(series, horizon=horizon if reaches == "label" else 1, split="reference")


@lru_cache(maxsize=8)
def scattered_days(series: str, horizon: int) -> Dataset:
    """One-day labels on the original's scattered days: the horizon moves the chunks alone."""
    whole = dataset(series, horizon=1, split="reference")
    rows = np.flatnonzero(np.isfinite(features(whole.prices)).all(axis=1))
    labels = targets(whole.prices, 1)
    split = scattered(len(rows), CONTEXT, horizon, validation=_QUARTER)

    def samples(starts: Any) -> Samples:
        last = starts + CONTEXT - 1
        return Samples(
            whole.train.features,
            last,
            labels[rows[last]].astype(np.float32),
            whole.prices.dates[rows[last]],
            CONTEXT,
        )

    return dataclasses.replace(
        whole,
        train=samples(split.train),
        validation_a=samples(split.validation),
        test=samples(split.test),
        fingerprint=f"{whole.fingerprint} scattered {horizon}",
    )


def horizon_problem(reaches: Reaches = "label", series: str = "sp500") -> dk.SearchProblem:
    """A search over two plain models, whose setting `horizon` may or may not reach the labels.

    Parameters
    ----------
    reaches : {"label", "nothing", "split"}
        How far the horizon gets.
    series : str
        A bundled index.
    """
    return dk.SearchProblem(
        parameters=[dk.Choice("model", list(MODELS))],
        evaluate=partial(evaluate_horizon, reaches),
        rehearsal=partial(loss, reaches),
        objectives=dk.Objective("cross_entropy", unit="nat"),
        baselines=search_baselines(partial(question, reaches), names=["constant"]),
        settings={"series": series, "horizon": 1},
        deterministic=True,
        resources=needing(dk.Resources(), series),
        units={
            "entropy": "nat",
            "floor": "nat",
            "below_floor": "nat",
            "asked_cross_entropy": "nat",
        },
        name=f"horizon reaches {reaches}",
    )


def loss(reaches: Reaches, configuration: Any, trial: Any) -> dict[str, float]:
    """What the search makes small, and nothing beside it."""
    return {"cross_entropy": evaluate_horizon(reaches, configuration, trial)["cross_entropy"]}


def evaluate_horizon(reaches: Reaches, configuration: Any, trial: Any) -> dict[str, float]:
    """Fit one model; judge it by the labels it was given, and by those that were asked for."""
    data, horizon = question(reaches, trial.settings), int(trial.settings.horizon)
    part = data.validation_a
    forecast = baseline(data, configuration["model"]).probabilities["validation_a"]
    given = skill(part.labels, forecast, data.rate)
    labels = asked_labels(data, part, horizon)
    rate = float(asked_labels(data, data.train, horizon).mean())
    asked = skill(labels, forecast, rate)
    apart = CONTEXT + horizon if reaches == "split" else 1
    shown = detectable(len(part), rate, horizon, wanted=WANTED, apart=apart)
    trial.record(detectable=shown.sentence, fingerprint=data.fingerprint)
    if reaches == "split":
        trial.attach(constants_table(len(part)))
        trial.attach(published_table())
    floor = lowest_loss(asked.n, asked.positives, asked.positives)
    return {
        **given.metrics(),
        "entropy": lowest_loss(given.n, given.positives, given.positives),
        "wrong_labels": float((labels != part.labels).sum()),
        "asked_positives": float(asked.positives),
        "floor": floor,
        "below_floor": floor - given.cross_entropy,
        "asked_cross_entropy": asked.cross_entropy,
        "asked_skill": asked.skill,
        "missing_days": float(max(shown.needed - shown.n, 0)),
    }


def asked_labels(data: Dataset, part: Samples, horizon: int) -> Floats:
    """Labels of the horizon that was asked for, on the days of a region, shape (n,)."""
    return targets(data.prices, horizon)[np.searchsorted(data.prices.dates, part.dates)]


def constants_table(n: int) -> dk.Table:
    """The lowest loss of a constant forecast on n days, by the number of positive ones."""
    counts = list(range(n // 2 + 1))
    lowest = [lowest_loss(n, count, count) for count in counts]
    return dk.Table(
        f"Lowest loss of a constant forecast on {n} days",
        {"days positive": counts, "loss": lowest},
        units={"loss": "nat"},
    )


def published_table() -> dk.Table:
    """The published losses beside the lowest one of a constant on the labels asked for."""
    rows = [published_days(prices("sp500"), horizon) for horizon in HORIZONS]
    return dk.Table(
        "Published losses, and what a constant loses at least on the labels asked for",
        {  # reports sort columns by name
            "horizon": [row.horizon for row in rows],
            "known days": [row.known for row in rows],
            "known days positive as asked": [row.asked for row in rows],
            "known days positive tomorrow": [row.positives for row in rows],
            "loss of a constant, at least": [row.floor for row in rows],
            "loss published, highest": [row.losses[1] for row in rows],
            "loss published, lowest": [row.losses[0] for row in rows],
            "validation days": [row.n for row in rows],
        },
        units={
            "horizon": "d",
            "loss of a constant, at least": "nat",
            "loss published, highest": "nat",
            "loss published, lowest": "nat",
        },
    )
