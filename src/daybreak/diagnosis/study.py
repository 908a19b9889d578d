"""What one study means, as data: the part of `summary.json` that belongs to a study.

These models are validated whenever they are made, so that nothing malformed is ever written.
Numbers that do not exist (a p value without degrees of freedom) are null, never NaN.
"""

from __future__ import annotations

import enum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from daybreak.criteria import Level, Verdict
from daybreak.diagnosis.search_study import OutcomeWord, SearchReading
from daybreak.findings import Code, Finding
from daybreak.ledger.states import StudyState
from daybreak.problem.ends import LEVEL_95
from daybreak.sentences import Said

EndKind = Literal[
    "global", "local minimum", "saddle or plateau", "not converged", "at bound", "unchecked"
]


class Model(BaseModel):
    """Frozen, and refuses fields it does not know and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CriterionOutcome(Model):
    """How one criterion came out."""

    criterion: str
    """Label, e.g. ``P1``, or the quantity."""
    quantity: str
    of: list[str]
    outcome: OutcomeWord
    value: float | None
    uncertainty: float | None
    """Spread among the fits that found the same minimum, and the shift under refined knobs; null
    when there is no second fit."""
    threshold: Said
    """The bar in words, e.g. ``< 1e+06``."""
    level: Level
    sentence: Said


class EndReason(enum.StrEnum):
    """What ends an interval on one side; only the data close it."""

    DATA = "data"
    PHYSICAL_LIMIT = "physical limit"
    BOUND = "bound"
    """Of the parameter itself."""
    NUISANCE = "bound of a nuisance"
    """It moves with a bound of other parameters."""
    PRIOR = "prior"
    """Without priors nothing ends the set on that side, or a piece of it lies there."""
    SCAN_EDGE = "scan edge"
    FLAT = "flat"
    """The profile is flat, below its level, up to the bound."""
    NO_FIT = "no fit"
    """Every fit next to it failed."""
    UNFINISHED = "unfinished"
    """It was not found before the search stopped."""


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
    """Found by two fits, the best of them converged, or by three that stalled; or nothing is left
    to fit."""
    own: float | None
    """Lowest chi2 from the point's own starts, before anything was learnt from other points."""
    disagreement_before: float | None
    """Difference in chi2 between the fits from the left and the right neighbour when they were
    first made; null where there are not two."""
    disagreement: float | None
    """How far the worse of the two directions stayed above the point's chi2 in the end."""
    at_bounds: list[AtBound]
    parameters: dict[str, float]
    scale_factors: dict[str, float]
    derived: dict[str, float]


class Interval(Model):
    """One connected piece of the 95 % set of a profiled parameter."""

    lower: float
    upper: float
    lower_closed: bool
    """Whether the data end the interval there, not a bound, the scan, or a flat profile."""
    upper_closed: bool
    lower_reason: EndReason
    upper_reason: EndReason
    lower_of: list[str] = []
    """Whose bounds or priors end it; where the data do, whose priors make it narrower."""
    upper_of: list[str] = []
    level: float = 0.95


class OtherMinimum(Model):
    """A minimum that was seen outside the 95 % set that is told."""

    value: float
    """Of the parameter of interest."""
    rise: float
    """How far its chi2 lies above the lowest."""
    inside: bool
    """Whether it belongs to the 95 % set, whose piece around it was not followed."""


class Variation(Model):
    """How much a curve varies over its grid, in the words of one-way profiles."""

    percent: float | None
    """100 (max - min) / min of chi2; null where the smallest chi2 is zero."""
    range: float
    """max - min, in units of chi2."""
    local_minima: int
    """Grid points below both neighbours by more than rounding."""


