"""What one study means, as data: the part of `summary.json` that belongs to a study.

These models are validated whenever they are made, so that nothing malformed is ever written.
Numbers that do not exist (a p value without degrees of freedom) are null, never NaN.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from daybreak.criteria import Level, Verdict

OutcomeWord = Literal["met", "missed", "undecided"]


class Model(BaseModel):
    """Frozen, and refuses fields it does not know and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Finding(Model):
    """How one criterion came out."""

    criterion: str
    """Label, e.g. ``P1``, or the quantity."""
    quantity: str
    of: list[str]
    outcome: OutcomeWord
    value: float | None
    uncertainty: float | None
    """Spread among the fits that found the same minimum; null when there is no second one."""
    threshold: str
    """The bar in words, e.g. ``< 1e+06``."""
    level: Level
    sentence: str


class Prediction(Model):
    """One observation beside what the best fit says of it."""

    prediction: float
    """After scale factor and offset, in `unit`."""
    value: float
    sigma: float
    """Total uncertainty, in `unit`."""
    residual: float
    """(prediction - value) / sigma, in units of sigma."""
    unit: str


class AtBound(Model):
    """A parameter that sits at a bound."""

    parameter: str
    side: Literal["lower", "upper"]
    bound: float


class BestFit(Model):
    """The lowest chi2 found, with everything needed to recompute it."""

    parameters: dict[str, float]
    settings: dict[str, float | int | str | bool]
    scale_factors: dict[str, float]
    """Scale factors and offsets."""
    predictions: dict[str, Prediction]
    derived: dict[str, float]
    chi2: float
    at_bounds: list[AtBound]
    stop_reason: str
    """The sentence of the stop reason."""
    hits: int
    """How many fits ended in this minimum."""


class ProfilePoint(Model):
    """One grid point of a profile."""

    value: float
    chi2: float | None
    """Null when every fit at this point failed."""
    settled: bool
    """Found by at least two fits, the best of them converged."""
    at_bounds: list[AtBound]
    parameters: dict[str, float]
    scale_factors: dict[str, float]
    derived: dict[str, float]


class Interval(Model):
    """One connected piece of the 95 % set of a profiled parameter."""

    lower: float
    upper: float
    lower_closed: bool
    """Whether the data end the interval there, not a bound or the scan."""
    upper_closed: bool
    lower_reason: Literal["data", "bound", "scan edge"]
    upper_reason: Literal["data", "bound", "scan edge"]
    level: float = 0.95


class Profile(Model):
    """A profile of chi2 along one parameter."""

    parameter: str
    unit: str
    minimum: float | None
    """Value of the parameter at the lowest chi2."""
    chi2_min: float | None
    points: list[ProfilePoint]
    intervals: list[Interval]
    code: str
    """Finding code, e.g. ``identified`` or ``edge_minimum``."""
    sentence: str


class Start(Model):
    """One end of a multi-start, for the waterfall."""

    chi2: float
    converged: bool
    basin: int


class ParameterInfo(Model):
    """A parameter as declared."""

    name: str
    lower: float
    upper: float
    scale: Literal["linear", "log"]
    unit: str
    role: Literal["interest", "nuisance", "fixed"]


class Metrics(Model):
    """Counts and fit quality of a study."""

    trials: int
    failed_trials: int
    fits: int
    converged_fits: int
    iterations: int
    basins: int
    hits: int
    n_observations: int
    n_free: int
    """Fitted parameters, scale factors and offsets, the profiled parameter included."""
    degrees_of_freedom: int
    """n_observations - n_free; may be negative."""
    reduced_chi2: float | None
    p_value: float | None
    seconds: float | None


class CriteriaVersion(Model):
    """One set of criteria a study was judged by, and when it was written."""

    written: str
    """ISO 8601 time, UTC."""
    criteria: list[str]
    verdict: Verdict
    current: bool


class Study(Model):
    """Everything a reader wants to know of one study."""

    name: str
    counted: bool
    """Whether the decision table counts it (a baseline is not counted)."""
    follows: str | None
    """Name of the decision that asked for it, for a follow-up study."""
    state: Literal["waiting", "running", "finished", "failed"]
    settings: dict[str, float | int | str | bool]
    method: str
    """The method in words."""
    parameters: list[ParameterInfo]
    verdict: Verdict
    findings: list[Finding]
    metrics: Metrics
    best: BestFit | None
    profile: Profile | None
    starts: list[Start]
    """Ends of the fits from own starts, lowest chi2 first; at most 200."""
    failures: dict[str, int]
    """Failed trials by sentence."""
    error: str | None
    criteria_history: list[CriteriaVersion]
    units: dict[str, str]
    """Units of derived quantities, settings, scale factors."""
