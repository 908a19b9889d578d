"""The report as one HTML page: opens offline, prints, works without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from daybreak.diagnosis.search_study import SearchReading
from daybreak.diagnosis.study import Study
from daybreak.findings import unchecked
from daybreak.report import (
    alike,
    answers,
    carried,
    curves,
    evening,
    evidence,
    model_table,
    numbers,
    searches,
    tables,
    wording,
)
from daybreak.report.artifact_figure import artifact_figure
from daybreak.report.canvas import svg
from daybreak.report.carried import Carried
from daybreak.report.course_figure import course_figure
from daybreak.report.criteria_table import at_a_glance
from daybreak.report.explained import explained
from daybreak.report.key_picture import key_picture, of_study
from daybreak.report.map_figure import map_figure
from daybreak.report.overview import overview
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
    "PASS": "✓",
    "SOFT_PASS": "≈",
    "FAIL": "✗",
    "UNDECIDED": "?",
    "met": "✓",
    "missed": "✗",
    "undecided": "?",
}
"""A sign beside each word, so that no verdict is told by colour alone."""


MOST_SHOWN = 12
"""Studies with a picture in the gallery; all of them have theirs below."""


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
    findings: tuple[tuple[str, Markup], ...] = ()
    """Of findings, with their captions."""


@dataclass(frozen=True)
class Shown:
    """A drawing with its caption, and the study that it is about."""

    caption: str
    drawing: Markup
    study: str = ""
    number: int = 0
    """Place of the study among all, from 1."""


def render(summary: Summary, *, pictures: bool = True) -> str:
    """Render the page; the same summary always gives the same text.

    Parameters
    ----------
    summary : Summary
        Everything the page says.
    pictures : bool
        Leave them out to do without matplotlib.
    """
    gallery = _gallery(summary) if pictures else []
    reach = drawing(reach_figure(summary) if pictures else None)
    moved = drawing(symmetry_figure(summary) if pictures else None)
    titles = {
        "surprises": "Surprises",
        "preflight": answers.TITLE,
        "criteria": "Criteria",
        "pictures": "Pictures" if gallery or reach or moved else "",
        "decisions": "Decisions" if summary.decision else "",
        "times": "Times",
        "studies": "Every study",
        "provenance": "Provenance",
    }
    return page(
        "report.html.jinja",
        s=summary,
        tables=tables,
        overview=overview,
        models=model_table.models,
        wording=wording,
        numbers=numbers,
        without_verdict=wording.without_verdict(summary),
        next_step=wording.next_step(summary),
        supported=wording.claims(summary, supported=True),
        unsupported=wording.claims(summary, supported=False),
        sections=[(anchor, title) for anchor, title in titles.items() if title],
        key=_key(summary) if pictures else None,
        gallery=gallery[:MOST_SHOWN],
        not_shown=len(gallery[MOST_SHOWN:]),
        answers=answers,
        criteria=at_a_glance,
        evening=evening,
        curves=curves,
        evidence=evidence,
        searches=searches,
        reach=reach,
        moved=moved,
        carried=carried,
        not_checked=unchecked.in_words(summary.examinations, alike.who),
        explained=explained,
        before=drawn(carried.of_preflight(summary.examinations)) if pictures else (),
        pictures=[_draw(study) if pictures else _nothing(study) for study in summary.studies],
    )


def _key(summary: Summary) -> Shown | None:
    """The picture of the first screen."""
    found = key_picture(summary)
    return None if found is None else Shown(found.caption, drawing(found.figure), found.study)


def _gallery(summary: Summary) -> list[Shown]:
    """One picture of each study; none where there is one study, whose picture stands first."""
    if len(summary.studies) < 2:
        return []
    claimed = [claim.parameter for claim in summary.claims if claim.reference is not None]
    shown: list[Shown] = []
    for number, study in enumerate(summary.studies, start=1):
        found = of_study(study, claimed) if len(shown) < MOST_SHOWN else None
        if found is not None:
            shown.append(Shown(found.caption, drawing(found.figure), study.name, number))
    return shown


def page(template: str, *, live: bool = False, **context: Any) -> str:
    """Render a page that extends `base.html.jinja`: self-contained, with one script and style.

    Parameters
    ----------
    template : str
        File in `templates/`.
    live : bool
        Whether its script may ask whoever served the page for news.
    context
        What it speaks of; everything is escaped but `Markup`.
    """
    environment = _environment()
    # The style sheet and the scripts are ours; the page runs no script but these.
    css, script = Markup(_source(environment, "report.css")), _script(environment, live=live)  # noqa: S704
    return environment.get_template(template).render(
        css=css,
        script=script,
        policy=f"script-src '{_digest(script)}'" + ("; connect-src 'self'" if live else ""),
        signs=SIGNS,
        **context,
    )


def fragment(template: str, **context: Any) -> str:
    """Render a part of a page, which takes the place of what stood there."""
    return _environment().get_template(template).render(signs=SIGNS, **context)


def script_hashes() -> tuple[str, ...]:
    """What a Content-Security-Policy calls the scripts of pages, that still and that live."""
    environment = _environment()
    return tuple(_digest(_script(environment, live=live)) for live in (False, True))


def _script(environment: jinja2.Environment, *, live: bool) -> Markup:
    files = ("report.js", "live.js") if live else ("report.js",)
    return Markup("\n".join(_source(environment, name) for name in files))  # noqa: S704


def _digest(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _source(environment: jinja2.Environment, name: str) -> str:
    """The text of a file in `templates/`."""
    assert environment.loader  # noqa: S101 - made two lines above
    return environment.loader.get_source(environment, name)[0]


@cache
def _environment() -> jinja2.Environment:
    # Kept, and its compiled templates with it: compiling them costs more than filling them.
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


def drawing(figure: Figure | None) -> Markup:
    """A figure as inline SVG; nothing where there is none."""
    return Markup(svg(figure) if figure else "")  # noqa: S704


def drawn(shown: Iterable[Carried]) -> tuple[tuple[str, Markup], ...]:
    """Pictures that findings carry, with their captions."""
    return tuple((one.caption, drawing(artifact_figure(one.artifact))) for one in shown)


def _draw(study: Study) -> Pictures:
    """Draw what there is to draw; `svg` has escaped every name."""
    return Pictures(
        profiles=tuple(drawing(profile_figure(study, p)) for p in study.profiles),
        maps=tuple(drawing(map_figure(found)) for found in study.maps),
        scales=tuple(drawing(scale_figure(study, p)) for p in study.profiles),
        residuals=drawing(residuals_figure(study)),
        waterfall=drawing(waterfall_figure(study)),
        search=tuple(_search_drawings(study.search)) if study.search else (),
        findings=drawn(carried.of_study(study.findings)),
    )


def _search_drawings(found: SearchReading) -> Iterator[tuple[str, Markup]]:
    """Pictures of a search, then those that its winner attached."""
    names = " and ".join(goal.name for goal in found.goals[:2])
    history = "Best value so far" if found.single else "Volume that the front dominates"
    yield f"Front in {names}", drawing(front_figure(found))
    yield history, drawing(history_figure(found))
    yield "Course of the trials", drawing(course_figure(found))
    yield "Importance of the parameters", drawing(importance_figure(found))
    yield "Every trial over its parameters", drawing(parallel_figure(found))
    for artifact in found.best.artifacts if found.best else ():
        yield artifact["name"], drawing(artifact_figure(artifact))


def _nothing(study: Study) -> Pictures:
    """No picture at all."""
    curves_of = (Markup(),) * len(study.profiles)
    return Pictures(curves_of, (Markup(),) * len(study.maps), curves_of, Markup(), Markup())
