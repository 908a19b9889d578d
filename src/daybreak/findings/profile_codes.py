"""Codes of profiles, worst news first; a profile gets the first that applies."""

from __future__ import annotations

from daybreak.findings.code import ANSWERS, FindingCode, Scope, Withholds

_NEITHER = frozenset({Withholds.CLAIM, Withholds.IDENTIFIED})
"""The profile says what the parameter is not: `identified` is missed."""
_ALL = ANSWERS
"""The profile says nothing either way: every criterion about the parameter is undecided."""

NONFINITE_REGION = FindingCode(
    "nonfinite_region",
    Scope.PROBLEM,
    "warning",
    "the model is not finite in a part of the box, at a bound, or at points of a scan; a stop "
    "if nowhere finite; of a profile: no fit ended anywhere on the scan",
    "the formula divides by zero, overflows, or leaves its domain there",
    "move the bound that is named, or give predict a finite value there",
    _ALL,  # of a profile that has this code; that a part of the box fails withholds nothing
)
UNFINISHED = FindingCode(
    "unfinished",
    Scope.PARAMETER,
    "warning",
    "only the ends of the 95 % set were sought, and one or both were not found",
    "the budget of evaluations was spent, or no step led on",
    "give dk.Intervals a larger budget where it was spent (what was evaluated is kept), or ask "
    "dk.Profile",
    _ALL,
)
FLAT_WITHIN_NOISE = FindingCode(
    "flat_within_noise",
    Scope.PARAMETER,
    "warning",
    "chi2 differs by 40 % of the 95 % level or more, from one evaluation to the next, between "
    "seeds of a stochastic method of which no two agree, or between values less than a hundredth "
    "of the set apart: ends cannot be told",
    "the scatter of the model or of the method hides what the data say",
    "seed the model, average more draws, or tighten what is loose in predict; give the method "
    "more evaluations, or fit locally",
    _ALL,
)
NOT_CONSTRAINED = FindingCode(
    "not_constrained",
    Scope.PARAMETER,
    "warning",
    "no value on the scan is worse than the best by more than the 95 % level",
    "the data say too little about the parameter, or the scan is too narrow",
    "widen the scan, or add data that depend on the parameter",
    _NEITHER,
)
EDGE_MINIMUM = FindingCode(
    "edge_minimum",
    Scope.PARAMETER,
    "warning",
    "the lowest chi2 is at the first or last value of the scan, or outside it",
    "the best value lies beyond the scan, or a bound holds it",
    "widen the scan, or move the bound",
    _NEITHER,
)
BOUND_LIMITED = FindingCode(
    "bound_limited",
    Scope.PARAMETER,
    "warning",
    "a bound of the parameter or of a nuisance, the end of the scan or a flat stretch, not the "
    "data, ends the 95 % set",
    "the data still allow values there",
    "widen the scan, or move the bound that is named; where physics ends there, declare it with "
    "physical=",
    _NEITHER,
)
PRIOR_LIMITED = FindingCode(
    "prior_limited",
    Scope.PARAMETER,
    "warning",
    "only a prior ends the 95 % set on a side: the data alone do not",
    "the data say too little about the parameter",
    "say that the interval rests on the prior, or add data that depend on the parameter",
    _NEITHER,
)
ONE_SIDED = FindingCode(
    "one_sided",
    Scope.PARAMETER,
    "note",
    "the 95 % set is closed by the data on one side and by a physical limit on the other",
    "the data allow values as far as the physical limit",
    "state an upper or lower limit, not a value with an uncertainty",
    frozenset({Withholds.IDENTIFIED}),
)
SEVERAL_INTERVALS = FindingCode(
    "several_intervals",
    Scope.PARAMETER,
    "note",
    "the 95 % set is several intervals, all closed by the data",
    "separate values of the parameter describe the data alike",
    "state all of them, and look for data that tell them apart",
    frozenset({Withholds.IDENTIFIED}),
)
IDENTIFIED = FindingCode(
    "identified",
    Scope.PARAMETER,
    "note",
    "the 95 % set is one interval inside the scan, closed by the data alone",
    "the data fix the parameter",
    "state the interval",
)