class Profile(Model):
    """A profile of chi2 along one parameter."""

    parameter: str
    unit: str
    minimum: float | None
    """Value of the parameter at the lowest chi2."""
    chi2_min: float | None
    """The lowest chi2 found anywhere in the study: the reference of the intervals."""
    level: float = LEVEL_95
    """How far chi2 may rise above it at 95 %."""
    points: list[ProfilePoint]
    intervals: list[Interval]
    code: Code
    """Finding code, e.g. ``identified`` or ``edge_minimum``."""
    sentence: Said
    headed: Said = ""
    """The sentence for where the parameter stands before it; empty where it is the same."""
    before: Variation | None
    """Of the points' own starts alone."""
    after: Variation | None
    """After relaxation."""
    ends_only: bool = False
    """Whether only the ends of the 95 % set were sought, and nothing between them."""
    other_minima: list[OtherMinimum] = []
    """Where only the ends were sought, minima seen elsewhere, lowest first."""
    data_alone: list[Interval] = []
    """The set without priors, its ends roughly; empty where none was left out."""
    left_out: list[float] = []
    """Physical limits that end the scan and do not belong to the set: at a limit less is enough
    (`daybreak.problem.levels.level_at_limit`)."""
    noise: float | None
    """Spread of chi2 over the seeds of a stochastic method, the median over the points; null for
    others."""
    fitted: list[tuple[float, float]] = Field(default_factory=list[tuple[float, float]])
    """Every value that was fitted, on the grid or not, with its lowest chi2; in order."""


class ContourPoint(Model):
    """A point of a contour line."""

    x: float
    y: float
    closed: bool
    """Whether the data put it there, not the border of the scan."""


class Contour(Model):
    """The set at one joint level: closed lines around its pieces."""

    level: float
    """Joint probability for two parameters, e.g. 0.95."""
    chi2: float
    """Lowest chi2 plus the quantile of the chi2 distribution with two degrees of freedom."""
    lines: list[list[ContourPoint]]
    """The border of every region, and of every hole in one."""
    regions: int
    """Separate pieces of the set; holes are none."""
    error: float
    """Largest distance from the level found between two of its points, in units of chi2."""


class Map(Model):
    """Chi2 over two parameters, minimised over all others."""

    parameters: tuple[str, str]
    units: tuple[str, str]
    scales: tuple[Literal["linear", "log"], Literal["linear", "log"]]
    x: list[float]
    y: list[float]
    chi2: list[list[float | None]]
    """Lattice, a row for every y; null where every fit failed."""
    unsettled: int
    """Lattice points whose lowest fit stands alone or has not converged."""
    minimum: tuple[float, float] | None
    chi2_min: float | None
    contours: list[Contour]
    sentence: str
    code: Code | None = None
    """``several_regions`` where the 95 % region is in pieces, else null."""


class Start(Model):
    """One end of a multi-start, for the waterfall."""

    chi2: float
    converged: bool
    basin: int


class FitEnd(Model):
    """A distinct end of the fits of all free parameters, questioned by a second method."""

    chi2: float
    hits: int
    """Starts that ended here."""
    kind: EndKind
    polished: float | None
    """Chi2 after the polish; null where it was not polished."""
    negative: int
    """Negative eigenvalues of the scaled Hessian on the free parameters."""
    zero: int
    """Eigenvalues that vanish: directions in which chi2 does not change to second order."""
    at_bounds: list[AtBound]
    parameters: dict[str, float]
    sentence: Said


class ScaledFit(Model):
    """The best fit with the model uncertainty multiplied."""

    scale: float
    chi2: float
    parameters: dict[str, float]
    shifts: dict[str, float]
    """Change of each free parameter from the unscaled best fit, in its unit."""


class GroupFit(Model):
    """How well one group of observations is described."""

    group: str
    observations: int
    degrees_of_freedom: float
    """Effective ones: what the fit leaves to this group."""
    chi2: float
    p_value: float | None


class Tension(Model):
    """Whether model and data agree."""

    groups: list[GroupFit]
    """Empty where all observations are of one kind, or the best fit was not examined."""
    ceiling: float | None
    """Chi2 of the best constant for each group of observations that share one: a model that does
    no better explains nothing.  Null where no group has two observations of different value."""
    share: float | None
    """chi2 / ceiling."""


