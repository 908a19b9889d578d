"""Laws of radial problems: derivatives, meshes, spectra, scaling, and what they refuse."""

from __future__ import annotations

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.models.soliton import (
    VALIDATION,
    Mesh,
    Octaves,
    RadialProblem,
    Stop,
    bounce,
    landscape,
    minimise,
    octave_problem,
    stationary,
)
from daybreak.models.soliton.bands import Bands
from daybreak.models.soliton.chebyshev import collocated
from daybreak.models.soliton.newton import Place
from daybreak.models.soliton.refinement import (
    box_study,
    carried_over,
    extrapolated,
    observed_order,
    refinement,
)
from daybreak.models.soliton.remarks import (
    box_filling,
    box_too_small,
    grid_too_coarse,
    not_converged,
    unbounded,
    unstable,
)

RNG = np.random.default_rng(7)
COUPLED = Octaves(g_Y=0.3, mu2=-1.0)


def free(f, r):
    """Massive and free."""
    return jnp.sum(f**2) / 2


def attractive(f, r):
    """Massive, with an attractive quartic term: its bounce is the textbook's."""
    return jnp.sum(f**2) / 2 - jnp.sum(f**4) / 4


def trapped(f, r):
    """A harmonic trap: V depends on the radius."""
    return r**2 * jnp.sum(f**2) / 2


def smooth(problem, seed=0):
    """Smooth fields without symmetry."""
    rng = np.random.default_rng(seed)
    widths = rng.uniform(2, 6, problem.n_fields)
    heights = rng.uniform(-1, 1, problem.n_fields)
    r = problem.mesh.nodes[:, None]
    return problem.fields(heights * np.exp(-(r**2) / (2 * widths**2)))


@pytest.fixture(scope="module")
def false_vacuum():
    """One octave whose empty state is a false vacuum, and its bounce."""
    problem = octave_problem(VALIDATION, 1, cells=400)
    return problem, bounce(problem)


class TestMesh:
    """The ball and its shells."""

    @pytest.mark.parametrize("dimension", [1, 2, 3, 4])
    def test_volumes(self, dimension):
        """The shells fill the ball exactly, in any dimension."""
        mesh = Mesh(3.0, 40, dimension)
        ball = math.pi ** (dimension / 2) / math.gamma(dimension / 2 + 1) * 3.0**dimension

        assert np.sum(mesh.volumes) == pytest.approx(ball, rel=1e-14)
        assert mesh.volume == pytest.approx(ball, rel=1e-14)

    @pytest.mark.parametrize("bad", [{"radius": 0.0}, {"radius": math.inf}, {"cells": 3}])
    def test_refusals(self, bad):
        """A ball without size and a mesh without inside are refused with their values."""
        with pytest.raises(dk.ProblemError, match="must be"):
            Mesh(**{"radius": 1.0, "cells": 10, **bad})


