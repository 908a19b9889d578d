"""The verdict of a campaign, and which row of its decision table is taken.

A row is taken only on the strength of results: a study that failed, or found nothing, meets no
condition, and where no counted study has a result no row is taken at all.  Follow-up studies
of a row are counted when the table is read again after them.

Studies are compared by

    AIC = chi2 + 2 k,   AICc = AIC + 2 k (k + 1) / (n - k - 1),   BIC = chi2 + k log(n)

with k fitted numbers and n observations,

which for Gaussian data differ from the usual forms by the same constant in every study, so only
differences mean anything; and by the likelihood ratio of a simpler study nested in another,

    p = Q((k - k0) / 2, (chi2_0 - chi2) / 2)

which holds for the same data and best fits away from their bounds, and is undefined otherwise.
Source: Akaike (1974), IEEE Trans. Autom. Control 19, 716; Schwarz (1978), Ann. Stat. 6, 461;
Wilks (1938), Ann. Math. Stat. 9, 60; Chernoff (1954), Ann. Math. Stat. 25, 573 (bounds).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from daybreak.criteria import VERDICTS, Verdict
from daybreak.diagnosis.search_findings import SearchEvidence
from daybreak.diagnosis.search_study import SearchReading
from daybreak.diagnosis.study import Study
from daybreak.diagnosis.tension import p_value

Condition = Mapping[str, Any]
"""A `daybreak.criteria.Condition` as the ledger keeps it."""


def campaign_verdict(studies: Sequence[Study], rule: str) -> Verdict:
    """The worst verdict of the counted studies, or the best where any of them will do."""
    ranks = [VERDICTS.index(study.verdict) for study in counted(studies)]
    if not ranks:
        return "UNDECIDED"
    if rule == "any":
        return VERDICTS[min(ranks)]
    # UNDECIDED is better than FAIL, and both spoil a campaign that needs all its studies.
    return VERDICTS[max(ranks)]


def counted(studies: Sequence[Study]) -> list[Study]:
    """The studies of the plan that count: no baseline, no follow-up."""
    return [study for study in studies if study.counted and study.follows is None]


class Taken(NamedTuple):
    """What a decision table says of some studies."""

    row: int | None
    """Number of the row; None where no row can be taken for want of results."""
    reason: str


def decide(
    table: Sequence[Mapping[str, Any]], studies: Sequence[Study], *, again: bool = False
) -> Taken | None:
    """The first row of a decision table that holds, and why; None without a table.

    Parameters
    ----------
    table : sequence of mappings
        Its rows as the ledger keeps them.
    studies : sequence of Study
        All that it may speak of; those that are not counted only where a row names them.
    again : bool
        Whether it has been read before, so that follow-up studies are counted as well.
    """
    asked = [study for study in studies if study.counted] if again else counted(studies)
    names = ", ".join(study.name for study in asked if not study.has_result)
    for number, row in enumerate(table):
        why = _holding(row["when"], asked, studies)
        if why:
            return Taken(number, f"{why}; without a result: {names}" if names else why)
    return Taken(None, f"no counted study has a result ({names})") if table else None


def _holding(
    conditions: Sequence[Condition], asked: Sequence[Study], studies: Sequence[Study]
) -> str:
    """Why a row holds; empty where it does not."""
    if not conditions:
        return "no other row holds" if have_result(asked or studies) else ""
    matching = _matching(conditions, asked, studies)
    if matching is None:
        return ""
    names = ", ".join(matching)
    if all(condition["study"] is not None for condition in conditions):
        return f"it holds for {names}"
    return f"{len(matching)} of {len(asked)} counted studies: {names}"


def have_result(studies: Sequence[Study]) -> bool:
    """Whether any study has a result, without which nothing can be decided."""
    return any(study.has_result for study in studies)


def readings(table: Sequence[Mapping[str, Any]], studies: Sequence[Study]) -> list[Taken]:
    """Every reading of a decision table: of the plan, then again whenever follow-ups have ended.

    A row starts its follow-up studies once, so the table is read once more than it has rows at
    most.

    Parameters
    ----------
    table : sequence of mappings
        Its rows as the ledger keeps them.
    studies : sequence of Study
        Those of the plan, and every follow-up that was started.
    """
    found: list[Taken] = []
    there = [study for study in studies if study.follows is None]
    while (taken := decide(table, there, again=bool(found))) is not None:
        before = {one.row for one in found}
        found.append(taken)
        if taken.row is None or taken.row in before:
            break
        more = [study for study in studies if study.follows == table[taken.row]["name"]]
        if not more:
            break
        there += more
    return found


def _matching(
    conditions: Sequence[Condition], candidates: Sequence[Study], studies: Sequence[Study]
) -> list[str] | None:
    """Names of the studies that meet all conditions; None when they are too few or too many."""
    found: list[str] = []
    for condition in conditions:  # those about one study, counted or not
        if condition["study"] is not None:
            one = [study for study in studies if study.name == condition["study"]]
            if not one or not _holds(condition, one[0], studies):
                return None
            found = list(dict.fromkeys([*found, one[0].name]))
    general = [condition for condition in conditions if condition["study"] is None]
    if not general:
        return found
    matching = [
        study.name
        for study in candidates
        if all(_holds(condition, study, studies) for condition in general)
    ]
    first = general[0]
    enough = len(candidates) if first["every"] else first["at_least"]
    most = math.inf if first["at_most"] is None else first["at_most"]
    return matching if max(enough, 1) <= len(matching) <= most else None


def _holds(when: Condition, study: Study, studies: Sequence[Study]) -> bool:
    if not study.has_result:
        return False
    if when["verdict"] is not None:
        return study.verdict == when["verdict"]
    value = quantity_of(study, when["quantity"])
    if when["than"] is not None:
        there = (one for one in studies if one.name == when["than"] and one.has_result)
        other = next(there, None)
        value = None if other is None else compared(when["quantity"], study, other)
    if value is None:
        return False
    below, above = when["below"], when["above"]
    return (below is None or value < below) and (above is None or value > above)


def quantity_of(study: Study, name: str) -> float | None:
    """A quantity at a study's best fit, by name."""
    if study.search is not None:
        return _of_search(study.search, name)
    best = study.best
    if best is None:
        return None
    if name in ("reduced_chi2", "p_value", "aic", "aicc", "bic"):
        return getattr(study.metrics, name)
    known = {**best.parameters, **best.scale_factors, **best.derived, "chi2": best.chi2}
    return known.get(name)


