"""What a reader wants at breakfast, as data: `summary.json`.

The schema is versioned; `docs/summary.md` describes it. Every view (terminal, Markdown, HTML)
is made from this model and nothing else.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from daybreak.criteria import Verdict
from daybreak.diagnosis.study import Model, Study
from daybreak.findings import Code, Finding, StudyPreflight
from daybreak.ledger.endings import Ending

SCHEMA = "daybreak.summary/3"


class Row(Model):
    """One row of the decision table."""

    name: str
    when: str
    """The condition in words."""
    then: str
    taken: bool


class TableReading(Model):
    """One reading of the decision table."""

    name: str
    """The row that was taken."""
    reason: str
    """Why it matched, in words."""
    follow_ups: list[str]
    """Names of the studies it started; the next reading counts them."""


class DecisionTaken(Model):
    """What the decision table says in the end."""

    name: str
    sentence: str
    reason: str
    """Why this row matched when it was first taken, in words."""
    follow_ups: list[str]
    """Names of all studies that rows started."""
    readings: list[TableReading]
    """The last one is what counts: the table is read again when follow-up studies have ended."""
    table: list[Row]


class PreflightFinding(Finding):
    """Something known before the night."""

    study: str | None
    """Null when it concerns all."""


class Claim(Model):
    """A statement about a parameter, no stronger than the evidence."""

    study: str
    parameter: str
    code: Code
    """Finding code of the profile."""
    sentence: str
    headed: str = ""
    """The sentence for where the parameter stands before it; empty where it is the same."""
    label: str
    """Where the reference comes from; empty without one."""
    reference: float | None
    """The declared value, in the parameter's unit; null where none was declared."""
    offset: float | None
    """Best value minus reference, in the parameter's unit."""
    strength: str
    """Fixed words, e.g. ``compatible``; without a reference those of the code."""
    supported: bool
    """Whether the evidence carries a statement about the value."""


class RunTime(Model):
    """One invocation of `run`."""

    started: str
    ended: str | None
    state: Ending
    ending: str
    """The same in words, with a reason."""


class Timing(Model):
    """When it ran, in UTC."""

    started: str
    ended: str | None
    elapsed: float
    """Seconds from the start to the end of every run that has ended, added up."""
    seconds: float
    """Seconds spent in trials; the rest is loading, compiling and reporting."""
    runs: list[RunTime]


class Provenance(Model):
    """What made the numbers."""

    daybreak: str
    python: str
    versions: dict[str, str]
    platform: str
    processor: str
    seed: int
    fingerprints: dict[str, str]
    """Problem fingerprint by study."""
    sources: dict[str, str] = Field(default_factory=dict)
    """Hash (SHA-256) of each file the campaign is written in, by path; the ledger has the text."""
    commit: str = ""
    """Commit of the repository they lie in."""
    origin: str = ""
    """Name or file that the campaign was loaded from."""
    changes: str = ""
    """Hash of what differs from that commit; the ledger has the text."""
    plugins: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Checks and diagnoses of other packages that were asked, with the package of each."""


class Progress(Model):
    """How much of the plan is done."""

    studies: int
    finished: int
    trials: int
    failed: int


class Summary(Model):
    """A whole campaign."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["daybreak.summary/3"] = Field(alias="schema")
    campaign: str
    description: str
    finished: bool
    verdict: Verdict
    sentence: str
    """The verdict in one sentence."""
    reason: str
    """The same without the verdict."""
    rule: Literal["all", "any"]
    """Whether the campaign needs all counted studies, or any of them."""
    has_result: bool
    """Whether any counted study has a result; without one nothing can be decided."""
    decision: DecisionTaken | None
    no_decision: str
    """Why no row of the decision table is taken, once the campaign is finished; else empty."""
    studies: list[Study]
    outlook: str
    """What the preflight said of the whole night; empty when none was made."""
    preflight: list[PreflightFinding]
    examinations: list[StudyPreflight]
    """All that the preflight found, study by study: ranges, symmetries, forecast."""
    claims: list[Claim]
    surprises: list[str]
    """Bad news, one sentence each."""
    progress: Progress
    timing: Timing
    provenance: Provenance
