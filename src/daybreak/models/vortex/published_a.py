"""Published figures of the single-lepton, cross-lepton and boundary-layer fits.

Source: the result files and summaries of the original study, 2025-12-22 to 2025-12-24.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .published import Published, Read, above_lowest, at, best, chi2, code, highest, whole_set

_FLAT = "One mass leaves two directions free, so where a fit ends says where it began."
_ARBITRARY = "Every beta meets all data: where its optimiser stopped is chance."
_NOISE = "One run of one seed; runs from other seeds differ by more than what was compared."


def _single() -> Iterable[Published]:
    rows: dict[str, tuple[tuple[str, Read, float], ...]] = {
        "e": (
            ("R", best("R"), 0.43871872866876405),
            ("U", best("U"), 0.024041132510003192),
            ("A", best("A"), 0.9113675648099089),
            ("E_circ", best("E_circ"), 1.208911374131172),
            ("E_stab", best("E_stab"), 0.20891137418149408),
        ),
        "mu": (
            ("R", best("R"), 0.44962787274308347),
            ("U", best("U"), 0.3146082741410002),
            ("A", best("A"), 0.9663578521564429),
            ("E_circ", best("E_circ"), 207.0216054623731),
            ("E_stab", best("E_stab"), 0.25332280507955673),
        ),
        "tau": (
            ("R", best("R"), 0.4929661665659031),
            ("U", best("U"), 1.2894500231216615),
            ("A", best("A"), 0.9589139064642769),
            ("E_circ", best("E_circ"), 3477.55292627663),
            ("E_stab", best("E_stab"), 0.32492647932473245),
        ),
    }
    for lepton, figures in rows.items():
        for quantity, read, value in figures:
            yield _one("single", lepton, quantity, value, read, _FLAT)
    grids = {
        "50x10": (0.43188, 0.024389, 0.92145),
        "100x20": (0.44599, 0.024310, 0.93821),
        "200x40": (0.44897, 0.024369, 0.95129),
        "400x80": (0.45062, 0.024424, 0.95889),
    }
    moved = (
        "A refit drifts along the flat surface; that it drifts little says nothing of the grid."
    )
    for grid, shape in grids.items():
        for quantity, value in zip(("R", "U", "A"), shape, strict=True):
            yield _one("single", f"grid {grid}", quantity, value, best(quantity), moved)
    surface = "They are not 50 solutions but one surface, which the bounds of R and A cut off."
    for quantity, ends in (
        ("R", "0.0511 to 1.0654"),
        ("U", "0.02187 to 0.04446"),
        ("A", "0.4275 to 0.9911"),
    ):
        read = _set_of(quantity)
        yield _one("single", "shape of e", f"range of {quantity}", ends, read, surface)
    starts = "The same; that each end is another one is what a flat surface looks like."
    yield _one("single", "e", "starts that meet the mass", "50 of 50", _starts_that_meet, starts)
    flat = "Chi2 vanishes at every beta, so that it has no minimum."
    yield _one("single", "mass and g proxy", "beta at the minimum", 3.2, best("beta"), flat)


def _cross() -> Iterable[Published]:
    yield _one("cross", "multi-start", "chi2", 683.0, chi2, "Fits that stopped before a minimum.")
    yield _one("cross", "multi-start", "beta", "2.973 (2.84 to 3.27)", best("beta"), _ARBITRARY)
    for study, beta, lowest, variation in (
        ("tight", 3.14, 8686.0, "14494 %"),
        ("loose", 3.18, 22229.0, "172 %"),
    ):
        stopped = "Its optimiser stopped early at every point; all of them reach zero."
        yield _one("cross", study, "beta at the minimum", beta, best("beta"), _ARBITRARY)
        yield _one("cross", study, "lowest chi2", lowest, chi2, stopped)
        profile = "The variation is that of the optimiser: the profile itself is flat."
        yield _one("cross", study, "variation", variation, _variation, profile)
        yield _one("cross", study, "verdict on beta", "sharp, identified", code, profile)
    yield _one(
        "cross",
        "constant of the g proxy",
        "range of C_mu",
        "237 to 318 (948 calibrated)",
        whole_set,
        "No datum but the box confines it, through R_mu >= 0.1, R_e <= 1 and A_e <= 1; 948 is out "
        "of reach.",
    )


def _boundary_layer() -> Iterable[Published]:
    unconverged = "The run of 50 generations had not converged; this is the exact minimum."
    for beta, value in ((3.0, 1.70e7), (3.1, 1.69e7)):
        yield _one(
            "boundary-layer", "w 0.015", f"chi2 at beta {beta}", value, at(beta), unconverged
        )
    yield _one(
        "boundary-layer",
        "w 0.015",
        "beta at the minimum",
        "3.10 (3.15 without gradient)",
        _lowest_at,
        "Chi2 falls to the edge of the scan with and without the gradient term.",
    )
    yield _one(
        "boundary-layer",
        "global S, w 0.0141421",
        "chi2 at beta 3.075, expected",
        "O(1) to O(10)",
        at(3.075),
        "The box reaches m_tau / m_mu = 9 of the 16.8 that are needed.",
    )
    yield _one(
        "boundary-layer",
        "global S, w 0.0141421",
        "S, expected",
        "O(1) to O(10)",
        _scale,
        "S follows from the bounds of U; no run of the grid was finished.",
    )


def _sensitivity() -> Iterable[Published]:
    for budget, value in ((50, 1.67e7), (100, 1.69e7), (200, 1.65e7), (500, 1.65e7)):
        yield _one("sensitivity", f"budget {budget}", "chi2", value, chi2, _NOISE)
    widths = (
        (0.010, 9.6e4),
        (0.013, 5.1e4),
        (0.016, 3.8e4),
        (0.019, 3.8e4),
        (0.022, 0.0),
        (
            0.025,
            6.4e3,
        ),
    )
    for width, value in widths:
        yield _one(
            "sensitivity",
            "w by least squares",
            f"chi2 above the lowest at w {width}",
            value,
            above_lowest(width),
            "It falls steadily with w; a minimum at 0.022 is noise.",
        )
    betas = {
        3.000: 1.25e5,
        3.025: 2.57e4,
        3.050: 1.51e4,
        3.075: 2.59e4,
        3.100: 2.18e4,
        3.125: 7.39e2,
        3.150: 1.74e4,
        3.175: 1.99e4,
        3.200: 0.0,
    }
    for beta, value in betas.items():
        yield _one(
            "sensitivity",
            "beta by least squares",
            f"chi2 above the lowest at beta {beta}",
            value,
            above_lowest(beta),
            "It falls steadily with beta, by less than the seeds differ.",
        )
    yield _one(
        "sensitivity", "beta by evolution", "what the scan says", "beta near 3.2", code, _NOISE
    )


def _one(
    campaign: str, study: str, quantity: str, value: float | str, read: Read, why: str
) -> Published:
    return Published(f"lepton-{campaign}", study, quantity, value, read, why)


def _set_of(parameter: str) -> Read:
    """The 95 % set of one of several profiled parameters."""

    def read(study: Any) -> str | None:
        profile = study.profile_of(parameter)
        if profile is None:
            return None
        return " and ".join(f"[{i.lower:.4g}, {i.upper:.4g}]" for i in profile.intervals)

    return read


def _lowest_at(study: Any) -> float | None:
    """Where a profile is lowest."""
    return None if study.profile is None else study.profile.minimum


def _starts_that_meet(study: Any) -> str:
    """Ends of the study's starts at which every datum is met to its uncertainty."""
    met = sum(start.chi2 < 1.0 for start in study.starts)
    return f"{met} of {len(study.starts)}"


def _variation(study: Any) -> str | None:
    """Largest less lowest chi2 of a profile, which is no share of a lowest that is zero."""
    worst, lowest = highest(study), chi2(study)
    return None if worst is None or lowest is None else f"{worst - lowest:.2g} in chi2"


def _scale(study: Any) -> float | None:
    """S at the middle point of a profile."""
    points = study.profile.points
    return points[len(points) // 2].scale_factors.get("S")


FIGURES: tuple[Published, ...] = (*_single(), *_cross(), *_boundary_layer(), *_sensitivity())
"""All of them, in the order of their campaigns."""
