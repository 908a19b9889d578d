"""Laws of the vortex energies: closed forms, symmetry, derivatives, limits, signs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, simpson

from daybreak.models import vortex as vx
from daybreak.models.vortex.closed_forms import displaced_constant
from daybreak.models.vortex.original_grid import (
    derivative_stencil,
    simpson_weights,
    trapezoid_weights,
)

W = 0.02
EXACT = {
    "base": vx.base(),
    "gradient": vx.gradient(2.5),
    "boundary_layer": vx.boundary_layer(W),
    "v0": vx.localised_v0(W, 1.5, 8),
    "v0 at the surface": vx.localised_v0(W, 1.0, 8),
    "v1": vx.localised_v1(W, 1.5, 0.5, 6),
    "v1 at the surface": vx.localised_v1(W, 1.0, 0.25, 6),
    "v1 with a broken exponent": vx.localised_v1(W, 2.0, 0.5, 4.5),
}
ORIGINAL = {
    "base": EXACT["base"].with_scheme(vx.original_base()),
    "gradient": EXACT["gradient"].with_scheme(vx.original_gradient()),
    "boundary_layer": EXACT["boundary_layer"].with_scheme(vx.original_boundary_layer(W)),
    "v0": EXACT["v0"].with_scheme(vx.original_localised(W)),
    "v1": EXACT["v1"].with_scheme(vx.original_localised(W)),
}
BOTH = [pytest.param(f, id=f"exact {name}") for name, f in EXACT.items()]
BOTH += [pytest.param(f, id=f"original {name}") for name, f in ORIGINAL.items()]
ALL_EXACT = [pytest.param(f, id=name) for name, f in EXACT.items()]
TERMS = ("E_circ", "E_stab", "E_grad", "E_total")

TABLE_J = [  # k, dv, p, J
    (1.5, 0.5, 6, 6.0426880878),
    (1.0, 0.5, 6, 1.4459287528),
    (2.0, 0.5, 6, 14.8497726920),
    (1.5, 0.25, 6, 3.5758285652),
    (1.5, 0.75, 6, 9.3626688284),
    (1.5, 0.5, 4, 5.6613262461),
    (1.5, 0.5, 8, 6.2761573860),
    (1.0, 0.25, 6, 0.6506764832),
    (2.0, 0.25, 6, 9.0431166785),
]


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@lru_cache(maxsize=64)
def compiled(functional: vx.Functional) -> Callable[..., vx.Energies]:
    """The energies of a functional, compiled."""
    return jax.jit(functional.energies)


def energies(
    functional: vx.Functional, vortex: vx.Vortex, beta: float = 3.1, lam: float = 0.01
) -> vx.Energies:
    """Energies with the usual strengths."""
    return compiled(functional)(vortex, beta, lam)


def terms(functional: vx.Functional) -> Callable[[jax.Array], jax.Array]:
    """All terms of one vortex as a function of (R_c, U, A, beta), lambda calibrated."""

    def predict(x: jax.Array) -> jax.Array:
        lam = vx.calibrated_lambda(x[3])
        e = functional.energies(vx.Vortex(x[0], x[1], x[2]), x[3], lam)
        return jnp.stack([e.E_circ, e.E_stab, e.E_grad, e.E_total, e.F_core, e.F_wall])

    return predict


def differences(function: Callable[[jax.Array], jax.Array], x: np.ndarray) -> np.ndarray:
    """Jacobian by central differences of fourth order, shape (outputs, inputs)."""
    columns = []
    for i in range(x.size):
        step = np.zeros_like(x)
        step[i] = 1e-4 * abs(x[i])
        near = function(x + step) - function(x - step)
        far = function(x + 2 * step) - function(x - 2 * step)
        columns.append(np.asarray(8 * near - far) / (12 * step[i]))
    return np.stack(columns, axis=-1)


def leptons() -> vx.Vortex:
    """Three vortices between the nodes of the original grid, shape (3,)."""
    radii = np.array([0.8537, 0.1417, 0.4211])
    return vx.Vortex(radii, np.array([0.03, 0.2, 1.1]), np.array([0.92, 0.7, 1.0]))


# Closed forms.


def test_displaced_constants_are_the_published_fractions() -> None:
    """The kinetic energy lost per A is 24/35 for s = 1 and 416/1155 for s = 2."""
    assert float(displaced_constant(1)) == pytest.approx(24 / 35, rel=1e-14)
    assert float(displaced_constant(2)) == pytest.approx(416 / 1155, rel=1e-14)


@pytest.mark.parametrize(
    ("exponent", "stab", "grad"),
    [(2, 512 / 3465, 512 / 315), (3, 4096 / 45045, 6144 / 5005)],
)
def test_density_constants_are_the_published_fractions(
    exponent: int, stab: float, grad: float
) -> None:
    """K_stab and K_grad are rational multiples of pi for integral s."""
    k_stab, k_grad = vx.power_constants(exponent)
    assert float(k_stab) == pytest.approx(math.pi * stab, rel=1e-13)
    assert float(k_grad) == pytest.approx(math.pi * grad, rel=1e-13)


@pytest.mark.parametrize("exponent", [1, 2, 2.3, 2.5, 4])
@pytest.mark.parametrize("r_max", [2.0, 40.0])
def test_box_energy_is_the_closed_form(exponent: float, r_max: float) -> None:
    """Without an envelope all three terms are elementary, for every s and box."""
    functional = vx.gradient(exponent)
    functional = functional.with_scheme(replace(functional.scheme, r_max=r_max))
    v = leptons()
    e = energies(functional, v, 3.1, 0.01)
    np.testing.assert_allclose(e.E_circ, vx.box_circulation(v, r_max, exponent), rtol=1e-12)
    np.testing.assert_allclose(e.E_stab, vx.stabilisation(v, 3.1, exponent), rtol=1e-12)
    if exponent >= 2:  # the slope of the parabola is finite at R, but outside the published law
        np.testing.assert_allclose(e.E_grad, vx.steepening(v, 0.01, exponent), rtol=1e-12)


def test_thin_layer_is_the_closed_form() -> None:
    """As w -> 0 the boundary layer has the energies of the s = 2 profile."""
    functional = vx.boundary_layer(1e-6).with_scheme(vx.Exact(r_min=0.0))
    v = leptons()
    outer = replace(v, core_radius=v.core_radius + 1e-6)
    e = energies(functional, v, 3.1, 0.01)
    np.testing.assert_allclose(e.E_circ, vx.box_circulation(outer, 10.0, 2), rtol=1e-12)
    np.testing.assert_allclose(e.E_stab, vx.stabilisation(outer, 3.1, 2), rtol=1e-12)
    np.testing.assert_allclose(e.E_grad, vx.steepening(outer, 0.01, 2), rtol=1e-12)


def test_layer_is_left_at_first_order_in_its_thickness() -> None:
    """At R_c = 0.88 a layer of 0.02 moves E_stab by 1e-5, E_grad by 1e-4: w is nearly inert."""
    v = vx.Vortex(0.88, 0.03, 0.9)
    e = energies(EXACT["boundary_layer"], v)
    outer = replace(v, core_radius=0.88 + W)
    assert float(e.E_stab / vx.stabilisation(outer, 3.1, 2)) - 1 == pytest.approx(-1.2e-5, rel=0.1)
    assert float(e.E_grad / vx.steepening(outer, 0.01, 2)) - 1 == pytest.approx(1.3e-4, rel=0.1)


@pytest.mark.parametrize(("k", "dv", "p", "expected"), TABLE_J)
def test_halo_constant_is_tabulated(k: float, dv: float, p: float, expected: float) -> None:
    """J has the ten tabulated digits and the value of adaptive quadrature."""

    def integrand(x: float) -> float:
        g = math.exp(-(((x / k - 1) / dv) ** p)) if x > k else 1.0
        return x * x * (2 + x**-6) * g * g

    end = k * (1 + 2.2 * dv)
    adaptive = sum(quad(integrand, a, b, epsrel=1e-12)[0] for a, b in ((1, k), (k, end)))
    assert vx.halo_constant(k, dv, p) == pytest.approx(expected, abs=1e-10)
    assert vx.halo_constant(k, dv, p) == pytest.approx(adaptive, rel=1e-12)


@pytest.mark.parametrize(("k", "dv", "p", "expected"), TABLE_J)
def test_walled_energy_is_the_closed_form(k: float, dv: float, p: float, expected: float) -> None:
    """With a thin layer and room for the tail, v1 is ``pi U^2 R^3 [76/35 - 416/1155 A + J]``."""
    functional = vx.localised_v1(1e-6, k, dv, p).with_scheme(vx.Exact(r_min=0.0, halo_nodes=32))
    v = leptons()
    outer = replace(v, core_radius=v.core_radius + 1e-6)
    e = energies(functional, v, 3.1, vx.calibrated_lambda(3.1))
    halo = vx.halo_constant(k, dv, p)
    assert halo == pytest.approx(expected, abs=1e-10)
    np.testing.assert_allclose(e.E_circ, vx.localised_circulation(outer, halo), rtol=1e-12)
    radius, depth = outer.core_radius, np.square(v.amplitude)
    density = 512 * math.pi / 3465 * 3.1 * depth * radius * (radius**2 + 0.023232)
    np.testing.assert_allclose(e.E_stab + e.E_grad, density, rtol=1e-12)


# Symmetry.


@pytest.mark.parametrize("functional", BOTH)
@pytest.mark.parametrize("factor", [0.5, 1.3, 2.0])
def test_speed_and_beta_scale_together(functional: vx.Functional, factor: float) -> None:
    """E(R, cU, A; c^2 beta) = c^2 E(R, U, A; beta) exactly, in either scheme."""
    v, beta = leptons(), 3.1
    moved = replace(v, speed=factor * v.speed)
    e = energies(functional, v, beta, vx.calibrated_lambda(beta))
    scaled = energies(functional, moved, factor**2 * beta, vx.calibrated_lambda(factor**2 * beta))
    for name in TERMS:
        np.testing.assert_allclose(getattr(scaled, name), factor**2 * getattr(e, name), rtol=1e-14)
    np.testing.assert_allclose(scaled.I, e.I, rtol=1e-14)


# Derivatives.


@pytest.mark.parametrize("functional", BOTH)
def test_derivatives_equal_central_differences(functional: vx.Functional) -> None:
    """Derivatives by R_c, U, A and beta are right, on a fixed grid between its nodes."""
    predict = jax.jit(terms(functional))
    forward, reverse = jax.jit(jax.jacfwd(predict)), jax.jit(jax.jacrev(predict))
    for radius in (0.1417, 0.4211, 0.8540):
        x = np.array([radius, 0.2, 0.9, 3.1])
        measured = np.asarray(forward(x))
        np.testing.assert_allclose(measured, differences(predict, x), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(measured, reverse(x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("k", [1.2, 2.0])
def test_shape_derivatives_equal_central_differences(k: float) -> None:
    """The thickness, the wall and the exponents may be fitted too, one value or one per vortex."""

    @jax.jit
    def predict(s: jax.Array) -> jax.Array:
        v, beta = leptons(), 3.1
        e = vx.localised_v1(s[0], s[1], s[2], s[3]).energies(v, beta, 0.01)
        f = vx.localised_v0(s[0], s[1] * jnp.ones(3), s[3]).energies(v, beta, 0.01)
        g = vx.gradient(s[4]).energies(v, beta, 0.01)
        return jnp.concatenate([e.E_total, e.F_wall, f.E_total, f.F_core, g.E_total])

    s = np.array([W, k, 0.5, 6.0, 2.4])
    measured = np.asarray(jax.jacfwd(predict)(s))
    assert np.all(np.isfinite(measured))
    np.testing.assert_allclose(measured, differences(predict, s), rtol=1e-6, atol=1e-8)


def test_second_derivatives_are_exact_too() -> None:
    """The derivative rule of the radial integrals is itself differentiable."""
    predict = terms(EXACT["v1"])
    x = np.array([0.4, 0.2, 0.9, 3.1])
    slope = jax.jit(jax.jacfwd(lambda y: predict(y)[3]))
    hessian = jax.jit(jax.hessian(lambda y: predict(y)[3]))(x)
    np.testing.assert_allclose(hessian, differences(slope, x), rtol=1e-6, atol=1e-8)


def test_energies_are_differentiable_with_the_wall_on_the_surface() -> None:
    """At k = 1 every derivative is finite; that by k is the limit from outside."""

    def total(k: jax.Array, p: jax.Array) -> jax.Array:
        return vx.localised_v1(W, k, 0.5, p).energies(leptons(), 3.1, 0.01).E_total

    jacobian = jax.jit(jax.jacfwd(total, argnums=(0, 1)))
    at, above = jacobian(1.0, 6.0), jacobian(1.0 + 1e-7, 6.0)
    for here, there in zip(at, above, strict=True):
        assert np.all(np.isfinite(here))
        np.testing.assert_allclose(here, there, rtol=1e-5)


# Signs and shares.


@pytest.mark.parametrize("functional", BOTH)
def test_terms_are_positive_and_shares_ordered(functional: vx.Functional) -> None:
    """Every term is positive, the deficit costs kinetic energy, shares grow with the radius."""
    e = energies(functional, leptons(), 3.1, 0.01)
    for name in ("E_circ", "E_stab", "E_grad", "I", "mu_raw"):
        assert np.all(np.asarray(getattr(e, name)) > 0.0)
    assert np.all(np.asarray(e.dE_circ) < 0.0)
    assert np.all(np.asarray(e.F_core) > 0.0)
    assert np.all(np.asarray(e.F_wall) <= 1.0)
    assert np.all(np.asarray(e.F_core) <= np.asarray(e.F_wall))
    total = e.E_circ + functional.stabilisation_sign * e.E_stab + e.E_grad
    np.testing.assert_array_equal(e.E_total, total)


def test_only_the_second_localised_variant_adds_the_stabilisation() -> None:
    """The sign of E_stab and the meaning of the inner share change between v0 and v1."""
    assert {name: f.stabilisation_sign for name, f in ORIGINAL.items()} == {
        "base": -1,
        "gradient": -1,
        "boundary_layer": -1,
        "v0": -1,
        "v1": 1,
    }
    v0, v1 = (energies(EXACT[name], leptons(), 3.1, 0.01) for name in ("v0", "v1"))
    np.testing.assert_array_equal(v0.F_inner, v0.F_core)
    np.testing.assert_array_equal(v1.F_inner, v1.F_wall)


# Limits.


@pytest.mark.parametrize("make", [vx.base, lambda: vx.boundary_layer(W)])
def test_energy_of_the_box_grows_with_its_volume(make: Callable[[], vx.Functional]) -> None:
    """Without an envelope E_circ is the stream's: doubling r_max multiplies it by eight."""
    functional = make()
    small, large = (
        energies(functional.with_scheme(replace(functional.scheme, r_max=r)), leptons())
        for r in (10.0, 20.0)
    )
    np.testing.assert_allclose(large.E_circ / small.E_circ, 8.0, rtol=4e-3)


