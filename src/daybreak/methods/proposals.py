"""Optuna as a proposal engine: in memory, asked and told, and never trusted with a record.

Every argument of a sampler that changes what it proposes is given here, because defaults differ
between its versions.  (What Optuna has deprecated cannot be given without a warning; it is the
same in all versions supported.)  A sampler is seeded once; what it proposes is a function of the
seed and of what it was told, in order.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from daybreak.errors import PlanError, known
from daybreak.problem.choices import Choice, Integer, Value
from daybreak.problem.configuration import Searched
from daybreak.problem.objectives import violation
from daybreak.problem.outcomes import Outcome
from daybreak.problem.parameters import Parameter
from daybreak.problem.search import SearchProblem
from daybreak.problem.stop_reasons import StopReason


@dataclass(frozen=True)
class SamplerOptions:
    """What a sampler is told beside its seed."""

    population: int
    startup: int
    batch: int
    conditional: bool
    """Whether some parameters matter only sometimes."""
    constraints: Callable[[Any], Sequence[float]] | None


def _tpe(optuna: Any, seed: int, o: SamplerOptions) -> Any:
    return optuna.samplers.TPESampler(
        n_startup_trials=o.startup,
        n_ei_candidates=24,
        seed=seed,
        multivariate=True,
        group=o.conditional,
        constant_liar=o.batch > 1,
        constraints_func=o.constraints,
    )


def _nsga2(optuna: Any, seed: int, o: SamplerOptions) -> Any:
    return optuna.samplers.NSGAIISampler(
        population_size=o.population,
        mutation_prob=None,
        crossover=None,
        crossover_prob=0.9,
        swapping_prob=0.5,
        seed=seed,
        constraints_func=o.constraints,
    )


def _nsga3(optuna: Any, seed: int, o: SamplerOptions) -> Any:
    return optuna.samplers.NSGAIIISampler(
        population_size=o.population,
        mutation_prob=None,
        crossover=None,
        crossover_prob=0.9,
        swapping_prob=0.5,
        seed=seed,
        constraints_func=o.constraints,
        reference_points=None,
        dividing_parameter=3,
    )


def _random(optuna: Any, seed: int, _: SamplerOptions) -> Any:
    return optuna.samplers.RandomSampler(seed=seed)


def _sobol(optuna: Any, seed: int, _: SamplerOptions) -> Any:
    return optuna.samplers.QMCSampler(
        qmc_type="sobol",
        scramble=True,
        seed=seed,
        independent_sampler=optuna.samplers.RandomSampler(seed=seed),
        warn_asynchronous_seeding=False,
        warn_independent_sampling=False,
    )


def _gp(optuna: Any, seed: int, o: SamplerOptions) -> Any:
    from optuna_integration import BoTorchSampler  # pyright: ignore[reportMissingImports]

    return BoTorchSampler(
        candidates_func=None,
        constraints_func=o.constraints,
        n_startup_trials=o.startup,
        consider_running_trials=o.batch > 1,
        independent_sampler=optuna.samplers.RandomSampler(seed=seed),
        seed=seed,
        device=None,
    )


SAMPLERS: dict[str, Callable[[Any, int, SamplerOptions], Any]] = {
    "tpe": _tpe,
    "nsga2": _nsga2,
    "nsga3": _nsga3,
    "random": _random,
    "sobol": _sobol,
    "gp": _gp,
}
"""Samplers by the word that stands for them."""


def engine_of(sampler: str) -> str:
    """The sampler that will be used: another one where a library is not installed."""
    if sampler not in SAMPLERS:
        msg = f"sampler must be one of {known(SAMPLERS)}, but got {sampler!r}."
        raise PlanError(msg)
    needed = ("optuna_integration", "botorch")
    return "tpe" if sampler == "gp" and not all(map(_installed, needed)) else sampler


def _installed(name: str) -> bool:
    """Whether a library is there; Optuna's integrations have no `__spec__` once imported."""
    return sys.modules.get(name) is not None or importlib.util.find_spec(name) is not None


@dataclass(frozen=True, eq=False)
class Proposal:
    """A configuration that the sampler asks for, and its handle."""

    trial: Any
    configuration: dict[str, Value]


