"""Laws that the original study's formulas obey, and those that they break, with the size of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from daybreak.models.soliton import Octaves, octave_problem
from daybreak.models.soliton.octaves import RADIUS
from daybreak.models.soliton.original import (
    Laplacian,
    OriginalGrid,
    original_couplings,
    original_energy,
    original_force,
    stacked_norm,
    weighted_norm,
)
from daybreak.models.soliton.original_spectrum import (
    original_eigenvalues,
    original_masses,
    uniform_couplings,
    unstable_dropped,
    vacuum_eigenvalues,
)
from daybreak.models.soliton.original_trial import (
    OriginalEnd,
    adapted,
    as_sampled,
    checked,
    normalised,
    original_start,
    original_trial,
    relaxed,
)

GRID = OriginalGrid()
OCTAVES = Octaves(g_Y=0.3, mu2=-1.0)
SEARCHED = Octaves(m0=-0.5, g=0.1, lam_1=0.05, lam_2=0.02, g_Y=0.2, mu2=-1.2)


def smooth(n=12, seed=0, grid=GRID):
    """Smooth fields that vanish at the wall."""
    rng = np.random.default_rng(seed)
    widths = rng.uniform(2, 5, (n + 1, 1))
    heights = rng.uniform(-1, 1, (n + 1, 1))
    fields = heights * np.exp(-(grid.r**2) / (2 * widths**2))
    return fields[:-1], fields[-1]


class TestEnergy:
    """The energy itself is right, to the order of its grid."""

    def test_agrees_with_the_volumes(self):
        """Both discretisations of the energy converge to one number."""
        problem = octave_problem(OCTAVES, cells=6400)
        grid = OriginalGrid(6400)
        psi, phi = smooth(grid=grid)
        ours, _ = smooth(grid=grid), None
        fields = np.vstack([*ours]).T
        onto = np.stack([np.interp(problem.mesh.nodes, grid.r, one) for one in fields.T], axis=1)

        assert original_energy(OCTAVES, psi, phi, grid) == pytest.approx(
            problem.energy(problem.fields(onto)), rel=1e-5
        )

    def test_checkerboard_is_invisible(self):
        """A field that alternates from node to node costs no gradient inside."""
        alternating = 0.05 * (-1.0) ** np.arange(GRID.nodes)

        assert np.max(np.abs(GRID.slope(alternating)[1:-1])) < 1e-15
        assert np.max(np.abs(GRID.laplacian(alternating)[3:-3])) < 1e-9


class TestForce:
    """The force is not what it should be."""

    def test_not_a_gradient(self):
        """It is off the energy's slope by more than 1 %, even on smooth fields."""
        psi, phi = smooth()
        way, _ = smooth(seed=5)
        h = 1e-5
        ends = [original_energy(OCTAVES, psi + s * h * way, phi, GRID) for s in (1, -1)]
        of_psi, _ = original_force(OCTAVES, psi, phi, GRID)
        claimed = GRID.integral(np.sum(of_psi * way, axis=0))
        true = (ends[0] - ends[1]) / (2 * h)

        assert abs(claimed - true) > 0.01 * abs(true)

    def test_without_decay_it_is_one(self):
        """With couplings that do not decay the interior of it agrees with the energy to 1e-4."""
        even = replace(OCTAVES, beta=0.0)
        psi, phi = smooth()
        way, _ = smooth(seed=5)
        h = 1e-5
        ends = [original_energy(even, psi + s * h * way, phi, GRID) for s in (1, -1)]
        of_psi, _ = original_force(even, psi, phi, GRID)
        claimed = GRID.integral(np.sum(of_psi * way, axis=0))

        assert claimed == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-4)

    def test_couplings_are_not_symmetric(self):
        """Its couplings differ from the energy's by 12.8 %, and lower the least one by a tenth."""
        true, repo = OCTAVES.couplings(), original_couplings(OCTAVES, 12)

        assert np.linalg.norm(repo - true) / np.linalg.norm(true) == pytest.approx(0.128, abs=5e-4)
        assert np.linalg.eigvalsh(true)[0] == pytest.approx(-4.41102, abs=1e-5)
        assert np.min(np.linalg.eigvals(repo).real) == pytest.approx(-3.982, abs=1e-3)

    @pytest.mark.parametrize(("row", "share"), [(0, 0.5), (1, 0.25)])
    def test_first_rows_of_the_laplacian(self, row, share):
        """At the origin it is off by a half, at the next node by a quarter, at any step."""
        for nodes in (800, 3200):
            grid = OriginalGrid(nodes, 0.0)
            found = grid.laplacian(np.exp(-(grid.r**2) / 8))[row]
            exact = (grid.r[row] ** 2 / 16 - 0.75) * math.exp(-(grid.r[row] ** 2) / 8)

            assert abs(found / exact - 1) == pytest.approx(share, abs=0.01)

    def test_old_laplacian_is_the_floor(self):
        """The old Laplacian's norm at the origin grows as the smallest radius it divides by."""
        psi, phi = smooth(1)
        norms = [
            stacked_norm(*original_force(OCTAVES, psi, phi, OriginalGrid(first=f), Laplacian.OLD))
            for f in (1e-6, 1e-7)
        ]

        assert norms[1] / norms[0] == pytest.approx(100.0, rel=0.01)

    def test_norms(self):
        """The weighted norm of a constant is the root of the ball's volume, to the grid."""
        volume = 4 / 3 * math.pi * RADIUS**3

        assert weighted_norm(np.ones(GRID.nodes), GRID) == pytest.approx(
            math.sqrt(volume), rel=2e-3
        )


