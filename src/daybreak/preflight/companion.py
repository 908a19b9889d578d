r"""A study's problem in another dress, whose bounds and aim are numbers that may change freely.

Its parameters are unit coordinates u, its settings hold the bounds:

    value_i = (1 - u_i) lower_i + u_i upper_i          (linear scale)
    value_i = lower_i^(1 - u_i) upper_i^u_i            (log scale)

so that both ends are met exactly and a moved bound costs no compilation.  Its residuals are those
of the fit, or else the single residual

    asinh(q / s) - aim,   q = Q_i / Q_j,   aim = +-1000,

whose least square is the largest (smallest) q: far from its target, least squares is a bounded
ascent.  The inverse hyperbolic sine grows like a logarithm and takes either sign; Q holds the
predictions before and after scaling, the factors and offsets, the free parameters and 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.gathering import observations
from daybreak.problem.parameters import Parameter, Space

AIM = 1000.0
"""Distance of the target of a bounded ascent; asinh of every double precision ratio is less."""
_PREFIX = "daybreak_"
_WISH = ("numerator", "denominator", "scale", "aim")


class Goal(NamedTuple):
    """What a lane makes small: chi2 (`aim` = 0), or the distance of Q_i / Q_j from `aim`."""

    numerator: int
    denominator: int
    scale: float = 1.0
    aim: float = 0.0

    def value(self, square: float) -> float:
        """The quantity q that belongs to a squared residual."""
        away = math.sqrt(square)
        return self.scale * math.sinh(self.aim - math.copysign(away, self.aim))

    def square(self, value: float) -> float:
        """The squared residual that belongs to a quantity q."""
        return (math.asinh(value / self.scale) - self.aim) ** 2


def list_of_quantities(problem: FitProblem) -> list[str]:
    """What Q holds before its last entry, 1; a raw prediction is called ``raw:name``."""
    factors = [f.name for f in (*problem.scale_factors, *problem.offsets)]
    raw = [f"raw:{name}" for name in problem.data.names]
    return [*raw, *problem.data.names, *factors, *problem.space.free(())]


@functools.lru_cache(maxsize=64)
def companion(problem: FitProblem, *, with_jax: bool) -> FitProblem:
    """The companion of a problem (module formula); made once each, so that it compiles once."""
    free = problem.space.free(())
    box = problem.space.subspace(free)
    wished = [f"{_PREFIX}{what}" for what in _WISH]
    lower = [f"{_PREFIX}lower_{i}" for i in range(len(free))]
    upper = [f"{_PREFIX}upper_{i}" for i in range(len(free))]
    extra: dict[str, Setting] = dict(zip(wished, (0.0, 0.0, 1.0, 0.0), strict=True))
    extra |= dict(zip(lower, box.lower.tolist(), strict=True))
    extra |= dict(zip(upper, box.upper.tolist(), strict=True))

    def predict(p: Any, settings: Any) -> Any:
        xp = _namespace(with_jax=with_jax)
        given = settings._asdict()
        low, high = (
            xp.stack([xp.asarray(given[name]) for name in part]) for part in (lower, upper)
        )
        values = values_at(xp.stack([xp.asarray(u) for u in p]), low, high, box.is_log, xp)
        user = {name: given[name] for name in problem.settings}
        return _residuals(problem, box, values, user, [given[name] for name in wished], xp)

    return FitProblem(
        parameters=[Parameter(name, 0.0, 1.0) for name in free],
        predict=predict,
        observations=observations(np.zeros(problem.data.count + 1), 1.0),
        settings={**problem.settings, **extra},
        static=problem.static,
    )


def _namespace(*, with_jax: bool) -> Any:
    if not with_jax:
        return np
    import jax.numpy as jnp

    return jnp


def values_at(u: Any, lower: Any, upper: Any, is_log: NDArray[np.bool_], xp: Any) -> Any:
    """Values at unit coordinates, shape (..., n) (module formula)."""
    linear = (1.0 - u) * lower + u * upper
    if not np.any(is_log):
        return linear
    low, high = xp.where(is_log, lower, 1.0), xp.where(is_log, upper, 1.0)
    return xp.where(is_log, low ** (1.0 - u) * high**u, linear)


def _residuals(
    problem: FitProblem,
    box: Space,
    values: Any,
    user: Mapping[str, Any],
    wish: Sequence[Any],
    xp: Any,
) -> Any:
    """Residuals of the fit and of the wish, one of them zero; shape (m + 1,)."""
    numerator, denominator, scale, aim = (xp.asarray(part) for part in wish)
    moving = {name: values[i] for i, name in enumerate(box.names)} | problem.space.fixed
    raw = problem.raw([moving[name] for name in problem.space.names], user, xp)
    data = problem.data
    scaled, factors = problem.scaled(raw, data.values, data.sigmas, xp)
    Q = quantities_at(problem, raw, scaled, factors, values, xp)
    q = xp.take(Q, numerator.astype(int)) / xp.take(Q, denominator.astype(int))
    fits = aim == 0.0
    wished = xp.where(fits, 0.0, xp.arcsinh(q / scale) - aim)
    of_fit = xp.where(fits, data.residuals(scaled, data.values, data.sigmas, xp), 0.0)
    return xp.concatenate([of_fit, xp.reshape(wished, (1,))])


def quantities_at(
    problem: FitProblem,
    raw: Any,
    scaled: Any,
    factors: Mapping[str, Any],
    values: Any,
    xp: Any = np,
) -> Any:
    """Q of the module formula, in the order of `list_of_quantities`."""
    ordered = [factors[f.name] for f in (*problem.scale_factors, *problem.offsets)]
    rest = xp.stack([xp.asarray(number, dtype=float) for number in (*ordered, *values, 1.0)])
    return xp.concatenate([raw, scaled, rest])
