# ruff: noqa: INP001 - a script beside its page, no package
"""Run every soliton campaign and renew what docs/case-studies/soliton.md says about it.

`make soliton` calls it.  Campaigns run in runs/<name>/, one after the other, and those that have
finished are only read; `--fresh` begins anew.  Of the page only what stands between
`<!-- begin NAME -->` and `<!-- end NAME -->` is written, and the pictures beside it.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from leptons import renewed, standing_alone

import daybreak as dk
from daybreak import catalogue
from daybreak.models.soliton import Octaves
from daybreak.models.soliton.condensate import condensate
from daybreak.models.soliton.nulls import null_tests
from daybreak.models.soliton.pictures import (
    density_picture,
    fields_picture,
    growth_picture,
    spectrum_picture,
)
from daybreak.models.soliton.trial_log import csv_text
from daybreak.report.canvas import BLUE, GREY, ORANGE, Canvas, svg, value_axis

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_suffix(".md")
IMAGES = Path(__file__).parent / "images"
RUNS = ROOT / "runs"
CAMPAIGNS = (
    "soliton-condensed",
    "soliton-hierarchy",
    "soliton-legacy",
    "soliton-pretrain-only",
    "soliton-validation",
)


def main() -> None:
    """Run, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="archive earlier runs, begin anew")
    fresh = parser.parse_args().fresh
    results = {name: run_one(name, fresh=fresh) for name in CAMPAIGNS}
    page = renewed(PAGE.read_text(encoding="utf-8"), "verdicts", verdicts(results))
    for name, found in results.items():
        page = renewed(page, name, section(found))
        (RUNS / name / "trials.csv").write_text(csv_text(RUNS / name), encoding="utf-8")
    page = renewed(page, "nulls", nulls())
    page = renewed(page, "pictures", pictures())
    page = renewed(page, "front", front(results["soliton-hierarchy"]))
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)}\n")


def run_one(name: str, *, fresh: bool) -> dk.Results:
    """Run one campaign; its progress is in its own night.log."""
    began = time.monotonic()
    found = dk.run(catalogue.load(name), RUNS / name, fresh=fresh, progress=io.StringIO())
    sys.stdout.write(f"{name}: {found.verdict}, {time.monotonic() - began:.0f} s\n")
    return found


# ---- words and tables --------------------------------------------------------------------------


def verdicts(results: Mapping[str, dk.Results]) -> str:
    """One line for every campaign."""
    lines = ["| campaign | verdict | decision | trials |", "|---|---|---|---|"]
    for name, found in results.items():
        trials = sum(sum(s.search.counts.values()) for s in found.studies if s.search)
        decision = found.decision.name if found.decision else "none"
        lines.append(f"| [{name}](#{name}) | {found.verdict} | {decision} | {trials} |")
    return "\n".join(lines) + "\n"


def section(found: dk.Results) -> str:
    """What a campaign said: decision, inert parameters, its winners and the words about them."""
    lines = [found.summary.sentence.replace(found.verdict, f"**{found.verdict}**", 1)]
    if found.decision:
        lines.append(f"Decision *{found.decision.name}*: {found.decision.sentence}")
    inert = sorted({c.parameter for c in found.summary.preflight if c.code.word == "placebo"})
    if inert:
        lines.append(f"Known before the night: {', '.join(inert)}: no effect at all.")
    for study in found.studies:
        lines += ["", *winner(study)]
    return "\n".join(lines) + "\n"


def winner(study: Any) -> list[str]:
    """The metrics and remarks of a study's best trial."""
    counts = ", ".join(f"{n} {state}" for state, n in sorted(study.search.counts.items()))
    best = study.search.best
    if best is None:
        messages = sorted({trial.message for trial in study.search.trials})
        return [f"*{study.name}*: {counts}; {'; '.join(messages)}."]
    goals = ", ".join(f"{g.name} {best.metrics[g.name]:.4g}" for g in study.search.goals)
    lines = [f"*{study.name}*: {counts}; judged at {goals}."]
    chance = [t.metrics["beyond_null"] for t in study.search.trials if "beyond_null" in t.metrics]
    if chance:
        lines.append(
            f"Trials whose fractal score is beyond 97.5 % of random masses as many and as widely "
            f"spread: {sum(chance):.0f} of {len(chance)}."
        )
    for null in study.search.baselines:
        inside = ", ".join(name for name, outside in null.outside.items() if not outside) or "none"
        lines.append(f"No better than the {null.name}: {inside}.")
    said = [v for k, v in best.recorded.items() if isinstance(v, str) and k != "message"]
    return lines + said


