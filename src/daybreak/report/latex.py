r"""Tables for a paper: LaTeX that needs ``\usepackage{booktabs}`` and nothing else.

Values with an interval are rounded to its digits by the rule of `numbers.plus_minus`; values
without one to four significant digits.
"""

from __future__ import annotations

from collections.abc import Sequence

from daybreak.diagnosis.study import CriterionOutcome, EndReason, Interval, Profile, Study
from daybreak.report import curves
from daybreak.report.numbers import DIGITS, last_place, number
from daybreak.report.summary import Summary

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"$<$",
        ">": r"$>$",
        "|": r"$|$",
    }
)


def escape(text: str) -> str:
    """Text in which no character commands; chi2 as a reader writes it."""
    shown = text.translate(_ESCAPED).replace("$<$=", r"$\leq$").replace("$>$=", r"$\geq$")
    return shown.replace("chi2", r"$\chi^2$")


def with_errors(value: float, lower: float, upper: float) -> str:
    """A value with the way to either end of its interval, e.g. ``$0.247^{+0.048}_{-0.041}$``.

    Both keep the digits that the shorter way is worth.
    """
    down, up = value - lower, upper - value
    smaller = min((part for part in (down, up) if part > 0), default=0.0)
    if smaller <= abs(value) * 10.0**-DIGITS:  # nothing that could be written beside it
        return f"${_plain(number(value, 4))}$"
    place = last_place(smaller)
    shown = [f"{round(part, -place):.{max(-place, 0)}f}" for part in (value, up, down)]
    if shown[1] == shown[2]:
        return rf"${shown[0]} \pm {shown[1]}$"
    return f"${shown[0]}^{{+{shown[1]}}}_{{-{shown[2]}}}$"


def parameters(summary: Summary) -> str:
    """Every fit's parameters at the lowest chi2, with the 95 % set of those profiled."""
    rows = [
        row
        for study in summary.studies
        if study.best is not None and study.search is None
        for row in _parameters(study)
    ]
    return table(["Study", "Parameter", "Unit", "Best fit", r"95\,\% set", "Status"], rows)


def objectives(summary: Summary) -> str:
    """Every search's result in each objective, beside what a baseline asks to be beaten."""
    rows = [row for study in summary.studies for row in _objectives(study)]
    return table(["Study", "Objective", "Unit", "Result", "Best baseline", "Value"], rows)


def criteria(summary: Summary) -> str:
    """Every criterion with its bar, the value, and how it came out."""
    rows = [
        [escape(study.name), escape(f.criterion), escape(f.threshold), _found(f), f.outcome]
        for study in summary.studies
        for f in study.outcomes
    ]
    return table(["Study", "Criterion", "Bar", "Value", "Outcome"], rows)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A `tabular` with rules above, below and under the titles; empty without rows."""
    if not rows:
        return ""
    lines = [" & ".join(row) + r" \\" for row in rows]
    body = [rf"\begin{{tabular}}{{{'l' * len(titles)}}}", r"\toprule"]
    body += [" & ".join(titles) + r" \\", r"\midrule", *lines, r"\bottomrule", r"\end{tabular}"]
    return "\n".join(body) + "\n"


def _parameters(study: Study) -> list[list[str]]:
    best = study.best
    found = {profile.parameter: profile for profile in study.profiles}
    rows: list[list[str]] = []
    for info in study.parameters:
        if best is None or info.name not in best.parameters:
            continue
        profile = found.get(info.name)
        value, pieces, status = _value(best.parameters[info.name], profile)
        name = [escape(study.name), escape(info.name), escape(info.unit)]
        rows.append([*name, value, pieces, status])
    return rows


def _value(best: float, profile: Profile | None) -> tuple[str, str, str]:
    """Best value, the pieces of its set, and the code in words."""
    if profile is None:
        return f"${_plain(number(best, 4))}$", "", ""
    code = escape(profile.code.in_words)
    value = f"${_plain(number(best, 4))}$"
    if len(profile.intervals) == 1:
        (one,) = profile.intervals
        if one.lower_closed and one.upper_closed and one.lower < best < one.upper:
            value = with_errors(best, one.lower, one.upper)
    return value, ", ".join(map(_piece, profile.intervals)), code


def _piece(one: Interval) -> str:
    """An interval, with the reason where an end is not the data's."""
    width = one.upper - one.lower
    place = last_place(width / 2) if width > 0 else -3
    low, high = (f"{round(end, -place):.{max(-place, 0)}f}" for end in (one.lower, one.upper))
    ends = (
        ("lower", one.lower_reason, one.lower_of),
        ("upper", one.upper_reason, one.upper_of),
    )
    said = [
        f"{side}: {escape(curves.ended_by(reason, of))}"
        for side, reason, of in ends
        if reason is not EndReason.DATA or of
    ]
    return f"$[{low}, {high}]$" + (f" ({'; '.join(said)})" if said else "")


def _objectives(study: Study) -> list[list[str]]:
    search = study.search
    if search is None or search.best is None:
        return []
    rows: list[list[str]] = []
    for goal in search.goals:
        value = search.best.metrics.get(goal.name)
        if value is None:
            continue
        error = search.best.uncertainty.get(goal.name, 0.0)
        sign = 1 if goal.direction == "minimise" else -1
        there = [(sign * b.bars[goal.name], b) for b in search.baselines if goal.name in b.bars]
        bar = min(there, key=lambda pair: pair[0], default=None)
        rows.append(
            [
                escape(study.name),
                escape(goal.name),
                escape(goal.unit),
                with_errors(value, value - error, value + error),
                escape(bar[1].name) if bar else "",
                f"${_plain(number(sign * bar[0], 4))}$" if bar else "",
            ]
        )
    return rows


def _found(outcome: CriterionOutcome) -> str:
    if outcome.value is None:
        return "--"
    if outcome.threshold == "yes":
        return "yes" if outcome.value else "no"
    error = outcome.uncertainty or 0.0
    return with_errors(outcome.value, outcome.value - error, outcome.value + error)


def _plain(text: str) -> str:
    r"""A number with its power of ten as mathematics, e.g. ``9.9 \times 10^{7}``."""
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa
