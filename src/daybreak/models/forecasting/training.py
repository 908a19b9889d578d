"""Training: epochs until validation stops improving, the best of them kept.

Networks that differ in their seeds only are trained side by side, and each as if it were alone.
Randomness is a function of (seed, epoch), so that a training that is stopped between two epochs
and goes on is the one that was never stopped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import daybreak as dk

from .architecture import Architecture
from .checkpoint import Kept, kept, resumed
from .numeric import Floats
from .recipe import Recipe
from .steps import (
    Dials,
    Form,
    Rows,
    State,
    beginning,
    epoch_of_many,
    epoch_of_one,
    forecast,
)
from .transformer import Transformer


@dataclass
class Course:
    """How one seed's training went."""

    train: list[float] = field(default_factory=list[float])
    """Loss of every epoch while its steps were taken."""
    validation: list[float] = field(default_factory=list[float])
    """Cross-entropy after every epoch, nats."""
    best: int = -1
    """Index of the epoch that is kept; -1 when none was finite."""
    ended: str = ""
    """``converged`` (no improvement for `patience` epochs), ``diverged``, or ``all epochs``."""

    def learn(self, train: float, validation: float, recipe: Recipe) -> bool:
        """Take an epoch's losses; whether it is the best so far."""
        self.train.append(train)
        self.validation.append(validation)
        last = len(self.validation) - 1
        lowest = self.validation[self.best] if self.best >= 0 else math.inf
        better = validation < lowest - recipe.min_delta
        if better:
            self.best = last
        if not (math.isfinite(train) and math.isfinite(validation)):
            self.ended = "diverged"
        elif last - self.best >= recipe.patience:
            self.ended = "converged"
        elif last + 1 >= recipe.epochs:
            self.ended = "all epochs"
        return better


@dataclass(frozen=True)
class Trained:
    """Networks after training, each as it was after its best epoch.

    Parameters
    ----------
    architecture : Architecture
    recipe : Recipe
    seeds : tuple of int
    courses : tuple of Course
        In the order of the seeds.
    """

    architecture: Architecture
    recipe: Recipe
    seeds: tuple[int, ...]
    courses: tuple[Course, ...]
    networks: tuple[Transformer, ...]

    @property
    def diverged(self) -> tuple[int, ...]:
        """Seeds whose loss ceased to be a number."""
        return tuple(
            seed
            for seed, course in zip(self.seeds, self.courses, strict=True)
            if course.ended == "diverged"
        )

    def probabilities(self, samples: Any) -> Floats:
        """Forecasts for a region, shape (seeds, n)."""
        rows = Rows.of(samples)
        return np.stack([np.asarray(jax.nn.sigmoid(forecast(one, rows))) for one in self.networks])


def train(
    architecture: Architecture,
    recipe: Recipe,
    learn: Any,
    choose: Any,
    *,
    seeds: Sequence[int] = (0,),
    identity: str = "",
    on_epoch: Callable[[int, float, float], None] | None = None,
    checkpoint: Callable[[bytes], None] | None = None,
    restore: Callable[[], bytes | None] | None = None,
) -> Trained:
    """Train a network for each seed.

    Parameters
    ----------
    architecture : Architecture
    recipe : Recipe
    learn, choose : Samples
        Regions to learn from, and to choose the epoch by.
    seeds : sequence of int
    identity : str
        Of the data; a checkpoint of other data is refused.
    on_epoch : callable (epoch, training loss, validation loss), optional
        Told the means over the seeds; may raise to end the training.
    checkpoint, restore : callables, optional
        Keep bytes after every epoch, and give them back: those of a trial.

    Raises
    ------
    daybreak.ProblemError
        When data and architecture disagree, or a checkpoint is of another training.
    """
    features, context = learn.features.shape[1], learn.context
    if (features, context) != (architecture.features, architecture.context):
        msg = (
            f"the data have {features} features and windows of {context} days, but the network is "
            f"built for {architecture.features} and {architecture.context}."
        )
        raise dk.ProblemError(msg)
    if not seeds or not len(learn.last) or not len(choose.last):
        msg = "training needs at least one seed and samples to learn from and to choose by."
        raise dk.ProblemError(msg)
    rows, judged = Rows.of(learn), Rows.of(choose)
    dials, form = Dials.of(recipe, len(learn.last)), Form.of(recipe)
    keys = [jax.random.key(seed) for seed in seeds]
    states = [beginning(architecture, jax.random.fold_in(key, 0)) for key in keys]
    mark = f"{architecture} {recipe} {tuple(seeds)} {identity}"
    now = Kept(states, [one.network for one in states], [Course() for _ in seeds])
    if restore is not None:
        now = resumed(restore(), now, mark, Course)
    for number in itertools.count(len(now.courses[0].train)):
        going = [course for course in now.courses if not course.ended]
        if not going:
            break
        now = _after(
            now,
            [jax.random.fold_in(key, number + 1) for key in keys],
            rows,
            judged,
            dials,
            form,
            recipe,
        )
        if checkpoint is not None:
            checkpoint(kept(now, mark))
        if on_epoch is not None:
            means = (
                float(np.mean([getattr(course, name)[-1] for course in now.courses]))
                for name in ("train", "validation")
            )
            on_epoch(number, *means)
    return Trained(architecture, recipe, tuple(seeds), tuple(now.courses), tuple(now.best))


def _after(
    now: Kept, keys: list[Any], rows: Rows, judged: Rows, dials: Dials, form: Form, recipe: Recipe
) -> Kept:
    """Everything one epoch later; seeds that have ended stay as they are."""
    going = [place for place, course in enumerate(now.courses) if not course.ended]
    moved = _epoch(
        [now.states[place] for place in going], [keys[place] for place in going], rows, dials, form
    )
    states, best = list(now.states), list(now.best)
    for place, (state, loss) in zip(going, moved, strict=True):
        states[place] = state
        logits = np.asarray(forecast(state.network, judged), np.float64)
        signed = np.where(np.asarray(judged.labels) > 0, logits, -logits)
        entropy = float(np.logaddexp(0.0, -signed).mean())
        if now.courses[place].learn(loss, entropy, recipe):
            best[place] = jax.tree.map(jnp.copy, state.network)
    return Kept(states, best, now.courses)


def _epoch(
    states: list[State], keys: list[Any], rows: Rows, dials: Dials, form: Form
) -> list[tuple[State, float]]:
    """One epoch of every network; several share one compiled call."""
    if len(states) == 1:
        state, loss = epoch_of_one(states[0], rows, keys[0], dials, form)
        return [(state, float(loss))]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    after, losses = epoch_of_many(together, rows, jnp.stack(keys), dials, form)
    return [
        (jax.tree.map(lambda leaf, place=place: leaf[place], after), float(loss))
        for place, loss in enumerate(losses)
    ]
