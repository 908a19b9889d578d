r"""Derived quantities with a range: profiled, judged and claimed like parameters.

A quantity g(p) becomes a parameter q of its own that is tied to it by one more residual,

    r = (u(g(p)) - u(q)) / TIE,    u(x) the place of x in q's range, 0 at its lower bound,

so that wherever q is held, chi2 is least among all p with g(p) = q.  The tie is not perfectly
stiff: along a profile that rises by s per unit of u, chi2 is lower than it should be by
(s TIE / 2)^2, which moves the ends of an interval by a share of 1e-5 of its width at most where
that is a tenth of the range.  A stiffer tie would cost a fit more steps than it wins digits.
Ties add as many data as numbers that are fitted, and neither is counted.
Source: quadratic penalty, Nocedal and Wright (2006), Numerical Optimization, section 17.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daybreak.errors import ProblemError
from daybreak.problem.parameters import Parameter

TIES = "ties"
"""The group of observations that hold derived quantities to their definitions."""
TIE = 3e-5
"""Stiffness of a tie (module formula): a share of the range of the quantity."""


def _undefined(p: Any, settings: Any) -> Any:
    raise NotImplementedError


@dataclass(frozen=True)
class Derived(Parameter):
    """A function of the parameters that is profiled, judged and claimed like one of them.

    Parameters
    ----------
    of : function (p, settings) -> number
        In NumPy or `jax.numpy`, as `predict`; smooth.
    name, lower, upper, scale, unit, physical
        As of `Parameter`: the range in which the quantity is looked for.  Fits whose quantity
        would lie outside are not made, so give it room.
    """

    of: Callable[[Any, Any], Any] = _undefined

    def __post_init__(self) -> None:
        """Refuse what is not a definition, or says more than one."""
        super().__post_init__()
        if self.of is _undefined or not callable(self.of):
            msg = (
                f"derived quantity {self.name!r} needs its definition, e.g. "
                "of=lambda p, settings: 0.693 / p.rate."
            )
            raise ProblemError(msg)
        if self.fixed is not None or self.prior is not None or self.when is not None:
            msg = (
                f"derived quantity {self.name!r} follows from the parameters, so it takes neither "
                "`fixed`, `prior` nor `when`; what is known of it is one more observation."
            )
            raise ProblemError(msg)

    def slack(self, value: Any, held: Any, xp: Any) -> Any:
        """``u(value) - u(held)`` (module formula)."""
        if self.scale == "log":
            return xp.log(value / held) / xp.log(self.upper / self.lower)
        return (value - held) / (self.upper - self.lower)


def tie_name(name: str) -> str:
    """What the observation that ties a derived quantity is called."""
    return f"definition of {name}"


def ties(observations: Sequence[Mapping[str, Any]]) -> int:
    """How many of these described observations are ties."""
    return sum(datum["group"] == TIES for datum in observations)
