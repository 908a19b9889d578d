"""How far a result has been questioned: ends of the fits, tension, uncertainties, knobs."""

from __future__ import annotations

from collections.abc import Sequence

from daybreak.diagnosis.study import FitEnd, GroupFit, KnobShift, ScaledFit, Study
from daybreak.problem.ends import same_chi2
from daybreak.report import curves, numbers, wording
from daybreak.report.cells import Column, Table, table_of
from daybreak.sentences import p_in_words

KINDS = {
    "global": "global minimum",
    "local minimum": "local minimum",
    "saddle or plateau": "saddle or plateau",
    "not converged": "not converged",
    "at bound": "held by a bound",
    "unchecked": "not examined",
}
"""The kinds of ends in words."""
ESTIMATOR = "w (w + 1) / (n (n - 1)) for w minima in n fits; Boender and Rinnooy Kan 1987"
"""How the share of starts that lead to minima not seen is estimated."""
_NAMED = 4
"""Ends that a line of text names."""
_SHOWN = 4
"""Parameters that are shown when none is profiled."""


def findings(study: Study) -> Table:
    """Findings about the problem as a whole and its parameters, worst first."""
    columns = [
        Column("severity", "name"),
        Column("code", "code"),
        Column("parameter"),
        Column("finding"),
    ]
    rows = [[c.severity, c.code.word, c.parameter or "", c.sentence] for c in study.findings]
    return table_of("Findings", columns, rows).filled()


# -- ends of the fits ------------------------------------------------------------------------


def ends(study: Study) -> Table:
    """Every distinct end of the fits of all free parameters."""
    columns = [
        Column("end", "name"),
        Column("chi2", "number"),
        Column("chi2 - lowest", "number"),
        Column("starts", "number"),
        Column("polished chi2", "number"),
        Column("eigenvalues"),
        Column("at bounds"),
        Column("finding"),
    ]
    rows = [_end(i, end, study.ends[0].chi2) for i, end in enumerate(study.ends, 1)]
    return table_of("Ends of the fits", columns, rows).filled()


def _end(rank: int, end: FitEnd, lowest: float) -> list[str]:
    return [
        f"{rank}: {KINDS[end.kind]}",
        numbers.number(end.chi2, 9),
        curves.above(end.chi2, lowest),
        str(end.hits),
        "" if end.polished is None else numbers.number(end.polished, 9),
        _signature(end),
        wording.bounds(end.at_bounds),
        end.sentence,
    ]


def _signature(end: FitEnd) -> str:
    """Write the signs of the eigenvalues; nothing where nobody looked."""
    if end.kind == "unchecked":
        return ""
    found = ((end.negative, "negative"), (end.zero, "zero"))
    return ", ".join(f"{count} {sign}" for count, sign in found if count) or "positive"


def ends_in_words(study: Study) -> str:
    """Write the lowest ends, e.g. ``global minimum 52.31 (19 starts), local minimum 262 (3)``.

    Ends of one kind with one chi2, as along a valley, are named together.
    """
    valleys: list[list[FitEnd]] = []
    for end in study.ends:
        last = valleys[-1][0] if valleys else None
        if last and last.kind == end.kind and same_chi2(last.chi2, end.chi2):
            valleys[-1].append(end)
        else:
            valleys.append([end])
    named = [
        f"{KINDS[ends[0].kind]} {numbers.number(ends[0].chi2)} ({_reached(ends)})"
        for ends in valleys[:_NAMED]
    ]
    more = sum(len(ends) for ends in valleys[_NAMED:])
    return ", ".join(named + ([f"{more} more"] if more else []))


def _reached(ends: Sequence[FitEnd]) -> str:
    starts = numbers.count(sum(end.hits for end in ends), "start")
    return starts if len(ends) == 1 else f"at {len(ends)} places, {starts}"


def missed(study: Study) -> str:
    """Say how likely a start would find a minimum that was not seen; empty when nobody knows."""
    if study.missed is None:
        return ""
    percent = 100 * study.missed
    share = f"{float(f'{percent:.2g}'):g} %" if percent >= 0.01 else "less than 0.01 %"
    return f"About {share} of all starts would lead to a minimum not seen so far."


# -- model and data --------------------------------------------------------------------------


def tension(study: Study) -> Table:
    """How well each group of observations is described."""
    columns = [
        Column("group", "name"),
        Column("observations", "number"),
        Column("chi2", "number"),
        Column("degrees of freedom", "number"),
        Column("p value", "number"),
    ]
    rows = [_group(group) for group in study.tension.groups] if study.tension else []
    return table_of("Agreement by group of observations", columns, rows).filled()


