"""Summaries made by hand: what a night can end in, without a night."""

from __future__ import annotations

import math
from typing import Any

from daybreak.diagnosis.study import (
    AtBound,
    BestFit,
    CriteriaVersion,
    CriterionOutcome,
    Interval,
    Metrics,
    ParameterInfo,
    Prediction,
    Profile,
    ProfilePoint,
    Start,
    Study,
)
from daybreak.findings import codes
from daybreak.report.summary import (
    Claim,
    DecisionTaken,
    PreflightFinding,
    Progress,
    Provenance,
    Row,
    RunTime,
    Summary,
    Timing,
)
from tests.report import questioned
from tests.report.questioned import EARLY, NOTHING, UNASKED, finding, variation

HOSTILE = "<script>alert(1)</script>/../x"
"""A study name that wants to be a program and a path."""

BOUNDS = {
    "R_c_e": (0.5, 1.5),
    "U_e": (0.01, 0.1),
    "A_e": (0.7, 1.0),
    "R_c_mu": (0.05, 0.3),
    "U_mu": (0.05, 0.2),
    "A_mu": (0.7, 1.0),
}
CONFIGURATIONS = [
    (1.0, 0.5, 6),
    (2.0, 0.5, 6),
    (1.5, 0.25, 6),
    (1.5, 0.75, 6),
    (1.5, 0.5, 4),
    (1.5, 0.5, 8),
]


def metrics(**changes: Any) -> Metrics:
    """Metrics of a study in which everything went well."""
    usual = {
        "trials": 11,
        "failed_trials": 0,
        "fits": 88,
        "converged_fits": 88,
        "iterations": 2310,
        "basins": 1,
        "hits": 8,
        "n_observations": 60,
        "n_free": 5,
        "degrees_of_freedom": 55,
        "reduced_chi2": None,
        "p_value": None,
        "aic": None,
        "bic": None,
        "seconds": 41.5,
    }
    return Metrics(**{**usual, **changes})


def lepton() -> Summary:
    """Six configurations out of reach, a baseline that is not counted; decision: pivot."""
    studies = [_lepton_study("baseline", 1.5, 0.5, 6, counted=False)]
    studies += [
        _lepton_study(f"config-{i}", k, dv, p) for i, (k, dv, p) in enumerate(CONFIGURATIONS, 1)
    ]
    rows = [
        Row(
            name="breakthrough",
            when="chi2 < 100 in at least 1 counted study",
            then="Analyse it, refine beta around it, and add the tau.",
            taken=False,
        ),
        Row(
            name="refine",
            when="at least 1 counted study is PASS or SOFT_PASS",
            then="Repeat the best configuration with 21 points of beta and five seeds.",
            taken=False,
        ),
        Row(
            name="pivot",
            when="otherwise",
            then="Stop localising: change the functional before another night is spent.",
            taken=True,
        ),
    ]
    return Summary(
        schema="daybreak.summary/3",
        campaign="lepton-localisation",
        description="Can a localised vortex carry the masses of electron and muon at one beta?",
        finished=True,
        verdict="FAIL",
        sentence="FAIL: none of the 6 counted studies meets chi2 < 1e6; the lowest is 9.9e7.",
        rule="any",
        decision=DecisionTaken(
            name="pivot",
            sentence=rows[2].then,
            follow_ups=[],
            table=rows,
            reason="No row above holds: 0 of 6 counted studies are PASS or SOFT_PASS.",
        ),
        studies=studies,
        outlook="Out of reach as far as searched: no counted study can meet its hard criteria.",
        examinations=[questioned.examination(study.name) for study in studies],
        preflight=[
            PreflightFinding(
                code=codes.OUT_OF_REACH,
                severity="stop",
                study="config-1",
                parameter=None,
                sentence="The mass ratio m_mu / m_e of 206.8 is out of reach as far as searched: "
                "the bounds allow at most 1.18, and U_mu alone would have to reach 2.6.",
            ),
            PreflightFinding(
                code=codes.TOO_FEW_DATA,
                severity="warning",
                study=None,
                parameter=None,
                sentence="2 observations cannot determine 8 fitted numbers.",
            ),
        ],
        claims=[
            _no_claim(s.name, reference, label)
            for s in studies
            for reference, label in (
                (3.058230856, "beta_ref of December 2025"),
                (3.043233053, "beta_ref after February 2026"),
            )
        ],
        surprises=[
            "All 6 nuisance parameters sit at a bound at every one of the 77 points.",
            "The lowest chi2 is at the first point of the scan, beta = 3, in 7 of 7 studies.",
            "The electron comes out 99 times too heavy and the muon 2.1 times too light.",
        ],
        progress=Progress(studies=7, finished=7, trials=77, failed=0),
        timing=Timing(
            started="2026-11-02T22:14:05+00:00",
            ended="2026-11-02T22:31:44+00:00",
            seconds=861.0,
            elapsed=1059.0,
            runs=[
                RunTime(
                    started="2026-11-02T22:14:05+00:00",
                    ended="2026-11-02T22:20:10+00:00",
                    ending="lost: the process ended without a word",
                ),
                RunTime(
                    started="2026-11-02T22:25:31+00:00",
                    ended="2026-11-02T22:31:44+00:00",
                    ending="finished",
                ),
            ],
        ),
        provenance=_provenance({s.name: f"{i:02d}c0ffee5eed" for i, s in enumerate(studies)}),
    )


