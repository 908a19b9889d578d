"""Whether a model can be fitted at all: what is found, and what is left in peace."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.models.vortex import Exact, Vortex, base, original_base
from daybreak.preflight.clock import WORK
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.soundness import (
    CHECKS,
    check_deterministic,
    check_finite,
    check_gradient,
    check_knobs,
    check_noise,
    check_placebo,
    check_smooth,
    check_soundness,
)
from tests.clock import Clock

MASSES = {"e": 1.0, "mu": 206.7682826, "tau": 3477.228}
NODES = ("0.1109", "0.2118", "0.3127", "0.4136", "0.5145")


def probe(problem, budget=100.0):
    """A probe of a study that runs with the problem's own settings."""
    study = dk.Study("study", problem, dk.MultiStart())
    return Probe(study, WORK.seconds() + budget, seed=1)


def model(predict, *, box=((0.0, 1.0),), sigma=1e-3, values=(0.3,), **options):
    """A problem with parameters x, y, ... and `predict(p, settings)`."""
    names = "xyz"[: len(box)]
    return dk.FitProblem(
        [dk.Parameter(name, *side) for name, side in zip(names, box, strict=True)],
        predict,
        dk.observations(np.array(values), sigma),
        **options,
    )


def curve(formula, **options):
    """A problem with one parameter and one prediction, `formula(x)`."""
    return probe(model(lambda p, s: jnp.reshape(formula(p.x), (1,)), **options))


def plain(formula, **options):
    """The same computed with NumPy, in a way that JAX cannot trace."""
    return probe(model(lambda p, s: np.reshape(formula(float(p.x)), (1,)), **options))


def vortices(scheme, *knobs):
    """Three lepton masses of the base functional, each to a millionth."""

    def predict(p, settings):
        exact = Exact(r_min=0.0, r_max=settings.r_max, halo_nodes=settings.n_nodes)
        quadrature = exact if settings.scheme == "exact" else original_base()
        R, U, A = (jnp.stack([getattr(p, x + k) for k in MASSES]) for x in ("R_", "U_", "A_"))
        energies = base().with_scheme(quadrature).energies(Vortex(R, U, A), p.beta)
        return {f"m_{name}": energies.E_total[i] for i, name in enumerate(MASSES)}

    boxes = {"R_": (0.1, 1.0), "U_": (0.001, 3.0), "A_": (0.1, 1.0)}
    return dk.FitProblem(
        [
            dk.Parameter("beta", 2.5, 3.5),
            *(dk.Parameter(x + name, *boxes[x]) for name in MASSES for x in boxes),
        ],
        predict,
        {f"m_{name}": dk.Observation(m, 1e-6 * m) for name, m in MASSES.items()},
        settings={"scheme": scheme, "r_max": 10.0, "n_nodes": 28},
        static=["n_nodes"],
        knobs=knobs,
    )


def test_original_grid():
    """On the original grid every energy jumps where its radius crosses one of the nine nodes."""
    found = check_soundness(probe(vortices("original")))
    assert [(c.code.word, c.severity, c.parameter) for c in found] == [
        ("rough_objective", "warning", f"R_{name}") for name in MASSES
    ]
    for check in found:
        assert "jumps at 9 places" in check.sentence
        assert all(node in check.sentence for node in NODES)
        assert "0.918" in check.sentence.partition("largest")[2]


def test_jump_size():
    """A jump's size in chi2 is the square of the step of the residual."""
    found = check_smooth(curve(lambda x: x + 0.02 * (x > 0.7), sigma=1e-3))
    assert "jumps at 1 place along x (0.7)" in found[0].sentence
    assert "worth 4e+02 in chi2" in found[0].sentence


def test_exact_scheme():
    """The exact scheme of the same functional is sound, its nodes are enough."""
    assert check_soundness(probe(vortices("exact", dk.Knob("n_nodes", refined=56)))) == []


def test_box():
    """The base functional's mass grows with the cube of the box."""
    (found,) = check_knobs(probe(vortices("exact", dk.Knob("r_max", refined=20.0))))
    assert found.code.word == "unresolved_knob"
    assert "by a factor of 8 = 2^3.0 when r_max goes from 10 to 20" in found.sentence
    assert "the answer is made by r_max" in found.sentence


@pytest.mark.parametrize("refined", [40.0, 5.0])
def test_growth_both_ways(refined):
    """A knob's power law is the same read upwards and downwards."""
    grow = model(
        lambda p, s: p.x * s.size**1.5 * np.ones(1),
        box=((1.0, 2.0),),
        settings={"size": 10.0},
        knobs=[dk.Knob("size", refined=refined)],
    )
    (found,) = check_knobs(probe(grow))
    assert ("grows by a factor of 8 = 4^1.5" if refined > 10 else "= 2^1.5") in found.sentence


