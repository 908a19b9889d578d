"""What was changed since the last run, what follows from it, and which old ends are starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daybreak.ledger.records import PlannedRecord
from daybreak.ledger.store import Ledger
from daybreak.plan import Study
from daybreak.problem.kinds import Question
from daybreak.problem.origins import Why
from daybreak.problem.parameters import Parameter
from daybreak.problem.search import SearchProblem
from daybreak.runner.spaces import differences, kept, same_trials

_STARTS_TOO = ", and the best ends found so far are starts"
_STARTS = 3
"""Distinct old ends that are taken over.

A choice: they are tried beside the starts of the new plan, and are no replacement.
"""
_APART = 1e-3
"""Ends closer than this in the unit box are one.

A choice: a fit goes from one to the other in a few steps.
"""


def explain(known: Mapping[str, PlannedRecord], studies: Sequence[Study]) -> list[str]:
    """One line for each study that differs from what the ledger knows; none for a new ledger."""
    if not known:
        return []
    lines: list[str] = []
    for study in studies:
        old = known.get(study.name)
        lines += _new(study, known) if old is None else _changed(study, old)
    names = [study.name for study in studies]
    gone = [name for name, old in known.items() if name not in names and old.follows is None]
    if gone:
        lines.append(
            f"no longer in the plan: {', '.join(gone)}; kept in the ledger, out of the report."
        )
    return lines


def _new(study: Study, known: Mapping[str, PlannedRecord]) -> list[str]:
    body, criteria = study.describe(), [criterion.describe() for criterion in study.accept]
    for name, old in known.items():
        alike = old.fingerprint == study.fingerprint and old.body == body
        if alike and old.criteria == criteria:
            return [f"{study.name}: {name} under another name; its trials are used."]
    return [f"{study.name}: a new study; only its trials are made."]


def _changed(study: Study, old: PlannedRecord) -> list[str]:
    found: list[str] = []
    new = study.problem.describe()
    if old.fingerprint != study.fingerprint and _searches_alike(old.problem, new):
        told = "; ".join(differences(old.problem, new))
        found.append(f"{study.name}: {told}; trials in the space as it is now are kept and count.")
    elif old.fingerprint != study.fingerprint:
        told = "; ".join(_declared(old.problem, new))
        found.append(
            f"{study.name}: another problem ({told}); its trials are made anew"
            f"{'' if new['kind'] == Question.SEARCH else _STARTS_TOO}."
        )
    body = study.describe()
    differing = [key for key in body if body[key] != old.body.get(key)]
    if differing:
        told = "; ".join(_pairs(old.body, body, differing))
        found.append(f"{study.name}: {told}; trials that are there already are kept.")
    if [criterion.describe() for criterion in study.accept] != old.criteria:
        found.append(
            f"{study.name}: other criteria; stored results are judged again, and the report shows "
            "both versions."
        )
    return found


def _searches_alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return old["kind"] == new["kind"] == Question.SEARCH and same_trials(old, new)


def _declared(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between two declarations of a problem, in words."""
    if old["kind"] != new["kind"]:
        return ["a search and a fit are different things"]
    if new["kind"] == Question.SEARCH:
        return differences(old, new)
    told: list[str] = []
    before = {row["name"]: row for row in old["parameters"]}
    after = {row["name"]: row for row in new["parameters"]}
    told += [f"parameter {name} is new" for name in after if name not in before]
    told += [f"parameter {name} is gone" for name in before if name not in after]
    for name in before.keys() & after.keys():
        one, two = before[name], after[name]
        if (one["lower"], one["upper"]) != (two["lower"], two["upper"]):
            told.append(
                f"bounds of {name} from [{one['lower']:g}, {one['upper']:g}] to "
                f"[{two['lower']:g}, {two['upper']:g}]"
            )
        told += [
            f"{what} of {name} from {one[what]} to {two[what]}"
            for what in ("scale", "fixed")
            if one[what] != two[what]
        ]
    if _data(old) != _data(new):
        told.append("other data")
    told += [
        f"other {what.replace('_', ' ')}"
        for what in ("scale_factors", "offsets")
        if _bare(old[what]) != _bare(new[what])
    ]
    if old["name"] != new["name"]:
        told.append(f"name from {old['name']!r} to {new['name']!r}")
    return told or ["declared differently"]


def _data(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _bare(problem["observations"])


def _bare(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in ("unit", "group")} for row in rows]


def _pairs(old: Mapping[str, Any], new: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """Differing options, one level down where both are mappings."""
    told: list[str] = []
    for key in keys:
        one, two = old.get(key), new[key]
        if isinstance(one, dict) and isinstance(two, dict):
            inner: dict[str, Any] = two
            told += _pairs(one, inner, [name for name in inner if one.get(name) != inner[name]])
        elif isinstance(one, list) or isinstance(two, list):
            told.append(f"other {key}")
        else:
            told.append(f"{key} from {one} to {two}")
    return told


# -- old ends as starts ------------------------------------------------------------------------


def carried_over(
    ledger: Ledger, known: Mapping[str, PlannedRecord], study: Study
) -> list[dict[str, Any]]:
    """The best distinct ends of the same study's earlier problem, as places in the present box.

    A value outside the present bounds moves to the nearer one; a parameter that is new has its
    `earlier` value, else its guess, else the middle of its range. Of a search it is all trials
    that lie in the present space.
    """
    old = known.get(study.name)
    if old is None or old.fingerprint == study.fingerprint:
        return []
    if isinstance(study.problem, SearchProblem):
        alike = _searches_alike(old.problem, study.problem.describe())
        return kept(ledger.read_study(study.name), study.problem)[0] if alike else []
    if old.is_search:
        return []
    ends = [
        trial.outcome
        for trial in ledger.read_study(study.name).trials
        if trial.ended or (trial.origin.why is Why.POLISH and trial.outcome.chi2 is not None)
    ]
    box = study.problem.space.subspace(study.problem.space.free(()))
    found: list[dict[str, float]] = []
    for end in sorted(ends, key=lambda end: float(end.chi2 or 0.0)):
        place = {p.name: _value(p, end.parameters) for p in box.parameters}
        u = box.to_unit(place)
        if all(abs(u - box.to_unit(other)).max() > _APART for other in found):
            found.append(place)
        if len(found) == _STARTS:
            break
    return found


def _value(parameter: Parameter, old: Mapping[str, float]) -> float:
    if parameter.name in old:
        return min(max(old[parameter.name], parameter.lower), parameter.upper)
    for value in (parameter.earlier, parameter.guess):
        if value is not None:
            return value
    # Halfway on the parameter's own scale.
    low, high = parameter.lower, parameter.upper
    return (low * high) ** 0.5 if parameter.scale == "log" else 0.5 * (low + high)
