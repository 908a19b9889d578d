"""What counts as success and what follows from it: data, fixed before the first trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from daybreak.errors import PlanError, known
from daybreak.sentences import joined, worded

Level = Literal["hard", "soft", "note"]
Verdict = Literal["PASS", "SOFT_PASS", "FAIL", "UNDECIDED"]
VERDICTS: tuple[Verdict, ...] = ("PASS", "SOFT_PASS", "UNDECIDED", "FAIL")
"""All verdicts, best first."""
_OF_PARAMETERS = ("n_at_bounds", "edge_distance", "identified")
"""Quantities that are taken of parameters."""


@dataclass(frozen=True)
class Criterion:
    """A bar fixed before the run.

    Parameters
    ----------
    quantity : str
        ``chi2``, ``reduced_chi2``, ``p_value``, ``n_at_bounds`` (number of parameters in `of` at
        a bound), ``edge_distance`` (distance of the best value of the profiled parameter `of`
        from the nearer end of its scan, in its unit), ``identified`` (whether the 95 % set of
        `of` is one interval closed by the data), or the name of a scale factor, offset,
        observation (its prediction), parameter or derived quantity.
    at_least, above, at_most, below : float, optional
        The bar, inclusive or exclusive.  ``identified`` needs none.
    of : str or sequence of str, optional
        What the quantity is taken of.
    level : {"hard", "soft", "note"}
        PASS needs every hard and soft criterion, SOFT_PASS every hard one; a note counts nothing.
    label : str
        Short name in tables; by default the quantity.

    Raises
    ------
    PlanError
        When the bar or level cannot mean anything.
    """

    quantity: str
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    of: str | Sequence[str] | None = None
    level: Level = "hard"
    label: str = ""

    def __post_init__(self) -> None:
        """Refuse a criterion without a bar, or with one that nothing can meet."""
        if self.level not in ("hard", "soft", "note"):
            msg = f"level must be 'hard', 'soft' or 'note', but got {self.level!r}."
            raise PlanError(msg)
        if self.quantity in ("edge_distance", "identified") and not isinstance(self.of, str):
            msg = f"criterion {self.quantity!r} needs `of=` with one parameter name."
            raise PlanError(msg)
        if self.of is not None and self.quantity not in _OF_PARAMETERS:
            msg = (
                f"criterion {self.quantity!r} takes no `of=`, which belongs to "
                f"{known(_OF_PARAMETERS)}; leave it out."
            )
            raise PlanError(msg)
        bars = [self.at_least, self.above, self.at_most, self.below]
        _refuse_infinite(f"criterion {self.quantity!r}", bars)
        if self.quantity != "identified" and all(bar is None for bar in bars):
            msg = (
                f"criterion {self.quantity!r} has no bar; give `at_least`, `above`, `at_most` "
                "or `below`."
            )
            raise PlanError(msg)
        lowest = max((bar for bar in (self.at_least, self.above) if bar is not None), default=None)
        highest = min((bar for bar in (self.at_most, self.below) if bar is not None), default=None)
        if lowest is not None and highest is not None and not self.met(0.5 * (lowest + highest)):
            msg = f"no value of {self.quantity!r} can be {self.bar}; swap or widen the bars."
            raise PlanError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """What `of` names, as a tuple."""
        if self.of is None:
            return ()
        return (self.of,) if isinstance(self.of, str) else tuple(self.of)

    @property
    def title(self) -> str:
        """What tables call it."""
        of = f" of {', '.join(self.names)}" if self.names else ""
        return self.label or f"{self.quantity}{of}"

    @property
    def bar(self) -> str:
        """The bar in words, e.g. ``< 1e+06``."""
        signs = ((">=", self.at_least), (">", self.above), ("<=", self.at_most), ("<", self.below))
        bars = [worded("{} {:g}", sign, value) for sign, value in signs if value is not None]
        return joined(" and ", bars) or "yes"

    def margin(self, value: float) -> float:
        """How far `value` is on the right side of the nearest bar; negative when it misses."""
        sides = [value - bar for bar in (self.at_least, self.above) if bar is not None]
        sides += [bar - value for bar in (self.at_most, self.below) if bar is not None]
        return min(sides, default=0.0)

    def met(self, value: float) -> bool:
        """Whether `value` clears the bar."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def judged(
        self,
        called: str,
        value: float,
        uncertainty: float | None,
        unsettled: str,
        aside: str = "",
        do: str = "",
    ) -> tuple[Literal["met", "missed", "undecided"], str]:
        """How a number stands to the bar, and the sentence that says so.

        Parameters
        ----------
        called : str
            The quantity as the reader knows it.
        value, uncertainty : float
            Within its own uncertainty of the bar nothing is decided.
        unsettled : str
            Why the number is not settled; empty when it is.
        aside : str
            More about the number, for the end of the sentence.
        do : str
            What would decide it, a sentence, where nothing is decided.
        """
        more = f" {do}" if do else ""
        if unsettled:
            text = worded("{} = {:.6g} is not settled: {}.{}", called, value, unsettled, more)
            return "undecided", text
        if uncertainty and abs(self.margin(value)) <= uncertainty:
            near = worded("within its uncertainty {:.2g} of the bar", uncertainty)
            return "undecided", worded("{} = {:.6g} is {}.{}", called, value, near, more)
        if self.met(value):
            return "met", worded("{} = {:.6g}: {} holds{}.", called, value, self.bar, aside)
        return "missed", worded("{} = {:.6g}: {} does not hold{}.", called, value, self.bar, aside)

    def describe(self) -> dict[str, Any]:
        """The criterion as plain data for the ledger."""
        return {
            "quantity": self.quantity,
            "at_least": _plain(self.at_least),
            "above": _plain(self.above),
            "at_most": _plain(self.at_most),
            "below": _plain(self.below),
            "of": list(self.names),
            "level": self.level,
            "label": self.label,
        }

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> Criterion:
        """The criterion that `describe` wrote down."""
        fields: dict[str, Any] = dict(data)
        of = fields.pop("of")
        return cls(**fields, of=of[0] if len(of) == 1 else (of or None))


