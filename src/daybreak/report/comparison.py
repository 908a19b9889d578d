"""Two runs side by side: what was asked differently, and what came out differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from daybreak.diagnosis.study import ParameterInfo, Profile, Study
from daybreak.problem.ends import same_chi2
from daybreak.report import numbers, searches, tables, wording
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary

LEVEL = "95 %"


@dataclass(frozen=True)
class Side:
    """One of the two runs, and what it is called here."""

    label: str
    summary: Summary

    def study(self, name: str) -> Study | None:
        """A study, if this run has it."""
        return next((study for study in self.summary.studies if study.name == name), None)


@dataclass(frozen=True)
class Comparison:
    """Everything the page says; the tables have a column for each run."""

    a: Side
    b: Side
    sentence: str
    asked: Table
    """What differs in the plans."""
    studies: Table
    criteria: Table
    parameters: Table
    made: Table
    """What made the numbers, as far as it differs."""

    @property
    def names(self) -> list[str]:
        """Studies of either run, in order."""
        return _names(self.a, self.b)


def compare(a: Side, b: Side) -> Comparison:
    """Put two runs side by side; they need not be of one campaign."""
    return Comparison(
        a,
        b,
        _sentence(a, b),
        _asked(a, b),
        _studies(a, b),
        _criteria(a, b),
        _parameters(a, b),
        _made(a, b),
    )


def _sentence(a: Side, b: Side) -> str:
    one, two = a.summary.verdict, b.summary.verdict
    if one == two:
        verdicts = f"Both runs say {one}"
    else:
        verdicts = f"{a.label} says {one}, {b.label} says {two}"
    pairs = [(name, a.study(name), b.study(name)) for name in _names(a, b)]
    changed = [name for name, x, y in pairs if x and y and x.verdict != y.verdict]
    only = [
        (side, [name for name in _names(a, b) if side.study(name) and not other.study(name)])
        for side, other in ((a, b), (b, a))
    ]
    said = [verdicts]
    if changed:
        said.append(f"the verdict differs in {numbers.listed(changed, 3)}")
    elif any(x and y for _, x, y in pairs):
        said.append("no study that both have changed its verdict")
    said += [f"only {side.label} has {numbers.listed(names, 3)}" for side, names in only if names]
    return "; ".join(said) + "."


def _names(a: Side, b: Side) -> list[str]:
    return list(dict.fromkeys(s.name for side in (a, b) for s in side.summary.studies))


def _columns(a: Side, b: Side, *first: str, kind: Any = "text") -> list[Column]:
    named = [Column(first[0], "name"), *(Column(title) for title in first[1:])]
    return [*named, Column(a.label, kind), Column(b.label, kind)]


def _pairs(a: Side, b: Side) -> Iterator[tuple[str, Study | None, Study | None]]:
    yield from ((name, a.study(name), b.study(name)) for name in _names(a, b))


# What was asked.


def _asked(a: Side, b: Side) -> Table:
    rows: list[list[str]] = []
    for name, x, y in _pairs(a, b):
        if x is None or y is None:
            rows.append([name, "study", *("planned" if one else "not planned" for one in (x, y))])
            continue
        rows += [[name, what, *pair] for what, *pair in _changes(x, y) if pair[0] != pair[1]]
        prints = [side.summary.provenance.fingerprints.get(name, "") for side in (a, b)]
        if prints[0] != prints[1] and not any(row[0] == name for row in rows):
            rows.append([name, "problem", *(f"{one[:12]}, as declared" for one in prints)])
    return table_of("What was asked differently", _columns(a, b, "study", "what"), rows)


def _changes(x: Study, y: Study) -> Iterator[tuple[str, str, str]]:
    yield "method", x.method, y.method
    yield "settings", wording.settings(x), wording.settings(y)
    yield from _either("box of", _boxes(x), _boxes(y))
    yield from _either("bar of", _bars(x), _bars(y))


def _boxes(study: Study) -> dict[str, str]:
    if study.search is not None:
        return {
            info.name: ", ".join(map(str, info.options))
            or f"{_short(info.lower)} to {_short(info.upper)} {info.scale}"
            for info in study.search.space
        }
    return {info.name: _box(info) for info in study.parameters}


def _box(info: ParameterInfo) -> str:
    box = f"{_short(info.lower)} to {_short(info.upper)}"
    return f"{numbers.with_unit(box, info.unit)}, {info.scale}"


def _short(value: float | None) -> str:
    return "" if value is None else numbers.number(value)


def _bars(study: Study) -> dict[str, str]:
    return {f.criterion: f"{f.threshold} ({f.level})" for f in study.outcomes}


def _either(
    what: str, x: Mapping[str, str], y: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    for key in dict.fromkeys([*x, *y]):
        yield f"{what} {key}", x.get(key, "none"), y.get(key, "none")


# What came out.


def _studies(a: Side, b: Side) -> Table:
    columns = [Column("study", "name")]
    columns += [Column(f"verdict, {side.label}", "verdict") for side in (a, b)]
    columns += [Column(f"result, {side.label}", "number") for side in (a, b)]
    columns += [Column("difference", "number")]
    columns += [Column(f"trials, {side.label}", "number") for side in (a, b)]
    rows = [
        [
            name,
            *(one.verdict if one else "" for one in (x, y)),
            *(_result(one) for one in (x, y)),
            _difference(x, y),
            *(str(one.metrics.trials) if one else "" for one in (x, y)),
        ]
        for name, x, y in _pairs(a, b)
    ]
    return table_of("Every study", columns, rows)


def _result(study: Study | None) -> str:
    """The lowest chi2, or the headline of a search."""
    if study is None:
        return ""
    if study.search is not None:
        return searches.headline(study)
    return f"chi2 {tables.chi2_text(study)}"


def _difference(x: Study | None, y: Study | None) -> str:
    if x is None or y is None or x.best is None or y.best is None:
        return ""
    if same_chi2(x.best.chi2, y.best.chi2):
        return "0"
    return numbers.signed(y.best.chi2 - x.best.chi2)


def _criteria(a: Side, b: Side) -> Table:
    columns = [Column("study", "name"), Column("criterion"), Column("bar", "number")]
    columns += [Column(f"outcome, {side.label}", "outcome") for side in (a, b)]
    columns += [Column(f"value, {side.label}", "number") for side in (a, b)]
    rows: list[list[str]] = []
    for name, x, y in _pairs(a, b):
        found = [{f.criterion: f for f in one.outcomes} if one else {} for one in (x, y)]
        for key in dict.fromkeys([*found[0], *found[1]]):
            both = [side.get(key) for side in found]
            bars = list(dict.fromkeys(f.threshold for f in both if f))
            outcomes = [f.outcome if f else "" for f in both]
            values = [wording.value(f, "±") if f else "" for f in both]
            rows.append([name, key, ", then ".join(bars), *outcomes, *values])
    return table_of("Every criterion", columns, rows)


def _parameters(a: Side, b: Side) -> Table:
    """The best values, and the sets of those profiled; of searches the winner's configuration."""
    columns = [Column("study", "name"), Column("parameter")]
    columns += [Column(f"best, {side.label}", "number") for side in (a, b)]
    columns += [Column(f"{LEVEL} set, {side.label}") for side in (a, b)]
    rows: list[list[str]] = []
    for name, x, y in _pairs(a, b):
        best = [_best(one) for one in (x, y)]
        sets = [_sets(one) for one in (x, y)]
        for key in dict.fromkeys([*best[0], *best[1]]):
            pairs = [[side.get(key, "") for side in both] for both in (best, sets)]
            rows.append([name, key, *pairs[0], *pairs[1]])
    return table_of("Best values and intervals", columns, rows).filled()


