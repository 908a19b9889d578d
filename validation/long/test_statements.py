"""No statement about a random fit is false, by brute force (`python -m validation.statements`)."""

import pytest

from validation.statements.kinds import KINDS
from validation.statements.table import falsehoods, table
from validation.statements.validate import every, seed_of_commit

EACH = 4
"""Fits of each kind, drawn anew for every commit; thirty of each take a quarter of an hour."""


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_false_is_said_of_random_fits(kind):
    """No false code, reason, end or claim, and at most a tenth is undecided."""
    seed = seed_of_commit()
    done = list(every(EACH, seed, [kind]))
    print(f"DAYBREAK_SEED={seed}", table(done), sep="\n")
    undecided = sum(len(one.of("undecided")) for one in done)
    said = undecided + sum(len(one.of("right")) for one in done)

    assert falsehoods(done) == ""
    assert undecided <= 0.1 * said, falsehoods(done, "undecided")
