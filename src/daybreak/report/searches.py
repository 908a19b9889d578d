"""Phrases and tables about searches: every view says the same of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from daybreak.diagnosis.search_study import (
    BaselineReading,
    ConfigurationState,
    Goal,
    Plain,
    SearchReading,
    SearchTrial,
    Winner,
)
from daybreak.diagnosis.study import Study
from daybreak.report import numbers
from daybreak.report.artifact_figure import artifact_table, files
from daybreak.report.cells import Column, Table, table_of
from daybreak.sentences import joined, worded

MOST_FRONT = 200
"""Points of a front that a table shows."""
_MOST_LISTED = 10
"""Entries of a recorded list that a table shows."""
_NAMED = 6
"""Parameters that a line of text names."""


def headline(study: Study) -> str:
    """The objectives of the winner, e.g. ``loss = 0.0497 +/- 0.0003``; empty without one."""
    found = study.search
    if found is None or found.best is None:
        return ""
    best = found.best
    return joined(", ", (worded("{} = {}", g.name, measured(best, g)) for g in found.goals))


def measured(winner: Winner, goal: Goal, sign: str = "+/-") -> str:
    """Write an objective of a winner with its uncertainty and unit."""
    text = numbers.plus_minus(winner.metrics[goal.name], winner.uncertainty.get(goal.name), sign)
    return numbers.with_unit(text, goal.unit)


def configuration(values: Mapping[str, Plain], most: int | None = None) -> str:
    """Write a configuration, e.g. ``depth = 3, rate = 0.01``."""
    shown = list(values.items())[:most]
    more = f" and {len(values) - len(shown)} more" if len(values) > len(shown) else ""
    return ", ".join(f"{name} = {value(v)}" for name, v in shown) + more


def value(given: Plain) -> str:
    """Write a value of a searched parameter."""
    return "none" if given is None else numbers.plain(given)


def counts(found: SearchReading) -> str:
    """Write what became of the trials, e.g. ``97 completed, 3 failed``."""
    order = tuple(ConfigurationState)
    told = [f"{found.counts[word]} {word}" for word in order if found.counts.get(word)]
    reused = sum(trial.reused for trial in found.trials)
    return ", ".join([*told, *([f"{reused} answered by an earlier one"] if reused else [])])


def sentences(study: Study) -> Iterator[str]:
    """What a search found, a sentence each."""
    found = study.search
    if found is None:
        return
    total = sum(found.counts.values())
    yield f"{numbers.count(total, 'trial')} by {found.sampler}: {counts(found) or 'none yet'}."
    best = found.best
    if best is not None:
        how = f"mean of {len(best.seeds)} fresh seeds" if best.seeds else "as selected"
        what = "best" if found.single else "compromise on the front"
        where = configuration(best.configuration, _NAMED)
        yield f"{what} (trial {best.number}): {headline(study)} ({how}) at {where}."
    if not found.single and found.front:
        volume = found.hypervolume[-1][1] if found.hypervolume else None
        tail = "" if volume is None else f", hypervolume {numbers.number(volume, 5)}"
        yield f"front of {numbers.count(len(found.front), 'trial')}{tail}."
    for goal in found.goals:
        if goal.name in found.selection_bias:
            bias = numbers.signed(found.selection_bias[goal.name])
            yield f"selection bias of {goal.name}: {bias} (selected minus confirmed)."
    for baseline in found.baselines:
        yield f"{beside(baseline)}."
    if any(one.share for one in found.importance):
        yield f"importance: {matters(found)}."


_BESIDE = {"met": "outside", "missed": "INSIDE", "undecided": "NOT CLEARLY outside"}
_IN_ALL = {
    "met": "a result is better in all of them",
    "missed": "NOT BEATEN in all",
    "undecided": "NOT CLEARLY BEATEN in all",
}


def beside(baseline: BaselineReading) -> str:
    """Write a result beside a baseline."""
    what = f"null test {baseline.name}" if baseline.null else f"baseline {baseline.name}"
    if not baseline.values:
        return f"{what}: {baseline.message or 'no values'}"
    bars = ", ".join(f"{name} {numbers.number(bar, 5)}" for name, bar in baseline.bars.items())
    if len(baseline.bars) > 1:
        told = _IN_ALL[baseline.outcome]
    else:
        told = f"the result is {_BESIDE[baseline.outcome]}"
    return f"{what}: {bars}; {told}"


def matters(found: SearchReading) -> str:
    """Write the parameters that matter most for each objective."""
    parts: list[str] = []
    for goal in found.goals:
        mine = [one for one in found.importance if one.objective == goal.name and one.clear]
        named = ", ".join(f"{one.parameter} {100 * one.share:.0f} %" for one in mine[:4])
        parts.append(f"{goal.name} hangs on {named or 'nothing that stands out of chance'}")
    return "; ".join(parts)


# -- tables ----------------------------------------------------------------------------------


def tables(study: Study) -> list[Table]:
    """Every table about a search, the shorter ones first; none for a fit."""
    found = study.search
    if found is None:
        return []
    return [
        best(found),
        confirmed(found),
        baselines(found),
        front(found),
        importance(found),
        knobs(found),
        *attached(found),
        trials(found),
    ]


def attached(found: SearchReading) -> list[Table]:
    """Tables and files of the winner."""
    artifacts = found.best.artifacts if found.best else []
    return [*map(artifact_table, artifacts), files(artifacts)]


def best(found: SearchReading) -> Table:
    """The winner: its configuration, its metrics, and everything recorded."""
    columns = [Column("what", "name"), Column("value"), Column("kind")]
    winner = found.best
    if winner is None:
        return table_of("Best configuration", columns, [])
    units = {goal.name: goal.unit for goal in found.goals}
    rows = [[name, value(given), "parameter"] for name, given in winner.configuration.items()]
    for name, number in winner.metrics.items():
        text = numbers.plus_minus(number, winner.uncertainty.get(name))
        kind = "objective" if name in units else "metric"
        rows.append([name, numbers.with_unit(text, units.get(name, "")), kind])
    rows += [
        [name, brief(given), "recorded"]
        for name, given in winner.recorded.items()
        if name not in winner.metrics
    ]
    rows += [["seed", str(winner.seed), "of the trial"], ["trial", str(winner.number), ""]]
    return table_of("Best configuration", columns, rows)


def brief(given: Any) -> str:
    """A recorded value in a line; of a long list only its length, the whole is in summary.json."""
    if isinstance(given, Mapping):
        parts: Mapping[str, Any] = given
        return ", ".join(f"{name}: {brief(part)}" for name, part in parts.items())
    if isinstance(given, (list, tuple)):
        items: Sequence[Any] = given
        whole = ", ".join(map(brief, items))
        return whole if len(items) <= _MOST_LISTED else f"{len(items)} values"
    return str(given)


def confirmed(found: SearchReading) -> Table:
    """The winners beside what they were selected by."""
    columns = [Column("trial", "name")]
    for goal in found.goals:
        columns += [
            Column(f"{goal.name} selected", "number"),
            Column(f"{goal.name} confirmed", "number"),
        ]
    columns += [
        Column("fresh seeds", "number"),
        Column("failed", "number"),
        Column("configuration"),
    ]
    rows: list[list[str]] = []
    for winner in found.confirmed:
        row = [str(winner.number)]
        for goal in found.goals:
            row += [numbers.number(winner.selected[goal.name]), measured(winner, goal)]
        failed = str(winner.failed) if winner.failed else ""
        rows.append([*row, str(len(winner.seeds)), failed, configuration(winner.configuration)])
    return table_of("Confirmed with fresh seeds", columns, rows).filled()


def baselines(found: SearchReading) -> Table:
    """Baselines and null tests beside the result."""
    columns = [
        Column("baseline", "name"),
        Column("kind"),
        Column("objective"),
        Column("median", "number"),
        Column("to beat", "number"),
        Column("result", "number"),
        Column("result is"),
        Column("draws", "number"),
    ]
    rows: list[list[str]] = []
    for baseline in found.baselines:
        kind = "null test" if baseline.null else "baseline"
        if not baseline.values:
            rows.append([baseline.name, kind, "", "", "", "", baseline.message, ""])
        for name, median in baseline.values.items():
            result = baseline.result.get(name)
            rows.append(
                [
                    baseline.name,
                    kind,
                    name,
                    numbers.number(median),
                    numbers.number(baseline.bars[name]),
                    "" if result is None else numbers.number(result),
                    "" if result is None else _BESIDE[baseline.outcomes[name]].lower(),
                    str(baseline.draws),
                ]
            )
    return table_of("Baselines and null tests", columns, rows).filled()


def front(found: SearchReading) -> Table:
    """The undominated trials; nothing with a single objective."""
    if found.single:
        return table_of("Front", [Column("trial", "name")], [])
    there = {trial.number: trial for trial in found.trials}
    members = [there[number] for number in found.front if number in there]
    first = found.goals[0]
    members.sort(key=lambda trial: trial.metrics[first.name])
    columns = [Column("trial", "name")]
    columns += [Column(numbers.in_brackets(g.name, g.unit), "number") for g in found.goals]
    columns += [Column("configuration")]
    rows = [
        [
            str(trial.number),
            *(numbers.number(trial.metrics[goal.name]) for goal in found.goals),
            configuration(trial.configuration),
        ]
        for trial in members[:MOST_FRONT]
    ]
    return table_of("Front: trials that no other one dominates", columns, rows)


def importance(found: SearchReading) -> Table:
    """Which parameters matter."""
    columns = [
        Column("parameter", "name"),
        Column("objective"),
        Column("share of the variance", "number"),
        Column("beyond chance"),
    ]
    rows = [
        [one.parameter, one.objective, f"{100 * one.share:.1f} %", "yes" if one.clear else "no"]
        for one in found.importance
    ]
    return table_of("Importance", columns, rows)


def knobs(found: SearchReading) -> Table:
    """What refining each knob changes."""
    columns = [
        Column("knob", "name"),
        Column("value", "number"),
        Column("refined", "number"),
        Column("trial", "number"),
        Column("changes"),
    ]
    rows = [
        [
            knob.knob,
            value(knob.value),
            value(knob.refined),
            str(knob.number),
            ", ".join(f"{name} {numbers.signed(by)}" for name, by in knob.changes.items()),
        ]
        for knob in found.knobs
    ]
    return table_of("With refined knobs", columns, rows)


def trials(found: SearchReading) -> Table:
    """Every trial with its full configuration."""
    names = _names(trial.configuration for trial in found.trials)
    metrics = _names(trial.metrics for trial in found.trials)
    columns = [Column("trial", "name"), Column("made as"), Column("state")]
    columns += [Column(name, "number") for name in [*metrics, *names]] + [Column("remark")]
    rows = [_trial(trial, metrics, names) for trial in found.trials]
    return table_of("Every trial of the search", columns, rows).filled()


def _trial(trial: SearchTrial, metrics: Sequence[str], names: Sequence[str]) -> list[str]:
    there, given = trial.metrics, trial.configuration
    return [
        str(trial.number),
        f"{trial.how}, reused" if trial.reused else trial.how,
        trial.state,
        *(numbers.number(there[name]) if name in there else "" for name in metrics),
        *(value(given[name]) if name in given else "" for name in names),
        trial.message,
    ]


def _names(rows: Iterator[Mapping[str, object]] | Sequence[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
