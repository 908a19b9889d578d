"""How strong a statement a profile supports about its parameter, from the evidence alone.

    offset = best - reference
    z(v) = sqrt(profile(v) - chi2_min), in sigma (Wilks 1938, Ann. Math. Stat. 9, 60),
           times sqrt(3.8415 / level) where the 95 % level is another one
    t(reference) = min over v of z(v)^2 + ((v - reference) / uncertainty)^2

and sqrt(t) is how many sigma the reference is excluded at; an exact reference gives z(reference).
A reference at a physical limit is excluded where the limit does not belong to the 95 % set.
Between two points of a profile z is a straight line, which is exact where chi2 is a parabola.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from daybreak.criteria import Claim
from daybreak.diagnosis.study import Profile, Study
from daybreak.diagnosis.withheld import first, own_code, why, withheld
from daybreak.findings import (
    Finding,
    Identifiability,
    StudyPreflight,
    Symmetry,
    Withholds,
    codes,
)
from daybreak.problem.ends import LEVEL_95
from daybreak.sentences import capitalised

NOT_IDENTIFIABLE = "not identifiable"
NO_CLAIM = "no claim"
NOT_CONSTRAINED = "not constrained"
LIMITED = "limited by bounds"
PRIOR = "limited by priors"
EXCLUDES = "excludes"
COMPATIBLE = "compatible"
CONSTRAINS = "constrains"
STRENGTHS = (
    NOT_IDENTIFIABLE,
    NO_CLAIM,
    NOT_CONSTRAINED,
    LIMITED,
    PRIOR,
    EXCLUDES,
    COMPATIBLE,
    CONSTRAINS,
)
"""All strengths in the order in which they are tried; the first that applies is taken."""
SUPPORTED = frozenset(
    {EXCLUDES, COMPATIBLE, CONSTRAINS}
    | {code.in_words for code in (codes.IDENTIFIED, codes.ONE_SIDED, codes.SEVERAL_INTERVALS)}
)
"""Strengths that say something about the value; the last three need no reference."""
_OF_CODES = {
    codes.NOT_IDENTIFIABLE_SYMMETRY: NOT_IDENTIFIABLE,
    codes.NOT_CONSTRAINED: NOT_CONSTRAINED,
    codes.BOUND_LIMITED: LIMITED,
    codes.EDGE_MINIMUM: LIMITED,
    codes.PRIOR_LIMITED: PRIOR,
    codes.NONFINITE_REGION: NO_CLAIM,
    codes.FLAT_WITHIN_NOISE: NO_CLAIM,
    codes.UNFINISHED: NO_CLAIM,
}

_TELL_SYMMETRIES = (codes.NOT_IDENTIFIABLE_SYMMETRY, codes.BOUND_LIMITED, codes.PRIOR_LIMITED)
"""Codes whose sentence names the symmetry that moves the parameter, where there is one."""


@dataclass(frozen=True)
class Weighed:
    """A claim after the run."""

    reference: Claim | None
    """As declared; None for a parameter that no claim was declared for."""
    offset: float | None
    """Best value minus reference, in the parameter's unit; None without either."""
    strength: str
    """One of `STRENGTHS`; without a reference the words of the profile's code."""
    sentence: str
    headed: str = ""
    """The sentence for where the parameter stands before it; empty where it is the same."""

    @property
    def supported(self) -> bool:
        """Whether the evidence carries a statement about the value."""
        return self.strength in SUPPORTED


@dataclass(frozen=True)
class Exclusion:
    """How far a reference is from what the data prefer."""

    sigma: float
    bounded: bool
    """Whether `sigma` is only a lower bound, because the reference lies outside the scan."""