def _group(group: GroupFit) -> list[str]:
    return [
        group.group or "no group",
        str(group.observations),
        numbers.number(group.chi2, 5),
        numbers.number(group.degrees_of_freedom, 3),
        "" if group.p_value is None else numbers.probability(group.p_value),
    ]


def ceiling(study: Study) -> str:
    """Compare chi2 with that of the best constants; empty without such a comparison."""
    found = study.tension
    if found is None or found.ceiling is None or found.share is None:
        return ""
    share = f"{numbers.rounded(100 * found.share, 3)} %"
    what = "of what one constant per group of observations gives"
    return f"chi2 is {share} {what} ({numbers.number(found.ceiling, 5)})."


def groups_in_words(study: Study) -> str:
    """Write the groups, e.g. ``currents: chi2 12.3 with 10.1 degrees of freedom, p = 0.28``."""
    found = [] if study.tension is None else study.tension.groups
    return "; ".join(
        f"{g.group or 'observations without a group'}: chi2 {numbers.number(g.chi2, 4)} with "
        f"{numbers.number(g.degrees_of_freedom, 3)} degrees of freedom"
        + ("" if g.p_value is None else f", {p_in_words(g.p_value, 3)}")
        for g in found
    )


# -- uncertainties and knobs -----------------------------------------------------------------


def shown_parameters(study: Study) -> list[str]:
    """Profiled parameters; without any the first few free ones."""
    profiled = [profile.parameter for profile in study.profiles]
    free = [info.name for info in study.parameters if info.role != "fixed"]
    return profiled or free[:_SHOWN]


def model_scales(study: Study) -> Table:
    """What the answer becomes when the model uncertainty is multiplied."""
    named = [n for n in shown_parameters(study) if any(n in f.shifts for f in study.model_scales)]
    columns = [Column("model uncertainty", "name"), Column("chi2", "number")]
    for name in named:
        head = numbers.in_brackets(name, wording.unit_of(study, name))
        columns += [Column(head, "number"), Column("shift", "number")]
    rows = [_scaled(fit, named) for fit in study.model_scales]
    return table_of("With the model uncertainty multiplied", columns, rows).filled()


def _scaled(fit: ScaledFit, named: list[str]) -> list[str]:
    cells = [f"x {numbers.number(fit.scale)}", numbers.number(fit.chi2)]
    for name in named:
        value, shift = fit.parameters.get(name), fit.shifts.get(name)
        cells.append("" if value is None else numbers.number(value, 5))
        cells.append("" if shift is None else numbers.signed(shift))
    return cells


def scales_in_words(study: Study) -> str:
    """Write how far each profiled parameter moves, e.g. ``k2 by -0.01 to +0.02 1/s``."""
    found: list[str] = []
    for name in shown_parameters(study):
        shifts = [fit.shifts[name] for fit in study.model_scales if name in fit.shifts]
        if any(shifts):
            low, high = numbers.signed(min(shifts)), numbers.signed(max(shifts))
            span = low if low == high else f"{low} to {high}"
            found.append(numbers.with_unit(f"{name} by {span}", wording.unit_of(study, name)))
    if not study.model_scales:
        return ""
    scales = [fit.scale for fit in study.model_scales]
    span = f"x {numbers.number(min(scales))} to x {numbers.number(max(scales))}"
    return f"{span} moves {', '.join(found) or 'nothing'}"


def knobs(study: Study) -> Table:
    """What refining each knob would change."""
    columns = [
        Column("knob", "name"),
        Column("value", "number"),
        Column("refined", "number"),
        Column("at"),
        Column("change of chi2", "number"),
        Column("change of parameters"),
        Column("order", "number"),
    ]
    rows = [
        [
            shift.knob,
            numbers.plain(shift.value),
            numbers.plain(shift.refined),
            shift.at,
            numbers.signed(shift.chi2),
            moves(study, shift),
            "" if shift.order is None else numbers.number(shift.order),
        ]
        for shift in study.knobs
    ]
    return table_of("Fitted again with refined knobs", columns, rows).filled()


def moves(study: Study, shift: KnobShift) -> str:
    """Write the changes of the parameters, e.g. ``k2 +0.0012 1/s, a1 -0.003``."""
    return ", ".join(
        numbers.with_unit(f"{name} {numbers.signed(by)}", wording.unit_of(study, name))
        for name, by in shift.parameters.items()
    )


def knobs_in_words(study: Study) -> list[str]:
    """One line for each knob and place."""
    return [
        f"{s.knob} {numbers.plain(s.value)} -> {numbers.plain(s.refined)} at {s.at}: "
        + "; ".join(t for t in (f"chi2 {numbers.signed(s.chi2)}", moves(study, s)) if t)
        for s in study.knobs
    ]