@pytest.mark.parametrize(("nodes", "clean"), [(4, False), (64, True)])
def test_static_knob(nodes, clean):
    """A grid that is too coarse for the uncertainties is named, a fine one is not."""

    def predict(p, settings):
        t = (jnp.arange(settings.n) + 0.5) / settings.n
        return jnp.mean(jnp.exp(-p.x * t))[None]

    knobs = [dk.Knob("n", refined=2 * nodes)]
    of = model(predict, settings={"n": nodes}, static=["n"], knobs=knobs)
    found = check_knobs(probe(of))
    assert (found == []) == clean
    assert clean or "refining n from 4 to 8 moves the residual of y[0]" in found[0].sentence


def test_knob_by_name():
    """A scheme named by a string is refined like a number."""

    def predict(p, settings):
        return jnp.reshape(p.x + 0.01 * (settings.scheme == "coarse"), (1,))

    knobs = [dk.Knob("scheme", refined="fine")]
    of = model(predict, settings={"scheme": "coarse"}, knobs=knobs)
    assert "from 'coarse' to 'fine'" in check_knobs(probe(of))[0].sentence


@pytest.mark.parametrize("build", [curve, plain])
def test_step(build):
    """A single step is found, with JAX and with NumPy."""
    (found,) = check_smooth(build(lambda x: 1.0 * (x > 0.3123)))
    assert found.parameter == "x"
    assert "jumps at 1 place along x (0.3123)" in found.sentence


def test_small_step():
    """A step of a thousandth of the curve's own range is found on a steep slope."""
    (found,) = check_smooth(curve(lambda x: 5 * x**2 + 0.005 * (x > 0.81234)))
    assert "(0.8123)" in found.sentence


@pytest.mark.parametrize("build", [curve, plain])
def test_kink(build):
    """The kink of |x - a| is found, and is no jump."""
    (found,) = check_smooth(build(lambda x: 2 * abs(x - 0.61803)))
    assert "kink at 1 place along x (0.618)" in found.sentence
    assert "misleads a step of 1 % of the range by 1.6e+03 in chi2" in found.sentence


def test_log_scale():
    """A place on a log scale is told in the parameter's own unit."""
    of = dk.FitProblem(
        [dk.Parameter("k", 1e-3, 1e3, scale="log", unit="1/s")],
        lambda p, s: jnp.reshape(jnp.where(p.k > 2.5, 1.0, 0.0), (1,)),
        dk.observations([0.5], 0.1),
    )
    assert "k = 2.5 1/s" in check_smooth(probe(of))[0].sentence


def test_staircase():
    """A prediction that is rounded chatters rather than jumps at a place or two."""
    (found,) = check_smooth(curve(lambda x: jnp.round(x, 2)))
    assert "chatters along x" in found.sentence


def test_random_noise():
    """A model with unseeded noise is told to be so, and not to jump."""
    rng = np.random.default_rng(0)
    noisy = plain(lambda x: x + 0.01 * rng.normal(), sigma=0.01)
    (found,) = check_deterministic(noisy)
    assert "another answer the second time" in found.sentence
    assert check_smooth(noisy) == []
    assert "carries noise" in check_noise(noisy)[0].sentence


def test_memory():
    """A model that starts from its last answer is not deterministic."""
    last = [0.0]

    def predict(p, settings):
        last[0] = 0.9 * float(p.x) + 0.1 * last[0]
        return np.array(last)

    assert check_deterministic(probe(model(predict)))[0].code.word == "not_repeatable"


@pytest.mark.parametrize(("memory", "withheld"), [(1e-8, False), (0.1, True)])
def test_memory_withholds_by_its_size(memory, withheld):
    """What a call leaves behind is told in any case, and withholds where chi2 feels it."""
    last = [0.0]

    def predict(p, settings):
        last[0] = (1 - memory) * float(p.x) + memory * last[0]
        return np.array(last)

    [found] = check_deterministic(probe(model(predict)))
    assert bool(found.withholds) == withheld


def test_rounding_noise():
    """Predictions finer than their own digits are named with the noise in units of sigma."""

    def cancel(x):
        return (1e9 + np.sin(3 * x)) - 1e9

    (found,) = check_noise(plain(cancel, sigma=1e-7))
    assert "prediction y[0] carries noise" in found.sentence
    assert check_noise(plain(cancel, sigma=1e-3)) == []


def test_chatter_noise():
    """Chatter far above rounding is found as noise when nothing repeats it exactly."""
    rough = curve(lambda x: x + 1e-3 * jnp.sin(1e5 * jnp.sin(1e7 * x)))
    assert "noise of 0." in check_noise(rough)[0].sentence


def test_region():
    """A region without a value is measured and located."""
    of = probe(
        model(
            lambda p, s: jnp.reshape(jnp.sqrt(3.2 - p.x) + p.y, (1,)), box=((0.0, 5.0), (0.0, 1.0))
        )
    )
    (found,) = check_finite(of)
    assert (found.code.word, found.severity, found.parameter) == (
        "nonfinite_region",
        "warning",
        "x",
    )
    share, _, rest = found.sentence.partition(" % of the box is not finite, ")
    assert float(share) == pytest.approx(36, abs=9)
    assert rest.startswith("all of it at x > 3.2")


