"""Every diagnosis of a study: what a careful reader would object to.

A diagnosis is a function of what was read of a study, and of the records that it was read from; it
yields findings, each with a code of the registry, a sentence, and perhaps a picture::

    def weekend(study, record):
        if study.best is not None and ...:
            yield Finding(code=WEEKEND, sentence="the best fit was found on a Sunday.")

Ours stand in `DIAGNOSES`.  Another package offers its own as entry points in the group
``daybreak.diagnoses``: they are asked of every study whenever it is read, after ours.  One that
raises is reported as a finding, `codes.PLUGIN_FAILED`, and keeps nothing else from being said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from daybreak.diagnosis import fit_findings, search_findings
from daybreak.diagnosis.scatter import repeatability
from daybreak.diagnosis.study import Study
from daybreak.diagnosis.withheld import of_the_evening, said
from daybreak.findings import Finding, outside
from daybreak.ledger.records import StudyRecord
from daybreak.plugins import offered

Diagnosis = Callable[[Study, StudyRecord], Iterable[Finding]]

DIAGNOSES: tuple[Diagnosis, ...] = (
    repeatability,
    fit_findings.tension,
    fit_findings.basins,
    fit_findings.profiles,
    fit_findings.islands,
    fit_findings.moves,
    fit_findings.knobs,
    search_findings.confirmation,
    search_findings.baselines,
    search_findings.spent,
    search_findings.refined,
    search_findings.sampler,
    fit_findings.early_end,
)
"""Ours, in the order in which their findings are told."""


def diagnose(study: Study, record: StudyRecord) -> Study:
    """The study with everything that is found about it and may be said, warnings first."""
    found = [finding for look in DIAGNOSES for finding in look(study, record)]
    for one in offered(outside.DIAGNOSES):
        found += outside.ask(one, study, record)
    found.sort(key=lambda finding: finding.severity != "warning")
    return study.model_copy(update={"findings": said(found, of_the_evening(study, record.before))})
