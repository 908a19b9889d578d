"""Brute force, by which statements are judged, against what can be solved by hand."""

import dataclasses
import math

import numpy as np
import pytest

from validation.statements.case import Case, Number
from validation.statements.kinds import KINDS, draw
from validation.statements.truth import decide, nearly, verified

Z = 1.9599639845
"""Standard errors of a 95 % interval."""


def case(numbers, model, data, sigma, truth, interest, **more):
    """A fit that is written by hand."""
    return Case("hand", "", numbers, model, np.array(data), sigma, truth, interest, **more)


def ends(truth):
    """Values of both ends of all pieces."""
    return [end.value for piece in truth.pieces for end in piece]


def reasons(truth):
    """What ends the pieces, and who."""
    return [(set(end.reasons), end.holders) for piece in truth.pieces for end in piece]


def test_the_slope_of_a_line():
    """Its interval is b +- 1.96 sigma / sqrt(sum (x - mean)^2), closed by the data."""
    x = np.linspace(0.0, 6.0, 13)
    data = 1.0 + 0.5 * x + 0.1 * np.cos(7 * x)
    box = Number("a", -10, 10), Number("b", -5, 5)
    line = case(box, lambda p, *_: p.a + p.b * x, data, 0.1, {"a": 1, "b": 0.5}, "b")
    found = decide(line, (-5, 5))
    slope = np.polyfit(x, data, 1)[0]
    reach = Z * 0.1 / math.sqrt(np.sum((x - x.mean()) ** 2))

    assert ends(found) == pytest.approx([slope - reach, slope + reach], rel=1e-7)
    assert reasons(found) == [({"data"}, ()), ({"data"}, ())]
    assert found.codes == {"identified"}
    assert found.identified
    assert found.claims


def test_a_product_ends_at_the_bounds_of_its_partner():
    """Of a b = 10 +- 0.001 with b in [1, 2]: a in [(10 - 0.00196) / 2, 10 + 0.00196]."""
    box = Number("a", 0.1, 100), Number("b", 1, 2)
    truth = {"a": 7.0, "b": 10 / 7}
    product = case(box, lambda p, *_: p.a * p.b + np.zeros(1), [10.0], 1e-3, truth, "a")
    found = decide(product, (1.0, 20.0))

    assert ends(found) == pytest.approx([(10 - Z * 1e-3) / 2, 10 + Z * 1e-3], rel=1e-7)
    assert reasons(found) == [({"nuisance bound"}, ("b",)), ({"nuisance bound"}, ("b",))]
    assert found.codes == {"bound_limited"}
    assert not found.claims


def test_a_partner_that_no_datum_feels_holds_nothing():
    """Of a b exp(-k x) the rate is closed by the data, wherever a and b come to lie."""
    x = np.linspace(0.0, 6.0, 20)
    box = Number("a", 0.1, 10, "log"), Number("b", 1, 4, "log"), Number("k", 0.05, 5, "log")
    group = (("scaling", {"a": 1, "b": -1}),)
    data = 3 * np.exp(-0.7 * x) + 0.1 * np.cos(7 * x)
    truth = {"a": 1.5, "b": 2.0, "k": 0.7}
    decay = case(
        box, lambda p, xp, _: p.a * p.b * xp.exp(-p.k * x), data, 0.1, truth, "k", group=group
    )

    assert list(verified(decay)) == []
    found = decide(decay, (0.05, 5))
    assert found.codes == {"identified"}
    a = decide(dataclasses.replace(decay, interest="a"), (0.1, 10))
    assert a.codes == {"bound_limited", "not_identifiable_symmetry"}


def test_a_prior_holds_what_no_datum_sees():
    """Known is z = 2 +- 0.3 by its prior alone: [2 - 0.588, 2 + 0.588]."""
    box = Number("m", 0, 2), Number("z", -3, 7, prior=("Normal", 2.0, 0.3))
    data = [1.0, 1.1, 0.9, 1.0, 1.2]
    blind = case(box, lambda p, *_: p.m + np.zeros(5), data, 0.1, {"m": 1, "z": 2}, "z")
    found = decide(blind, (-3, 7))

    assert ends(found) == pytest.approx([2 - Z * 0.3, 2 + Z * 0.3], rel=1e-7)
    assert reasons(found) == [({"prior"}, ("z",)), ({"prior"}, ("z",))]
    assert found.codes == {"prior_limited"}
    assert found.acts == {"m": True, "z": None}


