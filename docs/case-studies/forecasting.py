# ruff: noqa: INP001 - a script beside its page, no package
"""Run the forecasting campaigns and renew what docs/case-studies/forecasting.md says about them.

`make forecasting` calls it, and takes half an hour on two cores.  Campaigns run in runs/<name>/,
and those that have finished are only read; `--fresh` begins anew.  The queue for graphics
processors, forecasting-full, is listed and not run.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leptons import renewed, standing_alone

import daybreak as dk
from daybreak import catalogue
from daybreak.models.forecasting.grid import LARGE
from daybreak.report.artifact_figure import artifact_figure
from daybreak.report.canvas import svg

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_suffix(".md")
IMAGES = Path(__file__).parent / "images"
RUNS = ROOT / "runs"
CAMPAIGNS = ("forecasting-demo-leak", "forecasting-demo-horizon", "forecasting-scaling")
QUEUE = "forecasting-full"


def main() -> None:
    """Run, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="archive earlier runs, begin anew")
    fresh = parser.parse_args().fresh
    results = {name: run_one(name, fresh=fresh) for name in CAMPAIGNS}
    page = PAGE.read_text(encoding="utf-8")
    for name, found in results.items():
        page = renewed(page, name, said(found))
    page = renewed(page, QUEUE, queue())
    scaling = results["forecasting-scaling"]
    page = renewed(page, "networks", networks(scaling))
    page = renewed(page, "laws", laws(scaling))
    page = renewed(page, "pictures", pictures(scaling))
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)}\n")


def run_one(name: str, *, fresh: bool) -> dk.Results:
    """Run one campaign; its progress is in its own night.log."""
    began = time.monotonic()
    found = dk.run(catalogue.load(name), RUNS / name, fresh=fresh, progress=io.StringIO())
    sys.stdout.write(f"{name}: {found.verdict}, {time.monotonic() - began:.0f} s\n")
    return found


# ---- words and tables --------------------------------------------------------------------------


def said(found: dk.Results) -> str:
    """Verdict and decision of a campaign."""
    lines = [found.summary.sentence.replace(found.verdict, f"**{found.verdict}**", 1)]
    if found.decision:
        lines.append(f"Decision *{found.decision.name}*: {found.decision.sentence}")
    return "\n".join(lines) + "\n"


def queue() -> str:
    """The studies of the long queue in order."""
    rows = [
        [
            str(place + 1),
            study.name,
            str(len(LARGE.within(study.name.split()[0]))),
            str(study.method.trials),
        ]
        for place, study in enumerate(catalogue.load(QUEUE).all_studies())
    ]
    return table(["", "study", "architectures", "trials"], rows)


def networks(found: dk.Results) -> str:
    """The winner of every search, on days that chose it and on days that did not."""
    rows: list[list[str]] = []
    for study in found.studies:
        if study.search is None or study.search.best is None or "b_gain" not in best(study):
            continue
        winner = study.search.best
        numbers, errors = winner.metrics, winner.uncertainty
        shape, selected = winner.configuration["shape"], winner.selected["cross_entropy"]
        rows.append(
            [
                study.name,
                f"{shape}, {numbers['param_count']:,.0f}",
                f"{selected:.4f}",
                f"{numbers['cross_entropy']:.4f} ± {errors['cross_entropy']:.4f}",
                f"{numbers['b_cross_entropy']:.4f} ± {errors['b_cross_entropy']:.4f}",
                f"{numbers['b_skill']:.3f}",
                winner.recorded["rival"],
                f"{numbers['b_gain']:+.4f} (from {numbers['b_gain_low']:+.4f})",
                f"{numbers['test_skill']:.3f}",
            ]
        )
    heads = [
        "study",
        "network",
        "A, selected",
        "A, five fresh seeds",
        "B",
        "skill on B",
        "best baseline on A",
        "gain over it on B",
        "skill on the test",
    ]
    return table(heads, rows)


def best(study: Any) -> Mapping[str, float]:
    """Metrics of a search's winner."""
    return study.search.best.metrics


def laws(found: dk.Results) -> str:
    """What seeds, days and left-out networks say of an exponent."""
    rows: list[list[str]] = []
    for study in found.studies:
        if study.search is None or study.search.best is None or "alpha_low" not in best(study):
            continue
        numbers = best(study)
        horizon = study.name.rpartition("=")[2]
        (profile,) = [one.profile for one in found.studies if one.name == f"law h={horizon}"]
        rows.append(
            [
                horizon,
                study.search.best.recorded["verdict"],
                "the law" if study.search.best.configuration["law"] == "power" else "a constant",
                profile.sentence,
                f"{numbers['lowest_loss']:.4f} / {numbers['rival_loss']:.4f}",
                study.verdict,
            ]
        )
    heads = [
        "h",
        "seeds and days resampled",
        "left-out networks are foretold better by",
        "profile",
        "lowest loss / best baseline on B",
        "verdict",
    ]
    return table(heads, rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


# ---- pictures ----------------------------------------------------------------------------------


def pictures(found: dk.Results) -> str:
    """Loss by size at every horizon, and how the last search's winner learnt and forecasts."""
    drawn: list[str] = []
    for study in found.studies:
        winner = study.search.best if study.search is not None else None
        for part in winner.artifacts if winner else ():
            last = study.name == "300k horizon=1"
            if part["name"] == "Loss by size" or (last and part["kind"] != "file"):
                drawn.append(picture(study.name, part))
    return "\n".join(drawn) + "\n"


def picture(study: str, part: Mapping[str, Any]) -> str:
    """Draw what a trial attached; return its line of Markdown."""
    name = "-".join(f"forecasting {part['name']} {study}".lower().replace("=", " ").split())
    path = IMAGES / f"{name}.svg"
    path.write_text(standing_alone(svg(artifact_figure(part))), encoding="utf-8")
    return f"![{part['name']}, {study}]({IMAGES.name}/{path.name})"


if __name__ == "__main__":
    main()