def nulls() -> str:
    """Scores of spectra without physics."""
    lines = ["| spectrum | fractal score | hierarchy |", "|---|---|---|"]
    for test in null_tests():
        score, span = test.found.fractal_score, test.found.hierarchy
        lines.append(f"| {test.name} | {score:.3f} | {span:.2f} |")
    return "\n".join(lines) + "\n"


# ---- pictures ----------------------------------------------------------------------------------


def pictures() -> str:
    """Draw fields, energy density, spectrum and growth of the twelve octaves at the defaults."""
    found = condensate(Octaves(g_Y=0.3, mu2=-1.0))
    assert found.solution is not None  # noqa: S101 - a script of the documentation
    assert found.box is not None  # noqa: S101 - as above
    drawn = (
        fields_picture(found.solution, 12),
        density_picture(found.solution),
        spectrum_picture(found),
        growth_picture(found.box),
    )
    return "\n".join(picture(curve.dump()) for curve in drawn) + "\n"


def picture(curve: Mapping[str, Any]) -> str:
    """Draw a curve as a picture of its own; return its line of Markdown."""
    name = curve["name"]
    x = np.array(curve["x"], float)
    dots = name in ("spectrum", "energy and box")
    with Canvas(name, 2.4) as canvas:
        for i, (label, line) in enumerate(curve["y"].items()):
            many = len(curve["y"]) > 4
            style = (
                {"color": BLUE if i < 12 else ORANGE, "alpha": 0.4 + 0.05 * i}
                if many
                else {"color": (BLUE, ORANGE, GREY)[i], "linestyle": ("-", "--", ":")[i]}
            )
            y = np.array([np.nan if v is None else v for v in line], float)
            shown = "_" if many and 0 < i < 12 else "Psi 0 to Psi 11" if many and i == 0 else label
            canvas.axes.plot(x, y, marker="o" if dots else "", markersize=3, label=shown, **style)
        lines = [v for line in curve["y"].values() for v in line if v is not None]
        value_axis(canvas.axes, "x", x.tolist(), curve["x_scale"])
        value_axis(canvas.axes, "y", lines, curve["y_scale"])
        figure = canvas.finish(curve["x_label"], curve["y_label"])
    return written(f"soliton-{name.replace(' ', '-')}", figure, name)


def front(found: dk.Results) -> str:
    """All trials of the search, its front, and the null test beside them."""
    search = found["search"].search
    assert search is not None  # noqa: S101 - as above
    null = search.baselines[0]
    with Canvas("front", 2.6) as canvas:
        _scatter(canvas.axes.plot, search.trials, GREY, "all trials")
        chosen = [trial for trial in search.trials if trial.number in search.front]
        _scatter(canvas.axes.plot, chosen, BLUE, "front")
        score, span = null.bars["fractal_score"], null.bars["hierarchy"]
        canvas.axes.axvline(score, color=ORANGE, linestyle="--", label="95 % of chance")
        canvas.axes.axhline(span, color=ORANGE, linestyle="--")
        value_axis(canvas.axes, "x", [score], "linear")
        value_axis(canvas.axes, "y", [span], "linear")
        figure = canvas.finish("fractal_score", "hierarchy")
    return written("soliton-front", figure, "trials, front and chance") + "\n"


def _scatter(plot: Callable[..., Any], trials: Sequence[Any], colour: str, label: str) -> None:
    rows = [trial.metrics for trial in trials if "fractal_score" in trial.metrics]
    x, y = ([row[name] for row in rows] for name in ("fractal_score", "hierarchy"))
    plot(x, y, "o", markersize=3, color=colour, label=label)


def written(name: str, figure: Any, what: str) -> str:
    """Write a picture and return its line of Markdown."""
    IMAGES.mkdir(exist_ok=True)
    path = IMAGES / f"{name}.svg"
    path.write_text(standing_alone(svg(figure)), encoding="utf-8")
    return f"![{what}]({IMAGES.name}/{path.name})"


if __name__ == "__main__":
    main()
