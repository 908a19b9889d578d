"""Contours traced by asking: on functions whose lines are known in closed form."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from daybreak.problem.contours.frame import Frame
from daybreak.problem.contours.tracing import TOLERANCE, trace
from daybreak.problem.parameters import Parameter

LEVEL = 5.99
MOST_ROUNDS = 400


def lattice(nx=15, ny=None):
    """Evenly spaced fractions."""
    return tuple(np.linspace(0.0, 1.0, n).round(10).tolist() for n in (nx, ny or nx))


@functools.cache
def asked(function, minima=(), size=15, level=LEVEL, lowest=0.0):
    """Trace by asking; the contour, everything known, and the number of rounds it took."""
    fractions = lattice(size)
    places = [*((x, y) for x in fractions[0] for y in fractions[1]), *minima]
    known = {at: function(*at) for at in places}
    for rounds in range(MOST_ROUNDS):
        contour = trace(known, fractions, minima, lowest, level)
        if not contour.wanted:
            return contour, known, rounds
        for one in contour.wanted:
            assert one.at not in known, "it asks for what it knows"
            assert set(one.near) <= set(known)
            known[one.at] = function(*one.at)
    pytest.fail(f"still asking after {MOST_ROUNDS} rounds")


def area(line):
    """Area inside a closed line, positive when it runs counter-clockwise."""
    x, y = np.array([vertex.at for vertex in line]).T
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def farthest(contour, function, level=LEVEL):
    """Largest distance in chi2 from the level over the points that data put there."""
    return max(
        abs(function(*vertex.at) - level)
        for line in contour.lines
        for vertex in line
        if vertex.closed
    )


def ellipse(sx, sy, angle=0.0, centre=(0.5, 0.5)):
    """A Gaussian's chi2 with standard deviations along rotated axes."""
    c, s = math.cos(angle), math.sin(angle)

    def chi2(x, y):
        dx, dy = x - centre[0], y - centre[1]
        return ((c * dx + s * dy) / sx) ** 2 + ((c * dy - s * dx) / sy) ** 2

    return chi2


def banana(x, y):
    """Rosenbrock's valley, a third of the box long."""
    u, v = 4.0 * (x - 0.5), 4.0 * (y - 0.3)
    return (8.0 * (v - u * u)) ** 2 + (2.0 * u) ** 2


def islands(x, y):
    """Two separate minima with chi2 = 0, at (0.25, 0.5) and (0.75, 0.5)."""
    u = (x - 0.5) / 0.25
    return (4.0 * (u * u - 1.0)) ** 2 + ((y - 0.5) / 0.04) ** 2


def test_circle():
    """A circle is one closed line that encloses its region on the left, of the right area."""
    contour, _, rounds = asked(ellipse(0.1, 0.1), ((0.5, 0.5),))
    [line] = contour.lines

    assert area(line) == pytest.approx(math.pi * LEVEL * 0.01, rel=1e-3)
    assert all(vertex.closed for vertex in line)
    assert farthest(contour, ellipse(0.1, 0.1)) <= TOLERANCE
    assert contour.error <= TOLERANCE
    assert rounds < 40


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 4, 2.0])
def test_thin_ellipse(angle):
    """An ellipse fifty times as long as wide, thinner than the lattice, is right to 0.01."""
    function = ellipse(0.15, 0.003, angle)
    contour, _, _ = asked(function, ((0.5, 0.5),))
    [line] = contour.lines

    assert area(line) == pytest.approx(math.pi * LEVEL * 0.15 * 0.003, rel=1e-3)
    assert farthest(contour, function) <= TOLERANCE


def test_banana():
    """A bent valley is followed around its bend: every point within 0.01, and its area right."""
    contour, _, _ = asked(banana, ((0.5, 0.3),))
    [line] = contour.lines

    # Shears keep areas: the valley is an ellipse in (u, v - u^2), and du dv = 16 dx dy.
    assert area(line) == pytest.approx(math.pi * LEVEL / (8.0 * 2.0) / 16.0, rel=1e-3)
    assert farthest(contour, banana) <= TOLERANCE


def test_islands():
    """Two regions give two lines, each around its own minimum."""
    contour, _, _ = asked(islands, ((0.25, 0.5), (0.75, 0.5)))
    left, right = sorted(contour.lines, key=lambda line: line[0].at)

    assert max(vertex.at[0] for vertex in left) < 0.5 < min(vertex.at[0] for vertex in right)
    assert area(left) == pytest.approx(area(right), rel=2e-3)
    assert area(left) > 0
    assert farthest(contour, islands) <= TOLERANCE


def test_hole():
    """A ring has two lines: the outer one runs counter-clockwise, the hole's the other way."""

    def ring(x, y):
        return (10.0 * (math.hypot(x - 0.5, y - 0.5) / 0.25 - 1.0)) ** 2

    contour, _, _ = asked(ring, ((0.75, 0.5),), size=25)
    inner, outer = sorted(area(line) for line in contour.lines)

    width = 0.25 * math.sqrt(LEVEL) / 10.0
    assert outer == pytest.approx(math.pi * (0.25 + width) ** 2, rel=1e-3)
    assert inner == pytest.approx(-math.pi * (0.25 - width) ** 2, rel=1e-3)


