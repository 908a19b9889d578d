"""Symmetries: found where they are, not where they are not, and what they mean for the data."""

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.models.vortex import (
    Vortex,
    base,
    boundary_layer,
    calibrated_lambda,
    localised_v1,
    original_base,
    original_boundary_layer,
    original_localised,
)
from daybreak.models.vortex.campaigns.localisation import BOXES, MASSES, lepton_problem
from daybreak.preflight.clock import WORK
from daybreak.preflight.identifiability import identify
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.symmetry import find_symmetries
from tests.preflight.monomials import census

LEPTONS = ("e", "mu", "tau")
WIDTH = 0.020
T = np.linspace(0.1, 3.0, 12)
DATA = 0.3 + 0.1 * np.sin(3.0 * T)


def probe(problem, seconds=60.0):
    """A probe with work enough."""
    return Probe(dk.Study("s", problem, dk.MultiStart()), WORK.seconds() + seconds, seed=7)


def exact(symmetries):
    """Exponents of the exact ones."""
    return [s.exponents for s in symmetries if s.exact]


def problem_of(predict, names, xp=np, box=(0.5, 2.0), count=12, **factors):
    """A toy problem; `predict` gets its array namespace from outside."""
    return dk.FitProblem(
        parameters=[dk.Parameter(name, *box) for name in names],
        predict=lambda p, settings: predict(p, xp),
        observations=dk.observations(DATA[:count], 0.02),
        **factors,
    )


def vortices(functional, g_proxies=False, absolute=False):
    """Three leptons that share beta: masses, perhaps g proxies, perhaps without a scale S."""

    def predict(p, settings):
        def column(letter):
            return jnp.stack([getattr(p, f"{letter}_{lepton}") for lepton in LEPTONS])

        vortex = Vortex(column("R_c"), column("U"), column("A"))
        lam = 0.0 if absolute else calibrated_lambda(p.beta)
        found = functional.energies(vortex, p.beta, lam)
        masses = {f"m_{lepton}": found.E_total[i] for i, lepton in enumerate(LEPTONS)}
        proxies = found.mu_raw / found.E_total
        extra = {f"g_{lepton}": proxies[i] for i, lepton in enumerate(LEPTONS)}
        return {**masses, **extra} if g_proxies else masses

    unit = MASSES["e"] if absolute else 1.0
    data = {f"m_{n}": dk.Observation(m / unit, 1e-4 * m / unit) for n, m in MASSES.items()}
    scales = [] if absolute else [dk.ScaleFactor("S", over=tuple(data))]
    if g_proxies:
        g = {"g_e": 2.00231930436256, "g_mu": 2.0023318414, "g_tau": 2.00118}
        data |= {name: dk.Observation(value, 1e-3) for name, value in g.items()}
        scales.append(dk.ScaleFactor("C_g", over=tuple(g)))
    parameters = [dk.Parameter("beta", 2.5, 3.5)] + [
        dk.Parameter(f"{letter}_{lepton}", *box)
        for lepton in LEPTONS
        for letter, box in zip(("R_c", "U", "A"), BOXES[lepton], strict=True)
    ]
    return dk.FitProblem(parameters, predict, data, scales)


def beta_symmetry(leptons=LEPTONS):
    """``beta -> c^2 beta, U -> c U`` for all leptons."""
    return {"beta": "2"} | {f"U_{lepton}": "1" for lepton in leptons}


@pytest.mark.parametrize("scheme", ["exact", "original"])
def test_the_localisation_night_cannot_tell_beta(scheme):
    """The scaling of beta and all U is exact in both schemes, and the sentence says so."""
    asked = probe(lepton_problem(scheme=scheme))
    symmetries = find_symmetries(asked)
    _, status, findings = identify(asked, symmetries)

    assert exact(symmetries) == [beta_symmetry(("e", "mu"))]
    assert symmetries[0].sentence == (
        "beta -> c^2 beta, U_e -> c U_e, U_mu -> c U_mu leaves every residual unchanged"
    )
    assert status["beta"] == status["U_mu"] == "only through its bounds"
    codes = [finding.code.word for finding in findings]
    assert "not_identifiable_symmetry" in codes
    assert "too_few_data" in codes


FUNCTIONALS = {
    "boundary layer": (boundary_layer(WIDTH), original_boundary_layer(WIDTH)),
    "localised": (localised_v1(WIDTH, 1.5, 0.5, 6.0), original_localised(WIDTH)),
}