def _no_claim(study: str, reference: float, label: str) -> Claim:
    offset = 3.0 - reference
    return Claim(
        study=study,
        parameter="beta",
        code=codes.EDGE_MINIMUM,
        label=label,
        reference=reference,
        offset=offset,
        strength="no claim",
        supported=False,
        sentence=f"no claim about beta = {reference:.10g} ({label}), because the fit misses its "
        f"own bar (P1); best 3, offset {offset:+.4g} ({100 * offset / reference:+.4g} %).",
    )


def _automatic(study: str, code: str, sentence: str, *, supported: bool) -> Claim:
    return Claim(
        study=study,
        parameter="k2",
        code=codes.BY_WORD[code],
        sentence=sentence,
        label="",
        reference=None,
        offset=None,
        strength=code.replace("_", " "),
        supported=supported,
    )


def _lepton_study(name: str, k: float, dv: float, p: int, *, counted: bool = True) -> Study:
    base = 9.918e7 + 1000.0 * (k + dv) + 37.0 * p
    values = [3.0 + 0.02 * i for i in range(11)]
    chi2 = [base + 2.0e4 * (v - 3.0) / 0.2 for v in values]
    at_bounds = [
        AtBound(
            parameter=n,
            side="lower" if n.endswith("_e") else "upper",
            bound=bound[0 if n.endswith("_e") else 1],
        )
        for n, bound in BOUNDS.items()
    ]
    nuisance = {at.parameter: at.bound for at in at_bounds}
    points = [
        ProfilePoint(
            value=v,
            chi2=c,
            settled=True,
            at_bounds=at_bounds,
            parameters={"beta": v, **nuisance},
            own=c + (3.1e7 if i in (4, 8) else 0.0),
            disagreement_before=2.2e4 if i == 4 else 0.0,
            disagreement=0.0,
            scale_factors={"S": 4.9 - 0.05 * (v - 3)},
            derived={"F_inner": 0.41, "E_e": 10.37, "E_mu": 10.19},
        )
        for i, (v, c) in enumerate(zip(values, chi2, strict=True))
    ]
    best = BestFit(
        parameters={"beta": 3.0, **nuisance},
        settings={"k": k, "dv": dv, "p": p},
        scale_factors={"S": 4.9},
        predictions={
            "m_e": Prediction(
                prediction=50.81, value=0.511, sigma=5.11e-5, residual=984324.9, unit="MeV"
            ),
            "m_mu": Prediction(
                prediction=50.1, value=105.7, sigma=0.01057, residual=-5260.2, unit="MeV"
            ),
        },
        derived={"F_inner": 0.41, "E_e": 10.37, "E_mu": 10.19},
        chi2=chi2[0],
        at_bounds=at_bounds,
        stop_reason="converged: no free parameter can lower chi2 to first order",
        hits=8,
    )
    parameters = [
        ParameterInfo(name="beta", lower=3.0, upper=3.2, scale="linear", unit="", role="interest")
    ]
    parameters += [
        ParameterInfo(name=n, lower=low, upper=high, scale="linear", unit="", role="nuisance")
        for n, (low, high) in BOUNDS.items()
    ]
    sentence = f"The lowest chi2 is at beta = 3, the first point of the scan of {name}."
    return Study(
        name=name,
        counted=counted,
        follows=None,
        state="finished",
        settings={"k": k, "dv": dv, "p": p},
        method="profile of beta, 11 points, 8 starts each",
        parameters=parameters,
        verdict="FAIL",
        outcomes=_lepton_outcomes(chi2[0]),
        metrics=metrics(n_observations=2, n_free=8, degrees_of_freedom=-6),
        best=best,
        profiles=[
            Profile(
                parameter="beta",
                unit="",
                minimum=3.0,
                chi2_min=chi2[0],
                points=points,
                before=variation(31.3, 3.1e7, 3),
                after=variation(0.0202, 2e4, 0),
                noise=None,
                intervals=[
                    Interval(
                        lower=3.0,
                        upper=3.0000384,
                        lower_closed=False,
                        upper_closed=True,
                        lower_reason="scan edge",
                        upper_reason="data",
                    )
                ],
                code=codes.EDGE_MINIMUM,
                sentence=sentence,
            )
        ],
        starts=[
            Start(chi2=chi2[0] + extra, converged=True, basin=basin)
            for extra, basin in [(0.0, 0)] * 6 + [(3.1e4, 1), (8.4e5, 2)]
        ],
        **{**NOTHING, "findings": [finding("edge_minimum", sentence, "beta")]},
        failures={},
        error=None,
        criteria_history=[
            CriteriaVersion(
                written="2026-11-02T22:14:05+00:00",
                verdict="FAIL",
                current=True,
                criteria=["P1: chi2 < 1e+06 (hard)", "P2: S > 0 (hard)"],
            ),
        ],
        units={"S": "MeV"},
    )


