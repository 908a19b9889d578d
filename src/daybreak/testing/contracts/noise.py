"""What every noise keeps to: its residuals, its draws and its moments are of one density.

With r the residual, -2 log L = r^2 up to a constant of the datum, so that the score and the
information of a prediction f are

    s = d/df (-r^2 / 2),   <s> = 0,   <s^2> = <d^2/df^2 (r^2 / 2)>,

averaged over data drawn about f: Bartlett (1953), Biometrika 40, 12, equations 1 and 2.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.criteria import VERDICTS, Criterion
from daybreak.errors import ProblemError
from daybreak.methods.multistart import MultiStart
from daybreak.night import run
from daybreak.plan import Campaign, Study
from daybreak.problem.fit import FitProblem
from daybreak.problem.gathering import observations
from daybreak.problem.noise.base import AbstractNoise
from daybreak.problem.noise.kinds import restore
from daybreak.problem.observations import Observation
from daybreak.problem.outcomes import canonical
from daybreak.problem.parameters import Parameter

Array = NDArray[np.float64]

_COUNT = 100_000
_ERRORS = 5.0
"""Standard errors by which a mean of draws may miss; beyond them lies one draw in 1.7 million."""
_SEED = 7


class NoiseContract(ABC):
    """The laws of a noise model.

    Attributes
    ----------
    sigma : float
        Uncertainty of every datum, where the noise needs one.
    predictions : sequence of float
        About which data are drawn; possible for the noise.
    exact : sequence of float
        Those at which its moments are exact; by default all of them.
    impossible : sequence of float
        Values that it cannot produce.
    """

    sigma: float = 0.8
    predictions: Sequence[float] = (2.5, 4.0, 7.5)
    exact: Sequence[float] | None = None
    impossible: Sequence[float] = ()

    @abstractmethod
    def make(self) -> AbstractNoise:
        """The noise; an equal one every time."""

    def drawn(self, f: float, count: int = _COUNT) -> Array:
        """Data about a prediction; the same every time."""
        rng = np.random.default_rng(_SEED)
        return self.make().draw(rng, np.full(count, f), np.full(count, self.sigma))

    def residuals(self, f: Any, d: Any, xp: Any = np) -> Any:
        """Residuals of predictions for data."""
        f, d, sigma = xp.broadcast_arrays(xp.asarray(f), xp.asarray(d), xp.asarray(self.sigma))
        return self.make().residuals(f, d, sigma, xp)

    # -- one density ---------------------------------------------------------------------------

    def test_what_is_drawn_is_possible(self) -> None:
        """Draws have the shape of the predictions, are finite, and are accepted as data."""
        noise = self.make()
        for f in self.predictions:
            d = self.drawn(f, 200)

            assert d.shape == (200,)
            for value in d.tolist():
                noise.check(value)
                noise.check_with(value, self.sigma)
            assert np.all(np.isfinite(self.residuals(f, d)))

    def test_draws_are_a_function_of_the_generator(self) -> None:
        """The same generator draws the same data, and another one others."""
        noise = self.make()
        f, sigma = np.full(50, self.predictions[0]), np.full(50, self.sigma)
        one, same, other = (noise.draw(np.random.default_rng(i), f, sigma) for i in (0, 0, 1))

        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)

    def test_residuals_rise_with_the_prediction(self) -> None:
        """A larger prediction has the larger residual: one best prediction, and a sign."""
        low, high = min(self.predictions), max(self.predictions)
        f = np.linspace(low, high, 101)
        for d in np.unique(self.drawn(0.5 * (low + high), 50)):
            r = self.residuals(f, d)

            assert np.all(np.diff(r) >= -1e-12)
            assert r[-1] > r[0]

    def test_each_residual_is_of_its_own_datum(self) -> None:
        """A residual depends on no datum but its own."""
        f = np.array(self.predictions, dtype=np.float64)
        d = np.array([self.drawn(one, 3)[2] for one in f])
        alone = np.array([self.residuals(*pair).item() for pair in zip(f, d, strict=True)])

        np.testing.assert_allclose(self.residuals(f, d), alone, rtol=1e-13, atol=1e-13)

    def test_the_score_of_what_is_drawn_has_no_mean(self) -> None:
        """Over draws about f the slope of r^2 at f vanishes: most likely is what is true."""
        for f in self.predictions:
            below, _, above, step = self._around(f)
            score = (above - below) / (4.0 * step)

            assert abs(score.mean()) <= _ERRORS * score.std() / math.sqrt(_COUNT)

    def test_the_score_scatters_as_the_likelihood_is_curved(self) -> None:
        """Over draws about f the squared score is the curvature of r^2 / 2: r^2 is -2 log L."""
        for f in self.predictions:
            below, here, above, step = self._around(f)
            score = (above - below) / (4.0 * step)
            excess = score**2 - (below - 2.0 * here + above) / (2.0 * step**2)

            assert abs(excess.mean()) <= _ERRORS * excess.std() / math.sqrt(_COUNT) + 1e-5

    def test_moments_are_those_of_the_draws(self) -> None:
        """Mean and variance of r^2 over draws are the stated ones; of none where none are."""
        noise = self.make()
        for f in self.predictions if self.exact is None else self.exact:
            d = self.drawn(f)
            mean, variance = noise.moments(f, float(d[0]), self.sigma)
            if (mean, variance) == (0.0, 0.0):
                continue
            squares = np.asarray(self.residuals(f, d)) ** 2
            spread = float(np.std((squares - squares.mean()) ** 2))

            assert abs(squares.mean() - mean) <= _ERRORS * squares.std() / math.sqrt(_COUNT)
            assert abs(squares.var() - variance) <= _ERRORS * spread / math.sqrt(_COUNT)

    # -- what computes with it -----------------------------------------------------------------

    def test_numpy_and_jax_agree(self) -> None:
        """Residuals of JAX are those of NumPy."""
        import jax
        import jax.numpy as jnp

        for f in self.predictions:
            d = self.drawn(f, 50)
            with jax.enable_x64(True):
                there = np.asarray(self.residuals(jnp.asarray(f), jnp.asarray(d), jnp))

            np.testing.assert_allclose(there, self.residuals(f, d), rtol=1e-9, atol=1e-9)

    def test_derivatives_are_finite_and_right(self) -> None:
        """The slope of r^2 is finite, where f meets the datum too, and that of differences."""
        import jax
        import jax.numpy as jnp

        step = 1e-5 * self.sigma
        pairs = [(f, d) for f in self.predictions for d in (f, *self.drawn(f, 20).tolist())]
        f, d = np.array(pairs).T

        def squares(x: Any) -> Any:
            return jnp.sum(self.residuals(x, jnp.asarray(d), jnp) ** 2)

        with jax.enable_x64(True):
            slopes = np.asarray(jax.grad(squares)(jnp.asarray(f)))
        below, above = (np.asarray(self.residuals(f + s, d)) ** 2 for s in (-step, step))

        np.testing.assert_allclose(slopes, (above - below) / (2.0 * step), rtol=1e-4, atol=1e-3)

    # -- what it says of itself ----------------------------------------------------------------

    def test_a_record_restores_it(self) -> None:
        """Its description is JSON, by which noise of the same title and description comes back."""
        noise = self.make()
        described = json.loads(canonical(noise.describe()))
        back = restore(described)

        assert type(back) is type(noise)
        assert back.title == noise.title
        assert canonical(back.describe()) == canonical(described)

    def test_a_size_is_given_or_known(self) -> None:
        """Noise that needs no sigma knows its typical size, and heeds none that is given."""
        noise = self.make()
        if noise.needs_sigma:
            return
        f = np.array(self.predictions, dtype=np.float64)
        d = np.array([self.drawn(one, 1)[0] for one in f])
        one, other = (noise.residuals(f, d, np.full(len(f), s), np) for s in (0.5, 2.0))

        assert np.array_equal(one, other)
        assert all(0.0 < noise.typical(value) < math.inf for value in d.tolist())

    def test_the_impossible_is_refused(self) -> None:
        """A value that it cannot produce is refused with a sentence."""
        for value in self.impossible:
            try:
                self._observation(value)
            except ProblemError as refusal:
                assert str(refusal)  # noqa: PT017 - without pytest.raises
                continue
            msg = f"{value} was accepted"
            raise AssertionError(msg)

    def test_a_night_of_it_ends_with_a_verdict(self, tmp_path: Path) -> None:
        """The level of data drawn about one value is fitted, judged and read back."""
        noise = self.make()
        truth = self.predictions[len(self.predictions) // 2]
        sigma = self.sigma if noise.needs_sigma else None
        data = observations(self.drawn(truth, 40), sigma, noise=noise)
        box = Parameter("level", min(self.predictions), max(self.predictions))
        problem = FitProblem([box], lambda p, _: p.level * np.ones(40), data)
        study = Study("contract", problem, MultiStart(2), [Criterion("chi2", below=1e9)])
        with (tmp_path / "said").open("w") as screen:
            night = tmp_path / "night"
            found = run(Campaign("contract", [study]), night, budget=0.0, progress=screen)

        assert found.verdict in VERDICTS
        best = found["contract"].best
        assert best is not None
        assert best.chi2 <= float(np.sum(_chi2(problem, truth))) * (1.0 + 1e-9) + 1e-9

    def _around(self, f: float) -> tuple[Array, Array, Array, float]:
        """Squared residuals of draws about f, at f - step, f and f + step."""
        step, d = 1e-3 * self.sigma, self.drawn(f)
        below, here, above = (
            np.asarray(self.residuals(x, d)) ** 2 for x in (f - step, f, f + step)
        )
        return below, here, above, step

    def _observation(self, value: float) -> Observation:
        noise = self.make()
        return Observation(value, self.sigma if noise.needs_sigma else None, noise=noise)


def _chi2(problem: FitProblem, level: float) -> Any:
    from daybreak.methods.evaluate.evaluator import cells_of

    evaluator, cells = cells_of(problem, [{"level": level}], {})
    return evaluator.residuals(np.full((1, 1), 0.5), cells) ** 2
