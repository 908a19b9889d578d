"""Give results away, and get them again: exports, reruns, packs. All of it is data, no pickles."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daybreak.catalogue import load
from daybreak.diagnosis.best import find_best
from daybreak.diagnosis.search_study import Winner
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.errors import DaybreakError, LedgerError, known
from daybreak.ledger import schema as t
from daybreak.ledger.export import trial_rows
from daybreak.ledger.records import CampaignRecord, StudyRecord
from daybreak.ledger.snapshot import snapshot
from daybreak.ledger.store import Ledger
from daybreak.methods.solve import solve
from daybreak.plan import Campaign, Study
from daybreak.problem.kinds import Kind, Role
from daybreak.problem.outcomes import Outcome, Task, digest
from daybreak.problem.precision import double_precision
from daybreak.report.files import csv_text
from daybreak.runner.rooms import room
from daybreak.verdict import read_study

SUFFIX = ".daybreak"
"""Of a packed run."""
_TOLERANCE = 1e-9
"""Relative difference within which numbers made again agree, as in `daybreak.runner.identity`."""
_MOST_BYTES = 10_000_000
"""Of an attached file that travels inside an export.  A choice: as much as goes with a letter."""


class ExportedTrial(BaseModel):
    """One trial with everything that determined it; a published format."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    format: Literal["daybreak.trial/1"] = Field(default="daybreak.trial/1", alias="schema")
    campaign: str
    origin: str
    """Name or file that the campaign was loaded from."""
    study: str
    key: str
    """Hash (SHA-256) of the configuration."""
    problem: str
    """Fingerprint of what is declared about the problem."""
    follows: str | None = None
    """Row of the decision table that asked for the study."""
    readings: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    """Of a follow-up: the studies that it was made from, as in summary.json."""
    data: str
    """Hash of the observations; empty for a search."""
    campaign_seed: int
    configuration: dict[str, Any]
    """Kind of trial, settings, parameters held, start in the unit box, solver's options, seed;
    of a search what was evaluated."""
    outcome: dict[str, Any]
    """Parameters, chi2 or metrics, why it stopped, and what was recorded and attached."""
    confirmed: dict[str, Any] | None = None
    """Of the best of a search: means over fresh seeds, their uncertainties, and the seeds."""
    files: dict[str, str] = Field(default_factory=dict[str, str])
    """Attached files of at most 10 MB by path, in base64; of larger ones the outcome has the
    hash."""
    provenance: dict[str, Any]
    """Versions, processor, sources."""


class Rerun(BaseModel):
    """How an exported trial came out when it was made again."""

    model_config = ConfigDict(frozen=True)

    identical: bool
    """Whether every number is the same bit for bit; attached files aside, which may hold times."""
    same: bool
    """Whether they are the same to 1e-9."""
    chi2: float | None
    metrics: dict[str, float]
    """Of a search."""
    sentence: str


def export_trial(place: Path, study: str | None = None, key: str | None = None) -> ExportedTrial:
    """The best trial of a study, or any by its key, with everything that reproduces it.

    Raises
    ------
    LedgerError
        When there is no such study or trial, or no best one yet.
    """
    with closing(Ledger(place)) as ledger:
        record = ledger.read()
        chosen, key, winner = _chosen(record.studies, study, key)
        row = ledger.store.read(
            lambda c: c.execute(sa.select(t.trials).where(t.trials.c.key == key)).one()
        )
    outcome, configuration = json.loads(row.outcome), json.loads(row.configuration)
    return exported(record, chosen, key, winner, configuration, outcome, place)


def exported(
    record: CampaignRecord,
    study: StudyRecord,
    key: str,
    winner: Winner | None,
    configuration: dict[str, Any],
    outcome: dict[str, Any],
    place: Path,
) -> ExportedTrial:
    """One trial with everything that determined it, from what the ledger holds of it."""
    observations = study.problem.get("observations")
    return ExportedTrial(
        campaign=record.body["name"],
        origin=record.runs[-1].provenance.get("origin", ""),
        study=study.name,
        key=key,
        problem=configuration["problem"],
        data="" if observations is None else digest(observations),
        campaign_seed=record.body["seed"],
        configuration=configuration,
        outcome=outcome,
        provenance=record.runs[-1].provenance,
        follows=study.follows,
        readings=_before(study.follows, record.studies) if study.follows else [],
        confirmed=_confirmed(winner) if winner and winner.seeds else None,
        files=_files(place, key, outcome),
    )


