"""Pictures and tables that findings carry: every output shows them, whatever the finding is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from daybreak.findings import Finding, StudyPreflight
from daybreak.report.artifact_figure import artifact_table, told
from daybreak.report.cells import Table


@dataclass(frozen=True)
class Carried:
    """What one finding shows."""

    artifact: dict[str, Any]
    study: str = ""
    """Empty where there is no other."""

    @property
    def caption(self) -> str:
        """Its name, and the study."""
        return f"{self.study}: {self.artifact['name']}" if self.study else self.artifact["name"]

    @property
    def sentence(self) -> str:
        """What it shows, where nothing can be drawn and no table printed."""
        return told(self.artifact)

    @property
    def table(self) -> Table:
        """Its rows; nothing for a picture."""
        return artifact_table(self.artifact)


def of_study(findings: Iterable[Finding]) -> list[Carried]:
    """What the findings about one study show."""
    return [Carried(one.artifact) for one in findings if one.artifact]


def of_preflight(examinations: Sequence[StudyPreflight]) -> list[Carried]:
    """What the findings of a preflight show, study by study."""
    alone = len(examinations) == 1
    return [
        Carried(one.artifact, "" if alone else study.study)
        for study in examinations
        for one in study.findings
        if one.artifact
    ]
