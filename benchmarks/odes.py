"""Models that solve differential equations, beside pyPESTO: what a profile costs, and if it holds.

Two small models of the PEtab benchmark collection, and a cascade of 25 rates.  Both tools get the
same solver, the same exact derivatives and the same starts; each makes its own profiles with its
default options.  An end is checked by a third: SciPy's least squares with the parameter held
there, whose rise of -2 log L above the lowest is compared with the level the tool used.

Sources: Perelson et al. (1996), Science 271, 1582 (patient 105); Bertozzi et al. (2020), PNAS 117,
16732 (new cases of 20 to 30 March); both as in the collection (Hass et al. 2019, Bioinformatics
35, 3073), whose parameters and bounds these are.
"""

from __future__ import annotations

import io
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import peers
from measure import Headline, print_table
from numpy.typing import NDArray
from scipy import optimize

import daybreak as dk
from daybreak.problem.levels import level_95
from daybreak.problem.precision import double_precision

Array = NDArray[np.float64]
STARTS = 8


def solved(rate: Any, y0: Any, args: Any, times: Array, solver: Any) -> Any:
    """States at the given times, shape (n_times, n_states); infinite where it takes too long."""
    return diffrax.diffeqsolve(
        diffrax.ODETerm(rate),
        solver,
        t0=0.0,
        t1=float(times[-1]),
        dt0=None,
        y0=y0,
        args=args,
        saveat=diffrax.SaveAt(ts=jnp.asarray(times)),
        stepsize_controller=diffrax.PIDController(rtol=1e-8, atol=1e-8),
        adjoint=diffrax.ForwardMode(),
        max_steps=2000,
        throw=False,
    ).ys


# -- two models of the collection ----------------------------------------------------------------

DAYS = np.array([0, 0.083, 0.166, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3, 4, 5, 6, 7])
VIRIONS = np.array(
    [
        1022e3,
        1079e3,
        2148e3,
        1043e3,
        2170e3,
        1538e3,
        3098e3,
        2262e3,
        1315e3,
        1200e3,
        980e3,
        710e3,
        500e3,
        280e3,
        170e3,
        89e3,
    ]
)


def virus() -> dk.FitProblem:
    """HIV under a protease inhibitor: clearance c and death rate delta; 16 data, noise unknown."""
    begin = jnp.array([15061.32075, 1.86e6, 0.0])  # infected cells, virions of either kind

    def rate(_: Any, y: Any, k: Any) -> Any:
        cells, old, new = y
        c, delta = k
        return jnp.stack(
            [3.9e-7 * 11000 * old - delta * cells, -c * old, 480 * delta * cells - c * new]
        )

    def predict(p: Any, _: Any) -> Any:
        y = solved(rate, begin, (p.c, p.delta), DAYS, diffrax.Kvaerno5())
        return jnp.log10(y[:, 1] + y[:, 2])

    boxes = [dk.Parameter(name, 1e-5, 1e5, scale="log", unit="1/d") for name in ("c", "delta")]
    noise = dk.Gaussian(scale="unknown")
    return dk.FitProblem(boxes, predict, dk.observations(np.log10(VIRIONS), 0.1, noise=noise))


CASES = {
    "CA": (39.56e6, [225, 187, 282, 462, 430, 460, 901, 758, 437, 757, 1286]),
    "NY": (19.54e6, [2945, 3400, 4090, 5084, 4797, 5160, 7036, 6999, 7534, 7237, 7015]),
}


def epidemic() -> dk.FitProblem:
    """Susceptible, infected, recovered in two states: six rates and beginnings, two noises.

    Few days of a beginning epidemic fix beta - gamma alone: all other ends are the box's.
    """
    days = np.arange(11.0)

    def rate(_: Any, y: Any, k: Any) -> Any:
        susceptible, infected = y
        beta, gamma, people = k
        new = beta * infected * susceptible / people
        return jnp.stack([-new, new - gamma * infected])

    def predict(p: Any, _: Any) -> Any:
        found: list[Any] = []
        for state, (people, _) in CASES.items():
            beta, gamma, sick = (getattr(p, f"{name}_{state}") for name in ("beta", "gamma", "I0"))
            begin = jnp.stack([people - sick, sick])
            found.append(solved(rate, begin, (beta, gamma, people), days, diffrax.Tsit5())[:, 1])
        return jnp.concatenate(found)

    boxes = [
        dk.Parameter(f"{name}_{state}", low, high, scale="log")
        for state in CASES
        for name, low, high in (("beta", 0.015, 1), ("gamma", 0.01, 0.2), ("I0", 1, 1e4))
    ]
    cases = np.concatenate([data for _, data in CASES.values()])
    data = dk.observations(
        cases, 100.0, noise=dk.Gaussian(scale="unknown"), groups=np.repeat([*CASES], 11).tolist()
    )
    return dk.FitProblem(boxes, predict, data)


