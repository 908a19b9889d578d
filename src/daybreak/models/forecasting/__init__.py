"""Forecasts of a daily index: honest data, baselines that must be beaten, and what was learnt.

A public study searches transformers for the one-day rise of an index.  This application repeats
it with data that cannot see the future, and with its flaws where they are asked for by name.
"""

from __future__ import annotations

from .datasets import Dataset, Samples, dataset
from .prices import Prices, prices
from .splits import SPLITS, Split
from .targets import targets

__all__ = ["SPLITS", "Dataset", "Prices", "Samples", "Split", "dataset", "prices", "targets"]