def test_walled_energy_does_not_know_the_box() -> None:
    """With a wall E_circ is the same in every box that holds the tail."""
    v = leptons()
    small, large = (
        energies(EXACT["v1"].with_scheme(vx.Exact(r_max=r)), v).E_circ for r in (3.0, 300.0)
    )
    np.testing.assert_allclose(small, large, rtol=1e-14)


def test_tail_is_cut_by_the_box_without_nan() -> None:
    """A box that ends before the wall cuts gap and tail, and the derivatives stay finite."""
    functional = vx.localised_v1(W, 1.5, 0.5, 4.5).with_scheme(vx.Exact(r_max=1.0))
    predict = jax.jit(terms(functional))
    x = np.array([0.8, 0.2, 0.9, 3.1])
    assert np.all(np.isfinite(jax.jit(jax.jacfwd(predict))(x)))
    assert float(predict(x)[5]) == pytest.approx(1.0, rel=1e-15)
    box = vx.boundary_layer(W).with_scheme(vx.Exact(r_max=1.0))
    np.testing.assert_allclose(predict(x)[0], jax.jit(terms(box))(x)[0], rtol=1e-13)


def test_distant_wall_is_no_wall() -> None:
    """As k grows both envelopes tend to the boundary layer in its box."""
    v = leptons()
    fine = vx.Exact(halo_nodes=60)
    box = energies(EXACT["boundary_layer"].with_scheme(fine), v).E_circ
    for functional in (vx.localised_v0(W, 1e4, 8), vx.localised_v1(W, 1e4, 0.5, 6)):
        walled = energies(functional.with_scheme(fine), v).E_circ
        np.testing.assert_allclose(walled, box, rtol=1e-10)


