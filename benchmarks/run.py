"""Run every benchmark; with `--write` keep the numbers that count in docs/benchmarks.md.

A run of another day adds a row and leaves the earlier ones, so that nothing gets worse unseen.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import least_squares
import night
from measure import Headline, print_table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PREFACE = """# How long things take

`make bench` measures, and `python benchmarks/run.py --write` adds today's row.
Seconds are processor seconds, except those of the night, which are wall seconds; the machine has two cores, shared with others, so look at the ratios first.
An evaluation is one call for residuals or for their Jacobian; SciPy's are those of `least_squares(method="trf")` on the same problems, from the same starts, in the same boxes.
The night is `daybreak run lepton-localisation`, cold with an empty compilation cache and warm with a full one; by hand it took 77 × 170 s.
The bars: night cold 12 s, warm 6 s, report 2 s, help 0.3 s.
"""


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="keep the result in docs/benchmarks.md"
    )
    write = parser.parse_args().write
    found = [*least_squares.headlines(), *night.headlines()]
    print_table("Kept", ["what", "value"], [[h.name, str(h)] for h in found])
    if write:
        earlier = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page(earlier, found, datetime.datetime.now(datetime.UTC).date()), "utf-8")
        print(f"\nWritten to {PAGE}")


def page(earlier: str, found: list[Headline], today: datetime.date) -> str:
    """The page with today's row; a second run of a day replaces that day's row."""
    heads = ["date", *(h.name for h in found)]
    rows = [line for line in earlier.splitlines() if line[:3] == "| 2"]
    kept = [row for row in rows if not row.startswith(f"| {today} ")]
    cells = [f"{today}", *(f"{h.value:.3g}{h.unit}" for h in found)]
    table = ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads))]
    return "\n".join([PREFACE, *table, *kept, "| " + " | ".join(cells) + " |", ""])


if __name__ == "__main__":
    main()