def test_nothing_below_the_level():
    """Where nothing is below the level there is no line, and nothing is asked."""
    contour, _, rounds = asked(lambda x, y: 10.0 + x + y)

    assert (contour.lines, contour.wanted, rounds) == ([], [], 0)


def test_everything_below_the_level():
    """Where everything is below the level the line is the border, which the data did not set."""
    contour, _, rounds = asked(lambda x, y: 0.1 * (x + y), ((0.31, 0.4),))
    [line] = contour.lines

    assert not any(vertex.closed for vertex in line)
    assert area(line) == pytest.approx(1.0)
    assert rounds == 0


def test_border():
    """A region cut by the lattice's border follows it, and only the rest is set by the data."""
    function = ellipse(0.1, 0.1, centre=(0.0, 0.5))
    contour, _, _ = asked(function, ((0.0, 0.5),))
    [line] = contour.lines

    assert area(line) == pytest.approx(0.5 * math.pi * LEVEL * 0.01, rel=2e-3)
    assert {vertex.at[0] for vertex in line if not vertex.closed} == {0.0}
    assert any(vertex.closed for vertex in line)
    assert farthest(contour, function) <= TOLERANCE


@pytest.mark.parametrize("centre", [(0.0, 0.51), (1.0, 1.0), (0.37, 0.0), (0.512, 0.513)])
def test_minimum_that_no_lattice_point_shows(centre):
    """A minimum between lattice points, or on the border, gets one line around it."""
    function = ellipse(0.01, 0.004, 0.4, centre)
    contour, _, _ = asked(function, (centre,))
    [line] = contour.lines

    inside = sum(0.0 < f < 1.0 for f in centre) / 2
    if inside == 1:
        assert area(line) == pytest.approx(math.pi * LEVEL * 0.01 * 0.004, rel=1e-3)
        assert all(vertex.closed for vertex in line)
    else:
        assert area(line) > 0
        assert not all(vertex.closed for vertex in line)
    assert farthest(contour, function) <= TOLERANCE


def test_wall():
    """Where no fit ends, the line follows the wall, and does not put it down to the data."""

    def walled(x, y):
        return ellipse(0.2, 0.2)(x, y) if x < 0.61 else math.inf

    contour, _, _ = asked(walled, ((0.5, 0.5),))
    [line] = contour.lines
    wall = [vertex.at[0] for vertex in line if not vertex.closed]

    assert wall
    assert all(0.60 < x < 0.61 for x in wall)
    assert math.isfinite(contour.error)
    radius, side = 0.2 * math.sqrt(LEVEL), 0.11
    cap = radius**2 * math.acos(side / radius) - side * math.sqrt(radius**2 - side**2)
    assert area(line) == pytest.approx(math.pi * radius**2 - cap, rel=0.01)


@pytest.mark.parametrize("angle", [0.3, 1.2])
def test_slanting_wall_beside_a_minimum(angle):
    """A wall that cuts a region smaller than the lattice's squares leaves one line around it."""

    def walled(x, y):
        side = (x - 0.41) * math.cos(angle) + (y - 0.43) * math.sin(angle)
        return ellipse(0.03, 0.05, 0.0, (0.4, 0.42))(x, y) if side < 0.0 else math.inf

    contour, known, rounds = asked(walled, ((0.4, 0.42),))

    assert len(contour.lines) == 1
    assert rounds < 150
    assert len(known) < 1500


def test_jumps():
    """On a staircase the line is rough and says by how much, but it ends, and asks for little."""

    def stairs(x, y):
        return math.floor(10 * abs(x - 0.5)) ** 2 + math.floor(10 * abs(y - 0.5)) ** 2

    contour, known, rounds = asked(stairs, ((0.5, 0.5),))

    assert contour.lines
    assert contour.error > TOLERANCE
    assert rounds < 100
    assert len(known) < 5000


@pytest.mark.parametrize("function", [ellipse(0.15, 0.003, 0.3), banana, islands])
def test_trace_is_a_function_of_what_is_known(function):
    """On the same values the same lines come out, whatever order they were found in."""
    minima = ((0.5, 0.3),) if function is banana else ((0.5, 0.5),)
    if function is islands:
        minima = ((0.25, 0.5), (0.75, 0.5))
    contour, known, _ = asked(function, minima)
    again = trace(dict(reversed(known.items())), lattice(), minima, 0.0, LEVEL)

    assert again == contour
    assert again.wanted == []


def test_frame():
    """Fractions and units are inverses, on either scale, and lattice lines keep their values."""
    xs, ys = [0.3, 1.0, 7.0], [-2.0, 0.1, 3.0]
    frame = Frame((Parameter("k", 0.1, 10.0, "log"), Parameter("c", -5, 5)), xs, ys)

    for x in xs:
        for y in ys:
            assert frame.point(frame.at((x, y))) == (x, y)
    assert frame.at((0.3, -2.0)) == (0.0, 0.0)
    assert frame.at((7.0, 3.0)) == (1.0, 1.0)
    assert frame.at((math.sqrt(0.3 * 7.0), 0.5)) == pytest.approx((0.5, 0.5))
    assert frame.point((0.5, 0.5)) == pytest.approx((math.sqrt(0.3 * 7.0), 0.5))
