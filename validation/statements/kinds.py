"""Ten kinds of random fits, each made to tempt a false statement."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from validation.statements import families
from validation.statements.case import (
    Array,
    Case,
    Direction,
    Model,
    Number,
    Refinable,
    Tremble,
)
from validation.statements.families import Family

Rng = np.random.Generator


def chance(rng: Rng, share: float) -> bool:
    """True in this share of draws."""
    return bool(rng.random() < share)


def simulated(rng: Rng, family: Family, sigma: float, kind: str, **more: Any) -> Case:
    """A case of a family with data simulated at its truth."""
    case = Case(
        kind=kind,
        title=family.title,
        numbers=family.numbers,
        model=family.model,
        data=np.zeros(len(family.x)),
        sigma=sigma,
        truth=family.truth,
        interest=more.pop("interest", family.numbers[0].name),
        **more,
    )
    at = np.array([[family.truth[name] for name in case.names]])
    clean = case.without_priors().residuals(at)[0] * sigma
    return dataclasses.replace(case, data=clean + sigma * rng.normal(size=len(family.x)))


def gridded(rng: Rng, case: Case) -> Case:
    """The case with one of three grids: found, over the whole range, or about the truth."""
    which, number = rng.integers(3), case.number(case.interest)
    if which == 0:
        return dataclasses.replace(case, grid=None)
    spread = case.spreads()[case.interest]
    if which == 1 or not math.isfinite(spread):
        return dataclasses.replace(case, grid=17)
    reach, at = rng.uniform(0.8, 6.0) * spread, case.truth[case.interest]
    low, high = max(number.lower, at - reach), min(number.upper, at + reach)
    if not low < high or high - low < 1e-6 * (number.upper - number.lower):
        return dataclasses.replace(case, grid=17)
    return dataclasses.replace(case, grid=tuple(np.linspace(low, high, 15).tolist()))


def some(rng: Rng, case: Case) -> str:
    """The name of one parameter."""
    return case.names[int(rng.integers(len(case.numbers)))]


def noise_level(rng: Rng) -> float:
    """Sigma of the data, beside models of order one to ten."""
    return float(np.exp(rng.uniform(np.log(0.03), np.log(0.5))))


# -- the kinds -------------------------------------------------------------------------------


def bounds(rng: Rng) -> Case:
    """Bounds, drawn a few standard errors from the truth: of the parameter and its nuisances."""
    case = simulated(rng, families.drawn(rng), noise_level(rng), "bounds")
    spread = case.spreads()
    numbers = []
    for number in case.numbers:
        if not chance(rng, 0.6):
            numbers.append(number)
            continue
        apart = rng.uniform(-0.7, 2.5) * spread[number.name]
        at, physical = case.truth[number.name], chance(rng, 0.3)
        if chance(rng, 0.5):
            low = max(number.lower, at - apart)
            limits = (low, None) if physical else (None, None)
            moved = dataclasses.replace(number, lower=low, physical=limits)
        else:
            high = min(number.upper, at + apart)
            limits = (None, high) if physical else (None, None)
            moved = dataclasses.replace(number, upper=high, physical=limits)
        numbers.append(moved if moved.lower < moved.upper else number)
    case = case.replaced(*numbers)
    interest = some(rng, case)
    numbers = [  # what ends physics is told of the profiled parameter alone
        number if number.name == interest else dataclasses.replace(number, physical=(None, None))
        for number in case.numbers
    ]
    case = dataclasses.replace(case.replaced(*numbers), interest=interest)
    if chance(rng, 0.2):  # out of reach of the box: the data lie elsewhere
        case = dataclasses.replace(
            case, data=case.data + rng.choice([-1, 1]) * rng.uniform(40, 200)
        )
    return gridded(rng, case)


def priors(rng: Rng) -> Case:
    """Priors that hold what no datum does, priors beside data, and priors of a nuisance."""
    family, sigma = families.drawn(rng, 1, 4), noise_level(rng)
    mean, width = rng.uniform(-1, 1), rng.uniform(0.1, 0.6)
    z = Number("z", -3, 3, prior=("Normal", mean, width))
    first, what = family.numbers[0].name, int(rng.integers(4))
    idle: tuple[str, ...] = ()
    model, title, truth, numbers = family.model, family.title, family.truth, family.numbers
    if what == 0:  # no datum sees z
        numbers, truth, idle = (*numbers, z), {**truth, "z": mean}, ()
        interest = "z" if chance(rng, 0.7) else first
    elif what == 1:  # z is added to the whole: a floor would be told from it by nothing
        numbers, truth = (*numbers, z), {**truth, "z": mean}
        title = f"{title} + z"
        model = _plus(family.model)
        interest = str(rng.choice([n.name for n in numbers]))
    elif what == 2:  # z multiplies the whole, a normalisation
        z = Number("z", 0.2, 5, "log", prior=("LogNormal", 1.0, width / 3))
        numbers, truth = (*numbers, z), {**truth, "z": 1.0}
        title = f"z ({title})"
        model = _times(family.model)
        interest = str(rng.choice([n.name for n in numbers]))
    else:  # the data see it as well
        case = simulated(rng, family, sigma, "priors")
        name = some(rng, case)
        wide = case.spreads()[name] * np.exp(rng.uniform(-1.5, 1.5))
        prior = ("Normal", truth[name] + 0.5 * wide, float(wide))
        numbers = case.replaced(dataclasses.replace(case.number(name), prior=prior)).numbers
        interest = name if chance(rng, 0.7) else some(rng, case)
    family = Family(title, numbers, model, truth, family.x)
    case = simulated(rng, family, sigma, "priors", interest=interest, idle=idle)
    return gridded(rng, case)


def _plus(model: Model) -> Model:
    return lambda p, xp, knob: model(p, xp, knob) + p.z


def _times(model: Model) -> Model:
    return lambda p, xp, knob: model(p, xp, knob) * p.z


def _product(rng: Rng, x: Array) -> tuple[Family, tuple[Direction, ...]]:
    """Products, powers, quotients and sums whose parts no datum tells apart."""
    k = Number("k", 0.05, 5, "log")
    top = float(np.exp(rng.uniform(np.log(2), np.log(200))))
    b = Number("b", 1.0, top, "log" if chance(rng, 0.6) else "linear")
    rate, at = rng.uniform(0.4, 1.2), float(np.exp(rng.uniform(0, np.log(top))))
    a = Number("a", 0.05, 50, "log")
    amount = rng.uniform(1.5, 5)
    what = int(rng.integers(6))
    if what == 0:
        made: Model = lambda p, xp, _: p.a * p.b * xp.exp(-p.k * x)  # noqa: E731
        group: tuple[Direction, ...] = (("scaling", {"a": 1, "b": -1}),)
        truth = {"a": amount / at, "b": at, "k": rate}
        return Family("a b exp(-k x)", (a, b, k), made, truth, x), group
    if what == 1:
        made = lambda p, xp, _: p.a * xp.exp(-(p.k / p.b) * x)  # noqa: E731
        truth = {"a": amount, "b": at, "k": rate * at}
        k = Number("k", 0.05, 5 * top, "log")
        return (
            Family("a exp(-(k / b) x)", (a, b, k), made, truth, x),
            (("scaling", {"k": 1, "b": 1}),),
        )
    if what == 2:
        made = lambda p, xp, _: p.b * p.a ** (2 / 3) * xp.exp(-p.k * x)  # noqa: E731
        truth = {"a": (amount / at) ** 1.5, "b": at, "k": rate}
        a = Number("a", 1e-4, 1e3, "log")
        return (
            Family("b a^(2/3) exp(-k x)", (a, b, k), made, truth, x),
            (("scaling", {"a": 3, "b": -2}),),
        )
    if what == 3:
        made = lambda p, *_: p.s + p.t + p.v * x  # noqa: E731
        box = Number("s", -10, 10), Number("t", 0, rng.uniform(1, 8)), Number("v", -5, 5)
        truth = {"s": rng.uniform(-2, 2), "t": 0.4 * box[1].upper, "v": rng.uniform(-1, 1)}
        return Family("s + t + v x", box, made, truth, x), (("shift", {"s": 1, "t": -1}),)
    if what == 4:
        made = lambda p, xp, _: p.a * xp.exp(-(p.s + p.t) * x)  # noqa: E731
        box = a, Number("s", 0, 4), Number("t", 0, rng.uniform(0.2, 2))
        truth = {"a": amount, "s": rate, "t": 0.5 * box[2].upper}
        return (
            Family("a exp(-(s + t) x)", box, made, truth, x),
            (("shift", {"s": 1, "t": -1}),),
        )
    made = lambda p, xp, _: p.a * p.b * p.g * xp.exp(-p.k * x)  # noqa: E731
    g = Number("g", 0.1, 10, "log")
    truth = {"a": amount / at, "b": at, "k": rate, "g": 1.0}
    both: tuple[Direction, ...] = (
        ("scaling", {"a": 1, "b": -1}),
        ("scaling", {"a": 1, "g": -1}),
    )
    return Family("a b g exp(-k x)", (a, b, k, g), made, truth, x), both


def symmetries(rng: Rng) -> Case:
    """Exact scalings and shifts, with partners whose boxes are wide or narrow."""
    family, group = _product(rng, families.places(rng))
    case = simulated(rng, family, noise_level(rng), "symmetries", group=group)
    case = dataclasses.replace(case, interest=some(rng, case))
    return gridded(rng, case)


def broken(rng: Rng) -> Case:
    """A scaling that a small term breaks, from far below the uncertainties to far above."""
    x = families.places(rng)
    size = float(10.0 ** rng.uniform(-6, 0))
    k, b = Number("k", 0.05, 5, "log"), Number("b", 0.05, 50, "log")
    a = Number("a", 0.05, 50, "log")
    truth = {"a": rng.uniform(0.7, 2), "b": rng.uniform(0.7, 2), "k": rng.uniform(0.4, 1)}
    what = int(rng.integers(3))
    if what == 0:
        model: Model = lambda p, xp, _: p.a * p.b * xp.exp(-p.k * x) + size * p.a  # noqa: E731
        title, near = f"a b exp(-k x) + {size:.1e} a", {"a": 1, "b": -1}
    elif what == 1:
        model = lambda p, xp, _: p.b * p.a ** (2 / 3) * xp.exp(-p.k * x) * (1 + size * p.a * x)  # noqa: E731
        title, near = f"b a^(2/3) exp(-k x) (1 + {size:.1e} a x)", {"a": 3, "b": -2}
    else:
        model = lambda p, xp, _: (p.b / p.a) * xp.exp(-p.k * x) + size * p.b * x / 6  # noqa: E731
        title, near = f"b / a exp(-k x) + {size:.1e} b x / 6", {"a": 1, "b": 1}
    family = Family(title, (a, b, k), model, truth, x)
    case = simulated(rng, family, noise_level(rng), "broken", near=("scaling", near))
    case = dataclasses.replace(case, interest=some(rng, case))
    return gridded(rng, case)


def steps(rng: Rng) -> Case:
    """Parameters that act by whole numbers, and thresholds beyond which they act."""
    x = families.places(rng)
    what = int(rng.integers(3))
    a, b = Number("a", -10, 10), Number("b", -5, 5)
    truth: Mapping[str, float] = {"a": rng.uniform(1, 3), "b": rng.uniform(-1, 1)}
    if what == 0:  # as many terms as there are whole numbers below N
        title = "a sum_(j < N) 0.7^j exp(-j x)"
        numbers = Number("a", 0, 8), Number("N", 0.5, 6.5)
        truth = {"a": truth["a"], "N": float(rng.integers(1, 6)) + 0.5}
        j = np.arange(7)

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.a * sum(xp.where(i < p.N, 0.7**i * np.exp(-i * x), 0.0) for i in j)

        sigma = float(np.exp(rng.uniform(np.log(0.005), np.log(0.05))))
    elif what == 1:  # a place rounded to a grid of its own
        title = "a + b floor(q)"
        numbers = a, b, Number("q", 1.0, 9.0)
        pattern = np.sin(np.arange(len(x)) * 1.7)
        truth = {**truth, "q": float(rng.integers(2, 8)) + 0.4}

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.a + p.b * x + 0.2 * xp.floor(p.q) * pattern

        title = "a + b x + 0.2 floor(q) sin(1.7 i)"
        sigma = float(np.exp(rng.uniform(np.log(0.05), np.log(0.8))))
    else:  # what acts beyond a threshold alone
        edge = float(rng.uniform(2, 8))
        title = f"a + b x + max(q - {edge:.4g}, 0) x^2 / 6"
        numbers = a, b, Number("q", 0, 10)
        truth = {**truth, "q": edge + rng.uniform(-1.5, 1.5)}

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.a + p.b * x + xp.maximum(p.q - edge, 0.0) * x**2 / 6

        sigma = noise_level(rng)
    family = Family(title, numbers, model, dict(truth), x)
    case = simulated(rng, family, sigma, "steps", rough=True)
    stepped = numbers[-1].name
    interest = stepped if chance(rng, 0.7) else some(rng, case)
    return gridded(rng, dataclasses.replace(case, interest=interest))


def noise(rng: Rng) -> Case:
    """Predictions that are drawn anew at every call, and chatter too fine to be seen on a grid."""
    case = simulated(rng, families.drawn(rng, 1, 4), noise_level(rng), "noise")
    if chance(rng, 0.5):
        tremble = Tremble(noise=float(10.0 ** rng.uniform(-2, 0.3)))
    else:
        number = case.numbers[int(rng.integers(len(case.numbers)))]
        reach = number.upper - number.lower
        if number.scale == "log":  # what the scale is worth where it is finest
            reach = number.lower * math.log(number.upper / number.lower)
        tremble = Tremble(
            chatter=float(10.0 ** rng.uniform(-1.5, 0)),
            frequency=float(10.0 ** rng.uniform(3.5, 9)) / reach,
            of=number.name,
        )
    case = dataclasses.replace(case, interest=some(rng, case), tremble=tremble, rough=True)
    return gridded(rng, case)


def knobs(rng: Rng) -> Case:
    """Euler steps and sums of slices, from coarse to fine, beside fine data."""
    x = families.places(rng)
    value = int(2 ** rng.integers(1, 9))
    if chance(rng, 0.5):
        title = "A (1 - k / (2 steps))^(steps x)"
        numbers = Number("A", 0, 10), Number("k", 0.05, 1.5)
        truth = {"A": rng.uniform(1, 4), "k": rng.uniform(0.3, 1.0)}

        def model(p: Any, xp: Any, knob: float) -> Any:
            return p.A * (1.0 - p.k * 0.5 / knob) ** (knob * x)

        order = 1.0
    else:
        title = "A trapezoids(exp(-k t), 0 .. x, steps)"
        numbers = Number("A", 0, 10), Number("k", 0.05, 6)
        truth = {"A": rng.uniform(1, 4), "k": rng.uniform(0.5, 3.0)}

        def model(p: Any, xp: Any, knob: float) -> Any:
            z = p.k * (x / knob) / 2.0
            geometric = (1.0 - xp.exp(-p.k * x)) / xp.maximum(p.k, 1e-12)
            thin = xp.where(x > 0, z / xp.tanh(xp.where(x > 0, z, 1.0)), 1.0)
            return p.A * geometric * thin

        order = 2.0
    sigma = float(10.0 ** rng.uniform(-3.5, -1))
    family = Family(title, numbers, model, truth, x)
    knob = Refinable(value, 2 * value, order if chance(rng, 0.5) else None)
    case = simulated(rng, family, sigma, "knobs", knob=knob)
    # What the data are of has no knob: its limit of many steps.
    fine = dataclasses.replace(case, knob=Refinable(2**14, 2**15))
    at = np.array([[truth[name] for name in case.names]])
    data = (fine.residuals(at)[0] * sigma + case.data) + sigma * rng.normal(size=len(x))
    case = dataclasses.replace(case, data=data, interest=some(rng, case))
    return gridded(rng, case)


def walls(rng: Rng) -> Case:
    """Parts of the box in which the model is not finite, far from the data or next to them."""
    family, sigma = families.drawn(rng, 2, 4), noise_level(rng)
    case = simulated(rng, family, sigma, "walls")
    spread = case.spreads()
    what = int(rng.integers(3))
    name = some(rng, case)
    number, at = case.number(name), case.truth[name]
    apart = rng.uniform(0.3, 8) * min(spread[name], 0.2 * (number.upper - number.lower))
    inner = family.model
    if what == 0:  # the logarithm of what falls below zero beyond a value
        edge = min(at + apart, number.upper)
        title = f"{family.title}, not finite for {name} > {edge:.4g}"

        def model(p: Any, xp: Any, knob: float) -> Any:
            return xp.where(getattr(p, name) > edge, math.nan, inner(p, xp, knob))

    elif what == 1:  # ... below another
        edge = max(at - apart, number.lower)
        title = f"{family.title}, not finite for {name} < {edge:.4g}"

        def model(p: Any, xp: Any, knob: float) -> Any:
            return xp.where(getattr(p, name) < edge, math.nan, inner(p, xp, knob))

    else:  # a slanted one through two parameters
        one, two = case.numbers[0], case.numbers[1]
        cut = case.truth[one.name] / (one.upper - one.lower)
        cut += case.truth[two.name] / (two.upper - two.lower)
        cut += rng.uniform(0.5, 6) * min(
            0.05, max(spread[n.name] / (n.upper - n.lower) for n in (one, two))
        )
        title = f"{family.title}, not finite beyond a slanted wall"

        def model(p: Any, xp: Any, knob: float) -> Any:
            here = getattr(p, one.name) / (one.upper - one.lower)
            here = here + getattr(p, two.name) / (two.upper - two.lower)
            return xp.where(here > cut, math.nan, inner(p, xp, knob))

    case = dataclasses.replace(case, title=title, model=model, rough=None)
    case = dataclasses.replace(case, interest=name if chance(rng, 0.6) else some(rng, case))
    return gridded(rng, case)


def corners(rng: Rng) -> Case:
    """A parameter that acts in a corner of its range alone, where the data are or are not."""
    x = families.places(rng)
    what, sigma = int(rng.integers(4)), noise_level(rng)
    a, b = Number("a", -10, 10), Number("b", -5, 5)
    truth = {"a": rng.uniform(-2, 2), "b": rng.uniform(1, 4)}
    rough: bool | None = None
    if what == 0:  # a threshold in the upper one to six per cent
        edge = 10 * (1 - float(rng.uniform(0.01, 0.06)))
        numbers = a, b, Number("q", 0, 10)
        title = f"a + b x + max(q - {edge:.4g}, 0) x^2"
        truth["q"] = edge + rng.uniform(0.2, 0.8) * (10 - edge)

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.a + p.b * x + xp.maximum(p.q - edge, 0.0) * x**2

        rough = True
    elif what == 1:  # a rate with a generous range
        top = float(10.0 ** rng.uniform(2, 10))
        numbers = a, b, Number("q", 0.1, top, "log")
        title, truth["q"] = "a + b exp(-q x)", rng.uniform(0.4, 1.5)

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.a + p.b * xp.exp(-p.q * x)

    elif what == 2:  # a length that matters only when short
        top = float(10.0 ** rng.uniform(2, 12))
        numbers = a, b, Number("q", 0.1, top, "log")
        title, truth["q"] = "a + b exp(-x / q)", rng.uniform(0.5, 2)

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.a + p.b * xp.exp(-x / p.q)

    else:  # a rate of which all data but the first see nothing
        top, sigma = float(10.0 ** rng.uniform(1.5, 6)), 10.0 ** rng.uniform(-5, -3)
        numbers = Number("V", 0, 10), Number("q", 4.0, top, "log")
        t = x + 0.5
        title, truth = "V (1 - exp(-q (x + 1/2)))", {"V": 2.0, "q": rng.uniform(5, 9)}

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.V * (1.0 - xp.exp(-p.q * t))

    idle: tuple[str, ...] = ()
    group: tuple[Direction, ...] = ()
    if chance(rng, 0.3):  # and one that nothing reads
        idle, group = ("z",), (("scaling", {"z": 1}),)
        numbers, truth = (*numbers, Number("z", 0.5, 2.0)), {**truth, "z": 1.0}
    family = Family(title, numbers, model, truth, x)
    case = simulated(rng, family, sigma, "corners", rough=rough, idle=idle, group=group)
    case = dataclasses.replace(case, interest="q" if chance(rng, 0.7) else some(rng, case))
    if chance(rng, 0.2):  # what no corner of the box reaches
        case = dataclasses.replace(case, data=case.data + 40 * np.cos(9.0 * x))
    return gridded(rng, case)


def minima(rng: Rng) -> Case:  # noqa: C901 - five models, one after another
    """Several minima: mirrors, aliases, one peak for two, two decays that may be exchanged."""
    x = families.places(rng)
    what, sigma = int(rng.integers(5)), noise_level(rng)
    interest = ""
    if what == 0:  # m and -m
        numbers, truth = (Number("m", -3, 3),), {"m": rng.uniform(0.3, 1.5)}
        title = "m^2 + x / 6"

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.m**2 + x / 6 + 0.0 * p.m

    elif what == 1:  # a frequency and its side lobes
        numbers = Number("A", 0, 10), Number("w", 0.5, 6), Number("c", -3, 3)
        truth = {"A": rng.uniform(1, 3), "w": rng.uniform(1.5, 4), "c": rng.uniform(-1, 1)}
        title, interest = "A cos(w x) + c", "w"
        sigma = float(rng.uniform(0.1, 1.0))

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.A * xp.cos(p.w * x) + p.c

    elif what == 2:  # the place of one peak where the data have two
        numbers = Number("h", 0, 10), Number("m", 0, 6)
        truth = {"h": rng.uniform(2, 4), "m": 1.5}
        title, interest = "h exp(-(x - m)^2 / 0.5), two peaks in the data", "m"

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.h * xp.exp(-((x - p.m) ** 2) / 0.5)

    elif what == 3:  # a phase: the same after a whole turn
        numbers = Number("A", 0.1, 10), Number("f", -7, 7)
        truth = {"A": rng.uniform(1, 3), "f": rng.uniform(-3, 3)}
        title, interest = "A sin(2 x + f)", "f"

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.A * xp.sin(2 * x + p.f)

    else:  # two decays, either of which may be the faster
        numbers = (
            Number("A", 0, 10),
            Number("j", 0.05, 10, "log"),
            Number("B", 0, 10),
            Number("k", 0.05, 10, "log"),
        )
        truth = {"A": rng.uniform(1, 4), "j": 0.25, "B": rng.uniform(1, 4), "k": 2.0}
        title = "A exp(-j x) + B exp(-k x)"
        interest, sigma = str(rng.choice(["j", "A"])), float(10.0 ** rng.uniform(-3, -1.5))

        def model(p: Any, xp: Any, _: float) -> Any:
            return p.A * xp.exp(-p.j * x) + p.B * xp.exp(-p.k * x)

    family = Family(title, tuple(numbers), model, truth, x)
    case = simulated(rng, family, sigma, "minima")
    if what == 2:
        other = truth["h"] * rng.uniform(0.9, 1.1) * np.exp(-((x - 4.5) ** 2) / 0.5)
        case = dataclasses.replace(case, data=case.data + other)
        case = dataclasses.replace(case, sigma=float(np.std(case.data)))
    case = dataclasses.replace(case, interest=interest or case.names[0])
    return gridded(rng, dataclasses.replace(case, ends_only=chance(rng, 0.25)))


KINDS: Mapping[str, Callable[[Rng], Case]] = {
    "bounds": bounds,
    "priors": priors,
    "symmetries": symmetries,
    "broken": broken,
    "steps": steps,
    "noise": noise,
    "knobs": knobs,
    "walls": walls,
    "corners": corners,
    "minima": minima,
}
"""Every kind by its name."""


def draw(kind: str, seed: int, number: int) -> Case:
    """The fit of this number and kind; a quarter are written with JAX, where nothing trembles."""
    key = (seed, list(KINDS).index(kind), number)
    rng = np.random.default_rng(key)
    case = KINDS[kind](rng)
    library = "jax" if chance(rng, 0.25) and case.tremble is None else "numpy"
    return dataclasses.replace(case, seed=key, library=library)
