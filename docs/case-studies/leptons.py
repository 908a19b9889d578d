# ruff: noqa: INP001 - a script beside its page, no package
"""Run every lepton campaign and renew what docs/case-studies/leptons.md says about it.

`make lepton` calls it.  Campaigns run in runs/<name>/, two at a time, and those that have finished
are only read; `--fresh` begins anew.  Of the page only what stands between
`<!-- begin NAME -->` and `<!-- end NAME -->` is written, and the pictures beside it.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import re
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import daybreak as dk
from daybreak import catalogue
from daybreak.models.vortex.published import Beside, beside
from daybreak.models.vortex.published_a import FIGURES
from daybreak.models.vortex.published_b import PUBLISHED_B
from daybreak.report.canvas import svg
from daybreak.report.profile_figure import profile_figure
from daybreak.report.reach_figure import reach_figure
from daybreak.report.summary import Summary

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_suffix(".md")
IMAGES = Path(__file__).parent / "images"
RUNS = ROOT / "runs"
WORKERS = 2

CAMPAIGNS = (
    "lepton-three",  # the longest first, so that two workers end together
    "lepton-cross",
    "lepton-pivots",
    "lepton-sensitivity",
    "lepton-boundary-layer",
    "lepton-localisation-wide",
    "lepton-single",
    "lepton-tau",
    "lepton-two",
    "lepton-localisation-sensitivity",
    "lepton-localisation",
)
REACH = ("lepton-localisation", "lepton-pivots")
"""Campaigns whose reach before the night is drawn."""
PROFILES: Mapping[str, tuple[str, str]] = {
    "lepton-single": ("shape of e", "R"),
    "lepton-cross": ("tight", "beta"),
    "lepton-boundary-layer": ("w 0.015", "beta"),
    "lepton-sensitivity": ("beta by evolution", "beta"),
    "lepton-three": ("evolution", "beta"),
}
"""Study and parameter whose profile is drawn, by campaign."""
ROUNDING = re.compile(r"\b\d(\.\d+)?e-(1[3-9]|[2-9]\d)\b")
"""What is zero but for rounding, and another number on every machine."""
BLOCK = "<!-- begin {name} -->\n{text}<!-- end {name} -->"


def main() -> None:
    """Run, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="archive earlier runs, begin anew")
    fresh = parser.parse_args().fresh
    results = run_all(CAMPAIGNS, fresh=fresh)
    pictures = {name: draw(found, IMAGES) for name, found in results.items()}
    page = PAGE.read_text(encoding="utf-8")
    page = renewed(page, "verdicts", verdicts(results))
    rows = beside((*FIGURES, *PUBLISHED_B), results)
    for name, found in results.items():
        own = [row for row in rows if row.campaign == name]
        page = renewed(page, name, section(found, pictures[name], own))
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)}\n")


def run_all(names: Sequence[str], *, fresh: bool) -> dict[str, dk.Results]:
    """Results of the campaigns, run two at a time, each in a process that outlives it."""
    spawn = multiprocessing.get_context("spawn")  # JAX has threads, which a fork would not copy
    began = time.monotonic()
    with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
        waiting = [pool.submit(run_one, name, fresh) for name in names]
        for name, future in zip(names, waiting, strict=True):
            sys.stdout.write(f"{name}: {future.result()}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(names)} campaigns in {time.monotonic() - began:.0f} s\n")
    return {name: dk.open(RUNS / name) for name in names}


def run_one(name: str, fresh: bool) -> str:  # noqa: FBT001 - called through a pool
    """Run one campaign; its progress is in its own night.log."""
    began = time.monotonic()
    found = dk.run(catalogue.load(name), RUNS / name, fresh=fresh, progress=io.StringIO())
    return f"{found.verdict}, {time.monotonic() - began:.0f} s"


def draw(found: dk.Results, folder: Path) -> str:
    """Write the campaign's picture, if it has one, and return its line of Markdown."""
    name = found.summary.campaign
    if name in REACH:
        figure = reach_figure(found.summary)
    elif name in PROFILES:
        study, parameter = PROFILES[name]
        profile = found[study].profile_of(parameter)
        figure = None if profile is None else profile_figure(found[study], profile)
    else:
        figure = None
    if figure is None:
        return ""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.svg"
    path.write_text(standing_alone(svg(figure)), encoding="utf-8")
    what = (
        "reach before the night" if name in REACH else "{}, profile of {}".format(*PROFILES[name])
    )
    return f"![{name}: {what}]({folder.name}/{path.name})\n"


