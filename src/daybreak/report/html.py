"""The report as one HTML page: opens offline, prints, works without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from daybreak.diagnosis.search_study import SearchReading
from daybreak.diagnosis.study import Study
from daybreak.report import curves, evening, evidence, numbers, searches, tables, wording
from daybreak.report.artifact_figure import artifact_figure
from daybreak.report.canvas import svg
from daybreak.report.course_figure import course_figure
from daybreak.report.map_figure import map_figure
from daybreak.report.parallel_figure import parallel_figure
from daybreak.report.profile_figure import profile_figure, scale_figure
from daybreak.report.pull_figure import residuals_figure
from daybreak.report.reach_figure import reach_figure
from daybreak.report.search_figures import (
    front_figure,
    history_figure,
    importance_figure,
)
from daybreak.report.summary import Summary
from daybreak.report.symmetry_figure import symmetry_figure
from daybreak.report.waterfall_figure import waterfall_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGNS = {
    "PASS": "✓", "SOFT_PASS": "≈", "FAIL": "✗", "UNDECIDED": "?",
    "met": "✓", "missed": "✗", "undecided": "?",
}  # fmt: skip
"""A sign beside each word, so that no verdict is told by colour alone."""


@dataclass(frozen=True)
class Pictures:
    """The drawings of one study as inline SVG; empty where there is nothing to draw."""

    profiles: tuple[Markup, ...]
    """One for each profile of the study."""
    maps: tuple[Markup, ...]
    scales: tuple[Markup, ...]
    """How the minimum of each profile moves with the model uncertainty."""
    residuals: Markup
    waterfall: Markup
    search: tuple[tuple[str, Markup], ...] = ()
    """Of a search, with their captions."""


def render(summary: Summary, *, pictures: bool = True) -> str:
    """Render the page; the same summary always gives the same text.

    Parameters
    ----------
    summary : Summary
        Everything the page says.
    pictures : bool
        Leave them out to do without matplotlib.
    """
    return page(
        "report.html.jinja",
        s=summary,
        tables=tables,
        wording=wording,
        numbers=numbers,
        next_step=wording.next_step(summary),
        supported=wording.claims(summary, supported=True),
        unsupported=wording.claims(summary, supported=False),
        evening=evening,
        curves=curves,
        evidence=evidence,
        searches=searches,
        reach=_drawing(reach_figure(summary)) if pictures else Markup(),
        moved=_drawing(symmetry_figure(summary)) if pictures else Markup(),
        pictures=[_draw(study) if pictures else _nothing(study) for study in summary.studies],
    )


def page(template: str, **context: Any) -> str:
    """Render a page that extends `base.html.jinja`: self-contained, with one script and style.

    Parameters
    ----------
    template : str
        File in `templates/`.
    context
        What it speaks of; everything is escaped but `Markup`.
    """
    environment = _environment()
    # The style sheet and the script are ours; the page runs no script but this one.
    css, script = (Markup(_source(environment, name)) for name in ("report.css", "report.js"))  # noqa: S704
    digest = hashlib.sha256(script.encode()).digest()
    return environment.get_template(template).render(
        css=css,
        script=script,
        script_hash=f"sha256-{base64.b64encode(digest).decode()}",
        signs=SIGNS,
        **context,
    )


def _source(environment: jinja2.Environment, name: str) -> str:
    """The text of a file in `templates/`."""
    assert environment.loader  # noqa: S101 - made two lines above
    return environment.loader.get_source(environment, name)[0]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("daybreak.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["math"] = _math
    return environment


def _math(text: str) -> Markup:
    """Escape, and write chi2 as a reader writes it."""
    return Markup(str(escape(text)).replace("chi2", "χ²"))  # noqa: S704


def _drawing(figure: Figure | None) -> Markup:
    """A figure as inline SVG; nothing where there is none."""
    return Markup(svg(figure) if figure else "")  # noqa: S704


def _draw(study: Study) -> Pictures:
    """Draw what there is to draw; `svg` has escaped every name."""
    return Pictures(
        profiles=tuple(_drawing(profile_figure(study, p)) for p in study.profiles),
        maps=tuple(_drawing(map_figure(found)) for found in study.maps),
        scales=tuple(_drawing(scale_figure(study, p)) for p in study.profiles),
        residuals=_drawing(residuals_figure(study)),
        waterfall=_drawing(waterfall_figure(study)),
        search=tuple(_search_drawings(study.search)) if study.search else (),
    )


def _search_drawings(found: SearchReading) -> Iterator[tuple[str, Markup]]:
    """Pictures of a search, then those that its winner attached."""
    names = " and ".join(goal.name for goal in found.goals[:2])
    history = "Best value so far" if found.single else "Volume that the front dominates"
    yield f"Front in {names}", _drawing(front_figure(found))
    yield history, _drawing(history_figure(found))
    yield "Course of the trials", _drawing(course_figure(found))
    yield "Importance of the parameters", _drawing(importance_figure(found))
    yield "Every trial over its parameters", _drawing(parallel_figure(found))
    for artifact in found.best.artifacts if found.best else ():
        yield artifact["name"], _drawing(artifact_figure(artifact))


def _nothing(study: Study) -> Pictures:
    """No picture at all."""
    curves_of = (Markup(),) * len(study.profiles)
    return Pictures(curves_of, (Markup(),) * len(study.maps), curves_of, Markup(), Markup())
