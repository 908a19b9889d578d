r"""The posterior beside the profiles: whether two ways to an interval tell the same.

The density is exp(-chi2 / 2), chi2 with its priors' pulls and scale factors eliminated, times a
flat density of every other parameter on its scale (of its logarithm where that is logarithmic)
within its box.  With the place u in the unit box, the chains of the no-U-turn sampler run in v,
u = 1 / (1 + exp(-v)), where none meets a wall,

    log p(v) = -chi2(u) / 2 + sum log u (1 - u),

and begin in every basin that local fits find.  R-hat compares the chains (below 1.01 they tell the
same), the effective sample size counts independent draws, and a parameter is named where an end of
its 95 % credible interval is further from that of its profile than a quarter of the width.

Sources: Hoffman and Gelman (2014), J. Mach. Learn. Res. 15, 1593; Vehtari, Gelman, Simpson,
Carpenter and Bürkner (2021), Bayesian Anal. 16, 667; Raue, Kreutz, Theis and Timmer (2013), Phil.
Trans. R. Soc. A 371, 20110544 (profile and posterior side by side).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from daybreak.diagnosis.study import Model
from daybreak.diagnosis.study import Study as Reading
from daybreak.errors import PlanError, known
from daybreak.findings import Code, codes
from daybreak.methods.evaluation import Cells, JaxEvaluator, block_of, cells_of
from daybreak.methods.least_squares import LeastSquares, fit
from daybreak.methods.method import starts_of
from daybreak.plan import Study
from daybreak.problem.derived import Derived
from daybreak.problem.ends import basins
from daybreak.problem.precision import double_precision

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
R_HAT = 1.01
APART = 0.25
"""Share of a profile's interval by which a credible one may differ without a word."""
_LIKELY = 25.0
"""Basins whose chi2 is further above the lowest hold nothing of the posterior."""


class Marginal(Model):
    """One parameter under the posterior, in its unit."""

    parameter: str
    unit: str
    mean: float
    deviation: float
    lower: float
    """2.5 % quantile."""
    upper: float
    """97.5 % quantile."""
    r_hat: float
    effective: float
    """Independent draws that these are worth."""
    profile: tuple[float, float] | None
    """Ends of the 95 % set of the study's profile, if it made one."""
    differs: bool


class Posterior(Model):
    """Draws of several chains, and what they say."""

    study: str
    basins: int
    """Minima in which chains began."""
    divergences: int
    """Steps at which the sampler failed; any of them says that a region is missed."""
    parameters: list[Marginal]
    code: Code
    """``not_mixed``, ``intervals_differ`` or ``healthy``."""
    sentence: str
    draws: dict[str, Any] = Field(exclude=True, repr=False)
    """Arrays of shape (chains, draws), in the parameters' units."""

    def __str__(self) -> str:
        """The sentence, and a line for each parameter."""
        return "\n".join([self.sentence, *map(_line, self.parameters)])

    def tree(self) -> xr.DataTree:
        """As ArviZ takes it: a group `posterior` with dimensions chain and draw."""
        import xarray as xr

        arrays = {name: (("chain", "draw"), values) for name, values in self.draws.items()}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(arrays)})


