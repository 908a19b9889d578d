"""Derivatives of functions that treat every vortex by itself.

A radial integral of one vortex depends on that vortex alone. Forward differentiation with respect
to the parameters of n vortices would nevertheless carry every tangent through every quadrature
node. One derivative per argument is enough, and the rest is a product of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from .numeric import Numeric
from .scheme import RadialIntegrals

Elementwise = Callable[..., RadialIntegrals]


def evaluate_elementwise(function: Elementwise, *arguments: Numeric) -> RadialIntegrals:
    """Return ``function(*arguments)`` with a derivative rule that costs one pass per argument.

    Parameters
    ----------
    function : callable
        Maps arrays of one common shape (...) to integrals of that shape, element by element.
    *arguments : Numeric
        Broadcast to the common shape.

    Notes
    -----
    Exact to all orders, forward and reverse: the rule itself is differentiable.
    Arguments that nothing is differentiated by cost nothing.
    """
    values = jnp.broadcast_arrays(*(jnp.asarray(value, float) for value in arguments))
    rule = jax.custom_jvp(function)
    rule.defjvp(_diagonal_rule(function), symbolic_zeros=True)
    return rule(*values)


def _diagonal_rule(function: Elementwise) -> Callable[..., tuple[Any, Any]]:
    """Return the rule: ``sum_i (d function / d argument_i) * tangent_i``."""

    def rule(
        primals: tuple[jax.Array, ...], tangents: tuple[jax.Array | SymbolicZero, ...]
    ) -> tuple[RadialIntegrals, RadialIntegrals]:
        value = function(*primals)
        total = jax.tree.map(jnp.zeros_like, value)
        for index, tangent in enumerate(tangents):
            if isinstance(tangent, SymbolicZero):
                continue
            slope = _partial_derivative(function, primals, index)
            total = jax.tree.map(lambda a, b, t=tangent: a + b * t, total, slope)
        return value, total

    return rule


def _partial_derivative(
    function: Elementwise, primals: tuple[jax.Array, ...], index: int
) -> RadialIntegrals:
    """Return the derivative by argument `index`, element by element."""

    def of_one(argument: jax.Array) -> RadialIntegrals:
        return function(*primals[:index], argument, *primals[index + 1 :])

    return jax.jvp(of_one, (primals[index],), (jnp.ones_like(primals[index]),))[1]
