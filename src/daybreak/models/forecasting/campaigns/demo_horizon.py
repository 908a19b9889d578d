"""What it does to every figure that the horizon does not reach the labels."""

from __future__ import annotations

from collections.abc import Sequence

import daybreak as dk

from ..horizon_search import MODELS, WANTED, Reaches, horizon_problem
from ..targets import HORIZONS

REACHES: tuple[Reaches, ...] = ("label", "nothing", "split")
"""One sweep each."""


def demo_horizon(
    series: str = "sp500",
    horizons: Sequence[int] = HORIZONS,
    reaches: Sequence[Reaches] = REACHES,
) -> dk.Campaign:
    """Two plain models at some horizons, which reach the labels, nothing, or the split alone.

    Parameters
    ----------
    series : str
        ``"sp500"`` or ``"nasdaq"``.
    horizons : sequence of int
        Days ahead, one study each.
    reaches : sequence of {"label", "nothing", "split"}
        How far the horizon gets, one sweep each.
    """
    return dk.Campaign(
        "forecasting-demo-horizon",
        [_sweep(one, series, horizons) for one in reaches],
        description=(
            "Twelve published searches, one, three and five days ahead, all learnt, by their "
            "code, the rise of one day. What do losses look like when the horizon reaches the "
            "labels, when it reaches nothing, and when, as there, it reaches the split alone?"
        ),
        decisions=[
            dk.Decision(
                "horizon-did-not-reach",
                "The horizon did not reach the labels: what was learnt is not what was asked. "
                "A low loss at three or five days is then the loss of a one-day label, whose "
                "positive days are few, and differences between horizons are entropies of "
                "labels, not skill. Read the horizon once, keep it in the data set's "
                "fingerprint, and compare the share of ones that training sees with that of the "
                "horizon asked for before anything is trained.",
                when=dk.Condition(quantity="wrong_labels", above=0),
            ),
            dk.Decision(
                "too-few-days",
                "Labels are those asked for, but the validation days cannot tell apart what was "
                "to be told apart. Add years to choose by, or ask for a larger difference; the "
                "days needed are recorded with every trial.",
                when=dk.Condition(quantity="missing_days", above=0),
            ),
            dk.Decision(
                "labels-as-asked",
                "Every label is that of the horizon asked for. Compare skill, not losses, "
                "between horizons.",
            ),
        ],
        seed=42,
        anyway=True,  # it demonstrates a failure
    )


def _sweep(reaches: Reaches, series: str, horizons: Sequence[int]) -> dk.Sweep:
    configurations = [{"model": model} for model in MODELS]
    return dk.Sweep(
        f"reaches {reaches}",
        horizon_problem(reaches, series),
        dk.Search("random", trials=len(MODELS), forced=configurations, confirm=0),
        over={"horizon": list(horizons)},
        names=[f"reaches {reaches} h={horizon}" for horizon in horizons],
        accept=[
            dk.Criterion(
                "wrong_labels",
                at_most=0,
                label="validation labels that are not those of the horizon asked",
            ),
            dk.Criterion(
                "missing_days",
                at_most=0,
                level="soft",
                label=f"validation days missing to see {WANTED} nats",
            ),
            dk.Criterion(
                "below_floor",
                at_most=0.1,
                level="note",
                label="loss under the lowest a constant can have on the labels asked for",
            ),
            dk.Criterion(
                "asked_skill", above=0, level="note", label="skill on the labels asked for"
            ),
        ],
    )
