"""What knowing Friday's close on Tuesday is worth: the same models with and without the leak."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

import daybreak as dk

from .baselines import baseline, search_baselines
from .datasets import Dataset, dataset
from .detectable import detectable
from .extras import needing
from .indicators import Weekly, indicators, week_of
from .intervals import auc_difference, entropy_difference
from .skill import Skill, auc, skill
from .truncation import lookahead

WEEKLY: tuple[Weekly, ...] = ("closed", "leaking", "original")
MODELS = ("logistic", "forest")
_EVERY = 47
"""Rows between those at which the future is cut off; no multiple of a week."""
_BESIDE = ("constant", "minus RSI", "volatility", "log volatility", "ATR/C")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")


def question(settings: Any, weekly: Weekly = "closed") -> Dataset:
    """The data set of a trial: learn before 2015, choose on 2015-16, look at 2017-18."""
    return dataset(
        str(settings.series),
        horizon=int(settings.horizon),
        label=settings.label,
        weekly=weekly,
        split="reference",
    )


def leak_problem(series: str = "sp500") -> dk.SearchProblem:
    """A search over two models and three ways to attach a week's value to its days.

    Parameters
    ----------
    series : str
        A bundled index.
    """
    return dk.SearchProblem(
        parameters=[dk.Choice("weekly", list(WEEKLY)), dk.Choice("model", list(MODELS))],
        evaluate=evaluate_leak,
        objectives=dk.Objective("cross_entropy", unit="nat"),
        baselines=search_baselines(question, "validation_a", names=_BESIDE),
        settings={"series": series, "horizon": 1, "label": "close"},
        deterministic=True,
        resources=needing(dk.Resources(), series),
        units={"test_cross_entropy": "nat", "gain": "nat", "test_gain": "nat"},
        name="weekly leak",
    )


def evaluate_leak(configuration: Any, trial: Any) -> dict[str, float]:
    """Fit one model; compare it with itself without the leak; ask which columns saw the future."""
    weekly, model = configuration["weekly"], configuration["model"]
    data, honest = question(trial.settings, weekly), question(trial.settings)
    found = {name: _skill(data, model, name) for name in ("validation_a", "test")}
    seen = _seen(str(trial.settings.series), weekly)
    trial.record(
        fingerprint=data.fingerprint,
        sizes=data.sizes,
        detectable=detectable(len(data.validation_a), data.rate, data.horizon).sentence,
        saw_the_future=[name for name, share in seen.items() if share > 0],
    )
    if weekly != "closed":
        trial.attach(weekday_table(data))
    return {
        **found["validation_a"].metrics(),
        **{f"test_{name}": value for name, value in found["test"].metrics().items()},
        "seen_future": float(sum(share > 0 for share in seen.values())),
        **_gains(data, honest, model, "validation_a", ""),
        **_gains(data, honest, model, "test", "test_"),
    }


def weekday_table(data: Dataset) -> dk.Table:
    """Area of the leaking variable alone, the change of weekly RSI, by day of the week."""
    rising, weekday = _weekly_change(data)
    labels = data.train.labels
    areas = [auc(labels[weekday == day], rising[weekday == day]) for day in range(5)]
    return dk.Table("Change of weekly RSI alone", {"weekday": _WEEKDAYS, "AUC": areas})


def _weekly_change(data: Dataset) -> tuple[Any, Any]:
    """This week's RSI less last week's, and the weekday, of every training day."""
    prices, part = data.prices, data.train
    now = indicators(prices, "leaking")["rsi_weekly"]
    before = indicators(prices, "closed")["rsi_weekly"]
    days = np.searchsorted(prices.dates, part.dates)
    return (now - before)[days], (part.dates - week_of(part.dates)).astype(int)


def _skill(data: Dataset, model: str, region: str) -> Skill:
    probabilities = baseline(data, model).probabilities[region]
    return skill(data.regions[region].labels, probabilities, data.rate)


def _gains(
    data: Dataset, honest: Dataset, model: str, region: str, prefix: str
) -> dict[str, float]:
    """What the leak gains, paired by day, and the lower ends of the 95 % intervals."""
    if data is honest:
        return {f"{prefix}{name}": 0.0 for name in ("gain", "gain_low", "auc_gain")}
    labels = data.regions[region].labels
    with_, without = (baseline(one, model).probabilities[region] for one in (data, honest))
    entropy = entropy_difference(labels, without, with_, data.horizon)
    area = auc_difference(labels, with_, without, data.horizon)
    return {
        f"{prefix}gain": entropy.value,
        f"{prefix}gain_low": entropy.low,
        f"{prefix}auc_gain": area.value,
    }


@lru_cache(maxsize=8)
def _seen(series: str, weekly: Weekly) -> dict[str, float]:
    prices = dataset(series, split="reference").prices
    return lookahead(prices, range(300, len(prices), _EVERY), weekly=weekly)
