"""The report as plain text, at most 100 columns wide; and one line per study for the log."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from daybreak.diagnosis.study import Study
from daybreak.findings import unchecked
from daybreak.report import (
    alike,
    carried,
    curves,
    evening,
    evidence,
    numbers,
    searches,
    tables,
    wording,
)
from daybreak.report.summary import Summary

WIDTH = 96
_NARROW = 12
"""Characters that are left of a name or of settings before anything else is cut."""
MOST_NOTES = 3
"""Notes of the preflight that are printed."""


def render(summary: Summary) -> str:
    """Render the summary for a terminal: verdict, bad news, decision, studies, claims."""
    parts = [
        _front(summary),
        _next(summary),
        _list("Surprises", summary.surprises),
        _studies(summary.studies),
        _missed(summary.studies),
        _bounds(summary.studies),
        _unsettled(summary.studies),
        _told("Searches", summary.studies, searches.sentences),
        _told("Profiles", summary.studies, _profiles),
        _told("Maps", summary.studies, _maps),
        _told("Ends of the fits", summary.studies, _ends),
        _told("Shown in the report", summary.studies, _carried),
        _told("Agreement with the data", summary.studies, _agreement),
        _told("With the model uncertainty multiplied", summary.studies, _scales),
        _told("Fitted again with refined knobs", summary.studies, evidence.knobs_in_words),
        _claims(summary, "May be claimed", supported=True),
        _claims(summary, "May not be claimed", supported=False),
        _list("Known before the night", _preflight(summary)),
        _wrap(_times(summary)),
    ]
    blocks = ["\n".join(lines) for lines in parts]
    return "\n\n".join(block for block in blocks if block) + "\n"


def study_line(study: Study) -> str:
    """One line for the night's log: verdict first, so that ``grep FAIL`` finds it."""
    settings = wording.settings(study, " ", "=")
    told = all(word in study.name for word in settings.split())
    words = [f"{study.verdict:<9}", study.name, "" if told else settings]
    if not study.finished:
        words.append(f"({study.state})")
    if study.search is not None:
        words.append(f" {searches.headline(study) or study.error or 'no result'}")
    elif study.best is None:
        words.append(f" no fit{': ' + study.error if study.error else ''}")
    else:
        minimum = curves.minima(study, ", ").replace(" = ", "=")
        words.append(f" chi2={numbers.chi2(study.best.chi2)}")
        words += [f"at {minimum}"] if minimum else []
        bounds = study.best.at_bounds
        words += [f" {len(bounds)} at bounds: {wording.bounds(bounds)}"] if bounds else []
    unsettled = curves.unsettled(study)
    words += [f" {unsettled}"] if unsettled else []
    return _clean(" ".join(word for word in words if word))


def _front(summary: Summary) -> Iterator[str]:
    yield from _wrap(f"{summary.verdict}  {summary.campaign}")
    yield from _wrap(wording.without_verdict(summary), "  ")
    yield from _wrap(f"{wording.progress(summary)}. {wording.rule(summary)}", "  ")
    if not summary.finished:
        yield "  Not finished: this is what is known so far."


def _next(summary: Summary) -> Iterator[str]:
    decision = summary.decision
    if decision:
        yield from _wrap(f"Decision: {decision.name}")
        yield from _wrap(decision.reason, "  ")
        if decision.follow_ups:
            yield from _wrap(f"Follow-up studies: {', '.join(decision.follow_ups)}", "  ")
        for sentence in wording.readings(summary):
            yield from _wrap(sentence, "  ")
    if summary.no_decision:
        yield from _wrap(summary.no_decision)
    yield from _wrap(f"Next step: {wording.next_step(summary)}")


def _studies(studies: Sequence[Study]) -> Iterator[str]:
    """The table of studies; a star marks one that is not counted."""
    varied = wording.varied(studies)
    rows = [row for study in studies for row in _rows(study, varied)]
    head = ["verdict", "study", "settings", "chi2", "bounds", "minimum", "code"]
    # An empty column says nothing.
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    cells = [[_clean(row[i]) for i in kept] for row in [head, *rows]]
    soft = [place for place, i in enumerate(kept) if head[i] in ("study", "settings")]
    widths = _widths([max(len(row[i]) for row in cells) for i in range(len(kept))], soft)
    numeric = [head[i] in ("chi2", "bounds") for i in kept]
    for row in cells:
        parts = zip(map(_short, row, widths), widths, numeric, strict=True)
        yield "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in parts).rstrip()
        if row is cells[0]:
            yield "  ".join("-" * width for width in widths)
    if any(not study.counted for study in studies):
        yield "* not counted"


def _rows(study: Study, varied: list[str]) -> Iterator[list[str]]:
    """The row of a study, and one below it for each further profile."""
    best, profiles = study.best, [[searches.headline(study), ""]]
    if study.profiles:
        profiles = [
            [curves.minimum(p).replace(" = ", "=", 1), str(p.code)] for p in study.profiles
        ]
    yield [
        study.verdict if study.finished else study.state,
        study.name + ("" if study.counted else " *"),
        wording.settings(study, " ", "=", varied),
        tables.chi2_text(study),
        "" if best is None else str(len(best.at_bounds)),
        *profiles[0],
    ]
    yield from (["", "", "", "", "", *more] for more in profiles[1:])


