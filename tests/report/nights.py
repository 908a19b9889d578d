"""Small nights that end in everything a night can end in, as `tests.report.record` runs them."""

from __future__ import annotations

import io
import math
import multiprocessing
import os
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import daybreak as dk

HOSTILE = "<script>alert(1)</script>/../x"
"""A study name that wants to be a program and a path."""


def run(campaign: dk.Campaign, place: Path, **more: Any) -> dk.Results:
    """Run it in this process, in silence."""
    return dk.run(campaign, place, progress=io.StringIO(), workers=1, **more)


# -- PASS: two decay rates, whose criteria were changed after the first night --------------------

T = np.linspace(0.0, 20.0, 40)
BOXES = {
    "a1": (0, 10, "linear", "counts"),
    "k1": (0.005, 0.5, "log", "1/s"),
    "a2": (0, 10, "linear", "counts"),
    "k2": (0.2, 5, "log", "1/s"),
}


def decays(p: Any, settings: Any) -> Any:
    """Two exponentials, each ``(1 + z + z^2 / 2)^-n`` with ``z = k t / n``."""
    n = settings.steps

    def one(k: Any) -> Any:
        z = k * jnp.asarray(T) / n
        return (1.0 + z + z**2 / 2.0) ** -n

    return p.a1 * one(p.k1) + p.a2 * one(p.k2)


def signal() -> dict[str, dk.Observation]:
    """What two rates of 0.05 and 0.95 per second give, with scatter."""
    scatter = np.random.default_rng(4).normal(0.0, 0.05, T.size)
    values = 2.0 * np.exp(-0.05 * T) + 1.5 * np.exp(-0.95 * T) + scatter
    found: dict[str, dk.Observation] = {}
    for i, (t, value) in enumerate(zip(T, values, strict=True)):
        model, group = (0.02, "early") if t < 5.0 else (0.005, "late")
        found[f"signal[{i}]"] = dk.Observation(float(value), 0.05, model, "counts", group)
    return found


def rates(upper: float, names: tuple[str, ...], accept: list[dk.Criterion]) -> dk.Campaign:
    """Profiles of the rates, k2 at most `upper`."""
    problem = dk.FitProblem(
        [
            dk.Parameter(name, low, upper if name == "k2" else high, scale=scale, unit=unit)
            for name, (low, high, scale, unit) in BOXES.items()
        ],
        lambda p, settings: dict(zip(signal(), decays(p, settings), strict=True)),
        signal(),
        derive=lambda p, _: {"half_life_2": math.log(2.0) / p.k2},
        settings={"steps": 200.0, "solver": "fast"},
        units={"half_life_2": "s"},
        knobs=[dk.Knob("steps", refined=400.0, order=2), dk.Knob("solver", refined="careful")],
    )
    points = (5, 5) if len(names) == 2 else 7
    method = dk.Profile(*names, points=points, starts=10, each=1)
    study = dk.Study(f"profile {' and '.join(names)}", problem, method, accept)
    return dk.Campaign(
        "two-rates", [study], description="Two decay rates from a fluorescence trace.", seed=42
    )


def decay(place: Path) -> None:
    """A bar that the first night misses, and the one that was meant."""
    for bar in (0.9, 0.01):
        accept = [
            dk.Criterion("p_value", at_least=bar),
            dk.Criterion("identified", of="k2", level="soft"),
        ]
        run(rates(5.0, ("k1", "k2"), accept), place)


# -- SOFT_PASS: the same, with a box that cuts the interval of k2 --------------------------------


def soft(place: Path) -> None:
    """A soft criterion is missed."""
    accept = [
        dk.Criterion("p_value", at_least=0.01),
        dk.Criterion("identified", of="k2", level="soft"),
    ]
    run(rates(1.0, ("k2",), accept), place)


# -- FAIL: two masses that no place of the box reaches; the first run is killed ------------------

LEPTONS = {
    "beta": (3.0, 3.2),
    "R_c_e": (0.5, 1.5),
    "U_e": (0.01, 0.1),
    "A_e": (0.7, 1.0),
    "R_c_mu": (0.05, 0.3),
    "U_mu": (0.05, 0.2),
    "A_mu": (0.7, 1.0),
}


def energies(p: Any, settings: Any) -> dict[str, Any]:
    """Two energies whose ratio the box bounds."""
    slope = 1.0 - 0.05 * (p.beta - 3.0)
    return {
        "m_e": (p.U_e * (settings.k * p.R_c_e + p.A_e**settings.p)) ** slope,
        "m_mu": (p.U_mu * (settings.k * p.R_c_mu + p.A_mu**settings.p)) ** slope,
    }


