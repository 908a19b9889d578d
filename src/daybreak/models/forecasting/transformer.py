"""The early-fusion patch transformer: all features of a patch of days enter together.

Symbols: B windows, T days of context, F features, p days of a patch, s days between patches,
n = (T - p) // s + 1 patches, d width, L layers, A heads, f feed-forward width.

    x    = patches W + b + position                               patches: p F numbers each
    x   += attention(norm(x));  x += W2 gelu(W1 norm(x))           L times, normalised before
    z    = W flatten(norm(x)) + b                                  one logit

Sources: Vaswani et al. (2017), arXiv:1706.03762 (attention); Xiong et al. (2020),
arXiv:2002.04745 (norm first); Kim et al. (2022), ICLR (normalised within each window).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import daybreak as dk

Array = jax.Array
_SPARE = 10
"""Rows of the position table beyond the patches, which the original has and never reads."""
_FLAT = 1e-5
"""Added to variances and deviations that may vanish."""


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
        wrong = [f"{name}={value}" for name, value in vars(self).items()
                 if not isinstance(value, bool) and value < 1]  # fmt: skip
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
            self.d_model, self.n_layers, self.d_ff, features=self.features, context=self.context,
            patch=self.patch, stride=self.stride, normalise=self.normalise,
        )  # fmt: skip


def parameter_count(
    d_model: int, n_layers: int, d_ff: int, *, features: int = 25, context: int = 60,
    patch: int = 10, stride: int = 5, outputs: int = 1, normalise: bool = False,
) -> int:  # fmt: skip
    """How many numbers a network learns; heads share the width and do not count.

        P = (p F d + d) + (n + 10) d + L (4 d^2 + 4 d + 4 d + 2 d f + f + d) + 2 d + (K d n + K)

    with 2 F more where windows are normalised.  The terms are patches, positions, layers
    (attention, two norms, feed-forward), the last norm and the head.
    """
    d, f, n = d_model, d_ff, (context - patch) // stride + 1
    layer = 4 * d * d + 4 * d + 4 * d + 2 * d * f + f + d
    inputs = patch * features * d + d + (n + _SPARE) * d
    return inputs + n_layers * layer + 2 * d + outputs * (d * n + 1) + 2 * features * normalise


class Layer(eqx.Module):
    """One block; a network stacks L of them along a leading axis."""

    norm_1: tuple[Array, Array]  # (d,), (d,)
    qkv: tuple[Array, Array]  # (d, 3d), (3d,)
    out: tuple[Array, Array]  # (d, d), (d,)
    norm_2: tuple[Array, Array]  # (d,), (d,)
    up: tuple[Array, Array]  # (d, f), (f,)
    down: tuple[Array, Array]  # (f, d), (d,)

    def __init__(self, shape: Architecture, key: Array) -> None:
        d, f = shape.d_model, shape.d_ff
        keys = jax.random.split(key, 4)
        glorot = math.sqrt(6.0 / (d + 3 * d))
        self.norm_1 = self.norm_2 = (jnp.ones(d, jnp.float32), jnp.zeros(d, jnp.float32))
        self.qkv = (uniform(keys[0], (d, 3 * d), glorot), jnp.zeros(3 * d, jnp.float32))
        self.out = (affine(keys[1], d, d)[0], jnp.zeros(d, jnp.float32))
        self.up, self.down = affine(keys[2], d, f), affine(keys[3], f, d)

    def __call__(self, x: Array, shape: Architecture, rate: Any, key: Array | None) -> Array:
        """Shapes (B, n, d) to (B, n, d); without a key nothing is dropped."""
        windows, n, d = x.shape
        heads = shape.n_heads
        keys = [None] * 3 if key is None else jax.random.split(key, 3)
        parts = linear(normed(x, self.norm_1), self.qkv)  # (B, n, 3d)
        q, k, v = jnp.moveaxis(parts.reshape(windows, n, 3, heads, d // heads), 2, 0)
        scores = jnp.einsum("bqad,bkad->baqk", q, k) / math.sqrt(d // heads)  # (B, A, n, n)
        weights = dropped(jax.nn.softmax(scores.astype(jnp.float32)), rate, keys[0])
        mixed = jnp.einsum("baqk,bkad->bqad", weights.astype(x.dtype), v)  # (B, n, A, d/A)
        x = x + linear(mixed.reshape(windows, n, d), self.out)  # (B, n, d)
        inner = jax.nn.gelu(
            linear(normed(x, self.norm_2), self.up), approximate=False
        )  # (B, n, f)
        inner = linear(dropped(inner, rate, keys[1]), self.down)  # (B, n, d)
        return x + dropped(inner, rate, keys[2])


class Transformer(eqx.Module):
    """A network; called with windows it gives logits.

    Parameters
    ----------
    shape : Architecture
    key : jax.Array
        Decides the initial weights: those of affine maps are uniform within 1 / sqrt(inputs), as
        in PyTorch, and positions normal with a deviation of 0.02.
    """

    scale: tuple[Array, Array] | None  # (F,), (F,): of windows that are normalised
    patch: tuple[Array, Array]  # (p F, d), (d,)
    position: Array  # (n + 10, d)
    layers: Layer  # every leaf (L, ...)
    norm: tuple[Array, Array]  # (d,), (d,)
    head: tuple[Array, Array]  # (n d, 1), (1,)
    shape: Architecture = eqx.field(static=True)

    def __init__(self, shape: Architecture, key: Array) -> None:
        d, n = shape.d_model, shape.patches
        keys = jax.random.split(key, 4)
        ones, zeros = jnp.ones(shape.features, jnp.float32), jnp.zeros(shape.features, jnp.float32)
        self.scale = (ones, zeros) if shape.normalise else None
        self.patch = affine(keys[0], shape.patch * shape.features, d)
        self.position = 0.02 * jax.random.normal(keys[1], (n + _SPARE, d), jnp.float32)
        make = eqx.filter_vmap(lambda one: Layer(shape, one))
        self.layers = make(jax.random.split(keys[2], shape.n_layers))
        self.norm = (jnp.ones(d, jnp.float32), jnp.zeros(d, jnp.float32))
        self.head = affine(keys[3], n * d, 1)
        self.shape = shape

    def __call__(self, windows: Array, rate: Any = 0.0, key: Array | None = None) -> Array:
        """Logits, shape (B,), of windows (B, T, F).

        Parameters
        ----------
        windows : array, shape (B, T, F)
        rate : float
            Of dropout.
        key : jax.Array, optional
            Randomness of dropout; without it nothing is dropped.

        Raises
        ------
        daybreak.ProblemError
            When the windows are not those the network was built for.
        """
        shape, count = self.shape, windows.shape[0]
        if windows.shape[1:] != (shape.context, shape.features):
            msg = (
                f"the network was built for windows of {shape.context} days and {shape.features} "
                f"features, but got {windows.shape[1]} and {windows.shape[2]}."
            )
            raise dk.ProblemError(msg)
        first, key = (None, None) if key is None else jax.random.split(key)
        x = windows if self.scale is None else within(windows, self.scale)  # (B, T, F)
        days = jnp.arange(shape.patches)[:, None] * shape.stride + jnp.arange(
            shape.patch
        )  # (n, p)
        x = x[:, days].reshape(count, shape.patches, -1)  # (B, n, p F)
        x = linear(x, self.patch) + self.position[: shape.patches].astype(x.dtype)  # (B, n, d)
        x = dropped(x, rate, first)
        keys = None if key is None else jax.random.split(key, shape.n_layers)

        def deeper(x: Array, layer: tuple[Layer, Any]) -> tuple[Array, None]:
            return layer[0](x, shape, rate, layer[1]), None

        x, _ = jax.lax.scan(deeper, x, (self.layers, keys))  # (B, n, d)
        x = normed(x, self.norm).reshape(count, -1)  # (B, n d)
        return linear(x, self.head)[:, 0].astype(jnp.float32)  # (B,)


def uniform(key: Array, size: tuple[int, ...], within: float) -> Array:
    """Numbers between -within and within."""
    return jax.random.uniform(key, size, jnp.float32, -within, within)


def affine(key: Array, inputs: int, outputs: int) -> tuple[Array, Array]:
    """Weights (inputs, outputs) and biases (outputs,) within 1 / sqrt(inputs)."""
    one, two = jax.random.split(key)
    within = 1.0 / math.sqrt(inputs)
    return uniform(one, (inputs, outputs), within), uniform(two, (outputs,), within)


def linear(x: Array, maps: tuple[Array, Array]) -> Array:
    """Shape (..., inputs) to (..., outputs)."""
    return x @ maps[0].astype(x.dtype) + maps[1].astype(x.dtype)


def normed(x: Array, scale: tuple[Array, Array]) -> Array:
    """Mean 0 and variance 1 along the last axis, then a learnt scale and shift; any shape."""
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    variance = jnp.square(centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + _FLAT) * scale[0].astype(x.dtype) + scale[1].astype(
        x.dtype
    )


def within(windows: Array, scale: tuple[Array, Array]) -> Array:
    """Each feature less its mean over the window, by its deviation; shape (B, T, F)."""
    centred = windows - windows.mean(1, keepdims=True)
    spread = jnp.sqrt(jnp.square(centred).sum(1, keepdims=True) / (windows.shape[1] - 1))
    return centred / (spread + _FLAT) * scale[0] + scale[1]


def dropped(x: Array, rate: Any, key: Array | None) -> Array:
    """Numbers set to 0 with probability `rate`, the others scaled up by 1 / (1 - rate)."""
    if key is None:
        return x
    bits = jax.random.bits(key, x.shape, jnp.uint16)
    kept = bits >= jnp.round(rate * 65536.0)
    return jnp.where(kept, x / (1.0 - rate), 0.0).astype(x.dtype)
