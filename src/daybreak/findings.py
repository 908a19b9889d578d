"""What is known before the night, as data: findings of the preflight.

The ledger keeps them, the report shows them; the code words are fixed (see the glossary).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from daybreak.criteria import Level
from daybreak.sentences import Said, Sentence, Span

Rational = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(e[+-]?\d+)?(/\d+)?$")]
"""A number as text: ``2``, ``-2/3``, ``0.125``."""
Severity = Literal["stop", "warning", "note"]
"""``stop`` alone keeps a campaign from running."""
Identifiability = Literal[
    "identifiable", "locally not identifiable", "only through its bounds", "only through its prior"
]


class Model(BaseModel):
    """Frozen, and refuses fields it does not know and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Check(Model):
    """One finding: a code, how bad it is, and a sentence."""

    code: str
    severity: Severity
    parameter: str | None = None
    studies: list[str] = []
    """All that it is about, where that is more than one."""
    sentence: Said
    lead: int = 0
    """Length of the sentence's first clause, in characters; 0 where it is the whole."""
    numbers: list[Span] = []
    """Where the numbers of the sentence begin and end, in characters."""

    @model_validator(mode="before")
    @classmethod
    def _marks(cls, data: Any) -> Any:
        """The marks of a sentence are written down beside it."""
        if not isinstance(data, dict):
            return data
        fields: dict[str, Any] = dict(data)
        text = fields.get("sentence")
        if isinstance(text, Sentence):
            return {**fields, "lead": text.lead, "numbers": list(text.numbers)}
        if isinstance(text, str):
            marked = Sentence(text, fields.get("numbers", ()), fields.get("lead", 0))
            return {**fields, "sentence": marked}
        return fields


class Escape(Model):
    """A bound that stops a criterion, and how far it alone would have to move."""

    parameter: str
    side: Literal["lower", "upper"]
    bound: float
    needed: float | None
    """Value of the bound at which the criterion can be met; null when it alone does not do it."""


class Reach(Model):
    """What a prediction, or a ratio of two where a scale factor is eliminated, can be."""

    quantity: str
    """Name of an observation, or ``m_mu / m_e``."""
    ratio: tuple[str, str] | None = None
    """Names of the two, where it is a ratio."""
    unit: str
    lowest: float
    highest: float
    target: float
    """What the data say."""
    needed_lower: float | None
    """Least value with which the criterion in question can be met; null without a criterion."""
    needed_upper: float | None
    reachable: bool


class Reachability(Model):
    """Whether a criterion can be met anywhere in the box, as far as searched."""

    number: int
    """The criterion's place among those of its study, from 0."""
    criterion: str
    """Its title, e.g. ``P1``."""
    level: Level
    smallest_chi2: float
    bar: float | None
    met: bool
    starts: int
    """Starts of both methods together."""
    spread: float
    """Largest difference between what the two methods found."""
    conclusive: bool
    """All of at least 64 starts by two methods agree and the gap is over ten times the spread."""
    reaches: list[Reach]
    escapes: list[Escape]
    best: dict[str, float]
    """The place of the smallest chi2, by parameter; local fits start from there as well."""
    sentence: Said


class Symmetry(Model):
    """A continuous transformation that moves parameters and (nearly) no residual."""

    kind: Literal["scaling", "shift"]
    exponents: dict[str, Rational]
    """Rational exponents (or shifts) by parameter, e.g. ``{"beta": "2", "U_e": "1"}``."""
    exact: bool
    size: float
    """Largest change of a residual under the finite transformation, in units of sigma, relative
    to the residual's own size."""
    sentence: str
    """E.g. ``beta -> c^2 beta, U_e -> c U_e leaves every residual unchanged``."""


class Forecast(Model):
    """How long the study will take."""

    seconds_per_evaluation: float
    seconds_per_fit: float
    fits: int
    seconds: float
    """Expected length, compilation aside."""
    seconds_low: float
    seconds_high: float
    """80 % interval."""
    memory_mib: float


class StudyPreflight(Model):
    """Everything found about one study."""

    study: str
    checks: list[Check]
    reachability: list[Reachability]
    symmetries: list[Symmetry]
    identifiability: dict[str, Identifiability]
    rank: int | None
    """Generic local rank of d(residuals)/d(parameters)."""
    degrees_of_freedom: int
    forecast: Forecast | None
    not_checked: list[str]
    """Checks left out for want of budget, in words."""
    evaluations: int


class Preflight(Model):
    """What is known before the night."""

    hopeless: bool
    """Whether a hard criterion of every counted study is out of reach as far as searched."""
    sentence: str
    studies: list[StudyPreflight]
    seconds: float
