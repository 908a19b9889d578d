"""What the ledger gives back: plain, frozen records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from daybreak.findings import Preflight, StudyPreflight
from daybreak.ledger.endings import Ending
from daybreak.ledger.states import EventKind, StudyState
from daybreak.problem.kinds import FIT, Kind, Question
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Origin
from daybreak.problem.outcomes import Outcome


@dataclass(frozen=True)
class TrialRecord:
    """One trial as a member of a study."""

    key: str
    kind: Kind
    origin: Origin
    """Why it was first asked."""
    of: tuple[str, ...]
    """Parameters of interest of the profile or map it belongs to, if any."""
    point: tuple[float, ...]
    """Their values."""
    grid: bool
    """Whether the point belongs to the grid."""
    outcome: Outcome
    again: bool = False
    """Whether an earlier trial of the same study had already answered it."""

    @property
    def is_end(self) -> bool:
        """Whether it is the end of a fit, and not one that was counted before."""
        return self.kind.role.is_end and not self.again

    @property
    def ended(self) -> bool:
        """Whether it is the end of a fit that ended somewhere."""
        return self.is_end and self.outcome.chi2 is not None


@dataclass(frozen=True)
class CriteriaRecord:
    """Criteria as they were written down."""

    written: str
    criteria: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class BatchRecord:
    """How long the trials of one batch took, and what the machine was doing then."""

    started: str
    seconds: float
    """Per trial."""
    load: float
    """Processes waiting for a processor, averaged over a minute."""
    memory_mib: float
    """Largest memory of the process so far, in MiB."""
    kind: str = FIT.word
    """What its trials do, as only like takes as long as like."""


@dataclass(frozen=True)
class StudyRecord:
    """One study: what was planned and what came out."""

    name: str
    follows: str | None
    state: StudyState
    error: str | None
    fingerprint: str
    problem: dict[str, Any]
    settings: dict[str, Any]
    method: dict[str, Any]
    """The method's options."""
    facts: MethodFacts
    """What the method says of itself."""
    counted: bool
    seed: int | None
    criteria: tuple[CriteriaRecord, ...]
    """Oldest first; the last one is in force."""
    trials: tuple[TrialRecord, ...]
    seconds: float
    """Time spent in its trials."""
    batches: tuple[BatchRecord, ...] = ()
    note: str | None = None
    """Why it ended before its method did, if it did."""
    before: StudyPreflight | None = None
    """What the newest preflight knew of it; None where none looked at it."""

    @property
    def is_search(self) -> bool:
        """Whether it searches configurations, and does not fit data."""
        return self.problem["kind"] == Question.SEARCH


@dataclass(frozen=True)
class PlannedRecord:
    """One study as it was last planned."""

    name: str
    follows: str | None
    fingerprint: str
    problem: dict[str, Any]
    body: dict[str, Any]
    criteria: list[dict[str, Any]]

    @property
    def is_search(self) -> bool:
        """Whether it searches configurations, and does not fit data."""
        return self.problem["kind"] == Question.SEARCH


@dataclass(frozen=True)
class RunRecord:
    """One invocation of `run`."""

    started: str
    ended: str | None
    ending: Ending | None
    """None as long as it has not ended."""
    owner: str
    provenance: dict[str, Any]
    seen: str = ""
    """When it last beat."""
    plan: str = ""
    """Hash of what it was asked to do."""
    why: str = ""
    """Why it ended, where the ending does not say it."""


@dataclass(frozen=True)
class BegunRecord:
    """The campaign that a ledger belongs to, as its newest run began it."""

    name: str
    origin: str
    """Name or file that it was loaded from; empty where it was made in Python."""
    plan: str
    """Hash of what that run was asked to do."""


@dataclass(frozen=True)
class EventRecord:
    """Something worth remembering."""

    written: str
    kind: EventKind
    text: str


@dataclass(frozen=True)
class CampaignRecord:
    """Everything in a ledger."""

    body: dict[str, Any]
    studies: tuple[StudyRecord, ...]
    runs: tuple[RunRecord, ...]
    preflight: Preflight | None
    """What was known before the night; the newest, if there are several."""
    events: tuple[EventRecord, ...] = field(default=())

    @property
    def searches(self) -> tuple[StudyRecord, ...]:
        """The studies that search, in order."""
        return tuple(study for study in self.studies if study.is_search)

    @property
    def last(self) -> RunRecord:
        """The run that tells how the campaign ended.

        Of several that work on it at once, the first to finish, even if others are still looking
        at what is there or have been killed; otherwise the newest.
        """
        newest = self.runs[-1]
        done = (
            run for run in self.runs if run.plan == newest.plan and run.ending is Ending.FINISHED
        )
        return next(done, newest)
