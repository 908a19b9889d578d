"""Answers made by hand to everything that a result is asked: maps, ends, tension, knobs."""

from __future__ import annotations

import math
from typing import Any

from daybreak.diagnosis.study import (
    AtBound,
    Contour,
    ContourPoint,
    FitEnd,
    GroupFit,
    Interval,
    KnobShift,
    Map,
    Profile,
    ProfilePoint,
    ScaledFit,
    Tension,
    Variation,
)
from daybreak.findings import (
    Escape,
    Finding,
    Forecast,
    Reach,
    Reachability,
    StudyPreflight,
    Symmetry,
    codes,
)
from daybreak.problem.ends import LEVELS_2D

NOTHING: dict[str, Any] = {
    "maps": [],
    "ends": [],
    "missed": None,
    "tension": None,
    "model_scales": [],
    "knobs": [],
    "findings": [],
}
"""A study that was asked nothing."""
UNASKED: dict[str, Any] = {"own": None, "disagreement_before": None, "disagreement": None}
"""A point of a profile whose history nobody kept."""
EARLY = {"before": None, "after": None, "noise": None}
"""A profile whose history nobody kept."""


def variation(percent: float | None, size: float, minima: int) -> Variation:
    """How much a curve varies."""
    return Variation(percent=percent, range=size, local_minima=minima)


def finding(
    code: str, sentence: str, parameter: str | None = None, *, note: bool = False
) -> Finding:
    """One finding."""
    return Finding(
        code=codes.BY_WORD[code],
        severity="note" if note else "warning",
        parameter=parameter,
        sentence=sentence,
    )


# -- two rates: everything as it should be -----------------------------------------------------


def closed_map() -> Map:
    """Two rates on logarithmic axes, both contours closed by the data."""
    x = [0.04 * 1.05**i for i in range(11)]
    y = [0.7 * 1.06**i for i in range(11)]
    chi2 = [[52.31 + _bowl(math.log(a / 0.0497), math.log(b / 0.952)) for a in x] for b in y]
    contours = [
        Contour(level=p, chi2=52.31 + level, lines=[_ellipse(level)], error=0.004)
        for p, level in LEVELS_2D.items()
    ]
    return Map(
        parameters=("k1", "k2"),
        units=("1/s", "1/s"),
        scales=("log", "log"),
        x=x,
        y=y,
        chi2=chi2,
        unsettled=0,
        minimum=(0.0497, 0.952),
        chi2_min=52.31,
        contours=contours,
        sentence="k1 and k2 lie in one region at 95 %, closed by the data.",
    )


def _bowl(u: float, v: float) -> float:
    return 500 * u * u + 900 * v * v - 600 * u * v


def _ellipse(level: float) -> list[ContourPoint]:
    around = [2 * math.pi * i / 72 for i in range(73)]
    sizes = [math.sqrt(level / _bowl(math.cos(t), math.sin(t))) for t in around]
    return [
        ContourPoint(
            x=0.0497 * math.exp(r * math.cos(t)), y=0.952 * math.exp(r * math.sin(t)), closed=True
        )
        for t, r in zip(around, sizes, strict=True)
    ]


def flat_rate(truth: dict[str, float]) -> Profile:
    """The profile of the other rate: flat on one side, and untouched by relaxation."""
    values = [0.01 * 10 ** (i / 5) for i in range(11)]
    chi2 = [
        min(52.31 + 300 * math.log(v / 0.0497) ** 2, 55.1 if v < 0.05 else 1e9) for v in values
    ]
    curve = variation(1050.0, 549.0, 1)
    return Profile(
        parameter="k1",
        unit="1/s",
        minimum=0.0497,
        chi2_min=52.31,
        points=[
            ProfilePoint(
                value=v,
                chi2=c,
                settled=True,
                own=c,
                disagreement_before=None,
                disagreement=None,
                at_bounds=[],
                parameters={**truth, "k1": v},
                scale_factors={},
                derived={},
            )
            for v, c in zip(values, chi2, strict=True)
        ],
        intervals=[
            Interval(
                lower=0.01,
                upper=0.0557,
                lower_closed=False,
                upper_closed=True,
                lower_reason="flat",
                upper_reason="data",
            )
        ],
        code=codes.BOUND_LIMITED,
        before=curve,
        after=curve,
        noise=None,
        sentence="k1 lies in [0.01, 0.0557] at 95 %, but the profile flattens below the level, "
        "so the set has no end on that side.",
    )


