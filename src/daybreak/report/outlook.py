"""What is known before the night: the table a tired person can act on, and its pictures' data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from daybreak.findings import Preflight, Reach, StudyPreflight, Unmade, unchecked
from daybreak.report import alike, carried, numbers
from daybreak.sentences import between, worded

WIDTH = 96
_LONG = 1.0
"""Seconds beyond the budget from which they are told: nobody waits for less."""
_MARKS = {"stop": "STOP", "warning": "warning", "note": "note"}


def render(found: Preflight) -> str:
    """Render a preflight for a terminal: the sentence, then findings, worst first.

    Studies with the same finding share a line.
    """
    blocks = [
        _wrap(found.sentence, 0),
        list(_findings(found.studies)),
        list(_pictures(found.studies)),
        list(_reaches(found.studies)),
        list(_symmetries(found.studies)),
        list(_identifiability(found.studies)),
        list(_forecasts(found)),
        list(_not_checked(found.studies)),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def _findings(studies: Sequence[StudyPreflight]) -> Iterator[str]:
    """Every finding, stops before warnings before notes."""
    shared: dict[tuple[str, str, str], list[str]] = {}
    for study in studies:
        for found in study.findings:
            shared.setdefault((found.severity, found.code.word, found.sentence), []).append(
                study.study
            )
    for severity, mark in _MARKS.items():
        for (level, code, sentence), names in shared.items():
            if level == severity:
                yield from _wrap(f"{mark:8} {code}: {sentence} [{_names(names, studies)}]", 9)


def _pictures(studies: Sequence[StudyPreflight]) -> Iterator[str]:
    """What the findings show, in words: the evening page and the report draw it."""
    for one in carried.of_preflight(studies):
        study = f" [{one.study}]" if one.study else ""
        yield from _wrap(f"Shown: {one.sentence}{study}", 7)


def _reaches(studies: Sequence[StudyPreflight]) -> Iterator[str]:
    """What the box reaches against what the data say, for whatever cannot be reached."""
    rows = [
        (study.study, reach)
        for study in studies
        for reach in distinct_reaches(study)
        if not reach.reachable
    ]
    if rows:
        yield f"{'out of reach':24} {'lowest':>12} {'highest':>12} {'data say':>12} {'needed':>24}"
    for name, reach in rows:
        yield (
            f"{name[:10]:10} {reach.quantity[:13]:13} {reach.lowest:12.6g} {reach.highest:12.6g} "
            f"{reach.target:12.6g} {needed(reach):>24}"
        )


def distinct_reaches(study: StudyPreflight) -> list[Reach]:
    """Each quantity once, although several criteria ask for it."""
    return list({r.quantity: r for one in study.reachability for r in one.reaches}.values())


def needed(reach: Reach) -> str:
    """Write what a criterion needs of a quantity, e.g. ``>= 179.46``."""
    low, high = reach.needed_lower, reach.needed_upper
    if low is None and high is None:
        return ""
    if high is None:
        return worded(">= {:.6g}", low)
    return worded("<= {:.6g}", high) if low is None else between("{:.6g} to {:.6g}", low, high)


def _symmetries(studies: Sequence[StudyPreflight]) -> Iterator[str]:
    shared: dict[str, list[str]] = {}
    for study in studies:
        for symmetry in study.symmetries:
            kind = "exact" if symmetry.exact else f"approximate ({symmetry.size:.1g})"
            shared.setdefault(f"{kind}: {symmetry.sentence}", []).append(study.study)
    if shared:
        yield "Symmetries:"
    for sentence, names in shared.items():
        yield from _wrap(f"  {sentence} [{_names(names, studies)}]", 4)


def _identifiability(studies: Sequence[StudyPreflight]) -> Iterator[str]:
    shared: dict[str, list[str]] = {}
    for study in studies:
        groups: dict[str, list[str]] = {}
        for parameter, word in study.identifiability.items():
            groups.setdefault(word, []).append(parameter)
        text = "; ".join(f"{word}: {', '.join(names)}" for word, names in groups.items())
        if text:
            shared.setdefault(text, []).append(study.study)
    if shared:
        yield "Parameters:"
    for text, names in shared.items():
        yield from _wrap(f"  {text} [{_names(names, studies)}]", 4)


def _forecasts(found: Preflight) -> Iterator[str]:
    made = [study.forecast for study in found.studies if study.forecast is not None]
    if not made:
        return
    total = sum(one.seconds for one in made)
    low, high = sum(one.seconds_low for one in made), sum(one.seconds_high for one in made)
    fits = sum(one.fits for one in made)
    yield (
        f"Forecast: about {numbers.count(fits, 'trial')} in {numbers.duration(total)} "
        f"({numbers.duration(low)} to {numbers.duration(high)}), compilation aside; "
        f"memory now {max(one.memory_mib for one in made):.0f} MiB."
    )
    yield f"Preflight itself took {numbers.duration(found.seconds)}."
    if found.over >= _LONG:
        yield from _wrap(
            f"Reach and symmetries, which the budget does not cut, took "
            f"{numbers.duration(found.over)} of work beyond it.",
            2,
        )


def _not_checked(studies: Sequence[StudyPreflight]) -> Iterator[str]:
    for sentence in unchecked.in_words(studies, alike.who):
        yield from _wrap(sentence, 2)
    if any(one.why is Unmade.BUDGET for study in studies for one in study.not_checked):
        yield "A larger --budget checks more."


def _names(names: Sequence[str], studies: Sequence[StudyPreflight]) -> str:
    if len(names) == len(studies) and len(names) > 1:
        return f"all {len(names)} studies"
    return ", ".join(names)


def _wrap(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