def lepton_campaign() -> dk.Campaign:
    """A baseline and two configurations, with a decision table."""
    problem = dk.FitProblem(
        [dk.Parameter(name, low, high) for name, (low, high) in LEPTONS.items()],
        energies,
        {
            "m_e": dk.Observation(0.511, 0.0000511, unit="MeV"),
            "m_mu": dk.Observation(105.7, 0.01057, unit="MeV"),
        },
        scale_factors=[dk.ScaleFactor("S", unit="MeV")],
        derive=lambda p, _: {"F_inner": 0.41 * p.A_e},
        settings={"k": 1.0, "p": 2.0},
    )
    method = dk.Profile("beta", points=np.linspace(3.0, 3.2, 5), starts=6, each=1)
    own = {one: [f"{letter}_{one}" for letter in ("R_c", "U", "A")] for one in ("e", "mu")}
    accept = [
        dk.Criterion("chi2", below=1e6, label="P1"),
        dk.Criterion("S", above=0.0, label="P2"),
        *(
            dk.Criterion("n_at_bounds", of=names, at_most=1, level="soft", label=f"P3 {one}")
            for one, names in own.items()
        ),
        dk.Criterion("edge_distance", of="beta", above=0.02, level="soft", label="P4"),
        dk.Criterion("F_inner", above=0.5, level="note"),
    ]
    configurations = [{"k": 1.5}, {"k": 1.5, "p": 4.0}]
    return dk.Campaign(
        "lepton-localisation",
        [
            dk.Study("baseline", problem, method, accept, counted=False),
            dk.Sweep(
                "configurations",
                problem,
                method,
                configurations,
                accept,
                names=[f"config-{i + 1}" for i in range(len(configurations))],
            ),
        ],
        description="Can a localised vortex carry the masses of electron and muon at one beta?",
        decisions=[
            dk.Decision(
                "breakthrough",
                "Analyse it, refine beta around it, and add the tau.",
                when=dk.Condition(quantity="chi2", below=100.0),
            ),
            dk.Decision(
                "refine",
                "Repeat the best configuration with 21 points of beta and five seeds.",
                when=dk.Condition(verdict="SOFT_PASS"),
            ),
            dk.Decision(
                "pivot",
                "Stop localising: change the functional before another night is spent.",
            ),
        ],
        rule="any",
        seed=42,
        claims=[
            dk.Claim("beta", 3.058230856, label="beta_ref of December 2025"),
            dk.Claim("beta", 3.043233053, label="beta_ref after February 2026"),
        ],
        anyway=True,
    )


class Killer(io.StringIO):
    """A screen that ends the process, without a word, when it is told of a study."""

    def write(self, text: str) -> int:
        """Read what progress says."""
        if "config-1" in text:
            os._exit(1)
        return len(text)


def killed(place: Path) -> None:
    """A night that is killed after its first studies."""
    dk.run(lepton_campaign(), place, progress=Killer(), workers=1)


def lepton(place: Path) -> None:
    """A killed run, and the one that goes on."""
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(place,))
    process.start()
    process.join()
    run(lepton_campaign(), place)


# -- UNDECIDED: a night that was stopped, in which much went wrong -------------------------------


def two_intervals() -> dk.Study:
    """A rate of two values, and an amplitude at its bound."""
    problem = dk.FitProblem(
        [dk.Parameter("k2", 0.1, 1.6, scale="log", unit="1/s"), dk.Parameter("a1", 0, 10)],
        lambda p, settings: [
            30.0 * (p.k2 - 0.25) * (p.k2 - 1.25),
            p.a1,
            0.1 * p.a1 + (0.2 if settings.offset else 0.0),
        ],
        dk.observations([0.3, -1.0, 0.1], [1.0, 1.0, 0.5]),
        settings={"model": "two", "offset": True, "cut": 2.5},
        units={"cut": "s"},
    )
    accept = [
        dk.Criterion("chi2", below=9.2),
        dk.Criterion("identified", of="k2", level="soft"),
    ]
    return dk.Study("two intervals", problem, dk.Profile("k2", points=9, starts=4), accept)


def unsettled() -> dk.Study:
    """A map of a model that raises over a part of the scan, which cuts the contours off."""

    def predict(p: Any, _: Any) -> Any:
        if 0.55 < p.k2 < 0.65:
            msg = "no solution for k2 near 0.6"
            raise ArithmeticError(msg)
        return np.array([p.k2, p.a1, p.k2 * p.a1])

    problem = dk.FitProblem(
        [dk.Parameter("k2", 0.5, 1.3, unit="1/s"), dk.Parameter("a1", 2.5, 4)],
        predict,
        dk.observations([0.95, 3.0, 2.9], [0.1, 0.5, 0.5]),
    )
    method = dk.Profile("k2", "a1", points=(np.linspace(0.5, 1.3, 9), 4), starts=2, each=1)
    return dk.Study("unsettled", problem, method, [dk.Criterion("chi2", below=9.2)])


