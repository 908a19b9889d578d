"""What a trial shows of its networks: how they learnt, how they err, whether they are honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import daybreak as dk

from .numeric import Floats

if TYPE_CHECKING:  # pragma: no cover - it loads JAX, which pictures do without
    from .training import Trained

BINS = 10


def learning_curve(done: Trained) -> dk.Curve:
    """Loss of every epoch, means over the seeds; epochs that only some seeds reached are gaps."""
    lines = {
        "training": [course.train for course in done.courses],
        "validation A": [course.validation for course in done.courses],
    }
    epochs = min(len(course.train) for course in done.courses)
    return dk.Curve(
        "Learning curve",
        np.arange(1, epochs + 1),
        {name: np.mean([one[:epochs] for one in many], axis=0) for name, many in lines.items()},
        x_label="epoch",
        y_label="loss",
        y_unit="nat",
    )


def confusion(labels: Floats, probabilities: Floats) -> dict[str, int]:
    """True and false positives and negatives of forecasts above one half, shape (n,) each."""
    said, is_one = probabilities > 0.5, labels > 0
    return {
        "tp": int((said & is_one).sum()),
        "fp": int((said & ~is_one).sum()),
        "fn": int((~said & is_one).sum()),
        "tn": int((~said & ~is_one).sum()),
    }


def confusion_matrix(counts: dict[str, int]) -> dk.Matrix:
    """The same as a picture."""
    return dk.Matrix(
        "Confusion",
        [[counts["tn"], counts["fp"]], [counts["fn"], counts["tp"]]],
        rows=["no rise", "rise"],
        columns=["none forecast", "rise forecast"],
        row_label="what came",
        column_label="what was said, above one half",
        unit="days",
    )


def reliability(labels: Floats, probabilities: Floats) -> dk.Curve:
    """Share of ones among days of like forecasts: on the diagonal where they mean what they say.

    Days are sorted by their forecast and cut into ten equal parts.
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    said = np.array([probabilities[part].mean() for part in parts])
    came = np.array([labels[part].mean() for part in parts])
    return dk.Curve(
        "Reliability",
        said,
        {"what came": came, "what was said": said},
        x_label="forecast probability",
        y_label="share of rises",
    )
