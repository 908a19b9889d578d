"""Run every benchmark; with `--write` keep the numbers that count in docs/benchmarks.md.

A run of another day adds a row and leaves the earlier ones, so that nothing gets worse unseen.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import forecasting
import intervals
import least_squares
import ledger
import maps
import night
import odes
import profiles
import search
import soliton
import workers
from measure import Headline, print_table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="keep the result in docs/benchmarks.md"
    )
    write = parser.parse_args().write
    parts = (
        least_squares,
        profiles,
        maps,
        intervals,
        odes,
        night,
        ledger,
        workers,
        search,
        soliton,
        forecasting,
    )
    found = [headline for part in parts for headline in part.headlines()]
    print_table("Kept", ["what", "value"], [[h.name, str(h)] for h in found])
    if write:
        earlier = PAGE.read_text(encoding="utf-8")
        today = dt.datetime.now(dt.UTC).date()
        PAGE.write_text(page(earlier, found, today), encoding="utf-8")
        print(f"\nWritten to {PAGE}")


def page(earlier: str, found: list[Headline], today: dt.date) -> str:
    """The page with today's row last; a second run of a day replaces that day's row.

    When other numbers are kept than before, a new table begins below the old one.
    """
    head = row(["date", *(h.name for h in found)])
    lines = earlier.rstrip().splitlines()
    tables = [line for line in lines if line.startswith("| date ")]
    if not tables or tables[-1] != head:
        lines += ["", head, row(["---"] * (1 + len(found)))]
    if lines[-1].startswith(f"| {today} "):
        lines.pop()
    lines.append(row([f"{today}", *(f"{h.value:.3g}{h.unit}" for h in found)]))
    return "\n".join([*lines, ""])


def row(cells: list[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
