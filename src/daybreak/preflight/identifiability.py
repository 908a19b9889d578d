"""Which parameters the data can determine at all, before any fit.

The rank of d(residuals)/d(parameters) at a generic place is the number of independent
combinations the data can fix; scale factors and offsets are eliminated first. What moves along a
null direction there is *locally not identifiable*; where an exact symmetry carries the direction
through the whole box, only the bounds confine the parameters, whatever the data say. What moves
along one of the data without the priors is known only through its prior.

Source: Raue et al., Bioinformatics 25, 1923 (2009) for structural as against practical
identifiability; Rothenberg, Econometrica 39, 577 (1971) for the rank criterion.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from daybreak.findings import Finding, Identifiability, Symmetry, codes
from daybreak.preflight.directions import reduced
from daybreak.preflight.probe import Probe
from daybreak.preflight.symmetry import Slopes, slopes
from daybreak.problem.arrays import Array
from daybreak.problem.priors import GROUP
from daybreak.sentences import Sentence, between, joined, worded

RANK_TOLERANCE = {True: 1e-9, False: 1e-6}
"""Least singular value that counts, relative to the largest, by whether slopes are exact.

Slopes by autodiff are good to rounding, by differences to 1e-7 at best (`symmetry`); both have
room to spare.
"""
PARTICIPATION = 1e-3
"""Share of a null direction, in ranges, from which a parameter takes part in it.

A choice, far above the rounding of a singular vector: who moves by less than a thousandth of a
range while another crosses its own does not matter.
"""
SHOWN = 3
"""Null directions named in the sentence.

