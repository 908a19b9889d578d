"""A contract bites: whoever breaks a law is caught by the law of that name."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass

import numpy as np
import pytest

from daybreak.extending import AbstractOptimiser, StopReason
from daybreak.ledger.store import Ledger
from daybreak.methods.multistart import MultiStart
from daybreak.problem.noise.continuous import Gaussian
from daybreak.runner.executors import InProcess
from daybreak.testing.contracts import (
    ExecutorContract,
    MethodContract,
    NoiseContract,
    SolverContract,
    StoreContract,
)

HABITS = []


class Random(MultiStart):
    """Starts where a global random number says."""

    def rounds(self, problem, settings, seed, places=()):
        """Another seed every time."""
        drawn = int(np.random.random() * 1e6)  # noqa: NPY002 - the fault
        return super().rounds(problem, settings, drawn, places)


class Forgetful(MultiStart):
    """Remembers how often it was asked."""

    def rounds(self, problem, settings, seed, places=()):
        """Another seed every time."""
        HABITS.append(1)
        return super().rounds(problem, settings, seed + len(HABITS), places)


class Endless(MultiStart):
    """Asks again as long as everything fails."""

    def rounds(self, problem, settings, seed, places=()):
        """Its first round, again and again."""
        first = next(super().rounds(problem, settings, seed, places))
        outcomes = yield first
        while all(outcome.failed for outcome in outcomes):
            outcomes = yield first


@dataclass(frozen=True)
class Still(AbstractOptimiser):
    """Stays where it begins."""

    name = "contract-still"

    def minimise(self, objective):
        """The start, said to be a minimum."""
        return objective.end(objective.start, StopReason.GRADIENT, 1)


class Upward(Still):
    """Goes to a corner."""

    def minimise(self, objective):
        """As far as it goes."""
        return objective.end(np.ones_like(objective.start), StopReason.ITERATIONS, 1)


class Outward(Still):
    """Leaves the box."""

    def solve(self, batch):
        """Beyond it."""
        ends = super().solve(batch)
        return [dataclasses.replace(end, u=[u + 0.7 for u in end.u]) for end in ends]


class Boastful(Still):
    """Says less than its residuals."""

    def solve(self, batch):
        """Half of its chi2."""
        return [dataclasses.replace(end, chi2=0.5 * end.chi2) for end in super().solve(batch)]


class Wide(Gaussian):
    """Draws wider than it says."""

    def draw(self, rng, f, sigma):
        """By five hundredths."""
        return super().draw(rng, f, 1.05 * sigma)


class Shifted(Gaussian):
    """Draws beside the prediction."""

    def draw(self, rng, f, sigma):
        """By a twentieth of sigma."""
        return super().draw(rng, f, sigma) + 0.05 * sigma


class Mirrored(Gaussian):
    """Has the wrong sign."""

    def residuals(self, f, d, sigma, xp):
        """Datum less prediction."""
        return -super().residuals(f, d, sigma, xp)


class Backward(InProcess):
    """Gives outcomes back the wrong way round."""

    def completed(self, timeout):
        """Last first."""
        return [
            dataclasses.replace(one, outcomes=one.outcomes[::-1])
            for one in super().completed(timeout)
        ]


class Stubborn(InProcess):
    """Goes on after a cancel."""

    def cancel(self):
        """Nothing is abandoned."""


class Lazy(Ledger):
    """Counts what it has not written."""

    def record(self, tokens, made, span, again=(), artifacts=()):
        """Nothing is written."""


class Greedy(Ledger):
    """Takes what others hold."""

    def claim(self, keys):
        """Everything is taken, and given a token."""
        self.store.write(lambda c: c.exec_driver_sql("UPDATE trials SET state = 'waiting'"))
        return super().claim(keys)


def nobody():
    """Asks nobody whether to go on."""


@pytest.mark.parametrize(
    ("contract", "broken", "law"),
    [
        (MethodContract, Random, "nothing_else_is_read_or_moved"),
        (MethodContract, Forgetful, "replayed_it_asks_for_the_same"),
        (MethodContract, Endless, "it_ends_though_everything_fails"),
        (SolverContract, Still, "a_converged_end_is_a_minimum"),
        (SolverContract, Still, "a_bound_is_met_exactly"),
        (SolverContract, Upward, "chi2_never_rises"),
        (SolverContract, Outward, "ends_lie_in_the_box"),
        (SolverContract, Boastful, "chi2_is_that_of_the_end"),
        (NoiseContract, Wide, "the_score_scatters_as_the_likelihood_is_curved"),
        (NoiseContract, Wide, "moments_are_those_of_the_draws"),
        (NoiseContract, Shifted, "the_score_of_what_is_drawn_has_no_mean"),
        (NoiseContract, Mirrored, "residuals_rise_with_the_prediction"),
        (ExecutorContract, lambda: Backward(nobody), "outcomes_are_in_the_order_of_the_tasks"),
        (ExecutorContract, lambda: Stubborn(nobody), "what_is_cancelled_is_gone"),
        (StoreContract, Lazy, "what_is_recorded_is_there_for_everybody"),
        (StoreContract, Greedy, "a_trial_is_claimed_once"),
    ],
)
def test_whoever_breaks_a_law_is_caught(tmp_path, contract, broken, law):
    """The law fails for what breaks it."""

    class Broken(contract):
        def make(self, *place):
            return broken(*place, write=True) if place else broken()

        def another(self, ledger):
            return broken(ledger.place, write=True)

    if contract is ExecutorContract:
        Broken.setup_class()
    test = getattr(Broken(), f"test_{law}")
    given = [tmp_path] if "tmp_path" in inspect.signature(test).parameters else []
    with pytest.raises(AssertionError):
        test(*given)


def test_the_base_classes_are_no_tests():
    """A contract cannot be run without something of its kind."""
    for contract in (MethodContract, SolverContract, NoiseContract, ExecutorContract):
        with pytest.raises(TypeError, match="abstract"):
            contract()
