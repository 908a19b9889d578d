"""How a search for a stationary point ends."""

from __future__ import annotations

from enum import Enum


class Stop(Enum):
    """Its value is the sentence that the reader sees."""

    CONVERGED = "The residual is below its tolerance."
    STALLED = "No step lowers the residual any more, and it is above its tolerance."
    EXHAUSTED = "The allowed number of iterations was used up."
    RUNAWAY = "The fields grow without limit: the potential is unbounded below."
    NON_FINITE = "Energy or force is not a number at the start."
    NO_BARRIER = "Every amplitude tried ends on the same side: there is no barrier between them."