def test_gap_is_empty_with_the_wall_on_the_surface() -> None:
    """At k = 1 both definitions of the inner share agree."""
    for name in ("v0 at the surface", "v1 at the surface"):
        e = energies(EXACT[name], leptons(), 3.1)
        np.testing.assert_array_equal(e.F_core, e.F_wall)


def test_wall_inside_the_vortex_is_refused() -> None:
    """A wall ratio below one is an error, because the panels assume k >= 1."""
    with pytest.raises(ValueError, match="wall_ratio >= 1"):
        vx.localised_v1(W, 0.9)


# Quadrature.


@pytest.mark.parametrize("functional", ALL_EXACT)
def test_more_nodes_change_nothing(functional: vx.Functional) -> None:
    """Three times the nodes leave every term where it is, to 1e-11."""
    fine = functional.with_scheme(replace(functional.scheme, core_nodes=60, halo_nodes=84))
    coarse, dense = (energies(f, leptons()) for f in (functional, fine))
    for name in (*TERMS, "F_core", "F_wall"):
        np.testing.assert_allclose(getattr(coarse, name), getattr(dense, name), rtol=1e-11)


@pytest.mark.parametrize("functional", BOTH)
def test_vortices_together_equal_one_by_one(functional: vx.Functional) -> None:
    """An array of vortices gives the energies of each, and so does a batch of arrays."""
    v = leptons()
    together = energies(functional, v, 3.1, 0.01)
    batch = jax.vmap(lambda u: energies(functional, replace(v, speed=u), 3.1, 0.01).E_total)
    np.testing.assert_allclose(batch(jnp.stack([v.speed] * 2))[1], together.E_total, rtol=1e-15)
    for i in range(3):
        one = vx.Vortex(v.core_radius[i], v.speed[i], v.amplitude[i])
        alone = energies(functional, one, 3.1, 0.01)
        for name in (*TERMS, "F_core", "mu_raw"):
            assert float(getattr(alone, name)) == pytest.approx(
                float(getattr(together, name)[i]), rel=1e-14
            )


