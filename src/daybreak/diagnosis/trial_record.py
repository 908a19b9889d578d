"""The complete record of one trial of a search; every file about trials is made from it.

Forced, sampled and confirming trials have the same fields, and each field comes from one place:
what determined a trial from its key's text in the ledger, what came of it from its outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field

from daybreak.diagnosis.search import state_of
from daybreak.diagnosis.search_study import Model, Plain, TrialState
from daybreak.ledger.made import Made
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.front import ranked
from daybreak.problem.kinds import BASELINE
from daybreak.problem.origins import Why

Purpose = Literal["forced", "sampled", "baseline", "confirm", "refine"]
_PURPOSES: dict[Why, Purpose] = {
    Why.FORCED: "forced",
    Why.TRIAL: "sampled",
    Why.BASELINE: "baseline",
    Why.CONFIRM: "confirm",
    Why.REFINE: "refine",
}
_NAMED = {"seed", "bars", "reports", "recorded", "artifacts", "draws", "traceback"}
"""Details of an outcome that have a field of their own."""


class RecordedTrial(Model):
    """Everything about one trial; a published format."""

    model_config = ConfigDict(
        populate_by_name=True, json_schema_serialization_defaults_required=True
    )

    format: Literal["daybreak.record/1"] = Field(default="daybreak.record/1", alias="schema")
    campaign: str
    study: str
    number: int
    """Forced and sampled trials are counted together, from 0, in the order made, as in the
    report; baselines, confirmations and refinements each by themselves."""
    how: Purpose
    """Why it was made: forced, proposed by the sampler, a baseline, a winner again with a fresh
    seed, a winner again with a refined knob."""
    of: str
    """Name of the baseline or knob; else empty."""
    key: str
    """Hash (SHA-256) of everything that determined it."""
    state: TrialState
    """``infeasible`` when it was measured and missed a constraint."""
    reason: str
    """Why it ended, as a stop reason of the glossary."""
    message: str
    traceback: str
    """Of what `evaluate` raised; else empty."""
    objectives: dict[str, float | None]
    """Every objective by name; null when it was not measured."""
    metrics: dict[str, float]
    """Everything that was measured, the objectives included."""
    configuration: dict[str, Plain]
    """The whole one that was evaluated, held values included; empty for a baseline of its own
    code."""
    settings: dict[str, Plain]
    """As the trial had them, a refined knob included."""
    options: dict[str, Any]
    """What else determined it: the pruner's bars by step, a refined knob."""
    seed: int | None
    recorded: dict[str, Any]
    """What the trial recorded."""
    attached: list[dict[str, Any]]
    """Curves, matrices and tables as data; files by name, size and SHA-256."""
    reports: list[tuple[int, float | None]]
    """Intermediate values by step; null for one that was not finite."""
    draws: dict[str, list[float]]
    """Metrics that came as several numbers."""
    more: dict[str, Any]
    """Anything else that was kept with the outcome."""
    started: str | None
    """UTC, ISO 8601; of quick trials when the batch began that they were made in."""
    ended: str | None
    seconds: float | None
    """How long it took; the mean where several were made in one batch."""
    reused: bool
    """Whether an earlier trial of the study had answered it."""

    @property
    def counts(self) -> bool:
        """Whether it is one of the search's own trials: forced or sampled."""
        return self.how in ("forced", "sampled")

    @property
    def name(self) -> str:
        """What it is called in a folder: ``trial_0007``, ``confirm_0000``."""
        return f"{'trial' if self.counts else self.how}_{self.number:04d}"


