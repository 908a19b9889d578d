"""The shape of a network, and how many numbers a network of that shape learns.

It stands apart from the network so that grids and plans are made without loading JAX.
"""

from __future__ import annotations

from dataclasses import dataclass

import daybreak as dk

SPARE = 10
"""Rows of the position table beyond the patches, which the original has and never reads."""


@dataclass(frozen=True)
class Architecture:
    """The shape of a network.

    Parameters
    ----------
    d_model, n_layers, n_heads, d_ff : int
        Width d, layers L, heads A, feed-forward width f.
    features, context, patch, stride : int
        What a window is: F, T, and how it is cut: p, s.
    normalise : bool
        Normalise each feature within its window, with a learnt scale and shift.

    Raises
    ------
    daybreak.ProblemError
        When a number is not positive, A does not divide d, or a patch is longer than the context.
    """

    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    features: int = 25
    context: int = 60
    patch: int = 10
    stride: int = 5
    normalise: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        wrong = [
            f"{name}={value}"
            for name, value in vars(self).items()
            if not isinstance(value, bool) and value < 1
        ]
        if wrong:
            msg = f"an architecture needs positive whole numbers, but got {', '.join(wrong)}."
            raise dk.ProblemError(msg)
        if self.d_model % self.n_heads:
            msg = (
                "every head takes an equal share of the width: `d_model % n_heads == 0` must "
                f"hold, but got ({self.d_model=}, {self.n_heads=})."
            ).replace("self.", "")
            raise dk.ProblemError(msg)
        if self.patch > self.context:
            msg = (
                f"a patch of {self.patch} days does not fit into a context of {self.context}; "
                "take a longer context or a shorter patch."
            )
            raise dk.ProblemError(msg)

    @property
    def patches(self) -> int:
        """How many patches a window has, n."""
        return (self.context - self.patch) // self.stride + 1

    @property
    def parameters(self) -> int:
        """Exact number of learnt numbers; see `parameter_count`."""
        return parameter_count(
            self.d_model,
            self.n_layers,
            self.d_ff,
            features=self.features,
            context=self.context,
            patch=self.patch,
            stride=self.stride,
            normalise=self.normalise,
        )


def parameter_count(
    d_model: int,
    n_layers: int,
    d_ff: int,
    *,
    features: int = 25,
    context: int = 60,
    patch: int = 10,
    stride: int = 5,
    outputs: int = 1,
    normalise: bool = False,
) -> int:
    """How many numbers a network learns; heads share the width and do not count.

        P = (p F d + d) + (n + 10) d + L (4 d^2 + 4 d + 4 d + 2 d f + f + d) + 2 d + (K d n + K)

    with 2 F more where windows are normalised.  The terms are patches, positions, layers
    (attention, two norms, feed-forward), the last norm and the head.
    """
    d, f, n = d_model, d_ff, (context - patch) // stride + 1
    layer = 4 * d * d + 4 * d + 4 * d + 2 * d * f + f + d
    inputs = patch * features * d + d + (n + SPARE) * d
    return inputs + n_layers * layer + 2 * d + outputs * (d * n + 1) + 2 * features * normalise
