"""What the original study claims of its soliton, its scores and its search, put to the test.

`soliton_reference.json` holds the published run, as it came out of the study's own formulas.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from daybreak.models.soliton import VALIDATION, Octaves, landscape, octave_problem
from daybreak.models.soliton.nulls import NullTest, null_tests, random_masses
from daybreak.models.soliton.original import Laplacian, original_force
from daybreak.models.soliton.original_trial import OriginalEnd, original_trial
from daybreak.models.soliton.original_validation import original_validation
from daybreak.models.soliton.remarks import not_converged_originally
from daybreak.models.soliton.scores import scores

REFERENCE = json.loads((Path(__file__).parents[1] / "soliton_reference.json").read_text())


@cache
def nulls() -> list[NullTest]:
    """The table of null tests."""
    return null_tests()


class TestClaims:
    """Acceptance 6 and 7, and what the search of the original could have found."""

    @pytest.mark.parametrize(("first", "label"), [(0.0, "r_first_0"), (1e-6, "r_first_1e_6")])
    def test_published_run(self, first, label):
        """The published soliton, digit for digit, and that it is not converged."""
        found = original_validation(first)
        expected = REFERENCE["legacy_run"][label]
        remark = not_converged_originally(found.norm, success=found.success, message=found.message)

        assert found.energy == pytest.approx(expected["E"], rel=1e-10)
        assert found.norm == pytest.approx(expected["norm2"], rel=1e-9)
        assert found.iterations == 2
        assert not found.success
        assert found.masses.ratio == pytest.approx(1.416, abs=5e-4)
        assert found.masses.restates_inputs
        assert remark is not None
        assert "norm 881.7" in str(remark)

    def test_residual_sits_at_the_origin(self):
        """Its residual sits in three rows at the origin, 459, 419 and 44 in each field."""
        run = original_validation()
        psi, phi = original_force(VALIDATION, run.psi[None], run.phi, run.grid, Laplacian.FIXED)

        assert np.allclose(np.abs(psi[0, :3]), [459, 419, 44], atol=1)
        assert np.allclose(np.abs(phi[:3]), [459, 419, 44], atol=1)
        assert np.max(np.abs(psi[0, 3:])) < 15

    @pytest.mark.parametrize(
        ("row", "score", "hierarchy"),
        [
            (0, 0.489, 4.11),
            (1, 0.460, 2.30),
            (2, 0.437, 7.67),
            (3, 0.341, 1.73),
            (4, 0.434, 7.96),
        ],
    )
    def test_nulls_of_the_vacuum(self, row, score, hierarchy):
        """The empty vacuum's scores are functions of the box and of the number of modes kept."""
        found = nulls()[row].found

        assert found.fractal_score == pytest.approx(score, abs=2e-3)
        assert found.hierarchy == pytest.approx(hierarchy, rel=0.01)

    @pytest.mark.parametrize(
        ("span", "score", "spread"),
        [(3.0, 0.458, 2e-3), (10.0, 0.444, 0.02), (100.0, 3.33, 0.2), (500.0, 4.13, 0.1)],
    )
    def test_nulls_at_random(self, span, score, spread):
        """300 random masses score what their span says."""
        rng = np.random.default_rng(1)
        found = [scores(random_masses(300, span, rng)).fractal_score for _ in range(3)]

        assert np.mean(found) == pytest.approx(score, abs=spread)

    def test_forty_trials_rejected(self):
        """Forty of forty trials of the original end as `trivial_solution`, and are bound to."""
        found = [original_trial(*sampled(seed)) for seed in range(40)]
        largest = [one.largest_psi for one in found]

        assert {one.end for one in found} == {OriginalEnd.TRIVIAL}
        assert min(largest) > 1.5e-4
        assert max(largest) < 2.5e-4

    def test_three_hundred_points_are_trivial(self):
        """At 300 of 300 random points of the searched box no octave is there."""
        rng = np.random.default_rng(2024)
        trivial = stable = 0
        for _ in range(300):
            octaves = in_box(rng)
            lowest = landscape(octave_problem(octaves, cells=8), starts=12).lowest
            filled = math.sqrt(-octaves.mu2 / octaves.lambda_H)
            empty = np.max(np.abs(lowest.fields[:-1])) < 1e-6
            trivial += bool(empty and abs(abs(lowest.fields[-1]) - filled) < 1e-6)
            stable += bool(lowest.curvatures[0] > 0)

        assert (trivial, stable) == (300, 300)


def in_box(rng: np.random.Generator) -> Octaves:
    """A random point of the box that the original searches."""
    return Octaves(
        g_Y=rng.uniform(0.05, 0.5),
        mu2=rng.uniform(-2.0, -0.5),
        m0=rng.uniform(-1.0, -0.1),
        g=rng.uniform(0.05, 0.2),
        lam_1=rng.uniform(0.03, 0.1),
        lam_2=rng.uniform(0.005, 0.05),
    )


def sampled(seed: int) -> tuple[Octaves, float, np.random.Generator]:
    """A point of that box, the first Phi's scale, and noise."""
    rng = np.random.default_rng(seed)
    return in_box(rng), rng.uniform(0.4, 0.8), rng