# -- 25 rates -----------------------------------------------------------------------------------

STATES = 12
RATES = 2 * STATES + 1
TIMES = np.linspace(0.5, 12.0, 24)


def cascade() -> dk.FitProblem:
    """Twelve proteins, each made under the last one's command: 25 parameters, 288 data.

    ``dy_i/dt = a_i y_(i-1) - b_i y_i`` behind a signal ``y_0 = 1 / (1 + k t)``.
    """
    names = ["k", *(f"{what}{i + 1}" for i in range(STATES) for what in "ab")]
    truth = np.random.default_rng(5).uniform(0.5, 2.0, RATES)

    def rate(t: Any, y: Any, k: Any) -> Any:
        before = jnp.concatenate([1.0 / (1.0 + k[:1] * t), y[:-1]])
        return k[1::2] * before - k[2::2] * y

    def states(k: Any) -> Any:
        return solved(rate, jnp.zeros(STATES), k, TIMES, diffrax.Tsit5()).reshape(-1)

    def predict(p: Any, _: Any) -> Any:
        return states(jnp.stack([getattr(p, name) for name in names]))

    with double_precision():
        clean = np.asarray(states(jnp.asarray(truth)))
    sigmas = 0.03 * np.tile(clean.reshape(-1, STATES).max(axis=0), len(TIMES))
    noise = np.random.default_rng(6).normal(0.0, sigmas)
    boxes = [
        dk.Parameter(name, 0.05, 20, scale="log", guess=float(value))
        for name, value in zip(names, truth, strict=True)
    ]
    return dk.FitProblem(boxes, predict, dk.observations(clean + noise, sigmas))


# -- the two tools -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a tool says of every parameter, and what it took."""

    ends: dict[str, tuple[float, float]]
    """Both ends, None-like NaN where the tool itself says that the data do not end it."""
    lowest: float
    """Least chi2, -2 log L up to a constant that both share."""
    level: float
    cpu: float
    wall: float


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call gives, with the processor and wall seconds it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    return call(), time.process_time() - cpu, time.perf_counter() - wall


def ours(problem: dk.FitProblem, method: Any) -> Told:
    """A night of one study, its ledger, report and verdict included; no preflight."""

    def night() -> Any:
        with tempfile.TemporaryDirectory() as folder, peers.quiet():
            campaign = dk.Campaign("odes", [dk.Study("odes", problem, method)])
            place, silent = Path(folder) / "night", io.StringIO()
            return dk.run(campaign, place, budget=0.0, progress=silent)["odes"]

    study, cpu, wall = timed(night)
    ends = {
        one.parameter: (
            one.intervals[0].lower if one.intervals[0].lower_closed else math.nan,
            one.intervals[-1].upper if one.intervals[-1].upper_closed else math.nan,
        )
        for one in study.profiles
    }
    return Told(ends, study.best.chi2, level_95(problem.describe()), cpu, wall)


def function(problem: dk.FitProblem) -> Callable[[Any], Any]:
    """Residuals in the coordinates the box is even in; their squares are -2 log L + constant."""
    space, sigmas = problem.space, problem.data.sigmas
    is_log = np.asarray(space.is_log)

    def residuals(x: Any) -> Any:
        values = jnp.where(is_log, jnp.exp(x), x)
        return problem.evaluate([values[i] for i in range(len(space.names))], {}, jnp, sigmas)[0]

    return residuals


def box_of(problem: dk.FitProblem) -> tuple[Array, Array]:
    """Bounds in those coordinates."""
    is_log = np.asarray(problem.space.is_log)
    low, high = np.asarray(problem.space.lower), np.asarray(problem.space.upper)
    return np.where(is_log, np.log(low), low), np.where(is_log, np.log(high), high)


