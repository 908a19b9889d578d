"""The tables of a report as data, so that Markdown, HTML and the terminal show the same cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from daybreak.diagnosis.study import BestFit, ParameterInfo, ProfilePoint, Study
from daybreak.problem.ends import same_chi2
from daybreak.report import numbers, wording
from daybreak.report.summary import Summary

Kind = Literal["text", "name", "number", "verdict", "outcome", "code", "mark", "gauge"]


@dataclass(frozen=True)
class Column:
    """A column: its title, and what its cells are."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.rows)

    @property
    def is_long(self) -> bool:
        """Whether the table would push everything else off the screen."""
        return len(self.rows) > 12

    def without(self, *kinds: Kind) -> Table:
        """The table without the columns of some kinds."""
        kept = [i for i, column in enumerate(self.columns) if column.kind not in kinds]
        columns = tuple(self.columns[i] for i in kept)
        return Table(
            self.caption, columns, tuple(tuple(row[i] for i in kept) for row in self.rows)
        )


def table_of(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    """Make a table from sequences."""
    return Table(caption, tuple(columns), tuple(tuple(row) for row in rows))


def overview(summary: Summary) -> Table:
    """All studies at a glance."""
    columns = [
        Column("study", "name"), Column("verdict", "verdict"), Column("chi2", "number"),
        Column("parameters at bounds"), Column("profile minimum"), Column("code", "code"),
        Column("settings that differ"), Column("not met"),
    ]  # fmt: skip
    varied = wording.varied(summary.studies)
    rows = [_overview_row(study, varied) for study in summary.studies]
    return table_of("All studies", columns, rows)


def _overview_row(study: Study, varied: list[str]) -> list[str]:
    best = study.best
    return [
        study.name if study.counted else f"{study.name} (not counted)",
        study.verdict if study.state == "finished" else f"{study.verdict} ({study.state})",
        "none" if best is None else numbers.chi2(best.chi2),
        bounds_text(best),
        wording.minimum(study),
        "" if study.profile is None else study.profile.code,
        wording.settings(study, only=varied),
        ", ".join(wording.missed(study)),
    ]


def bounds_text(best: BestFit | None) -> str:
    """Count and name the parameters at bounds."""
    if best is None:
        return ""
    return f"{len(best.at_bounds)}: {wording.bounds(best.at_bounds)}" if best.at_bounds else "none"


def criteria(study: Study) -> Table:
    """How each criterion came out."""
    columns = [
        Column("criterion", "name"), Column("outcome", "outcome"), Column("quantity"),
        Column("value", "number"), Column("bar", "number"), Column("level"), Column("finding"),
    ]  # fmt: skip
    rows = [
        [
            found.criterion,
            found.outcome,
            f"{found.quantity} of {', '.join(found.of)}" if found.of else found.quantity,
            wording.value(found, "±"),
            found.threshold,
            found.level,
            found.sentence,
        ]
        for found in study.findings
    ]
    return table_of("Criteria", columns, rows)


def best_fit(study: Study) -> Table:
    """Every parameter of the best fit, with its bounds."""
    columns = [
        Column("parameter", "name"), Column("value", "number"), Column("unit"),
        Column("at bound", "mark"), Column("in its range", "gauge"), Column("lower", "number"),
        Column("upper", "number"), Column("scale"), Column("role"),
    ]  # fmt: skip
    rows = [] if study.best is None else [_parameter(study.best, p) for p in study.parameters]
    return table_of("Best fit", columns, rows)


def _parameter(best: BestFit, info: ParameterInfo) -> list[str]:
    fitted = best.parameters.get(info.name)
    sides = [at.side for at in best.at_bounds if at.parameter == info.name]
    return [
        info.name,
        "none" if fitted is None else numbers.number(fitted),
        info.unit,
        f"at {sides[0]} bound" if sides else "",
        "" if fitted is None else _gauge(wording.position(info, fitted), bound=bool(sides)),
        numbers.number(info.lower),
        numbers.number(info.upper),
        info.scale,
        info.role,
    ]


def _gauge(share: float, *, bound: bool) -> str:
    return f"{100 * share:.1f}{' bound' if bound else ''}"


def settings(study: Study) -> Table:
    """Settings of a study."""
    found = study.best.settings if study.best else study.settings
    return _values("Settings", "setting", found, study)


def scale_factors(study: Study) -> Table:
    """Scale factors and offsets of the best fit."""
    found = study.best.scale_factors if study.best else {}
    return _values("Scale factors and offsets", "factor", found, study)


def derived(study: Study) -> Table:
    """Derived quantities of the best fit."""
    found = study.best.derived if study.best else {}
    return _values("Derived quantities", "quantity", found, study)


def _values(
    caption: str, what: str, values: Mapping[str, float | int | str | bool], study: Study
) -> Table:
    columns = [Column(what, "name"), Column("value", "number"), Column("unit")]
    rows = [[name, numbers.plain(v), wording.unit_of(study, name)] for name, v in values.items()]
    return table_of(caption, columns, rows)


def residuals(study: Study) -> Table:
    """Observations beside what the best fit says of them."""
    columns = [
        Column("observation", "name"), Column("residual (sigma)", "number"),
        Column("prediction", "number"), Column("observed", "number"), Column("sigma", "number"),
        Column("unit"),
    ]  # fmt: skip
    predictions = study.best.predictions if study.best else {}
    rows = [
        [
            name,
            numbers.signed(one.residual, 4),
            numbers.number(one.prediction),
            numbers.number(one.value),
            numbers.number(one.sigma, 4),
            one.unit,
        ]
        for name, one in predictions.items()
    ]
    return table_of("Residuals", columns, rows)


def quality(study: Study) -> Table:
    """Fit quality and effort."""
    metrics, best = study.metrics, study.best
    rows = [
        ["chi2", "none" if best is None else numbers.chi2(best.chi2)],
        ["observations", str(metrics.n_observations)],
        ["fitted numbers", str(metrics.n_free)],
        ["degrees of freedom", str(metrics.degrees_of_freedom)],
        ["reduced chi2", wording.reduced_chi2(metrics)],
        ["p value", wording.p_value(metrics)],
        ["fits", f"{metrics.fits}, {metrics.converged_fits} converged"],
        ["basins", str(metrics.basins)],
        ["hits of the best basin", str(metrics.hits)],
        ["iterations", str(metrics.iterations)],
        ["trials", f"{metrics.trials}, {metrics.failed_trials} failed"],
        ["time in trials", seconds(metrics.seconds)],
        ["best fit", "none" if best is None else best.stop_reason],
    ]
    return table_of("Fit quality", [Column("quantity", "name"), Column("value")], rows)


def seconds(spent: float | None) -> str:
    """Write seconds as a length of time, or that they were not recorded."""
    return "not recorded" if spent is None else numbers.duration(spent)


def profile_points(study: Study) -> Table:
    """Every point of the profile, with everything fitted there."""
    profile = study.profile
    if profile is None:
        return table_of("Profile points", [], [])
    head = f"{profile.parameter} ({profile.unit})" if profile.unit else profile.parameter
    extras = [
        wording.names(point.parameters for point in profile.points),
        wording.names(point.scale_factors for point in profile.points),
        wording.names(point.derived for point in profile.points),
    ]
    columns = [
        Column(head, "name"), Column("chi2", "number"), Column("chi2 - lowest", "number"),
        Column("settled"), Column("at bounds"),
    ]  # fmt: skip
    more = [name for group in extras for name in group if name != profile.parameter]
    columns += [Column(name, "number") for name in more]
    rows = [_point(point, profile.chi2_min, more) for point in profile.points]
    return table_of(f"Profile of chi2 along {profile.parameter}", columns, rows)


def _point(point: ProfilePoint, lowest: float | None, more: list[str]) -> list[str]:
    everything = {**point.derived, **point.scale_factors, **point.parameters}
    return [
        numbers.number(point.value),
        "every fit failed" if point.chi2 is None else numbers.number(point.chi2, 9),
        _above(point.chi2, lowest),
        "yes" if point.settled else "NOT SETTLED",
        wording.bounds(point.at_bounds),
        *(numbers.number(everything[name]) if name in everything else "" for name in more),
    ]


def _above(chi2: float | None, lowest: float | None) -> str:
    """How far a point lies above the lowest one; nothing when both are one minimum."""
    if chi2 is None or lowest is None:
        return ""
    return "0" if same_chi2(chi2, lowest) else numbers.number(chi2 - lowest, 5)


def failures(study: Study) -> Table:
    """Failed trials by reason."""
    columns = [Column("reason", "name"), Column("trials", "number")]
    rows = [[reason, str(count)] for reason, count in study.failures.items()]
    return table_of("Failed trials", columns, rows)


def criteria_history(study: Study) -> Table:
    """Every version of the criteria, when there is more than one."""
    columns = [
        Column("written", "name"), Column("in force"), Column("verdict", "verdict"),
        Column("criteria"),
    ]  # fmt: skip
    versions = study.criteria_history if len(study.criteria_history) > 1 else []
    rows = [
        [
            numbers.moment(version.written),
            "now" if version.current else "no longer",
            version.verdict,
            "; ".join(version.criteria),
        ]
        for version in versions
    ]
    return table_of("Criteria were changed", columns, rows)


def decision(summary: Summary) -> Table:
    """The decision table with the row taken marked."""
    columns = [
        Column("row", "name"), Column("taken", "mark"), Column("when"), Column("then"),
    ]  # fmt: skip
    table = summary.decision.table if summary.decision else []
    rows = [[row.name, "taken" if row.taken else "", row.when, row.then] for row in table]
    return table_of("Decision table: the first row that holds is taken", columns, rows)


def runs(summary: Summary) -> Table:
    """Every invocation of `run`."""
    columns = [Column("started", "name"), Column("ended"), Column("how it ended")]
    rows = [
        [
            numbers.moment(run.started),
            numbers.moment(run.ended) if run.ended else "not ended",
            run.ending,
        ]
        for run in summary.timing.runs
    ]
    return table_of("Runs", columns, rows)


def provenance(summary: Summary) -> Table:
    """What made the numbers."""
    made = summary.provenance
    rows = [
        ["daybreak", made.daybreak], ["python", made.python],
        *([name, version] for name, version in made.versions.items()),
        ["platform", made.platform], ["processor", made.processor], ["seed", str(made.seed)],
        *([f"problem of {study}", mark] for study, mark in made.fingerprints.items()),
    ]  # fmt: skip
    return table_of("Provenance", [Column("what", "name"), Column("value")], rows)