@pytest.mark.parametrize("count", [9, 10, 60, 61])
def test_original_weights_are_those_of_scipy_and_numpy(count: int) -> None:
    """Simpson, trapezoid and derivative on uneven nodes are SciPy's and NumPy's."""
    rng = np.random.default_rng(count)
    x = np.sort(rng.uniform(0.0, 3.0, count))
    y = np.sin(3.0 * x)
    assert simpson_weights(x) @ y == pytest.approx(simpson(y, x=x), rel=1e-12)
    assert trapezoid_weights(x) @ y == pytest.approx(np.trapezoid(y, x), rel=1e-13)
    left, own, right = derivative_stencil(x)
    padded = np.concatenate([[0.0], y, [0.0]])
    slope = left * padded[:-2] + own * padded[1:-1] + right * padded[2:]
    np.testing.assert_allclose(slope, np.gradient(y, x), rtol=1e-9)


# Masses and curvature.


def test_gradient_strength_gives_its_share_at_the_reference_radius() -> None:
    """With the calibrated lambda E_grad is 3 % of E_stab at R = 0.88 and proportional to beta."""
    v, lam = vx.Vortex(0.88, 0.1, 0.7), vx.calibrated_lambda(3.1)
    e = energies(vx.gradient(2), v, 3.1, lam)
    assert float(e.E_grad / e.E_stab) == pytest.approx(0.03, rel=1e-12)
    assert vx.calibrated_lambda(1.0) == pytest.approx(0.002112, rel=1e-12)
    assert vx.calibrated_lambda(3.1, share=0.0) == 0.0


