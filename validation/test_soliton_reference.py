"""The soliton's numbers against the original study's own code, and against the true states.

`soliton_reference.json` holds twelve configurations of its search and three of the run that was to
validate it, with energies and forces to twelve digits, and the stationary states of both
potentials as an independent program found them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daybreak.models.soliton import (
    VALIDATION,
    Octaves,
    Solution,
    bounce,
    landscape,
    minimise,
    octave_problem,
    stationary,
)
from daybreak.models.soliton.chebyshev import collocated
from daybreak.models.soliton.condensate import condensate
from daybreak.models.soliton.original import (
    Laplacian,
    OriginalGrid,
    original_energy,
    original_force,
    stacked_norm,
    weighted_norm,
)
from daybreak.models.soliton.refinement import (
    carried_over,
    extrapolated,
    observed_order,
    refinement,
)
from daybreak.models.soliton.remarks import box_filling

REFERENCE = json.loads((Path(__file__).parent / "soliton_reference.json").read_text())
PRODUCTION: dict[str, Any] = {one["name"]: one for one in REFERENCE["production"]}
RUNS: dict[str, Any] = {one["name"]: one for one in REFERENCE["validation"]}
DIGITS = 1e-10

Profile = Callable[[Any], Any]


def profile(given: list[Any]) -> Profile:
    """A profile as the reference file writes it."""
    kind, height, *rest = given
    width = rest[0] if rest else 1.0
    made: dict[str, Profile] = {
        "constant": lambda r: height * np.ones_like(r),
        "gauss": lambda r: height * np.exp(-(r**2) / (2 * width**2)),
        "exponential": lambda r: height * np.exp(-r / width),
        "sech": lambda r: height / np.cosh(r / width),
        "shell": lambda r: height * np.exp(-((r - rest[-1]) ** 2) / (2 * width**2)),
        "swollen": lambda r: height * (r / width) ** 2 * np.exp(-(r**2) / (2 * width**2)),
    }
    return made[kind]


def on(grid: OriginalGrid, case: dict[str, Any]) -> tuple[Any, Any]:
    """Both kinds of fields of a case on a grid."""
    psi = case["psi"] if isinstance(case["psi"][0], list) else [case["psi"]]
    return np.array([profile(one)(grid.r) for one in psi]), profile(case["phi"])(grid.r)


@cache
def force(name: str) -> tuple[Any, Any]:
    """The original's force in one of its twelve configurations."""
    case, grid = PRODUCTION[name], OriginalGrid()
    return original_force(Octaves(**case["couplings"]), *on(grid, case), grid)


class TestOriginal:
    """Acceptance 1: every discrete number of the original, to 1e-10."""

    @pytest.mark.parametrize("nodes", ["800", "1600", "3200", "6400"])
    @pytest.mark.parametrize("name", PRODUCTION)
    def test_energy(self, name, nodes):
        """The energy of each configuration, on four grids."""
        case, grid = PRODUCTION[name], OriginalGrid(int(nodes))
        found = original_energy(Octaves(**case["couplings"]), *on(grid, case), grid)

        assert found == pytest.approx(case["energy"][nodes], rel=DIGITS)

    @pytest.mark.parametrize("name", PRODUCTION)
    def test_force(self, name):
        """Norms of the force, plain and weighted, its largest value, and its first four rows."""
        case, grid, (psi, phi) = PRODUCTION[name], OriginalGrid(), force(name)
        found = {
            "norm": stacked_norm(psi, phi),
            "norm_psi": np.linalg.norm(psi),
            "norm_phi": np.linalg.norm(phi),
            "weighted_psi": weighted_norm(psi, grid),
            "weighted_phi": weighted_norm(phi, grid),
            "largest_psi": np.max(np.abs(psi)),
        }

        assert found == pytest.approx({key: case[key] for key in found}, rel=DIGITS)
        assert np.allclose(psi[0, :4], case["first_rows_psi"], rtol=DIGITS, atol=1e-11)
        assert np.allclose(phi[:4], case["first_rows_phi"], rtol=DIGITS, atol=1e-11)

    @pytest.mark.parametrize("name", RUNS)
    def test_validation(self, name):
        """Energy and norms, with both Laplacians, of the three fields of the validation."""
        case, grid = RUNS[name], OriginalGrid(first=0.0)
        psi, phi = on(grid, case)
        norms = {
            kind: stacked_norm(*original_force(VALIDATION, psi, phi, grid, kind))
            for kind in (Laplacian.OLD, Laplacian.FIXED)
        }

        assert original_energy(VALIDATION, psi, phi, grid) == pytest.approx(
            case["energy"], rel=DIGITS
        )
        assert norms[Laplacian.OLD] == pytest.approx(case["norm_old"], rel=DIGITS)
        assert norms[Laplacian.FIXED] == pytest.approx(case["norm_fixed"], rel=DIGITS)


