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
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import daybreak as dk

from .architecture import SPARE, Architecture

Array = jax.Array
_FLAT = 1e-5
"""Added to variances and deviations that may vanish."""


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
        self.position = 0.02 * jax.random.normal(keys[1], (n + SPARE, d), jnp.float32)
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
