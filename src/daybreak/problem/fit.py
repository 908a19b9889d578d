"""A fit problem: parameters, a prediction, data, and what is eliminated or derived."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from daybreak.errors import ProblemError, known
from daybreak.problem.backend import Backend, Tries, backend_of
from daybreak.problem.constraints import Room, constraint
from daybreak.problem.contract import lined_up, names_of
from daybreak.problem.derived import TIE, TIES, Derived, tie_name
from daybreak.problem.gathering import observations_of
from daybreak.problem.kinds import Question
from daybreak.problem.knobs import Knob, check_knobs_name_settings
from daybreak.problem.noise.kinds import is_unknown
from daybreak.problem.observations import Observation, Observations
from daybreak.problem.outcomes import digest
from daybreak.problem.parameters import Parameter, Space, check_name
from daybreak.problem.priors import GROUP, AbstractPrior, pull_name
from daybreak.problem.resources import Resources, check_resources
from daybreak.problem.scale_factors import (
    Group,
    Offset,
    ScaleFactor,
    eliminate,
    group_factors,
    with_priors,
)
from daybreak.problem.settings import (
    Setting,
    Settings,
    named_record,
    plain_settings,
    resolve_settings,
    split_settings,
)


def _is_room(parameter: Parameter) -> bool:
    return isinstance(parameter, Derived) and isinstance(parameter.of, Room)


@dataclass(frozen=True, eq=False)
class FitProblem:
    """What is asked of a fit.

    ``residuals_i = (s_i prediction_i + b_i - value_i) / sigma_i`` and
    ``chi2 = sum_i residuals_i^2``, with scale factors s and offsets b eliminated in closed form
    (formulas in `daybreak.problem.scale_factors`); other noise has other residuals
    (`daybreak.problem.noise`).  Every prior is one more observation, seen by a prediction of its
    own (`daybreak.problem.priors`).

    Parameters
    ----------
    parameters : sequence of Parameter
        What may be fitted, profiled or held fixed.
    predict : callable (p, settings) -> predictions
        Reads ``p.name`` and ``settings.name``; returns an array of shape (n_observations,), or a
        mapping name -> number when the observations are a mapping. Written with `jax.numpy` it
        is differentiated and batched; written with NumPy it is differenced.
    observations : Observations, or mapping name -> Observation
        The data.
    scale_factors, offsets : sequence of ScaleFactor, Offset
        Linear unknowns eliminated in closed form.
    derive : callable (p, settings) -> mapping name -> number, optional
        Derived quantities recorded at every best fit.
    settings : mapping name -> number, str or bool
        Defaults of what studies may vary. Numbers are traced as float64 (they may enter
        formulas, and a new value costs no compilation); str and bool are static.
    static : sequence of str
        Numeric settings that shape the computation (a grid size) and must not be traced.
    units : mapping name -> str
        Units of derived quantities and settings.
    name : str
        Tells apart models that have the same parameters and data but predict differently; part
        of every trial's identity.
    constraints : sequence of str
        Inequalities between parameters, ``"k1 < k2"`` or ``"a + b <= 1"``, that every fit and
        start keeps; see `daybreak.problem.constraints`.
    knobs : sequence of Knob
        Settings that are numerical and should not matter, each with a refined value for the
        preflight to try; not part of any trial's identity.
    resources : Resources
        Limits, threads and retries of every trial; not part of its identity.

    Raises
    ------
    ProblemError
        When names clash, nothing is free, or a factor acts on unknown observations.
    """

    asks: ClassVar[Question] = Question.FIT

    parameters: Sequence[Parameter]
    predict: Callable[[Any, Any], Any]
    observations: Observations | Mapping[str, Observation]
    scale_factors: Sequence[ScaleFactor] = ()
    offsets: Sequence[Offset] = ()
    derive: Callable[[Any, Any], Mapping[str, Any]] | None = None
    settings: Settings = field(default_factory=dict[str, Setting])
    static: Sequence[str] = ()
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = ""
    constraints: Sequence[str] = ()
    knobs: Sequence[Knob] = ()
    resources: Resources = field(default_factory=Resources)

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        given: Sequence[Any] = self.parameters
        other = [item for item in given if not isinstance(item, Parameter)]
        if other:
            msg = f"`parameters` must be a list of dk.Parameter, but it holds {other[0]!r}."
            raise ProblemError(msg)
        if not self.parameters:
            msg = "a FitProblem needs at least one parameter, but got none."
            raise ProblemError(msg)
        self._add_rooms()
        conditional = [p.name for p in self.parameters if p.when is not None]
        if conditional:
            msg = (
                f"`when` belongs to searched parameters, but {known(conditional)} of a FitProblem "
                "have one; leave it out, or make it a SearchProblem."
            )
            raise ProblemError(msg)
        if not self.space.free(()):
            msg = "every parameter is fixed; leave at least one free, or there is nothing to fit."
            raise ProblemError(msg)
        for name in self.settings:
            check_name("setting", name)
        object.__setattr__(self, "settings", plain_settings(self.settings))
        unknown = [name for name in self.static if name not in self.settings]
        if unknown:
            msg = f"static names {known(unknown)}, but the settings are {known(self.settings)}."
            raise ProblemError(msg)
        check_knobs_name_settings(self.knobs, self.settings)
        check_resources(self.resources)
        names = [*self.space.names, *(f.name for f in (*self.scale_factors, *self.offsets))]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"parameters, scale factors and offsets must not share names: {known(twice)}."
            raise ProblemError(msg)
        _ = self.groups

    def _add_rooms(self) -> None:
        """Keep every constraint by a derived quantity, the room that it leaves."""
        if isinstance(self.constraints, str):
            msg = f"`constraints` is a list of inequalities, but got {self.constraints!r} alone."
            raise ProblemError(msg)
        there = [p for p in self.parameters if not _is_room(p)]
        rooms = [constraint(text, there) for text in self.constraints]
        object.__setattr__(self, "parameters", (*there, *rooms))

    @functools.cached_property
    def rooms(self) -> dict[str, Room]:
        """Constraints by the name of the derived quantity that keeps each."""
        return {name: one.of for name, one in self.ties.items() if isinstance(one.of, Room)}

    @property
    def asked(self) -> tuple[str, ...]:
        """Free parameters and derived quantities of which profiles may be wanted, in order."""
        return tuple(name for name in self.space.free(()) if name not in self.rooms)

    @functools.cached_property
    def space(self) -> Space:
        """The box of all parameters."""
        return Space(tuple(self.parameters))

    @functools.cached_property
    def priors(self) -> dict[str, AbstractPrior]:
        """Priors of parameters that are not fixed, then of scale factors and offsets, by name."""
        free = (self.space[name] for name in self.space.free(()))
        given = (*free, *self.scale_factors, *self.offsets)
        return {one.name: one.prior for one in given if one.prior is not None}

    @functools.cached_property
    def data(self) -> Observations:
        """The observations in a fixed order, one for each prior, and one for each tie."""
        pulls = {
            pull_name(name): Observation(prior.value, prior.width, group=GROUP)
            for name, prior in self.priors.items()
        }
        pulls |= {tie_name(name): Observation(0.0, TIE, group=TIES) for name in self.ties}
        return self.measured.extended(pulls) if pulls else self.measured

    @functools.cached_property
    def ties(self) -> dict[str, Derived]:
        """Derived quantities that are parameters too, by name."""
        return {one.name: one for one in self.parameters if isinstance(one, Derived)}

    @functools.cached_property
    def measured(self) -> Observations:
        """What `predict` predicts, in a fixed order."""
        return observations_of(self.observations)

    @functools.cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of observations that share a scale factor or offset, their priors included."""
        found = group_factors(self.measured, self.scale_factors, self.offsets)
        first = len(self.measured)
        return with_priors(found, {name: first + i for i, name in enumerate(self.priors)})

    @property
    def functions(self) -> list[Callable[..., Any]]:
        """The user's own code."""
        return [*self._functions.values()]

    @property
    def _functions(self) -> dict[str, Callable[..., Any]]:
        """The same by what they are called in messages."""
        derive = {"derive": self.derive} if self.derive else {}
        return {
            "predict": self.predict,
            **derive,
            **{f"`of` of {name}": one.of for name, one in self.ties.items()},
        }

    def calls(self, values: Sequence[Any], settings: Settings) -> dict[str, Callable[[], Any]]:
        """The user's functions, by what messages call them, ready to be called at `values`."""
        given = self._arguments(values, settings)
        return {name: functools.partial(one, *given) for name, one in self._functions.items()}

    def resolve(self, settings: Settings) -> dict[str, Setting]:
        """Give the problem's settings with some replaced.

        Raises
        ------
        ProblemError
            When a name is not a setting of this problem.
        """
        return resolve_settings(self.settings, settings)

    def split_settings(self, settings: Settings) -> tuple[dict[str, float], dict[str, Setting]]:
        """Separate the traced numbers from the static rest."""
        return split_settings(settings, self.static)

    def evaluate(
        self, values: Sequence[Any], settings: Settings, xp: Any, sigmas: Any, sizes: Any = None
    ) -> tuple[Any, Any]:
        """Residuals, shape (data.count,), and the parts they are made of.

        Parameters
        ----------
        values : sequence of numbers
            All parameters in order, in their units.
        settings : mapping
            All settings; numbers may be traced.
        xp : module
            NumPy or `jax.numpy`.
        sigmas : array, shape (n_observations,)
            Total uncertainties.
        sizes : sequence of numbers, optional
            Common factors of noise of unknown size, see `Observations.residuals`.

        Returns
        -------
        residuals : array, shape (data.count,), in units of sigma
        parts : dict
            ``predictions`` after scaling, shape (n_observations,), and ``factors``.
        """
        raw = self.raw(values, settings, xp)
        observed = self.observed(settings, xp)
        scaled, factors = self.scaled(raw, observed, sigmas, xp)
        residuals = self.data.residuals(scaled, observed, sigmas, xp, sizes)
        return residuals, {"predictions": scaled, "factors": factors}

    def observed(self, settings: Settings, xp: Any) -> Any:
        """The values that predictions are compared with, shape (n_observations,)."""
        return self.data.values

    def scaled(self, raw: Any, observed: Any, sigmas: Any, xp: Any) -> tuple[Any, dict[str, Any]]:
        """Predictions with the best scale factors and offsets, and these by name."""
        return eliminate(raw, observed, sigmas, self.groups, xp, self.data.whitening)

    def raw(self, values: Sequence[Any], settings: Settings, xp: Any) -> Any:
        """Predictions before scale factors and offsets, shape (n_observations,)."""
        arguments = self._arguments(values, settings)
        predicted = lined_up(self.predict(*arguments), self.measured, xp)
        if not self.priors and not self.ties:
            return predicted
        known_ones = dict(zip(self.space.names, values, strict=True))
        known_ones |= {f.name: 1.0 for f in self.scale_factors}
        known_ones |= {f.name: 0.0 for f in self.offsets}
        seen = [prior.seen(known_ones[name], xp) for name, prior in self.priors.items()]
        seen += [
            one.slack(one.of(*arguments), known_ones[name], xp) for name, one in self.ties.items()
        ]
        pulls = xp.stack([xp.asarray(one, dtype=float) for one in seen])
        return xp.concatenate([predicted, pulls])

    def defined(self, values: Sequence[Any], settings: Settings) -> dict[str, float]:
        """Derived quantities that are parameters too, as the other `values` define them."""
        arguments = self._arguments(values, settings)
        return {name: float(one.of(*arguments)) for name, one in self.ties.items()}

    def derived(self, values: Sequence[Any], settings: Settings) -> dict[str, Any]:
        """Derived quantities at `values`; empty when none are declared."""
        if self.derive is None:
            return {}
        return dict(self.derive(*self._arguments(values, settings)))

    def _arguments(self, values: Sequence[Any], settings: Settings) -> tuple[Any, Any]:
        p = named_record("Parameters", self.space.names)(*values)
        return p, named_record("Settings", tuple(settings))(*settings.values())

    def backend(self, settings: Settings) -> Backend:
        """Whether `predict` computes with JAX or NumPy, found by trying it.

        Raises
        ------
        PredictionError
            When `predict` or `derive` raises, breaks its contract, or uses JAX in a way that JAX
            cannot trace.
        """
        tried = {name: self._tries.of(name, settings) for name in self._functions}
        lined_up(tried["predict"].found, self.measured, np)
        return backend_of(tried)

    def derived_names(self, settings: Settings) -> list[str]:
        """Names of the derived quantities, found by trying `derive` (see `backend`).

        Raises
        ------
        PredictionError
            When it raises, or returns anything but real numbers with names.
        """
        return [] if self.derive is None else names_of(self._tries.of("derive", settings).found)

    def bounded(self, **changes: Any) -> Self:
        """The problem with other bounds; what its functions are needs not be tried again."""
        other = dataclasses.replace(self, **changes)
        vars(other)["_tries"] = self._tries
        return other

    @functools.cached_property
    def _tries(self) -> Tries:
        return Tries(self._functions, self._arguments, self.space, self.static)

    def identity(self) -> dict[str, Any]:
        """What determines an outcome, code aside: no guess (a start says it), no units."""
        kept = self.describe()
        del kept["kind"], kept["units"], kept["knobs"]
        for row in (*kept["scale_factors"], *kept["offsets"], *kept["observations"]):
            del row["unit"]
        for row in kept["observations"]:
            row["noise"].pop("by", None)  # a noise may move to another file
            if not is_unknown(row):  # groups share the size of their noise
                del row["group"]
        for row in kept["parameters"]:
            del row["unit"], row["guess"], row["physical"]
        return kept

    @property
    def fingerprint(self) -> str:
        """Hash of everything declared about it; its code is compared by results."""
        return digest(self.identity())

    def describe(self) -> dict[str, Any]:
        """The whole declaration, code aside, as plain data for the ledger."""
        square = self.measured.covariance

        def factor(f: ScaleFactor | Offset) -> dict[str, Any]:
            over = list(self.measured.names if f.over is None else f.over)
            lower, upper = (None if np.isinf(x) else float(x) for x in (f.lower, f.upper))
            return {"name": f.name, "over": over, "lower": lower, "upper": upper, "unit": f.unit}

        return {
            "kind": self.asks.value,
            "name": self.name,
            "parameters": [parameter.describe() for parameter in self.space.parameters],
            "observations": self.data.describe(),
            "covariance": None if square is None else square.tolist(),
            "scale_factors": [factor(f) for f in self.scale_factors],
            "offsets": [factor(f) for f in self.offsets],
            **({"rooms": list(self.rooms)} if self.rooms else {}),
            "units": dict(self.units),
            "knobs": [
                {"name": k.name, "refined": k.refined, "unit": k.unit, "order": k.order}
                for k in self.knobs
            ],
        }
