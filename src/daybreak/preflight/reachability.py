"""Whether any place in the box meets the criteria, and which bound stops it if none does.

Nothing found here proves that something cannot be: a search can miss.  Hence "out of reach as far
as searched", and conclusive only when two methods with at least 64 starts agree, have begun again
from whatever lines through the box show, and could begin at all of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from daybreak.criteria import Criterion
from daybreak.findings import Escape, Reach, Reachability
from daybreak.preflight.companion import Goal
from daybreak.preflight.escapes import find_escapes, moves_in_words
from daybreak.preflight.extremes import Low, Pursuit, Quantity, Range, Search, find_ranges
from daybreak.preflight.needs import (
    bounds_chi2,
    chi2_bar,
    chi2_bar_at,
    degrees_of_freedom,
    needed,
    quantities_of_fit,
    reach_of,
    shortfall,
)
from daybreak.preflight.probe import Probe
from daybreak.problem.fit import FitProblem
from daybreak.sentences import between, joined, worded

LEAST_STARTS = 64
"""Starts of both methods together without which nothing is called out of reach.

A place to which one start in twenty leads is missed by all of 64 in 4 % of cases.
"""
GAP = 10.0
"""A gap counts when it is this many times what two methods differ by.

A choice on the safe side: what two methods differ by is what either may have missed.
"""


def check_reachability(
    probe: Probe, found: list[Reachability] | None = None
) -> list[Reachability]:
    """Whether some place in the box meets each criterion, and what would have to move if not.

    Asked are criteria that bound chi2 (also as reduced chi2 or p value), and those on a
    prediction, a scale factor, an offset or a parameter; the others need the night.

    Parameters
    ----------
    probe : Probe
    found : list of Reachability, optional
        Filled as answers come in, so that it holds what is known when time runs out.

    Returns
    -------
    list of Reachability, one a criterion, those on chi2 first.

    Raises
    ------
    OutOfTime
        When the budget is spent.
    """
    answers: list[Reachability] = [] if found is None else found
    search = Search(probe)
    asked = list(enumerate(probe.study.accept))
    of_fit = [(number, c) for number, c in asked if bounds_chi2(c)]
    others = [(number, c) for number, c in asked if c.quantity in search.names]
    if not of_fit and not others:
        return answers
    _Examination(search, answers).run(of_fit, others)
    return answers


@dataclass
class _Case:
    """One criterion, and what is known about it so far."""

    number: int
    """Its place among the criteria of the study."""
    criterion: Criterion
    bar: float | None
    """The bar on chi2, or that on the quantity which is missed."""
    met: bool = False
    smallest: float = math.inf
    best: dict[str, float] = field(default_factory=dict[str, float])
    """The place of the smallest chi2."""
    starts: int = 0
    spread: float = 0.0
    conclusive: bool = False
    reaches: tuple[Reach, ...] = ()
    decisive: Reach | None = None
    escapes: tuple[Escape, ...] | None = None
    """None until they have been looked for."""

    def answer(self) -> Reachability:
        """The case as data."""
        finite = self.bar is not None and math.isfinite(self.bar)
        return Reachability(
            number=self.number,
            criterion=self.criterion.title,
            level=self.criterion.level,
            smallest_chi2=self.smallest,
            bar=self.bar if finite else None,
            met=self.met,
            starts=self.starts,
            spread=self.spread,
            conclusive=self.conclusive,
            reaches=list(self.reaches),
            escapes=None if self.escapes is None and not self.met else list(self.escapes or ()),
            best=self.best,
            sentence=_sentence(self),
        )


class _Examination:
    """The questions in the order of what they are worth: chi2, ranges, bounds to move."""

    def __init__(self, search: Search, answers: list[Reachability]) -> None:
        self.search = search
        self.problem = search.probe.problem
        self.dof = degrees_of_freedom(self.problem)
        self.answers = answers
        self.cases: list[_Case] = []

    def run(
        self, of_fit: list[tuple[int, Criterion]], others: list[tuple[int, Criterion]]
    ) -> None:
        """Answer everything; what is known is kept when time runs out."""
        cases = [
            _Case(number, c, chi2_bar(c, self.dof, plain=self.problem.data.gaussian))
            for number, c in of_fit
        ]
        pursuit = Pursuit(self.search, self.search.chi2, "chi2")
        enough = min((self._enough(case) for case in cases), default=math.inf)
        try:
            # Just at the bar two answers are possible: look a little further.
            pursuit.run(enough * (1.0 - 1e-9))
        finally:
            self._weigh(cases, pursuit)
        if not math.isfinite(pursuit.best.square):
            return
        found = self._ranges_of_fit(cases, pursuit.best)
        for case in cases:
            if case.bar is not None and not case.met:
                self._escape(case, pursuit, found)
        for number, criterion in others:
            self._examine(number, criterion, pursuit)

    def _enough(self, case: _Case) -> float:
        """A chi2 at which to stop searching; of other noise one that is surely below the bar."""
        if case.bar is not None:
            return case.bar
        plain = chi2_bar(case.criterion, self.dof)
        return math.inf if plain is None else 0.25 * plain

    def _keep(self) -> None:
        self.answers[:] = [case.answer() for case in self.cases if math.isfinite(case.smallest)]

    def _weigh(self, cases: list[_Case], pursuit: Pursuit) -> None:
        """Compare the smallest chi2 with every bar."""
        smallest = pursuit.best.square
        for case in cases:
            case.smallest, case.starts = smallest, pursuit.starts
            if math.isfinite(smallest):
                values = pursuit.best.values.tolist()
                case.best = dict(zip(self.search.probe.free, values, strict=True))
                if case.bar is None and case.criterion.quantity == "p_value":
                    case.bar = chi2_bar_at(
                        case.criterion, self.dof, self.search.probe, pursuit.best.values
                    )
            if case.bar is not None:
                case.met = smallest < case.bar or (smallest == case.bar and not _strict(case))
                self._judge(case, pursuit, smallest - case.bar, lambda square: square)
        self.cases += cases
        self._keep()

    def _judge(
        self, case: _Case, pursuit: Pursuit, gap: float, value_of: Callable[[float], float]
    ) -> None:
        """Whether both methods agree well enough for the gap to count.

        Never where more was seen along a parameter than they could search.
        """
        ends = (pursuit.by_fits.square, pursuit.by_population.square)
        both = all(math.isfinite(end) for end in ends)
        case.spread = abs(value_of(ends[0]) - value_of(ends[1])) if both else 0.0
        enough = both and pursuit.starts >= LEAST_STARTS
        clear = enough and gap > GAP * case.spread and not pursuit.unresolved
        case.conclusive = not case.met and clear

    def _ranges_of_fit(self, cases: list[_Case], best: Low) -> list[Range]:
        """Ranges of what decides the fit, beside what every criterion on chi2 needs of them."""
        if not cases:
            return []
        u = self.search.unit(best.values, self.search.lower, self.search.upper)
        residuals = self.search.probe.residuals(u[None, :])[0]
        found = find_ranges(self.search, quantities_of_fit(self.problem, residuals))
        for case in cases:
            bars = [self._needed(one, case) for one in found]
            case.reaches = tuple(map(reach_of, found, bars))
            short = [shortfall(one, bar) for one, bar in zip(found, bars, strict=True)]
            if short and max(short) > 0:
                case.decisive = case.reaches[int(np.argmax(short))]
        self._keep()
        return found

    def _needed(self, found: Range, case: _Case) -> tuple[float | None, float | None]:
        if case.bar is None:
            return None, None
        return needed(self.problem.data, found.quantity, max(case.bar, 0.0))

    def _escape(self, case: _Case, pursuit: Pursuit, found: list[Range]) -> None:
        """Which bounds stop it, and how far each alone would have to move."""
        points = [pursuit.best]
        for reach, one in zip(case.reaches, found, strict=True):
            if reach is case.decisive:
                too_low = reach.needed_lower is not None and one.high < reach.needed_lower
                points.append(one.highest_at if too_low else one.lowest_at)
        bar = max(case.bar or 0.0, 0.0) * (1.0 - 1e-9)
        self._look_beyond(case, self.search.chi2, bar, points, pursuit.best.square)
        self._keep()

    def _look_beyond(
        self, case: _Case, goal: Goal, bar: float, points: Sequence[Low], home: float
    ) -> None:
        """Move bounds as long as the budget allows, whatever it allows the rest."""
        with self.search.probe.capped():
            case.escapes = tuple(find_escapes(self.search, goal, bar, points, home))

    def _examine(self, number: int, criterion: Criterion, fitted: Pursuit) -> None:
        """A criterion on one quantity: its range beside the bar."""
        lower, upper = _bars(criterion)
        target = next(bar for bar in (lower, upper) if bar is not None)
        index, one = self.search.names.index(criterion.quantity), self.search.one
        unit = _unit(self.problem, criterion.quantity)
        quantity = Quantity(criterion.quantity, unit, index, one, target)
        found = find_ranges(self.search, [quantity])
        if not found:
            return
        case = _Case(number, criterion, None, smallest=fitted.best.square)
        case.reaches = (reach_of(found[0], (lower, upper)),)
        case.met = self._some_place_meets(criterion, found[0], index)
        case.starts = 2 * len(self.search.lanes(found[0].up, self.search.sample[0][:8]))
        self.cases.append(case)
        if not case.met:
            self._pursue(case, found[0], lower, upper)
        self._keep()

    def _some_place_meets(self, criterion: Criterion, found: Range, index: int) -> bool:
        """Some place looked at, or, the model being continuous, one between the ends."""
        values = self.search.sampled(index, self.search.one)
        known = [found.low, found.high, *values[np.isfinite(values)].tolist()]
        lower, upper = _bars(criterion)
        between = lower is not None and upper is not None and found.low < lower < found.high
        return between or any(criterion.met(value) for value in known)

    def _pursue(self, case: _Case, found: Range, lower: float | None, upper: float | None) -> None:
        """Search a missed quantity as hard as chi2, and ask which bounds stop it."""
        too_low = lower is not None and found.high <= lower
        goal: Goal = found.up if too_low else found.down
        bar = lower if too_low else upper
        case.bar, case.decisive = bar, case.reaches[0]
        self._keep()
        pursuit = Pursuit(self.search, goal, f"quantity {found.quantity.name}")
        square = goal.square(bar or 0.0)
        pursuit.run(square * (1.0 - 1e-12))
        case.starts = pursuit.starts
        best = goal.value(pursuit.best.square)
        case.met = case.criterion.met(best)
        farther = {"high": best, "highest_at": pursuit.best}
        if not too_low:
            farther = {"low": best, "lowest_at": pursuit.best}
        case.reaches = (reach_of(replace(found, **farther), (lower, upper)),)
        case.decisive = case.reaches[0]
        self._judge(case, pursuit, abs(best - (bar or 0.0)), goal.value)
        if not case.met:
            home = pursuit.best
            self._look_beyond(case, goal, square, [home], home.square)
        self._keep()


def _strict(case: _Case) -> bool:
    c = case.criterion
    exclusive = c.above if c.quantity == "p_value" else c.below
    return exclusive is not None


def _bars(criterion: Criterion) -> tuple[float | None, float | None]:
    """The lower and the upper bar of a criterion."""
    lower = [bar for bar in (criterion.at_least, criterion.above) if bar is not None]
    upper = [bar for bar in (criterion.at_most, criterion.below) if bar is not None]
    return max(lower, default=None), min(upper, default=None)


def _unit(problem: FitProblem, name: str) -> str:
    for factor in (*problem.scale_factors, *problem.offsets):
        if factor.name == name:
            return factor.unit
    if name in problem.data.names:
        return problem.data.data[problem.data.names.index(name)].unit
    return problem.space[name].unit


def _sentence(case: _Case) -> str:
    """What a tired reader needs: what is wanted, what there is, and what to move."""
    c = case.criterion
    asked = worded("{} {}", c.quantity, c.bar)
    if bounds_chi2(c) and case.bar is None:
        return worded("{} means nothing: no degrees of freedom are left to test the model.", asked)
    if case.met:
        return worded("{} is within reach{}.", asked, _example(case))
    parts = [_shortfall(case, asked)]
    if case.escapes is not None:
        parts.append(moves_in_words(case.escapes))
    if not case.conclusive:
        parts.append("The search is too short, or its two methods too far apart, to be sure.")
    return joined(" ", parts)


def _example(case: _Case) -> str:
    if bounds_chi2(case.criterion):
        return worded(": a place with chi2 = {:.4g} was found", case.smallest)
    reach = case.reaches[0]
    return worded(": the box reaches {}", _span(reach))


def _span(reach: Reach) -> str:
    unit = f" {reach.unit}" if reach.unit else ""
    return between("{:.4g} to {:.4g}{}", reach.lowest, reach.highest, unit)


def _shortfall(case: _Case, asked: str) -> str:
    reach = case.decisive
    if not bounds_chi2(case.criterion) and reach is not None:
        return worded(
            "{} is out of reach as far as searched: the box reaches only {}.", asked, _span(reach)
        )
    if reach is None:
        alone = ", although no prediction alone stands in the way" if case.reaches else ""
        return worded(
            "{} is out of reach as far as searched: the smallest chi2 found is {:.4g}{}.",
            asked,
            case.smallest,
            alone,
        )
    too_low = reach.needed_lower is not None and reach.highest < reach.needed_lower
    bar = (
        worded(">= {:.5g}", reach.needed_lower)
        if too_low
        else worded("<= {:.5g}", reach.needed_upper)
    )
    return worded(
        "{} needs {} {}; the box reaches {} as far as searched.",
        asked,
        reach.quantity,
        bar,
        _span(reach),
    )