def sample(
    study: Study,
    found: Reading | None = None,
    *,
    draws: int = 1000,
    warm_up: int = 1000,
    chains: int = 4,
    starts: int = 16,
    seed: int = 0,
) -> Posterior:
    """Draw from the posterior of a study (formulas in the module).

    Parameters
    ----------
    study : Study
        Its problem and settings count; the model is written in JAX.  Derived quantities that are
        parameters are left out.
    found : a study of `Results`, optional
        Whose profiles the credible intervals are compared with.
    draws, warm_up : int
        Of each chain, after and during adaptation.
    chains : int
        At least; there is one for each basin.
    starts : int
        Local fits that look for basins.
    seed : int

    Raises
    ------
    PlanError
        When the model is not JAX, blackjax is not installed, or no fit ends; when the problem has
        constraints.
    """
    if min(draws, warm_up) < 100 or chains < 2 or starts < 1:
        msg = (
            "`draws >= 100`, `warm_up >= 100`, `chains >= 2` and `starts >= 1` must hold, but got "
            f"({draws=}, {warm_up=}, {chains=}, {starts=})."
        )
        raise PlanError(msg)
    problem = study.fit
    if problem.rooms:
        msg = (
            f"study {study.name!r} has constraints, which a sampler does not keep; write the "
            "model in parameters that keep them, such as k2 = k1 + step with step > 0, or "
            "sample it without."
        )
        raise PlanError(msg)
    if problem.ties:
        kept = [one for one in problem.parameters if not isinstance(one, Derived)]
        problem = replace(problem, parameters=kept)
    with double_precision():
        evaluator, cells = cells_of(problem, [{}] * starts, study.all_settings)
        if not isinstance(evaluator, JaxEvaluator):
            msg = f"the model of study {study.name!r} must be written in JAX to be sampled."
            raise PlanError(msg)
        names = problem.space.free(())
        places = _basins(study, evaluator, cells, starts, seed)
        wanted = max(chains, len(places))
        first = np.array([places[i % len(places)] for i in range(wanted)])
        drawn, divergences = _chains(evaluator, cells, first, draws, warm_up, seed)
        values = np.asarray(evaluator.layout.box.from_unit(drawn), dtype=np.float64)
    by_name = {name: values[:, :, i] for i, name in enumerate(names)}
    units = {one.name: one.unit for one in problem.parameters}
    marginals = [_marginal(name, units[name], one, found) for name, one in by_name.items()]
    return _told(study.name, len(places), divergences, marginals, by_name)


def _basins(
    study: Study, evaluator: JaxEvaluator, cells: Cells, starts: int, seed: int
) -> list[Array]:
    """The best place of every basin that may hold some of the posterior, lowest first."""
    names = evaluator.layout.free
    u = np.array(starts_of(evaluator.layout.problem, names, starts, seed))
    ends = [end for end in fit(evaluator, u, cells, LeastSquares()) if not end.reason.failed]
    if not ends:
        msg = f"no fit of study {study.name!r} ended; run it by itself to see why."
        raise PlanError(msg)
    lowest = min(end.chi2 for end in ends)
    likely = [end for end in ends if end.chi2 <= lowest + _LIKELY]
    found = basins([end.chi2 for end in likely], np.array([end.u for end in likely]))
    return [np.array(likely[basin.members[0]].u, dtype=np.float64) for basin in found]


def _chains(
    evaluator: JaxEvaluator, cells: Cells, first: Array, draws: int, warm_up: int, seed: int
) -> tuple[Array, int]:
    """Draws in the unit box, shape (chains, draws, n), and how many steps diverged."""
    try:
        import blackjax
    except ImportError as error:
        msg = "sampling needs blackjax; install daybreak[sample]."
        raise PlanError(msg) from error
    import jax
    import jax.numpy as jnp

    log_density = _log_density(evaluator, cells)
    sampler: Any = blackjax

    def chain(key: Any, position: Any) -> tuple[Any, Any]:
        adapt, go = jax.random.split(key)
        adaptation = sampler.window_adaptation(sampler.nuts, log_density)
        (state, tuned), _ = adaptation.run(adapt, position, num_steps=warm_up)
        kernel = sampler.nuts(log_density, **tuned)

        def step(state: Any, key: Any) -> tuple[Any, Any]:
            state, told = kernel.step(key, state)
            return state, (state.position, told.is_divergent)

        return jax.lax.scan(step, state, jax.random.split(go, draws))[1]

    u = np.clip(first, 1e-3, 1.0 - 1e-3)  # at a wall v would be infinite
    keys = jax.random.split(jax.random.key(seed), len(u))
    positions, divergent = jax.jit(jax.vmap(chain))(keys, jnp.log(u / (1.0 - u)))
    return np.asarray(jax.nn.sigmoid(positions), dtype=np.float64), int(np.sum(divergent))