def test_a_prior_beside_data_that_close_the_set_holds_nothing():
    """The data alone close the set of a mean inside its box, so a prior of it is no reason."""
    box = (Number("m", -5, 5, prior=("Normal", 0.9, 0.05)),)
    data = np.array([1.0, 1.1, 0.9, 1.0, 1.2])
    mean = case(box, lambda p, *_: p.m + np.zeros(5), data, 0.1, {"m": 1}, "m")
    found = decide(mean, (-5, 5))
    weight = 5 / 0.1**2 + 1 / 0.05**2
    middle = (data.sum() / 0.1**2 + 0.9 / 0.05**2) / weight

    assert ends(found) == pytest.approx(
        [middle - Z / math.sqrt(weight), middle + Z / math.sqrt(weight)], rel=1e-7
    )
    assert reasons(found) == [({"data"}, ()), ({"data"}, ())]


def test_the_scan_a_bound_and_a_physical_limit():
    """A mean of 1 +- 0.1 on a scan to 1.1, with a bound at 0.95, or a limit there."""
    data = [1.0]
    for limits, reason, code in (
        ((None, None), "bound", "not_constrained"),
        ((0.95, None), "physical limit", "not_constrained"),
    ):
        box = (Number("m", 0.95, 2, physical=limits),)
        mean = case(box, lambda p, *_: p.m + np.zeros(1), data, 0.1, {"m": 1}, "m")
        short = decide(mean, (0.95, 1.1))
        assert reasons(short) == [({reason}, ()), ({"scan edge"}, ())]
        assert short.codes == {code}
        whole = decide(mean, (0.95, 2))
        assert ends(whole) == pytest.approx([0.95, 1 + Z * 0.1])
        assert reasons(whole) == [({reason}, ()), ({"data"}, ())]
        assert whole.codes == ({"one_sided"} if reason != "bound" else {"bound_limited"})


def test_mirror_images_are_two_pieces():
    """m^2 = 1 +- 0.2: two pieces, between the roots of 1 -+ 0.392."""
    square = case((Number("m", -3, 3),), lambda p, *_: p.m**2, [1.0], 0.2, {"m": 1}, "m")
    found = decide(square, (-3, 3))
    low, high = math.sqrt(1 - Z * 0.2), math.sqrt(1 + Z * 0.2)

    assert ends(found) == pytest.approx([-high, -low, low, high], rel=1e-7)
    assert found.codes == {"several_intervals"}


def test_an_end_at_a_jump():
    """Where the prediction jumps at 2 and 3 the set is the step between them."""
    step = case((Number("q", 0.5, 5.5),), lambda p, *_: np.floor(p.q), [2.0], 0.1, {"q": 2.5}, "q")

    assert ends(decide(step, (0.5, 5.5))) == pytest.approx([2.0, 3.0], abs=1e-5)


def test_a_wall_is_no_datum():
    """Of m = 1 +- 0.1, not finite above 1.05, set ends there, by a wall."""
    wall = case(
        (Number("m", 0, 2),),
        lambda p, *_: np.where(p.m > 1.05, np.nan, p.m),
        [1.0],
        0.1,
        {"m": 1},
        "m",
    )
    found = decide(wall, (0, 2))

    assert ends(found) == pytest.approx([1 - Z * 0.1, 1.05], abs=1e-4)
    assert reasons(found) == [({"data"}, ()), ({"wall"}, ())]
    assert found.unfinished


def test_how_nearly_a_scaling_holds():
    """Of a b + 0.01 a at a = b = 1: a -> 2 a, b -> b / 2 moves it by 0.01, that is 0.1 sigma."""
    box = Number("a", 0.1, 10), Number("b", 0.1, 10)
    truth = {"a": 1.0, "b": 1.0}
    broken = case(box, lambda p, *_: p.a * p.b + 0.01 * p.a, [1.01], 0.1, truth, "a")

    assert nearly(broken, truth, ("scaling", {"a": 1, "b": -1})) == pytest.approx(0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_what_it_says(kind):
    """Its symmetries move no residual, its truth is finite, and the same seed draws it again."""
    for number in range(20):
        one, again = draw(kind, 1, number), draw(kind, 1, number)

        assert list(verified(one)) == []
        assert np.isfinite(one.data).all()
        assert one.title == again.title
        assert (one.data == again.data).all()
