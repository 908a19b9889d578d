"""The evening: what a campaign will do tonight, gathered from its plan and its preflight."""

from __future__ import annotations

import platform
import shlex
from datetime import datetime
from importlib import metadata
from pathlib import Path

from daybreak.findings import Preflight
from daybreak.plan import Campaign, Study
from daybreak.report.tonight import Place, Plan, Tonight, tonight

PAGE = "evening.html"


def foresee(
    campaign: Campaign, found: Preflight, directory: Path, written: datetime | None = None
) -> Tonight:
    """Gather what a reader wants before the night.

    Parameters
    ----------
    campaign : Campaign
    found : Preflight
        Of this campaign.
    directory : Path
        Where its results will be.
    written : datetime, optional
        When it would start; now, unless told.
    """
    return tonight(
        campaign.describe(),
        [_plan(study) for study in campaign.all_studies()],
        found,
        _place(campaign, directory),
        written=written or datetime.now().astimezone(),
        anyway=campaign.anyway,
        version=metadata.version("daybreak"),
    )


def _plan(study: Study) -> Plan:
    return Plan(
        name=study.name,
        problem=study.problem.describe(),
        body=study.describe(),
        criteria=[criterion.describe() for criterion in study.accept],
        facts=study.method.facts(study.problem),
        trials=study.method.expected_trials(study.problem),
    )


def _place(campaign: Campaign, directory: Path) -> Place:
    """Where it will be; the usual place needs no word in a command."""
    usual = directory == Path("runs") / campaign.name
    run = f"daybreak run {shlex.quote(campaign.origin or campaign.name)}"
    where = shlex.quote(campaign.name if usual else str(directory))
    return Place(
        directory=f"{directory}/",
        argument=where,
        host=platform.node() or "HOST",
        run=run if usual else f"{run} --dir {where}",
    )


def write_page(t: Tonight, path: Path) -> Path:
    """Write the evening page to a file, whole or not at all; returns the path."""
    from daybreak.report.evening_page import render
    from daybreak.report.files import write_whole

    return write_whole(path, render(t))
