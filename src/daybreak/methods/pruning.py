"""When a trial is not worth finishing: bars on its intermediate values, from earlier trials.

A bar at a step is a number fixed before the trial begins, a function of the trials that have
ended, so that what happens to a trial depends on nothing that runs beside it.
Source: Golovin et al. (2017), KDD, 1487 (median rule); Li et al. (2020), MLSys 2, 230
(asynchronous successive halving).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daybreak.errors import PlanError
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason

Reports = Mapping[int, float]
"""Losses of one trial by step, smaller when better."""


class AbstractPruner(ABC):
    """A rule that turns ended trials into bars."""

    @abstractmethod
    def bars(self, finished: Sequence[Reports], pruned: Sequence[Reports]) -> dict[int, float]:
        """Bars by step: a trial ends there unless its best loss so far is at most the bar."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The rule as plain data for the ledger."""


@dataclass(frozen=True)
class Median(AbstractPruner):
    """End a trial whose best value so far is worse than a share of the finished ones then.

    Parameters
    ----------
    percent : float
        The trial has to be among the best so many percent; 50 is the median rule.
    startup : int
        Finished trials without which there is no bar.
    warmup : int
        Steps before which there is no bar.
    """

    percent: float = 50.0
    startup: int = 5
    warmup: int = 0

    def __post_init__(self) -> None:
        """A share between none and all."""
        if not 0.0 < self.percent <= 100.0:
            msg = f"`0 < percent <= 100` must hold for Median, but got ({self.percent=})."
            raise PlanError(msg)

    def bars(self, finished: Sequence[Reports], pruned: Sequence[Reports]) -> dict[int, float]:
        """The percentile of the finished trials at every step that enough of them reached."""
        bars: dict[int, float] = {}
        for step in _steps(finished):
            there = [reports[step] for reports in finished if step in reports]
            if step >= self.warmup and len(there) >= max(self.startup, 1):
                bars[step] = _percentile(there, self.percent)
        return bars

    def describe(self) -> dict[str, Any]:
        """The rule as plain data."""
        return {
            "pruner": "median",
            "percent": self.percent,
            "startup": self.startup,
            "warmup": self.warmup,
        }


@dataclass(frozen=True)
class Halving(AbstractPruner):
    """End at steps ``first factor^k`` all but the best ``1 / factor`` of those that got there.

    Parameters
    ----------
    first : int
        The first step at which trials are compared.
    factor : int
        How much longer the survivors run, and how few of them there are.
    """

    first: int = 1
    factor: int = 3

    def __post_init__(self) -> None:
        """Steps that grow."""
        if self.first < 1 or self.factor < 2:
            msg = (
                "`first >= 1` and `factor >= 2` must hold for Halving, but got "
                f"({self.first=}, {self.factor=})."
            )
            raise PlanError(msg)

    def bars(self, finished: Sequence[Reports], pruned: Sequence[Reports]) -> dict[int, float]:
        """The value of the last trial that would survive if one more came."""
        everything = [*finished, *pruned]
        last = max(_steps(everything), default=0)
        bars: dict[int, float] = {}
        step = self.first
        while step <= last:
            there = sorted(reports[step] for reports in everything if step in reports)
            if there:
                survivors = max(1, (len(there) + 1) // self.factor)
                bars[step] = there[min(survivors, len(there)) - 1]
            step *= self.factor
        return bars

    def describe(self) -> dict[str, Any]:
        """The rule as plain data."""
        return {"pruner": "halving", "first": self.first, "factor": self.factor}


def _percentile(values: Sequence[float], percent: float) -> float:
    """The percentile, by linear interpolation; infinite where what it lies between is."""
    ordered = sorted(values)
    place = percent / 100.0 * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low if low == high else low + (place - math.floor(place)) * (high - low)


def _steps(trials: Iterable[Reports]) -> list[int]:
    return sorted({step for reports in trials for step in reports})


NAMED: dict[str, AbstractPruner] = {"median": Median(), "halving": Halving()}
"""Pruners by the word that stands for them."""


def bars_from(
    pruner: AbstractPruner, outcomes: Iterable[Outcome], sign: float
) -> dict[int, float]:
    """The bars that ended trials set for the next one."""
    kinds: dict[StopReason, list[Reports]] = {StopReason.MEASURED: [], StopReason.PRUNED: []}
    for outcome in outcomes:
        reports = outcome.details.get("reports", [])
        losses = {int(s): math.inf if v is None else sign * v for s, v in reports}
        if outcome.reason in kinds and losses:
            kinds[outcome.reason].append(losses)
    bars = pruner.bars(kinds[StopReason.MEASURED], kinds[StopReason.PRUNED])
    return {step: bar for step, bar in bars.items() if math.isfinite(bar)}
