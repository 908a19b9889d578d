"""How numbers are written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.report import numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [(99185980.4, "9.918598e+07"), (0.0497, "0.0497"), (0.0, "0"), (-0.0, "0"), (1e-9, "1e-09")],
)
def test_number(value, text):
    """A number has the digits that matter and no others."""
    assert numbers.number(value) == text


@given(FINITE)
def test_number_is_read_back(value):
    """A written number is the number, to seven digits."""
    assert math.isclose(float(numbers.number(value)), value, rel_tol=1e-6, abs_tol=1e-300)


@pytest.mark.parametrize(
    ("value", "uncertainty", "text"),
    [
        (0.04971, 0.0003, "0.0497 +/- 0.0003"),
        (12.3456, 0.123, "12.35 +/- 0.12"),
        (99185980.4, 2.4e4, "(9.9186 +/- 0.0024)e+07"),
        (99185980.4, 1e-6, "9.918598e+07 +/- 1e-06"),
        (1234.0, 250.0, "1230 +/- 250"),
        (123456.0, 4000.0, "123000 +/- 4000"),
        (0.0, 0.5, "0.0 +/- 0.5"),
        (0.0, 5e-324, "0 +/- 5e-324"),
        (4.9, 0.0, "4.9"),
        (4.9, None, "4.9"),
    ],
)
def test_plus_minus(value, uncertainty, text):
    """A value is rounded to the place of its uncertainty."""
    assert numbers.plus_minus(value, uncertainty) == text


@given(FINITE, st.floats(min_value=0, max_value=1e300))
def test_plus_minus_never_raises(value, uncertainty):
    """Any value with any uncertainty can be written."""
    text = numbers.plus_minus(value, uncertainty)

    assert ("+/-" in text) == (uncertainty != 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(9.918598e7, "9.918598×10⁷"), (1e-6, "10⁻⁶"), (-5260.0, "−5260"), (3.05, "3.05")],
)
def test_scientific(value, text):
    """Pictures write powers of ten with superscripts."""
    assert numbers.scientific(value) == text


def test_large_chi2_line_up():
    """Large chi2 keep their trailing zeros, so that a column of them lines up."""
    assert numbers.chi2(9.91823e7) == "9.918230e+07"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.41, "410 ms"), (41.5, "41.5 s"), (861, "14 min"), (22320, "6 h 12 min"), (7200, "2 h")],
)
def test_duration(seconds, text):
    """A length of time is written in the units of a clock."""
    assert numbers.duration(seconds) == text


def test_moment():
    """Times are shown in UTC, and what is no time is shown as it is."""
    assert numbers.moment("2026-11-03T23:14:05+01:00") == "2026-11-03 22:14 UTC"
    assert numbers.moment("long ago") == "long ago"


def test_probability():
    """A p value is not called zero."""
    assert numbers.probability(0.0) == "< 1e-300"
    assert numbers.probability(0.57974) == "0.58"