def broken() -> dk.Study:
    """A model that fails wherever a fit may begin."""

    def predict(p: Any, _: Any) -> Any:
        if p.x == 0.5:
            return [p.x]
        msg = "<b>no fit</b> at all & a < b"
        raise RuntimeError(msg)

    problem = dk.FitProblem([dk.Parameter("x", 0, 1)], predict, dk.observations([1.0], 0.1))
    return dk.Study(HOSTILE, problem, dk.MultiStart(3), [dk.Criterion("chi2", below=4)])


def noisy() -> dk.Study:
    """A profile by a stochastic method of which nothing can be trusted."""
    x = np.linspace(0.0, 1.0, 8)

    def predict(p: Any, settings: Any) -> Any:
        ripple = np.sin(7.0 * p.current) * np.sin(5.0 * p.width)
        return p.current * x - 2.0 * p.width + 0.5 * ripple / settings.grid

    values = 6.0 * np.sin(9.0 * x)
    groups = ["<b>probe"] * 5 + ["coil"] * 3
    problem = dk.FitProblem(
        [dk.Parameter("current", 0, 8, unit="A"), dk.Parameter("width", 0, 4, unit="mm")],
        lambda p, settings: dict(zip("abcdefgh", predict(p, settings), strict=True)),
        {
            name: dk.Observation(float(value), 1.0, 0.5, group=group)
            for name, value, group in zip("abcdefgh", values, groups, strict=True)
        },
        settings={"grid": 1.0},
        knobs=[dk.Knob("grid", refined=2.0)],
    )
    fit = dk.Evolution(seeds=(0, 1), generations=2, population=4, polish=False)
    method = dk.Profile("current", points=7, starts=2, each=1, fit=fit)
    return dk.Study("noisy profile", problem, method, [dk.Criterion("chi2", below=40)])


def mixed_campaign(*, whole: bool) -> dk.Campaign:
    """Five studies, or the four that the night gets through."""
    studies = [two_intervals(), unsettled(), broken(), noisy()]
    if whole:
        problem = dk.FitProblem(
            [dk.Parameter("x", 0, 1)], lambda p, _: [p.x], dk.observations([0.5], 0.1)
        )
        studies.append(dk.Study("waiting", problem, dk.MultiStart(40)))
    return dk.Campaign("mixed-night", studies, seed=42, anyway=True)


def mixed(place: Path) -> None:
    """As many trials as the first four studies take."""
    first = run(mixed_campaign(whole=False), place.with_name("first"))
    run(mixed_campaign(whole=True), place, max_trials=first.summary.progress.trials)


# -- stopped before the night: an area out of reach ----------------------------------------------


def area() -> dk.Campaign:
    """An area that no place of the box reaches."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 0.5), dk.Parameter("b", 0, 5)],
        lambda p, _: {"area": p.a * p.b, "width": p.b},
        {"area": dk.Observation(10, 0.1, unit="m2"), "width": dk.Observation(3, 1)},
    )
    study = dk.Study("fit", problem, dk.MultiStart(4), [dk.Criterion("chi2", below=4)])
    return dk.Campaign("area", [study], seed=42)


def hopeless(place: Path) -> None:
    """Only the preflight is made."""
    run(area(), place)


# -- a search ------------------------------------------------------------------------------------


def evaluate(c: Any, trial: Any) -> dict[str, float]:
    """A noisy bowl over a rate and a width for two kinds; one corner of it fails."""
    if c.kind == "b" and c.rate > 2.0:
        msg = "diverged"
        raise ArithmeticError(msg)
    loss = (c.rate - 1.0) ** 2 + 0.05 * c.width + (0.3 if c.kind == "b" else 0.0)
    for step in range(3):
        trial.report(step, loss + 1.0 / (step + 1))
    trial.attach(dk.Curve("gain", [0.0, 1.0], {"gain": [1.0, c.rate]}))
    return {"loss": loss + 0.02 * trial.rng.normal(), "size": float(c.width)}


def search(place: Path) -> None:
    """Fourteen trials, the best of them confirmed, beside a constant."""
    problem = dk.SearchProblem(
        [
            dk.Parameter("rate", -5, 5),
            dk.Integer("width", 1, 8),
            dk.Choice("kind", ["a", "b"]),
        ],
        evaluate,
        dk.Objective("loss", unit="nats"),
        baselines=[dk.Baseline("constant", {"loss": 0.5})],
    )
    method = dk.Search(sampler="random", trials=14, confirm=2, confirmations=3)
    study = dk.Study("bowl", problem, method, [dk.Criterion("loss", below=2.0)])
    run(dk.Campaign("search-night", [study], seed=42), place)


NIGHTS = {
    "decay": decay,
    "hopeless": hopeless,
    "lepton": lepton,
    "mixed": mixed,
    "search": search,
    "soft": soft,
}
"""By the name of the golden texts."""
