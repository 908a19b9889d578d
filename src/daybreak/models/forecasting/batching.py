"""Memory of a training, and the most windows at once that fit into it.

Symbols: P learnt numbers, p of one layer; b windows at once, B of a step; s bytes of a number.
What the backward pass needs is kept by the forward pass, for each window and layer:

    13 n d + 5 n f numbers       inputs of the products, of the two norms and of the GELU
    3 A n^2 numbers              scores, weights, and weights after dropout
    n (d + f) + A n^2 bytes      what dropout left

and one layer more is at work.  s is 4, and 2 for bfloat16 on a graphics processor, where two of
the three A n^2 stay float32; a processor computes bfloat16 as float32.  XLA's own count for the
compiled epoch lies between 0.8 and 1 times the sum, above a few MiB (`tests/`); this was not
tried on a graphics processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax

import daybreak as dk

from .architecture import Architecture
from .recipe import Precision
from .steps import AT_ONCE

GIB = 2**30
PROCESS_GIB = 1.0
"""Python, libraries, and the compiler at work, measured on a processor; beside all of `Memory`."""
_SCORES = ((0.1, 256), (0.5, 128), (1.5, 64), (3.0, 32))


@dataclass(frozen=True)
class Memory:
    """What a training occupies, in bytes.

    Parameters
    ----------
    state : int
        Weights and AdamW's two moments: 12 P; three times so while several seeds are put together
        and taken apart.
    gradient : int
        4 P; twice so where micro-batches are added up; and weights as bfloat16, 2 P.
    windows : int
        What b windows keep for the backward pass, and the layer at work.
    forecast : int
        Of validation, windows of which nothing is kept; never at the same time as `gradient` and
        `windows`.
    best : int
        The network after its best epoch: 4 P.
    checkpoint : int
        State and best as bytes, while they are written: 16 P.
    """

    state: int
    gradient: int
    windows: int
    forecast: int
    best: int
    checkpoint: int

    @property
    def step(self) -> int:
        """What the compiled epoch occupies."""
        return self.state + self.gradient + self.windows

    @property
    def gib(self) -> float:
        """The most that is there at one time, in GiB."""
        at_work = max(self.gradient + self.windows, self.forecast, self.checkpoint)
        return (self.state + self.best + at_work) / GIB


def memory(
    architecture: Architecture,
    windows: int,
    *,
    accumulated: bool = False,
    seeds: int = 1,
    precision: Precision = "float32",
    backend: str | None = None,
) -> Memory:
    """Estimate what a training occupies.

    Parameters
    ----------
    architecture : Architecture
    windows : int
        At once, b.
    accumulated : bool
        Whether a step adds up several micro-batches.
    seeds : int
        Networks that are trained side by side.
    precision : {"float32", "bfloat16"}
    backend : str, optional
        ``"cpu"`` or ``"gpu"``; by default JAX's own.
    """
    d, f, n = architecture.d_model, architecture.d_ff, architecture.patches
    learnt, layers = architecture.parameters, architecture.n_layers
    backend = backend or jax.default_backend()
    short = precision == "bfloat16" and backend != "cpu"
    size = 2 if short else 4
    scores = architecture.n_heads * n * n
    kept = size * (13 * n * d + 5 * n * f) + (2 * 4 + size) * scores + n * (d + f) + scores
    shown = (
        3 * architecture.context + 2 * n * architecture.patch
    )  # as rows, as windows, as patches
    ends = size * (shown * architecture.features + 6 * n * d)
    layer = 4 * (4 * d * d + 2 * d * f)
    once = 4 * (2 * n * (d + f) + 2 * scores + architecture.context * architecture.features)
    return Memory(
        state=12 * learnt * seeds * (1 if seeds == 1 else 3),
        gradient=(4 * learnt * (1 + accumulated) + 2 * learnt * short + layer) * seeds,
        windows=windows * (layers * kept + kept + ends) * seeds,
        forecast=AT_ONCE * once,
        best=4 * learnt * seeds,
        checkpoint=16 * learnt * seeds,
    )


def micro_batch(
    architecture: Architecture,
    batch_size: int,
    memory_gib: float,
    precision: Precision = "float32",
    *,
    seeds: int = 1,
    backend: str | None = None,
) -> int:
    """The most windows at once that fit: a step's, halved until they do.

    Parameters
    ----------
    architecture : Architecture
    batch_size : int
        Windows of one step, B; the answer divides it.
    memory_gib : float
        What the trial's process may occupy, as in `daybreak.Resources`; on a graphics processor
        the memory of that.
    precision, seeds, backend
        See `memory`.

    Raises
    ------
    daybreak.ProblemError
        When a number makes no sense, or not even the fewest windows fit.
    """
    if batch_size < 1 or not memory_gib > 0 or seeds < 1:
        msg = (
            "`batch_size >= 1`, `memory_gib > 0` and `seeds >= 1` must hold, but got "
            f"({batch_size=}, {memory_gib=}, {seeds=})."
        )
        raise dk.ProblemError(msg)
    backend = backend or jax.default_backend()
    beside = PROCESS_GIB if backend == "cpu" else 0.0
    needed = 0.0
    for windows in _halves(batch_size):
        found = memory(
            architecture,
            windows,
            accumulated=windows < batch_size,
            seeds=seeds,
            precision=precision,
            backend=backend,
        )
        needed = beside + found.gib
        if needed <= memory_gib:
            return windows
    msg = (
        f"a network of {architecture.parameters:,} parameters needs {needed:.2f} GiB to be "
        f"trained with one window at once ({seeds=}, {precision}), but {memory_gib:g} GiB are "
        "given; give more, train fewer seeds side by side, or take a smaller network."
    )
    raise dk.ProblemError(msg)


def _halves(batch_size: int) -> list[int]:
    """A step's windows, halved as long as they can be; last 1, which divides everything."""
    found = [batch_size]
    while found[-1] % 2 == 0:
        found.append(found[-1] // 2)
    return found if found[-1] == 1 else [*found, 1]


def original_micro_batch(architecture: Architecture) -> int:
    """The study's own rule, for comparison: a table of d^2 L / 1e9.

    ``<= 0.1: 256; <= 0.5: 128; <= 1.5: 64; <= 3: 32; else 16``; micro-batches are added up to
    256 windows.  It knows neither the feed-forward width, nor heads, nor the context, nor how
    much memory there is.
    """
    score = architecture.d_model**2 * architecture.n_layers / 1e9
    return next((windows for bar, windows in _SCORES if score <= bar), 16)
