"""The evening page as plain text, at most 96 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from daybreak.findings import unchecked
from daybreak.report import alike, numbers, outlook
from daybreak.report import tonight_words as words
from daybreak.report.tonight import Tonight
from daybreak.sentences import worded

WIDTH = 96


def render(t: Tonight) -> str:
    """Render the evening page for a terminal, in the order of the morning page."""
    parts: list[Iterable[str]] = [
        _front(t),
        _list("The night may answer", words.questions(t)),
        _list("It cannot answer", words.no_answer(t)),
        _wrap(f"Next step: {words.next_step(t)}"),
        _findings(t),
        _list("What was not checked", unchecked.in_words(t.examinations, alike.who)),
        _reach(t),
        _criteria(t),
        _decisions(t),
        _times(t),
        _studies(t),
        _where(t),
    ]
    blocks = ["\n".join(lines) for lines in parts]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _front(t: Tonight) -> Iterator[str]:
    yield from _wrap(f"{t.state}  {t.campaign}")
    yield from _wrap(t.preflight.sentence, "  ")
    yield from _wrap(words.expected(t), "  ")
    if t.description:
        yield from _wrap(t.description, "  ")
    yield from _wrap(f"{numbers.count(len(t.studies), 'study', 'studies')}. {words.rule(t)}", "  ")


def _findings(t: Tonight) -> Iterator[str]:
    rows = words.findings(t).rows
    return _list("Preflight, bad news first", [f"{s}: {text} [{who}]" for s, text, _, who in rows])


def _reach(t: Tonight) -> Iterator[str]:
    said = (
        (
            one.study,
            worded(
                "{}: the box reaches {:.4g} as the least and {:.4g} as the most; the data say "
                "{:.6g}",
                reach.quantity,
                reach.lowest,
                reach.highest,
                reach.target,
            )
            + (worded(", needed is {}", need) if (need := outlook.needed(reach)) else ""),
        )
        for one in t.examinations
        for reach in outlook.distinct_reaches(one)
        if not reach.reachable
    )
    every = [study.name for study in t.studies]
    lines = [f"{one.sentence} [{alike.who(one.studies, every)}]" for one in alike.gather(said)]
    return _list("Out of reach", lines)


def _criterion(title: str, quantity: str, bar: str) -> str:
    """A bar behind its label, if it has one; a question has no bar."""
    asked = quantity if bar == "yes" else f"{quantity} {bar}"
    return asked if title == quantity else f"{title}: {asked}"


def _criteria(t: Tonight) -> Iterator[str]:
    lines = [
        f"{_criterion(title, quantity, bar)} ({level}) [{who}]"
        for title, level, quantity, bar, who in words.criteria(t).rows
    ]
    return _list("Criteria, frozen before the first trial", lines or ["none is declared"])


def _decisions(t: Tonight) -> Iterator[str]:
    lines = [
        f"{row.name} ({row.when}): {row.then}"
        + (" Starts follow-up studies." if row.follow_up else "")
        for row in t.decisions
    ]
    return _list("Decision table, the first row that holds is taken", lines)


def _times(t: Tonight) -> Iterator[str]:
    """A line for each study; of studies that nothing is known of, none."""
    table = words.times(t)
    if t.expected is None or len(table.rows) < 2:
        return
    cells = [[column.title for column in table.columns], *table.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.columns))]
    yield "Expected times:"
    for row in cells:
        padded = (
            cell.rjust(width) if column.kind == "number" else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        )
        yield f"  {'  '.join(padded)}".rstrip()


def _studies(t: Tonight) -> Iterator[str]:
    yield "Studies:"
    for group, first in words.groups(t):
        yield from _wrap(
            f"{words.names(group, t)}: {first.method}; {first.asked}; about "
            f"{numbers.count(first.trials, 'trial')} each.",
            "  - ",
        )
        for study in group:
            told = words.settings(study)
            left_out = "" if study.counted else "not counted"
            if told or left_out:
                yield from _wrap(
                    f"{study.name}: {', '.join(filter(None, [told, left_out]))}", "      "
                )
        ranges = ", ".join(
            f"{p.name} {p.range}{f' {p.unit}' if p.unit else ''}"
            + (f" ({p.role})" if p.role == "profiled" else "")
            for p in first.parameters
        )
        yield from _wrap(f"parameters: {ranges}", "      ")


def _where(t: Tonight) -> Iterator[str]:
    yield from _wrap(f"Results will be in {t.place.directory}:")
    rows = words.where(t)
    width = max(len(what) for what, _ in rows)
    for what, command in rows:
        yield f"  {what.ljust(width)}  {command}"


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"{title}:"
    for item in items:
        yield from _wrap(item, "  - ")


def _wrap(sentence: str, first: str = "") -> list[str]:
    clean = "".join(c if c.isprintable() else " " for c in sentence)
    return textwrap.wrap(
        clean,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first) or "  ",
        break_on_hyphens=False,
    )
