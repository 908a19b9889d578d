"""Exact symmetries over 1,000 random problems: none claimed that is not there, none missed."""

from tests.preflight.monomials import census


def test_a_thousand_random_problems_have_no_false_and_no_missed_symmetry():
    """The group found is the null space of the exponents, in every one of 1,000 systems."""
    false, missed = census(1000, seed=2026)

    print(f"1,000 random systems of monomials: {false} false, {missed} missed")
    assert (false, missed) == (0, 0)