def theirs(problem: dk.FitProblem, starts: int) -> Told:
    """pyPESTO: its optimiser for least squares, or L-BFGS where the noise is fitted as well."""
    low, high = box_of(problem)
    sizes = [len(rows) for rows in problem.data.unknown]

    def night() -> Any:
        with peers.quiet():
            import pypesto as pp
            from pypesto import optimize as search
            from pypesto import profile

            goal, lower, upper, names, optimizer = _question(problem, low, high, sizes)
            guesses = _guesses(problem, starts, lower, upper)
            asked = pp.Problem(goal, lower, upper, x_guesses=guesses, x_names=names)
            result = search.minimize(asked, optimizer, n_starts=starts, progress_bar=False)
            return profile.parameter_profile(
                asked, result, optimizer, profile_index=range(len(low)), progress_bar=False
            )

    result, cpu, wall = timed(night)
    from pypesto import profile

    ratio = profile.chi2_quantile_to_ratio(0.95)
    ends: dict[str, tuple[float, float]] = {}
    for i, name in enumerate(problem.space.names):
        path = result.profile_result.list[-1][i]
        x, above = path.x_path[i], path.ratio_path
        inside = above >= ratio
        first, last = np.flatnonzero(inside)[[0, -1]]
        found = profile.calculate_approximate_ci(x, above, ratio)
        natural = np.exp(found) if problem.space.is_log[i] else np.asarray(found)
        ends[name] = (
            float(natural[0]) if first > 0 else math.nan,
            float(natural[1]) if last < len(x) - 1 else math.nan,
        )
    best = np.asarray(result.optimize_result.x[0])[: len(low)]
    with double_precision():
        r = np.asarray(jax.jit(function(problem))(jnp.asarray(best)))
    return Told(ends, float(r @ r), -2.0 * math.log(ratio), cpu, wall)


def _question(
    problem: dk.FitProblem, low: Array, high: Array, sizes: Sequence[int]
) -> tuple[Any, Array, Array, list[str], Any]:
    """Objective, bounds, names and optimiser as pyPESTO wants them."""
    import pypesto as pp
    from pypesto import optimize as search

    names = list(problem.space.names)
    if not sizes:
        residuals = jax.jit(function(problem))
        slopes = jax.jit(jax.jacfwd(function(problem)))

        def of(call: Any) -> Callable[[Array], Array]:
            def called(x: Array) -> Array:
                with double_precision():
                    return np.asarray(call(jnp.asarray(x)))

            return called

        goal = pp.Objective(
            res=of(residuals),
            sres=of(slopes),
            fun=lambda x: float(np.sum(of(residuals)(x) ** 2)) / 2,
        )
        return goal, low, high, names, search.ScipyOptimizer("ls_trf")
    data, n = problem.data, len(names)
    values, sigmas = data.values, data.sigmas
    is_log = np.asarray(problem.space.is_log)

    def minus_log(x: Any) -> Any:
        natural = jnp.where(is_log, jnp.exp(x[:n]), x[:n])
        z = (problem.raw([natural[i] for i in range(n)], {}, jnp) - values) / sigmas
        total = 0.0
        for rows, size in zip(data.unknown, x[n:], strict=True):
            total += 0.5 * jnp.sum((z[rows] / jnp.exp(size)) ** 2) + len(rows) * size
        return total

    both = jax.jit(lambda x: (minus_log(x), jax.jacfwd(minus_log)(x)))

    def at(x: Array) -> tuple[float, Array]:
        with double_precision():
            value, slope = both(jnp.asarray(x))
        return float(value), np.asarray(slope)

    goal = pp.Objective(fun=lambda x: at(x)[0], grad=lambda x: at(x)[1])
    extra = np.full(len(sizes), 10.0)
    more = [f"noise_{i}" for i in range(len(sizes))]
    return (
        goal,
        np.concatenate([low, -extra]),
        np.concatenate([high, extra]),
        [*names, *more],
        search.ScipyOptimizer("L-BFGS-B"),
    )


def _guesses(problem: dk.FitProblem, starts: int, low: Array, high: Array) -> Array:
    """The declared guess where there is one; the others even in the box."""
    u = np.random.default_rng(0).uniform(size=(starts, len(low)))
    found = low + u * (high - low)
    for i, parameter in enumerate(problem.space.parameters):
        if parameter.guess is not None:
            log = problem.space.is_log[i]
            found[0, i] = math.log(parameter.guess) if log else parameter.guess
    return found