def decay_answers(truth: dict[str, float]) -> dict[str, Any]:
    """Of the two rates: ends, groups, uncertainties and knobs, all harmless."""
    return {
        "maps": [closed_map()],
        "ends": [
            _end(
                52.31,
                19,
                "global",
                truth,
                polished=52.31,
                said="the lowest chi2 found; a second method agrees, and chi2 rises in all "
                "directions.",
            ),
            _end(
                262.31,
                3,
                "local minimum",
                {**truth, "k1": 0.4},
                polished=262.31,
                said="a minimum, and not the lowest; a second method agrees.",
            ),
            _end(
                3952.31,
                1,
                "at bound",
                {**truth, "a2": 0.0},
                polished=3952.31,
                bounds=[AtBound(parameter="a2", side="lower", bound=0.0)],
                said="a minimum only because of the bounds that hold it.",
            ),
            _end(20052.31, 1, "unchecked", truth, said="not examined."),
        ],
        "missed": 0.0091,
        "tension": Tension(
            groups=[
                GroupFit(
                    group="early",
                    observations=30,
                    degrees_of_freedom=26.4,
                    chi2=24.1,
                    p_value=0.59,
                ),
                GroupFit(
                    group="late",
                    observations=30,
                    degrees_of_freedom=28.6,
                    chi2=28.21,
                    p_value=0.51,
                ),
            ],
            ceiling=8123.4,
            share=0.00644,
        ),
        "model_scales": [
            ScaledFit(
                scale=s,
                chi2=52.31 / s,
                parameters={**truth, "k2": 0.952 + d, "k1": 0.0497 + 0.1 * d},
                shifts={**dict.fromkeys(truth, 0.0), "k2": d, "k1": 0.1 * d},
            )
            for s, d in ((0.1, -0.011), (0.5, -0.004), (1.0, 0.0), (2.0, 0.003), (10.0, 0.004))
        ],
        "knobs": [
            KnobShift(
                knob="steps",
                value=200,
                refined=400,
                at="best fit",
                chi2=-0.0021,
                parameters={"k1": 1.2e-6, "k2": -3.1e-5},
                order=2.0,
            ),
            KnobShift(
                knob="steps",
                value=200,
                refined=400,
                at="lower end of k2",
                chi2=0.0003,
                parameters={"k2": -2.8e-5},
                order=2.0,
            ),
            KnobShift(
                knob="solver",
                value="fast",
                refined="careful",
                at="best fit",
                chi2=0.0,
                parameters={},
                order=None,
            ),
        ],
        "findings": [
            finding(
                "missed_basin_possible",
                "3 fits ended where chi2 is stationary but not a minimum (saddle or plateau).",
                note=True,
            ),
        ],
    }


def _end(
    chi2: float,
    hits: int,
    kind: str,
    parameters: dict[str, float],
    *,
    said: str,
    polished: float | None = None,
    bounds: list[AtBound] | None = None,
    negative: int = 0,
    zero: int = 0,
) -> FitEnd:
    return FitEnd.model_validate(
        {
            "chi2": chi2,
            "hits": hits,
            "kind": kind,
            "polished": polished,
            "negative": negative,
            "zero": zero,
            "at_bounds": bounds or [],
            "parameters": parameters,
            "sentence": said,
        }
    )


# -- a night that went badly -------------------------------------------------------------------


def cut_map() -> Map:
    """A valley that leaves the scan, with points that are not settled and one without a fit."""
    x, y = [float(i) for i in range(9)], [0.5 * i for i in range(9)]
    chi2: list[list[float | None]] = [
        [88.0 + 6 * (b - 0.5 * a) ** 2 + 0.1 * a for a in x] for b in y
    ]
    chi2[7][1] = None
    hole = [ContourPoint(x=a, y=b, closed=True) for a, b in ((6, 1), (7, 1.2), (6.5, 1.5))]
    contours = [
        Contour(
            level=p,
            chi2=88.0 + level,
            error=0.41,
            lines=[_valley(level)] if p < 0.9 else [_valley(level), hole],
        )
        for p, level in LEVELS_2D.items()
    ]
    return Map(
        parameters=("current", "width"),
        units=("A", "mm"),
        scales=("linear", "linear"),
        x=x,
        y=y,
        chi2=chi2,
        unsettled=5,
        minimum=(0.0, 0.0),
        chi2_min=88.0,
        contours=contours,
        sentence="current and width lie in 2 separate regions at 95 %, cut off by the scan, so "
        "the data do not close it. 5 lattice points are not settled.",
    )


def _valley(level: float) -> list[ContourPoint]:
    """Two straight sides, and the corners and borders of the scan that cut them off."""
    w = math.sqrt(level / 6)
    around = [(0.0, 0.0), (0.0, w), (8.0 - 2 * w, 4.0), (8.0, 4.0), (8.0, 4.0 - w), (2 * w, 0.0)]
    middle = [(4.0, 2.0 + w), (4.0, 2.0 - w)]
    line = [*around[:2], middle[0], *around[2:5], middle[1], around[5]]
    return [ContourPoint(x=x, y=y, closed=(x, y) in middle) for x, y in line]


