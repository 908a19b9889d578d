"""What a weekly indicator that knows the end of its week does to every figure."""

from __future__ import annotations

from collections.abc import Sequence

import daybreak as dk

from ..leak_search import MODELS, WEEKLY, leak_problem
from ..targets import HORIZONS


def demo_leak(series: str = "sp500", horizons: Sequence[int] = HORIZONS) -> dk.Campaign:
    """Two plain models at some horizons, each with honest and with leaking weekly indicators.

    Parameters
    ----------
    series : str
        ``"sp500"`` or ``"nasdaq"``.
    horizons : sequence of int
        Days ahead, one study each.
    """
    configurations = [{"weekly": weekly, "model": model} for weekly in WEEKLY for model in MODELS]
    studies = dk.Sweep(
        "leak",
        leak_problem(series),
        dk.Search("random", trials=len(configurations), forced=configurations, confirm=0),
        over={"horizon": list(horizons)},
        accept=[
            dk.Criterion(
                "seen_future", at_most=0, label="columns that change when the future is cut off"
            ),
            dk.Criterion(
                "gain_low",
                at_most=0,
                level="soft",
                label="gain over the same model without the leak, lower end",
            ),
            dk.Criterion("test_skill", above=0, level="note", label="skill on 2017-18"),
        ],
    )
    return dk.Campaign(
        "forecasting-demo-leak",
        [studies],
        description=(
            "Two of 25 features knew the close of the Friday to come. What do a logistic "
            "regression and a forest gain by that, one, three and five days ahead?"
        ),
        decisions=[
            dk.Decision(
                "saw-the-future",
                "What wins has seen the future: two weekly columns change when the days after "
                "today are cut off. No figure made with them says anything about a forecast. "
                "Attach weekly values only once their week is over, and keep the test that cuts "
                "the future off for every column.",
                when=dk.Condition(quantity="seen_future", above=0),
            ),
            dk.Decision(
                "honest-wins",
                "The leak gains nothing here: honest columns win. Keep them, and compare what "
                "wins with the baselines.",
            ),
        ],
        seed=42,
        anyway=True,  # it demonstrates a failure
    )