class TestDerivatives:
    """Force and second derivative are those of the discrete energy."""

    @pytest.mark.parametrize("dimension", [1, 3, 4])
    def test_gradient(self, dimension):
        """The force agrees with differences of the energy to 1e-7."""
        problem = RadialProblem(attractive, 2, 8.0, 60, dimension)
        fields, direction = smooth(problem, 1), smooth(problem, 2)
        _, gradient = problem.energy_and_gradient(fields)
        h = 1e-4
        plus, minus = (problem.energy(fields + s * h * direction) for s in (1, -1))
        exact = float(np.sum(gradient * direction[:-1]))

        assert (plus - minus) / (2 * h) == pytest.approx(exact, rel=1e-7)

    @pytest.mark.parametrize(
        "problem",
        [octave_problem(COUPLED, cells=40), octave_problem(VALIDATION, 1, cells=40)],
        ids=["twelve", "one"],
    )
    def test_second_derivative(self, problem):
        """The second derivative agrees with differences of the force, and is symmetric."""
        fields, direction = smooth(problem, 1), smooth(problem, 2)
        h = 1e-5
        plus, minus = (problem.energy_and_gradient(fields + s * h * direction)[1] for s in (1, -1))
        dense = matrix(problem.expand(fields).bands)
        found = (dense @ direction[:-1].ravel()).reshape(plus.shape)

        assert np.allclose(found, (plus - minus) / (2 * h), rtol=1e-7, atol=1e-7)
        assert np.allclose(dense, dense.T, rtol=1e-14, atol=1e-14)

    def test_expansion_is_the_energy(self):
        """Energy and force are the same numbers, however they are asked for."""
        problem = octave_problem(COUPLED, cells=50)
        fields = smooth(problem)
        energy, gradient = problem.energy_and_gradient(fields)
        expansion = problem.expand(fields)

        assert expansion.energy == pytest.approx(energy, rel=1e-14)
        assert np.allclose(expansion.gradient, gradient, rtol=1e-13, atol=1e-13)
        assert problem.energy(fields) == pytest.approx(energy, rel=1e-14)

    def test_sign_symmetry(self):
        """Turning every octave round changes no energy."""
        problem = octave_problem(COUPLED, cells=50)
        fields = smooth(problem)
        turned = fields * np.append(-np.ones(12), 1.0)

        assert problem.energy(turned) == pytest.approx(problem.energy(fields), rel=1e-14)

    def test_order(self):
        """The energy of given profiles converges with order 2.0 to within 0.1."""
        energies = []
        for cells in (200, 400, 800):
            problem = octave_problem(COUPLED, 2, radius=25.0, cells=cells)
            profiles = [lambda r: np.exp(-(r**2) / 8), lambda r: -np.exp(-(r**2) / 18), 0.0]
            energies.append(problem.energy(problem.fields(profiles)))

        assert observed_order(*energies) == pytest.approx(2.0, abs=0.1)


def matrix(bands: Bands) -> np.ndarray:
    """The whole of a banded matrix."""
    nodes, n, _ = bands.blocks.shape
    dense = np.zeros((nodes * n, nodes * n))
    for i in range(nodes):
        dense[i * n : (i + 1) * n, i * n : (i + 1) * n] = bands.blocks[i]
    for i, link in enumerate(bands.links):
        for j in range(i * n, (i + 1) * n):
            dense[j, j + n] = dense[j + n, j] = -link
    return dense


@pytest.fixture(scope="module")
def bands():
    """Second derivative of four octaves where nothing is there: indefinite."""
    problem = octave_problem(COUPLED, 4, radius=10.0, cells=30)
    return problem.expand(problem.fields(0.0)).bands


class TestBands:
    """The banded matrix says what a dense one would."""

    def test_solve(self, bands):
        """Systems are solved as by a dense solver, also where the matrix is indefinite."""
        right = RNG.standard_normal(bands.metric.size)

        assert np.allclose(matrix(bands) @ bands.solve(right), right, atol=1e-9)

    @pytest.mark.parametrize("level", [-5.0, -1.0, 0.0, 0.5, 2.0, 20.0])
    def test_count(self, bands, level):
        """Modes below any level are counted as by a dense eigenvalue solver."""
        root = np.sqrt(bands.metric)
        values = np.linalg.eigvalsh(matrix(bands) / np.outer(root, root))

        assert bands.count_below(level) == np.sum(values < level)

    @pytest.mark.parametrize("count", [1, 6, 20])
    def test_lowest(self, bands, count):
        """The lowest modes are those of a dense solver, and normal in the metric."""
        root = np.sqrt(bands.metric)
        expected = np.linalg.eigvalsh(matrix(bands) / np.outer(root, root))[:count]
        values, vectors = bands.lowest(count)
        flat = vectors.reshape(count, -1)

        assert np.allclose(values, expected, rtol=1e-9, atol=1e-9)
        assert np.allclose((flat * bands.metric) @ flat.T, np.eye(count), atol=1e-8)

    def test_cholesky_needs_a_positive_matrix(self, bands):
        """An indefinite matrix has no Cholesky factor until it is shifted far enough."""
        assert bands.cholesky() is None
        assert bands.cholesky(1 - bands.floor()) is not None