def _of_search(reading: SearchReading, name: str) -> float | None:
    """A quantity of a search: of all its trials, or a metric of the winner."""
    found = SearchEvidence(reading, deterministic=True, winner=reading.best).measure(name)
    return None if found is None else found.value


def compared(quantity: str, study: Study, other: Study) -> float | None:
    """A quantity's difference from another study, or the p value of their likelihood ratio.

    None where the comparison means nothing: other data for chi2, AIC, BIC and the ratio; for the
    ratio also a study that is not simpler, or a best fit at a bound.
    """
    if quantity == "likelihood_ratio":
        return _likelihood_ratio(study, other)
    if quantity in ("chi2", "aic", "aicc", "bic") and not _same_data(study, other):
        return None
    one, two = quantity_of(study, quantity), quantity_of(other, quantity)
    return None if one is None or two is None else one - two


def _same_data(study: Study, other: Study) -> bool:
    """Whether both were fitted to the same values with the same uncertainties."""
    if study.best is None or other.best is None:
        return False
    one, two = (
        {name: (datum.value, datum.sigma) for name, datum in best.predictions.items()}
        for best in (study.best, other.best)
    )
    return one == two


def _likelihood_ratio(study: Study, nested: Study) -> float | None:
    """P value of the nested study being as good (module formula)."""
    if study.best is None or nested.best is None or not _same_data(study, nested):
        return None
    more = study.metrics.n_free - nested.metrics.n_free
    if more < 1 or study.best.at_bounds or nested.best.at_bounds:
        return None
    return p_value(max(0.0, nested.best.chi2 - study.best.chi2), more)


def condition_in_words(when: Sequence[Condition]) -> str:
    """A row's conditions as the reader sees them."""
    if not when:
        return "otherwise"
    first, *others = sorted(when, key=lambda one: one["study"] is not None)
    return " and ".join([_number(first) + _asked(first), *(_also(one) for one in others)])


def _number(when: Condition) -> str:
    """How many studies it takes."""
    if when["study"] is not None:
        return f"{when['study']} "
    low, high = when["at_least"], when["at_most"]
    if when["every"]:
        return "all counted studies "
    return (
        f"at least {low} "
        if high is None
        else (f"exactly {low} " if low == high else f"{low} to {high} ")
    )


def _asked(when: Condition) -> str:
    """What is asked of each of them."""
    return when["verdict"] if when["verdict"] is not None else f"with {_bar(when)}"


def _also(when: Condition) -> str:
    """A further condition."""
    who = "" if when["study"] is None else f"{when['study']} with "
    return f"{who}{when['verdict'] if when['verdict'] is not None else _bar(when)}"


def _bar(when: Condition) -> str:
    signs = ((">", when["above"]), ("<", when["below"]))
    bars = " and ".join(f"{s} {v:g}" for s, v in signs if v is not None)
    if when["than"] is None:
        return f"{when['quantity']} {bars}"
    joint = "of" if when["quantity"] == "likelihood_ratio" else "minus that of"
    return f"{when['quantity']} {joint} {when['than']} {bars}"