def test_global_scale_is_least_squares() -> None:
    """S minimises chi2, which for equal relative errors depends on the ratios E / m alone."""
    masses = np.array([0.511, 105.7, 1776.8])
    ratios = np.array([0.02, 0.05, 0.03])
    energies, sigmas = jnp.asarray(ratios * masses), 1e-4 * masses
    scale = vx.global_scale(energies, masses, sigmas)
    chi2 = float(vx.mass_chi2(scale, energies, masses, sigmas))
    assert float(scale) == pytest.approx(np.sum(ratios) / np.sum(ratios**2), rel=1e-13)
    assert chi2 == pytest.approx(1e8 * (3 - np.sum(ratios) ** 2 / np.sum(ratios**2)), rel=1e-12)
    assert float(jax.grad(vx.mass_chi2)(scale, energies, masses, sigmas)) == pytest.approx(
        0.0, abs=1e-9 * chi2
    )
    assert float(vx.electron_scale(energies, masses)) == pytest.approx(1 / 0.02, rel=1e-14)


def test_curvature_of_a_thin_layer_is_closed() -> None:
    """Without a layer the curvature ratio is ``(64/7)(3465/128) / R^4``, at first order in w."""
    radius = np.array([0.2, 0.9])
    thin = vx.curvature(vx.LayeredDeficit(1e-9), radius, r_min=0.0)
    np.testing.assert_allclose(thin, 247.5 / radius**4, rtol=1e-6)


def test_curvature_on_the_fixed_grid_is_near_the_continuum() -> None:
    """Where the grid is refined the finite volumes give K to a few parts in a hundred."""
    layer, radius = vx.LayeredDeficit(W), np.array([0.13, 0.5, 0.88])
    coarse = vx.curvature_on_grid(layer, radius, vx.smart_grid(W, 50))
    np.testing.assert_allclose(coarse, vx.curvature(layer, radius), rtol=0.03)
    shallow = vx.curvature_on_grid(layer, radius, vx.smart_grid(W, 50), 0.3 * np.ones(3))
    np.testing.assert_allclose(shallow, coarse, rtol=1e-12)
