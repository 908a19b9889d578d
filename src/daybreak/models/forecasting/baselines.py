"""Forecasts without any network: what every model has to beat before it claims skill.

Most of what can be known is how volatile the market is, and one indicator knows that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

import daybreak as dk

from .datasets import Dataset
from .extras import require
from .indicators import indicators, realised_volatility
from .numeric import Floats
from .skill import Skill, skill

_FOREST = 200
"""Trees; more of them change the third digit."""
_LEAF = 20
"""Days in a leaf, a month of trading: neighbouring days are no independent evidence."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """One baseline's probabilities, by region.

    Parameters
    ----------
    name : str
        Which one.
    probabilities : mapping region -> array, shape (n,)
        Of reaching the threshold, on every day of the region.
    """

    name: str
    probabilities: Mapping[str, Floats]


def _constant(data: Dataset) -> dict[str, Floats]:
    """The rate of training, every day."""
    return {name: np.full(len(part), data.rate) for name, part in data.regions.items()}


def _of_one(of: Callable[[Dataset], Floats], data: Dataset) -> dict[str, Floats]:
    """A logistic regression on one number of the day."""
    values, days = of(data)[:, None], data.prices.dates
    return _fitted(
        _logistic_model(),
        data,
        {name: values[np.searchsorted(days, part.dates)] for name, part in data.regions.items()},
    )


def _logistic(data: Dataset) -> dict[str, Floats]:
    """A logistic regression on all features of the day."""
    return _fitted(_logistic_model(), data, _today(data))


def _forest(data: Dataset) -> dict[str, Floats]:
    """A random forest on all features of the day."""
    ensemble = require("sklearn.ensemble")
    forest = ensemble.RandomForestClassifier(_FOREST, min_samples_leaf=_LEAF, random_state=0)
    return _fitted(forest, data, _today(data))


def _logistic_model() -> Any:
    pipeline, scaling = require("sklearn.pipeline"), require("sklearn.preprocessing")
    regression = require("sklearn.linear_model").LogisticRegression(max_iter=1000)
    return pipeline.make_pipeline(scaling.StandardScaler(), regression)


def _today(data: Dataset) -> dict[str, Floats]:
    return {name: part.today.astype(float) for name, part in data.regions.items()}


def _fitted(model: Any, data: Dataset, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
    """Probabilities of a classifier of scikit-learn that learns from the training region."""
    model.fit(inputs["train"], data.train.labels)
    return {
        name: model.predict_proba(given)[:, 1] if len(given) else np.empty(0)
        for name, given in inputs.items()
    }


def _volatility(data: Dataset) -> Floats:
    return realised_volatility(data.prices.close)


def _log_volatility(data: Dataset) -> Floats:
    return np.log(_volatility(data))


def _true_range(data: Dataset) -> Floats:
    return indicators(data.prices)["atr_14"] / data.prices.close


def _weakness(data: Dataset) -> Floats:
    return -indicators(data.prices)["rsi_daily"]


BASELINES: Mapping[str, Callable[[Dataset], dict[str, Floats]]] = {
    "constant": _constant,
    "minus RSI": partial(_of_one, _weakness),
    "volatility": partial(_of_one, _volatility),
    "log volatility": partial(_of_one, _log_volatility),
    "ATR/C": partial(_of_one, _true_range),
    "logistic": _logistic,
    "forest": _forest,
}
"""All of them by name; each learns from the training region alone."""


@lru_cache(maxsize=128)
def baseline(data: Dataset, name: str) -> Forecast:
    """One baseline's forecasts for all regions of a data set; computed once.

    Parameters
    ----------
    data : Dataset
        What to learn from and to forecast.
    name : str
        The rate of training (``"constant"``); a logistic regression on one number of the day:
        ``"minus RSI"``, ``"volatility"`` and ``"log volatility"`` (realised, 20 days),
        ``"ATR/C"``; or on all features, ``"logistic"``; or a random ``"forest"``.

    Raises
    ------
    daybreak.ProblemError
        When there is none of that name.
    """
    if name not in BASELINES:
        msg = f"a baseline must be one of {', '.join(map(repr, BASELINES))}, but got {name!r}."
        raise dk.ProblemError(msg)
    return Forecast(name, BASELINES[name](data))


def baseline_skill(data: Dataset, name: str, region: str) -> Skill:
    """What a baseline is worth on a region.

    Raises
    ------
    daybreak.ProblemError
        When there is no such baseline, or the region holds no day.
    """
    probabilities = baseline(data, name).probabilities[region]
    return skill(data.regions[region].labels, probabilities, data.rate)


def search_baselines(
    of: Callable[[Any], Dataset],
    region: str = "validation_a",
    *,
    names: Sequence[str] = tuple(BASELINES),
    metrics: Mapping[str, str] | None = None,
) -> list[dk.Baseline]:
    """Baselines as a search shows them beside its results.

    Parameters
    ----------
    of : callable (settings) -> Dataset
        The data set of a trial, from its settings.
    region : str
        The region that the search's own metrics are taken of.
    names : sequence of str
        Which baselines.
    metrics : mapping name -> name, optional
        What the search calls them, by the names of `Skill`; by default the same:
        cross_entropy, auc, brier, skill, n, positives.
    """
    return [
        dk.Baseline(name, evaluate=partial(_measure, of, name, region, dict(metrics or {})))
        for name in names
    ]


def _measure(
    of: Callable[[Any], Dataset], name: str, region: str, called: Mapping[str, str], trial: Any
) -> dict[str, float]:
    found = baseline_skill(of(trial.settings), name, region).metrics()
    kept = {called[k]: v for k, v in found.items() if k in called} if called else found
    return {k: v for k, v in kept.items() if np.isfinite(v)}