@dataclass(frozen=True)
class Condition:
    """A question about the counted studies of a campaign that have a result.

    Either how many have a verdict, ``Condition(verdict="PASS", at_least=3)``, or how many have a
    quantity beyond a value, ``Condition(quantity="chi2", below=100)`` (at least one).

    Parameters
    ----------
    verdict : str, optional
        Which verdict to count.
    quantity : str, optional
        Which quantity to look at: ``chi2``, a scale factor, derived quantity or parameter.
    below, above : float, optional
        The value to compare the quantity with.
    at_least, at_most : int, optional
        How many studies; at least one by default.
    every : bool
        Every counted study must answer yes; replaces `at_least`.
    study : str, optional
        Look at this study alone, counted or not.
    than : str, optional
        Compare with this study: the quantity's difference from it, or for
        ``likelihood_ratio`` the p value of its being as good (formula in `daybreak.verdict`).
    """

    verdict: Verdict | None = None
    quantity: str | None = None
    below: float | None = None
    above: float | None = None
    at_least: int = 1
    at_most: int | None = None
    every: bool = False
    study: str | None = None
    than: str | None = None

    def __post_init__(self) -> None:
        """A condition asks one thing, and can come true."""
        if (self.verdict is None) == (self.quantity is None):
            msg = "a Condition asks for a verdict or for a quantity: give exactly one of them."
            raise PlanError(msg)
        if self.verdict is not None and self.verdict not in VERDICTS:
            msg = f"verdict must be one of {VERDICTS}, but got {self.verdict!r}."
            raise PlanError(msg)
        if self.quantity is not None and self.below is None and self.above is None:
            msg = f"Condition on {self.quantity!r} needs `below` or `above`."
            raise PlanError(msg)
        if self.verdict is not None and not (self.below is None and self.above is None):
            msg = f"Condition on verdict {self.verdict!r} takes no `below` or `above`."
            raise PlanError(msg)
        if self.than is not None and self.quantity is None:
            msg = "a Condition with `than` compares a quantity, e.g. quantity='aic'; name one."
            raise PlanError(msg)
        if self.quantity == "likelihood_ratio" and self.than is None:
            msg = (
                "a likelihood ratio compares two studies: name the simpler, nested one in `than=`."
            )
            raise PlanError(msg)
        _refuse_infinite(f"Condition on {self.quantity!r}", [self.below, self.above])
        most = math.inf if self.at_most is None else self.at_most
        if not 1 <= self.at_least <= most:
            msg = (
                "`1 <= at_least <= at_most` must hold for a Condition, but got "
                f"(at_least={self.at_least}, at_most={self.at_most}); to ask that no study "
                "answers yes, put a row that asks for one before it."
            )
            raise PlanError(msg)

    def describe(self) -> dict[str, Any]:
        """The condition as plain data for the ledger."""
        return {
            "verdict": self.verdict,
            "quantity": self.quantity,
            "below": _plain(self.below),
            "above": _plain(self.above),
            "at_least": self.at_least,
            "at_most": self.at_most,
            "every": self.every,
            "study": self.study,
            "than": self.than,
        }


