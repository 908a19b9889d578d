"""Why a trial stopped: what kind of end that is, and the sentence that the reader sees."""

from __future__ import annotations

import enum


class StopKind(enum.Enum):
    """What kind of end a trial came to; the value is the word the reader sees."""

    CONVERGED = "converged"
    """A fit at what can be called a minimum along its free parameters."""
    STOPPED = "stopped"
    """A fit that ended before that; its place and chi2 are good to go on from."""
    FAILED = "failed"
    """There is nothing to go on from."""
    COMPLETED = "completed"
    """A configuration of a search of which everything is known."""
    PRUNED = "pruned"
    """A configuration that was given up early."""


class StopReason(enum.Enum):
    """Why a trial stopped."""

    GRADIENT = StopKind.CONVERGED, "no free parameter can lower chi2 to first order"
    DECREASE = StopKind.CONVERGED, "the next step would lower chi2 by less than its rounding error"
    STEP = StopKind.CONVERGED, "the next step is smaller than the parameters can resolve"
    EXACT = StopKind.CONVERGED, "the residuals vanish"
    FORETOLD = StopKind.CONVERGED, "further steps would lower chi2 by less than the tolerance"
    POPULATION = StopKind.CONVERGED, "the population has drawn together"
    ITERATIONS = StopKind.STOPPED, "the allowed number of iterations was reached; allow more"
    BUDGET = (
        StopKind.STOPPED,
        "the budget of evaluations was spent; a larger one goes on from here",
    )
    STALLED = (
        StopKind.STOPPED,
        (
            "no step lowers chi2 although its slope says one should; the objective is "
            "rough there (jumps or noise)"
        ),
    )
    NONFINITE = (
        StopKind.FAILED,
        "the prediction, or a derivative of it, is not finite at the start",
    )
    RAISED = StopKind.FAILED, "the model raised an exception"
    MEASURED = StopKind.COMPLETED, "every objective was measured"
    PRUNED = StopKind.PRUNED, "its intermediate values fell behind those of other trials"
    UNMEASURED = StopKind.FAILED, "an objective is missing or not a finite number"
    CRASHED = StopKind.FAILED, "the process that made it ended before it did"
    OUT_OF_MEMORY = StopKind.FAILED, "memory ran out; allow more, or give the model less to hold"
    TIME_LIMIT = (
        StopKind.FAILED,
        "it took longer than its time limit; allow more, or look for what hangs",
    )

    def __init__(self, kind: StopKind, why: str) -> None:
        self.kind = kind
        self.why = why

    @property
    def sentence(self) -> str:
        """What the reader sees, e.g. ``converged: the residuals vanish``."""
        return f"{self.kind.value}: {self.why}"

    @property
    def converged(self) -> bool:
        """Whether the end can be called a minimum along the free parameters."""
        return self.kind is StopKind.CONVERGED

    @property
    def failed(self) -> bool:
        """Whether there is no end at all."""
        return self.kind is StopKind.FAILED