A choice: of several directions no basis is better than another.
"""


def identify(
    probe: Probe, symmetries: Sequence[Symmetry]
) -> tuple[int, dict[str, Identifiability], list[Finding]]:
    """Generic local rank, what can be known of each parameter, and the findings.

    Parameters
    ----------
    probe : Probe
    symmetries : sequence of Symmetry
        What `find_symmetries` found.

    Raises
    ------
    OutOfTime
        When the budget is spent.
    NotMade
        When the model has too few numbers: nothing is then said of any parameter.
    """
    # Any generic place has the rank; those where a parameter acts are for those that act in a
    # corner of the box alone.
    found = slopes(probe)
    exact = [s for s in symmetries if s.exact]
    rank, free = _free_directions(probe, found, exact)
    loose = _participants(probe.free, free)
    bound = {name for symmetry in exact for name in symmetry.exponents}
    pulled = _without_priors(probe, found)
    status: dict[str, Identifiability] = {
        name: "only through its bounds"
        if name in bound
        else "locally not identifiable"
        if name in loose
        else "only through its prior"
        if name in pulled
        else "identifiable"
        for name in probe.free
    }
    findings = [_moved(symmetry) for symmetry in symmetries]
    if loose:
        findings.append(_loose(probe.free, free[0], rank))
    return rank, status, [*findings, *_too_few(probe)]


def _without_priors(probe: Probe, found: Slopes) -> set[str]:
    """Parameters that the data alone leave free: priors are data of a group of their own."""
    data = np.full(found.rows.shape[1], fill_value=True)  # noise of unknown size has rows as well
    data[: len(probe.problem.data)] = [d.group != GROUP for d in probe.problem.data.data]
    if data.all():
        return set()
    return _participants(probe.free, _free_directions(probe, found.told_by(data), ())[1])


def _free_directions(
    probe: Probe, found: Slopes, exact: Sequence[Symmetry]
) -> tuple[int, list[Array]]:
    """Greatest rank of the slopes, and null directions beyond the symmetries.

    The latter in ranges, one orthonormal set of shape (d, n) for each place of that rank.
    """
    n = len(probe.free)
    places, m, _ = found.rows.shape
    # Rows of zeros complete the null space; full matrices would be as large as data by data.
    rows = np.concatenate([found.rows, np.zeros((places, max(0, n - m), n))], axis=1)
    _, sizes, vectors = np.linalg.svd(rows, full_matrices=False)
    ranks = np.sum(sizes > RANK_TOLERANCE[probe.differentiable] * sizes[:, :1], axis=1)
    rank = int(min(ranks.max(), n - len(exact)))
    generic = np.flatnonzero(ranks >= rank)
    directions = [
        _without(vectors[k, rank:], _tangents(probe, found.values[k], exact)) for k in generic
    ]
    return rank, directions


def _tangents(probe: Probe, values: Array, exact: Sequence[Symmetry]) -> Array:
    """Directions in u along which the symmetries move from one place, shape (d, n).

    ``du/dc`` is ``e_j p_j du_j/dp_j`` for a scaling and ``s_j du_j/dp_j`` for a shift.
    """
    box = probe.box
    slope = [
        1.0 / (v * np.log(p.upper / p.lower)) if p.scale == "log" else 1.0 / (p.upper - p.lower)
        for p, v in zip(box.parameters, values, strict=True)
    ]
    rows = [
        [float(Fraction(s.exponents.get(name, "0"))) for name in probe.free]
        * (values if s.kind == "scaling" else np.ones(len(values)))
        for s in exact
    ]
    return np.array(rows, dtype=np.float64).reshape(len(exact), len(values)) * slope


def _without(null: Array, tangents: Array) -> Array:
    """Orthonormal basis of what is left of `null` beside `tangents`, shape (d, n)."""
    if not len(tangents):
        return null
    _, _, known = np.linalg.svd(tangents, full_matrices=False)
    left = null - null @ known.T @ known
    return np.linalg.svd(left)[2][: max(0, len(null) - len(tangents))]


def _participants(names: Sequence[str], directions: Sequence[Array]) -> set[str]:
    """Parameters that take part in the null directions of a typical place."""
    if not directions:
        return set()
    shares = np.median([np.linalg.norm(rows, axis=0) for rows in directions], axis=0)
    return {name for name, share in zip(names, shares, strict=True) if share > PARTICIPATION}


def _moved(symmetry: Symmetry) -> Finding:
    alone = next(iter(symmetry.exponents)) if len(symmetry.exponents) == 1 else None
    if not symmetry.exact:
        sentence = Sentence(symmetry.sentence).then(
            "; the data can tell these parameters apart only weakly."
        )
        return Finding(code=codes.APPROXIMATE_SYMMETRY, parameter=alone, sentence=sentence)
    sentence = Sentence(symmetry.sentence).then(
        "; only the bounds confine what it moves, no datum does."
    )
    return Finding(
        code=codes.NOT_IDENTIFIABLE_SYMMETRY,
        severity="warning",
        parameter=alone,
        sentence=sentence,
    )


def _loose(names: Sequence[str], free: Array, rank: int) -> Finding:
    """Name the null directions of one place, in shares of the parameters' ranges."""
    shown = joined("; or ", (_direction(names, row) for row in reduced(free)[:SHOWN]))
    count = worded("{} direction", len(free)) + ("s" if len(free) > 1 else "")
    sentence = worded(
        "to first order the data fix {} of {} combinations of parameters; beyond "
        "the exact symmetries {} can be followed from every place without "
        "changing a residual",
        rank,
        len(names),
        count,
    )
    # One direction is worth a look; several have no preferred basis, and their numbers say little.
    sentence += worded(" (in shares of the ranges: {}).", shown) if len(free) == 1 else "."
    return Finding(code=codes.NOT_IDENTIFIABLE_LOCALLY, sentence=sentence)


def _direction(names: Sequence[str], row: Array) -> str:
    """``a by +1.00, b by -0.42``: the largest first, nothing below a hundredth of it."""
    shares = row / row[np.argmax(np.abs(row))]
    order = np.argsort(-np.abs(shares), kind="stable")
    parts = (worded("{} by {:+.2f}", names[j], shares[j]) for j in order if abs(shares[j]) >= 0.01)
    return joined(", ", parts)


def _too_few(probe: Probe) -> list[Finding]:
    """More fitted numbers than data: an excellent fit then says nothing."""
    problem = probe.problem
    eliminated = len(problem.scale_factors) + len(problem.offsets)
    fitted, data = len(probe.free) + eliminated, len(problem.data)
    if fitted <= data:
        return []
    sentence = worded(
        "{} numbers are fitted ({} parameters, {} scale factors and offsets) {}",
        fitted,
        len(probe.free),
        eliminated,
        between("to {} data", data),
    ).then("; chi2 can vanish whatever the model is worth.")
    return [Finding(code=codes.TOO_FEW_DATA, sentence=sentence)]