def _log_density(evaluator: JaxEvaluator, cells: Cells) -> Callable[[Any], Any]:
    """Log of the density of v, its slope from the Jacobian that fits use as well."""
    import jax
    import jax.numpy as jnp

    cell = block_of(cells, 0)

    def residuals(u: Any) -> Any:
        layout = evaluator.layout
        return layout.residuals(layout.traced_values(u, cell.pins), cell, jnp)

    @jax.custom_vjp
    def misfit(u: Any) -> Any:
        return 0.5 * jnp.sum(residuals(u) ** 2)

    def forward(u: Any) -> tuple[Any, Any]:
        r, J = evaluator.linearise(u, cell)
        return 0.5 * jnp.sum(r**2), r @ J

    misfit.defvjp(forward, lambda slope, g: (g * slope,))

    def log_density(v: Any) -> Any:
        wall = jnp.sum(jax.nn.log_sigmoid(v) + jax.nn.log_sigmoid(-v))
        found = -misfit(jax.nn.sigmoid(v)) + wall
        return jnp.where(jnp.isfinite(found), found, -jnp.inf)

    return log_density


def _marginal(name: str, unit: str, values: Array, found: Reading | None) -> Marginal:
    from blackjax import diagnostics

    lower, upper = (float(q) for q in np.quantile(values, [0.025, 0.975]))
    sets = [p.intervals for p in (found.profiles if found else []) if p.parameter == name]
    profile = (sets[0][0].lower, sets[0][-1].upper) if sets and sets[0] else None
    differs = profile is not None and max(
        abs(lower - profile[0]), abs(upper - profile[1])
    ) > APART * (profile[1] - profile[0])
    return Marginal(
        parameter=name,
        unit=unit,
        mean=float(values.mean()),
        deviation=float(values.std()),
        lower=lower,
        upper=upper,
        profile=profile,
        differs=differs,
        r_hat=float(diagnostics.potential_scale_reduction(values)),
        effective=float(diagnostics.effective_sample_size(values)),
    )


def _told(
    study: str,
    count: int,
    divergences: int,
    marginals: list[Marginal],
    draws: Mapping[str, Array],
) -> Posterior:
    """Worst news first."""
    loose = [one.parameter for one in marginals if not one.r_hat < R_HAT]
    apart = [one.parameter for one in marginals if one.differs]
    if loose:
        code = codes.NOT_MIXED
        said = f"{study}: the chains do not agree on {known(loose)} (R-hat of {R_HAT} or more)"
        said += (
            f"; they began in {count} basins, whose weights they cannot tell"
            if count > 1
            else "; draw more"
        )
    elif apart:
        code = codes.INTERVALS_DIFFER
        said = (
            f"{study}: credible and profile intervals of {known(apart)} differ by more than a "
            "quarter of their width; the prior, a bound or a skewed likelihood matters there"
        )
    else:
        code = codes.HEALTHY
        said = f"{study}: {sum(v.size for v in list(draws.values())[:1])} draws, chains agree"
    if divergences:
        said += f"; {divergences} steps diverged, so a narrow region may be missed"
    return Posterior(
        study=study,
        basins=count,
        divergences=divergences,
        parameters=marginals,
        code=code,
        sentence=f"{said}.",
        draws=dict(draws),
    )


def _line(one: Marginal) -> str:
    beside = (
        "" if one.profile is None else f", profile {one.profile[0]:.6g} to {one.profile[1]:.6g}"
    )
    return (
        f"  {one.parameter}: {one.mean:.6g} +- {one.deviation:.2g} {one.unit}".rstrip()
        + f", 95 % from {one.lower:.6g} to {one.upper:.6g}{beside}; R-hat {one.r_hat:.3f}, "
        f"{one.effective:.0f} effective draws"
    )
