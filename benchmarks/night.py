"""The whole command as a user starts it: the night, its help and its report."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from measure import Headline, command_seconds, print_table

CAMPAIGN = "lepton-localisation"
DAYBREAK = [sys.executable, "-m", "daybreak.cli"]
BY_HAND = 77 * 170.0
"""What the night replaces: 77 profile points of 170 s each, s."""
REPEATS = 3


def headlines() -> list[Headline]:
    """Print the table; return what is kept."""
    with tempfile.TemporaryDirectory() as home:
        cold = [night(Path(home) / f"cold{i}", Path(home) / f"cache{i}") for i in range(REPEATS)]
        warm = [night(Path(home) / f"warm{i}", Path(home) / "cache0") for i in range(REPEATS)]
        report = [command(["report", f"{home}/warm0"], f"{home}/cache0") for _ in range(REPEATS)]
        before = [command(["preflight", CAMPAIGN], f"{home}/cache0") for _ in range(REPEATS)]
        about = [command(["--help"], f"{home}/cache0") for _ in range(REPEATS)]
    rows: list[list[str]] = []
    for name, runs, bar in (
        ("night, nothing compiled", cold, "12 s wall"),
        ("night, compiled before", warm, "6 s wall"),
        ("preflight, compiled before", before, "10 s wall"),
        ("report", report, "2 s CPU"),
        ("--help", about, "0.3 s CPU"),
    ):
        wall, cpu = median(runs)
        ratio = f"{BY_HAND / wall:.0f}" if name.startswith("night") else ""
        rows.append([name, f"{wall:.2f}", f"{cpu:.2f}", bar, ratio])
    heads = ["command", "wall s", "CPU s", "bar", "77 x 170 s / wall"]
    print_table(f"daybreak run {CAMPAIGN} and its company, medians of {REPEATS}", heads, rows)
    return [
        Headline("night, cold", median(cold)[0], " s", 12.0),
        Headline("its CPU", median(cold)[1], " s"),
        Headline("night, warm", median(warm)[0], " s", 6.0),
        Headline("its CPU again", median(warm)[1], " s"),
        Headline("preflight, warm", median(before)[0], " s", 10.0),
        Headline("report CPU", median(report)[1], " s", 2.0),
        Headline("help CPU", median(about)[1], " s", 0.3),
    ]


def night(directory: Path, cache: Path) -> tuple[float, float]:
    """One whole night, with its compilations kept in `cache`."""
    return command(["run", CAMPAIGN, "--fresh", "--dir", str(directory)], str(cache))


def command(arguments: list[str], cache: str) -> tuple[float, float]:
    """Wall and processor seconds of one command."""
    return command_seconds([*DAYBREAK, *arguments], {**os.environ, "XDG_CACHE_HOME": cache})


def median(runs: list[tuple[float, float]]) -> tuple[float, float]:
    """Medians of wall and processor seconds, each on its own."""
    return statistics.median(w for w, _ in runs), statistics.median(c for _, c in runs)


if __name__ == "__main__":
    headlines()
