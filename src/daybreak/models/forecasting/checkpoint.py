"""A training between two epochs, as bytes: networks, moments, curves, and what it is of.

    one line of JSON: what the training is of, curves    then every array, in NumPy's format

Whether bytes come whole or not at all is up to who keeps them: a trial's `checkpoint` does.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax

import daybreak as dk

from .steps import State
from .transformer import Transformer


@dataclass
class Kept:
    """All that a training has."""

    states: list[State]
    """Of every seed, as they are now."""
    best: list[Transformer]
    """Networks after their best epochs."""
    courses: list[Any]


def kept(now: Kept, mark: str) -> bytes:
    """A training as bytes; `mark` says what it is of."""
    file = io.BytesIO()
    head = {"of": mark, "courses": [vars(course) for course in now.courses]}
    file.write(json.dumps(head).encode() + b"\n")
    eqx.tree_serialise_leaves(file, (now.states, now.best))
    return file.getvalue()


def resumed(found: bytes | None, fresh: Kept, mark: str, course: Callable[..., Any]) -> Kept:
    """The training that was kept, or a fresh one when there is none.

    Raises
    ------
    daybreak.ProblemError
        When what was kept is of another architecture, recipe, seeds or data.
    """
    if found is None:
        return fresh
    file = io.BytesIO(found)
    head = json.loads(file.readline())
    if head["of"] != mark:
        msg = (
            f"the checkpoint is of another training and cannot be resumed: it holds {head['of']}, "
            f"but {mark} is asked for; remove it to begin anew."
        )
        raise dk.ProblemError(msg)
    states, best = eqx.tree_deserialise_leaves(file, (fresh.states, fresh.best))
    courses = [course(**one) for one in head["courses"]]
    return Kept(jax.device_put(states), jax.device_put(best), courses)
