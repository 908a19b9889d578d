"""The page that stands beside the records of a search, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from daybreak.diagnosis.search_study import ConfigurationState
from daybreak.diagnosis.search_summary import Placed, StudySummary
from daybreak.diagnosis.trial_record import RecordedTrial
from daybreak.ledger.states import StudyState
from daybreak.report import numbers
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.markdown import lines_of, text
from daybreak.report.searches import configuration, value

_LONGEST = 200
"""Characters of a recorded value that are shown; `best.json` has all of it."""


def render(found: StudySummary) -> str:
    """Render a search; the same summary always gives the same text."""
    lines = [f"# {text(found.study)}", "", *(text(line) for line in _sentences(found)), ""]
    for table in (
        _failures(found),
        _best(found),
        _confirmed(found),
        _distributions(found),
        _placed("Front: trials that no other one dominates", found, found.front),
        _groups(found),
        _correlations(found),
        _placed(f"The best {len(found.top)} trials", found, found.top),
        _missing(found),
    ):
        if table:
            lines += [f"## {text(table.caption)}", "", *lines_of(table)]
    return "\n".join(lines).rstrip() + "\n"


def _sentences(found: StudySummary) -> Iterator[str]:
    """How far it is, what became of the trials, and what is missing."""
    n = found.counts
    state = "" if found.state == StudyState.FINISHED else f" The study is {found.state}."
    yield f"A search of campaign {found.campaign} by {found.sampler}.{state}"
    told = (
        (n.completed, ConfigurationState.COMPLETED),
        (n.infeasible, ConfigurationState.INFEASIBLE),
        (n.pruned, ConfigurationState.PRUNED),
        (n.failed, "failed"),
    )
    states = ", ".join(f"{count} {word}" for count, word in told if count)
    yield f"{numbers.count(n.made, 'trial')}, {n.forced} of them forced: {states or 'none yet'}."
    if n.reused:
        yield f"{n.reused} of them were answered by an earlier trial."
    others = ((n.baseline, "baseline"), (n.confirm, "confirmation"), (n.refine, "refinement"))
    more = ", ".join(numbers.count(count, word) for count, word in others if count)
    if more:
        yield f"Beside them {more}."
    if found.best is None:
        yield "No trial is the best: none has completed."
    if found.missing:
        names = ", ".join(found.missing)
        yield f"Recorded by some completed trials and missing from others: {names}; see below."
    elif n.completed:
        yield "Every completed trial recorded the same fields."


def _failures(found: StudySummary) -> Table:
    columns = [
        Column("reason", "name"),
        Column("trials", "number"),
        Column("which"),
        Column("meaning"),
        Column("message of the first"),
    ]
    rows = [
        [one.reason, str(len(one.trials)), _numbers(one.trials), one.sentence, one.message]
        for one in found.failures
    ]
    return table_of("Failed trials", columns, rows)


def _numbers(trials: Sequence[int], most: int = 10) -> str:
    """Write numbers of trials, e.g. ``3, 7, 12 and 40 more``."""
    more = f" and {len(trials) - most} more" if len(trials) > most else ""
    return ", ".join(map(str, trials[:most])) + more


def _best(found: StudySummary) -> Table:
    """Everything about the best trial that is one number, word or short list."""
    best = found.best
    columns = [Column("what", "name"), Column("value"), Column("kind")]
    title = "Best trial" if len(found.goals) == 1 else "Best compromise"
    return table_of(title, columns, [] if best is None else list(_rows(best)))


def _rows(best: RecordedTrial) -> Iterator[list[str]]:
    yield ["trial", str(best.number), best.how]
    yield ["key", best.key, ""]
    yield ["seed", value(best.seed), ""]
    if best.seconds is not None:
        yield ["took", numbers.duration(best.seconds), ""]
    for name, given in best.configuration.items():
        yield [name, value(given), "configuration"]
    for name, given in best.settings.items():
        yield [name, value(given), "setting"]
    for name, number in best.metrics.items():
        yield [name, numbers.number(number), "objective" if name in best.objectives else "metric"]
    for name, given in best.recorded.items():
        yield [name, _short(json.dumps(given, ensure_ascii=False)), "recorded"]
    for part in best.attached:
        yield [part["name"], part.get("sha256", part["kind"]), f"attached {part['kind']}"]


def _short(given: str) -> str:
    return given if len(given) <= _LONGEST else f"{given[:_LONGEST]}... (all in best.json)"


def _confirmed(found: StudySummary) -> Table:
    columns = [
        Column("metric", "name"),
        Column("mean", "number"),
        Column("fresh seeds", "number"),
        Column("failed", "number"),
    ]
    again = found.confirmed
    rows = (
        [
            [
                name,
                numbers.plus_minus(mean, again.uncertainty.get(name)),
                str(len(again.seeds)),
                str(again.failed),
            ]
            for name, mean in again.metrics.items()
        ]
        if again
        else []
    )
    return table_of("The best, evaluated again with fresh seeds", columns, rows)


def _distributions(found: StudySummary) -> Table:
    titles = ("n", "min", "quartile", "median", "quartile", "max", "mean", "std")
    columns = [Column("objective", "name"), *(Column(title, "number") for title in titles)]
    rows = [
        [
            numbers.in_brackets(one.objective, one.unit),
            str(one.n),
            *map(
                _cell,
                (
                    one.min,
                    one.lower_quartile,
                    one.median,
                    one.upper_quartile,
                    one.max,
                    one.mean,
                    one.std,
                ),
            ),
        ]
        for one in found.distributions
    ]
    return table_of("Objectives of the completed trials", columns, rows)


def _groups(found: StudySummary) -> Table:
    titles = ("made", "completed", "mean", "min", "max", "std")
    columns = [
        Column("objective", "name"),
        Column("parameter"),
        Column("option"),
        *(Column(title, "number") for title in titles),
    ]
    rows = [
        [
            one.objective,
            one.parameter,
            value(one.value),
            str(one.made),
            str(one.n),
            *map(_cell, (one.mean, one.min, one.max, one.std)),
        ]
        for one in found.groups
    ]
    return table_of("By the options of every choice", columns, rows)


def _correlations(found: StudySummary) -> Table:
    columns = [
        Column("objective", "name"),
        Column("parameter"),
        Column("rank correlation", "number"),
        Column("chance alone", "number"),
        Column("n", "number"),
    ]
    rows = [
        [
            one.objective,
            one.parameter,
            "" if one.rho is None else numbers.signed(one.rho),
            "" if one.chance is None else f"+/- {numbers.number(one.chance, 2)}",
            str(one.n),
        ]
        for one in found.correlations
    ]
    return table_of("Rank correlation of every number with the objective", columns, rows)


def _placed(title: str, found: StudySummary, trials: Sequence[Placed]) -> Table:
    columns = [Column("trial", "name"), Column("made as")]
    columns += [Column(numbers.in_brackets(g.name, g.unit), "number") for g in found.goals]
    rows = [
        [
            str(one.number),
            one.how,
            *(_cell(one.objectives[goal.name]) for goal in found.goals),
            configuration(one.configuration),
        ]
        for one in trials
    ]
    return table_of(title, [*columns, Column("configuration")], rows)


def _missing(found: StudySummary) -> Table:
    columns = [Column("field", "name"), Column("missing from trials", "text")]
    rows = [[name, _numbers(trials)] for name, trials in found.missing.items()]
    return table_of("Recorded fields that are missing", columns, rows)


def _cell(number: float | None) -> str:
    return "" if number is None else numbers.number(number)
