"""Which points of a profile that are not settled could change what is said of the parameter.

A point that rests on one fit may come down when it is fitted again, never rise.  That matters
where it could then lower the reference, move an end, or show another piece of the 95 % set.
"""

from __future__ import annotations

from daybreak.diagnosis.study import Profile, ProfilePoint

FAR = 25.0
"""A point this far above the lowest chi2, five sigma, is out of question unless an end is near.

As for the range of a profile that is found by itself (`daybreak.methods.intervals`).  A further
fit, from starts that its neighbours have tried as well, would have to lower it by over 20.
"""


def that_matter(profile: Profile) -> list[ProfilePoint]:
    """Points not settled within `FAR`, inside the 95 % set, or next to an end of it; in order."""
    fitted = [point for point in profile.points if point.chi2 is not None]
    if profile.chi2_min is None:
        return [point for point in fitted if not point.settled]
    values = [point.value for point in fitted]
    near: set[float] = set()
    for piece in profile.intervals:
        near |= {value for value in values if piece.lower <= value <= piece.upper}
        near |= set(sorted(value for value in values if value < piece.lower)[-1:])
        near |= set(sorted(value for value in values if value > piece.upper)[:1])
    far = profile.chi2_min + max(FAR, profile.level)
    return [
        point
        for point in fitted
        if not point.settled and (point.value in near or float(point.chi2 or 0.0) <= far)
    ]
