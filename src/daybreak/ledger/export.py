"""Every trial with its full configuration, as flat rows."""

from __future__ import annotations

from typing import Any

from daybreak.ledger.records import AGAIN, CampaignRecord


def trial_rows(record: CampaignRecord) -> list[dict[str, Any]]:
    """One row per trial and study: settings, parameters, outcome, and why it was made."""
    rows: list[dict[str, Any]] = []
    for study in record.studies:
        for trial in study.trials:
            if trial.kind == AGAIN:
                continue
            outcome = trial.outcome
            details = outcome.details
            rows.append(
                {
                    "study": study.name,
                    "trial": trial.key,
                    "kind": trial.kind,
                    "origin": trial.origin,
                    "of": ", ".join(trial.of),
                    "point": ", ".join(f"{value!r}" for value in trial.point),
                    "chi2": outcome.chi2,
                    "stop_reason": outcome.reason.name,
                    "iterations": outcome.iterations,
                    "message": outcome.message,
                    **{f"setting.{name}": value for name, value in study.settings.items()},
                    **outcome.parameters,
                    **{f"factor.{name}": v for name, v in details.get("factors", {}).items()},
                    **{f"derived.{name}": v for name, v in details.get("derived", {}).items()},
                }
            )
    return rows
