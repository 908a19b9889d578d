"""The registry of finding codes: what each means, why it happens, what to do, what it withholds.

The glossary's table is written from it (`docs/finding_codes.py`), and so are the explanations of
the report.  Codes may be added; none is renamed.
"""

from __future__ import annotations

from collections.abc import Mapping

from daybreak.findings import profile_codes
from daybreak.findings.code import ANSWERS, FindingCode, Scope, Withholds

_NEITHER = frozenset({Withholds.CLAIM, Withholds.IDENTIFIED})

# -- a profile: the first that applies, worst news first ------------------------------------

NONFINITE_REGION = profile_codes.NONFINITE_REGION
UNFINISHED = profile_codes.UNFINISHED
FLAT_WITHIN_NOISE = profile_codes.FLAT_WITHIN_NOISE
NOT_CONSTRAINED = profile_codes.NOT_CONSTRAINED
EDGE_MINIMUM = profile_codes.EDGE_MINIMUM
BOUND_LIMITED = profile_codes.BOUND_LIMITED
PRIOR_LIMITED = profile_codes.PRIOR_LIMITED
ONE_SIDED = profile_codes.ONE_SIDED
SEVERAL_INTERVALS = profile_codes.SEVERAL_INTERVALS
IDENTIFIED = profile_codes.IDENTIFIED

# -- a parameter -----------------------------------------------------------------------------

NOT_IDENTIFIABLE_SYMMETRY = FindingCode(
    "not_identifiable_symmetry",
    Scope.PARAMETER,
    "warning",
    "a symmetry moves parameters and no residual",
    "the model depends on combinations of these parameters alone",
    "fix one of them, or fit the combination",
    _NEITHER,
)
NOT_IDENTIFIABLE_LOCALLY = FindingCode(
    "not_identifiable_locally",
    Scope.PARAMETER,
    "warning",
    "to first order the data fix fewer combinations than there are parameters, symmetries aside",
    "parameters act on the predictions in the same way, or the data are too few",
    "fix parameters, give them priors, or add data",
)
APPROXIMATE_SYMMETRY = FindingCode(
    "approximate_symmetry",
    Scope.PARAMETER,
    "note",
    "at the best fit two or more parameters, scaled by 2 and 1/2 or shifted by half a range "
    "together, move no residual by more than 0.1 sigma",
    "where the data are met the model depends on these parameters nearly through a combination "
    "alone",
    "expect a long, narrow valley of chi2",
)
PLACEBO = FindingCode(
    "placebo",
    Scope.PARAMETER,
    "warning",
    "a parameter moves no residual anywhere in its range, the others in corners of the box and at "
    "the best fit; of a search: no objective, or none beyond noise",
    "the model does not read it, or what it does cancels",
    "hold it fixed, drop it, or find out why the model does not read it",
    _NEITHER,
)
NOT_SETTLED = FindingCode(
    "not_settled",
    Scope.PARAMETER,
    "warning",
    "points of a profile that could change its 95 % set rest on one fit alone, or on one that did "
    "not converge",
    "too few fits reach the lowest chi2 there",
    "give more starts (starts=), a guess (guess=), or ask dk.Intervals for the ends alone",
    ANSWERS,
)
SEVERAL_REGIONS = FindingCode(
    "several_regions",
    Scope.PARAMETER,
    "note",
    "the joint 95 % region of a map is in several pieces",
    "separate pairs of values of the two parameters describe the data alike",
    "state all of them, and look for data that tell them apart",
)
MOVES_WITH_MODEL_UNCERTAINTY = FindingCode(
    "moves_with_model_uncertainty",
    Scope.PARAMETER,
    "warning",
    "the minimum leaves its own 95 % interval when the model uncertainty is scaled",
    "the answer rests on how large the model uncertainty was declared",
    "justify that size, or state the shift beside the interval",
)
WILKS_FAILS = FindingCode(
    "wilks_fails",
    Scope.PARAMETER,
    "warning",
    "in simulated data the 95 % set does not hold the truth in 95 %, or the p value of a "
    "likelihood ratio is another one than that of the chi2 distribution",
    "few data, a bound nearby, or a parameter that means nothing at the truth",
    "use the rise of chi2, or the p value, that the simulation gives",
)
NOT_MIXED = FindingCode(
    "not_mixed",
    Scope.PARAMETER,
    "warning",
    "the chains of a posterior do not agree: R-hat of 1.01 or more",
    "the draws are too few, or lie in basins whose weights the chains cannot tell",
    "draw more, or speak of each basin by itself",
)
INTERVALS_DIFFER = FindingCode(
    "intervals_differ",
    Scope.PARAMETER,
    "warning",
    "a credible interval differs from that of the profile by more than a quarter of its width",
    "the prior, a bound or a skewed likelihood matters there",
    "state both intervals, and the prior",
)

