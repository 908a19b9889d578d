r"""Which of several models describes the same data best, at what price in fitted numbers.

    difference = AICc - lowest AICc,   weight = exp(-difference / 2) / sum of these

Source: Burnham and Anderson (2002), Model Selection and Multimodel Inference, sections 2.6, 2.9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from daybreak.diagnosis.study import Study
from daybreak.report import numbers
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary

REFUSED = 1e-3
"""Where even the best model has a smaller p value, none is worth ranking.

Stricter than the finding `tension` (0.01): a ranking is kept as long as it may be chance.
"""


def models(summary: Summary) -> Table:
    """Studies that fitted the same data, the largest such group; empty where none is worth it."""
    columns = [
        Column("study", "name"),
        Column("fitted numbers", "number"),
        Column("chi2", "number"),
        Column("AICc - lowest", "number"),
        Column("BIC - lowest", "number"),
        Column("Akaike weight", "number"),
    ]
    return table_of("Models of the same data", columns, _rows(_comparable(summary)))


def _comparable(summary: Summary) -> list[Study]:
    groups: dict[tuple[tuple[str, float, float], ...], list[Study]] = {}
    for study in summary.studies:
        if study.best is None or study.metrics.aicc is None or not study.counted:
            continue
        data = tuple((n, p.value, p.sigma) for n, p in study.best.predictions.items())
        groups.setdefault(data, []).append(study)
    return max(groups.values(), key=len, default=[])


def _rows(studies: Sequence[Study]) -> list[list[str]]:
    if len({study.metrics.n_free for study in studies}) < 2:
        return []
    found = sorted(studies, key=lambda study: study.metrics.aicc or 0.0)
    p = found[0].metrics.p_value
    if p is not None and p < REFUSED:
        return []
    lowest = found[0].metrics.aicc or 0.0
    least = min(study.metrics.bic or 0.0 for study in found)
    differences = [(study.metrics.aicc or 0.0) - lowest for study in found]
    total = sum(math.exp(-0.5 * one) for one in differences)
    return [
        [
            study.name,
            str(study.metrics.n_free),
            numbers.chi2(study.best.chi2 if study.best else math.nan),
            f"{one:.2f}",
            f"{(study.metrics.bic or 0.0) - least:.2f}",
            f"{math.exp(-0.5 * one) / total:.3f}",
        ]
        for study, one in zip(found, differences, strict=True)
    ]