def _lepton_outcomes(chi2: float) -> list[CriterionOutcome]:
    def outcome(
        label: str,
        quantity: str,
        outcome: str,
        value: float,
        bar: str,
        level: str,
        sentence: str,
        *,
        of: tuple[str, ...] = (),
        spread: float | None = None,
    ) -> CriterionOutcome:
        return CriterionOutcome.model_validate(
            {
                "criterion": label,
                "quantity": quantity,
                "of": list(of),
                "outcome": outcome,
                "value": value,
                "uncertainty": spread,
                "threshold": bar,
                "level": level,
                "sentence": sentence,
            }
        )

    return [
        outcome(
            "P1",
            "chi2",
            "missed",
            chi2,
            "< 1e+06",
            "hard",
            "chi2 is 99 times the bar.",
            spread=0.02,
        ),
        outcome(
            "P2", "S", "met", 4.9, "> 0", "hard", "The scale factor is positive.", spread=0.0003
        ),
        outcome(
            "P3 e",
            "n_at_bounds",
            "missed",
            3,
            "<= 1",
            "soft",
            "All three parameters of the electron are at bounds.",
            of=("R_c_e", "U_e", "A_e"),
        ),
        outcome(
            "P3 mu",
            "n_at_bounds",
            "missed",
            3,
            "<= 1",
            "soft",
            "All three parameters of the muon are at bounds.",
            of=("R_c_mu", "U_mu", "A_mu"),
        ),
        outcome(
            "P4",
            "edge_distance",
            "missed",
            0.0,
            "> 0.02",
            "soft",
            "The minimum is the first point of the scan.",
            of=("beta",),
        ),
        outcome(
            "F_inner",
            "F_inner",
            "missed",
            0.41,
            "> 0.5",
            "note",
            "Most of the energy is outside the vortex.",
        ),
    ]


