"""What preflight and diagnosis find, and what else is known before the night, as data.

The ledger keeps the preflight, the report shows all; the code words are fixed (see the glossary).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from daybreak.criteria import Level
from daybreak.errors import LedgerError, PlanError, known
from daybreak.findings import codes
from daybreak.findings.code import FindingCode, Severity, Withholds
from daybreak.sentences import Said, Sentence, Span

Rational = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(e[+-]?\d+)?(/\d+)?$")]
"""A number as text: ``2``, ``-2/3``, ``0.125``."""
Identifiability = Literal[
    "identifiable", "locally not identifiable", "only through its bounds", "only through its prior"
]


def _read_code(given: Any, info: ValidationInfo) -> FindingCode:
    """A code as it is or as `model_dump` gives it, or in JSON by its word."""
    if isinstance(given, dict):
        return _read_code(FindingCode.restore(given), info)
    if isinstance(given, FindingCode):
        own = codes.BY_WORD.get(given.word, given)
        if own.describe() != given.describe():
            msg = f"the finding code {given.word!r} is Daybreak's own; choose another word."
            raise PlanError(msg)
        return own
    if info.mode != "json":
        msg = (
            f"a finding's code is a FindingCode, but got {given!r}; take it from "
            "`daybreak.findings.codes`, or make one of your own."
        )
        raise TypeError(msg)
    if given not in codes.BY_WORD:
        msg = (
            f"nobody here knows the finding code {given!r}, which another version of Daybreak may "
            f"have written; known are {known(codes.BY_WORD)}."
        )
        raise LedgerError(msg)
    return codes.BY_WORD[given]


Code = Annotated[
    FindingCode,
    PlainValidator(_read_code),
    PlainSerializer(lambda code: code.word, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "examples": list(codes.BY_WORD)}),
]
"""A code in a record: an object in Python, its word in JSON."""


def _explained(code: FindingCode) -> dict[str, Any] | None:
    """What is to be said of a code that is none of Daybreak's own."""
    return None if code.word in codes.BY_WORD else code.describe()


def _withheld(code: FindingCode, severity: Severity) -> list[Withholds]:
    """What a code withholds, in order; nothing where a warning is told as a note."""
    milder = severity == "note" and code.severity != "note"
    return [] if milder else sorted(code.withholds, key=lambda one: one.value)


def _drawable(artifact: dict[str, Any]) -> dict[str, Any]:
    """A curve, matrix or table as data, and nothing else."""
    if artifact.get("kind") not in ("curve", "matrix", "table"):
        msg = "an artifact is a dumped curve, matrix or table, e.g. `dk.Curve(...).dump()`."
        raise ValueError(msg)
    return artifact


class Model(BaseModel):
    """Frozen, and refuses fields it does not know and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Finding(Model):
    """One finding: a code, how bad it is, a sentence, and perhaps a picture."""

    code: Code
    severity: Severity = Field(default_factory=lambda found: found["code"].severity)
    """That of the code unless it is given."""
    parameter: str | None = None
    studies: list[str] = []
    """All that it is about, where that is more than one."""
    sentence: Said
    lead: int = 0
    """Length of the sentence's first clause, in characters; 0 where it is the whole."""
    numbers: list[Span] = []
    """Where the numbers of the sentence begin and end, in characters."""
    artifact: Annotated[dict[str, Any], AfterValidator(_drawable)] | None = None
    """What `dump` of a `daybreak.Curve`, `Matrix` or `Table` gives: every output draws it."""
    explained: dict[str, Any] | None = Field(
        default_factory=lambda found: _explained(found["code"])
    )
    """What the code means, where it is none of Daybreak's own; null where it is."""
    withholds: list[Withholds] = Field(
        default_factory=lambda found: _withheld(found["code"], found["severity"])
    )
    """What may not be said because of it: all that its code withholds, unless it is given."""

    @property
    def is_stop(self) -> bool:
        """Whether it alone keeps its study from running."""
        return self.severity == "stop"

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any, info: ValidationInfo) -> Any:
        """Read a code that is none of Daybreak's own from what stands beside it.

        The marks of a sentence are written down beside it as well.  A record that does not say
        what it withholds is of a version in which findings withheld nothing.
        """
        if not isinstance(data, dict):
            return data
        given: dict[str, Any] = dict(data)
        if info.mode == "json":
            given.setdefault("withholds", [])
        if given.get("explained"):
            given["code"] = FindingCode.restore(given["explained"])
        text = given.get("sentence")
        if isinstance(text, Sentence):
            given |= {"lead": text.lead, "numbers": list(text.numbers)}
        elif isinstance(text, str):
            given["sentence"] = Sentence(text, given.get("numbers", ()), given.get("lead", 0))
        return given


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
    escapes: list[Escape] | None = None
    """Bounds that stop it; None where they were not looked for."""
    best: dict[str, float]
    """The place of the smallest chi2, by parameter; local fits start from there as well."""
    sentence: Said

    @property
    def meaningless(self) -> bool:
        """Whether nothing is asked: no data are left to test the model, so there is no bar."""
        return not self.met and self.bar is None