class KnobShift(Model):
    """What refining a knob would change at the best fit or at an end of an interval."""

    knob: str
    value: float | int | str | bool
    refined: float | int | str | bool
    at: str
    """``best fit``, or ``lower end of k``."""
    chi2: float
    """Change of the minimum of chi2."""
    parameters: dict[str, float]
    """Change of each parameter, in its unit; at an interval's end, of that end alone."""
    order: float | None
    """Order of the knob's error; with it the changes are Richardson's estimates of the error."""


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
    """Fitted parameters, scale factors and offsets, the profiled parameter included; as many as
    the data fix, where that is known to be fewer."""
    degrees_of_freedom: int
    """n_observations - n_free; may be negative."""
    statistic: str = ""
    """What chi2 adds up where the noise is not Gaussian; empty where it is."""
    reduced_chi2: float | None
    """Null too where the size of the noise is fitted, and so tests nothing."""
    p_value: float | None
    no_p_value: str = ""
    """Why there is no p value, as a clause; empty where there is one."""
    aic: float | None
    """chi2 + 2 n_free; only its difference between studies of the same data means anything."""
    aicc: float | None = None
    """AIC corrected for few data, aic + 2 k (k + 1) / (n - k - 1); null below n = k + 2."""
    bic: float | None
    """chi2 + n_free log(n_observations), likewise."""
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
    state: StudyState
    settings: dict[str, float | int | str | bool]
    method: str
    """The method in words."""
    parameters: list[ParameterInfo]
    verdict: Verdict
    outcomes: list[CriterionOutcome]
    metrics: Metrics
    best: BestFit | None
    profiles: list[Profile]
    """One for each profiled parameter; for a map, both marginal profiles."""
    maps: list[Map]
    starts: list[Start]
    """Ends of the fits from the study's starts, lowest chi2 first; at most 200."""
    ends: list[FitEnd]
    """Distinct ends of the fits of all free parameters, lowest first; at most 24."""
    missed: float | None
    """Expected share of starts that lead to a minimum not seen so far (Boender and Rinnooy Kan
    1987); null where too few starts were made to tell."""
    tension: Tension | None
    model_scales: list[ScaledFit]
    """Best fits with the model uncertainty multiplied; empty where there is none."""
    knobs: list[KnobShift]
    noise: float | None = None
    """Largest difference of chi2 between evaluations of one place near the lowest chi2; null where
    none was evaluated twice."""
    findings: list[Finding]
    """Findings about the problem as a whole and its parameters, worst first."""
    failures: dict[str, int]
    """Failed trials by sentence."""
    error: str | None
    criteria_history: list[CriteriaVersion]
    units: dict[str, str]
    """Units of derived quantities, settings, scale factors."""
    search: SearchReading | None = None
    """What a search found; null for a fit, as `best` is for a search."""

    @property
    def finished(self) -> bool:
        """Whether its method came to an end, so that what it found can be judged."""
        return self.state is StudyState.FINISHED

    @property
    def has_result(self) -> bool:
        """Whether it ended with a best fit, a configuration measured, or a verdict.

        A search may be judged by how many of its trials were completed, when none was.
        """
        found = self.best is not None if self.search is None else self.search.measured > 0
        return self.finished and (found or self.verdict != "UNDECIDED")

    @property
    def names(self) -> frozenset[str]:
        """What its sentences may begin with that is no word: names whose case is never changed."""
        judged = {name for one in self.outcomes for name in (one.quantity, *one.of)}
        return frozenset(judged | {info.name for info in self.parameters} | self.settings.keys())

    @property
    def profile(self) -> Profile | None:
        """The first profile, if there is one."""
        return self.profiles[0] if self.profiles else None

    def profile_of(self, parameter: str) -> Profile | None:
        """The profile of one parameter, if there is one."""
        return next((p for p in self.profiles if p.parameter == parameter), None)
