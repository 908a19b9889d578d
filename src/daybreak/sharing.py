"""Give results away, and get them again: exports, reruns, packs. All of it is data, no pickles."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daybreak.catalogue import load
from daybreak.diagnosis.best import find_best
from daybreak.errors import DaybreakError, LedgerError, known
from daybreak.ledger import schema as t
from daybreak.ledger.export import trial_rows
from daybreak.ledger.records import StudyRecord
from daybreak.ledger.snapshot import snapshot
from daybreak.ledger.store import Ledger
from daybreak.methods.solve import solve
from daybreak.plan import Campaign, Study
from daybreak.problem.outcomes import Outcome, Task, digest
from daybreak.problem.precision import double_precision

SUFFIX = ".daybreak"
"""Of a packed run."""
_TOLERANCE = 1e-9


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
    data: str
    """Hash of the observations."""
    campaign_seed: int
    configuration: dict[str, Any]
    """Kind of trial, settings, parameters held, start in the unit box, solver's options, seed."""
    outcome: dict[str, Any]
    """Parameters, chi2, why it stopped, and what was recorded."""
    provenance: dict[str, Any]
    """Versions, processor, sources."""


class Rerun(BaseModel):
    """How an exported trial came out when it was made again."""

    model_config = ConfigDict(frozen=True)

    identical: bool
    """Whether every number is the same bit for bit."""
    same: bool
    """Whether they are the same to 1e-9."""
    chi2: float | None
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
        chosen, key = _chosen(record.studies, study, key)
        row = ledger.store.read(
            lambda c: c.execute(sa.select(t.trials).where(t.trials.c.key == key)).one()
        )
    return ExportedTrial(
        campaign=record.body["name"], origin=record.runs[-1].provenance.get("origin", ""),
        study=chosen.name, key=row.key, problem=chosen.fingerprint,
        data=digest(chosen.problem["observations"]), campaign_seed=record.body["seed"],
        configuration=json.loads(row.configuration), outcome=json.loads(row.outcome),
        provenance=record.runs[-1].provenance,
    )  # fmt: skip


def _chosen(
    studies: tuple[StudyRecord, ...], name: str | None, key: str | None
) -> tuple[StudyRecord, str]:
    """The study and the key of the trial that is meant."""
    if key is not None:
        for study in studies:
            for trial in study.trials:
                if trial.key.startswith(key):
                    return study, trial.key
        msg = f"no trial has a key that begins with {key!r}; `daybreak export trials` lists them."
        raise LedgerError(msg)
    named = [study for study in studies if name in (None, study.name)]
    if not named:
        msg = f"no study is called {name!r}; there are {known(s.name for s in studies)}."
        raise LedgerError(msg)
    found = [(best, study) for study in named if (best := find_best(study)) is not None]
    if not found:
        msg = "there is no best trial yet: no fit has come to an end."
        raise LedgerError(msg)
    best, study = min(found, key=lambda pair: pair[0].chi2)
    return study, best.trial.key


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
    return compare(exported, make(campaign, exported.problem, exported.configuration))


def make(campaign: Campaign, problem: str, configuration: dict[str, Any]) -> Outcome:
    """Make the trial that a configuration describes.

    Raises
    ------
    DaybreakError
        When no study of the campaign has this problem.
    """
    study = _with_problem(campaign, problem)
    start = configuration["start"]
    task = Task(
        configuration["kind"], configuration["held"], None if start is None else tuple(start),
        configuration["options"], configuration["seed"],
    )  # fmt: skip
    with double_precision():
        return solve(study.problem, study.problem.resolve(configuration["settings"]), [task])[0]


def _with_problem(campaign: Campaign, fingerprint: str) -> Study:
    for study in campaign.all_studies():
        if study.fingerprint == fingerprint:
            return study
    msg = (
        f"campaign {campaign.name!r} declares no problem with the fingerprint "
        f"{fingerprint[:12]}...: its parameters, data or factors are other than they were; "
        "give the file as it was (the ledger keeps its text), or another campaign."
    )
    raise DaybreakError(msg)


def compare(exported: ExportedTrial, found: Outcome) -> Rerun:
    """Compare a trial with what it came to when it was exported."""
    was, now = exported.outcome, found.dump()
    identical = was == json.loads(json.dumps(now))
    pairs = [(was["chi2"], now["chi2"])]
    pairs += [(was["parameters"][name], value) for name, value in now["parameters"].items()]
    same = identical or all(_close(one, two) for one, two in pairs)
    told = "chi2 failed" if found.chi2 is None else f"chi2 = {found.chi2!r}"
    how = (
        "bit for bit as exported" if identical else "as exported to 1e-9" if same
        else f"but {was['chi2']!r} was exported"
    )  # fmt: skip
    sentence = f"{exported.campaign}, {exported.study}: {told}, {how}."
    return Rerun(identical=identical, same=same, chi2=found.chi2, sentence=sentence)


def _close(one: float | None, two: float | None) -> bool:
    if one is None or two is None:
        return one is two
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
    if as_json:
        return len(rows), json.dumps(rows, indent=1)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return len(rows), buffer.getvalue().rstrip("\n")