def decay() -> Summary:
    """Two exponentials, 60 observations: everything met."""
    values = [0.3 * 10 ** (i / 20) for i in range(21)]
    chi2 = [52.31 + 900 * math.log(v / 0.95) ** 2 for v in values]
    truth = {"a1": 2.01, "k1": 0.0497, "a2": 1.48, "k2": 0.952, "offset": 0.0998}
    boxes = {"a1": (0, 10), "k1": (1e-3, 20), "a2": (0, 10), "k2": (1e-3, 20), "offset": (-1, 1)}
    parameters = [
        ParameterInfo(
            name=n,
            lower=low,
            upper=high,
            scale="log" if n[0] == "k" else "linear",
            unit="1/s" if n[0] == "k" else "counts",
            role="interest" if n == "k2" else "nuisance",
        )
        for n, (low, high) in boxes.items()
    ]
    predictions = {
        f"signal[{i}]": Prediction(
            prediction=3.0 * math.exp(-0.1 * i),
            sigma=0.05,
            unit="counts",
            value=3.0 * math.exp(-0.1 * i) - 0.05 * 1.2 * math.sin(7.3 * i * i),
            residual=1.2 * math.sin(7.3 * i * i),
        )
        for i in range(60)
    }
    study = Study(
        name="profile k2",
        counted=True,
        follows=None,
        state="finished",
        settings={},
        method="profile of k2, 21 points, 8 starts each",
        parameters=parameters,
        verdict="PASS",
        outcomes=[
            CriterionOutcome(
                criterion="p_value",
                quantity="p_value",
                of=[],
                outcome="met",
                value=0.58,
                uncertainty=1e-9,
                threshold=">= 0.01",
                level="hard",
                sentence="The data are as far from the model as their uncertainties allow.",
            ),
            CriterionOutcome(
                criterion="identified of k2",
                quantity="identified",
                of=["k2"],
                outcome="met",
                value=1.0,
                uncertainty=None,
                threshold="yes",
                level="soft",
                sentence="The data close the 95 % interval of k2 on both sides.",
            ),
        ],
        metrics=metrics(
            trials=21,
            fits=168,
            converged_fits=166,
            basins=3,
            hits=19,
            reduced_chi2=52.31 / 55,
            p_value=0.5797,
        ),
        best=BestFit(
            parameters=truth,
            settings={},
            scale_factors={},
            predictions=predictions,
            derived={"half_life_2": 0.728},
            chi2=52.31,
            at_bounds=[],
            hits=19,
            stop_reason="converged: no free parameter can lower chi2 to first order",
        ),
        profiles=[
            Profile(
                parameter="k2",
                unit="1/s",
                minimum=0.952,
                chi2_min=52.31,
                points=[
                    ProfilePoint(
                        value=v,
                        chi2=c,
                        settled=True,
                        at_bounds=[],
                        scale_factors={},
                        own=c + (310.0 if i == 8 else 0.0),
                        disagreement=0.0,
                        disagreement_before=12.5 if i == 8 else 0.0,
                        parameters={**truth, "k2": v},
                        derived={"half_life_2": 0.6931 / v},
                    )
                    for i, (v, c) in enumerate(zip(values, chi2, strict=True))
                ],
                before=variation(2281.4, 1193.4, 2),
                after=variation(2281.4, 1193.4, 1),
                noise=None,
                intervals=[
                    Interval(
                        lower=0.89,
                        upper=1.0142,
                        lower_closed=True,
                        upper_closed=True,
                        lower_reason="data",
                        upper_reason="data",
                    )
                ],
                code=codes.IDENTIFIED,
                sentence="k2 lies in [0.89, 1.0142] 1/s (95 %), closed.",
            ),
            questioned.flat_rate(truth),
        ],
        **questioned.decay_answers(truth),
        starts=[
            Start(chi2=52.31 + extra, converged=extra < 1e4, basin=basin)
            for extra, basin in [(0, 0)] * 14
            + [(4e-9, 0)] * 5
            + [(210.0, 1)] * 3
            + [(3900.0, 2), (2.0e4, 3)]
        ],
        failures={},
        error=None,
        criteria_history=[
            CriteriaVersion(
                written="2026-11-03T21:00:00+00:00",
                verdict="FAIL",
                current=False,
                criteria=["p_value >= 0.6 (hard)"],
            ),
            CriteriaVersion(
                written="2026-11-04T06:12:00+00:00",
                verdict="PASS",
                current=True,
                criteria=["p_value >= 0.01 (hard)", "identified of k2 (soft)"],
            ),
        ],
        units={"half_life_2": "s"},
    )
    return Summary(
        schema="daybreak.summary/3",
        campaign="two-rates",
        description="Two decay rates from a fluorescence trace.",
        finished=True,
        verdict="PASS",
        sentence="PASS: the one counted study meets every hard and soft criterion.",
        rule="all",
        decision=None,
        studies=[study],
        outlook="Nothing found that stands in the way.",
        examinations=[],
        preflight=[
            PreflightFinding(
                code=codes.HEALTHY,
                severity="note",
                study=None,
                parameter=None,
                sentence="Nothing stands against this problem.",
            )
        ],
        claims=[
            _automatic(
                "profile k2",
                "identified",
                supported=True,
                sentence="k2 lies in [0.89, 1.0142] 1/s at 95 %, closed by the data.",
            ),
            Claim(
                study="profile k2",
                parameter="k1",
                code=codes.BOUND_LIMITED,
                label="",
                reference=None,
                offset=None,
                strength="limited by bounds",
                supported=False,
                sentence="the profile of k1 flattens below the level.",
            ),
        ],
        surprises=[],
        progress=Progress(studies=1, finished=1, trials=21, failed=0),
        timing=Timing(
            started="2026-11-03T21:00:00+00:00",
            ended="2026-11-03T21:00:44+00:00",
            seconds=41.5,
            elapsed=44.0,
            runs=[
                RunTime(
                    started="2026-11-03T21:00:00+00:00",
                    ended="2026-11-03T21:00:44+00:00",
                    ending="finished",
                )
            ],
        ),
        provenance=_provenance({"profile k2": "aa11bb22cc33"}),
    )


