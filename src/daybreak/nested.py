r"""Whether a richer model is needed: the likelihood ratio of two studies of the same data.

    T = min chi2 of the null - min chi2 of the alternative

Where the null is a point inside the alternative and every parameter means something there, T
follows the chi2 distribution with as many degrees of freedom as numbers were added (Wilks 1938).
A rate at its limit, a bump of unknown place, or few data break that.  The bootstrap asks the data
instead: N data sets are drawn from the best fit of the null, both models are fitted to each, and

    p = (1 + number of T* >= T) / (N + 1),    p corrected for m alternatives = 1 - (1 - p)^m.

Sources: Davison and Hinkley (1997), Bootstrap Methods and their Application, section 4.2;
Davies (1977), Biometrika 64, 247 (parameters that exist under the alternative only);
Sidak (1967), J. Am. Stat. Assoc. 62, 626 (several alternatives).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.calibration import lowest
from daybreak.diagnosis.study import Model
from daybreak.errors import PlanError, known
from daybreak.findings import Code, codes
from daybreak.methods.evaluation import cells_of
from daybreak.methods.least_squares import LeastSquares, fit
from daybreak.methods.method import starts_of
from daybreak.plan import Study
from daybreak.problem.levels import unknown_sizes
from daybreak.problem.observations import Observations
from daybreak.problem.precision import double_precision
from daybreak.simulated import moved, simulated

Array = NDArray[np.float64]


class LikelihoodRatio(Model):
    """How much better the alternative describes the data, and how often that is chance."""

    null: str
    alternative: str
    T: float
    """Drop of chi2 from the null to the alternative."""
    added: int
    """Fitted numbers that the alternative has more."""
    wilks: float
    """P value by the chi2 distribution with `added` degrees of freedom."""
    p_value: float
    """By the bootstrap."""
    corrected: float
    """For the number of alternatives tried."""
    tried: int
    simulations: int
    """Data sets in which both models could be fitted."""
    code: Code
    """``wilks_fails`` where the two p values differ by more than chance, else ``healthy``."""
    sentence: str

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


def likelihood_ratio(
    null: Study,
    alternative: Study,
    *,
    tried: int = 1,
    simulations: int = 500,
    starts: int = 8,
    seed: int = 0,
) -> LikelihoodRatio:
    """Compare two studies of the same data by their likelihood ratio (formulas in the module).

    Parameters
    ----------
    null : Study
        The simpler model; its settings count, its method does not.
    alternative : Study
        A model that can say all that the null can, and more.
    tried : int
        How many alternatives were looked at before this one was chosen, itself included.
    simulations : int
        Data sets drawn from the null; the least p value is 1 / (simulations + 1).
    starts : int
        Random places where every fit begins, besides the best one.
    seed : int
        Of the starts and of the noise.

    Raises
    ------
    PlanError
        When the two do not share their data, the alternative fits no more numbers, or a fit of
        the real data fails.
    """
    if tried < 1 or simulations < 20 or starts < 1:
        msg = (
            "`tried >= 1`, `simulations >= 20` and `starts >= 1` must hold, but got "
            f"({tried=}, {simulations=}, {starts=})."
        )
        raise PlanError(msg)
    _check_same(null.fit.measured, alternative.fit.measured)
    added = _fitted_numbers(alternative) - _fitted_numbers(null)
    if added < 1:
        msg = (
            f"the alternative {alternative.name!r} must fit more numbers than the null "
            f"{null.name!r}, but has {added:+d}; change their order, or compare AICc."
        )
        raise PlanError(msg)
    with double_precision():
        simple, rich = (_fitted(study, starts, seed) for study in (null, alternative))
        rng = np.random.default_rng(seed)
        drawn = [simple.problem.data.draw(rng, simple.predictions) for _ in range(simulations)]
        below = simple.lowest(drawn, simple.problem.data)
        above = rich.lowest(drawn, simple.problem.data)
    observed = max(simple.chi2 - rich.chi2, 0.0)
    both = np.isfinite(below) & np.isfinite(above)
    # An alternative that ended above the null has not found its minimum: it holds the null.
    ratios = np.maximum(below[both] - above[both], 0.0)
    return _told(null.name, alternative.name, observed, added, ratios, tried)


@dataclass(frozen=True)
class _Fitted:
    """One model at the real data."""

    study: Study
    chi2: float
    predictions: Array
    starts: Array
    """The best place first; shape (n_starts, n_free)."""

    @property
    def problem(self) -> Any:
        return self.study.fit

    def lowest(self, drawn: Sequence[Array], of: Observations) -> Array:
        """Lowest chi2 of every data set, matched by name; priors of its own stay."""
        problem, places = self.problem, {name: i for i, name in enumerate(of.names)}
        own = problem.data
        data: list[Mapping[str, float]] = []
        for values in drawn:
            mine = [
                values[places[name]] if name in places else value
                for name, value in zip(own.names, own.values, strict=True)
            ]
            data.append(moved(problem, np.array(mine)))
        return lowest(problem, self.study.all_settings, problem.space.fixed, self.starts, data)


def _fitted(study: Study, starts: int, seed: int) -> _Fitted:
    """The best fit of the real data from many places, and a few of these for what follows."""
    study = replace(study, problem=simulated(study.fit))
    problem = study.fit
    free = problem.space.free(())
    u = np.array(starts_of(problem, free, 4 * starts, seed))
    evaluator, cells = cells_of(problem, [problem.space.fixed] * len(u), study.all_settings)
    ends = [end for end in fit(evaluator, u, cells, LeastSquares()) if not end.reason.failed]
    if not ends:
        msg = f"no fit of study {study.name!r} ended; run it by itself to see why."
        raise PlanError(msg)
    end = min(ends, key=lambda one: one.chi2)
    best = np.array(end.u, dtype=np.float64)
    found = evaluator.full(best[None], cells[[0]])[0]
    few = np.concatenate([best[None], u[:starts]])
    return _Fitted(study, end.chi2, np.array(list(found["predictions"])), few)


def _check_same(one: Observations, other: Observations) -> None:
    """Both studies ask about the same numbers."""
    mine, theirs = ({d["name"]: d for d in data.describe()} for data in (one, other))
    differing = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
    if differing:
        msg = (
            "two models can be compared on the same observations only, but these differ: "
            f"{known(differing)}."
        )
        raise PlanError(msg)


def _fitted_numbers(study: Study) -> int:
    problem = study.fit
    factors = len(problem.scale_factors) + len(problem.offsets)
    free = len(problem.space.free(())) - len(problem.ties)
    return free + factors + unknown_sizes(problem.data.describe())


def _told(
    null: str, alternative: str, observed: float, added: int, ratios: Array, tried: int
) -> LikelihoodRatio:
    """Both p values, and whether they agree within three standard errors of the bootstrap."""
    from scipy.special import gammaincc

    wilks = float(gammaincc(added / 2.0, observed / 2.0))
    count = len(ratios)
    p = (1.0 + float(np.sum(ratios >= observed))) / (count + 1.0)
    corrected = 1.0 - (1.0 - p) ** tried
    failing = abs(p - wilks) > 3.0 * (max(p * (1.0 - p), 1.0 / count) / count) ** 0.5
    said = (
        f"{alternative} lowers chi2 of {null} by {observed:.4g} with {added} more fitted "
        f"number{'s' if added > 1 else ''}; if {null} were true that would happen with "
        f"p = {p:.3g} ({count} simulated data sets)"
    )
    if tried > 1:
        said += f", and with p = {corrected:.3g} in one of the {tried} alternatives tried"
    if failing:
        said += f"; the chi2 distribution says {wilks:.3g} and cannot be relied on here"
    return LikelihoodRatio(
        null=null,
        alternative=alternative,
        T=observed,
        added=added,
        wilks=wilks,
        p_value=p,
        corrected=corrected,
        tried=tried,
        simulations=count,
        code=codes.WILKS_FAILS if failing else codes.HEALTHY,
        sentence=said + ".",
    )
