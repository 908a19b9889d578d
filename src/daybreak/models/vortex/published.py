"""Published figures of the lepton studies, each beside the one that a campaign here finds.

A figure is data: where it was printed, what it was, how to read ours from a finished study, and
one sentence on why the two differ.  `published_a` and its neighbours hold the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Read: TypeAlias = Callable[[Any], float | str | None]
"""A finished study, as `dk.Results` gives it -> our figure; None where it is not there."""


@dataclass(frozen=True)
class Published:
    """One published figure and where its counterpart is found.

    Parameters
    ----------
    campaign, study : str
        Names; the study is looked up in the campaign's results.
    quantity : str
        What the figure is, in words.
    value : float or str
        As printed; text where it was a range or a word.
    read : callable (study) -> float, str or None
        How to read ours.
    why : str
        One sentence: why the two differ, or that they agree.
    """

    campaign: str
    study: str
    quantity: str
    value: float | str
    read: Read
    why: str


@dataclass(frozen=True)
class Beside:
    """A published figure beside ours, ready for a table."""

    campaign: str
    study: str
    quantity: str
    published: str
    ours: str
    why: str


def beside(figures: Iterable[Published], results: Mapping[str, Any]) -> list[Beside]:
    """Each figure beside ours, for the campaigns there are results of.

    Parameters
    ----------
    figures : iterable of Published
    results : mapping campaign -> dk.Results
        Finished campaigns by name; figures of others are left out.
    """
    rows: list[Beside] = []
    for one in figures:
        if one.campaign in results:
            ours = one.read(results[one.campaign][one.study])
            rows.append(
                Beside(
                    one.campaign,
                    one.study,
                    one.quantity,
                    in_words(one.value),
                    "not there" if ours is None else in_words(ours),
                    one.why,
                )
            )
    return rows


def in_words(value: float | str) -> str:
    """A figure as a table shows it; six significant digits."""
    return value if isinstance(value, str) else f"{value:.6g}"


def as_markdown(rows: Sequence[Beside]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| campaign | study | quantity | published | here | why |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.campaign} | {r.study} | {r.quantity} | {r.published} | {r.ours} | {r.why} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


# -- readers ---------------------------------------------------------------------------------


def chi2(study: Any) -> float | None:
    """The lowest chi2 found in the study."""
    return None if study.best is None else study.best.chi2


def best(name: str) -> Read:
    """A parameter, scale factor or derived quantity at the best fit."""

    def read(study: Any) -> float | None:
        if study.best is None:
            return None
        found = {**study.best.parameters, **study.best.scale_factors, **study.best.derived}
        return found.get(name)

    return read


def predicted(name: str) -> Read:
    """The prediction of an observation at the best fit."""

    def read(study: Any) -> float | None:
        if study.best is None or name not in study.best.predictions:
            return None
        return study.best.predictions[name].prediction

    return read


def at(value: float, parameter: str | None = None) -> Read:
    """Chi2 at the point of a profile nearest to `value`."""

    def read(study: Any) -> float | None:
        profile = study.profile if parameter is None else study.profile_of(parameter)
        if profile is None:
            return None
        return min(profile.points, key=lambda point: abs(point.value - value)).chi2

    return read


def above_lowest(value: float) -> Read:
    """Chi2 at a point of a profile less the lowest of all its points."""

    def read(study: Any) -> float | None:
        here = at(value)(study)
        found = (
            [p.chi2 for p in study.profile.points if p.chi2 is not None] if study.profile else []
        )
        return here - min(found) if isinstance(here, float) and found else None

    return read


def highest(study: Any) -> float | None:
    """The largest chi2 on a profile."""
    found = [p.chi2 for p in study.profile.points if p.chi2 is not None] if study.profile else []
    return max(found, default=None)


def code(study: Any) -> str | None:
    """What the profile amounts to, as its finding code in words."""
    return None if study.profile is None else study.profile.code.in_words


def whole_set(study: Any) -> str | None:
    """The 95 % set of the profiled parameter."""
    if study.profile is None:
        return None
    return " and ".join(f"[{i.lower:.5g}, {i.upper:.5g}]" for i in study.profile.intervals)