def bad_answers(parameters: dict[str, float]) -> dict[str, Any]:
    """Of a fit that is not to be trusted: a saddle, tension, and a knob that matters."""
    bound = AtBound(parameter="width", side="upper", bound=4.0)
    return {
        "maps": [cut_map()],
        "ends": [
            _end(
                88.0,
                1,
                "saddle or plateau",
                parameters,
                polished=88.0,
                negative=1,
                zero=2,
                said="no minimum: chi2 falls in one direction from here, to second order.",
            ),
            _end(
                91.5,
                4,
                "not converged",
                parameters,
                polished=88.2,
                bounds=[bound],
                said="the fit stopped early: a second method goes down to 88.2.",
            ),
        ],
        "missed": 0.3,
        "tension": Tension(
            groups=[
                GroupFit(
                    group="<b>probe",
                    observations=4,
                    degrees_of_freedom=3.2,
                    chi2=71.0,
                    p_value=2.3e-15,
                ),
                GroupFit(
                    group="coil", observations=2, degrees_of_freedom=0.4, chi2=17.0, p_value=None
                ),
            ],
            ceiling=88.98,
            share=0.989,
        ),
        "model_scales": [
            ScaledFit(
                scale=s,
                chi2=88.0 / s,
                parameters={**parameters, "current": c},
                shifts={**dict.fromkeys(parameters, 0.0), "current": c},
            )
            for s, c in ((0.1, 6.1), (1.0, 0.0), (10.0, 7.7))
        ],
        "knobs": [
            KnobShift(
                knob="grid",
                value=32,
                refined=64,
                at="best fit",
                chi2=-31.0,
                parameters={"current": 2.4, "width": -0.3},
                order=None,
            ),
        ],
        "findings": [
            finding("tension", "the data reject the model (p = 2.1e-15)."),
            finding(
                "tension",
                "the model does hardly better than a constant: chi2 is 98.9 % of "
                "what one constant for each group of observations gives.",
            ),
            finding(
                "missed_basin_possible",
                "about 30 % of further starts would lead to a minimum "
                "not seen so far, perhaps a better one; use more starts.",
            ),
            finding(
                "flat_within_noise",
                "current: chi2 varies by 0.8 along the scan, less than the "
                "1.3 by which the seeds of the method differ: the profile is flat within noise, "
                "and its minimum means nothing.",
                "current",
            ),
            finding(
                "unresolved_knob",
                "refining grid from 32 to 64 moves the best fit of current "
                "by 2.4, 48 % of its 95 % interval.",
                "current",
            ),
            finding(
                "missed_basin_possible",
                "4 fits stopped before they converged; a second method goes further down.",
                note=True,
            ),
        ],
    }


# -- before the night ------------------------------------------------------------------------


def examination(name: str) -> StudyPreflight:
    """A ratio out of reach, a symmetry, and a forecast."""
    return StudyPreflight(
        study=name,
        findings=[],
        reachability=[
            Reachability(
                criterion="P1 chi2",
                smallest_chi2=9.9e7,
                bar=1e6,
                met=False,
                starts=80,
                spread=0.0,
                conclusive=True,
                reaches=[
                    Reach(
                        quantity="m_mu / m_e",
                        unit="",
                        lowest=2e-4,
                        highest=1.18,
                        target=206.8,
                        needed_lower=179.46,
                        needed_upper=238.4,
                        reachable=False,
                    ),
                ],
                escapes=[
                    Escape(parameter="U_mu", side="upper", bound=0.2, needed=2.6),
                    Escape(parameter="A_e", side="lower", bound=0.7, needed=None),
                ],
                best={"beta": 3.0},
                sentence="chi2 < 1e+06 needs m_mu / m_e >= 179.46.",
            ),
        ],
        symmetries=[
            Symmetry(
                kind="scaling",
                exponents={"beta": "2", "U_e": "1", "U_mu": "1"},
                exact=True,
                size=1e-12,
                sentence="beta -> c^2 beta, U_e -> c U_e, U_mu -> c U_mu leaves "
                "every residual unchanged",
            ),
        ],
        identifiability={"beta": "only through its bounds", "A_e": "locally not identifiable"},
        rank=1,
        degrees_of_freedom=-6,
        forecast=Forecast(
            seconds_per_evaluation=1e-5,
            seconds_per_fit=1e-3,
            fits=240,
            seconds=120.0,
            seconds_low=60.0,
            seconds_high=240.0,
            memory_mib=500.0,
        ),
        not_checked=["whether chi2 has jumps or kinks"],
        evaluations=12000,
    )
