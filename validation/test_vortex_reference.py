"""The vortex energies against the original study's own code and against adaptive quadrature.

`lepton_reference.json` holds twenty-two parameter points. Its default-grid column was made by
running the published energy functions, its continuum column by adaptive quadrature of the same
functionals; both carry twelve digits. The fits below are corners and exact solutions that the
published boxes contain.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from daybreak.models import vortex as vx

REFERENCE = json.loads((Path(__file__).parent / "lepton_reference.json").read_text())
POINTS: dict[str, dict[str, Any]] = {point["id"]: point for point in REFERENCE["points"]}
C_MU = 948.0

EXACT_TOLERANCE = 1e-10
ORIGINAL_TOLERANCE = 1e-10


def cases(column: str) -> list[tuple[str, str]]:
    """Every (point, quantity) of one column of the table."""
    return [(name, key) for name, point in POINTS.items() for key in point.get(column, {})]


def functional(point: dict[str, Any]) -> vx.Functional:
    """The functional of a point, with the exact scheme."""
    makers = {
        "base": lambda p: vx.base(),  # noqa: ARG005 - one signature for all
        "grad": lambda p: vx.gradient(p["s"]),
        "BL": lambda p: vx.boundary_layer(p["w"]),
        "v0": lambda p: vx.localised_v0(p["w"], p["k"], p["p"]),
        "v1": lambda p: vx.localised_v1(p["w"], p["k"], p["dv"], p["p"]),
    }
    return makers[point["variant"]](point)


def original(point: dict[str, Any]) -> vx.Functional:
    """The functional of a point, with the scheme of the original study."""
    schemes = {
        "base": lambda: vx.original_base(),  # noqa: PLW0108 - one signature for all
        "grad": lambda: vx.original_gradient(),  # noqa: PLW0108 - as above
        "BL": lambda: vx.original_boundary_layer(point["w"]),
        "v0": lambda: vx.original_localised(point["w"]),
        "v1": lambda: vx.original_localised(point["w"]),
    }
    return functional(point).with_scheme(schemes[point["variant"]]())


@cache
def quantities(name: str, *, exact: bool) -> dict[str, float]:
    """All quantities of one point under one scheme."""
    point = POINTS[name]
    used = functional(point) if exact else original(point)
    with jax.enable_x64(True):
        vortex = vx.Vortex(point.get("Rc", point.get("R")), point["U"], point["A"])
        e = used.energies(vortex, point["beta"], point.get("lam", 0.0))
        names = ["E_circ", "E_stab", "E_grad", "E_total", "E_circ_vac", "dE_circ", "F_inner", "I"]
        values = {key: float(getattr(e, key)) for key in [*names, "mu_raw"]}
        values["g_proxy_C948"] = float(e.g_proxy(C_MU))
    if isinstance(used.scheme, vx.Original):
        values["N_r"] = used.scheme.grid.size
    return values


@pytest.mark.parametrize(("name", "key"), cases("continuum"))
def test_exact_scheme_equals_adaptive_quadrature(name: str, key: str) -> None:
    """The exact scheme gives the energies and shares of the continuum functional."""
    expected = POINTS[name]["continuum"][key]
    assert quantities(name, exact=True)[key] == pytest.approx(expected, rel=EXACT_TOLERANCE)


@pytest.mark.parametrize("name", [name for name in POINTS if name.startswith("G")])
def test_exact_scheme_has_the_closed_density_terms(name: str) -> None:
    """The gradient variant's density terms, closed in the study, come out of the quadrature."""
    for key in ("E_stab", "E_grad"):
        expected = POINTS[name]["default_grid"][key]
        assert quantities(name, exact=True)[key] == pytest.approx(expected, rel=EXACT_TOLERANCE)


@pytest.mark.parametrize("name", [name for name in POINTS if name.startswith("G")])
def test_exact_scheme_is_near_the_refined_grid(name: str) -> None:
    """The gradient variant's kinetic energy has the 401-angle value, to that rule's error."""
    expected = POINTS[name]["refined_grid"]["E_circ"]
    assert quantities(name, exact=True)["E_circ"] == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(("name", "key"), cases("default_grid"))
def test_original_scheme_equals_the_published_code(name: str, key: str) -> None:
    """The original scheme repeats the published energy functions, grid errors included."""
    expected = POINTS[name]["default_grid"][key]
    assert quantities(name, exact=False)[key] == pytest.approx(expected, rel=ORIGINAL_TOLERANCE)


@pytest.mark.parametrize(
    ("width", "size"),
    list(
        zip(
            [0.005, 0.010, 0.013, 0.015, 0.016, 0.019, 0.020, 0.022, 0.025, 0.05],
            [876, 870, 870, 867, 866, 865, 861, 861, 859, 838],
            strict=True,
        )
    ),
)
def test_smart_grid_has_the_published_number_of_nodes(width: float, size: int) -> None:
    """The refined grid has as many nodes as that of the original study, at every thickness."""
    assert vx.smart_grid(width, 20).size == size