class TestFree:
    """Where the answer is known in closed form."""

    def test_spectrum(self):
        """A free field in a ball has the modes ``m^2 + (k pi / R)^2``."""
        problem = RadialProblem(free, 1, 10.0, 2000)
        modes = minimise(problem, [lambda r: np.exp(-(r**2))]).modes(5)[0]

        assert np.allclose(modes, 1 + (np.arange(1, 6) * np.pi / 10) ** 2, rtol=1e-5)

    def test_angular_spectrum(self):
        """Waves of angular momentum 1 have the zeros of the first spherical Bessel function."""
        problem = RadialProblem(free, 1, 10.0, 2000)
        modes = minimise(problem, 0.0).modes(2, angular=1)[0]

        assert np.allclose(modes, 1 + (np.array([4.493409458, 7.725251837]) / 10) ** 2, rtol=1e-5)

    def test_trap(self):
        """In a harmonic trap the modes are the oscillator's, ``2 (2 n + 3 / 2)`` for l = 0."""
        problem = RadialProblem(trapped, 1, 8.0, 2000)
        modes = minimise(problem, 0.0).modes(3)[0]

        assert np.allclose(modes, [3.0, 7.0, 11.0], rtol=1e-4)

    def test_quadratic_in_one_step(self):
        """A quadratic energy is minimised by one step, from anywhere."""
        solution = minimise(RadialProblem(free, 3, 5.0, 50), 1.0)

        assert solution.iterations <= 2
        assert solution.trivial
        assert solution.converged


class TestBounce:
    """A saddle that every law of static fields can be tried on."""

    def test_signature(self, false_vacuum):
        """A bounce is a converged state with exactly one negative mode."""
        _, state = false_vacuum

        assert state.converged
        assert state.negative_modes == 1
        assert state.residual <= 1e-9
        assert state.localised

    def test_virial(self, false_vacuum):
        """It obeys the virial identity to the order of the mesh, and other fields do not."""
        problem, state = false_vacuum
        bulk, wall = problem.virial(state.fields)
        elsewhere = Place(problem, 1.3 * state.fields).end(Stop.EXHAUSTED, 0, 1e-9)

        assert abs(bulk - wall) < 1e-3 * state.kinetic
        assert elsewhere.virial_error > 0.1

    def test_derrick(self, false_vacuum):
        """Dilating it raises the energy in neither direction: ``d2E/ds2 = -2 T`` (Derrick)."""
        problem, state = false_vacuum
        h, r = 0.02, problem.mesh.nodes
        stretched = [
            problem.energy(
                problem.fields(
                    np.stack(
                        [np.interp(r / s, r, one, right=0.0) for one in state.fields.T], axis=1
                    )
                )
            )
            for s in (1 - h, 1.0, 1 + h)
        ]
        second = (stretched[0] - 2 * stretched[1] + stretched[2]) / h**2

        assert second == pytest.approx(-2 * state.kinetic, rel=0.05)

    def test_translations(self, false_vacuum):
        """Its waves of angular momentum 1 include its translation, which costs nothing."""
        _, state = false_vacuum
        values, vectors = state.modes(1, angular=1)
        slope = np.gradient(state.fields[:, 0], state.problem.mesh.step)[1:-1]
        mode = vectors[0, :, 0]
        overlap = abs(mode @ slope) / np.linalg.norm(mode) / np.linalg.norm(slope)

        assert abs(values[0]) < 1e-3
        assert overlap > 0.9999

    def test_both_sides(self, false_vacuum):
        """Along its negative mode it dies away on one side and fills the box on the other."""
        problem, state = false_vacuum
        mode = np.append(state.modes(1)[1][0], np.zeros((1, 2)), axis=0)
        mode *= 0.2 / np.max(np.abs(mode))
        ends = sorted(minimise(problem, state.fields + s * mode).energy for s in (1, -1))

        assert ends[1] == pytest.approx(0.0, abs=1e-9)
        assert ends[0] < -1e5

    def test_spectral_check(self, false_vacuum):
        """A second discretisation finds the energy that the mesh converges to."""
        _, state = false_vacuum
        study = refinement(state)

        assert collocated(state, 64).energy == pytest.approx(study.energy, rel=1e-4)

    def test_scaling(self):
        """``f -> a f(b r)`` maps one problem on another: E scales as ``a^2 / b``."""

        def other(f, r):
            return 4 * (jnp.sum(f**2) / 2 - 9 * jnp.sum(f**4) / 4)

        one = bounce(RadialProblem(attractive, 1, 12.0, 400))
        two = bounce(RadialProblem(other, 1, 6.0, 400))

        assert two.energy == pytest.approx(one.energy / 9 / 2, rel=1e-9)
        assert np.allclose(np.abs(two.fields), np.abs(one.fields) / 3, atol=1e-8)

    def test_no_barrier(self):
        """Where nothing lies below the empty state there is no bounce, and a value says so."""
        found = bounce(RadialProblem(free, 1, 10.0, 100), [lambda r: np.exp(-(r**2))])

        assert found.stop is Stop.NO_BARRIER
        assert not found.converged


