"""Compiled passes over the data: an epoch of steps, and forecasts.

Rows of features are on the device once; windows are gathered there, a micro-batch at a time.  A
step adds the gradients of its micro-batches, each window counting once:

    g = (sum over windows of the gradient of their loss) / (number of windows)

also in the last, smaller step of an epoch.  Numbers of a recipe that may change from trial to
trial are arguments of the compiled call, so that one compilation serves them all.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .architecture import Architecture
from .recipe import Recipe
from .transformer import Transformer

Array = jax.Array
AT_ONCE = 512
"""Windows of a forecast that are held in memory together."""
_FLAT = 1e-5


class Rows(NamedTuple):
    """Samples of one region, on the device."""

    features: Array  # (rows, F)
    last: Array  # (n,)
    labels: Array  # (n,)
    relative: Array  # (F,): which columns are normalised within each window
    days: Array  # (T,): offsets of a window's days

    @classmethod
    def of(cls, samples: Any) -> Rows:
        """Put samples on the device."""
        features = np.asarray(samples.features, np.float32)
        relative = np.zeros(features.shape[1], bool)
        relative[list(getattr(samples, "relative", ()))] = True
        return cls(
            jnp.asarray(features),
            jnp.asarray(samples.last, jnp.int32),
            jnp.asarray(samples.labels, jnp.float32),
            jnp.asarray(relative),
            jnp.arange(1 - samples.context, 1, dtype=jnp.int32),
        )

    def windows(self, which: Array) -> Array:
        """Windows of some samples, shape (B, T, F)."""
        shown = self.features[self.last[which][:, None] + self.days]
        centred = shown - shown.mean(1, keepdims=True)
        spread = jnp.sqrt(jnp.square(centred).sum(1, keepdims=True) / (shown.shape[1] - 1))
        return jnp.where(self.relative, centred / (spread + _FLAT), shown)


class Dials(NamedTuple):
    """The numbers of a recipe that a compiled pass takes as arguments."""

    learning_rate: Array
    weight_decay: Array
    warmup_steps: Array
    dropout: Array
    steps: Array  # of the whole training
    gamma: Array
    alpha: Array

    @classmethod
    def of(cls, recipe: Recipe, samples: int) -> Dials:
        """For a training region of so many samples."""
        gamma, alpha = recipe.focal or (0.0, 0.5)
        steps = recipe.epochs * -(-samples // recipe.batch_size)
        numbers = (
            recipe.learning_rate,
            recipe.weight_decay,
            recipe.warmup_steps,
            recipe.dropout,
            steps,
            gamma,
            alpha,
        )
        return cls(*(jnp.asarray(number, jnp.float32) for number in numbers))


@dataclass(frozen=True)
class Form:
    """What of a recipe decides the compiled program."""

    schedule: str
    batch_size: int
    micro: int
    focal: bool
    precision: str

    @classmethod
    def of(cls, recipe: Recipe) -> Form:
        """The form of a recipe."""
        return cls(
            recipe.schedule,
            recipe.batch_size,
            recipe.micro,
            recipe.focal is not None,
            recipe.precision,
        )


class State(NamedTuple):
    """A network in training."""

    network: Transformer
    moments: Any  # of AdamW


def beginning(shape: Architecture, key: Array) -> State:
    """A network before its first step."""
    network: Any = Transformer(shape, key)  # Optax's own types know no such trees
    return State(network, optax.adamw(lambda _: 0.0).init(network))


def losses(logits: Array, labels: Array, dials: Dials, *, focal: bool) -> Array:
    """Cross-entropy or focal loss of each window, in nats; shape (B,)."""
    signed = jnp.where(labels > 0, logits, -logits)  # ln p_t = -softplus(-signed)
    loss = jax.nn.softplus(-signed)
    if not focal:
        return loss
    weight = jnp.where(labels > 0, dials.alpha, 1.0 - dials.alpha)
    return weight * jax.nn.sigmoid(-signed) ** dials.gamma * loss


def rate_at(step: Any, dials: Dials, schedule: str) -> Array:
    """Learning rate of a step, the first being 0."""
    rising = (step + 1.0) / (dials.warmup_steps + 1.0)
    after = jnp.maximum(dials.steps - dials.warmup_steps, 1.0)
    part = jnp.clip((step - dials.warmup_steps) / after, 0.0, 1.0)
    falling = 0.5 * (1.0 + jnp.cos(jnp.pi * part)) if schedule == "cosine" else 1.0
    return dials.learning_rate * jnp.where(step < dials.warmup_steps, rising, falling)


def epoch(state: State, rows: Rows, key: Array, dials: Dials, form: Form) -> tuple[State, Array]:
    """All training windows once, in an order that the key decides; gives the mean loss too."""
    count = rows.last.shape[0]
    steps = -(-count // form.batch_size)
    order, noise = jax.random.split(key)
    places = jax.random.permutation(order, count)
    spare = steps * form.batch_size - count
    shape = (steps, form.batch_size // form.micro, form.micro)
    which = jnp.pad(places, (0, spare)).reshape(shape)
    there = jnp.pad(jnp.ones(count, jnp.float32), (0, spare)).reshape(shape)

    def step(state: State, given: tuple[Array, Array, Array]) -> tuple[State, Array]:
        places, there, noise = given
        network: Any = state.network

        def total(network: Transformer, place: Array, there: Array, noise: Array) -> Array:
            windows = rows.windows(place).astype(form.precision)
            logits = network(windows, dials.dropout, noise)
            found = losses(logits, rows.labels[place], dials, focal=form.focal)
            return jnp.sum(there * found)

        one = jax.value_and_grad(total)
        if shape[1] == 1:
            loss, gradient = one(network, places[0], there[0], noise)
        else:
            noises = jax.random.split(noise, shape[1])

            def add(sums: Any, part: Any) -> tuple[Any, None]:
                return jax.tree.map(jnp.add, sums, one(network, *part)), None

            nothing = (jnp.zeros((), jnp.float32), jax.tree.map(jnp.zeros_like, network))
            (loss, gradient), _ = jax.lax.scan(add, nothing, (places, there, noises))
        size = there.sum()
        gradient = jax.tree.map(lambda g: g / size, gradient)
        rule = optax.adamw(
            lambda step: rate_at(step, dials, form.schedule), weight_decay=dials.weight_decay
        )
        change, moments = rule.update(gradient, state.moments, network)
        moved: Any = optax.apply_updates(network, change)
        return State(moved, moments), loss

    state, loss = jax.lax.scan(step, state, (which, there, jax.random.split(noise, steps)))
    return state, loss.sum() / count


@functools.partial(jax.jit, static_argnames="form", donate_argnums=0)
def epoch_of_one(
    state: State, rows: Rows, key: Array, dials: Dials, form: Form
) -> tuple[State, Array]:
    """An epoch of one network."""
    return epoch(state, rows, key, dials, form)


@functools.partial(jax.jit, static_argnames="form", donate_argnums=0)
def epoch_of_many(
    states: State, rows: Rows, keys: Array, dials: Dials, form: Form
) -> tuple[State, Array]:
    """An epoch of several networks that differ in their seeds, along the first axis."""
    return jax.vmap(lambda state, key: epoch(state, rows, key, dials, form))(states, keys)


@functools.partial(jax.jit, static_argnames="precision")
def forecast(network: Transformer, rows: Rows, precision: str = "float32") -> Array:
    """Logits of every sample, shape (n,)."""
    count = rows.last.shape[0]
    size = min(count, AT_ONCE)
    places = jnp.pad(jnp.arange(count), (0, -count % size)).reshape(-1, size)
    found = jax.lax.map(lambda some: network(rows.windows(some).astype(precision)), places)
    return found.reshape(-1)[:count]
