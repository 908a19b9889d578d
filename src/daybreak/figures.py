"""The pictures of the report, one function each, as matplotlib figures to keep and to alter.

>>> from daybreak import figures
>>> figures.profile(results["profile k2"], "k2").savefig("k2.pdf")  # doctest: +SKIP

Those of one study take what ``results["its name"]`` gives, those of the whole night take
``results.summary``.  What a picture shows, with its numbers, is also said by
``figure.get_label()``.  All raise `DaybreakError` where there is nothing to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daybreak.diagnosis.search_study import SearchReading
from daybreak.diagnosis.study import Profile, Study
from daybreak.errors import DaybreakError, known
from daybreak.report import (
    artifact_figure,
    course_figure,
    key_picture,
    lead_figure,
    map_figure,
    parallel_figure,
    profile_figure,
    pull_figure,
    reach_figure,
    search_figures,
    symmetry_figure,
    waterfall_figure,
)
from daybreak.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Of the whole night.


def key(summary: Summary) -> Figure:
    """The picture of the first screen: the one that carries the argument."""
    found = key_picture.key_picture(summary)
    return _drawn(found and found.figure, summary.campaign, "no study has ended")


def reach(summary: Summary) -> Figure:
    """What each declared box can reach, against what the data or criteria ask for."""
    drawn = reach_figure.reach_figure(summary)
    return _drawn(drawn, summary.campaign, "the preflight compared no range with a target")


def symmetry(summary: Summary) -> Figure:
    """Directions in which parameters can move without any observation changing."""
    drawn = symmetry_figure.symmetry_figure(summary)
    return _drawn(drawn, summary.campaign, "the preflight found no symmetry")


def leads(summary: Summary) -> Figure:
    """The lead of each search over the best of its baselines, with intervals."""
    drawn = lead_figure.lead_figure(summary.studies)
    return _drawn(drawn, summary.campaign, "no two searches share one objective and baselines")


# Of a fit.


def profile(study: Study, parameter: str | None = None) -> Figure:
    """Profile of chi2 along a parameter, with thresholds, intervals and flagged points.

    Parameters
    ----------
    study : Study
    parameter : str, optional
        The first that was profiled, when it is left out.
    """
    found = _profile(study, parameter)
    return _drawn(profile_figure.profile_figure(study, found), study.name, "no point was fitted")


def model_uncertainty(study: Study, parameter: str | None = None) -> Figure:
    """How the minimum of a profile moves as the model uncertainty is multiplied."""
    drawn = profile_figure.scale_figure(study, _profile(study, parameter))
    return _drawn(drawn, study.name, "no model uncertainty was declared")


def chi2_map(study: Study, parameters: Sequence[str] | None = None) -> Figure:
    """Chi2 over two parameters, minimised over all others, with its contours.

    Parameters
    ----------
    study : Study
    parameters : two str, optional
        The first map, when they are left out.
    """
    maps = {frozenset(one.parameters): one for one in study.maps}
    chosen = next(iter(maps), None) if parameters is None else frozenset(parameters)
    if chosen is None or chosen not in maps:
        there = known(" and ".join(one.parameters) for one in study.maps)
        return _drawn(None, study.name, f"it has these maps: {there}")
    return _drawn(map_figure.map_figure(maps[chosen]), study.name, "no point was fitted")


def residuals(study: Study) -> Figure:
    """Pulls of the best fit, (prediction - value) / sigma, and where there are many, the data."""
    drawn = pull_figure.residuals_figure(study)
    return _drawn(drawn, study.name, "it has no best fit of measured data")


def waterfall(study: Study) -> Figure:
    """Ends of the starts, lowest chi2 first, by what a second method says they are."""
    drawn = waterfall_figure.waterfall_figure(study)
    return _drawn(drawn, study.name, "it has no two starts that ended")


# Of a search.


def front(study: Study) -> Figure:
    """Front of two objectives with every trial and the baselines."""
    drawn = search_figures.front_figure(_search(study))
    return _drawn(drawn, study.name, "a front has two objectives and trials that completed")


def history(study: Study) -> Figure:
    """Best value so far, or with several objectives the volume that the front dominates."""
    return _drawn(search_figures.history_figure(_search(study)), study.name, "no trial completed")


def baselines(study: Study) -> Figure:
    """The result of a search with one objective beside its baselines."""
    drawn = lead_figure.baselines_figure(_search(study))
    return _drawn(drawn, study.name, "it has not one objective with baselines")


def course(study: Study) -> Figure:
    """Intermediate values of the trials, step by step: learning curves."""
    drawn = course_figure.course_figure(_search(study))
    return _drawn(drawn, study.name, "no trial reported intermediate values")


def importance(study: Study) -> Figure:
    """How much of each objective's variation hangs on each parameter."""
    drawn = search_figures.importance_figure(_search(study))
    return _drawn(drawn, study.name, "too few trials completed to tell")


def parallel(study: Study) -> Figure:
    """Every trial as a line over its parameters."""
    drawn = parallel_figure.parallel_figure(_search(study))
    return _drawn(drawn, study.name, "it has not two parameters and trials that completed")


def artifact(study: Study, name: str) -> Figure:
    """A curve or matrix that a finding carries, or that the winner of a search attached."""
    best = study.search.best if study.search else None
    given = [
        *(best.artifacts if best else ()),
        *(f.artifact for f in study.findings if f.artifact),
    ]
    attached = {one["name"]: one for one in given if "name" in one}
    if name not in attached:
        there = f"its winner attached, or its findings carry, {known(attached)}"
        return _drawn(None, study.name, there)
    return _drawn(
        artifact_figure.artifact_figure(attached[name]), study.name, f"{name!r} is no picture"
    )


def _profile(study: Study, parameter: str | None) -> Profile:
    for one in study.profiles:
        if parameter in (None, one.parameter):
            return one
    there = known(one.parameter for one in study.profiles)
    msg = f"study {study.name!r} has no profile of {parameter or 'anything'}; it has {there}."
    raise DaybreakError(msg)


def _search(study: Study) -> SearchReading:
    if study.search is None:
        msg = f"study {study.name!r} is no search; draw its profile, waterfall or residuals."
        raise DaybreakError(msg)
    return study.search


def _drawn(figure: Figure | None, of: str, why: str) -> Figure:
    if figure is None:
        msg = f"there is nothing to draw of {of!r}: {why}."
        raise DaybreakError(msg)
    return figure