def worst(problem: dk.FitProblem, told: Told, best: Array) -> float:
    """Largest distance from the level of -2 log L at the ends told, by a third's least squares."""
    low, high = box_of(problem)
    residuals = jax.jit(function(problem))
    slopes = jax.jit(jax.jacfwd(function(problem)))
    off = 0.0
    with double_precision():
        for i, name in enumerate(problem.space.names):
            for end in told.ends[name]:
                if math.isnan(end):
                    continue
                others = np.delete(np.arange(len(best)), i)
                at = math.log(end) if problem.space.is_log[i] else end
                rise = _held(residuals, slopes, best, i, at, others, low, high) - told.lowest
                off = max(off, abs(rise - told.level))
    return off


def _held(
    residuals: Any,
    slopes: Any,
    best: Array,
    i: int,
    at: float,
    others: Any,
    low: Array,
    high: Array,
) -> float:
    """Least chi2 with one parameter held, from the best fit."""

    def full(v: Array) -> Any:
        x = best.copy()
        x[others], x[i] = v, at
        return jnp.asarray(x)

    found = optimize.least_squares(
        lambda v: np.asarray(residuals(full(v))),
        np.clip(best[others], low[others], high[others]),
        jac=lambda v: np.asarray(slopes(full(v)))[:, others],
        bounds=(low[others], high[others]),
        x_scale="jac",
        ftol=1e-14,
        xtol=1e-14,
        gtol=1e-14,
        max_nfev=300,
    )
    return 2.0 * float(found.cost)


def headlines() -> list[Headline]:
    """Both tools on every model; the rate at which ours is quicker."""
    if "pyPESTO" not in peers.installed():
        print("\nNot installed, left out: pyPESTO (pip install -e '.[peers]')")
        return []
    questions: list[tuple[str, dk.FitProblem, int, Any]] = [
        ("virus, 3 numbers, 16 data", virus(), STARTS, dk.Profile("all", starts=STARTS)),
        ("epidemic, 8 numbers, 22 data", epidemic(), STARTS, dk.Profile("all", starts=STARTS)),
        ("cascade, 25 numbers, 288 data", cascade(), 2, dk.Profile("all", starts=2, each=0)),
        ("the same, ends only", cascade(), 2, dk.Intervals("all", starts=2)),
    ]
    rows: list[list[str]] = []
    kept: dict[str, float] = {}
    for name, problem, starts, method in questions:
        mine = ours(problem, method)
        found = {"Daybreak": mine}
        if isinstance(method, dk.Profile):
            found["pyPESTO"] = theirs(problem, starts)
            kept[name] = mine.cpu / found["pyPESTO"].cpu
        best = best_place(problem)
        for tool, told in found.items():
            ends = [end for pair in told.ends.values() for end in pair]
            closed = sum(not math.isnan(end) for end in ends)
            rows.append(
                [
                    name,
                    tool,
                    f"{told.cpu:.1f}",
                    f"{told.wall:.1f}",
                    f"{told.lowest:.5f}",
                    f"{closed} of {len(ends)}",
                    f"{worst(problem, told, best):.1e}",
                ]
            )
    print_table(
        "Differential equations: profiles of all parameters",
        ["model", "tool", "CPU s", "wall s", "chi2", "ends set by data", "worst rise - level"],
        rows,
    )
    return [Headline(f"{name.split(',')[0]} / pyPESTO", value, "") for name, value in kept.items()]


def best_place(problem: dk.FitProblem) -> Array:
    """The lowest place of a multi-start, in the coordinates of `box_of`."""
    from daybreak.methods.solve import solve
    from daybreak.problem.kinds import FIT
    from daybreak.problem.outcomes import Task

    u = np.random.default_rng(1).uniform(size=(32, len(problem.space.names)))
    for i, parameter in enumerate(problem.space.parameters):
        if parameter.guess is not None:
            u[0, i] = parameter.unit_from(parameter.guess)
    options = dk.LeastSquares().describe()
    with double_precision():
        ends = solve(problem, {}, [Task(FIT, {}, tuple(row), options) for row in u.tolist()])
    best = min((end for end in ends if end.chi2 is not None), key=lambda end: end.chi2 or 0.0)
    values = np.array([best.parameters[name] for name in problem.space.names])
    return np.where(problem.space.is_log, np.log(values), values)


if __name__ == "__main__":
    headlines()