def vanishes(name: str) -> bool:
    """Whether every field of a case has died away at the wall, where the scheme makes it zero."""
    case = PRODUCTION[name]
    ends = [abs(float(profile(one)(np.array(25.0)))) for one in [*case["psi"], case["phi"]]]
    return max(ends) < 3e-7


class TestExactEnergies:
    """Acceptance 2: the new scheme converges to the exact energies with order 2."""

    @pytest.mark.parametrize("name", [name for name in PRODUCTION if vanishes(name)])
    def test_order(self, name):
        """The error falls with order 2.0 to within 0.1, and Richardson's value is nearer still."""
        case = PRODUCTION[name]
        octaves = Octaves(**case["couplings"])
        profiles = [profile(one) for one in [*case["psi"], case["phi"]]]
        energies = []
        for cells in (1600, 3200, 6400):
            problem = octave_problem(octaves, len(case["psi"]), cells=cells)
            energies.append(problem.energy(problem.fields(profiles)))
        exact = case["exact_energy"]
        errors = [abs(energy - exact) for energy in energies]

        assert observed_order(*energies) == pytest.approx(2.0, abs=0.1)
        assert errors[-1] < 1e-3 * abs(exact)
        assert abs(extrapolated(*energies[1:]) - exact) < 0.1 * errors[-1]


class TestDerivatives:
    """Acceptance 3: force and second derivative are exact."""

    @pytest.mark.parametrize("name", PRODUCTION)
    def test_directional(self, name):
        """The force agrees with fourth-order differences of the energy to 1e-7."""
        case = PRODUCTION[name]
        problem = octave_problem(Octaves(**case["couplings"]), len(case["psi"]))
        fields = problem.fields([profile(one) for one in [*case["psi"], case["phi"]]])
        way = problem.fields(
            [
                lambda r, k=k: np.cos(0.2 * k * r) * np.exp(-((r / 12) ** 2))
                for k in range(problem.n_fields)
            ]
        )
        h = 1e-2
        e = {k: problem.energy(fields + k * h * way) for k in (-2, -1, 1, 2)}
        difference = (8 * (e[1] - e[-1]) - (e[2] - e[-2])) / (12 * h)
        _, gradient = problem.energy_and_gradient(fields)
        exact = float(np.sum(gradient * way[:-1]))
        scale = float(np.sum(np.abs(gradient * way[:-1])))

        assert abs(difference - exact) < 1e-7 * scale

    def test_symmetric(self):
        """The second derivative is symmetric to rounding."""
        problem = octave_problem(Octaves(g_Y=0.3, mu2=-1.0))
        blocks = problem.expand(problem.fields(0.3)).bands.blocks

        assert np.allclose(blocks, np.swapaxes(blocks, 1, 2), rtol=1e-14, atol=1e-12)


@cache
def the_bounce(radius: float = 25.0, cells: int = 800) -> Solution:
    """The bounce of the validation's potential, carried to a mesh from a coarser one."""
    if (radius, cells) == (25.0, 800):
        return bounce(octave_problem(VALIDATION, 1))
    problem = octave_problem(VALIDATION, 1, radius, cells)
    return stationary(problem, carried_over(the_bounce(), problem))