@pytest.mark.parametrize("scheme", ["exact", "original"])
@pytest.mark.parametrize(("name", "proxies"), [("boundary layer", False), ("localised", True)])
def test_three_leptons_cannot_tell_beta_either(name, proxies, scheme):
    """In the boundary layer, and with g proxies whose constant is eliminated, it is exact."""
    functional, original = FUNCTIONALS[name]
    chosen = functional.with_scheme(original) if scheme == "original" else functional
    asked = probe(vortices(chosen, g_proxies=proxies))
    symmetries = find_symmetries(asked)
    rank, status, _ = identify(asked, symmetries)

    assert exact(symmetries) == [beta_symmetry()]
    assert rank == (4 if proxies else 2)
    assert status["beta"] == "only through its bounds"
    assert status["A_tau"] == "locally not identifiable"


@pytest.mark.parametrize("scheme", ["exact", "original"])
def test_masses_in_absolute_units_have_no_beta_symmetry(scheme):
    """The base functional without a free mass scale has no exact symmetry."""
    functional = base().with_scheme(original_base()) if scheme == "original" else base()
    symmetries = find_symmetries(probe(vortices(functional, absolute=True)))

    assert exact(symmetries) == []


TOYS = {
    "product": (lambda p, xp: xp.exp(-p.a * p.b * T), "ab", [{"a": "1", "b": "-1"}]),
    "ratio of scales": (
        lambda p, xp: xp.tanh(T * p.a / p.b) + p.d * T,
        "abd",
        [{"a": "1", "b": "1"}],
    ),
    "power 2/3": (lambda p, xp: xp.sin(T * p.a * p.b ** (2 / 3)), "ab", [{"a": "2", "b": "-3"}]),
    "fractions": (
        lambda p, xp: xp.sin(T * p.b * p.a ** (-2 / 3)) + xp.cos(T * p.d * p.a ** (-5 / 7)),
        "abd",
        [{"a": "1", "b": "2/3", "d": "5/7"}],
    ),
    "two dimensions": (
        lambda p, xp: xp.log(1.0 + T * p.a * p.b * p.d),
        "abd",
        [{"a": "1", "d": "-1"}, {"b": "1", "d": "-1"}],
    ),
    "three dimensions": (
        lambda p, xp: xp.exp(-p.a * p.b * T) + xp.sin(T * p.d / p.e) + 0.0 * p.f,
        "abdef",
        [{"a": "1", "b": "-1"}, {"d": "1", "e": "1"}, {"f": "1"}],
    ),
    "labels": (
        lambda p, xp: p.a * xp.exp(-p.b * T) + p.d * xp.exp(-p.e * T),
        "abde",
        [],
    ),
    "sum": (lambda p, xp: (p.a + p.b) * T + xp.exp(-p.d * T), "abd", [{"a": "1", "b": "-1"}]),
    "phases": (
        lambda p, xp: p.d * xp.cos(T + p.a + p.b),
        "abd",
        [{"a": "1", "b": "-1"}],
    ),
    "weighted sum": (
        lambda p, xp: xp.sin(T * (2.0 * p.a + 3.0 * p.b)) + p.d,
        "abd",
        [{"a": "3", "b": "-2"}],
    ),
    "polynomial": (lambda p, xp: p.a + p.b * T + p.d * T**2, "abd", []),
    "mixed": (lambda p, xp: p.a * xp.exp(p.b - p.d * T), "abd", []),
}


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("name", TOYS)
def test_known_groups_are_found(name, xp):
    """Products, ratios, fractions, shifts, phases: exactly the known group, with NumPy and JAX."""
    predict, names, expected = TOYS[name]

    found = find_symmetries(probe(problem_of(predict, names, xp)))

    assert exact(found) == expected
    assert [s for s in found if not s.exact] == []


def test_a_shift_with_weights_of_four_digits_is_exact():
    """The shift of 2 a + 0.3719 b, which no small fraction gives, is found all the same."""
    found = find_symmetries(
        probe(problem_of(lambda p, xp: xp.sin(T * (2.0 * p.a + 0.3719 * p.b)), "ab", jnp))
    )

    (symmetry,) = found
    shifts = {name: float(text) for name, text in symmetry.exponents.items()}
    assert symmetry.kind == "shift"
    assert symmetry.exact
    assert shifts["a"] / shifts["b"] == pytest.approx(-0.3719 / 2.0, abs=1e-10)


def test_signs_do_not_matter_to_a_scaling():
    """A product of parameters whose ranges hold both signs is found as well."""
    predict = TOYS["product"][0]

    found = find_symmetries(probe(problem_of(predict, "ab", jnp, box=(-1.0, 1.5))))

    assert exact(found) == [{"a": "1", "b": "-1"}]