def _before(row: str, studies: Sequence[StudyRecord]) -> list[dict[str, Any]]:
    """The studies that had ended when a row of the decision table asked for its follow-ups."""
    ended = itertools.takewhile(lambda study: study.follows != row, studies)
    return [read_study(study).model_dump(mode="json", by_alias=True) for study in ended]


def _confirmed(winner: Winner) -> dict[str, Any]:
    return winner.model_dump(include={"metrics", "uncertainty", "seeds", "failed"})


def _files(place: Path, key: str, outcome: dict[str, Any]) -> dict[str, str]:
    """What a trial attached, as text, as far as it is there and not too large."""
    found: dict[str, str] = {}
    for part in outcome["details"].get("artifacts", []):
        path = room(place, key) / part.get("path", "")
        if part["kind"] == "file" and part["bytes"] <= _MOST_BYTES and path.is_file():
            found[part["path"]] = base64.b64encode(path.read_bytes()).decode()
    return found


def _chosen(
    studies: tuple[StudyRecord, ...], name: str | None, key: str | None
) -> tuple[StudyRecord, str, Winner | None]:
    """The study, the key of the trial that is meant, and a winner that was selected by it."""
    if key is not None:
        for study in studies:
            for trial in study.trials:
                if trial.key.startswith(key):
                    return study, trial.key, None
        msg = f"no trial has a key that begins with {key!r}; `daybreak export trials` lists them."
        raise LedgerError(msg)
    named = [study for study in studies if name in (None, study.name)]
    if not named:
        msg = f"no study is called {name!r}; there are {known(s.name for s in studies)}."
        raise LedgerError(msg)
    fits = [study for study in named if not study.is_search]
    found = [(best, study) for study in fits if (best := find_best(study)) is not None]
    if found:
        best, study = min(found, key=lambda pair: pair[0].chi2)
        return study, best.trial.key, None
    searches = [(best, study) for study in named if (best := _winner(study)) is not None]
    if len(searches) > 1:
        msg = f"say with --study which search is meant: {known(s.name for _, s in searches)}."
        raise LedgerError(msg)
    if not searches:
        msg = "there is no best trial yet: no fit has come to an end, and no search has a result."
        raise LedgerError(msg)
    winner, study = searches[0]
    own = (t for t in study.trials if t.origin.why.is_proposal)
    return study, next(t.key for t in own if t.origin.which == winner.number), winner


def _winner(study: StudyRecord) -> Winner | None:
    """The best configuration of a search."""
    found = read_study(study).search if study.is_search else None
    return found.best if found else None


