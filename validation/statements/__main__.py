"""Compare what is said of random fits with brute force, and print the counts by kind.

python -m validation.statements                         # 30 of each kind
python -m validation.statements --kind walls --each 5
python -m validation.statements --seed 123 --kind walls --only 17
"""

from __future__ import annotations

import argparse
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")

from validation.statements.kinds import KINDS
from validation.statements.table import Done, falsehoods, statements, table
from validation.statements.validate import every, one, seed_of_commit


def main() -> None:
    """Read the command line, compare, report."""
    parser = argparse.ArgumentParser(prog="python -m validation.statements")
    parser.add_argument("--each", type=int, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--kind", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--only", type=int, help="one fit of the kind, by its number")
    parser.add_argument("--undecided", action="store_true", help="list those as well")
    options = parser.parse_args()
    seed = seed_of_commit() if options.seed is None else options.seed
    print(f"seed {seed}: repeat with DAYBREAK_SEED={seed} or --seed {seed}", flush=True)
    if options.only is not None:
        found = one(options.kind[0], seed, options.only)
        for said in found.found:
            print(f"{said.result:10} {said.what}: told {said.told}, true {said.true}")
        sys.exit(bool(found.of("false")))
    done: list[Done] = []
    for each in every(options.each, seed, options.kind):
        done.append(each)
        if each.of("false"):
            print(falsehoods([each]), flush=True)
    if options.undecided:
        print("undecided:", falsehoods(done, "undecided"), sep="\n")
    print("", statements(done), "", table(done), sep="\n")
    sys.exit(any(each.of("false") for each in done))


if __name__ == "__main__":
    main()
