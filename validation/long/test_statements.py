"""No statement about a random fit is false, by brute force (`python -m validation.statements`)."""

from functools import cache

import pytest

from validation.statements.kinds import KINDS
from validation.statements.table import Done, falsehoods, table
from validation.statements.validate import every, seed_of_commit

EACH = 4
"""Fits of each kind, drawn anew for every commit; thirty of each take a quarter of an hour."""


@cache
def asked(kind: str) -> list[Done]:
    """The fits of a kind, with what was said of them and what is true."""
    seed = seed_of_commit()
    done = list(every(EACH, seed, [kind]))
    print(f"DAYBREAK_SEED={seed}", table(done), sep="\n")
    return done


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_false_is_said_of_random_fits(kind):
    """No false code, reason, end or claim."""
    assert falsehoods(asked(kind)) == ""


def test_little_is_left_undecided():
    """Of what brute force decides at most a tenth is undecided, over all kinds."""
    done = [one for kind in KINDS for one in asked(kind)]
    undecided = sum(len(one.of("undecided")) for one in done)
    said = undecided + sum(len(one.of("right")) for one in done)

    assert undecided <= 0.1 * said, falsehoods(done, "undecided")
