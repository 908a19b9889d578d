"""The report as Markdown: for a repository, a wiki or a mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from daybreak.diagnosis.study import Study
from daybreak.findings import unchecked
from daybreak.report import (
    alike,
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
from daybreak.report.carried import Carried
from daybreak.report.cells import Table
from daybreak.report.overview import overview
from daybreak.report.summary import Summary

_BEFORE = "Known before the night"
_LIVE = re.compile(r"[\\`*|]|\](?=[(\[:])|<(?=[A-Za-z/!?])|&(?=[#\w]+;)")
"""What Markdown or a browser would act upon; ``< 1e+06``, ``[1, 2]`` and ``R_c_e`` stay."""

_OF_A_STUDY: tuple[Callable[[Study], Table], ...] = (
    tables.criteria,
    tables.criteria_history,
    evidence.findings,
    tables.best_fit,
    tables.scale_factors,
    tables.derived,
    tables.residuals,
    tables.quality,
    evidence.ends,
    evidence.tension,
    evidence.model_scales,
    evidence.knobs,
    tables.failures,
)


def render(summary: Summary) -> str:
    """Render the report; the same summary always gives the same text."""
    lines = [*_front(summary), *_claims(summary)]
    lines += ["## Studies at a glance", "", *lines_of(overview(summary))]
    compared = model_table.models(summary)
    if compared:
        lines += [f"## {compared.caption}", "", *lines_of(compared)]
    for study in summary.studies:
        lines += _study(study)
    timing = summary.timing
    ended = f"ended {numbers.moment(timing.ended)}" if timing.ended else "not ended"
    started = f"Started {numbers.moment(timing.started)}, {ended}"
    spent = wording.spent(timing)
    sections = (
        ("Decision table", tables.decision(summary)),
        (_BEFORE, evening.preflight(summary)),
        ("Reach of the box against the data", evening.reaches(summary)),
        ("Symmetries", evening.symmetries(summary)),
        ("Forecast against actual time", evening.forecasts(summary)),
        ("Runs", tables.runs(summary)),
        ("Provenance", tables.provenance(summary)),
    )
    for title, table in sections:
        if title == "Runs":
            lines += ["## Times", "", f"{started}; {spent}.", "", *lines_of(table)]
        elif table:
            lines += [f"## {title}", "", *lines_of(table)]
        if title == _BEFORE:
            lines += _carried(carried.of_preflight(summary.examinations))
            lines += _unchecked(summary)
    return "\n".join(lines).rstrip() + "\n"


def _front(summary: Summary) -> Iterator[str]:
    """Verdict, decision, next step, bad news."""
    yield from (f"# {text(summary.campaign)}: {summary.verdict}", "")
    yield from (f"**{text(summary.sentence)}**", "")
    if summary.description:
        yield from (text(summary.description), "")
    yield from (f"{wording.progress(summary)}.", wording.rule(summary), "")
    if not summary.finished:
        yield from ("Not finished: this is what is known so far.", "")
    yield from ("## Decision and next step", "")
    decision = summary.decision
    name = f"{text(decision.name)}: " if decision else ""
    if summary.no_decision:
        yield from (f"**{text(summary.no_decision)}**", "")
    yield f"**{name}{text(wording.next_step(summary))}**"
    if decision:
        yield text(decision.reason)
        if decision.follow_ups:
            yield f"Follow-up studies: {text(', '.join(decision.follow_ups))}."
        yield from map(text, wording.readings(summary))
    yield from ("", "## Surprises", "")
    yield from [f"* {text(sentence)}" for sentence in summary.surprises] or ["None was found."]
    yield ""


def _claims(summary: Summary) -> Iterator[str]:
    """What the evidence carries, and what it does not."""
    for title, supported, prefix, nothing in (
        ("What may be claimed", True, "", "Nothing about any parameter."),
        ("What may not be claimed", False, "A value of ", "Nothing was withheld."),
    ):
        yield from (f"## {title}", "")
        groups = wording.claims(summary, supported=supported)
        if not groups:
            yield nothing
        for group in groups:
            yield f"* **{prefix}{text(group.parameter)}** (`{group.code}`)"
            for studies, sentence in group.sentences:
                yield f"  * {text(studies)}: {text(sentence)}"
        yield ""


def _study(study: Study) -> Iterator[str]:
    """One study, compact: sentences, then its tables."""
    yield from (f"## {text(study.name)}: {study.verdict}", "")
    remarks = [study.method]
    remarks += [study.state] if not study.finished else []
    remarks += [] if study.counted else ["not counted"]
    remarks += [f"follows from the decision '{study.follows}'"] if study.follows else []
    yield f"{text('; '.join(remarks))}."
    if study.settings:
        yield f"Settings: {text(wording.settings(study))}."
    if study.error:
        yield f"**No result**: {text(study.error)}"
    if study.best and study.best.at_bounds:
        count = numbers.count(len(study.best.at_bounds), "parameter")
        yield f"**{count} at bounds**: {text(wording.bounds(study.best.at_bounds))}."
    if unsettled := curves.unsettled(study):
        yield f"**{unsettled}**: chi2 there may still come down."
    yield ""
    if remarks := [f"* {line}" for line in _remarks(study)]:
        yield from (*remarks, "")
    made = (make(study) for make in _OF_A_STUDY)
    for table in (*made, *searches.tables(study), *curves.point_tables(study)):
        shown = table.without("gauge")
        if shown:
            yield from (f"### {text(shown.caption)}", "", *lines_of(shown))
    yield from _carried(carried.of_study(study.findings))


def _carried(shown: Sequence[Carried]) -> Iterator[str]:
    """Tables that findings carry, and what their pictures show."""
    for one in shown:
        said = lines_of(one.table) if one.table else [text(one.sentence), ""]
        yield from (f"### {text(one.caption)}", "", *said)


def _unchecked(summary: Summary) -> Iterator[str]:
    """What the preflight did not check."""
    said = unchecked.in_words(summary.examinations, alike.who)
    if said:
        yield from ("## Not checked before the night", "")
    for sentence in said:
        yield from (text(sentence), "")


def _remarks(study: Study) -> Iterator[str]:
    """What the search, the profiles, the maps and the fits say, a line each."""
    yield from map(text, searches.sentences(study))
    for profile in study.profiles:
        said = [profile.sentence, curves.intervals(profile), *curves.remarks(profile)]
        yield f"`{profile.code}`: {text(' '.join(filter(None, said)))}"
    for found in study.maps:
        yield text(f"{curves.title(found)}: {found.sentence} {curves.contours(found)}")
    if study.missed is not None:
        yield text(f"{evidence.missed(study)} ({evidence.ESTIMATOR}.)")
    if study.tension is not None and study.tension.ceiling is not None:
        yield text(evidence.ceiling(study))


def lines_of(table: Table) -> Iterator[str]:
    """A table as lines of Markdown; none when there is nothing in it."""
    if not table:
        return
    rules = ("---:" if column.kind == "number" else "---" for column in table.columns)
    yield _row(column.title for column in table.columns)
    yield f"| {' | '.join(rules)} |"
    for cells in table.rows:
        yield _row(cells)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(text(cell) for cell in cells)} |"


def text(raw: str) -> str:
    """Write any text so that Markdown shows it instead of acting upon it."""
    return _LIVE.sub(lambda found: f"\\{found.group()}", " ".join(raw.split()))
