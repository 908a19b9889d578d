"""How numbers are written: the same digits in every view, plain ASCII unless asked otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from daybreak.sentences import Sentence, between, joined, worded

DIGITS = 7
"""Significant digits of a number without an uncertainty: enough to tell two chi2 of 1e8 apart."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = DIGITS) -> str:
    """Write a number with at most `digits` significant digits, e.g. ``9.918598e+07``.

    The exponent is Python's, as in the bars of criteria (``< 1e+06``), so that one search finds
    a number in the log, the report and `summary.json`.
    """
    text = f"{value:.{digits}g}"
    return _whole("0" if text == "-0" else text)


def rounded(value: float, digits: int) -> str:
    """Round to significant digits, without an exponent for thousands, e.g. ``2280``."""
    return number(float(f"{value:.{digits}g}"))


def chi2(value: float) -> str:
    """Write a chi2: large ones keep every digit, zeros too, so that they line up in a column."""
    return _whole(f"{value:.{DIGITS - 1}e}") if abs(value) >= 10**DIGITS else number(value)


def signed(value: float, digits: int = 3) -> str:
    """Write a number with its sign, e.g. ``+0.53``."""
    return _whole(f"+{number(value, digits)}") if value > 0 else number(value, digits)


def scientific(value: float, digits: int = DIGITS) -> str:
    """Write a number for a picture, e.g. ``9.918598×10⁷``."""
    mantissa, _, exponent = number(value, digits).replace("-", "\N{MINUS SIGN}").partition("e")
    if not exponent:
        return mantissa
    power = ten_to(int(exponent.replace("\N{MINUS SIGN}", "-")))
    return power if mantissa == "1" else f"{mantissa}×{power}"


def ten_to(exponent: int) -> str:
    """Write a power of ten, e.g. ``10⁻⁶``."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def plus_minus(value: float, uncertainty: float | None, sign: str = "+/-") -> str:
    """Write a value with its uncertainty, e.g. ``0.0497 +/- 0.0003``.

    The uncertainty keeps one significant digit, or two when it begins with 1 or 2, and the value
    is rounded to the same place. Without one, or when it is zero or too small to be compared,
    the value stands alone.
    """
    if not uncertainty:
        return number(value)
    place = last_place(uncertainty)
    leading = math.floor(math.log10(max(abs(value), uncertainty)))
    if leading - place >= DIGITS or leading < -300:
        return worded("{} {} {}", chi2(value), sign, number(uncertainty, 1))
    if -4 <= leading < DIGITS:
        shown = (f"{round(part, -place):.{max(-place, 0)}f}" for part in (value, uncertainty))
        return joined(f" {sign} ", map(_whole, shown))
    decimals, scale = max(leading - place, 0), 10.0**leading
    return (
        f"({value / scale:.{decimals}f} {sign} {uncertainty / scale:.{decimals}f})e{leading:+03d}"
    )


def last_place(uncertainty: float) -> int:
    """Power of ten of the last digit worth writing of an uncertainty above 0."""
    mantissa, exponent = f"{uncertainty:.1e}".split("e")
    return int(exponent) - 1 if float(mantissa) < 3 else int(exponent)


def probability(value: float) -> str:
    """Write a p value: three digits, and no pretence below 1e-300."""
    return "< 1e-300" if value < 1e-300 else worded("{:.3g}", value)


def with_unit(text: str, unit: str) -> str:
    """Append a unit, when there is one."""
    return worded("{} {}", text, unit) if unit else text


def in_brackets(name: str, unit: str) -> str:
    """Write a name with its unit, e.g. ``k2 (1/s)``."""
    return f"{name} ({unit})" if unit else name


def plain(value: float | str) -> str:
    """Write a setting: numbers shortened, words and truth values as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) else str(value)


def count(number_of: int, one: str, many: str = "") -> str:
    """Write a counted noun, e.g. ``1 study`` or ``7 studies``."""
    return worded("{} {}", number_of, one if number_of == 1 else many or one + "s")


def listed(names: Sequence[str], most: int) -> str:
    """Write names side by side, at most so many, e.g. ``a, b and 3 more``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def duration(seconds: float) -> str:
    """Write a length of time, e.g. ``6 h 12 min``."""
    if seconds < 1:
        return worded("{:.0f} ms", seconds * 1000)
    if seconds < 60:
        return worded("{:.3g} s", seconds)
    minutes = round(seconds / 60)
    if minutes < 60:
        return worded("{} min", minutes)
    hours, minutes = divmod(minutes, 60)
    return worded("{} h {} min", hours, minutes) if minutes else worded("{} h", hours)


def moment(text: str) -> str:
    """Write an ISO 8601 time for people, e.g. ``2026-11-03 22:14 UTC``."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return between("{:%Y-%m-%d %H:%M UTC}", when)


def _whole(text: str) -> Sentence:
    """A number as it is written."""
    return Sentence(text, [(0, len(text))])