@dataclass(frozen=True)
class Claim:
    """A value that a profiled parameter is compared with, written down before the run.

    How strong a statement the profile supports is decided afterwards, from the evidence alone
    (`daybreak.diagnosis.claims`).

    Parameters
    ----------
    parameter : str
        The profiled parameter.
    reference : float
        The value to compare with, in the parameter's unit.
    uncertainty : float
        One standard deviation of the reference itself, in the same unit; 0 means exact.
    label : str
        Where the reference comes from, e.g. ``"CODATA 2022"``.
    narrower_than : float, optional
        Fraction of abs(reference): a 95 % set narrower than this *constrains* the parameter.

    Raises
    ------
    PlanError
        When a number is not finite, or cannot mean anything.
    """

    parameter: str
    reference: float
    uncertainty: float = 0.0
    label: str = ""
    narrower_than: float | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that no parameter can be compared with."""
        what = f"Claim about {self.parameter!r}"
        _refuse_infinite(what, [self.reference, self.uncertainty, self.narrower_than])
        if self.uncertainty < 0:
            msg = (
                f"`uncertainty >= 0` must hold for a {what}, but got ({self.uncertainty=}); give "
                "one standard deviation, or leave it out."
            )
            raise PlanError(msg)
        if self.narrower_than is None:
            return
        if not self.narrower_than > 0 or self.reference == 0:
            msg = (
                "`narrower_than` is a fraction of abs(reference), both positive, but got "
                f"({self.narrower_than=}, {self.reference=}) for a {what}; leave it out."
            )
            raise PlanError(msg)

    def describe(self) -> dict[str, Any]:
        """The claim as plain data for the ledger."""
        return {
            "parameter": self.parameter,
            "reference": float(self.reference),
            "uncertainty": float(self.uncertainty),
            "label": self.label,
            "narrower_than": _plain(self.narrower_than),
        }


def _refuse_infinite(what: str, bars: Sequence[float | None]) -> None:
    wild = [bar for bar in bars if bar is not None and not math.isfinite(bar)]
    if wild:
        msg = f"bars of {what} must be finite numbers, but got {wild[0]}; leave an open side out."
        raise PlanError(msg)


def _plain(bar: float | None) -> float | None:
    """A bar as Python's own number; NumPy's may have no JSON."""
    return None if bar is None else float(bar)


@dataclass(frozen=True)
class Decision:
    """One row of a decision table: the first row whose condition holds is taken.

    A study without a result meets no condition; where no counted study has one, no row is taken.

    Parameters
    ----------
    name : str
        Short name, e.g. ``pivot``.
    then : str
        The sentence the reader wakes up to.
    when : Condition or sequence of Condition, optional
        Left out in the last row, "otherwise". With several, the studies that meet all of them
        are counted, and the first says how many it takes.
    follow_up : callable (studies) -> sequence of Study, optional
        Studies to run next. It is called with the finished studies' summaries, and must depend on
        nothing else, so that a resumed campaign asks for the same ones. When they have ended the
        table is read again, with those of them counted that are not declared ``counted=False``; a
        row may ask about one by its name. A row starts its follow-ups once.
    """

    name: str
    then: str
    when: Condition | Sequence[Condition] | None = None
    follow_up: Callable[[Sequence[Any]], Sequence[Any]] | None = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions; none in the last row."""
        if self.when is None:
            return ()
        return (self.when,) if isinstance(self.when, Condition) else tuple(self.when)

    def describe(self) -> dict[str, Any]:
        """The row as plain data for the ledger."""
        when = [condition.describe() for condition in self.conditions]
        follows = self.follow_up is not None
        return {"name": self.name, "then": self.then, "when": when, "follow_up": follows}
