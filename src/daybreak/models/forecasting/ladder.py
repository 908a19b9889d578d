"""From finished searches to a law: networks that were confirmed with several seeds, by size.

What a search selected by is forgotten: only evaluations with fresh seeds count, judged on
validation B.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import daybreak as dk

from .baselines import baseline_skill
from .network_search import best_baseline, question
from .numeric import Floats
from .scaling import (
    bootstrap,
    deviations,
    held_out,
    law_at,
    law_band,
    scaling_problem,
    told,
)

POINTS = 25
"""Of the profile of alpha."""
POSITIONS, MARGIN = 60, 1.25
"""Of the picture of the law: sizes at which it is drawn, and how far beyond the networks."""
NETWORKS = "networks, one standard error"


@dataclass(frozen=True, eq=False)
class Ladder:
    """Confirmed networks of one horizon.

    Parameters
    ----------
    horizon : int
        Days ahead.
    sizes : array, shape (n,)
        Learnt numbers.
    losses : array, shape (n, seeds, days)
        Of every day of validation B, in nats.
    names : tuple of str
        Shapes of the networks.
    settings : mapping
        Of the searches, which say what the data are.
    """

    horizon: int
    sizes: Floats
    losses: Floats
    names: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def means(self) -> Floats:
        """Mean loss of each network, shape (n,), nats."""
        return self.losses.mean(axis=(1, 2))

    @property
    def errors(self) -> Floats:
        """Standard error of each, apart from what all share; shape (n,), nats."""
        return deviations(self.losses, horizon=self.horizon)

    @property
    def fingerprint(self) -> str:
        """Of everything that a law is fitted to."""
        whole = hashlib.sha256(np.ascontiguousarray(self.losses).tobytes())
        return whole.hexdigest()[:16]


def ladders(studies: Sequence[Any]) -> list[Ladder]:
    """The ladders that can be built from searches: three sizes at least, two seeds of each.

    Parameters
    ----------
    studies : sequence of readings
        Of a campaign's searches; see `daybreak.Decision`.
    """
    found: dict[int, list[Any]] = {}
    for study in studies:
        for winner in study.search.confirmed if study.search is not None else []:
            if len(winner.confirmations) > 1:
                found.setdefault(int(winner.settings["horizon"]), []).append(winner)
    built = [_ladder(horizon, winners) for horizon, winners in sorted(found.items())]
    return [one for one in built if len(set(one.sizes.tolist())) >= 3]


def _ladder(horizon: int, winners: Sequence[Any]) -> Ladder:
    winners = sorted(winners, key=lambda winner: winner.recorded["architecture"]["param_count"])
    seeds = min(len(winner.confirmations) for winner in winners)
    daily = [
        [np.mean(again.recorded["daily"], axis=0) for again in winner.confirmations[:seeds]]
        for winner in winners
    ]
    sizes = [winner.recorded["architecture"]["param_count"] for winner in winners]
    names = tuple(winner.configuration["shape"] for winner in winners)
    return Ladder(
        horizon, np.array(sizes, float), np.array(daily), names, dict(winners[0].settings)
    )


def laws(studies: Sequence[Any]) -> list[dk.Study]:
    """For each horizon a profile of the exponent, and the power law beside a constant."""
    return [study for ladder in ladders(studies) for study in (profiled(ladder), compared(ladder))]


def profiled(ladder: Ladder) -> dk.Study:
    """The law as a fit, its exponent profiled."""
    return dk.Study(
        f"law h={ladder.horizon}",
        scaling_problem(ladder.sizes, ladder.means, ladder.errors),
        dk.Profile("alpha", points=POINTS, starts=8),
        [dk.Criterion("identified", of="alpha", label="the exponent is identified")],
    )


def compared(ladder: Ladder) -> dk.Study:
    """Whether a power law foretells a network that was left out better than a constant does."""

    def evaluate(configuration: Any, trial: Any) -> dict[str, float]:
        return compare(ladder, configuration["law"], trial)

    problem = dk.SearchProblem(
        [dk.Choice("law", ["constant", "power"])],
        evaluate,
        dk.Objective("held_out", "maximise", unit="nat"),
        deterministic=True,
        units={"lowest_loss": "nat", "rival_loss": "nat"},
        name=f"laws {ladder.fingerprint}",
    )
    return dk.Study(
        f"law or constant h={ladder.horizon}",
        problem,
        dk.Search("random", trials=2),
        [
            dk.Criterion("alpha_low", above=0, label="loss falls with size, lower end of alpha"),
            dk.Criterion("held_out", above=0, level="soft", label="a law foretells better"),
            dk.Criterion("beats_rival", at_least=1, level="note", label="below the best baseline"),
        ],
    )


def compare(ladder: Ladder, law: str, trial: Any) -> dict[str, float]:
    """One of the two laws: what it foretells, and the exponent over seeds and blocks of days."""
    sizes, means, errors = ladder.sizes, ladder.means, ladder.errors
    alpha, positive = bootstrap(sizes, ladder.losses, horizon=ladder.horizon)
    data = question(_Settings(ladder.settings))
    rival = best_baseline(data)
    bar = baseline_skill(data, rival, "validation_b").cross_entropy
    trial.record(verdict=told(alpha, positive), rival=rival)
    trial.attach(picture(ladder, law, f"baseline {rival}", bar))
    trial.attach(_table(ladder))
    return {
        "held_out": held_out(sizes, means, errors) if law == "power" else 0.0,
        "alpha": alpha.value,
        "alpha_low": alpha.low,
        "alpha_high": alpha.high,
        "p_positive": positive,
        "lowest_loss": float(means.min()),
        "rival_loss": bar,
        "beats_rival": float(means.min() < bar),
    }


def picture(ladder: Ladder, law: str, rival: str, bar: float) -> dk.Curve:
    """Networks by size with one standard error, the law with its band, the baseline to beat."""
    sizes, means, errors = ladder.sizes, ladder.means, ladder.errors
    ends = np.log10([sizes.min() / MARGIN, sizes.max() * MARGIN])
    every = np.concatenate([sizes, np.logspace(ends[0], ends[1], POSITIONS)])
    order = np.argsort(every, kind="stable")
    none = np.full(POSITIONS, np.nan)
    at = every[order]
    networks, spread = (np.concatenate([one, none])[order] for one in (means, errors))
    name = "constant" if law == "constant" else "power law, band of 95 %"
    line = np.full(len(at), means.mean()) if law == "constant" else law_at(sizes, means, at)
    bands = {NETWORKS: (networks - spread, networks + spread)}
    if law != "constant":
        bands[name] = law_band(sizes, ladder.losses, at, horizon=ladder.horizon)
    return dk.Curve(
        "Loss by size",
        at,
        {NETWORKS: networks, name: line, rival: np.full(len(at), bar)},
        x_label="learnt numbers",
        y_label="cross-entropy on validation B",
        y_unit="nat",
        x_scale="log",
        bands=bands,
        points=[NETWORKS],
    )


def _table(ladder: Ladder) -> dk.Table:
    columns = {
        "shape": list(ladder.names),
        "learnt numbers": ladder.sizes.tolist(),
        "cross-entropy": ladder.means.tolist(),
        "standard error": ladder.errors.tolist(),
    }
    return dk.Table("Networks", columns, {"cross-entropy": "nat", "standard error": "nat"})


class _Settings:
    """Settings by attribute, as a trial has them."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.__dict__.update(given)
