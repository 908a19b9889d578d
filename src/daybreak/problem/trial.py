"""What `evaluate` is given beside a configuration: a seed, a directory, and a notebook."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.errors import ProblemError
from daybreak.problem.artifacts import Artifact, Curve, Matrix, Table, plain

Limits = Mapping[int, float]
"""Pruning bars by step: in units of the loss, which is smaller when better."""


class Pruned(BaseException):
    """Raised by `Trial.report` to end a trial; no `Exception`, so that no handler catches it."""


def _nobody(step: int, value: float | None) -> None:
    """Nobody listens to reports."""


class Trial:
    """One evaluation under way.

    Attributes
    ----------
    seed : int
        A function of the campaign's seed, the configuration, and which repetition this is;
        below 2^31, so that every library takes it.
    settings : named tuple
        The study's settings, read as ``trial.settings.name``.
    """

    def __init__(
        self,
        seed: int,
        directory: Path,
        settings: Any,
        *,
        sign: float = 1.0,
        limits: Limits | None = None,
        heard: Callable[[int, float | None], None] = _nobody,
    ) -> None:
        """Begin; `heard` is told every report as it comes, and may raise to end the night."""
        self.seed = seed
        self._directory = directory
        self.settings = settings
        self.reports: dict[int, float | None] = {}
        self.recorded: dict[str, Any] = {}
        self.attached: dict[str, dict[str, Any]] = {}
        self._sign = sign
        self._limits = limits or {}
        self._heard = heard
        self._best = np.inf

    @property
    def directory(self) -> Path:
        """The trial's own; after a kill the same trial finds there what it left."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return self._directory

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator of random numbers made from the seed."""
        return np.random.default_rng(self.seed)

    def report(self, step: int, value: float) -> None:
        """Tell an intermediate value of the objective at a step (an epoch, a refinement).

        A value that is not finite is kept as missing, and counts as worse than any bar.

        Raises
        ------
        Pruned
            When a pruner has set a bar at this step, and no value so far is as good.
        """
        number = float(value)
        finite = bool(np.isfinite(number))
        self.reports[int(step)] = number if finite else None
        if finite:
            self._best = min(self._best, self._sign * number)
        self._heard(int(step), self.reports[int(step)])
        bar = self._limits.get(int(step))
        if bar is not None and self._best > bar:
            msg = f"at step {step} {number:.6g} is behind the bar {self._sign * bar:.6g}"
            raise Pruned(msg)

    def record(self, **values: Any) -> None:
        """Keep named values with the trial: part of every exported best."""
        self.recorded |= {name: plain(value) for name, value in values.items()}

    def attach(self, what: Artifact | str | Path) -> None:
        """Keep a Curve, Matrix or Table, or a file, with the trial.

        A file is copied into the trial's directory unless it lies there already.
        """
        if isinstance(what, (Curve, Matrix, Table)):
            self.attached[what.name] = what.dump()
            return
        path = Path(what)
        if not path.is_file():
            msg = f"only a Curve, Matrix, Table or existing file can be attached, not {what!r}."
            raise ProblemError(msg)
        if not path.resolve().is_relative_to(self.directory.resolve()):
            path = Path(shutil.copy2(path, self.directory))
        self.attached[path.name] = {
            "kind": "file",
            "name": path.name,
            "bytes": path.stat().st_size,
            "path": path.resolve().relative_to(self.directory.resolve()).as_posix(),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }

    def checkpoint(self, data: bytes, name: str = "checkpoint") -> None:
        """Keep the state of a long evaluation: whole or not at all, and on the disk."""
        handle, written = tempfile.mkstemp(prefix=f".{name}.", dir=self.directory)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(written).replace(self.directory / name)

    def restore(self, name: str = "checkpoint") -> bytes | None:
        """The state that an earlier, killed attempt at this trial kept; None at first."""
        path = self._directory / name
        return path.read_bytes() if path.exists() else None
