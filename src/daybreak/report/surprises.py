"""What nobody expects at breakfast: bad news first, and the same news once."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from daybreak.diagnosis.study import Study
from daybreak.ledger.endings import Ending
from daybreak.ledger.records import BatchRecord, StudyRecord
from daybreak.report import alike, numbers
from daybreak.report.foretold import Foretold
from daybreak.report.summary import Timing
from daybreak.sentences import between, worded

_GROSS = 5.0
"""A residual beyond this many sigma is worth a sentence.

Normal errors do that once in two million data.
"""
_SLOW, _NOTICED = 3.0, 1.0
"""Times what is usual, and seconds, beyond which a trial is slow.

A choice: fits differ by a factor of two as a rule (`daybreak.preflight.forecast`).
"""


def surprises(
    studies: Sequence[Study],
    timing: Timing,
    foretold: Sequence[Foretold] = (),
    records: Sequence[StudyRecord] = (),
) -> list[str]:
    """Bad news, one sentence each; what differs in numbers alone is one sentence.

    Parameters
    ----------
    studies : sequence of Study
    timing : Timing
    foretold : sequence of Foretold
        What the preflight said, and what came.
    records : sequence of StudyRecord
        How long their trials took.

    Returns
    -------
    list of str
        What went wrong with the night, what came otherwise than foretold, what had been warned
        of and came, what is wrong with the results; last what was merely slow.
    """
    every = [study.name for study in studies]
    killed = [
        f"the run started {numbers.moment(run.started)} was killed; nothing was lost."
        for run in timing.runs
        if run.state is Ending.LOST
    ]
    return [
        *_told(((s.name, text) for s in studies for text in _broken(s)), every),
        *killed,
        *_told(((one.study, one.denial) for one in foretold if one.denial), every),
        *_told(((one.study, one.warned) for one in foretold if one.warned), every),
        *_told(((s.name, text) for s in studies for text in _bad_results(s)), every),
        *_told(slow_trials(records), every),
    ]


def _told(said: Iterator[tuple[str, str]], every: Sequence[str]) -> Iterator[str]:
    for one in alike.gather(said):
        names = [name for name in one.studies if name]
        yield f"{alike.who(names, every)}: {one.sentence}" if names else one.sentence


def _broken(study: Study) -> Iterator[str]:
    """What went wrong with the study itself."""
    if study.error:
        yield f"ended with an error: {study.error}"
    if len(study.criteria_history) > 1:
        yield "its criteria were changed after trials had begun."
    if study.failures:
        most = next(iter(study.failures))
        yield worded(
            "{} of {} trials {}.", study.metrics.failed_trials, study.metrics.trials, most
        )


def _bad_results(study: Study) -> Iterator[str]:
    """What is wrong with what it found; nothing before it has ended."""
    if not study.finished:
        return
    yield from _bad_fit(study)
    yield from (one.sentence for one in study.findings if one.severity != "note")


def _bad_fit(study: Study) -> Iterator[str]:
    if study.best is None:
        return
    name, worst = max(study.best.predictions.items(), key=lambda item: abs(item[1].residual))
    if abs(worst.residual) > _GROSS:
        told = worded("{:.4g} for {:.4g}", worst.prediction, worst.value)
        told = numbers.with_unit(told, worst.unit)
        yield worded("{} is missed by {:.4g} sigma ({}).", name, abs(worst.residual), told)
    if study.best.at_bounds:
        names = ", ".join(f"{a.parameter} {a.side}" for a in study.best.at_bounds)
        yield f"the best fit sits at bounds ({names})."


def slow_trials(records: Sequence[StudyRecord]) -> Iterator[tuple[str, str]]:
    """Studies with trials that took over a second and three times as long as others like them.

    Only like is compared with like: trials of one kind, and none of a search, in which every trial
    has a configuration of its own, as a network takes longer than a baseline.
    """
    for record in records:
        if record.is_search:
            continue
        kinds: dict[str, list[BatchRecord]] = {}
        for batch in record.batches:
            kinds.setdefault(batch.kind, []).append(batch)
        for kind, batches in kinds.items():
            usual = statistics.median(batch.seconds for batch in batches)
            slow = [b for b in batches if b.seconds > max(_SLOW * usual, _NOTICED)]
            if slow:
                yield record.name, _slow(kind, usual, slow, len(batches))


def _slow(kind: str, usual: float, slow: Sequence[BatchRecord], of: int) -> str:
    worst = max(slow, key=lambda batch: batch.seconds)
    return worded(
        "{} of {} of trials ({}) were slow: up to {} each, usually {:.3g} s, at load {:.1f} and "
        "{:.0f} MiB, {}.",
        len(slow),
        numbers.count(of, "batch", "batches"),
        kind,
        between("{:.3g} s", worst.seconds),
        usual,
        worst.load,
        worst.memory_mib,
        numbers.moment(worst.started),
    )