class Proposals:
    """One sampler on one space."""

    def __init__(
        self,
        problem: SearchProblem,
        sampler: str,
        seed: int,
        *,
        population: int,
        startup: int,
        batch: int,
    ) -> None:
        """Make the sampler; `seed` is its own."""
        import optuna

        self._optuna = optuna
        self._problem = problem
        bars = [c.describe() for c in problem.constraints if c.holds is None]
        self._bars = bars
        options = SamplerOptions(
            population=population,
            startup=startup,
            batch=batch,
            conditional=any(p.when is not None for p in problem.space.parameters),
            constraints=_violations if bars else None,
        )
        with quietly(optuna):
            self._study: Any = optuna.create_study(
                storage=None,
                sampler=SAMPLERS[sampler](optuna, seed % 2**32, options),
                pruner=optuna.pruners.NopPruner(),
                directions=[DIRECTIONS[goal.direction] for goal in problem.goals],
            )

    def ask(self, wanted: Mapping[str, Value] | None = None) -> Proposal:
        """The next proposal; with `wanted` that very configuration, as if it were proposed."""
        space = self._problem.space
        with quietly(self._optuna):
            if wanted is not None:
                free = {p.name: wanted[p.name] for p in space.free if p.name in wanted}
                self._study.enqueue_trial(free)
            trial = self._study.ask()
            return Proposal(trial, space.compose(lambda p: suggest(trial, p)))

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """How a proposal came out: with metrics, pruned, or failed."""
        states = self._optuna.trial.TrialState
        trial = proposal.trial
        with quietly(self._optuna):
            if outcome.reason is StopReason.MEASURED:
                if self._bars:
                    missed = [violation(bar, outcome.metrics) for bar in self._bars]
                    trial.set_user_attr(_VIOLATIONS, [min(one, 1e300) for one in missed])
                values = [outcome.metrics[goal.name] for goal in self._problem.goals]
                self._study.tell(trial, values)
                return
            reports = [(s, v) for s, v in outcome.details.get("reports", []) if v is not None]
            if outcome.reason is StopReason.PRUNED and reports:
                for step, value in reports:
                    trial.report(value, step)
                self._study.tell(trial, state=states.PRUNED)
                return
            self._study.tell(trial, state=states.FAIL)

    def reject(self, proposal: Proposal) -> None:
        """Take no notice of a proposal: nothing is evaluated."""
        with quietly(self._optuna):
            self._study.tell(proposal.trial, state=self._optuna.trial.TrialState.FAIL)

    def learn(self, configuration: Mapping[str, Value], metrics: Mapping[str, float]) -> None:
        """Tell a result from elsewhere, which was never proposed here."""
        free = {p.name: p for p in self._problem.space.free if p.name in configuration}
        values = [metrics[goal.name] for goal in self._problem.goals]
        with quietly(self._optuna):
            trial = self._optuna.trial.create_trial(
                params={name: configuration[name] for name in free},
                distributions={name: distribution(self._optuna, p) for name, p in free.items()},
                values=values,
            )
            self._study.add_trial(trial)


_VIOLATIONS = "violations"
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {
    "minimise": "minimize",
    "maximise": "maximize",
}
"""Optuna's words for ours."""


def _violations(trial: Any) -> Sequence[float]:
    """By how much a told trial misses each bar; pruned ones were not measured."""
    return trial.user_attrs.get(_VIOLATIONS, [0.0])


def suggest(trial: Any, parameter: Searched) -> Value:
    """Have an Optuna trial choose a value."""
    if isinstance(parameter, Choice):
        return trial.suggest_categorical(parameter.name, list(parameter.options))
    log = parameter.scale == "log"
    if isinstance(parameter, Integer):
        return trial.suggest_int(
            parameter.name, parameter.lower, parameter.upper, step=parameter.step, log=log
        )
    return trial.suggest_float(parameter.name, parameter.lower, parameter.upper, log=log)


def distribution(optuna: Any, parameter: Searched) -> Any:
    """The range of a parameter as Optuna writes it."""
    if isinstance(parameter, Choice):
        return optuna.distributions.CategoricalDistribution(list(parameter.options))
    log = parameter.scale == "log"
    if isinstance(parameter, Parameter):
        return optuna.distributions.FloatDistribution(parameter.lower, parameter.upper, log=log)
    return optuna.distributions.IntDistribution(
        parameter.lower, parameter.upper, log=log, step=parameter.step
    )


@contextlib.contextmanager
def quietly(optuna: Any) -> Generator[None]:
    """Keep Optuna's log and its notes on experimental arguments from the user's screen."""
    earlier = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(earlier)
