"""What a night consists of: studies, sweeps and campaigns, as data."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from daybreak.criteria import Claim, Condition, Criterion, Decision
from daybreak.errors import PlanError, known
from daybreak.methods.method import AbstractMethod, Problem, methods_for
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.outcomes import canonical
from daybreak.problem.search import SearchProblem

Rule = Literal["all", "any"]
_GENERAL = ("chi2", "reduced_chi2", "p_value", "n_at_bounds", "edge_distance", "identified")

_COMPARABLE = ("chi2", "reduced_chi2", "p_value", "aic", "aicc", "bic", "likelihood_ratio")
"""Quantities of every study that conditions may ask for."""


@dataclass(frozen=True, eq=False)
class Study:
    """One problem, with settings, a method and criteria.

    Parameters
    ----------
    name : str
        Unique in its campaign.
    problem : FitProblem or SearchProblem
        What is asked.
    method : MultiStart, Profile, Intervals or Evolution; Search
        How it is found: a search problem needs a Search.
    accept : sequence of Criterion
        What counts, fixed before the first trial.
    settings : mapping name -> value
        Settings that differ from the problem's defaults.
    counted : bool
        Whether the verdict and decision table of the campaign count it; False for a baseline.
    seed : int, optional
        Replaces the campaign's seed.
    stop_early : bool
        End the study once no trial that is left can change its verdict. What the rest of the
        method would have shown is then not known.

    Raises
    ------
    PlanError, ProblemError
        When the method, a criterion or a setting does not fit the problem.
    """

    name: str
    problem: Problem
    method: AbstractMethod[Any]
    accept: Sequence[Criterion] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    counted: bool = True
    seed: int | None = None
    stop_early: bool = False

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        if not self.name.strip():
            msg = "a study needs a name that can be read, but got an empty one."
            raise PlanError(msg)
        self._check_method()
        self.method.check(self.problem)
        self._check_plain()
        self.problem.resolve(self.settings)
        for criterion in self.accept:
            self._check(criterion)

    def _check_method(self) -> None:
        given: Any = self.problem
        if not isinstance(given, (FitProblem, SearchProblem)):
            msg = f"study {self.name!r} needs a FitProblem or SearchProblem, but got {given!r}."
            raise PlanError(msg)
        if given.asks is not self.method.treats:
            msg = (
                f"study {self.name!r} asks a {type(given).__name__} with a "
                f"{type(self.method).__name__}; give it a method that treats it, such as "
                f"{known(methods_for(given.asks))}."
            )
            raise PlanError(msg)

    def _check_plain(self) -> None:
        """Refuse a method whose options a record cannot keep, or that expects no whole number."""
        method = type(self.method).__name__
        try:
            canonical(self.method.describe())
        except (TypeError, ValueError) as error:
            msg = (
                f"the options of {method} in study {self.name!r} cannot be written down "
                f"({error}); give numbers, text, true or false, and lists or mappings of these, "
                "all finite."
            )
            raise PlanError(msg) from error
        expected: Any = self.method.expected_trials(self.problem)
        if not isinstance(expected, int) or expected < 0:
            msg = (
                f"`expected_trials` of {method} in study {self.name!r} must be a whole number, "
                f"not negative, but is {expected!r}."
            )
            raise PlanError(msg)

    def _check(self, criterion: Criterion) -> None:
        problem = self.problem
        if isinstance(problem, SearchProblem):
            # Which metrics `evaluate` returns is known only once it has run.
            return
        names = problem.space.names
        unknown = [name for name in criterion.names if name not in names]
        if unknown:
            msg = (
                f"criterion {criterion.title!r} is taken of {known(unknown)}; "
                f"the parameters are {known(names)}."
            )
            raise PlanError(msg)
        if criterion.quantity in ("p_value", "reduced_chi2") and problem.data.unknown:
            msg = (
                f"criterion {criterion.title!r} in study {self.name!r} cannot be answered: the "
                "size of the noise is unknown, so the fit itself sets it; bound a prediction or "
                "an interval instead, or give the uncertainties."
            )
            raise PlanError(msg)
        if criterion.quantity in ("edge_distance", "identified"):
            self._check_profiled(criterion)
        quantities = self._declared()
        # What `derive` will return is known only once it has run: see `check_derived`.
        if criterion.quantity not in quantities and problem.derive is None:
            msg = (
                f"no quantity is called {criterion.quantity!r} in study {self.name!r}; "
                f"there are {known(quantities)}."
            )
            raise PlanError(msg)

    def _check_profiled(self, criterion: Criterion) -> None:
        """Only a profile can answer these; anything else would stay undecided all night."""
        needed, there = criterion.names[0], self.method.interest(self.problem)
        if needed not in there:
            method = self.method.describe()["method"]
            msg = (
                f"criterion {criterion.title!r} in study {self.name!r} needs a profile of "
                f"{needed!r}, but its method is a {method}{' of ' if there else ''}"
                f"{' and '.join(map(repr, there))}; give it method=dk.Profile({needed!r})."
            )
            raise PlanError(msg)

    def check_derived(self, derived: Sequence[str]) -> None:
        """Refuse a criterion on a quantity that nothing will give, once `derive` is known.

        Raises
        ------
        PlanError
            Listing the quantities there are.
        """
        if isinstance(self.problem, SearchProblem):
            return
        known_ones = [*self._declared(), *derived]
        for criterion in self.accept:
            if criterion.quantity not in known_ones:
                msg = (
                    f"no quantity is called {criterion.quantity!r}; there are {known(known_ones)}."
                )
                raise PlanError(msg)

    def _declared(self) -> list[str]:
        problem = self.problem
        if isinstance(problem, SearchProblem):
            return [goal.name for goal in problem.goals]
        factors = [factor.name for factor in (*problem.scale_factors, *problem.offsets)]
        return [*_GENERAL, *problem.space.names, *factors, *problem.data.names]

    @property
    def fit(self) -> FitProblem:
        """The problem, where it is a fit.

        Raises
        ------
        PlanError
            When it is a search.
        """
        if isinstance(self.problem, FitProblem):
            return self.problem
        msg = f"study {self.name!r} is a search, and only a fit can be asked for residuals."
        raise PlanError(msg)

    @property
    def all_settings(self) -> dict[str, Setting]:
        """The problem's settings with the study's own."""
        return self.problem.resolve(self.settings)

    @property
    def fingerprint(self) -> str:
        """Hash of everything declared about the problem; its code is compared by results.

        Of a search it includes the space, which is no part of its trials' identity.
        """
        return self.problem.fingerprint

    def describe(self) -> dict[str, Any]:
        """The study as plain data for the ledger."""
        return {
            "settings": self.all_settings,
            "method": self.method.describe(),
            "counted": self.counted,
            "seed": self.seed,
        }


@dataclass(frozen=True, eq=False)
class Sweep:
    """The same study at several settings; expands to one study each.

    Parameters
    ----------
    name : str
        Prefix of the studies' names.
    problem, method, accept
        As in `Study`.
    over : sequence of mappings, or mapping name -> values
        The settings of each study, or lists whose combinations are taken.
    names : sequence of str, optional
        Names of the studies; by default the prefix and the settings.
    """

    name: str
    problem: Problem
    method: AbstractMethod[Any]
    over: Sequence[Mapping[str, Setting]] | Mapping[str, Sequence[Setting]]
    accept: Sequence[Criterion] = ()
    names: Sequence[str] | None = None

    def studies(self) -> list[Study]:
        """One study per settings."""
        rows: list[dict[str, Setting]]
        if isinstance(self.over, Mapping):
            columns = self.over
            self._refuse_scalars(columns)
            rows = [
                dict(zip(columns, r, strict=True)) for r in itertools.product(*columns.values())
            ]
        else:
            rows = [dict(row) for row in self.over]
        if not rows:
            msg = f"sweep {self.name!r} has no settings to sweep over."
            raise PlanError(msg)
        if self.names is not None and len(self.names) != len(rows):
            msg = f"sweep {self.name!r} has {len(rows)} settings but {len(self.names)} names."
            raise PlanError(msg)
        labels = self.names or [f"{self.name} {_label(row)}" for row in rows]
        return [
            Study(label, self.problem, self.method, self.accept, row)
            for label, row in zip(labels, rows, strict=True)
        ]

    def _refuse_scalars(self, columns: Mapping[str, Any]) -> None:
        for name, values in columns.items():
            if isinstance(values, str) or not isinstance(values, Iterable):
                msg = (
                    f"sweep {self.name!r} needs a list of values for {name!r}, but got "
                    f"{values!r}; for one value write [{values!r}]."
                )
                raise PlanError(msg)


def _label(settings: Mapping[str, Setting]) -> str:
    parts = (
        f"{k}={v:g}" if isinstance(v, (int, float)) and not isinstance(v, bool) else f"{k}={v}"
        for k, v in settings.items()
    )
    return " ".join(parts)


@dataclass(frozen=True, eq=False)
class Campaign:
    """Studies in order, with one decision table.

    Parameters
    ----------
    name : str
        Names the default directory, ``runs/<name>/``.
    studies : sequence of Study or Sweep
        In the order they run.
    description : str
        One or two sentences for the report.
    decisions : sequence of Decision
        First match wins; the last row has no condition.
    rule : {"all", "any"}
        Whether the campaign's verdict is the worst or the best of its counted studies: do all of
        them have to hold, or is it a search for one that does?
    seed : int
        All starts are functions of it.
    claims : sequence of Claim
        Values that profiled parameters are compared with, in every study that profiles them.
    anyway : bool
        Run although preflight finds it out of reach, because it demonstrates a failure.
    origin : str
        The name or file it was loaded from; filled in by the loader.

    Raises
    ------
    PlanError
        When names repeat, there is no study, or the decision table has no last row.
    """

    name: str
    studies: Sequence[Study | Sweep]
    description: str = ""
    decisions: Sequence[Decision] = ()
    rule: Rule = "all"
    seed: int = 0
    claims: Sequence[Claim] = ()
    anyway: bool = False
    origin: str = ""

    def __post_init__(self) -> None:
        """Check names and the decision table."""
        strange = any(c not in _NAME_CHARACTERS for c in self.name)
        if not self.name or strange or self.name[0] in ".-":
            msg = (
                "a campaign name becomes a directory: letters, digits, '-', '_' and '.' only, "
                f"the first not '.' or '-', but got {self.name!r}."
            )
            raise PlanError(msg)
        if not self.all_studies():
            msg = f"campaign {self.name!r} has no studies."
            raise PlanError(msg)
        names = [study.name for study in self.all_studies()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = (
                f"study names must be unique in a campaign, but these repeat: {known(twice)}; "
                "rename one, or give a sweep `names`."
            )
            raise PlanError(msg)
        if self.rule not in ("all", "any"):
            msg = f"rule must be 'all' or 'any', but got {self.rule!r}."
            raise PlanError(msg)
        if self.decisions and (
            self.decisions[-1].conditions or any(not row.conditions for row in self.decisions[:-1])
        ):
            msg = "the last row of a decision table, and only it, has no condition (otherwise)."
            raise PlanError(msg)
        rows = [row.name for row in self.decisions]
        if len(set(rows)) < len(rows):
            msg = f"rows of a decision table need names of their own, but they are {known(rows)}."
            raise PlanError(msg)
        for row in self.decisions:
            self._check_row(row)
        for claim in self.claims:
            self._check_claim(claim)

    def _check_row(self, row: Decision) -> None:
        """Refuse a row that can never be taken, because no study has what it asks for."""
        names = [study.name for study in self.all_studies()]
        # What follow-up studies are called is known only once they are asked for.
        later = any(other.follow_up for other in self.decisions)
        for condition in row.conditions:
            for wanted in (condition.study, condition.than):
                if wanted is not None and wanted not in names and not later:
                    msg = (
                        f"decision {row.name!r} asks about study {wanted!r}, "
                        f"but the studies are {known(names)}."
                    )
                    raise PlanError(msg)
            self._check_quantity(row, condition)

    def _check_quantity(self, row: Decision, condition: Condition) -> None:
        studies = self.all_studies()
        asked = [
            study
            for study in studies
            if (study.counted if condition.study is None else study.name == condition.study)
        ]
        problems = [s.problem for s in asked if isinstance(s.problem, FitProblem)]
        # What `derive` and `evaluate` return is known only once they have run.
        unknown = len(problems) < len(asked) or any(p.derive is not None for p in problems)
        if condition.quantity is None or unknown:
            return
        names = {name for problem in problems for name in problem.space.names}
        factors = {
            factor.name
            for problem in problems
            for factor in (*problem.scale_factors, *problem.offsets)
        }
        there = [*_COMPARABLE, *sorted(names | factors)]
        if condition.quantity not in there:
            msg = (
                f"decision {row.name!r} asks for {condition.quantity!r}, which no counted study "
                f"gives; there are {known(there)}."
            )
            raise PlanError(msg)

    def _check_claim(self, claim: Claim) -> None:
        """Refuse a claim that no study can ever have evidence for."""
        profiled = {n for s in self.all_studies() for n in s.method.interest(s.problem)}
        # What a follow-up study profiles is known only once it is asked for.
        if claim.parameter in profiled or any(row.follow_up for row in self.decisions):
            return
        msg = (
            f"no study profiles {claim.parameter!r}, so a claim about it would have no evidence; "
            f"profiled are {known(sorted(profiled))}. "
            f"Give a study method=dk.Profile({claim.parameter!r})."
        )
        raise PlanError(msg)

    def all_studies(self) -> list[Study]:
        """Every study, sweeps expanded."""
        return [
            one
            for item in self.studies
            for one in (item.studies() if isinstance(item, Sweep) else [item])
        ]

    def describe(self) -> dict[str, Any]:
        """The campaign as plain data for the ledger."""
        return {
            "name": self.name,
            "description": self.description,
            "rule": self.rule,
            "seed": self.seed,
            "decisions": [row.describe() for row in self.decisions],
            "claims": [claim.describe() for claim in self.claims],
        }


_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
