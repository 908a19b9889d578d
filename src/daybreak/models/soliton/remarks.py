"""What is to be said of a state, in words: one function for each thing that may be wrong with it.

Each takes numbers that are known and returns a remark, or None where there is nothing to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .landscape import Landscape
from .mass_ratio import MassRatio
from .nulls import Null
from .refinement import BoxStudy, Refinement, radius_needed
from .scores import Scores
from .solution import VANISHING, Solution

_ROUNDING = 1e-9
MESH_ACCURACY = 1e-3
"""Relative error of E that a mesh may leave."""
WALL_ACCURACY = 1e-5
"""Share of a field's maximum by which the wall may change it."""


@dataclass(frozen=True)
class Remark:
    """A fixed word, and the sentence that a reader sees.

    Parameters
    ----------
    code : str
        Never renamed.
    sentence : str
        What is so, with its numbers, and what to do.
    """

    code: str
    sentence: str

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


def unbounded(found: Landscape) -> Remark | None:
    """The potential falls without limit."""
    if found.runaway is None:
        return None
    direction = ", ".join(f"{share:.2f}" for share in found.runaway)
    return Remark(
        "unbounded_below",
        f"The potential falls without limit along ({direction}): there is no state of least "
        "energy.  Add a term of higher power, or change its sign.",
    )


def not_converged(solution: Solution) -> Remark | None:
    """The residual is above its tolerance."""
    if solution.converged:
        return None
    return Remark(
        "not_converged",
        f"Not a state: the residual is {solution.residual:.2g}, asked for "
        f"{solution.tolerance:.2g}.  {solution.stop.value}",
    )


def not_converged_originally(norm: float, *, success: bool, message: str) -> Remark | None:
    """A minimiser of the original study gave up, or its force is far from zero."""
    if success and norm < 1e-6:
        return None
    word = "success" if success else "failure"
    return Remark(
        "not_converged",
        f"Not a state: the force has norm {norm:.6g} where it should be zero, and the minimiser "
        f"itself reports {word} ({message}).  Hand it the gradient of the energy it lowers.",
    )


def unstable(solution: Solution) -> Remark | None:
    """Some spherical change lowers the energy."""
    count = solution.negative_modes
    if count == 0:
        return None
    lowest = float(solution.modes(1)[0][0])
    modes = "1 mode lowers" if count == 1 else f"{count} modes lower"
    return Remark(
        "unstable",
        f"Unstable: {modes} the energy, the lowest at {lowest:.6g}.  It decays: no particle.",
    )


def trivial_condensate(solution: Solution, n_octaves: int) -> Remark | None:
    """No octave is there."""
    largest = float(solution.amplitudes[:n_octaves].max())
    if largest >= VANISHING:
        return None
    rest = float(solution.amplitudes[n_octaves:].max(initial=0.0))
    what = f"only Phi = {rest:.4g} fills the box" if rest >= VANISHING else "all space is empty"
    return Remark(
        "trivial_condensate",
        f"Trivial: every octave vanishes (largest {largest:.2g}), {what}.  There is no condensate "
        "whose spectrum could be scored.",
    )


def box_filling(study: BoxStudy) -> Remark | None:
    """The energy grows with the box."""
    if not study.box_filling:
        return None
    radii = " to ".join(f"{radius:g}" for radius in study.radii[-2:])
    return Remark(
        "box_filling",
        f"Box-filling: from R = {radii} the energy grows as R^{study.growth:.2f}, a volume's R^3 "
        "and not the R^0 of a particle.  The field fills whatever box it is given.",
    )


def box_too_small(solution: Solution, accuracy: float = WALL_ACCURACY) -> Remark | None:
    """A state that dies away towards the wall has not done so when it reaches it."""
    if solution.trivial or not solution.localised:
        return None
    needed = radius_needed(solution, accuracy)
    if needed <= 1.01 * solution.problem.radius:
        return None
    reach = f"R = {needed:.3g} would do" if math.isfinite(needed) else "its tail has no end"
    return Remark(
        "box_too_small",
        f"The wall at R = {solution.problem.radius:g} changes the field by more than "
        f"{accuracy:g} of its maximum; {reach}.",
    )


def grid_too_coarse(study: Refinement, accuracy: float = MESH_ACCURACY) -> Remark | None:
    """Half the step changes the energy by more than is allowed."""
    if not study.settled:
        return Remark(
            "grid_too_coarse",
            f"With N = {study.cells} and {2 * study.cells} cells the state is not the same one; "
            f"begin with at least N = {4 * study.cells}.",
        )
    if study.error <= accuracy:
        return None
    return Remark(
        "grid_too_coarse",
        f"With N = {study.cells} cells the energy is off by {100 * study.error:.2g} %; "
        f"{100 * accuracy:g} % needs N = {study.cells_needed(accuracy)}.",
    )


def inside_null(found: Scores, null: Null) -> Remark | None:
    """A score is no better than what random masses get."""
    low, high = null.interval
    if found.fractal_score > high + _ROUNDING:
        return None
    return Remark(
        "inside_null",
        f"The fractal score {found.fractal_score:.3f} is no better than chance: random masses, as "
        f"many and as widely spread, score {low:.3f} to {high:.3f}.",
    )


def restates_inputs(found: MassRatio) -> Remark | None:
    """A ratio of masses is the ratio of two parameters."""
    if not found.restates_inputs:
        return None
    return Remark(
        "restates_inputs",
        f"m(Phi) / m(Psi) = {found.ratio:.4f} is the inputs' sqrt(mu2) / m0 = {found.vacuum:.4f} "
        "to 1 %: it would be found without any field.",
    )


def said(*remarks: Remark | None) -> tuple[Remark, ...]:
    """Those that there are."""
    return tuple(remark for remark in remarks if remark is not None)


def codes(remarks: Iterable[Remark]) -> str:
    """Their words, for a column of a table."""
    return " ".join(remark.code for remark in remarks)