class TestBounce:
    """Acceptance 4: the only localised state of least action, and that it is unstable."""

    @pytest.mark.parametrize("cells", [400, 800, 1600, 3200, 6400, 12800])
    def test_energy(self, cells):
        """The energy on six meshes, to 1e-10."""
        expected = REFERENCE["bounce"]["E_at_N_R25"][str(cells)]

        assert the_bounce(cells=cells).energy == pytest.approx(expected, rel=DIGITS)

    @pytest.mark.parametrize(("radius", "tolerance"), [(12.5, 1e-7), (25.0, 1e-8), (50.0, 1e-8)])
    def test_extrapolated(self, radius, tolerance):
        """Richardson's energies of three balls; those of R = 25 and 50 agree to 1e-8."""
        cells = round(6400 * radius / 25)
        study = refinement(the_bounce(radius, cells))
        label = f"{radius:g}"

        assert study.energy == pytest.approx(
            REFERENCE["bounce"]["E_richardson"][label], abs=tolerance
        )
        assert study.settled

    def test_value(self):
        """E = 24.42932012(1), and psi(0) = 2.28535759."""
        fine = the_bounce(cells=12800)
        study = refinement(the_bounce(cells=6400))

        assert study.energy == pytest.approx(24.42932012, abs=1e-8)
        assert abs(fine.fields[0, 0]) == pytest.approx(REFERENCE["bounce"]["psi0"], abs=1e-6)

    def test_one_negative_mode(self):
        """Exactly one mode is negative, -0.613776(1); the next are the box's."""
        state = the_bounce(cells=12800)

        assert state.negative_modes == 1
        # Phi's own modes, from 1.0186 on, lie above those of the octave that are listed.
        assert np.allclose(state.modes(6)[0], REFERENCE["bounce"]["hessian_l0_R25"], atol=1.5e-6)

    def test_translations_and_phi(self):
        """The lowest mode with l = 1 is zero, and Phi's lowest is 1.0186."""
        state = the_bounce(cells=3200)
        values, vectors = state.modes(40)
        of_phi = values[np.max(np.abs(vectors[:, :, 1]), axis=1) > 1e-6]

        assert abs(state.modes(1, angular=1)[0][0]) < 2e-5
        assert of_phi[0] == pytest.approx(REFERENCE["bounce"]["phi_sector_lowest"], abs=1e-5)

    def test_virial(self):
        """``T + 3 U = 0`` to 2e-6 of the energy."""
        state = the_bounce(cells=12800)
        bulk, wall = state.problem.virial(state.fields)

        assert abs(bulk - wall) < 2e-6 * state.energy

    def test_landmarks_of_the_potential(self):
        """The empty state is a false vacuum: V is -2.103 at psi = 2.474."""
        found = landscape(octave_problem(VALIDATION, 1, with_phi=False))

        assert abs(found.lowest.fields[0]) == pytest.approx(2.4743080019364845, rel=1e-9)
        assert found.lowest.value == pytest.approx(-2.103077812173802, rel=1e-12)
        assert len(found.minima) == 2

    @pytest.mark.parametrize(("radius", "energy"), REFERENCE["filled"].items())
    def test_filled_ball(self, radius, energy):
        """The global minimum fills its ball, and its energies are those of the reference."""
        size = float(radius)
        problem = octave_problem(VALIDATION, 1, size, round(128 * size), with_phi=False)
        state = minimise(problem, lambda r: 2.474308 * np.tanh(1.5 * (size - r)))

        assert state.energy == pytest.approx(energy, rel=1e-10)
        assert state.stable

    @pytest.mark.parametrize(
        ("amplitude", "filled"),
        [(0.5, False), (1.0, False), (2.0, True), (2.4, True), (3.0, True)],
    )
    def test_nothing_in_between(self, amplitude, filled):
        """Gaussian starts end in nothing or in a filled ball: no stable soliton."""
        problem = octave_problem(VALIDATION, 1)
        state = minimise(problem, [lambda r: amplitude * np.exp(-(r**2) / 18), 0.0])

        assert state.stable
        assert state.energy == pytest.approx(-106505.4 if filled else 0.0, abs=0.05)

    @pytest.mark.parametrize("start", ["gentle", "sharp"])
    def test_the_published_starts_decay(self, start):
        """With a gradient that is one, the validation's starts relax to nothing at all."""
        problem = octave_problem(VALIDATION, 1)
        case = RUNS[start]
        state = minimise(problem, [profile(case["psi"]), profile(case["phi"])])

        assert abs(state.energy) < 1e-12

    @pytest.mark.parametrize(("nodes", "which"), [(1, "one"), (2, "two")])
    def test_excited(self, nodes, which):
        """States with one and two nodes have two and three negative modes."""
        expected = REFERENCE["nodes"][which]
        state = with_nodes(nodes)
        count = len(expected["negative_eigenvalues"])

        assert state.negative_modes == count
        assert np.allclose(state.modes(count)[0], expected["negative_eigenvalues"], atol=2e-4)
        assert refinement(state).energy == pytest.approx(expected["E"], abs=1e-2)


