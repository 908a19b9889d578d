"""The complete records of every search of a run, as files for other programs and other people.

One function makes the record of a trial (`daybreak.diagnosis.trial_record.record_of`), and every
file here is written from its records: a forced trial cannot be kept otherwise than a sampled one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from daybreak.diagnosis.search_study import SearchReading
from daybreak.diagnosis.search_summary import StudySummary, summarise
from daybreak.diagnosis.trial_record import RecordedTrial, best_first, lost_fields, records_of
from daybreak.errors import LedgerError, known
from daybreak.ledger.export import trial_rows
from daybreak.ledger.made import Made
from daybreak.ledger.records import CampaignRecord, StudyRecord
from daybreak.ledger.store import Ledger
from daybreak.report import folder
from daybreak.report.files import csv_text, safe_name
from daybreak.report.numbers import count
from daybreak.report.search_page import render
from daybreak.sharing import ExportedTrial, exported
from daybreak.verdict import read_study

FOLDER = "records"
"""Beside the report."""


@dataclass(frozen=True)
class Written:
    """Where the records of one search lie."""

    folder: Path
    study: str
    trials: int
    """All that have ended, confirmations and baselines included."""
    missing: dict[str, list[int]]
    """Numbers of completed trials that did not record what others did, by the field's name."""

    @property
    def remarks(self) -> list[str]:
        """A sentence for every field that is missing somewhere."""
        return [
            f"{count(len(trials), 'completed trial')} did not record {field!r}, which others did; "
            "study_summary.md says which."
            for field, trials in self.missing.items()
        ]


def write_records(
    place: Path, study: str | None = None, to: Path | None = None, *, anyway: bool = False
) -> list[Written]:
    """Write every search of a run, finished or living, into a folder of its own; read-only.

    Parameters
    ----------
    place : Path
        The directory of a run, or a packed one.
    study : str, optional
        Which search; by default all of them.
    to : Path, optional
        Where the folders are made; by default ``records`` where the report is written.
    anyway : bool
        Write a best trial as well that did not record what all others did, or all that were made
        in the other way (forced or sampled).

    Raises
    ------
    LedgerError
        When there is no such search, or a best trial lacks recorded fields that it should have.
    DaybreakError
        When another's file is in the way.
    OSError
        When the folder cannot be written.
    """
    with closing(Ledger(place)) as ledger:
        record, made = ledger.read_searches()
    home = to or (place.with_suffix("") if place.is_file() else place) / FOLDER
    # Everything is put together before anything is written.
    searches = [_Search.of(place, record, one, made) for one in _chosen(record, study)]
    for search in searches:
        _check(search, anyway=anyway)
    return [search.write(home) for search in searches]


def _chosen(record: CampaignRecord, name: str | None) -> list[StudyRecord]:
    searches = record.searches
    if not searches:
        msg = (
            "there is no search in this run, and records are written of nothing else; "
            "`daybreak export trials` writes the fits."
        )
        raise LedgerError(msg)
    found = [study for study in searches if name in (None, study.name)]
    if not found:
        msg = f"no search is called {name!r}; there are {known(s.name for s in searches)}."
        raise LedgerError(msg)
    return found


@dataclass(frozen=True)
class _Search:
    """One search, put together from one view of the ledger."""

    campaign: CampaignRecord
    study: StudyRecord
    trials: list[RecordedTrial]
    summary: StudySummary
    best: ExportedTrial | None

    @classmethod
    def of(
        cls, place: Path, record: CampaignRecord, study: StudyRecord, made: Mapping[str, Made]
    ) -> _Search:
        """Put it together."""
        found = read_study(study).search
        assert found is not None  # noqa: S101 - a search was chosen
        campaign = record.body["name"]
        trials = records_of(campaign, study, made)
        summary = summarise(campaign, study, found, trials)
        best = _export(place, record, study, found, summary, made)
        return cls(record, study, trials, summary, best)

    @property
    def owner(self) -> str:
        """The search, and the night that no other ledger has."""
        name, begun = self.campaign.body["name"], self.campaign.runs[0].started
        return f"study {self.study.name!r} of {name!r}, begun {begun}"

    def write(self, home: Path) -> Written:
        """Write the folder."""
        rows = trial_rows(replace(self.campaign, studies=(self.study,)), again=True)
        each = {one.name: one.model_dump_json(by_alias=True, indent=1) for one in self.trials}
        ordered = [each[one.name] for one in best_first(self.trials, self.study.problem)]
        contents = {f"trials/{name}.json": text for name, text in each.items()}
        contents |= {
            "all_trials.json": "[" + ",\n".join(ordered) + "]",
            "trials.csv": csv_text(rows).rstrip("\n"),
            "study_summary.json": self.summary.model_dump_json(by_alias=True, indent=1),
            "study_summary.md": render(self.summary).rstrip("\n"),
        }
        if self.best is not None:
            contents["best.json"] = self.best.model_dump_json(by_alias=True, indent=1)
        place = home / safe_name(self.study.name)
        folder.replace(place, self.owner, {name: f"{text}\n" for name, text in contents.items()})
        return Written(place, self.study.name, len(self.trials), self.summary.missing)


def _export(
    place: Path,
    record: CampaignRecord,
    study: StudyRecord,
    found: SearchReading,
    summary: StudySummary,
    made: Mapping[str, Made],
) -> ExportedTrial | None:
    """The best trial as `daybreak export best` writes it."""
    if summary.best is None:
        return None
    key = summary.best.key
    outcome = next(trial.outcome for trial in study.trials if trial.key == key)
    plain = json.loads(json.dumps(outcome.dump()))
    return exported(record, study, key, found.best, made[key].configuration, plain, place)


def _check(search: _Search, *, anyway: bool) -> None:
    """Refuse a best trial that is less than its record, or recorded less than others."""
    best, name = search.summary.best, search.study.name
    if best is None or search.best is None:
        return
    written = search.best.outcome["details"].get("recorded", {})
    asked = search.best.configuration["configuration"]
    if (asked, written) != (best.configuration, best.recorded):
        msg = (
            f"trial {best.number} of study {name!r} would be exported with {asked!r} and "
            f"{written!r}, but its record has {best.configuration!r} and {best.recorded!r}; "
            "nothing was written. "
            "See with `daybreak doctor` whether the ledger is sound."
        )
        raise LedgerError(msg)
    lost = lost_fields(best, search.trials)
    if lost and not anyway:
        msg = (
            f"the best of study {name!r}, trial {best.number} ({best.how}), did not record "
            f"{known(lost)}, which all other completed trials did, or all that were made in the "
            "other way (forced or sampled); nothing was written. Let `evaluate` record the same "
            "names in every trial, None where one has no meaning, or export with --anyway."
        )
        raise LedgerError(msg)