def weigh(
    study: Study,
    claim: Claim | None,
    symmetries: Sequence[Symmetry] | None = (),
    *,
    profile: Profile | None = None,
    identifiability: Mapping[str, Identifiability] = MappingProxyType({}),
    before: StudyPreflight | None = None,
) -> Weighed:
    """What a finished study says of a profiled parameter.

    Parameters
    ----------
    study : Study
        With a profile.
    claim : Claim, optional
        The value to compare with; without one the parameter is only described.
    symmetries : sequence of Symmetry, optional
        What the preflight found; an exact one that moves the parameter leaves nothing to claim,
        and None, where it did not look for any, is said beside the claim.
    identifiability : mapping parameter -> word
        What the preflight found from the rank of the Jacobian: where the data leave a direction
        free that moves the parameter, and its profile is flat, it is not identifiable either.
    profile : Profile, optional
        The profile in question; by default the study's first.
    before : StudyPreflight, optional
        What else the preflight knew, and what it did not check.
    """
    profile = profile or study.profile
    if profile is None:
        msg = f"study {study.name!r} has no profile, so there is no claim to weigh."
        raise ValueError(msg)
    moving = _unidentified(profile, symmetries or (), identifiability)
    against = withheld(study, Withholds.CLAIM, profile.parameter, before)
    if claim is None:
        found = _described(profile, moving, first(against, profile), study.names)
    else:
        offset = None if profile.minimum is None else profile.minimum - claim.reference
        strength, said = _strength(profile, claim, moving, against)
        said += _offset_in_words(profile, claim, offset)
        found = Weighed(claim, offset, strength, said)
    if symmetries is not None or not found.supported:
        return found
    unasked = f" Whether a symmetry moves {profile.parameter} was not checked."
    headed = f"{found.headed}{unasked}" if found.headed else ""
    return replace(found, sentence=f"{found.sentence}{unasked}", headed=headed)


def exclusion(profile: Profile, claim: Claim) -> Exclusion | None:
    """How many sigma the reference is excluded at (module formula); None without two points."""
    values, z = _curve(profile)
    if len(values) < 2:
        return None
    stretches = zip(values, values[1:], z, z[1:], strict=False)
    t = min(_least(*stretch, claim) for stretch in stretches)
    inside = values[0] <= claim.reference <= values[-1]
    if not inside:
        edge = z[0] if claim.reference < values[0] else z[-1]
        t = min(t, edge**2)
    return Exclusion(math.sqrt(t), bounded=not inside)


def _described(
    profile: Profile, moving: str, against: Finding | None, names: Collection[str]
) -> Weighed:
    """The claim about a parameter without a reference: what its code says, if the fit is good."""
    strength = _OF_CODES.get(profile.code, profile.code.in_words)
    more = ""
    if moving:
        told = profile.code in _TELL_SYMMETRIES
        strength, more = NOT_IDENTIFIABLE, "" if told else f" {moving}."
    elif against is not None:
        because = capitalised(why(against), names)
        strength, more = NO_CLAIM, f" {because}, so it supports no claim about the value."
    headed = f"{profile.headed}{more}" if profile.headed else ""
    return Weighed(None, None, strength, f"{profile.sentence}{more}", headed)


def _strength(
    profile: Profile, claim: Claim, moving: str, against: Sequence[Finding]
) -> tuple[str, str]:
    """The first strength that applies, and what is said of the reference."""
    name, value = profile.parameter, _reference_in_words(profile, claim)
    if moving:
        said = f"{name} is not identifiable, so {value} cannot be tested"
        return NOT_IDENTIFIABLE, f"{said}: {moving}"
    other = first(against, profile)
    if other is not None:
        return NO_CLAIM, f"no claim about {value}: {why(other)}"
    if profile.code == codes.NOT_CONSTRAINED:
        said = (
            f"{name} is not constrained: neither {value} nor any other value scanned is excluded"
        )
        return NOT_CONSTRAINED, said
    if _OF_CODES.get(profile.code) == LIMITED:
        return LIMITED, f"{name} is limited by bounds, so the data alone do not test {value}"
    if profile.code == codes.PRIOR_LIMITED:
        return PRIOR, f"{name} is limited by priors, so the data alone do not test {value}"
    found = None if against else exclusion(profile, claim)
    if found is None:
        few = "fewer than two values of its profile were fitted"
        because = why(own_code(profile, headed=True)) if against else few
        return NO_CLAIM, f"no claim about {value}: {because}"
    if claim.reference in profile.left_out and claim.uncertainty == 0.0:
        said = f"{_exclusion_in_words(value, found)}, which is enough at a physical limit"
        return EXCLUDES, said
    inside = any(i.lower <= claim.reference <= i.upper for i in profile.intervals)
    if found.sigma**2 > LEVEL_95 and not inside:
        return EXCLUDES, _exclusion_in_words(value, found)
    off = f"{value}, which lies {found.sigma:.2g} sigma off the best"
    width = profile.intervals[-1].upper - profile.intervals[0].lower
    bar = claim.narrower_than
    if bar is not None and width < bar * abs(claim.reference):
        share = 100 * width / abs(claim.reference)
        return CONSTRAINS, f"the data constrain {name} to {share:.3g} %, compatible with {off}"
    return COMPATIBLE, f"the data are compatible with {off}"