def read_export(file: Path) -> ExportedTrial:
    """What `export_trial` gave, from its JSON; nothing in it is executed.

    Raises
    ------
    DaybreakError
        When it cannot be read, or is something else.
    """
    try:
        return ExportedTrial.model_validate_json(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read {file} ({error}); give the file that `daybreak export best` wrote."
        raise DaybreakError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"{file} is no exported trial: {where}: {first['msg']}."
        raise DaybreakError(msg) from error


def rerun(exported: ExportedTrial, name_or_file: str | None = None) -> Rerun:
    """Make a trial again from its export and the campaign's code, and compare.

    Raises
    ------
    DaybreakError
        When the campaign has no such problem any more.
    """
    campaign = load(name_or_file or exported.origin or exported.campaign)
    return compare(exported, make(campaign, exported))


def make(campaign: Campaign, exported: ExportedTrial) -> Outcome:
    """Make an exported trial again.

    Raises
    ------
    DaybreakError
        When no study of the campaign has this problem.
    """
    configuration = exported.configuration
    with double_precision():
        study = _with_problem(campaign, exported)
        settings = study.problem.resolve(configuration["settings"])
        return solve(study.problem, settings, [_task(configuration)])[0]


def _task(configuration: dict[str, Any]) -> Task:
    kind, start = Kind(configuration["kind"], Role.EVALUATION), configuration.get("start")
    return Task(
        kind,
        configuration.get("held", {}),
        None if start is None else tuple(start),
        configuration["options"],
        configuration["seed"],
        configuration=configuration.get("configuration"),
    )


def _with_problem(campaign: Campaign, exported: ExportedTrial) -> Study:
    fingerprint = exported.problem
    for study in (*campaign.all_studies(), *_asked_for(campaign, exported)):
        if digest(study.problem.identity()) == fingerprint:
            return study
    msg = (
        f"campaign {campaign.name!r} declares no problem with the fingerprint "
        f"{fingerprint[:12]}...: its parameters, data or factors are other than they were; "
        "give the file as it was (the ledger keeps its text), or another campaign."
    )
    raise DaybreakError(msg)


def _asked_for(campaign: Campaign, exported: ExportedTrial) -> Sequence[Study]:
    """The follow-up studies of the decision that asked for an exported one."""
    readings = [
        StudyReading.model_validate_json(json.dumps(reading)) for reading in exported.readings
    ]
    for row in campaign.decisions:
        if row.name == exported.follows and row.follow_up:
            return row.follow_up(readings)
    return ()


def compare(exported: ExportedTrial, found: Outcome) -> Rerun:
    """Compare a trial with what it came to when it was exported."""
    was, now = exported.outcome, json.loads(json.dumps(found.dump()))
    identical = _without_files(was) == _without_files(now)
    before, after = _numbers(was), _numbers(now)
    same = identical or (
        before.keys() == after.keys() and all(_close(before[name], after[name]) for name in before)
    )
    told = _told(now)
    how = (
        "bit for bit as exported"
        if identical
        else "as exported to 1e-9"
        if same
        else f"but {_told(was)} was exported"
    )
    sentence = f"{exported.campaign}, {exported.study}: {told}, {how}."
    return Rerun(
        identical=identical, same=same, chi2=found.chi2, metrics=found.metrics, sentence=sentence
    )


def _without_files(outcome: dict[str, Any]) -> dict[str, Any]:
    """An outcome without what its attached files weigh: their names only."""
    details = outcome.get("details", {})
    artifacts = [
        {"kind": "file", "name": part["name"]} if part["kind"] == "file" else part
        for part in details.get("artifacts", [])
    ]
    return {**outcome, "details": {**details, "artifacts": artifacts}}


def _numbers(outcome: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """What has to be the same: chi2, parameters, metrics."""
    named: dict[str, dict[str, Any]] = {
        "chi2": {"": outcome["chi2"]},
        "parameter": outcome["parameters"],
        "metric": outcome.get("metrics", {}),
    }
    return {(kind, name): v for kind, row in named.items() for name, v in row.items()}


def _told(outcome: dict[str, Any]) -> str:
    """The result in words."""
    metrics = outcome.get("metrics")
    if metrics:
        return ", ".join(f"{name} = {value!r}" for name, value in metrics.items())
    failed = outcome["chi2"] is None
    return f"failed ({outcome['reason']})" if failed else f"chi2 = {outcome['chi2']!r}"


def _close(one: Any, two: Any) -> bool:
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (one, two))
    if not numbers:
        return one == two
    return abs(one - two) <= _TOLERANCE * max(abs(one), abs(two), 1e-300)


def pack(place: Path, target: Path | None = None) -> Path:
    """Write a whole ledger, finished or living, into one file; returns its path.

    Raises
    ------
    LedgerError
        When there is no ledger, or the file cannot be written.
    """
    with closing(Ledger(place)) as ledger:
        name = ledger.read().body["name"]
        return snapshot(ledger.store, target or Path(f"{name}{SUFFIX}"))


def trials_as_text(place: Path, *, as_json: bool) -> tuple[int, str]:
    """Every trial with its full configuration, as CSV or JSON, and how many they are."""
    with closing(Ledger(place)) as ledger:
        rows = trial_rows(ledger.read())
    return len(rows), json.dumps(rows, indent=1) if as_json else csv_text(rows).rstrip("\n")
