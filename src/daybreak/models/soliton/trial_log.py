"""The table of trials that the original study keeps, with every trial in it.

Each trial leaves its own row as a file; the table is put together from these, so that a kill and a
restart can neither lose a row nor write one twice.  ``python -m daybreak.models.soliton.trial_log
runs/soliton-hierarchy`` prints it.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import daybreak as dk

FILE = "row.json"
COLUMNS = (
    "timestamp",
    "trial_number",
    "g_Y",
    "mu2",
    "v_H",
    "m0",
    "g",
    "lam_1",
    "fractal_score",
    "hierarchy",
    "regularity",
    "error_msg",
    "lam_2",
    "delta",
    "beta",
    "effective_m0",
    "effective_g",
    "effective_lam_1",
    "effective_lam_2",
    "energy",
    "residual",
    "negative_modes",
    "virial_error",
    "seconds",
    "largest_psi",
    "null_low",
    "null_high",
    "study",
)
"""The first twelve are the original's; its m0, g and lam_1 are the effective ones."""


def keep_row(trial: Any, configuration: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write a trial's row into its directory, and attach it.

    Parameters
    ----------
    trial : daybreak trial
    configuration : mapping name -> value
        As sampled.
    values : mapping column -> value
        The rest of the row.
    """
    sampled = {name: value for name, value in configuration.items() if name in COLUMNS}
    mark = _mark(trial.seed, configuration, trial.settings._asdict())
    row = {"mark": mark, **sampled, **values}
    file = trial.directory / FILE
    scratch = file.with_suffix(".part")
    scratch.write_text(json.dumps(row), encoding="utf-8")
    scratch.replace(file)
    trial.attach(file)


def rows(directory: str | Path) -> list[dict[str, Any]]:
    """Rows of all forced and proposed trials of a run, in the order of studies and trials."""
    files = sorted((Path(directory) / "trials").glob(f"*/{FILE}"))
    kept = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    by_mark = {row["mark"]: row for row in kept}
    found: list[dict[str, Any]] = []
    for study in dk.open(directory).studies:
        for trial in study.search.trials if study.search else []:
            row = by_mark.get(_mark(trial.seed, trial.configuration, study.settings))
            if row is not None:
                found.append({**row, "trial_number": trial.number, "study": study.name})
    return found


def _mark(seed: int | None, configuration: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """What tells trials apart; a refined knob is a setting that differs from the study's."""
    return json.dumps([seed, dict(configuration), dict(settings)], sort_keys=True)


def csv_text(directory: str | Path) -> str:
    """Put the table together as text: numbers in full, nothing where there is none."""
    text = io.StringIO()
    writer: csv.DictWriter[str] = csv.DictWriter(
        text, COLUMNS, extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows(directory))
    return text.getvalue()


def main() -> None:
    """Print the table of the run named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m daybreak.models.soliton.trial_log DIRECTORY")
    sys.stdout.write(csv_text(sys.argv[1]))


if __name__ == "__main__":
    main()