def record_of(
    campaign: str, study: StudyRecord, trial: TrialRecord, number: int, made: Made
) -> RecordedTrial:
    """The complete record of one trial, whatever it was made for."""
    how, outcome, asked = _PURPOSES[trial.origin.why], trial.outcome, made.configuration
    details, options = outcome.details, asked["options"]
    # A baseline of its own code need not measure what bars are set on.
    bars = [] if trial.kind == BASELINE else study.problem["constraints"]
    refined = {options["knob"]: options["to"]} if "knob" in options else {}
    return RecordedTrial(
        campaign=campaign,
        study=study.name,
        number=number,
        how=how,
        of=str(trial.origin.which) if how in ("baseline", "refine") else "",
        key=trial.key,
        state=state_of(trial, bars),
        reason=outcome.reason.name,
        message=outcome.message,
        traceback=details.get("traceback", ""),
        objectives={
            row["name"]: outcome.metrics.get(row["name"]) for row in study.problem["objectives"]
        },
        metrics=outcome.metrics,
        configuration=_in_order(asked["configuration"], study.problem),
        settings=asked["settings"] | refined,
        options=options,
        seed=asked["seed"],
        recorded=details.get("recorded", {}),
        attached=details.get("artifacts", []),
        reports=details.get("reports", []),
        draws=details.get("draws", {}),
        more={name: part for name, part in details.items() if name not in _NAMED},
        started=made.started,
        ended=made.ended,
        seconds=made.seconds,
        reused=trial.again,
    )


def _in_order(configuration: Mapping[str, Any], problem: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration in the order of declaration; nothing in it is left out."""
    names = [row["name"] for row in problem["parameters"] if row["name"] in configuration]
    return {name: configuration[name] for name in [*names, *configuration]}


def records_of(campaign: str, study: StudyRecord, made: Mapping[str, Made]) -> list[RecordedTrial]:
    """Records of all trials of a search that have ended, in the order made."""
    counted: Counter[Why] = Counter()
    found: list[RecordedTrial] = []
    for trial in study.trials:
        why = trial.origin.why
        number = int(trial.origin.which or 0) if why.is_proposal else counted[why]
        counted[why] += 1
        found.append(record_of(campaign, study, trial, number, made[trial.key]))
    return found


def best_first(trials: Sequence[RecordedTrial], problem: Mapping[str, Any]) -> list[RecordedTrial]:
    """The search's own trials, completed ones first and best first; then all others, as made.

    With several objectives a trial stands before all that it dominates: first the front, its
    compromises before its ends, then what would be the front without it, and so on.
    """
    signs = {row["name"]: _sign(row) for row in problem["objectives"]}
    left = _done(trials)
    found: list[RecordedTrial] = []
    while left:
        rows = [[s * (t.objectives[name] or 0.0) for name, s in signs.items()] for t in left]
        order = ranked(rows)
        found += [left[i] for i in order]
        taken = set(order)
        left = [trial for i, trial in enumerate(left) if i not in taken]
    own = [trial for trial in trials if trial.counts and trial.state != "completed"]
    own.sort(key=lambda trial: ("infeasible", "pruned", "failed").index(trial.state))
    return [*found, *own, *(trial for trial in trials if not trial.counts)]


def _sign(objective: Mapping[str, Any]) -> float:
    """+1 when smaller is better, -1 when larger is."""
    return -1.0 if objective["direction"] == "maximise" else 1.0


def _done(trials: Sequence[RecordedTrial]) -> list[RecordedTrial]:
    """The completed ones among the search's own trials."""
    return [trial for trial in trials if trial.counts and trial.state == "completed"]


def missing_fields(trials: Sequence[RecordedTrial]) -> dict[str, list[int]]:
    """Numbers of the completed trials that did not record what other completed ones did, by name.

    Only forced and sampled trials are compared.
    """
    done = _done(trials)
    names = dict.fromkeys(name for trial in done for name in trial.recorded)
    lacking = {name: [t.number for t in done if name not in t.recorded] for name in names}
    return {name: numbers for name, numbers in lacking.items() if numbers}


def lost_fields(best: RecordedTrial, trials: Sequence[RecordedTrial]) -> list[str]:
    """Names that the best trial did not record, and that cannot be remarks on some trials only.

    That is, all other completed trials recorded them, or all that were made in the other way:
    forced, where the best was sampled, or sampled, where it was forced.
    """
    others = [trial for trial in _done(trials) if trial.number != best.number]
    groups = (others, [trial for trial in others if trial.how != best.how])
    found = [set.intersection(*(set(t.recorded) for t in group)) for group in groups if group]
    return sorted(set[str]().union(*found) - best.recorded.keys())