def mixed() -> Summary:
    """A night that is not over: several intervals, an unsettled point, a study without a fit."""
    return Summary(
        schema="daybreak.summary/3",
        campaign="mixed-night",
        description="",
        finished=False,
        verdict="UNDECIDED",
        rule="all",
        sentence="UNDECIDED: 3 of 5 studies are finished, and two of them are not settled.",
        decision=None,
        studies=[_two_intervals(), _unsettled(), _broken(), _waiting(), _noisy()],
        outlook="",
        preflight=[],
        examinations=[],
        claims=[
            _automatic(
                "two intervals",
                "several_intervals",
                supported=True,
                sentence="k2 lies in [0.2, 0.3] or in [1.1, 1.4]; the data do not say which.",
            ),
            _automatic(
                "unsettled",
                "flat_within_noise",
                supported=False,
                sentence="chi2 varies by less than the spread of the fits.",
            ),
        ],
        surprises=[
            "Every trial of the hostile study failed.",
            *(
                f"noisy map: {c.severity}: {c.sentence}"
                for c in _noisy().findings
                if c.severity != "note"
            ),
        ],
        progress=Progress(studies=5, finished=3, trials=19, failed=3),
        timing=Timing(
            started="2026-11-03T21:00:00+00:00",
            ended=None,
            elapsed=0.0,
            seconds=0.41,
            runs=[RunTime(started="2026-11-03T21:00:00+00:00", ended=None, ending="running")],
        ),
        provenance=_provenance({}),
    )


