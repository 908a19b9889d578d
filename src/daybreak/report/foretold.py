"""What the preflight said, against what came: every promise and every warning gets its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from daybreak.diagnosis.study import BestFit, CriterionOutcome, Profile, Study
from daybreak.findings import (
    Finding,
    Identifiability,
    Reach,
    Reachability,
    StudyPreflight,
    codes,
)
from daybreak.report import curves, numbers, outlook, searches
from daybreak.report.summary import Timing
from daybreak.sentences import Sentence, between, joined, worded

Answer = Literal["as foretold", "otherwise", "sooner", "later", "open"]
NOT_RUN = "not run"
_CLOSE = 1e-6
"""A value this far beyond a range, as a share of it, is still at its end.

As for a parameter at its bound (`daybreak.problem.parameters.AT_BOUND`).
"""
_LATE = 60.0
"""Seconds by which a night may be late before it is news.

A choice: a minute changes nobody's morning.
"""
_CONVERGED = 0.9
"""Share of fits that converge where nothing is rough.

A choice: a tenth may fail for other reasons, such as a start where nothing is felt.
"""
_UNTESTED = "nothing in the night tests it"
_BY_OTHERS = frozenset({codes.OUT_OF_REACH, codes.HEALTHY})
"""Codes that the lines about reach answer, or that need no answer."""
_TOLD_BY_PROFILES = frozenset(
    {codes.NOT_IDENTIFIABLE_SYMMETRY, codes.NOT_IDENTIFIABLE_LOCALLY, codes.TOO_FEW_DATA}
)
"""Codes whose news each profile tells by itself."""
_MEASURED_AGAIN = frozenset({codes.NOT_REPEATABLE, codes.UNRESOLVED_KNOB})
"""Codes that the night measures where the answer lies: its own finding then is the news."""
_UNIDENTIFIED = frozenset(
    {
        codes.NOT_CONSTRAINED,
        codes.FLAT_WITHIN_NOISE,
        codes.NOT_IDENTIFIABLE_SYMMETRY,
        codes.PRIOR_LIMITED,
    }
)
_IDENTIFIED = frozenset({codes.IDENTIFIED, codes.ONE_SIDED, codes.SEVERAL_INTERVALS})


@dataclass(frozen=True)
class Foretold:
    """One thing that was said before the night, and what came of it."""

    study: str
    """Empty for the whole night."""
    said: str
    came: str
    answer: Answer
    denial: str = ""
    """The news when it came otherwise; empty where it is none."""
    warned: str = ""
    """The news when a warning came true."""


def foretold(
    examinations: Sequence[StudyPreflight],
    studies: Sequence[Study],
    timing: Timing,
    *,
    finished: bool,
) -> list[Foretold]:
    """Every finding of the preflight with its answer: time, reach, parameters, warnings.

    Parameters
    ----------
    examinations : sequence of StudyPreflight
        What was found before the night.
    studies : sequence of Study
        What came; a study that has not ended answers nothing.
    timing : Timing
    finished : bool
        Whether the whole night is over.
    """
    by_name = {study.name: study for study in studies}
    found = list(_times(examinations, by_name, timing, finished=finished))
    for one in examinations:
        study = by_name.get(one.study)
        ended = study if study is not None and study.state.ended else None
        found += _of_study(one, ended, studies)
    return found


def _of_study(
    one: StudyPreflight, study: Study | None, studies: Sequence[Study]
) -> Iterator[Foretold]:
    for found in one.reachability:
        yield _criterion(one.study, found, study)
    for reach in outlook.distinct_reaches(one):
        if not reach.reachable:
            yield _reach(one.study, reach, study)
    for profile in study.profiles if study else ():
        if word := one.identifiability.get(profile.parameter):
            yield _parameter(one.study, word, profile)
    for check in one.findings:
        if check.severity != "note" and check.code not in _BY_OTHERS:
            yield _check(one.study, check, study, studies)


# -- time ------------------------------------------------------------------------------------


def _times(
    examinations: Sequence[StudyPreflight],
    by_name: dict[str, Study],
    timing: Timing,
    *,
    finished: bool,
) -> Iterator[Foretold]:
    """Time in trials and the finish, as far as either was foretold."""
    made = {one.study: one.forecast for one in examinations if one.forecast is not None}
    if not made:
        return
    expected, low, high = (
        sum(getattr(one, name) for one in made.values())
        for name in ("seconds", "seconds_low", "seconds_high")
    )
    where = (
        ""
        if len(made) == len(examinations)
        else worded(", {} of {} studies", len(made), len(examinations))
    )
    said = worded(
        "{} in trials ({}){}",
        numbers.duration(expected),
        between("{} to {}", numbers.duration(low), numbers.duration(high)),
        where,
    )
    ended = all(name in by_name and by_name[name].finished for name in made)
    if not ended:
        yield Foretold("", said, "not all of them have ended", "open")
        return
    took = sum(by_name[name].metrics.seconds or 0.0 for name in made)
    came = worded("{} in trials", numbers.duration(took))
    if took > high:
        late = worded(
            "the night took longer than foretold: {}, and {} had been expected.", came, said
        )
        yield Foretold("", said, came, "later", denial=late if took - high > _LATE else "")
    else:
        yield Foretold("", said, came, "as foretold" if took >= low else "sooner")
    # A night in several runs, or with follow-up studies, was not asked to end at a time.
    asked = any(study.follows is not None for study in by_name.values())
    alone = len(timing.runs) == 1 and set(by_name) == set(made) and not asked
    if finished and alone and timing.ended and high >= _LATE:
        yield _finish(timing.started, timing.ended, (expected, low, high))


def _finish(started: str, ended: str, seconds: tuple[float, float, float]) -> Foretold:
    begun = datetime.fromisoformat(started)
    at, early, late = (begun + timedelta(seconds=one) for one in seconds)
    said = worded(
        "finished at {} ({:%H:%M} to {:%H:%M}), loading and compiling aside",
        numbers.moment(at.isoformat()),
        early,
        late,
    )
    margin, end = timedelta(seconds=_LATE), datetime.fromisoformat(ended)
    answer: Answer = "as foretold"
    if not early - margin <= end <= late + margin:
        answer = "later" if end > late else "sooner"
    return Foretold("", said, worded("finished at {}", numbers.moment(ended)), answer)


# -- reach -----------------------------------------------------------------------------------


def _criterion(name: str, found: Reachability, study: Study | None) -> Foretold:
    """Whether a criterion that was within reach, or out of it, was met."""
    finding = _finding(study, found) if study else None
    if found.meaningless:
        came = NOT_RUN if study is None else "no longer a criterion"
        return Foretold(name, found.sentence, finding.sentence if finding else came, "open")
    bar = (
        "" if finding is None or finding.threshold == "yes" else worded(" ({})", finding.threshold)
    )
    said = worded(
        "{}{} {}", found.criterion, bar, "is within reach" if found.met else "is out of reach"
    )
    if study is None:
        return Foretold(name, said, NOT_RUN, "open")
    if finding is None:
        return Foretold(name, said, "no longer a criterion", "open")
    came = worded("{}: {}", finding.outcome, finding.sentence)
    if finding.outcome == "undecided":
        return Foretold(name, said, came, "open")
    if found.met == (finding.outcome == "met"):
        warned = (
            "" if found.met else worded("as the preflight warned, {}: {}", said, finding.sentence)
        )
        return Foretold(name, said, came, "as foretold", warned=warned)
    other = "was met all the same" if not found.met else "was missed"
    denial = worded("the preflight said that {}, but it {}: {}", said, other, finding.sentence)
    return Foretold(name, said, came, "otherwise", denial=denial)


def _finding(study: Study, found: Reachability) -> CriterionOutcome | None:
    """How the criterion came out; None where the study has it no longer."""
    asked = study.outcomes[found.number : found.number + 1]
    return next((one for one in asked if one.criterion == found.criterion), None)


def _reach(name: str, reach: Reach, study: Study | None) -> Foretold:
    """What the box reaches of a quantity, against the best fit."""
    unit = f" {reach.unit}" if reach.unit else ""
    needed = outlook.needed(reach)
    said = worded(
        "{} is between {:.4g} and {:.4g}{} in the box",
        reach.quantity,
        reach.lowest,
        reach.highest,
        unit,
    ) + (
        worded(", needed is {}", needed)
        if needed
        else worded(", the data say {:.6g}", reach.target)
    )
    value = quantity(study.best, reach) if study and study.best else None
    if value is None:
        return Foretold(name, said, "no fit" if study else NOT_RUN, "open")
    room = _CLOSE * max(abs(reach.lowest), abs(reach.highest))
    inside = reach.lowest - room <= value <= reach.highest + room
    came = worded("{:.4g}{} at the best fit", value, unit)
    denial = "" if inside else worded("{}, but the best fit has {:.6g}{}.", said, value, unit)
    return Foretold(name, said, came, "as foretold" if inside else "otherwise", denial=denial)


def quantity(best: BestFit, reach: Reach) -> float | None:
    """A quantity that preflight names, at the best fit: ``S``, ``m_mu``, or ``m_mu / m_e``."""
    known = {**best.parameters, **best.derived, **best.scale_factors}
    known |= {label: one.prediction for label, one in best.predictions.items()}
    if reach.ratio is None:
        return known.get(reach.quantity)
    above, below = reach.ratio
    return known[above] / known[below] if above in known and known.get(below) else None


# -- parameters and warnings -----------------------------------------------------------------


_WORDS: dict[Identifiability, str] = {
    "identifiable": "determined by the data to first order",
    "locally not identifiable": "not determined by the data to first order",
    "only through its bounds": "confined by bounds alone",
    "only through its prior": "confined by its prior alone",
}


def _parameter(name: str, word: Identifiability, profile: Profile) -> Foretold:
    """Whether the data determine a profiled parameter."""
    parameter, code = profile.parameter, profile.code
    said = f"{parameter} is {_WORDS[word]}"
    came = joined(" ", filter(None, [f"{code}.", curves.intervals(profile)]))
    if word == "identifiable":
        if code in _IDENTIFIED:
            return Foretold(name, said, came, "as foretold")
        if code in _UNIDENTIFIED:
            told = f"the preflight called {parameter} identifiable"
            denial = f"{told}, but its profile has the code {code}."
            return Foretold(name, said, came, "otherwise", denial=denial)
        return Foretold(name, said, came, "open")
    if code in _IDENTIFIED and word == "locally not identifiable":
        return Foretold(name, said, came, "otherwise")
    warned = f"as the preflight warned, {said}; its profile has the code {code}."
    return Foretold(name, said, came, "as foretold", warned=warned)


def _check(name: str, check: Finding, study: Study | None, studies: Sequence[Study]) -> Foretold:
    """Whether the night bore a warning out."""
    if study is None:
        return Foretold(name, check.sentence, NOT_RUN, "open")
    came, true = _evidence(check, study, studies)
    answer: Answer = "open" if true is None else "as foretold" if true else "otherwise"
    again = {one.code for one in study.findings if one.severity != "note"} & _MEASURED_AGAIN
    news = true and check.code not in _TOLD_BY_PROFILES | again
    lead = Sentence.of(check.sentence).clause
    warned = worded("as the preflight warned, {}; {}.", lead, came) if news else ""
    return Foretold(name, check.sentence, came, answer, warned=warned)


def _evidence(check: Finding, study: Study, studies: Sequence[Study]) -> tuple[str, bool | None]:
    """What the night says of a warning; None where it says nothing."""
    metrics = study.metrics
    if check.code == codes.TOO_FEW_DATA:
        left = metrics.degrees_of_freedom
        return worded(
            "{} of freedom; no p value", numbers.count(left, "degree")
        ), left <= 0 or None
    if check.code in (codes.NOT_IDENTIFIABLE_SYMMETRY, codes.NOT_IDENTIFIABLE_LOCALLY):
        return _identified(study)
    if check.code in (codes.ROUGH_OBJECTIVE, codes.NOT_REPEATABLE):
        loose = sum(not point.settled for p in study.profiles for point in p.points)
        fits = numbers.count(metrics.fits, "fit")
        came = worded("{} of {} converged", metrics.converged_fits, fits)
        came = came if metrics.fits else "no fit ended"
        came += worded(", {} not settled", numbers.count(loose, "point")) if study.profiles else ""
        return came, bool(loose) or metrics.converged_fits < _CONVERGED * metrics.fits
    if check.code == codes.NONFINITE_REGION:
        return (
            worded(
                "{} of {} failed", metrics.failed_trials, numbers.count(metrics.trials, "trial")
            ),
            metrics.failed_trials > 0,
        )
    if check.code == codes.INERT_SETTING:
        return _inert(check, study, studies)
    if check.code == codes.PLACEBO and study.search is not None:
        clear = [o for o in study.search.importance if o.parameter == check.parameter]
        if clear:
            matters = any(one.clear for one in clear)
            return worded(
                "it {} out of chance", "stands" if matters else "does not stand"
            ), not matters
    if any(one.code == check.code for one in study.findings):
        return "the night found it as well", True
    if check.code == codes.UNRESOLVED_KNOB and study.knobs:
        return "refining it at the best fit changed nothing worth a finding", False
    return _UNTESTED, None


def _identified(study: Study) -> tuple[str, bool | None]:
    """What the profiles say, where parameters were called not identifiable."""
    said = {profile.parameter: profile.code for profile in study.profiles}
    if not said:
        return "no parameter was profiled", None
    told = ", ".join(f"{name} {code}" for name, code in said.items())
    bad = [name for name, code in said.items() if code not in _IDENTIFIED]
    return f"profiled: {told}", True if len(bad) == len(said) else None


def _inert(check: Finding, study: Study, studies: Sequence[Study]) -> tuple[str, bool | None]:
    """Whether studies that were called one study made several times gave one result."""
    named = [one for one in studies if one.name in check.studies] or [study]
    results = {_result(one) for one in named if one.finished}
    if len(named) < 2 or "" in results:
        return _UNTESTED, None
    same = len(results) == 1
    return worded(
        "their results {}: {}", "are the same" if same else "differ", joined("; ", sorted(results))
    ), same


def _result(study: Study) -> str:
    if study.best is not None:
        return worded("chi2 = {}", numbers.chi2(study.best.chi2))
    return searches.headline(study)