class TestStates:
    """Minima and what mesh and box do to them."""

    def test_box_filling(self):
        """What fills its box grows in energy as a volume, and is called so."""
        problem = octave_problem(VALIDATION, 1, radius=20.0, cells=400)
        state = minimise(problem, [lambda r: 2.5 * np.exp(-((r / 8) ** 2)), 0.0])
        study = box_study(state)

        assert state.negative_modes == 0
        assert study.box_filling
        assert study.growth == pytest.approx(3.0, abs=0.5)
        assert box_filling(study).code == "box_filling"

    def test_localised_does_not_grow(self, false_vacuum):
        """A bounce does not notice its box, and is not called box-filling."""
        _, state = false_vacuum
        study = box_study(state)

        assert study.change < 1e-6
        assert box_filling(study) is None

    def test_minimise_leaves_a_saddle(self, false_vacuum):
        """A descent that begins exactly on a saddle ends in a minimum."""
        problem, state = false_vacuum
        found = minimise(problem, state.fields)

        assert found.converged
        assert found.negative_modes == 0

    def test_richardson(self, false_vacuum):
        """Extrapolated energies of two pairs of meshes agree far better than the energies."""
        problem, state = false_vacuum
        energies = [state.energy]
        for factor in (2, 4):
            finer = problem.refined(factor)
            energies.append(stationary(finer, carried_over(state, finer)).energy)
        pairs = [extrapolated(a, b) for a, b in itertools.pairwise(energies)]

        assert observed_order(*energies) == pytest.approx(2.0, abs=0.1)
        assert abs(pairs[1] - pairs[0]) < 1e-2 * abs(energies[2] - energies[1])

    def test_restart_agrees(self):
        """A solution begun anew from itself needs no iteration and is itself."""
        problem = octave_problem(COUPLED, cells=100)
        once = minimise(problem, 0.7)
        again = minimise(problem, once.fields)

        assert again.iterations == 0
        assert again.energy == once.energy

    def test_iterations_run_out(self):
        """Too few iterations are a named end, not an exception, and a remark says so."""
        state = minimise(octave_problem(COUPLED, cells=100), 0.7, iterations=2)

        assert state.stop is Stop.EXHAUSTED
        assert not_converged(state).code == "not_converged"
        assert "Not a state" in str(not_converged(state))

    def test_unstable_remark(self, false_vacuum):
        """A saddle is called unstable, with how many modes and the lowest of them."""
        _, state = false_vacuum

        assert "1 mode lowers" in str(unstable(state))
        assert unstable(minimise(octave_problem(COUPLED, cells=60), 0.7)) is None

    def test_landscape(self):
        """Minima of the potential are found once each, whatever a symmetry makes of them."""
        found = landscape(RadialProblem(double_well, 1, 5.0, 50))

        assert found.bounded
        assert len(found.minima) == 1
        assert abs(found.lowest.fields[0]) == pytest.approx(1.0, abs=1e-9)
        assert found.lowest.curvatures[0] == pytest.approx(8.0, abs=1e-8)


def double_well(f, r):
    """Minima at -1 and 1."""
    return jnp.sum((f**2 - 1) ** 2)