def _two_intervals() -> Study:
    values = [0.1 + 0.1 * i for i in range(16)]
    chi2 = [5.0 + 60 * ((v - 0.25) * (v - 1.25)) ** 2 for v in values]
    intervals = [
        Interval(
            lower=0.1,
            upper=0.42,
            lower_closed=False,
            upper_closed=True,
            lower_reason="bound",
            upper_reason="data",
        ),
        Interval(
            lower=0.9,
            upper=1.46,
            lower_closed=True,
            upper_closed=True,
            lower_reason="data",
            upper_reason="data",
        ),
    ]
    code = "several_intervals"
    return _small("two intervals", "SOFT_PASS", values, chi2, set(), intervals, code)


def _unsettled() -> Study:
    values = [0.5 + 0.1 * i for i in range(9)]
    chi2 = [None if i == 3 else 9.0 + 12 * (v - 0.9) ** 2 for i, v in enumerate(values)]
    return _small("unsettled", "UNDECIDED", values, chi2, {5, 6}, [], "flat_within_noise")


def _small(
    name: str,
    verdict: str,
    values: list[float],
    chi2: list[Any],
    unsettled: set[int],
    intervals: list[Interval],
    code: str,
) -> Study:
    known = [(c, v) for v, c in zip(values, chi2, strict=True) if c is not None]
    lowest, where = min(known)
    bound = [AtBound(parameter="a1", side="lower", bound=0.0)]
    data = {
        "name": name,
        "counted": True,
        "follows": "refine",
        "state": "finished",
        "settings": {"model": "two", "offset": True, "cut": 2.5},
        "method": "profile of k2",
        "parameters": [
            {
                "name": "k2",
                "lower": 0.1,
                "upper": 1.6,
                "scale": "log",
                "unit": "1/s",
                "role": "interest",
            },
            {
                "name": "a1",
                "lower": 0.0,
                "upper": 10.0,
                "scale": "linear",
                "unit": "",
                "role": "nuisance",
            },
        ],
        "verdict": verdict,
        "outcomes": [
            {
                "criterion": "chi2",
                "quantity": "chi2",
                "of": [],
                "outcome": "undecided" if verdict == "UNDECIDED" else "met",
                "value": lowest,
                "uncertainty": 0.4,
                "threshold": "< 9.2",
                "level": "hard",
                "sentence": "chi2 is within its uncertainty of the bar.",
            }
        ],
        "metrics": metrics(
            trials=len(values),
            failed_trials=len(values) - len(known),
            n_observations=3,
            n_free=2,
            degrees_of_freedom=1,
            reduced_chi2=lowest,
            p_value=0.0027,
        ),
        "best": {
            "parameters": {"k2": where, "a1": 0.0},
            "settings": {},
            "scale_factors": {},
            "predictions": {
                f"y{i}": {
                    "prediction": 1.0,
                    "value": 1.0 + i,
                    "sigma": 0.5,
                    "residual": -2.0 * i,
                    "unit": "",
                }
                for i in range(3)
            },
            "derived": {},
            "chi2": lowest,
            "at_bounds": bound,
            "hits": 2,
            "stop_reason": "stopped: the allowed number of iterations was reached",
        },
        **NOTHING,
        "profiles": [
            {
                "parameter": "k2",
                "unit": "1/s",
                "minimum": where,
                "chi2_min": lowest,
                **EARLY,
                "points": [
                    {
                        "value": v,
                        "chi2": c,
                        "settled": c is not None and i not in unsettled,
                        "at_bounds": bound if i < 3 and c is not None else [],
                        "parameters": {} if c is None else {"k2": v, "a1": 0.1 * i},
                        "scale_factors": {},
                        "derived": {},
                        **UNASKED,
                    }
                    for i, (v, c) in enumerate(zip(values, chi2, strict=True))
                ],
                "intervals": intervals,
                "code": codes.BY_WORD[code],
                "sentence": f"k2 is {code}.",
            }
        ],
        "starts": [{"chi2": lowest, "converged": True, "basin": 0}] * 2,
        "failures": {"failed: the model raised an exception": 1}
        if code != "several_intervals"
        else {},
        "error": None,
        "criteria_history": [],
        "units": {"cut": "s"},
    }
    return Study.model_validate(data)