SETUPS = {  # (k, dv, p): chi2 and S at beta 3.00, chi2 at 3.20, E_e and E_mu at beta 3.00
    (1.5, 0.5, 6): (9.918598056e7, 4.909572, 9.920438505e7, 0.104504295, 0.087983290),
    (1.0, 0.5, 6): (9.935986690e7, 4.914901, 9.936745182e7, 0.104301251, 0.069053921),
    (2.0, 0.5, 6): (9.885475889e7, 4.899353, 9.889366233e7, 0.104893309, 0.124246180),
    (1.5, 0.25, 6): (9.927931439e7, 4.912430, 9.929191639e7, 0.104395328, 0.077813804),
    (1.5, 0.75, 6): (9.906083089e7, 4.905721, 9.908699779e7, 0.104650941, 0.101653095),
    (1.5, 0.5, 4): (9.920038020e7, 4.910014, 9.921789022e7, 0.104487450, 0.086412925),
    (1.5, 0.5, 8): (9.917717007e7, 4.909301, 9.919612170e7, 0.104514607, 0.088944381),
}


def two_leptons(setup: tuple[float, float, int], beta: float) -> tuple[float, float, np.ndarray]:
    """Chi2, S and energies at the corner of the electron-muon box that the fits end in."""
    masses = np.array([0.511, 105.7])
    used = vx.localised_v1(0.02, *setup).with_scheme(vx.original_localised(0.02))
    corner = vx.Vortex(np.array([0.5, 0.3]), np.array([0.01, 0.2]), np.array([0.7, 1.0]))
    with jax.enable_x64(True):
        total = used.energies(corner, beta, vx.calibrated_lambda(beta)).E_total
        scale = vx.global_scale(total, masses, 1e-4 * masses)
        chi2 = vx.mass_chi2(scale, total, masses, 1e-4 * masses)
        return float(chi2), float(scale), np.asarray(total)


@pytest.mark.parametrize("setup", SETUPS)
def test_overnight_configurations_end_in_their_corner(setup: tuple[float, float, int]) -> None:
    """Each envelope of the overnight batch has the tabulated best fit, chi2 rising with beta."""
    chi2, scale, last, electron, muon = SETUPS[setup]
    measured = two_leptons(setup, 3.00)
    assert measured[0] == pytest.approx(chi2, rel=1e-9)
    assert measured[1] == pytest.approx(scale, rel=2e-7)
    assert measured[2] == pytest.approx([electron, muon], rel=1e-8)
    assert two_leptons(setup, 3.20)[0] == pytest.approx(last, rel=1e-9)


def test_three_masses_are_reached_beyond_the_tau_speed_bound() -> None:
    """With U_tau above its bound the boundary-layer fit meets all three masses."""
    masses = np.array([0.511, 105.7, 1776.8])
    used = vx.boundary_layer(0.015).with_scheme(vx.original_boundary_layer(0.015))
    speeds = np.array([0.0204151357694804, 0.05, 0.204593977946446])
    vortex = vx.Vortex(np.array([0.88, 0.3, 0.5]), speeds, np.array([0.92, 0.9, 0.9]))
    with jax.enable_x64(True):
        total = used.energies(vortex, 3.1, vx.calibrated_lambda(3.1)).E_total
        scale = vx.global_scale(total, masses, 1e-4 * masses)
        assert float(vx.mass_chi2(scale, total, masses, 1e-4 * masses)) < 1e-12


@pytest.mark.parametrize("beta", [1.5, 2.5, 4.0])
def test_published_unique_beta_is_a_point_on_a_symmetry(beta: float) -> None:
    """The three-lepton solution at beta 2.5 solves every beta once all speeds are rescaled."""
    point = REFERENCE["special_points"]["t3b_three_lepton_zero_chi2"]
    masses = np.array([0.511, 105.7, 1776.86])
    radii = np.array([point[f"R_c_{name}"] for name in ("e", "mu", "tau")])
    speeds = np.array([point[f"U_{name}"] for name in ("e", "mu", "tau")])
    used = vx.localised_v1(point["w"], point["k"], point["dv"], point["p"])
    used = used.with_scheme(vx.original_localised(point["w"]))
    vortex = vx.Vortex(radii, speeds * np.sqrt(beta / 2.5), np.ones(3))
    with jax.enable_x64(True):
        total = used.energies(vortex, beta, vx.calibrated_lambda(beta)).E_total
        scale = vx.global_scale(total, masses, 1e-4 * masses)
        assert float(scale) == pytest.approx(point["S"] * 2.5 / beta, rel=1e-5)
        assert float(vx.mass_chi2(scale, total, masses, 1e-4 * masses)) < 1e-12


def test_cross_lepton_masses_can_be_met_exactly() -> None:
    """The published cross-lepton problem contains a point with the three masses and both g."""
    point = REFERENCE["special_points"]["crosslepton_zero_chi2"][0]
    radii, speeds, amplitudes = (
        np.array([point[f"{letter}_{name}"] for name in ("e", "mu", "tau")]) for letter in "RUA"
    )
    with jax.enable_x64(True):
        used = vx.base().with_scheme(vx.original_base())
        e = used.energies(vx.Vortex(radii, speeds, amplitudes), point["beta"])
        masses = np.array([1.0, 206.7682826, 3477.228])
        assert np.asarray(e.E_total) == pytest.approx(masses, rel=3e-8)
        g = jnp.array([2.00231930436256, 2.0023318418])
        assert np.asarray(e.g_proxy(point["C_mu"]))[:2] == pytest.approx(np.asarray(g), rel=1e-6)