def with_nodes(nodes: int) -> Solution:
    """A state with nodes, by shooting from the origin for a start."""
    from scipy.integrate import solve_ivp

    problem = octave_problem(VALIDATION, 1, 30.0, 4800, with_phi=False)
    top = 2.4743080019364845

    def equation(r: float, y: Any) -> list[float]:
        f, slope = y
        return [slope, 0.5 * f - f**3 + 0.15 * f**5 - 2 * slope / r]

    def shot(logarithm: float) -> Any:
        first = [top - math.exp(logarithm), 0.0]
        return solve_ivp(
            equation, (1e-6, 30.0), first, rtol=1e-11, atol=1e-12, dense_output=True
        ).sol(problem.mesh.nodes.clip(1e-6))[0]

    def crossings(values: Any) -> int:
        return int(np.sum(np.diff(np.sign(values)) != 0))

    low, high = math.log(1e-9), math.log(0.5)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if crossings(shot(middle)) > nodes else (low, middle)
    found = shot(high)
    turn = int(np.argmin(np.abs(found) + (np.arange(found.size) < nodes * 300) * 9))
    found[turn:] = 0.0
    return stationary(problem, [found])


class TestTwelve:
    """Acceptance 5: the twelve octaves."""

    def test_couplings(self):
        """Eigenvalues of the couplings."""
        found = np.linalg.eigvalsh(Octaves().couplings())

        assert np.allclose(found, REFERENCE["twelve"]["couplings"], atol=1e-12)

    def test_minima(self):
        """The two homogeneous minima, to 1e-8, and the fields of the lower one."""
        found = landscape(octave_problem(Octaves(), with_phi=False), starts=200)
        best = found.lowest.fields * -np.sign(found.lowest.fields[0])

        assert [m.value for m in found.minima] == pytest.approx(
            REFERENCE["twelve"]["minima"], abs=1e-8
        )
        assert np.allclose(best, REFERENCE["twelve"]["fields"][0], atol=1e-7)
        assert found.lowest.masses[-1] / found.lowest.masses[0] == pytest.approx(2.131, abs=5e-4)

    def test_ball(self):
        """From the original's own start: E = -510573.0791 with R = 25, N = 800, to 1e-4."""
        problem = octave_problem(Octaves(), with_phi=False)
        state = minimise(problem, lambda r: 1.5 * np.exp(-r / 3))

        assert state.energy == pytest.approx(-510573.07908, abs=1e-4)
        assert state.energy == pytest.approx(REFERENCE["twelve"]["energy_N800"], rel=1e-11)
        assert state.negative_modes == 0
        assert state.residual <= 2e-9

    @pytest.mark.parametrize(
        "ball", REFERENCE["twelve"]["balls"], ids=lambda b: f"R{b['radius']:g}-N{b['cells']}"
    )
    def test_balls(self, ball):
        """Energies, lowest modes and wall tensions in balls of several sizes and meshes."""
        problem = octave_problem(
            Octaves(), radius=ball["radius"], cells=ball["cells"], with_phi=False
        )
        lowest = REFERENCE["twelve"]["fields"][0]
        steep = 2.0
        found = minimise(
            problem, [lambda r, f=f: f * np.tanh(steep * (ball["radius"] - r)) for f in lowest]
        )
        bulk = REFERENCE["twelve"]["minima"][0] * problem.mesh.volume
        modes = len(ball["lowest"])

        assert found.energy == pytest.approx(ball["energy"], rel=1e-9)
        assert (found.energy - bulk) / problem.mesh.surface == pytest.approx(
            ball["wall"], rel=1e-6
        )
        assert np.allclose(found.modes(modes)[0], ball["lowest"], rtol=1e-7)

    def test_box_filling(self):
        """Its energy grows as a volume, and that is called box-filling."""
        found = condensate(Octaves(), cells=400)

        assert box_filling(found.box).code == "box_filling"
        assert found.box.growth == pytest.approx(3.086, abs=1e-3)

    def test_empty_state_is_unstable(self):
        """The empty state has 67 negative modes in R = 25, and 140 in R = 50."""
        counts = []
        for radius, cells in ((25.0, 1600), (50.0, 3200)):
            problem = octave_problem(Octaves(), radius=radius, cells=cells, with_phi=False)
            counts.append(problem.expand(problem.fields(0.0)).bands.count_below())

        assert counts == [67, 140]

    @pytest.mark.parametrize(
        ("g_Y", "mu2", "lowest"),
        [(0.1, -1.0, 0.808), (0.3, -1.0, 4.21), (0.5, -2.0, 5.85), (0.05, -0.5, 0.412)],
    )
    def test_phi_stays_empty(self, g_Y, mu2, lowest):
        """For four couplings Phi vanishes, and its lowest mode in the ball is positive."""
        found = condensate(Octaves(g_Y=g_Y, mu2=mu2), cells=400, modes=40)
        values, vectors = found.solution.modes(40)
        of_phi = values[np.max(np.abs(vectors[:, :, -1]), axis=1) > 1e-6]

        assert found.solution.amplitudes[-1] < 1e-6
        if of_phi.size:
            assert of_phi[0] == pytest.approx(lowest, abs=0.01)

    def test_phi_condenses_too(self):
        """For g_Y = 0.05 and mu2 = -2 it does not."""
        found = condensate(Octaves(g_Y=0.05, mu2=-2.0), cells=200)

        assert found.solution.amplitudes[-1] > 0.1
        assert found.largest_psi > 0.1

    @pytest.mark.parametrize(
        ("beta", "ratio"), [(0.0, 1.649), (0.05, 1.762), (0.15, 2.131), (0.3, 2.962), (0.4, 3.769)]
    )
    def test_hierarchical_coupling(self, beta, ratio):
        """The couplings' decay widens the ratio of bulk masses by 1.29 at 0.15, not by 2 to 3."""
        found = landscape(octave_problem(replace(Octaves(), beta=beta), with_phi=False))

        assert found.lowest.masses[-1] / found.lowest.masses[0] == pytest.approx(ratio, abs=1e-3)

    def test_spectral(self):
        """96 Chebyshev nodes on R = 20 find the bounce's energy to 2e-7."""
        problem = octave_problem(VALIDATION, 1, 20.0, 1600, with_phi=False)
        state = stationary(
            problem, carried_over(the_bounce(), octave_problem(VALIDATION, 1, 20.0, 1600))[:, :1]
        )

        assert collocated(state, 96).energy == pytest.approx(24.42932012, abs=2e-7)