def _noisy() -> Study:
    """A map by a stochastic method of which nothing can be trusted."""
    at = {"current": 0.0, "width": 0.0}
    data = _two_intervals().model_dump()
    profiles: list[dict[str, Any]] = []
    for name, unit, reach in (("current", "A", 8.0), ("width", "mm", 4.0)):
        points = [
            {
                "value": reach * i / 8,
                "chi2": 88.0 + 0.1 * i,
                "settled": i not in (2, 5),
                "own": 88.0 + 0.1 * i + (i * 7) % 5,
                "disagreement_before": 4.0,
                "disagreement": 0.7 if i in (2, 5) else 0.0,
                "at_bounds": [],
                "parameters": {**at, name: reach * i / 8},
                "scale_factors": {},
                "derived": {},
            }
            for i in range(9)
        ]
        piece = {
            "lower": 0.0,
            "upper": reach,
            "lower_closed": False,
            "upper_closed": False,
            "lower_reason": "bound",
            "upper_reason": "flat",
        }
        profiles.append(
            {
                "parameter": name,
                "unit": unit,
                "minimum": 0.0,
                "chi2_min": 88.0,
                "points": points,
                "intervals": [piece],
                "code": codes.FLAT_WITHIN_NOISE,
                "noise": 1.3,
                "before": variation(5.23, 4.6, 3),
                "after": variation(0.909, 0.8, 0),
                "sentence": f"{name}: chi2 varies by 0.8 along the scan, less than the 1.3 by "
                "which "
                "the seeds of the method differ: the profile is flat within noise, and its "
                "minimum "
                "means nothing.",
            }
        )
    data |= {
        "name": "noisy map",
        "profiles": profiles,
        "verdict": "UNDECIDED",
        "settings": {},
        "method": "map of current and width, 9 by 9 points, 3 evolution runs each",
        "parameters": [
            {
                "name": p["parameter"],
                "lower": 0.0,
                "upper": p["points"][-1]["value"],
                "scale": "linear",
                "unit": p["unit"],
                "role": "interest",
            }
            for p in profiles
        ],
        "starts": [
            {"chi2": c, "converged": c < 90, "basin": b}
            for c, b in ((88.0, 0), *[(91.5, 1)] * 4, (140.0, 2))
        ],
        **questioned.bad_answers(at),
    }
    data["best"] |= {"parameters": at, "chi2": 88.0, "at_bounds": []}
    return Study.model_validate(data)


def _broken() -> Study:
    data = _two_intervals().model_dump()
    data |= {
        "name": HOSTILE,
        "state": "failed",
        "verdict": "UNDECIDED",
        "best": None,
        "profiles": [],
        "starts": [],
        "outcomes": [],
        "settings": {},
        "failures": {"failed: a < b & c > d": 3},
        "error": "RuntimeError: <b>no fit</b> at all",
        "metrics": metrics(
            trials=3,
            failed_trials=3,
            fits=3,
            converged_fits=0,
            iterations=0,
            basins=0,
            hits=0,
            seconds=None,
        ),
    }
    return Study.model_validate(data)


def _waiting() -> Study:
    data = _broken().model_dump()
    return Study.model_validate(
        {**data, "name": "waiting", "state": "waiting", "failures": {}, "error": None}
    )


def _provenance(fingerprints: dict[str, str]) -> Provenance:
    return Provenance(
        daybreak="1.0.0",
        python="3.11.9",
        versions={"numpy": "2.4.6", "jax": "0.10.2"},
        platform="Linux-6.1-x86_64",
        processor="16 cores",
        seed=42,
        fingerprints=fingerprints,
    )
