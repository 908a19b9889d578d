"""Knobs: numerical settings that should not matter, and how to refine them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daybreak.errors import ProblemError, known
from daybreak.problem.parameters import check_name


@dataclass(frozen=True)
class Knob:
    """A setting that is numerical: no prediction should depend on it.

    The preflight evaluates the model with the setting refined; what moves then is made by the
    numerics. The value in use stays an ordinary setting, and so part of every trial's identity.

    Parameters
    ----------
    name : str
        The setting, e.g. a number of nodes or the size of a box.
    refined : float, int, str or bool
        A better value of it, of the same kind: twice the nodes, a box twice as large, the name
        of a finer scheme. A number on a static setting recompiles the model once.
    unit : str
        Shown beside the values; empty means dimensionless.
    order : float, optional
        Order p of the numerical error, which falls by ``c^p`` when the setting is refined by a
        factor c.  With it the error of the value in use is estimated from the difference d by
        Richardson's formula, ``d c^p / (c^p - 1)``; without it the difference itself is taken.

    Raises
    ------
    ProblemError
        When the name or the refined value cannot mean anything.
    """

    name: str
    refined: float | str | bool
    unit: str = ""
    order: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be the value of a setting."""
        check_name("knob", self.name)
        given: Any = self.refined
        value = given.item() if getattr(given, "shape", None) == () else given
        number = isinstance(value, (int, float)) and math.isfinite(value)
        if not (number or isinstance(value, str)):
            msg = (
                f"the refined value of knob {self.name!r} must be a finite number, a string or a "
                f"bool, but got {given!r}; write e.g. dk.Knob({self.name!r}, refined=56)."
            )
            raise ProblemError(msg)
        if self.order is not None and not (math.isfinite(self.order) and self.order > 0):
            msg = (
                f"the order of knob {self.name!r} must be a positive number, but got "
                f"{self.order}; leave it out where it is not known."
            )
            raise ProblemError(msg)
        object.__setattr__(self, "refined", value)


def check_knobs_name_settings(knobs: Sequence[Any], settings: Mapping[str, Any]) -> None:
    """Refuse knobs that name no setting, name one twice, or refine it to another kind.

    Raises
    ------
    ProblemError
        With the settings there are, or the value that does not fit.
    """
    seen: set[str] = set()
    for knob in knobs:
        if not isinstance(knob, Knob):
            msg = f"`knobs` must be a list of dk.Knob, but it holds {knob!r}."
            raise ProblemError(msg)
        if knob.name not in settings:
            msg = (
                f"knob {knob.name!r} is not a setting of the problem, whose settings are "
                f"{known(settings)}; give its value in `settings`."
            )
            raise ProblemError(msg)
        if knob.name in seen:
            msg = f"knob {knob.name!r} is declared twice; keep the finer of the two."
            raise ProblemError(msg)
        seen.add(knob.name)
        value = settings[knob.name]
        if _kind(knob.refined) is not _kind(value):
            msg = (
                f"knob {knob.name!r} must be refined to a value of the setting's own kind, but "
                f"the setting is {value!r} and refined={knob.refined!r}."
            )
            raise ProblemError(msg)
        if knob.refined == value:
            msg = (
                f"knob {knob.name!r} is refined to {knob.refined!r}, which the setting has "
                "already; name a finer value."
            )
            raise ProblemError(msg)


def _kind(value: object) -> type:
    """What sort of setting a value is; all numbers are one sort."""
    return float if type(value) is int else type(value)