class Symmetry(Model):
    """A continuous transformation that moves parameters and (nearly) no residual."""

    kind: Literal["scaling", "shift"]
    exponents: dict[str, Rational]
    """Rational exponents (or shifts) by parameter, e.g. ``{"beta": "2", "U_e": "1"}``."""
    exact: bool
    size: float
    """Largest change of a residual under the finite transformation: where it is exact as a share
    of max(1, its size in sigma) anywhere, else in units of sigma at the best fit."""
    sentence: str
    """E.g. ``beta -> c^2 beta, U_e -> c U_e leaves every residual unchanged``."""

    def moves(self, name: str) -> bool:
        """Whether it is exact and moves a parameter, so that no datum fixes that."""
        return self.exact and Fraction(self.exponents.get(name, "0")) != 0


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


class Unmade(enum.StrEnum):
    """Why a check was not made; the value is what ``summary.json`` keeps and the reader sees."""

    LACKING = (
        "what the plan needs is not here",
        "Not checked, because what the plan needs is not here:",
    )
    BUDGET = "the budget was spent", "Not checked, because the budget was spent:"
    NUMBERLESS = "the model gives no number", "Not checked, because the model gives no number:"
    NONFINITE = "too few places were finite", "Not checked, because too few places were finite:"
    SLOPELESS = (
        "derivatives are finite at too few places",
        "Not checked, because derivatives are finite at too few places, although predictions are:",
    )
    UNREHEARSED = "no rehearsal was declared", "No rehearsal was declared; it would tell"
    """Nothing was wanting that Daybreak could have done."""

    lead: str
    """How a list of such checks begins."""

    def __new__(cls, why: str, lead: str) -> Self:
        """A reason with how a list begins."""
        made = str.__new__(cls, why)
        made._value_ = why
        made.lead = lead
        return made

    @property
    def wanting(self) -> bool:
        """Whether it was meant to be made."""
        return self is not Unmade.UNREHEARSED


class NotChecked(Model):
    """A check that was not made, or not to its end."""

    check: str
    """Its name: what it settles, in words."""
    why: Unmade


SYMMETRIES = "whether a symmetry moves a parameter"
"""Name of the check that every claim about a parameter rests on."""


class StudyPreflight(Model):
    """Everything found about one study."""

    study: str
    findings: list[Finding]
    reachability: list[Reachability]
    symmetries: list[Symmetry]
    identifiability: dict[str, Identifiability]
    rank: int | None
    """Generic local rank of d(residuals)/d(parameters)."""
    degrees_of_freedom: int
    forecast: Forecast | None
    checked: list[str] = []
    """Checks that were made, by name."""
    not_checked: list[NotChecked]
    evaluations: int

    @property
    def looked_for_symmetries(self) -> bool:
        """Whether symmetries that were not found are none."""
        return all(one.check != SYMMETRIES for one in self.not_checked)

    @classmethod
    def unasked(cls, study: str, **known: Any) -> StudyPreflight:
        """Of a study of which no fit was asked: a search, or one that cannot be made here."""
        nothing: dict[str, Any] = {
            "findings": [],
            "reachability": [],
            "symmetries": [],
            "identifiability": {},
            "rank": None,
            "degrees_of_freedom": 0,
            "forecast": None,
            "checked": [],
            "not_checked": [],
            "evaluations": 0,
        }
        return cls(study=study, **{**nothing, **known})


class Preflight(Model):
    """What is known before the night."""

    hopeless: bool
    """Whether nothing can come of it: every counted study has a stop, or the plan needs what this
    machine lacks."""
    sentence: str
    studies: list[StudyPreflight]
    seconds: float
    over: float = 0.0
    """Seconds of work by which reach and symmetries, which always get theirs, went beyond the
    budget."""

    def of(self, study: str) -> StudyPreflight | None:
        """What is known of one study; None where it was not looked at."""
        return next((one for one in self.studies if one.study == study), None)

    def only(self, studies: Sequence[str]) -> Preflight:
        """The same of some studies."""
        some = [one for one in self.studies if one.study in studies]
        return self.model_copy(update={"studies": some})

    @property
    def lacking(self) -> list[Finding]:
        """What the plan needs and this machine lacks."""
        found = (finding for one in self.studies for finding in one.findings)
        return [one for one in found if one.code == codes.MISSING_RESOURCE]
