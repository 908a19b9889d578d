"""What is true of a random fit, decided by brute force, with a guard band about every threshold.

What ends a piece of the 95 % set of the parameter of interest:

    scan edge, bound, physical limit    the profile is below the level at the end of the scan
    wall                                the model is not finite beyond
    symmetry                            an exact one moves the parameter: no datum ends anything
    prior                               by the data alone that side is not closed inside the box
    nuisance bound                      moved outward by a tenth of its range, and all refitted,
                                        it lets the end move by more than 1 % of the width
    data                                none of these

A statement inside its guard band is None, or has more than one right answer; it is then not
compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2 as chi2_distribution

from validation.statements.brute import LEVEL, Brute, Point
from validation.statements.case import Case, Direction, Number

NEAR_LEVEL = 0.12
"""An extremum of the profile this near to the level, in chi2, may or may not belong to the set."""
MOVES = 0.005, 0.02
"""Half and twice the share of a width by which an end must move for a nuisance bound to hold it.

1 % is where a bound is named; what lies between these two is not compared.
"""
AT_BOUND = 1e-3
"""A nuisance this near to its bound, in ranges, may be held by it."""
P_VALUES = 0.005, 0.02
"""Half and twice the p value of the criterion, 0.01."""
KNOB = 0.06, 0.17
"""Shares of an interval about a tenth, which is where a knob counts as unresolved."""
SYMMETRY = 0.05, 0.2
"""Changes of a residual, in sigma, about a tenth, which is where a symmetry counts as one."""

Reasons = frozenset[str]


@dataclass(frozen=True)
class End:
    """One end of a piece of the 95 % set."""

    value: float
    reasons: Reasons
    """All that it may rightly be told to be; none where it lies in a guard band."""
    holders: tuple[str, ...] = ()
    """Names of the nuisances whose bounds, or of the parameters whose priors, hold it."""
    sure: bool = True
    """Whether its value can be relied on: not where fits press against what is not finite."""


@dataclass(frozen=True)
class Truth:
    """What brute force knows of a case; None where it is not to be compared."""

    chi2: float
    best: dict[str, float]
    pieces: tuple[tuple[End, End], ...] | None
    codes: frozenset[str]
    """Codes that the profile may rightly have; none where it is not to be compared."""
    p_value: float | None
    fits: bool | None
    """Whether p is at least 0.01 somewhere in the box."""
    acts: dict[str, bool | None]
    knob_moves: bool | None
    unrepeatable: bool
    rough: bool | None
    unfinished: bool | None
    """Whether a part of the box is not finite."""
    full: bool | None
    """Whether at the best fit the data fix all combinations but those of exact symmetries."""
    spread: float
    """How much noise or chatter changes chi2 at the best place."""

    @property
    def identified(self) -> bool | None:
        """Whether one interval is closed by the data alone."""
        return _same(self.codes, frozenset({"identified"}))

    @property
    def trusted(self) -> bool | None:
        """Whether nothing but the profile stands against a claim; None in guard bands."""
        against = [
            None if self.fits is None else not self.fits,
            self.knob_moves,
            self.spread > 2 * LEVEL or (None if self.spread > 0.0 else False),
        ]
        return False if True in against else None if None in against else True

    @property
    def claims(self) -> bool | None:
        """Whether a statement about the value is supported."""
        told = _same(self.codes, frozenset({"identified", "several_intervals", "one_sided"}))
        both = (told, self.trusted)
        return False if False in both else None if None in both else True


def _same(codes: frozenset[str], wanted: frozenset[str]) -> bool | None:
    """Whether all codes that may be told are wanted ones; None where they differ."""
    if not codes:
        return None
    return True if codes <= wanted else None if codes & wanted else False


def decide(case: Case, scan: tuple[float, float]) -> Truth:
    """Everything about a case, its profile within the ends of a scan."""
    brute = Brute(case)
    brute.scan(*scan)
    brute.pieces(*scan)  # where roots are sought a lower chi2 may turn up
    best = brute.best
    p, fits = _goodness(case, best.chi2)
    pieces = _pieces(brute, scan)
    values = case.values(best.u[None])[0]
    moves = _knob(brute, pieces, scan) if case.knob else False
    tremble = case.tremble
    return Truth(
        chi2=best.chi2,
        best=dict(zip(case.names, values.tolist(), strict=True)),
        pieces=pieces,
        codes=_codes(brute, scan, pieces),
        p_value=p,
        fits=fits,
        acts=_acts(brute),
        knob_moves=moves,
        unrepeatable=tremble is not None and tremble.noise > 0.0,
        rough=case.rough,
        unfinished=_unfinite(brute),
        full=_full(brute),
        spread=0.0 if tremble is None else _spread(brute),
    )


# -- pieces and their ends -------------------------------------------------------------------


def _pieces(brute: Brute, scan: tuple[float, float]) -> tuple[tuple[End, End], ...] | None:
    """The 95 % set within the scan, and what ends it; None where it is about to change."""
    found = brute.pieces(*scan)
    if _about_to_change(brute):
        return None
    return tuple(
        (_end(brute, scan, low, high, side=0), _end(brute, scan, low, high, side=1))
        for low, high in found
    )


def _about_to_change(brute: Brute) -> bool:
    """Whether an extremum of the profile, or its end, lies next to the level."""
    level = brute.best.chi2 + LEVEL
    rises = [brute.points[v].chi2 - level for v in brute.grid]
    padded = [rises[0], *rises, rises[-1]]
    return any(
        abs(b) < NEAR_LEVEL and (b - a) * (c - b) <= 0.0
        for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)
        if math.isfinite(b)
    )


def _end(brute: Brute, scan: tuple[float, float], low: float, high: float, side: int) -> End:
    """What ends a piece on one side (0 lower, 1 upper)."""
    number, case, value = brute.number, brute.case, (low, high)[side]
    outward = (-1, 1)[side] * (number.unit(high) - number.unit(low))
    moved = symmetric(case, case.interest)
    if value == scan[side]:
        bound = (number.lower, number.upper)[side]
        if value != bound:
            return End(value, frozenset({"scan edge"} | ({"symmetry"} if moved else set())))
        words = {"physical limit" if value in number.physical else "bound"}
        words |= {"symmetry"} if moved else set()
        if _levelled(brute, scan, side) is not False:
            words |= {"flat"}
        return End(value, frozenset(words))
    beyond = float(number.value(np.array(number.unit(value) + 0.001 * outward)))
    if not math.isfinite(brute.at(beyond, [brute.best.u]).chi2):
        return End(value, frozenset({"wall"}))
    if _pressed(brute, value):
        return End(value, frozenset(), sure=False)
    if moved:
        return End(value, frozenset({"symmetry", "nuisance bound"}))
    if any(one.prior for one in case.numbers):
        held = _by_prior(brute, scan, side)
        if held is None:
            return End(value, frozenset())
        if held:
            return End(value, frozenset({"prior"}), held)
    return _by_nuisances(brute, value, outward)


def _pressed(brute: Brute, value: float) -> bool:
    """Whether the fit at an end lies next to where the model is not finite."""
    here = brute.at(value, [brute.best.u]).u
    steps = 2e-3 * np.concatenate([np.eye(len(here)), -np.eye(len(here))])
    near = here + np.where(brute.others, steps, 0.0)
    return not np.isfinite(brute.chi2(near)).all()


def _levelled(brute: Brute, scan: tuple[float, float], side: int) -> bool | None:
    """Whether the profile is flat over the outer quarter of the scan; None in between."""
    place = brute.number.unit
    first, last = place(scan[0]), place(scan[1])
    at = (first, last)[side]
    near = [p.chi2 for v, p in brute.points.items() if abs(place(v) - at) <= 0.25 * (last - first)]
    rise = max(near) - min(near)
    return True if rise < 0.005 * LEVEL else False if rise > 0.02 * LEVEL else None


def _by_prior(brute: Brute, scan: tuple[float, float], side: int) -> tuple[str, ...] | None:
    """Priors without which the data do not close this side inside the box; None if unclear."""
    case = brute.case
    with_one = [number.name for number in case.numbers if number.prior]
    bare = Brute(case.without_priors(), [brute.best.u])
    box = (brute.number.lower, brute.number.upper)
    bare.scan(*box)
    pieces = bare.pieces(*box)
    if _about_to_change(bare) or not pieces:
        return None
    low, high = pieces[-1 if side else 0]
    end = _end(bare, box, low, high, side)
    if not end.reasons or "wall" in end.reasons:
        return None
    if end.reasons != {"data"}:
        return tuple(with_one)
    inside = low >= scan[0] if side == 0 else high <= scan[1]
    return () if inside else None


def _by_nuisances(brute: Brute, value: float, outward: float) -> End:
    """Whether bounds of nuisances hold an end that nothing else explains.

    Those at which the best fit lies are asked as well: they hold the minimum that the level is
    counted from.
    """
    here = brute.at(value, [brute.best.u])
    held: list[str] = []
    unclear = False
    moves: list[Number] = []
    for j, number in enumerate(brute.case.numbers):
        if j == brute.column:
            continue
        for side in (0, 1):
            if min(abs(here.u[j] - side), abs(brute.best.u[j] - side)) > AT_BOUND:
                continue
            moves.append(number.widened(side))
            answer = _moves(brute, [moves[-1]], here, value, outward)
            unclear |= answer is None
            held += [number.name] if answer else []
    if not held and len(moves) > 1 and _moves(brute, moves, here, value, outward) is not False:
        unclear = True
    if unclear:
        return End(value, frozenset())
    return End(value, frozenset({"nuisance bound" if held else "data"}), tuple(held))


def _moves(
    brute: Brute, wider: Sequence[Number], here: Point, value: float, outward: float
) -> bool | None:
    """Whether the end moves by more than 1 % of the width in a wider box; None if unclear.

    Shares of the width are on the scale of the parameter.  The level is taken from the minimum of
    the old box, and from that of the wider one: where the two answers differ, it is not clear
    what is meant.
    """
    case = brute.case.replaced(*wider)
    known = [
        case.units(dict(zip(case.names, brute.case.values(u[None])[0], strict=True)))
        for u in (here.u, brute.best.u)
    ]
    other = Brute(case, known)
    lowest = min(
        one.chi2 for one in [brute.best, *(other.fit(u, np.ones(len(u), bool)) for u in known)]
    )

    def profile(share: float) -> float:
        start = known[0].copy()
        start[other.column] = other.number.unit(value) + share * outward
        return other.fit(np.where(other.others, np.clip(start, 0, 1), start), other.others).chi2

    answers = set()
    for reference in (brute.best.chi2, lowest):
        level = reference + LEVEL
        if profile(MOVES[1]) <= level or profile(-MOVES[1]) > level:
            answers.add(True)
        elif profile(MOVES[0]) > level and profile(-MOVES[0]) <= level:
            answers.add(False)
        else:
            return None
    return answers.pop() if len(answers) == 1 else None


def symmetric(case: Case, name: str) -> bool:
    """Whether an exact symmetry moves a parameter."""
    return any(moved.get(name) for _, moved in case.group)


# -- codes -----------------------------------------------------------------------------------


def _codes(
    brute: Brute, scan: tuple[float, float], pieces: tuple[tuple[End, End], ...] | None
) -> frozenset[str]:
    """Codes that the profile may rightly have; none where that is not to be compared."""
    if pieces is None or any(not end.reasons for piece in pieces for end in piece):
        return frozenset()
    if not pieces:  # the set lies outside the scan
        return frozenset({"edge_minimum"})
    more = {"not_identifiable_symmetry"} if symmetric(brute.case, brute.case.interest) else set()
    whole = len(pieces) == 1 and (pieces[0][0].value, pieces[0][1].value) == scan
    if whole:
        return frozenset({"not_constrained"} | more)
    edge = _at_edge(brute, scan)
    reasons = {frozenset(end.reasons - {"flat"}) for piece in pieces for end in piece}
    found = _code_of(reasons, len(pieces)) | more
    if edge is None:
        return frozenset(found | {"edge_minimum"})
    return frozenset({"edge_minimum"} | more) if edge else frozenset(found)


def _code_of(reasons: set[Reasons], pieces: int) -> set[str]:
    words = set().union(*reasons)
    if words == {"data"}:
        return {"identified"} if pieces == 1 else {"several_intervals"}
    if words == {"data", "physical limit"}:
        return {"one_sided"}
    if "prior" in words:
        others = words - {"prior", "data"}
        return {"prior_limited"} | ({"bound_limited"} if others else set())
    return {"bound_limited"} | ({"nonfinite_region"} if "wall" in words else set())


def _at_edge(brute: Brute, scan: tuple[float, float]) -> bool | None:
    """Whether the lowest chi2 is at an end of the scan, no physical limit; None if unclear."""
    inside = {v: p.chi2 for v, p in brute.points.items() if scan[0] <= v <= scan[1]}
    ends = {v: inside[v] for v in scan if v not in brute.number.physical}
    if not ends:
        return False
    lowest = min(chi2 for value, chi2 in inside.items() if value not in ends)
    edge = min(ends.values())
    if edge < lowest - 0.02:
        return True
    # A minimum next to the end looks like one at the end, and so does a level stretch.
    return None if edge < lowest + 0.02 else False


# -- the rest --------------------------------------------------------------------------------


def _goodness(case: Case, chi2: float) -> tuple[float | None, bool | None]:
    """P value and whether it is at least 0.01, with symmetries counted as data fix them."""
    data = len(case.data) + sum(number.prior is not None for number in case.numbers)
    dof = data - len(case.numbers)
    low, high = (float(chi2_distribution.sf(chi2, n)) for n in (dof, dof + len(case.group)))
    if min(low, high) > P_VALUES[1]:
        return low, True
    return low, False if max(low, high) < P_VALUES[0] else None


def _acts(brute: Brute) -> dict[str, bool | None]:
    """Whether each parameter moves a prediction anywhere: on lines through many places."""
    case, rng = brute.case.without_priors(), np.random.default_rng(4)
    bases = np.concatenate(
        [np.array([one.u for one in brute.minima[:3]]), rng.random((20, len(case.numbers)))]
    )
    # Even places, and places that crowd at both ends of the range.
    close = 2.0 ** -np.arange(2, 30)
    line = np.concatenate([np.linspace(0, 1, 201), close, 1 - close])
    found: dict[str, bool | None] = {}
    for j, number in enumerate(case.numbers):
        u = np.repeat(bases, len(line), axis=0)
        u[:, j] = np.tile(line, len(bases))
        r = case.residuals(case.values(u)).reshape(len(bases), len(line), -1)
        finite = np.isfinite(r).all(axis=2, keepdims=True)
        high = np.where(finite, r, -np.inf).max(axis=1)
        low = np.where(finite, r, np.inf).min(axis=1)
        moved = (high - low).max()  # -inf on lines without a finite place
        pulled = brute.case.number(number.name).prior is not None
        acts = True if moved > 1e-2 else False if moved == 0.0 and not pulled else None
        found[number.name] = acts
    return found


def _full(brute: Brute) -> bool | None:
    """Whether the slopes at the best fit have the rank that the exact symmetries leave."""
    u, n = brute.best.u, len(brute.case.numbers)
    inward = np.diag(np.where(u > 0.5, -1e-6, 1e-6))
    r = brute.residuals(np.concatenate([u[None], u + inward, u + 2 * inward]))
    slopes = (-3 * r[0] + 4 * r[1 : n + 1] - r[n + 1 :]) / 2e-6
    if not np.isfinite(slopes).all():
        return None
    sizes = np.linalg.svd(slopes, compute_uv=False)
    rank = n - len(brute.case.group)
    return True if len(sizes) >= rank > 0 and sizes[rank - 1] > 1e-3 * sizes[0] else None


def _unfinite(brute: Brute) -> bool | None:
    """Whether more than 3 % of the box is not finite; None below that."""
    u = np.concatenate([brute.crowd(4096, 5), brute.minima[0].u[None]])
    even = ~np.isfinite(brute.chi2(u[:2048]))
    if even.mean() > 0.03:
        return True
    return None if (~np.isfinite(brute.chi2(u))).any() else False


def _knob(
    brute: Brute, pieces: tuple[tuple[End, End], ...] | None, scan: tuple[float, float]
) -> bool | None:
    """Whether the refined knob moves the best value or an end by more than a tenth of a piece."""
    if not pieces or len(pieces) > 1:
        return None
    old = [end.value for end in pieces[0]]
    fine = Brute(brute.case, [brute.best.u], refined=True)
    fine.scan(*scan)
    new = fine.pieces(*scan)
    before, after = (float(one.number.value(one.best.u[one.column])) for one in (brute, fine))
    if abs(after - before) > 2 * (old[1] - old[0]):  # out of sight of the scan, perhaps
        return True
    if len(new) != 1:
        return None
    shifts = [after - before, *(b - a for a, b in zip(old, new[0], strict=True))]
    knob = brute.case.knob
    assert knob is not None
    ratio = knob.refined / knob.value
    factors = [1.0] if knob.order is None else [1.0, 1.0 / (1.0 - ratio**-knob.order)]
    sizes = [max(map(abs, shifts)) * factor / (old[1] - old[0]) for factor in factors]
    if min(sizes) > KNOB[1]:
        return True
    return False if max(sizes) < KNOB[0] else None


def _spread(brute: Brute) -> float:
    """How much noise or chatter moves chi2 at the best place: the spread of many draws."""
    tremble, rng = brute.case.tremble, np.random.default_rng(6)
    assert tremble is not None
    r = brute.residuals(brute.best.u[None])[0]
    m = len(brute.case.data)
    if tremble.noise:
        moved = tremble.noise * rng.normal(size=(200, m))
    else:
        moved = tremble.chatter * np.sin(rng.uniform(0, 2 * np.pi, (200, 1))) * np.ones(m)
    draws = ((r[:m] + moved) ** 2).sum(axis=1)
    return float(np.std(draws))


def nearly(case: Case, at: dict[str, float], direction: Direction) -> float:
    """Largest change of a residual, in sigma, under a scaling by 2 and 1/2 at a place.

    The largest exponent is made 1: no parameter is scaled by more.
    """
    kind, exponents = direction
    assert kind == "scaling"
    start = np.array([[at[name] for name in case.names]])
    powers = np.array([float(exponents.get(name, 0)) for name in case.names])
    powers /= np.abs(powers).max()
    places = np.concatenate([start, start * 2.0**powers, start * 2.0**-powers])
    r = case.residuals(places)
    return float(np.max(np.abs(r[1:] - r[0])))


def verified(case: Case) -> Iterator[str]:
    """What is wrong with what a case says of itself; nothing should be."""
    rng = np.random.default_rng(7)
    u = rng.uniform(0.1, 0.9, (20, len(case.numbers)))
    start = case.values(u)
    before = case.residuals(start)
    for kind, moved in case.group:
        steps = np.array([float(moved.get(name, 0)) for name in case.names])
        after = case.residuals(start * 1.3**steps if kind == "scaling" else start + 0.3 * steps)
        if not np.allclose(after, before, rtol=1e-9, atol=1e-9 * np.abs(before).max()):
            yield f"{kind} {dict(moved)} moves residuals"
