"""The one picture that carries the argument of a night, chosen by one rule for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daybreak.criteria import VERDICTS
from daybreak.decision import counted
from daybreak.diagnosis.study import Profile, Study
from daybreak.report import curves
from daybreak.report.lead_figure import baselines_figure, lead_figure
from daybreak.report.map_figure import map_figure
from daybreak.report.profile_figure import profile_figure
from daybreak.report.pull_figure import residuals_figure
from daybreak.report.reach_figure import reach_figure
from daybreak.report.search_figures import front_figure, history_figure
from daybreak.report.summary import Summary
from daybreak.report.waterfall_figure import waterfall_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class KeyPicture:
    """A picture, what it shows, and of which study."""

    study: str
    """Empty when it is about several."""
    caption: str
    figure: Figure


def key_picture(summary: Summary) -> KeyPicture | None:
    """Choose the picture for the first screen; the first of these that there is.

    1. Where the night did not pass and the preflight found something out of reach: the reach of
       the box against what the data say, for that alone decides.
    2. Where several counted searches have one objective in common: the lead of each over its best
       baseline.
    3. The picture of the study that decides (`decisive`): see `of_study`.

    None where nothing can be drawn, as before the first trial.
    """
    unreachable = any(
        not reach.reachable
        for examined in summary.examinations
        for one in examined.reachability
        for reach in one.reaches
    )
    if unreachable and summary.verdict in ("FAIL", "UNDECIDED"):
        figure = reach_figure(summary)
        if figure is not None:
            return KeyPicture("", "What the box can reach, against what the data say", figure)
    figure = lead_figure([study for study in counted(summary.studies) if study.search is not None])
    if figure is not None:
        return KeyPicture("", "Each search against the best of its baselines", figure)
    claimed = [claim.parameter for claim in summary.claims if claim.reference is not None]
    pictures = (of_study(study, claimed) for study in decisive(summary))
    return next((picture for picture in pictures if picture is not None), None)


def decisive(summary: Summary) -> list[Study]:
    """Studies in the order in which they decide: counted ones before others.

    Among the counted ones the best verdict first where any study will do, the worst first where
    all have to hold; of equals the one with the lowest chi2, then the first.
    """
    sign = 1 if summary.rule == "any" else -1
    those = {study.name for study in counted(summary.studies)}
    return sorted(
        summary.studies,
        key=lambda s: (s.name not in those, sign * VERDICTS.index(s.verdict), _height(s)),
    )


def _height(study: Study) -> float:
    return study.best.chi2 if study.best is not None else 0.0


def of_study(study: Study, claimed: Sequence[str] = ()) -> KeyPicture | None:
    """The picture that says most of one study; the first of these that there is.

    Of a search the front with its baselines; with one objective the result beside its baselines,
    or how the best value came down.  Of a fit the profile of a parameter that a claim was declared
    about, a map, the first profile, the pulls of the best fit, the ends of the starts.
    """
    for caption, draw in _candidates(study, claimed):
        figure = draw()
        if figure is not None:
            return KeyPicture(study.name, caption, figure)
    return None


def _candidates(
    study: Study, claimed: Sequence[str]
) -> Iterator[tuple[str, Callable[[], Figure | None]]]:
    found = study.search
    if found is not None:
        names = " and ".join(goal.name for goal in found.goals[:2])
        yield f"Front in {names}, with its baselines", lambda: front_figure(found)
        yield f"{names} of the result, against its baselines", lambda: baselines_figure(found)
        yield "Best value so far", lambda: history_figure(found)
        return
    about = [profile for profile in study.profiles if profile.parameter in claimed]
    yield from (_profile(study, profile) for profile in about)
    for one in study.maps:
        yield curves.title(one), lambda one=one: map_figure(one)
    yield from (_profile(study, profile) for profile in study.profiles if profile not in about)
    yield "Pulls of the best fit", lambda: residuals_figure(study)
    yield "Ends of the starts", lambda: waterfall_figure(study)


def _profile(study: Study, profile: Profile) -> tuple[str, Callable[[], Figure | None]]:
    caption = f"Profile of chi2 along {profile.parameter}, with its threshold"
    return caption, lambda: profile_figure(study, profile)
