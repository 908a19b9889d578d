"""Every method of ours keeps to the contract of methods."""

from __future__ import annotations

import numpy as np

import daybreak as dk
from daybreak.testing.contracts import MethodContract


def himmelblau():
    """Two residuals whose squares sum to Himmelblau's function: four minima."""
    return dk.FitProblem(
        [dk.Parameter("x", -6, 6), dk.Parameter("y", -6, 6)],
        lambda p, _: np.array([p.x**2 + p.y - 11.0, p.x + p.y**2 - 7.0]),
        dk.observations([0.0, 0.0], 3.0),
    )


QUICK = dk.Evolution(seeds=(0, 1), generations=8, population=6)


class TestMultiStart(MethodContract):
    """Many starts, several ends."""

    def make(self):
        """Six of them."""
        return dk.MultiStart(starts=6)

    def problem(self):
        """Of four minima."""
        return himmelblau()


class TestMultiStartByEvolution(MethodContract):
    """Many runs of a stochastic solver."""

    def make(self):
        """Two of them."""
        return dk.MultiStart(fit=QUICK)


class TestEvolution(MethodContract):
    """Differential evolution."""

    def make(self):
        """Two seeds."""
        return QUICK


class TestProfile(MethodContract):
    """A profile whose range is found."""

    def make(self):
        """Few starts."""
        return dk.Profile("rate", starts=3, each=1)

    def refused(self):
        """Of what is no parameter, and outside the box."""
        return [dk.Profile("slope", starts=3), dk.Profile("rate", points=np.linspace(0, 9, 5))]


class TestProfileOfAll(MethodContract):
    """Profiles of all parameters on a grid, with mirrored minima."""

    def make(self):
        """Seven points."""
        return dk.Profile("all", points=7, starts=6, each=2)

    def problem(self):
        """Of four minima."""
        return himmelblau()


class TestMap(MethodContract):
    """A map."""

    def make(self):
        """Five by five points."""
        return dk.Profile("amplitude", "rate", points=(5, 5), starts=3, each=1)

    def refused(self):
        """Of what is no parameter."""
        return [dk.Profile("amplitude", "slope", points=(5, 5))]


class TestIntervals(MethodContract):
    """Intervals of expensive models."""

    def make(self):
        """Of all parameters."""
        return dk.Intervals("all", starts=3)

    def refused(self):
        """Of what is no parameter."""
        return [dk.Intervals("slope")]


class TestTPE(MethodContract):
    """A search that learns."""

    def make(self):
        """Twelve trials, one of them forced."""
        forced = [{"x": 4.0, "y": 8, "optimizer": "adam"}]
        return dk.Search("tpe", trials=12, startup=5, forced=forced, confirm=2, confirmations=1)

    def refused(self):
        """A forced configuration outside the space."""
        return [dk.Search("tpe", forced=[{"x": 9.0, "y": 8, "optimizer": "adam"}])]


class TestNSGA2(MethodContract):
    """A genetic search, in batches."""

    def make(self):
        """Three generations."""
        return dk.Search("nsga2", trials=12, population=4, batch=2)


class TestNSGA3(MethodContract):
    """Another one."""

    def make(self):
        """Three generations."""
        return dk.Search("nsga3", trials=12, population=4)


class TestRandom(MethodContract):
    """A search that does not learn."""

    def make(self):
        """Ten trials."""
        return dk.Search("random", trials=10)


class TestSobol(MethodContract):
    """A search by a sequence."""

    def make(self):
        """Ten trials."""
        return dk.Search("sobol", trials=10)