@pytest.mark.parametrize(
    "factors",
    [
        {"scale_factors": [dk.ScaleFactor("s")]},
        {"scale_factors": [dk.ScaleFactor("s")], "offsets": [dk.Offset("o")]},
    ],
    ids=["scale", "scale and offset"],
)
def test_an_amplitude_beside_a_scale_factor_moves_nothing(factors):
    """What an eliminated scale factor absorbs is reported, alone and once."""
    asked = probe(problem_of(lambda p, xp: p.a * xp.exp(-p.k * T), "ak", jnp, **factors))

    found = find_symmetries(asked)
    rank, status, findings = identify(asked, found)

    assert exact(found) == [{"a": "1"}]
    assert rank == 1
    assert status == {"a": "only through its bounds", "k": "identifiable"}
    assert [(finding.code.word, finding.parameter) for finding in findings] == [
        ("not_identifiable_symmetry", "a")
    ]


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_a_broken_symmetry_is_approximate_and_has_a_size(xp):
    """A product broken at 1e-4 of predictions of some 10 sigma is approximate, by 0.002 sigma."""
    asked = probe(problem_of(lambda p, xp: xp.exp(-p.a * p.b * T) * (1.0 + 1e-4 * p.a), "ab", xp))

    (symmetry,) = find_symmetries(asked)
    rank, status, (finding,) = identify(asked, [symmetry])

    assert symmetry.exponents == {"a": "1", "b": "-1"}
    assert not symmetry.exact
    assert 5e-4 < symmetry.size < 5e-3
    assert "changes no residual by more than" in symmetry.sentence
    assert finding.code.word == "approximate_symmetry"
    assert rank == 2
    assert set(status.values()) == {"identifiable"}


def test_too_few_data_are_not_a_symmetry():
    """One datum and two parameters: a null direction that turns, so no symmetry is claimed."""
    asked = probe(problem_of(lambda p, xp: xp.stack([p.a + p.b**2]), "ab", jnp, count=1))

    found = find_symmetries(asked)
    rank, status, findings = identify(asked, found)

    assert found == []
    assert rank == 1
    assert set(status.values()) == {"locally not identifiable"}
    assert [finding.code.word for finding in findings] == [
        "not_identifiable_locally",
        "too_few_data",
    ]
    assert "b by" in findings[0].sentence


def test_a_mixed_transformation_shows_in_the_rank():
    """No scaling or shift keeps a exp(b); the local rank says that a and b go together."""
    asked = probe(problem_of(*TOYS["mixed"][:2], jnp))

    rank, status, findings = identify(asked, find_symmetries(asked))

    assert rank == 2
    assert status == {
        "a": "locally not identifiable",
        "b": "locally not identifiable",
        "d": "identifiable",
    }
    assert [finding.code.word for finding in findings] == ["not_identifiable_locally"]


def test_precise_data_do_not_hide_a_symmetry():
    """With sigma of 1e-9 of the datum rounding is no reason to deny an exact symmetry."""
    precise = dk.FitProblem(
        parameters=[dk.Parameter("a", 0.5, 2.0), dk.Parameter("b", 0.5, 2.0)],
        predict=lambda p, settings: 3.0 + jnp.exp(-p.a * p.b * T),
        observations=dk.observations(3.0 + np.exp(-T), 3e-9),
    )

    assert exact(find_symmetries(probe(precise))) == [{"a": "1", "b": "-1"}]


def test_the_budget_is_kept():
    """A probe without budget stops instead of answering."""
    with pytest.raises(OutOfTime):
        find_symmetries(probe(problem_of(*TOYS["product"][:2]), seconds=-1.0))


def test_residuals_can_be_asked_for_outside_the_box():
    """Outside the bounds the model is evaluated where it was asked, not at the bound."""
    asked = probe(problem_of(*TOYS["product"][:2]))

    found = asked.residuals_at(np.array([[4.0, 0.1]]))

    assert found[0] == pytest.approx((np.exp(-0.4 * T) - DATA) / 0.02)


def test_random_problems_have_no_false_and_no_missed_symmetry():
    """Over 100 random systems of monomials the group found is exactly the null space."""
    assert census(100, seed=1) == (0, 0)


def test_what_a_prior_alone_tells():
    """A parameter that no datum sees, and one of a product, are known only through priors."""
    pulled = dk.Parameter("a", 0.5, 2.0, prior=dk.Normal(1.0, 0.1))
    seen = {
        "unseen": lambda p, settings: p.b * np.ones(12),
        "product": lambda p, settings: p.a * p.b * np.ones(12),
        "both": lambda p, settings: p.a + p.b * T,
    }
    known = {}
    for name, predict in seen.items():
        problem = dk.FitProblem(
            [pulled, dk.Parameter("b", 0.5, 2.0)], predict, dk.observations(DATA, 0.02)
        )
        asked = probe(problem)
        known[name] = list(identify(asked, find_symmetries(asked))[1].values())

    assert known == {
        "unseen": ["only through its prior", "identifiable"],
        "product": ["only through its prior", "only through its prior"],
        "both": ["identifiable", "identifiable"],
    }
