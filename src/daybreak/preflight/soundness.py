"""Whether a model can be fitted at all: finite, deterministic, smooth, differentiable, resolved.

Each check asks the model and returns what is wrong; `CHECKS` lists them by what they tell for an
evaluation, the cheap ones first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from daybreak.findings import Finding, FindingCode, Severity, codes
from daybreak.methods.evaluate.with_jax import WIDTH
from daybreak.preflight.derivatives import check_gradient
from daybreak.preflight.knob_check import check_knobs
from daybreak.preflight.lines import lines
from daybreak.preflight.noise import check_noise
from daybreak.preflight.probe import NotMade, OutOfTime, Probe
from daybreak.preflight.roughness import check_smooth
from daybreak.preflight.survey import (
    Survey,
    ask,
    rounding_of,
    survey,
    value_of,
    with_unit,
)
from daybreak.problem.arrays import Array
from daybreak.problem.ends import LEVEL_95
from daybreak.problem.levels import NEGLIGIBLE
from daybreak.sentences import Sentence, between, joined, worded


def check_finite(probe: Probe) -> list[Finding]:
    """Where residuals are not finite: how much of the box, and behind which value."""
    places = survey(probe)
    bad = ~places.finite
    if bad.all() and len(places.best):
        near = dict(zip(probe.free, probe.values(places.best[:1])[0], strict=True))
        where = joined(", ", (worded("{} = {:.4g}", *one) for one in near.items()))
        return [
            _finding(
                codes.NONFINITE_REGION,
                worded(
                    "the prediction is not finite at any of {} places all over the box, and is "
                    "at {}",
                    len(bad),
                    where,
                ).then(": give that as a guess and move the bounds towards it."),
            )
        ]
    if bad.all():
        return [
            _finding(
                codes.NONFINITE_REGION,
                (
                    worded(
                        "the prediction is not finite at any of {} places in the box", len(bad)
                    ).then(": nothing can be fitted. Check the formula, or move the bounds.")
                ),
                severity="stop",
            )
        ]
    if not bad.any():
        return _nonfinite_faces(probe, places)
    side = _separating_side(places.u, bad)
    share = worded("{} of the box is not finite", _percent(bad.mean()))
    where = "spread all over it" if side is None else side.sentence(probe, bad)
    advice = "fits that start or stray there are lost" if side is None else "move that bound"
    return [
        _finding(
            codes.NONFINITE_REGION,
            worded("{}, {}", share, where).then(
                ": {}, or give predict a finite value there.", advice
            ),
            None if side is None else probe.free[side.column],
        )
    ]


def _nonfinite_faces(probe: Probe, places: Survey) -> list[Finding]:
    """Bounds at which nothing is finite although the inside is."""
    n = len(probe.free)
    sides = [(column, end) for column in range(n) for end in (0.0, 1.0)]
    u = np.repeat(places.u[:2][None], len(sides), axis=0)
    for face, (column, end) in zip(u, sides, strict=True):
        face[:, column] = end
    found = np.isfinite(ask(probe, u.reshape(-1, n))).all(axis=1)
    said: list[Finding] = []
    for (column, end), finite in zip(sides, found.reshape(len(sides), -1), strict=True):
        if not finite.any():
            name, value = probe.free[column], value_of(probe, column, end)
            said.append(
                _finding(
                    codes.NONFINITE_REGION,
                    (
                        worded(
                            "the prediction is not finite at the {} bound of {} ({}), where a fit "
                            "may well end",
                            "upper" if end else "lower",
                            name,
                            with_unit(probe, column, value),
                        ).then(": move the bound a little inwards, or give predict its limit.")
                    ),
                    name,
                )
            )
    return said


@dataclass(frozen=True)
class _Side:
    """One side of a value of one parameter."""

    column: int
    split: float
    """Unit coordinate."""
    above: bool
    caught: float
    """Share of the bad places that lie there."""
    dirty: float
    """Share of the places there that are bad."""

    def sentence(self, probe: Probe, bad: np.ndarray) -> str:
        """Where the bad places lie."""
        value = with_unit(probe, self.column, value_of(probe, self.column, self.split))
        much = "all of it" if self.caught == 1.0 else worded("{} of it", _percent(self.caught))
        rest = "" if self.dirty > 0.99 else worded(", where {} fails", _percent(self.dirty))
        return worded(
            "{} at {} {} {}{}",
            much,
            probe.free[self.column],
            ">" if self.above else "<",
            value,
            rest,
        )


def _separating_side(u: Array, bad: np.ndarray) -> _Side | None:
    """The half-space that holds most bad and fewest good places (Youden's J above 0.5).

    The bar is a choice: half-way between a side that says nothing and one that says all.
    J = P(there | bad) - P(there | good); Youden (1950), Cancer 3, 32.
    """
    best, found = 0.5, None
    for column in range(u.shape[1]):
        order = np.argsort(u[:, column])
        x, b = u[order, column], bad[order]
        below = np.cumsum(b)[:-1] / b.sum() - np.cumsum(~b)[:-1] / (~b).sum()
        for above, score in ((False, below), (True, -below)):
            k = int(score.argmax())
            if score[k] > best:
                inside = b[k + 1 :] if above else b[: k + 1]
                split = float((x[k] + x[k + 1]) / 2)
                best = float(score[k])
                found = _Side(column, split, above, inside.sum() / b.sum(), float(inside.mean()))
    return found


def check_deterministic(probe: Probe) -> list[Finding]:
    """Ask the same places again, in another order."""
    places = survey(probe)
    count = min(WIDTH, len(places.u))
    first = places.residuals[:count]
    again = ask(probe, places.u[:count][::-1])[::-1]
    with np.errstate(all="ignore"):
        change = np.abs(again - first)
        # Another lane of a batch may round differently, which is no fault of the model's: 1e4
        # roundings are what a long sum makes of it, and 1e-6 sigma matters to nobody.
        allowed = np.maximum(1e-6, 1e4 * rounding_of(probe, first))
    absent = ~np.isfinite(first) & ~np.isfinite(again)
    change[absent], allowed[absent] = 0.0, 1.0
    if (change <= allowed).all():
        return []
    size = math.inf
    if not np.isfinite(change).all():
        how = "finite at one time and not at another"
    else:
        with np.errstate(over="ignore"):
            size = np.nanmax(np.abs((again**2).sum(axis=1) - (first**2).sum(axis=1)))
        how = worded(
            "different by up to {}, chi2 by {:.2g}", between("{:.2g} sigma", change.max()), size
        )
    found = _finding(
        codes.NOT_REPEATABLE,
        Sentence("the same parameters give another answer the second time").then(
            ": {}. Nothing found overnight could be repeated: look for random "
            "numbers without a seed, or something that one call leaves behind for "
            "the next.",
            how,
        ),
    )
    matters = size > NEGLIGIBLE * LEVEL_95
    return [found if matters else found.model_copy(update={"withholds": []})]


def check_placebo(probe: Probe) -> list[Finding]:
    """Free parameters that move no residual from anywhere to anywhere, nor along any line."""
    n = len(probe.free)
    acting = {line.column for line in lines(probe) if line.change.any()}
    places = survey(probe).good_and_other(WIDTH)
    if not len(places):
        raise NotMade
    silent = [column for column in range(n) if column not in acting]
    moved = np.repeat(places[None], len(silent), axis=0)
    elsewhere = probe.sample(len(places), codes.PLACEBO.word)
    for row, column in enumerate(silent):
        moved[row, :, column] = elsewhere[:, column]
    if silent:
        before = ask(probe, places)
        after = ask(probe, moved.reshape(-1, n)).reshape(len(silent), *before.shape)
        with np.errstate(all="ignore"):
            # A model that reads a parameter changes by more than the rounding of a short sum.
            same = np.abs(after - before) <= 64 * rounding_of(probe, before)
        still = np.asarray(same.all(axis=(1, 2)))
        silent = [column for column, stays in zip(silent, still, strict=True) if stays]
    return [
        _finding(
            codes.PLACEBO,
            (
                worded("{} moves no residual", name).then(
                    ": the model answers the same wherever it stands in its range. Hold it "
                    "fixed, drop it, or find out why predict does not read it."
                )
            ),
            name,
        )
        for name in (probe.free[column] for column in silent)
    ]


CHECKS: tuple[tuple[str, Callable[[Probe], list[Finding]]], ...] = (
    ("whether predictions are finite all over the box", check_finite),
    ("whether the same parameters give the same answer twice", check_deterministic),
    ("whether every parameter moves a residual", check_placebo),
    ("whether the knobs are resolved", check_knobs),
    ("whether predictions carry noise", check_noise),
    ("whether derivatives agree with differences", check_gradient),
    ("whether chi2 has jumps or kinks", check_smooth),
)
"""What each check settles (for "not checked: ..."), and the check."""


def check_soundness(probe: Probe) -> list[Finding]:
    """All of `CHECKS`, one after another.

    Raises
    ------
    OutOfTime
        When the budget is spent; loop over `CHECKS` to keep what was found until then.
    """
    found: list[Finding] = []
    for _, check in CHECKS:
        try:
            found += check(probe)
        except OutOfTime:
            raise
        except NotMade as cut:
            found += cut.found
    return found


def _finding(
    code: FindingCode, sentence: str, parameter: str | None = None, severity: Severity = "warning"
) -> Finding:
    found = Finding(code=code, severity=severity, parameter=parameter, sentence=sentence)
    # A part of the box that fails withholds nothing of what lies elsewhere.
    partly = code == codes.NONFINITE_REGION and severity != "stop"
    return found.model_copy(update={"withholds": []}) if partly else found


def _percent(share: float) -> str:
    return worded("{:.2g} %", 100 * share)