# -- a problem -------------------------------------------------------------------------------

OUT_OF_REACH = FindingCode(
    "out_of_reach",
    Scope.PROBLEM,
    "warning",
    "no point found in the box meets a criterion; a stop if the criterion is hard and the "
    "search conclusive: two methods agree, and began wherever lines show something",
    "the model within its bounds does not come close enough to the data",
    "move the bound that is named, or change the model or the criterion",
)
MISSING_RESOURCE = FindingCode(
    "missing_resource",
    Scope.PROBLEM,
    "stop",
    "a trial needs a graphics processor, memory, a program, a file or a package that is not here",
    "the plan was written for another machine, or something is not installed",
    "provide it, run the campaign where it is, or declare less",
)
MODEL_REFUSES = FindingCode(
    "model_refuses",
    Scope.PROBLEM,
    "stop",
    "the model raises an exception at the study's settings, asked with plain numbers at eight "
    "places; a warning where it refuses the guess or the middle of the box alone",
    "it guards its domain, and the setting or the guess lies outside; a traced number passes "
    "such a guard unseen",
    "change the setting, or keep parameters inside the domain by bounds",
)
TOO_FEW_DATA = FindingCode(
    "too_few_data",
    Scope.PROBLEM,
    "warning",
    "there are fewer observations than fitted numbers, or too few for a criterion on the p value "
    "or the reduced chi2 to mean anything",
    "the data cannot fix them all, or leave no degrees of freedom",
    "fix parameters, or add data",
)
INERT_SETTING = FindingCode(
    "inert_setting",
    Scope.PROBLEM,
    "warning",
    "studies that differ in a setting answer alike: they are one study; a note where another "
    "metric or a derived quantity may differ",
    "the model does not read the setting",
    "give the setting to what makes the difference, or keep one of the studies",
)
UNRESOLVED_KNOB = FindingCode(
    "unresolved_knob",
    Scope.PROBLEM,
    "warning",
    "refining a knob moves the best fit or an end of an interval by more than a tenth of the "
    "interval; before the night: a residual by more than 0.1 sigma; of a search: an objective "
    "by more than its uncertainty, or 1 %",
    "the numerical setting is too coarse for these data",
    "refine the knob, or count the shift as an uncertainty",
    _NEITHER,
)
ROUGH_OBJECTIVE = FindingCode(
    "rough_objective",
    Scope.PROBLEM,
    "warning",
    "the model is noisy, jumps or kinks, or its derivatives are wrong",
    "chatter of any period, iterations that stop early, branches, or derivatives written by hand",
    "tighten what is loose, or search with dk.Evolution",
)
NOT_REPEATABLE = FindingCode(
    "not_repeatable",
    Scope.PROBLEM,
    "warning",
    "the same parameters give another answer the second time; after the fits: one that differs in "
    "chi2 by more than 1 % of the 95 % level",
    "random numbers without a seed, or something that one call leaves behind for the next",
    "seed the random numbers, or begin every call afresh",
    frozenset(Withholds),  # chi2 is raised by noise, and fits end in it: starts mend neither
)
HEALTHY = FindingCode(
    "healthy",
    Scope.PROBLEM,
    "note",
    "nothing stands against it",
    "all that was asked is as it should be",
    "go on",
)

# -- a search --------------------------------------------------------------------------------

