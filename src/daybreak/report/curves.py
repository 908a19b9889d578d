"""Phrases and tables about profiles and maps: every view says the same of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daybreak.diagnosis.study import (
    Contour,
    EndReason,
    Interval,
    Map,
    Profile,
    ProfilePoint,
    Study,
    Variation,
)
from daybreak.findings.codes import EDGE_MINIMUM, FLAT_WITHIN_NOISE
from daybreak.problem.ends import same_chi2
from daybreak.report import numbers, wording
from daybreak.report.cells import Column, Table, table_of
from daybreak.sentences import between, joined, worded

FLAT = "the profile is flat up to its bound"
"""Why an interval has no end where the data no longer tell values apart."""

SAME = 1e-6
"""Differences of chi2 below this are none.

As for two fits (`daybreak.problem.ends.same_chi2`).
"""


_TELLING = 1e6
"""Per cent of its minimum above which a variation of chi2 is told as it is.

A choice: beyond ten thousand times the minimum the share only says that the fit is excellent.
"""


def at_edge(profile: Profile) -> bool:
    """Whether the lowest point is the first or last of the scan."""
    if profile.minimum is None:
        return False
    ends = {profile.points[0].value, profile.points[-1].value} if profile.points else set[float]()
    return profile.code == EDGE_MINIMUM or profile.minimum in ends


def minimum(profile: Profile) -> str:
    """Write where a profile is lowest, e.g. ``beta = 3 (edge)``; empty when every fit failed."""
    if profile.minimum is None:
        return ""
    where = numbers.with_unit(numbers.number(profile.minimum), profile.unit)
    return f"{profile.parameter} = {where}" + (" (edge)" if at_edge(profile) else "")


def minima(study: Study, joiner: str = "; ") -> str:
    """Write where every profile of a study is lowest."""
    return joiner.join(text for text in map(minimum, study.profiles) if text)


def codes(study: Study) -> str:
    """Name the finding codes of the profiles, each once."""
    return ", ".join(dict.fromkeys(profile.code.word for profile in study.profiles))


def interval(piece: Interval, unit: str = "") -> str:
    """Write a piece of the 95 % set; a bracket is round where the data do not close it.

    What ends it is written beside it, with the priors that move an end that the data close.
    """
    if piece.lower == piece.upper and piece.lower_reason is EndReason.UNFINISHED:
        at = numbers.with_unit(numbers.number(piece.lower), unit)
        return worded("a piece around {} (its ends were not sought)", at)
    left, right = "[" if piece.lower_closed else "(", "]" if piece.upper_closed else ")"
    ends = (numbers.number(piece.lower), numbers.number(piece.upper))
    text = between("{}{}, {}{}", left, *ends, right)
    reasons = (
        ("lower", piece.lower_reason, piece.lower_of),
        ("upper", piece.upper_reason, piece.upper_of),
    )
    loose = [
        f"{side} end: {ended_by(reason, of)}"
        for side, reason, of in reasons
        if reason is not EndReason.DATA or of
    ]
    text = numbers.with_unit(text, unit)
    return worded("{} ({})", text, ", ".join(loose)) if loose else text


def ended_by(reason: EndReason, of: Sequence[str]) -> str:
    """Name what ends an interval, e.g. ``bound of b`` or ``prior of z``."""
    names = " and ".join(of)
    if reason is EndReason.DATA:
        return f"data and the prior of {names}" if of else str(reason)
    if reason is EndReason.FLAT:
        return FLAT
    word = EndReason.BOUND if reason is EndReason.NUISANCE else reason
    return f"{word} of {names}" if of else str(reason)


def intervals(profile: Profile) -> str:
    """Write the whole 95 % set, e.g. ``95 % set of k2: [0.89, 1.01] 1/s.``; empty without one."""
    if not any(piece.upper > piece.lower for piece in profile.intervals):
        return ""
    pieces = joined(" and ", (interval(piece, profile.unit) for piece in profile.intervals))
    hidden = " as far as the noise lets it be seen" if profile.code == FLAT_WITHIN_NOISE else ""
    return worded("95 % set of {}{}: {}.", profile.parameter, hidden, pieces)


def no_set(profile: Profile) -> str:
    """Stand in for the 95 % set where no piece of it is known."""
    return f"95 % set of {profile.parameter}: none found."


def remarks(profile: Profile) -> list[str]:
    """Say how the curve came about: before and after relaxation, and noise of the method."""
    return [text for text in (relaxation(profile), noise(profile)) if text]


def relaxation(profile: Profile) -> str:
    """Compare the curve before and after its points have learnt from each other."""
    if profile.ends_only:
        return "Only its ends were sought, each from the best fit."
    if profile.after is None:
        return ""
    after, was = _variation(profile.after), profile.before
    if was is None:
        text = f"After relaxation chi2 varies by {after}."
    elif _variation(was) == after:
        text = f"Before and after relaxation chi2 varies by {after}."
    else:
        text = f"Before relaxation chi2 varies by {_variation(was)}, after it by {after}."
    return text + _directions(profile.points)


def _variation(found: Variation) -> str:
    """Write e.g. ``27.3 % of its minimum with 4 local minima``."""
    of = numbers.rounded(found.range, 3)
    if found.percent is None:
        of = f"{of} from a minimum of 0"
    elif found.percent < _TELLING:
        of = f"{numbers.rounded(found.percent, 3)} % of its minimum"
    count = found.local_minima
    minima = numbers.count(count, "local minimum", "local minima") if count else "no local minimum"
    return f"{of} with {minima}"


def _directions(points: Sequence[ProfilePoint]) -> str:
    """How far the fits from the two neighbours are apart, at worst; empty where they agree."""
    first = max((p.disagreement_before for p in points if p.disagreement_before), default=0.0)
    last = max((p.disagreement for p in points if p.disagreement), default=0.0)
    if max(first, last) < SAME:
        return ""
    still = f"from one side alone up to {numbers.rounded(last, 3)} too high in the end"
    return (
        " Fits from the left and from the right differed by up to "
        f"{numbers.rounded(first, 3)} at first; {still if last >= SAME else 'they agree now'}."
    )


def noise(profile: Profile) -> str:
    """Name the noise of a stochastic method; empty for others."""
    if profile.noise is None:
        return ""
    spread = numbers.number(profile.noise, 3)
    return f"Noise of the method: chi2 spreads by {spread} over its seeds (median of the points)."


def unsettled(study: Study) -> str:
    """Count the points that must not be trusted; empty when there are none."""
    found: list[str] = []
    several = len(study.profiles) + len(study.maps) > 1
    for profile in study.profiles:
        count = sum(not point.settled for point in profile.points)
        said = f"{count} of {numbers.count(len(profile.points), 'point')} not settled"
        found += [f"{profile.parameter}: {said}" if several else said] if count else []
    for m in study.maps:
        said = f"{m.unsettled} of {numbers.count(len(m.x) * len(m.y), 'point')} not settled"
        found += [f"{' and '.join(m.parameters)}: {said}"] if m.unsettled else []
    return "; ".join(found)


# -- maps ------------------------------------------------------------------------------------


def title(found: Map) -> str:
    """Name a map, e.g. ``Map of chi2 over k1 and k2``."""
    return f"Map of chi2 over {' and '.join(found.parameters)}"


def contours(found: Map) -> str:
    """Describe the contours and how far they can be trusted."""
    drawn = [contour for contour in found.contours if contour.lines]
    text = "; ".join(f"{100 * contour.level:g} %: {_pieces(contour)}" for contour in drawn)
    worst = max((contour.error for contour in drawn), default=0.0)
    if worst > 0:
        text += f"; all within {worst:.2g} of their level"
    lattice = f"{len(found.x)} by {len(found.y)} points"
    settled = "" if found.unsettled else ", all settled"  # a notice counts those that are not
    return f"{text}{'. ' if text else ''}{lattice}{settled}."


def _pieces(contour: Contour) -> str:
    how = "closed by the data" if is_closed(contour) else "open at the border of the scan"
    return f"{numbers.count(contour.regions, 'piece')}, {how}"


def is_closed(contour: Contour) -> bool:
    """Whether the data put every point of a contour where it is."""
    return all(point.closed for line in contour.lines for point in line)


def has_border(found: Map) -> bool:
    """Whether some contour runs along the border of the scan."""
    return not all(map(is_closed, found.contours))


# -- tables ----------------------------------------------------------------------------------


def point_tables(study: Study) -> Iterator[Table]:
    """Every point of every profile, with everything fitted there."""
    yield from map(points, study.profiles)


def points(profile: Profile) -> Table:
    """Every point of one profile."""
    extras = [
        wording.names(point.parameters for point in profile.points),
        wording.names(point.scale_factors for point in profile.points),
        wording.names(point.derived for point in profile.points),
    ]
    columns = [
        Column(numbers.in_brackets(profile.parameter, profile.unit), "name"),
        Column("chi2", "number"),
        Column("chi2 - lowest", "number"),
        Column("settled"),
        Column("own starts alone", "number"),
        Column("worse direction above by", "number"),
        Column("at bounds"),
    ]
    more = [name for group in extras for name in group if name != profile.parameter]
    columns += [Column(name, "number") for name in more]
    rows = [_point(point, profile.chi2_min, more) for point in profile.points]
    return table_of(f"Profile of chi2 along {profile.parameter}", columns, rows).filled()


def _point(point: ProfilePoint, lowest: float | None, more: list[str]) -> list[str]:
    everything = {**point.derived, **point.scale_factors, **point.parameters}
    apart = point.disagreement
    return [
        numbers.number(point.value),
        "every fit failed" if point.chi2 is None else numbers.number(point.chi2, 9),
        above(point.chi2, lowest),
        "yes" if point.settled else "NOT SETTLED",
        _own(point),
        numbers.number(apart, 3) if apart and apart >= SAME else "",
        wording.bounds(point.at_bounds),
        *(numbers.number(everything[name]) if name in everything else "" for name in more),
    ]


def _own(point: ProfilePoint) -> str:
    """Chi2 of the point's own starts; nothing where the other points added nothing."""
    if point.own is None or (point.chi2 is not None and same_chi2(point.own, point.chi2)):
        return ""
    return numbers.number(point.own, 9)


def above(chi2: float | None, lowest: float | None) -> str:
    """How far a chi2 lies above the lowest one; nothing when both are one minimum."""
    if chi2 is None or lowest is None:
        return ""
    return "0" if same_chi2(chi2, lowest) else numbers.number(chi2 - lowest, 5)