class TestBadInput:
    """What cannot mean anything is refused with a sentence; what fails is a value."""

    def test_unbounded(self):
        """A potential without a lowest value is found out, and a descent in it has a named end."""
        problem = RadialProblem(attractive, 2, 5.0, 50)
        state = minimise(problem, 10.0)

        assert "falls without limit along" in str(unbounded(landscape(problem)))
        assert state.stop is Stop.RUNAWAY
        assert unbounded(landscape(RadialProblem(free, 2, 5.0, 50))) is None

    def test_box_too_small(self):
        """A ball that cuts a soliton's tail is called too small, with the radius that would do."""
        small = bounce(octave_problem(VALIDATION, 1, radius=9.0, cells=300, with_phi=False))
        remark = box_too_small(small)

        assert remark is not None
        assert "R = " in str(remark).partition(";")[2]

    def test_grid_too_coarse(self, false_vacuum):
        """A mesh that is too coarse is called so, and the number of cells it names is enough."""
        problem, _ = false_vacuum
        fine = bounce(problem)
        coarse = octave_problem(VALIDATION, 1, cells=100)
        state = stationary(coarse, carried_over(fine, coarse))
        study = refinement(state)
        needed = study.cells_needed(1e-3)
        better = octave_problem(VALIDATION, 1, cells=needed)
        again = refinement(stationary(better, carried_over(fine, better)))

        assert f"N = {needed}" in str(grid_too_coarse(study))
        assert grid_too_coarse(again, 1.05e-3) is None

    @pytest.mark.parametrize("n_fields", [0, -1, 1.5])
    def test_number_of_fields(self, n_fields):
        """No field, or half a one, is refused."""
        with pytest.raises(dk.ProblemError, match="`n_fields` must be a whole number"):
            RadialProblem(free, n_fields)

    def test_no_octaves(self):
        """No octave at all is refused; one octave works, and has nothing to couple with."""
        with pytest.raises(dk.ProblemError, match="`n_octaves` must be at least 1"):
            octave_problem(COUPLED, 0)
        one = octave_problem(COUPLED, 1, cells=20)

        assert one.n_fields == 2
        assert np.array_equal(COUPLED.couplings(1), [[0.0]])

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_couplings(self, bad):
        """A coupling that is no number is refused by its name."""
        with pytest.raises(dk.ProblemError, match="couplings must be finite, but delta is"):
            octave_problem(Octaves(delta=bad))

    def test_arguments(self):
        """So is any argument of a potential of one's own."""

        def well(f, r, depth):
            return depth * jnp.sum(f**2)

        with pytest.raises(dk.ProblemError, match="`arguments` must be finite"):
            RadialProblem(well, 1, 5.0, 20, arguments=(math.nan,))

    def test_singular_potential(self):
        """A potential that is no number at the origin is refused before anything is solved."""
        with pytest.raises(dk.ProblemError, match="must be finite where every field vanishes"):
            RadialProblem(lambda f, r: jnp.sum(f**2) / r, 1, 5.0, 20)

    def test_potential_of_wrong_shape(self):
        """A potential that returns its fields is told what it should return."""
        with pytest.raises(dk.ProblemError, match="must map fields of shape"):
            RadialProblem(lambda f, r: f, 2, 5.0, 20)

    def test_profiles(self):
        """Profiles in the wrong number or shape, or not finite, are refused with what is right."""
        problem = RadialProblem(free, 2, 5.0, 20)

        with pytest.raises(dk.ProblemError, match="one profile for each of 2 fields"):
            problem.fields([0.0])
        with pytest.raises(dk.ProblemError, match=r"must have shape \(21,\)"):
            problem.fields([np.zeros(5), 0.0])
        with pytest.raises(dk.ProblemError, match="must be finite"):
            problem.fields(math.nan)

    def test_start_beyond_numbers(self):
        """A start whose energy overflows is a named end."""
        state = minimise(RadialProblem(attractive, 1, 5.0, 20), 1e200)

        assert state.stop is Stop.NON_FINITE
