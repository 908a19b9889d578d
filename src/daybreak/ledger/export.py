"""Every trial with its full configuration, as flat rows."""

from __future__ import annotations

from typing import Any

from daybreak.ledger.records import CampaignRecord

METRIC = "metric.{}"
"""Column of a metric."""
PARAMETER = "parameter.{}"
"""Column of a parameter that is called as another column."""


def trial_rows(record: CampaignRecord, *, again: bool = False) -> list[dict[str, Any]]:
    """One row per trial and study: settings, parameters, outcome, and why it was made.

    With `again` also those that an earlier trial of the study had answered.
    """
    rows: list[dict[str, Any]] = []
    for study in record.studies:
        for trial in study.trials:
            if trial.again and not again:
                continue
            outcome = trial.outcome
            details = outcome.details
            row: dict[str, Any] = {
                "study": study.name,
                "trial": trial.key,
                "kind": trial.kind.word,
                "origin": str(trial.origin),
                "of": ", ".join(trial.of),
                "point": ", ".join(f"{value!r}" for value in trial.point),
                "chi2": outcome.chi2,
                "stop_reason": outcome.reason.name,
                "iterations": outcome.iterations,
                "message": outcome.message,
                **{f"setting.{name}": value for name, value in study.settings.items()},
            }
            # A parameter may be called as one of these columns.
            row |= {
                PARAMETER.format(k) if k in row else k: v for k, v in outcome.parameters.items()
            }
            row |= {f"factor.{name}": v for name, v in details.get("factors", {}).items()}
            row |= {f"derived.{name}": v for name, v in details.get("derived", {}).items()}
            row |= {METRIC.format(name): v for name, v in outcome.metrics.items()}
            row |= {f"recorded.{name}": v for name, v in details.get("recorded", {}).items()}
            rows.append(row | ({"seed": details["seed"]} if "seed" in details else {}))
    return rows
