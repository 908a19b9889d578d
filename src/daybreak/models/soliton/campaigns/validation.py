"""The run that was to validate the sextic term: repeated, and asked what it really is."""

from __future__ import annotations

import daybreak as dk

from ..validation_search import bounce_problem, published_problem, starts_problem

STARTS = 40
FORCED = [
    {"amplitude": 0.1, "width": 5.0, "phi_amplitude": 0.1},
    *({"amplitude": a, "width": 3.0, "phi_amplitude": 0.0} for a in (0.5, 1.0, 2.0, 2.4, 3.0)),
]
"""The published start, and Gaussians on both sides of the barrier."""


def validation(starts: int = STARTS) -> dk.Campaign:
    """The published fields, what other starts end in, and the one localised state.

    Parameters
    ----------
    starts : int
        How many, the published one included.
    """
    return dk.Campaign(
        "soliton-validation",
        [
            dk.Study(
                "published run",
                published_problem(),
                dk.Search("random", trials=2, forced=[{"first": 0.0}, {"first": 1e-6}]),
                [
                    dk.Criterion("norm", at_most=1e-6, label="force vanishes"),
                    dk.Criterion("ratio_met", at_least=1, level="soft", label="ratio >= 1.4"),
                    dk.Criterion(
                        "beyond_inputs", at_least=1, label="ratio says more than its inputs"
                    ),
                ],
            ),
            dk.Study(
                "starts",
                starts_problem(),
                dk.Search("sobol", trials=starts, forced=FORCED),
                [dk.Criterion("soliton", at_least=0.1, label="a stable, localised state")],
            ),
            dk.Study(
                "bounce",
                bounce_problem(),
                dk.Search("random", trials=3, forced=[{"radius": r} for r in (25.0, 12.5, 50.0)]),
                [dk.Criterion("negative_modes", at_most=0, label="no mode lowers the energy")],
            ),
        ],
        description=(
            "One octave with an attractive quartic term: is the published field with E = 0.428 a "
            "soliton, do other starts lead to one, and is the one localised state stable?"
        ),
        decisions=[
            dk.Decision(
                "soliton",
                "A stable, localised state: refine mesh and box, then look at waves with l > 0.",
                when=dk.Condition(quantity="soliton", study="starts", above=0.1),
            ),
            dk.Decision(
                "no-soliton",
                "There is no soliton here. The published field is a line search that gave up on "
                "its way to nothing, its mass ratio restates the inputs, starts end in nothing "
                "or fill the box, and the one localised state has a mode that lowers its energy. "
                "By Derrick's theorem every static state of such a potential has: add a term "
                "with more derivatives, a gauge field, or a time-dependent phase.",
            ),
        ],
        seed=42,
        anyway=True,  # it demonstrates a failure
    )