def _missed(studies: Sequence[Study]) -> Iterator[str]:
    """Criteria not met; studies that miss the same ones share a line."""
    groups: dict[str, list[str]] = {}
    for study in studies:
        missed = ", ".join(wording.missed(study))
        if missed:
            groups.setdefault(missed, []).append(study.name)
    return _grouped("Criteria not met", groups)


def _bounds(studies: Sequence[Study]) -> Iterator[str]:
    """Parameters at bounds; studies with the same ones share a line."""
    groups: dict[str, list[str]] = {}
    for study in studies:
        if study.best and study.best.at_bounds:
            groups.setdefault(wording.bounds(study.best.at_bounds), []).append(study.name)
    return _grouped("Parameters at bounds", groups)


def _unsettled(studies: Sequence[Study]) -> Iterator[str]:
    """Points of profiles, and trials, that cannot be trusted."""
    points = [f"{s.name}: {curves.unsettled(s)}" for s in studies if curves.unsettled(s)]
    failed = [
        f"{study.name}: {numbers.count(count, 'trial')} {reason}"
        for study in studies
        for reason, count in study.failures.items()
    ]
    return _list("Not settled or failed", points + failed)


def _told(
    title: str, studies: Sequence[Study], told: Callable[[Study], Iterable[str]]
) -> Iterator[str]:
    """What is said of each study; studies of which the same is said share a line."""
    groups: dict[str, list[str]] = {}
    for study in studies:
        for sentence in told(study):
            groups.setdefault(sentence, []).append(study.name)
    return _list(title, [f"{what} [{', '.join(names)}]" for what, names in groups.items()])


def _profiles(study: Study) -> Iterator[str]:
    for profile in study.profiles:
        said = [curves.intervals(profile) or curves.no_set(profile), *curves.remarks(profile)]
        if profile.intervals or len(said) > 1:
            yield " ".join(said)


def _maps(study: Study) -> Iterator[str]:
    for found in study.maps:
        yield f"{found.sentence} {curves.contours(found)}"


def _ends(study: Study) -> Iterator[str]:
    said = [f"{evidence.ends_in_words(study)}." if study.ends else "", evidence.missed(study)]
    if any(said):
        yield " ".join(filter(None, said))


def _carried(study: Study) -> Iterator[str]:
    return (one.sentence for one in carried.of_study(study.findings))


def _agreement(study: Study) -> Iterator[str]:
    groups = evidence.groups_in_words(study)
    said = [f"{groups}." if groups else "", evidence.ceiling(study)]
    if any(said):
        yield " ".join(filter(None, said))


def _scales(study: Study) -> Iterator[str]:
    said = evidence.scales_in_words(study)
    if said:
        yield said


def _grouped(title: str, groups: dict[str, list[str]]) -> Iterator[str]:
    return _list(title, [f"{what}  ({', '.join(names)})" for what, names in groups.items()])


def _claims(summary: Summary, title: str, *, supported: bool) -> Iterator[str]:
    prefix = "" if supported else "a value of "
    lines: list[str] = []
    for group in wording.claims(summary, supported=supported):
        lines += [
            f"{prefix}{group.parameter}: {sentence} [{studies}]"
            for studies, sentence in group.sentences
        ]
    if supported and not lines:
        lines = ["nothing about any parameter"]
    return _list(title, lines)


def _preflight(summary: Summary) -> list[str]:
    """What stands in the way, and the first few notes; the rest is in the report."""
    rows = evening.preflight(summary).rows
    notes = [row for row in rows if row[0] == "note"]
    shown = [row for row in rows if row[0] != "note"] + notes[:MOST_NOTES]
    lines = [f"{row[0]}: {row[-1]} [{row[1]}]" for row in shown]
    left = len(notes) - MOST_NOTES
    lines += [f"and {numbers.count(left, 'note')} more in the report"] if left > 0 else []
    shown = carried.of_preflight(summary.examinations)
    lines += [f"{one.sentence} [in the report]" for one in shown]
    return [*lines, *unchecked.in_words(summary.examinations, alike.who)]


def _times(summary: Summary) -> str:
    timing, made = summary.timing, summary.provenance
    ended = numbers.moment(timing.ended) if timing.ended else "not ended"
    return (
        f"{numbers.moment(timing.started)} to {ended}, {wording.spent(timing)},"
        f" {numbers.count(len(timing.runs), 'run')}; daybreak {made.daybreak}, "
        f"seed {made.seed}"
    )


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"{title}:"
    for item in items:
        yield from _wrap(item, "  - ")


def _wrap(sentence: str, first: str = "") -> Iterable[str]:
    return textwrap.wrap(
        _clean(sentence),
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first) or "  ",
        break_on_hyphens=False,
    )


def _widths(widths: list[int], soft: Sequence[int]) -> list[int]:
    """Narrow the widest columns until the table fits, the `soft` ones first."""
    while sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        choice = [i for i in soft if widths[i] > _NARROW] or range(len(widths))
        widths[max(choice, key=widths.__getitem__)] -= 1
    return widths


def _short(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 2]}.."


def _clean(raw: str) -> str:
    """Keep control characters, escape sequences among them, from the reader's terminal."""
    return "".join(c if c.isprintable() else " " for c in raw)
