"""How likely it is that a better minimum was missed, on records made by hand."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

import daybreak as dk
from daybreak.diagnosis.basins import missed, read_ends
from daybreak.ledger.records import TrialRecord
from daybreak.problem.ends import MISSED
from daybreak.problem.kinds import FIT, POLISH
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason
from daybreak.verdict import read_study
from tests import studies

PROBLEM = dk.FitProblem(
    [dk.Parameter("a", 0, 10), dk.Parameter("b", 0, 10)],
    lambda p, s: [p.a, p.b, p.a + p.b],
    dk.observations([1.0, 1.0, 2.0], 0.1),
)


def end(chi2, place=0.5, which=0, reason=StopReason.GRADIENT, **trial):
    """A fit that ended at a place of the unit box."""
    outcome = Outcome({"a": 10 * place, "b": 2.0}, chi2, reason, [place, 0.2])
    key = f"start {which} {place} {chi2}"
    made = TrialRecord(key, FIT, Origin(Why.START, which), (), (), grid=True, outcome=outcome)
    return replace(made, **trial)


def polish(chi2, start=0.5, to=None, eigenvalues=(0.5, 1.0), **outcome):
    """What the second method made of that end."""
    details = {
        "from": [start, 0.2],
        "eigenvalues": list(eigenvalues),
        "zero": 1e-6,
        "held": [],
        "slope": 0.0,
        "leverage": {"": 2.0},
    }
    place = start if to is None else to
    made = Outcome(
        {"a": 10 * place, "b": 2.0}, chi2, StopReason.GRADIENT, [place, 0.2], 5, "", details
    )
    made = replace(made, **outcome)
    return TrialRecord(
        f"polish {start}", POLISH, Origin(Why.POLISH), (), (), grid=True, outcome=made
    )


def record(*trials):
    """A multi-start as the ledger gives it back."""
    return studies.recorded(PROBLEM, dk.MultiStart(3), trials)


def starts(*chi2):
    """One start for each chi2 it ended with."""
    return [end(c, 0.1 + 0.01 * i, i) for i, c in enumerate(chi2)]


@pytest.mark.parametrize(
    ("chi2", "expected"),
    [
        ([1, 1, 1], 2 / 6),
        ([1] * 10, 2 / 90),
        ([1, 1, 1, 2], 6 / 12),
        ([1, 1, 2, 3], 12 / 12),
        ([1, 2, 3], 1.0),
        ([1, 1, 1, 1 + 1e-8], 2 / 12),
        ([1] * 30 + [2] * 10, 6 / (40 * 39)),
        ([1, 1], None),
        ([], None),
    ],
)
def test_missed(chi2, expected):
    """``W (W + 1) / (N (N - 1))`` for N converged starts in W minima; equal chi2 is one."""
    found = missed(record(*starts(*chi2)))

    assert found == (None if expected is None else pytest.approx(expected))


def test_missed_is_the_posterior_mean():
    """The formula is the mean unseen share over all numbers and sizes of basins, each as likely.

    With k basins of sizes drawn uniformly and w seen in n starts, the mean unseen share is
    ``(k - w) / (n + k)``; weighed by the chance of the data it tends to the formula.
    """
    n, w = 12, 3
    ways = {k: math.exp(_log_chance(k, n, w)) for k in range(w, 4000)}
    total = sum(ways.values())
    mean = sum(p * (k - w) / (n + k) for k, p in ways.items()) / total

    assert mean == pytest.approx(w * (w + 1) / (n * (n - 1)), rel=1e-3)


def _log_chance(k, n, w):
    """Logarithm of the chance to see w of k equally likely sizes in n starts, up to a factor."""
    lgamma = math.lgamma
    return lgamma(k + 1) - lgamma(k - w + 1) + lgamma(k) - lgamma(n + k)


def test_only_own_starts_that_converged_count():
    """Fits from known places, of profiles, polished or stopped ones are no random starts."""
    own = starts(1, 1, 1, 2)
    other = [
        end(0.5, 0.9, origin=Origin(Why.PREFLIGHT, 0)),
        end(0.4, 0.8, origin=Origin(Why.LOWER, 0)),
        end(0.3, 0.7, 9, StopReason.ITERATIONS),
        end(None, 0.7, 8),
        end(0.2, 0.6, 7, of=("a",), point=(6.0,)),
        polish(0.1),
    ]

    assert missed(record(*own, *other)) == missed(record(*own))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_order_of_the_trials_does_not_matter(order):
    """The estimate depends on what was found, not on when."""
    trials = starts(1, 2, 1, 1)

    assert missed(record(*(trials[i] for i in order))) == missed(record(*trials))


def test_warning():
    """A large expected share of unseen minima is a warning, a small one is not."""
    few, many = (read_study(record(*starts(*[1, 2] * n))) for n in (3, 40))

    assert few.missed > MISSED > many.missed
    assert [c.severity for c in few.findings if "use more starts" in c.sentence] == ["warning"]
    assert not [c for c in many.findings if "use more starts" in c.sentence]


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (polish(4.0), "global"),
        (polish(4.0, eigenvalues=(0.0, 1.0)), "global"),
        (polish(4.0, eigenvalues=(-0.5, 1.0)), "saddle or plateau"),
        (polish(3.0, to=0.4), "not converged"),
        (polish(4.0, reason=StopReason.STALLED), "not converged"),
        (polish(None, reason=StopReason.NONFINITE, details={}), "unchecked"),
    ],
)
def test_kind_of_the_lowest_end(second, kind):
    """The lowest end is what the second method and the curvature make it."""
    [found] = read_ends(record(end(4.0), second))

    assert found.kind == kind
    assert found.hits == 1


@pytest.mark.parametrize(
    ("place", "eigenvalues", "kind"),
    [
        (0.9, (0.2, 1.0), "local minimum"),
        (1.0, (0.2, 1.0), "at bound"),
        (0.9, (0.0, 1.0), "saddle or plateau"),
        (0.9, (-1e-9, 1.0), "saddle or plateau"),
    ],
)
def test_kind_of_a_higher_end(place, eigenvalues, kind):
    """A higher end is a minimum, one made by bounds, or perhaps none where chi2 is flat."""
    trials = [
        end(4.0),
        polish(4.0),
        end(6.0, place, 1),
        polish(6.0, place, None, eigenvalues),
    ]
    low, high = read_ends(record(*trials))

    assert (low.kind, high.kind) == ("global", kind)