def _unidentified(
    profile: Profile,
    symmetries: Sequence[Symmetry],
    identifiability: Mapping[str, Identifiability],
) -> str:
    """Why no data of this kind could fix the parameter, as a clause; empty when they could."""
    name = profile.parameter
    for symmetry in symmetries:
        if symmetry.moves(name):
            return symmetry.sentence
    loose = identifiability.get(name) == "locally not identifiable"
    if loose and profile.code in (codes.NOT_CONSTRAINED, codes.FLAT_WITHIN_NOISE):
        return f"the data leave a direction free that moves {name}, and chi2 is flat along it"
    return ""


def _curve(profile: Profile) -> tuple[list[float], list[float]]:
    """Values in order and z there: all that was fitted, and the ends set by data."""
    if profile.minimum is None or profile.chi2_min is None:
        return [], []
    share = LEVEL_95 / profile.level
    rises = ((value, chi2 - profile.chi2_min) for value, chi2 in profile.fitted)
    z = {value: math.sqrt(share * max(rise, 0.0)) for value, rise in rises}
    for piece in profile.intervals:
        ends = ((piece.lower, piece.lower_closed), (piece.upper, piece.upper_closed))
        z |= {end: math.sqrt(LEVEL_95) for end, closed in ends if closed}
    z[profile.minimum] = 0.0
    values = sorted(z)
    return values, [z[v] for v in values]


def _least(a: float, b: float, za: float, zb: float, claim: Claim) -> float:
    """Least t on one stretch, on which z(v) = za + slope (v - a).

    dt/dv = 0 at v = a + (reference - a - u^2 za slope) / (1 + u^2 slope^2), u the uncertainty.
    """
    u2, slope, reference = claim.uncertainty**2, (zb - za) / (b - a), claim.reference
    if u2 == 0.0:  # z there, or infinity on any other stretch
        return (za + slope * (reference - a)) ** 2 if a <= reference <= b else math.inf
    at = a + (reference - a - u2 * za * slope) / (1.0 + u2 * slope * slope)
    at = min(max(at, a), b)
    return (za + slope * (at - a)) ** 2 + (at - reference) ** 2 / u2


# -- words -----------------------------------------------------------------------------------


def _reference_in_words(profile: Profile, claim: Claim) -> str:
    text = f"{claim.parameter} = {claim.reference:.10g}"
    if claim.uncertainty:
        text += f" +/- {claim.uncertainty:.2g}"
    text = f"{text} {profile.unit}".rstrip()
    return f"{text} ({claim.label})" if claim.label else text


def _offset_in_words(profile: Profile, claim: Claim, offset: float | None) -> str:
    """What follows the statement, e.g. ``; best 3, offset -0.05823 (-1.904 %).``."""
    if offset is None or profile.minimum is None:
        return "."
    best = f"{profile.minimum:.7g} {profile.unit}".rstrip()
    off = f"{offset:+.4g} {profile.unit}".rstrip()
    share = f" ({100 * offset / abs(claim.reference):+.4g} %)" if claim.reference else ""
    return f"; best {best}, offset {off}{share}."


def _exclusion_in_words(value: str, found: Exclusion) -> str:
    if found.bounded:
        return (
            f"the data exclude {value} at more than {found.sigma:.3g} sigma, the end of the scan, "
            "if chi2 keeps rising outside it"
        )
    return f"the data exclude {value} at {found.sigma:.3g} sigma"