def _best(study: Study | None) -> dict[str, str]:
    if study is None:
        return {}
    if study.search is not None:
        winner = study.search.best
        found = winner.configuration if winner else {}
        return {key: "" if v is None else numbers.plain(v) for key, v in found.items()}
    units = {info.name: info.unit for info in study.parameters}
    values = study.best.parameters if study.best else {}
    return {
        key: numbers.with_unit(numbers.number(v, 5), units.get(key, ""))
        for key, v in values.items()
    }


def _sets(study: Study | None) -> dict[str, str]:
    if study is None:
        return {}
    return {one.parameter: f"{_pieces(one)} {one.code}" for one in study.profiles}


def _pieces(profile: Profile) -> str:
    return " and ".join(
        f"[{numbers.number(one.lower, 4)}, {numbers.number(one.upper, 4)}]"
        for one in profile.intervals
    )


# What made it.


def _made(a: Side, b: Side) -> Table:
    rows = [
        [what, *pair] for what, *pair in _provenance(a.summary, b.summary) if pair[0] != pair[1]
    ]
    return table_of("What made the numbers, where it differs", _columns(a, b, "what"), rows)


def _provenance(a: Summary, b: Summary) -> Iterator[tuple[str, str, str]]:
    one, two = a.provenance, b.provenance
    fields: dict[str, Callable[[Summary], str]] = {
        "campaign": lambda s: s.campaign,
        "began": lambda s: numbers.moment(s.timing.started),
        "took": lambda s: numbers.duration(s.timing.elapsed),
        "seed": lambda s: str(s.provenance.seed),
        "Daybreak": lambda s: s.provenance.daybreak,
        "Python": lambda s: s.provenance.python,
        "platform": lambda s: s.provenance.platform,
        "processor": lambda s: s.provenance.processor,
        "commit": lambda s: s.provenance.commit,
        "uncommitted changes": lambda s: s.provenance.changes[:12],
    }
    for what, read in fields.items():
        yield what, read(a), read(b)
    yield from _either("", one.versions, two.versions)
    short = [{k: v[:12] for k, v in side.sources.items()} for side in (one, two)]
    yield from _either("source", *short)
