"""Forecasts of a daily index: honest data, baselines that must be beaten, and what was learnt.

A public study searches transformers for the one-day rise of an index.  This application repeats
it with data that cannot see the future, and with its flaws where they are asked for by name.
"""

from __future__ import annotations

from .baselines import BASELINES, baseline, baseline_skill, search_baselines
from .datasets import Dataset, Samples, dataset
from .detectable import Detectable, detectable
from .intervals import Interval
from .prices import Prices, prices
from .skill import Skill, skill
from .splits import FOLDS, SPLITS, Split
from .targets import targets

__all__ = [
    "BASELINES",
    "FOLDS",
    "SPLITS",
    "Dataset",
    "Detectable",
    "Interval",
    "Prices",
    "Samples",
    "Skill",
    "Split",
    "baseline",
    "baseline_skill",
    "dataset",
    "detectable",
    "prices",
    "search_baselines",
    "skill",
    "targets",
]
