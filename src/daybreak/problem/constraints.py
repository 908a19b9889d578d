"""Inequalities between parameters, as they are read: ``"k1 < k2"``, ``"a + b <= 1"``.

Each is kept by a derived quantity, the *room* that is left, ``larger - smaller >= 0``, whose lower
end is a limit of physics (`daybreak.problem.derived`).  Fits and profiles end within 1e-6 of the
room's range; random starts satisfy the inequality.  Strict and weak ones are the same: a best fit
may lie on the edge.
"""

from __future__ import annotations

import ast
import functools
import itertools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any

from daybreak.errors import ProblemError, known
from daybreak.problem.derived import Derived
from daybreak.problem.parameters import Parameter

_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }
)
_SPELLED = (
    ("<=", " below "),
    (">=", " above "),
    ("<", " below "),
    (">", " above "),
    ("**", " to the "),
    ("+", " plus "),
    ("-", " minus "),
    ("*", " times "),
    ("/", " over "),
    (".", " point "),
)
_MOST = 12
"""Parameters in one inequality: its room is bounded by all corners of their box, 2^12 = 4096."""


@dataclass(frozen=True)
class Room:
    """How much is left before an inequality is broken; called like the `of` of a `Derived`."""

    text: str

    def __call__(self, p: Any, settings: Any) -> Any:
        """``larger - smaller`` at the parameters p."""
        left, right, less = _sides(self.text)
        a, b = _value(left, p, self.text), _value(right, p, self.text)
        return b - a if less else a - b

    def names(self) -> list[str]:
        """Parameters that it is about, each once."""
        left, right, _ = _sides(self.text)
        parts = itertools.chain(ast.walk(left), ast.walk(right))
        return list(dict.fromkeys(part.id for part in parts if isinstance(part, ast.Name)))


def constraint(text: Any, parameters: Sequence[Parameter]) -> Derived:
    """The derived quantity that keeps an inequality.

    Raises
    ------
    ProblemError
        When it is no inequality of these parameters, or none of its corners satisfies it.
    """
    room = Room(text)
    boxes = {one.name: one for one in parameters}
    unknown = [name for name in room.names() if name not in boxes]
    if unknown or not room.names():
        msg = (
            f"constraint {text!r} must name parameters, but names {known(unknown)}; there are "
            f"{known(boxes)}."
        )
        raise ProblemError(msg)
    if len(room.names()) > _MOST:
        msg = f"constraint {text!r} names more than {_MOST} parameters; write it as dk.Derived."
        raise ProblemError(msg)
    ends = [_ends(boxes[name]) for name in room.names()]
    corners = [
        float(room(SimpleNamespace(**dict(zip(room.names(), corner, strict=True))), None))
        for corner in itertools.product(*ends)
    ]
    if not max(corners) > 0.0:
        msg = (
            f"constraint {text!r} cannot hold: the most that is left anywhere in the box is "
            f"{max(corners):.4g}; move a bound, or turn the inequality round."
        )
        raise ProblemError(msg)
    most = max(corners) * (1.0 + 1e-9)
    return Derived(_name(text), 0.0, most, of=room, physical=(0.0, None))


def _ends(parameter: Parameter) -> tuple[float, ...]:
    if parameter.fixed is not None:
        return (float(parameter.fixed),)
    return float(parameter.lower), float(parameter.upper)


def _name(text: str) -> str:
    """The inequality as a name, e.g. ``k1_below_k2``."""
    for sign, word in _SPELLED:
        text = text.replace(sign, word)
    name = re.sub(r"\W+", "_", text).strip("_")
    return f"room_{name}" if name[:1].isdigit() else name


@functools.lru_cache(maxsize=256)
def _sides(text: Any) -> tuple[ast.expr, ast.expr, bool]:
    """Both sides, and whether the left one is the smaller."""
    try:
        body = ast.parse(text, mode="eval").body if isinstance(text, str) else None
    except SyntaxError:
        body = None
    if not isinstance(body, ast.Compare) or len(body.ops) != 1:
        raise ProblemError(_unread(text))
    sign = body.ops[0]
    if not isinstance(sign, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
        raise ProblemError(_unread(text))
    return body.left, body.comparators[0], isinstance(sign, (ast.Lt, ast.LtE))


def _unread(text: Any) -> str:
    return (
        f"a constraint is one inequality between parameters and numbers, with + - * / ** and "
        f"brackets, such as 'k1 < k2' or 'a + b <= 1', but got {text!r}; anything else is a "
        "dk.Derived with a bound."
    )


def _value(node: ast.expr, p: Any, text: str) -> Any:
    if isinstance(node, ast.Name):
        return getattr(p, node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, p, text)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        of = _OPERATORS[type(node.op)]
        return of(_value(node.left, p, text), _value(node.right, p, text))
    raise ProblemError(_unread(text))
