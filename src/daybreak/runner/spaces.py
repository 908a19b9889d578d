"""What was changed about a search, and which of its trials count in the space as it is now.

A trial's key knows its configuration and not the space it was taken from, so a space may grow, or
shrink, and keep every trial that lies in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from daybreak.errors import ProblemError
from daybreak.ledger.records import StudyRecord
from daybreak.problem.choices import known_values
from daybreak.problem.search import SearchProblem

_IDENTITY = ("kind", "name", "precision")
Row = Mapping[str, Any]


def same_trials(old: Row, new: Row) -> bool:
    """Whether trials of two declarations are the same, wherever both have them."""
    alike = all(old.get(key) == new.get(key) for key in _IDENTITY)
    return alike and _names(old, "objectives") == _names(new, "objectives")


def differences(old: Row, new: Row) -> list[str]:
    """What differs between two declarations of a search, in words."""
    told = list(_of_parameters(_by_name(old), _by_name(new)))
    rest = [key for key in new if key not in (*_IDENTITY, "parameters", "units")]
    told += [f"other {key}" for key in rest if new[key] != old.get(key)]
    return told or ["declared differently"]


def _of_parameters(before: Mapping[str, Row], after: Mapping[str, Row]) -> Iterator[str]:
    yield from (f"parameter {name} is new" for name in after if name not in before)
    yield from (f"parameter {name} is gone" for name in before if name not in after)
    for name, new in after.items():
        old = before.get(name, new)
        if new["kind"] != old["kind"]:
            yield f"{name} is {_a(new['kind'])} and was {_a(old['kind'])}"
        elif new["kind"] == "choice" and new["options"] != old["options"]:
            yield from _of_options(name, old["options"], new["options"])
        elif [new.get(end) for end in ("lower", "upper")] != [old.get("lower"), old.get("upper")]:
            yield (
                f"bounds of {name} from [{old['lower']:g}, {old['upper']:g}] to "
                f"[{new['lower']:g}, {new['upper']:g}]"
            )
        yield from (
            f"{what} of {name} from {old.get(what)} to {new.get(what)}"
            for what in ("scale", "step", "fixed", "when")
            if old.get(what) != new.get(what)
        )


def _of_options(name: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    for word, one, other in (("the new", new, old), ("no longer the", old, new)):
        differing = [option for option in one if option not in other]
        if differing:
            s = "s" if len(differing) > 1 else ""
            yield f"{name} has {word} option{s} {known_values(differing)}"
    if sorted(map(repr, old)) == sorted(map(repr, new)):
        yield f"the options of {name} stand in another order"


def _a(kind: str) -> str:
    return {"real": "a real number", "integer": "a whole number"}.get(kind, "a choice")


def _names(problem: Row, what: str) -> list[str]:
    return [row["name"] for row in problem[what]]


def _by_name(problem: Row) -> dict[str, Row]:
    return {row["name"]: row for row in problem["parameters"]}


def kept(record: StudyRecord, problem: SearchProblem) -> tuple[list[dict[str, Any]], int]:
    """Trials of a search that lie in its present space, in order, and how many do not.

    Each is its configuration and the options of its evaluation, by which it is found again.
    """
    found: list[dict[str, Any]] = []
    outside = 0
    for trial in record.trials:
        if not trial.origin.why.is_proposal:
            continue
        try:
            configuration = problem.check(trial.outcome.parameters, "an earlier trial")
        except ProblemError:
            outside += 1
            continue
        bars = trial.outcome.details.get("bars")
        found.append({"configuration": configuration, "options": {"bars": bars} if bars else {}})
    return found, outside