def test_scattered_region():
    """Failures that no single bound explains are said to be spread."""
    of = probe(
        model(
            lambda p, s: jnp.reshape(jnp.sqrt(jnp.sin(40 * (p.x + p.y))), (1,)),
            box=((0.0, 1.0), (0.0, 1.0)),
        )
    )
    (found,) = check_finite(of)
    assert found.parameter is None
    assert "spread all over it" in found.sentence


def test_face():
    """A bound at which nothing is finite is named although the inside is sound."""
    (found,) = check_finite(curve(jnp.log))
    assert "lower bound of x (0)" in found.sentence


def test_nowhere():
    """A model that is finite nowhere stops the night."""
    (found,) = check_finite(curve(lambda x: jnp.sqrt(-1 - x)))
    assert found.severity == "stop"


def test_survives_nowhere():
    """Where nothing is finite the other checks have nothing to say, and do not fail."""
    of = curve(lambda x: jnp.sqrt(-1 - x))
    assert [c.severity for c in check_soundness(of)] == ["stop"]


@jax.custom_jvp
def mistaken(x):
    """A sine with a derivative that has the wrong sign."""
    return jnp.sin(x)


mistaken.defjvp(
    lambda primals, tangents: (jnp.sin(primals[0]), -jnp.cos(primals[0]) * tangents[0])
)


def test_wrong_derivative():
    """A derivative rule that is wrong is named with parameter, observation and both numbers."""
    (found,) = check_gradient(curve(mistaken))
    assert found.parameter == "x"
    assert "derivative of y[0] by x is wrong" in found.sentence
    assert "8 of 8 places" in found.sentence


def test_missing_derivative():
    """A derivative that autodiff stops is missed."""
    of = curve(lambda x: x * jax.lax.stop_gradient(x))
    assert "is wrong" in check_gradient(of)[0].sentence


def test_broken_derivative():
    """A derivative that is infinite times zero is found although the prediction is finite."""
    of = curve(lambda x: x + jnp.sqrt(jnp.maximum(-x, 0.0)))
    assert "is not finite at 8 of 8 places" in check_gradient(of)[0].sentence


def test_derivative_near_jumps():
    """Jumps accuse no derivative: between them it is right."""
    assert check_gradient(curve(lambda x: x**2 + 0.1 * jnp.floor(300 * x))) == []


def test_placebo():
    """A parameter that nothing reads is a placebo, and one that matters a little is not."""
    of = probe(
        model(
            lambda p, s: jnp.stack([p.x, p.x + 1e-6 * p.z]),
            box=((0.0, 1.0),) * 3,
            values=(0.1, 0.2),
        )
    )
    (found,) = check_placebo(of)
    assert (found.code.word, found.severity, found.parameter) == ("placebo", "warning", "y")


STEEP = {
    "decay": lambda x: jnp.exp(-50 * x),
    "wall": lambda x: jnp.tanh(200 * (x - 0.3)),
    "wall 1e5": lambda x: jnp.tanh(1e5 * (x - 0.31831)),
    "wave": lambda x: jnp.sin(40 * x),
    "peak": lambda x: 1 / (1 + ((x - 0.7) / 1e-3) ** 2),
    "root": lambda x: jnp.sqrt(x + 1e-6),
    "power": lambda x: 10 ** (12 * x),
    "soft corner": lambda x: jnp.sqrt((x - 0.4) ** 2 + 1e-6),
}


@pytest.mark.parametrize("formula", STEEP.values(), ids=STEEP)
def test_steep(formula):
    """Steep features raise no alarm as long as they are smooth."""
    assert check_soundness(curve(formula)) == []


def test_random_smooth_functions():
    """No false alarm on thirty smooth functions of two parameters, however tight the sigmas."""
    rng = np.random.default_rng(7)
    c = rng.normal(size=(30, 4, 5))

    def predict(p, settings):
        a, k, s, x0, y0 = (c[:, :, i] for i in range(5))
        waves = a * jnp.sin(8 * k * p.x + 5 * s * p.y + x0)
        peaks = a * jnp.exp(-((5 * (p.x - 0.3 * x0)) ** 2) - (20 * (p.y - 0.3 * y0)) ** 2)
        walls = a * jnp.tanh(30 * k * (p.x - p.y * s))
        return jnp.exp(3 * s[:, 0]) * (waves + peaks + walls).sum(axis=1)

    of = model(predict, box=((0.0, 1.0), (0.0, 1.0)), values=np.zeros(30), sigma=1e-9)
    assert check_soundness(probe(of)) == []


def test_budget():
    """A spent budget ends a check at once."""
    with pytest.raises(OutOfTime):
        check_smooth(probe(model(lambda p, s: jnp.reshape(p.x, (1,))), budget=-1.0))


def test_slow_model(monkeypatch):
    """A slow model is asked at the same places as a fast one, until the budget is spent."""
    hand = Clock(monkeypatch)

    def takes_time(x):
        hand.now += 0.01
        return x

    of = plain(takes_time)
    of.deadline = hand.now + 1.0
    with pytest.raises(OutOfTime):
        check_soundness(of)
    assert 0.99 <= hand.now <= 1.05


def test_names():
    """Every check says in words what it settles."""
    assert all(phrase.startswith("whether ") for phrase, _ in CHECKS)