def standing_alone(drawing: str) -> str:
    """An inline drawing as a file: black on white, whatever surrounds it."""
    root = '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" color="black" '
    ground = '<rect width="100%" height="100%" fill="white"/>'
    drawing = drawing.replace("var(--ground, none)", "white").replace("<svg ", root, 1)
    return re.sub(r"(<svg [^>]*>)", rf"\1{ground}", drawing, count=1) + "\n"


def renewed(page: str, name: str, text: str) -> str:
    """The page with the generated part `name` replaced.

    Raises
    ------
    ValueError
        When the page does not have it exactly once.
    """
    pattern = re.compile(
        re.escape(BLOCK).replace(r"\{name\}", name).replace(r"\{text\}", ".*?"), re.DOTALL
    )
    block = BLOCK.format(name=name, text=text)
    page, count = pattern.subn(lambda _: block, page)
    if count != 1:
        msg = f"the page must have the part {name!r} once, but has it {count} times."
        raise ValueError(msg)
    return page


def verdicts(results: Mapping[str, dk.Results]) -> str:
    """One line for every campaign, in alphabetical order."""
    lines = ["| campaign | verdict | decision | lowest chi2 |", "|---|---|---|---|"]
    for name in sorted(results):
        found = results[name]
        lowest = min((s.best.chi2 for s in found.studies if s.best and s.counted), default=None)
        decision = found.decision.name if found.decision else "none declared"
        chi2 = "-" if lowest is None else "below 1e-12" if lowest < 1e-12 else f"{lowest:.4g}"
        lines.append(f"| [{name}](#{name}) | {found.verdict} | {decision} | {chi2} |")
    return "\n".join(lines) + "\n"


def section(found: dk.Results, picture: str, rows: Sequence[Beside]) -> str:
    """What a campaign said: verdict, decision, claims, picture, and the published figures."""
    summary = found.summary
    lines = [summary.sentence.replace(summary.verdict, f"**{summary.verdict}**", 1)]
    if found.decision:
        lines.append(f"Decision *{found.decision.name}*: {found.decision.sentence}")
    stop = next((one for one in summary.preflight if one.severity == "stop"), None)
    if stop is not None:
        lines.append(f"Known before the night, of {stop.study}: {stop.sentence}")
    lines += strengths(summary.claims)
    reach = reaches(summary) if summary.campaign in REACH else ""
    parts = ["\n".join(lines), picture.rstrip("\n"), reach.rstrip("\n"), table(rows).rstrip("\n")]
    return ROUNDING.sub("below 1e-12", "\n\n".join(part for part in parts if part)) + "\n"


def reaches(summary: Summary) -> str:
    """What each study can reach, what is needed, and the bounds that alone would let it."""
    lines = [
        "| study | asked for | reached | needed | bounds that alone would do |",
        "|---|---|---|---|---|",
    ]
    for one in summary.examinations:
        for row in one.reachability:
            stopped = [reach for reach in row.reaches if not reach.reachable]
            for reach in stopped:
                most = f"{reach.lowest:.3g} to {reach.highest:.4g}"
                needed = between(reach.needed_lower, reach.needed_upper)
                moves = "; ".join(
                    f"{e.parameter} {e.side} {e.bound:g} to {e.needed:.3g}"
                    for e in row.escapes
                    if e.needed is not None
                )
                lines.append(
                    f"| {one.study} | {reach.quantity} | {most} | {needed} | {moves or 'none'} |"
                )
    return "\n".join(lines) + "\n"


def between(lower: float | None, upper: float | None) -> str:
    """A range that may be open on either side."""
    if lower is None or upper is None:
        one = "" if lower is None else f"at least {lower:.5g}"
        return one if upper is None else f"at most {upper:.5g}"
    return f"{lower:.5g} to {upper:.5g}"


def strengths(claims: Sequence[Any]) -> list[str]:
    """How strong the claims are, counted by their words."""
    words = [f"{claim.parameter} {claim.strength}" for claim in claims]
    counts = [f"{word} ({words.count(word)})" for word in sorted(set(words))]
    return [f"Claims, with how many of each: {', '.join(counts)}."] if counts else []


def table(rows: Sequence[Beside]) -> str:
    """Published figures beside ours, the reason once for rows that share it."""
    if not rows:
        return ""
    lines = ["| study | quantity | published | here | the difference |", "|---|---|---|---|---|"]
    before = ""
    for row in rows:
        why = "as above" if row.why == before else row.why
        before = row.why
        lines.append(f"| {row.study} | {row.quantity} | {row.published} | {row.ours} | {why} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
