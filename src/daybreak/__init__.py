"""Daybreak: know before the night whether it can succeed, lose nothing, wake up to a verdict."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daybreak.criteria import Claim as Claim
    from daybreak.criteria import Condition as Condition
    from daybreak.criteria import Criterion as Criterion
    from daybreak.criteria import Decision as Decision
    from daybreak.errors import DaybreakError as DaybreakError
    from daybreak.errors import LedgerError as LedgerError
    from daybreak.errors import PlanError as PlanError
    from daybreak.errors import ProblemError as ProblemError
    from daybreak.manifest import Manifest as Manifest
    from daybreak.methods.direct_intervals import Intervals as Intervals
    from daybreak.methods.evolution import Evolution as Evolution
    from daybreak.methods.least_squares import LeastSquares as LeastSquares
    from daybreak.methods.multistart import MultiStart as MultiStart
    from daybreak.methods.profile import Profile as Profile
    from daybreak.methods.search import Search as Search
    from daybreak.nested import likelihood_ratio as likelihood_ratio
    from daybreak.night import Results as Results
    from daybreak.night import open_ as open  # noqa: A004 - read as daybreak.open
    from daybreak.night import run as run
    from daybreak.plan import Campaign as Campaign
    from daybreak.plan import Study as Study
    from daybreak.plan import Sweep as Sweep
    from daybreak.prediction import predict as predict
    from daybreak.preflight.run import preflight as preflight
    from daybreak.problem.artifacts import Curve as Curve
    from daybreak.problem.artifacts import Matrix as Matrix
    from daybreak.problem.artifacts import Table as Table
    from daybreak.problem.choices import Choice as Choice
    from daybreak.problem.choices import Integer as Integer
    from daybreak.problem.derived import Derived as Derived
    from daybreak.problem.fit import FitProblem as FitProblem
    from daybreak.problem.gathering import observations as observations
    from daybreak.problem.knobs import Knob as Knob
    from daybreak.problem.noise.continuous import Censored as Censored
    from daybreak.problem.noise.continuous import Gaussian as Gaussian
    from daybreak.problem.noise.continuous import StudentT as StudentT
    from daybreak.problem.noise.counts import Binomial as Binomial
    from daybreak.problem.noise.counts import Poisson as Poisson
    from daybreak.problem.noise.likelihood import Likelihood as Likelihood
    from daybreak.problem.objectives import Baseline as Baseline
    from daybreak.problem.objectives import Constraint as Constraint
    from daybreak.problem.objectives import Objective as Objective
    from daybreak.problem.observations import Observation as Observation
    from daybreak.problem.parameters import Parameter as Parameter
    from daybreak.problem.priors import LogNormal as LogNormal
    from daybreak.problem.priors import Normal as Normal
    from daybreak.problem.program import Program as Program
    from daybreak.problem.resources import Resources as Resources
    from daybreak.problem.scale_factors import Offset as Offset
    from daybreak.problem.scale_factors import ScaleFactor as ScaleFactor
    from daybreak.problem.search import SearchProblem as SearchProblem
    from daybreak.rehearsal import rehearse as rehearse
    from daybreak.sampling import sample as sample

_HOMES = {
    "Baseline": "problem.objectives",
    "Binomial": "problem.noise.counts",
    "Campaign": "plan",
    "Censored": "problem.noise.continuous",
    "Choice": "problem.choices",
    "Claim": "criteria",
    "Condition": "criteria",
    "Constraint": "problem.objectives",
    "Criterion": "criteria",
    "Curve": "problem.artifacts",
    "DaybreakError": "errors",
    "Decision": "criteria",
    "Derived": "problem.derived",
    "Evolution": "methods.evolution",
    "FitProblem": "problem.fit",
    "Gaussian": "problem.noise.continuous",
    "Integer": "problem.choices",
    "Intervals": "methods.direct_intervals",
    "Knob": "problem.knobs",
    "LeastSquares": "methods.least_squares",
    "LedgerError": "errors",
    "Likelihood": "problem.noise.likelihood",
    "LogNormal": "problem.priors",
    "Manifest": "manifest",
    "Matrix": "problem.artifacts",
    "MultiStart": "methods.multistart",
    "Normal": "problem.priors",
    "Objective": "problem.objectives",
    "Observation": "problem.observations",
    "Offset": "problem.scale_factors",
    "Parameter": "problem.parameters",
    "PlanError": "errors",
    "Poisson": "problem.noise.counts",
    "ProblemError": "errors",
    "Profile": "methods.profile",
    "Program": "problem.program",
    "Resources": "problem.resources",
    "Results": "night",
    "ScaleFactor": "problem.scale_factors",
    "Search": "methods.search",
    "SearchProblem": "problem.search",
    "StudentT": "problem.noise.continuous",
    "Study": "plan",
    "Sweep": "plan",
    "Table": "problem.artifacts",
    "likelihood_ratio": "nested",
    "observations": "problem.gathering",
    "open": "night:open_",
    "predict": "prediction",
    "preflight": "preflight.run",
    "rehearse": "rehearsal",
    "run": "night",
    "sample": "sampling",
}

__all__ = [
    "Baseline",
    "Binomial",
    "Campaign",
    "Censored",
    "Choice",
    "Claim",
    "Condition",
    "Constraint",
    "Criterion",
    "Curve",
    "DaybreakError",
    "Decision",
    "Derived",
    "Evolution",
    "FitProblem",
    "Gaussian",
    "Integer",
    "Intervals",
    "Knob",
    "LeastSquares",
    "LedgerError",
    "Likelihood",
    "LogNormal",
    "Manifest",
    "Matrix",
    "MultiStart",
    "Normal",
    "Objective",
    "Observation",
    "Offset",
    "Parameter",
    "PlanError",
    "Poisson",
    "ProblemError",
    "Profile",
    "Program",
    "Resources",
    "Results",
    "ScaleFactor",
    "Search",
    "SearchProblem",
    "StudentT",
    "Study",
    "Sweep",
    "Table",
    "likelihood_ratio",
    "observations",
    "open",
    "predict",
    "preflight",
    "rehearse",
    "run",
    "sample",
]


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use, so that importing Daybreak loads nothing heavy."""
    if name == "__version__":
        from importlib import metadata

        return metadata.version("daybreak")
    if name not in _HOMES:
        msg = f"module 'daybreak' has no attribute {name!r}; it offers {', '.join(__all__)}."
        raise AttributeError(msg)
    module, _, attribute = _HOMES[name].partition(":")
    found = getattr(importlib.import_module(f"daybreak.{module}"), attribute or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Public names only."""
    return sorted(__all__)
