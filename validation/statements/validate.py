"""Random fits of every kind, asked of Daybreak and of brute force."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from validation.statements.compare import Compared, compare
from validation.statements.kinds import KINDS, draw
from validation.statements.table import Done
from validation.statements.told import ask
from validation.statements.truth import decide, verified

FALLBACK = 20261130
"""Seed where there is no repository."""


def seed_of_commit() -> int:
    """``DAYBREAK_SEED``, or the first 32 bits of the commit's hash: new fits for every commit."""
    given = os.environ.get("DAYBREAK_SEED")
    if given:
        return int(given)
    command = ["git", "rev-parse", "HEAD"]
    here = Path(__file__).parent
    try:
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return FALLBACK
    return int(done.stdout[:8], 16)


def one(kind: str, seed: int, number: int) -> Done:
    """Draw a fit, ask both, compare."""
    case = draw(kind, seed, number)
    wrong = list(verified(case))
    if wrong:
        msg = f"{kind} {number} of seed {seed} is not what it says: {wrong}"
        raise AssertionError(msg)
    try:
        told = ask(case)
    except Exception as error:  # noqa: BLE001 - a crash is a result as well
        said = f"{type(error).__name__}: {error}"[:300]
        return Done(case, (Compared("crash", "false", said, "an answer"),), 0.0, 0.0)
    began = time.process_time()
    truth = decide(case, told.scan)
    found = compare(case, told, truth)
    return Done(case, tuple(found), told.seconds, time.process_time() - began)


def every(each: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Done]:
    """So many fits of each kind, one kind after another."""
    for kind in kinds:
        for number in range(each):
            yield one(kind, seed, number)