UNCONFIRMED = FindingCode(
    "unconfirmed",
    Scope.SEARCH,
    "warning",
    "a noisy search whose winner was not evaluated again",
    "the best of many noisy values is the luckiest",
    "search with confirm=3, or declare the problem deterministic",
)
SELECTION_BIAS = FindingCode(
    "selection_bias",
    Scope.SEARCH,
    "warning",
    "selected values look better than confirmed ones by more than two standard errors",
    "winners were chosen by their luck as well",
    "state the confirmed values",
)
INSIDE_BASELINE = FindingCode(
    "inside_baseline",
    Scope.SEARCH,
    "warning",
    "no result is better than a baseline or null test by more than two standard errors",
    "there is nothing to find, or the search was too short",
    "state the baseline beside the result",
)
BASELINE_FAILED = FindingCode(
    "baseline_failed",
    Scope.SEARCH,
    "warning",
    "a baseline has no values",
    "it raised an exception, or gave no number",
    "mend the baseline: the result has nothing to beat without it",
)
MANY_FAILURES = FindingCode(
    "many_failures",
    Scope.SEARCH,
    "warning",
    "more than 20 % of the trials failed",
    "configurations crash, or need more time or memory than they are given",
    "read the reasons, and keep such configurations out with a constraint",
)
MOSTLY_INFEASIBLE = FindingCode(
    "mostly_infeasible",
    Scope.SEARCH,
    "warning",
    "more than 80 % of the trials missed a constraint",
    "the constraint holds in a small part of the space",
    "narrow the space to where it holds",
)
SPACE_EXHAUSTED = FindingCode(
    "space_exhausted",
    Scope.SEARCH,
    "note",
    "every configuration was evaluated",
    "the space has no more of them",
    "search a larger space, if there is one",
)
SAMPLER_REPLACED = FindingCode(
    "sampler_replaced",
    Scope.SEARCH,
    "note",
    "another sampler proposes than was asked for",
    "a library is missing",
    "install daybreak[gp]",
)

# -- a study ---------------------------------------------------------------------------------

TENSION = FindingCode(
    "tension",
    Scope.STUDY,
    "warning",
    "p below 0.01, in total or for a group, or a fit not known to be good with chi2 above 90 % "
    "of its ceiling; as a note: p above 0.99",
    "the model, the uncertainties, or a group of the data is wrong",
    "look at the pulls and the groups before any parameter",
    frozenset({Withholds.CLAIM}),  # of the whole fit; one group of several withholds nothing
)
CONSTANT_SUFFICES = FindingCode(
    "constant_suffices",
    Scope.STUDY,
    "note",
    "the fit is good (p of 0.01 or more), and chi2 is above 90 % of its ceiling: what one "
    "constant for each group of observations gives",
    "the data vary by hardly more than their uncertainties",
    "read nothing into the model's success, and look for data that can tell it from a constant",
)
MISSED_BASIN_POSSIBLE = FindingCode(
    "missed_basin_possible",
    Scope.STUDY,
    "warning",
    "more than 5 % of further starts would find a new minimum; the lowest end is none; as a note: "
    "fits that ended at a saddle or early, or points far above the 95 % level on one fit alone",
    "chi2 has more minima or longer valleys than the starts could explore",
    "use more starts",
)
STOPPED_EARLY = FindingCode(
    "stopped_early",
    Scope.STUDY,
    "note",
    "no remaining trial could have changed the verdict, and the study had asked to end then",
    "the criteria were settled before the method was through",
    "run without it where more than the verdict is wanted",
    frozenset({Withholds.CLAIM}),
)
PLUGIN_FAILED = FindingCode(
    "plugin_failed",
    Scope.STUDY,
    "warning",
    "a check or diagnosis of another package raised an exception",
    "it has a mistake, or meets a study that it was not made for",
    "mend the package, or remove it; what it would have found is missing",
)

BY_WORD: Mapping[str, FindingCode] = {
    code.word: code for code in list(globals().values()) if isinstance(code, FindingCode)
}
"""Every code of Daybreak's own, in the order of this file."""