class TestSpectrum:
    """What it scores."""

    def test_vacuum(self):
        """The closed form of the empty vacuum is what the matrix gives."""
        grid = OriginalGrid(100)
        empty, full = np.zeros((12, 100)), np.full(100, 0.85)
        found = original_eigenvalues(OCTAVES, empty, full, grid, 40)

        assert np.allclose(
            found, vacuum_eigenvalues(OCTAVES, 0.85, grid, count=40), rtol=0, atol=1e-9
        )

    def test_box_modes(self):
        """A box twice as large has modes closer to the bulk's, and so less hierarchy."""
        spans = []
        for radius in (25.0, 50.0):
            grid = OriginalGrid(last=radius)
            masses = original_masses(vacuum_eigenvalues(SEARCHED, 1.0, grid))
            spans.append(masses[-1] / masses[0])

        assert spans[1] < 0.7 * spans[0]

    def test_drops_what_is_unstable(self):
        """At the defaults it drops 86 of 300 modes for being unstable."""
        values = vacuum_eigenvalues(Octaves(), 0.0, GRID)

        assert unstable_dropped(values) == 86
        assert original_masses(values).size == 214

    def test_too_few(self):
        """Fewer than ten masses are none."""
        assert original_masses(np.arange(1.0, 10.0)).size == 0

    def test_couplings_do_not_decay(self):
        """Its couplings leave the decay out."""
        assert np.array_equal(
            uniform_couplings(OCTAVES)[:3, :3],
            [
                [0, 1, math.pi],
                [1, 0, 1],
                [math.pi, 1, 0],
            ],
        )


class TestTrial:
    """From the start to the rejection."""

    def test_normalisation_rejects(self):
        """After its normalisation no octave can reach 0.1, whatever it was."""
        psi, _ = original_start(OCTAVES, 0.6, np.random.default_rng(0), GRID, 12)
        spike = np.zeros_like(psi)
        spike[0, 5] = 1e6

        assert np.max(np.abs(normalised(psi, GRID))) < 3e-4
        assert np.max(np.abs(normalised(spike, GRID))) == pytest.approx(0.003905, rel=1e-3)

    def test_rejected(self):
        """A trial ends in the original's words, with octaves that are there no more."""
        found = original_trial(SEARCHED, 0.6, np.random.default_rng(0))

        assert found.end is OriginalEnd.TRIVIAL
        assert found.end.value == "trivial_solution"
        assert 1e-4 < found.largest_psi < 3e-4

    def test_sampled_values_are_replaced(self):
        """lam_2 is overwritten before anything is done, and g is forced to at least 1."""
        found = original_trial(SEARCHED, 0.6, np.random.default_rng(0))

        assert as_sampled(SEARCHED).lam_2 == pytest.approx(math.pi * 0.05)
        assert found.octaves.g >= 1
        assert found.octaves.lam_2 == pytest.approx(math.pi * found.octaves.lam_1)

    def test_the_sign_of_m0(self):
        """The sign of m0 changes nothing."""
        psi, phi = smooth()
        one, other = SEARCHED, replace(SEARCHED, m0=-SEARCHED.m0)

        assert original_energy(one, psi, phi, GRID) == original_energy(other, psi, phi, GRID)

    def test_seed(self):
        """With one seed a trial is repeatable; the original's is not."""
        one, two = (
            original_trial(SEARCHED, 0.6, np.random.default_rng(4)).energy for _ in range(2)
        )

        assert one == two

    def test_wall_and_clip(self):
        """Relaxed fields vanish at the wall and stay within the clip."""
        psi, phi = original_start(SEARCHED, 0.6, np.random.default_rng(0), GRID, 12)
        psi, phi = relaxed(SEARCHED, 1e4 * psi, phi, GRID)

        assert np.all(psi[:, -1] == 0)
        assert phi[-1] == 0
        assert np.max(np.abs(psi)) <= 1e3

    def test_adapted_moves_towards(self):
        """Self-consistency moves m0 by its rate towards ten times the mean of Phi."""
        psi, phi = np.zeros((12, 800)) + np.linspace(0, 1, 800), np.full(800, 0.5)
        found = adapted(SEARCHED, psi, phi, 0.2)

        assert found.m0 == pytest.approx(-0.5 + 0.2 * (10 * 1.2 * 0.5 + 0.5))

    @pytest.mark.parametrize(
        ("psi", "phi", "energy", "end"),
        [
            (1.0, 1.0, -1.0, OriginalEnd.ACCEPTED),
            (0.01, 1.0, -1.0, OriginalEnd.TRIVIAL),
            (1.0, 1.0, 1.0, OriginalEnd.UNSTABLE),
            (1.0, 1.0, math.nan, OriginalEnd.UNSTABLE),
            (1.0, 1e-4, -1.0, OriginalEnd.PHI_OUT_OF_BOUNDS),
            (math.nan, 1.0, -1.0, OriginalEnd.NOT_FINITE),
        ],
    )
    def test_checks(self, psi, phi, energy, end):
        """Each check has its own end."""
        assert checked(np.full((2, 9), psi), np.full(9, phi), energy) is end
