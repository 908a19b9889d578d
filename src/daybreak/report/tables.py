"""What the tables of a report say of the campaign, of a study, and of its best fit."""

from __future__ import annotations

from collections.abc import Mapping

from daybreak.diagnosis.study import BestFit, ParameterInfo, Study
from daybreak.report import numbers, wording
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary


def chi2_text(study: Study) -> str:
    """Write the lowest chi2; nothing for a search, which has none."""
    if study.search is not None:
        return ""
    return "none" if study.best is None else numbers.chi2(study.best.chi2)


def bounds_text(best: BestFit | None) -> str:
    """Count and name the parameters at bounds."""
    if best is None:
        return ""
    return f"{len(best.at_bounds)}: {wording.bounds(best.at_bounds)}" if best.at_bounds else "none"


def criteria(study: Study) -> Table:
    """How each criterion came out."""
    columns = [
        Column("criterion", "name"),
        Column("outcome", "outcome"),
        Column("quantity"),
        Column("value", "number"),
        Column("bar", "number"),
        Column("level"),
        Column("in words"),
    ]
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
        for found in study.outcomes
    ]
    return table_of("Criteria", columns, rows)


def best_fit(study: Study) -> Table:
    """Every parameter of the best fit, with its bounds."""
    columns = [
        Column("parameter", "name"),
        Column("value", "number"),
        Column("unit"),
        Column("at bound", "mark"),
        Column("in its range", "gauge"),
        Column("lower", "number"),
        Column("upper", "number"),
        Column("scale"),
        Column("role"),
    ]
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
        Column("observation", "name"),
        Column("residual (sigma)", "number"),
        Column("prediction", "number"),
        Column("observed", "number"),
        Column("sigma", "number"),
        Column("unit"),
    ]
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
    """Fit quality and effort; of a search the effort alone."""
    metrics, best = study.metrics, study.best
    if study.search is not None:
        rows = [
            ["trials", f"{metrics.trials}, {metrics.failed_trials} failed"],
            ["time in trials", seconds(metrics.seconds)],
        ]
        return table_of("Effort", [Column("quantity", "name"), Column("value")], rows)
    rows = [
        ["chi2", "none" if best is None else numbers.chi2(best.chi2)],
        *([["chi2 is", metrics.statistic]] if metrics.statistic else []),
        ["observations", str(metrics.n_observations)],
        ["fitted numbers", str(metrics.n_free)],
        ["degrees of freedom", str(metrics.degrees_of_freedom)],
        ["reduced chi2", wording.reduced_chi2(metrics)],
        ["p value", wording.p_value(metrics)],
        ["AIC, AICc, BIC", wording.information(metrics)],
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


def failures(study: Study) -> Table:
    """Failed trials by reason."""
    columns = [Column("reason", "name"), Column("trials", "number")]
    rows = [[reason, str(count)] for reason, count in study.failures.items()]
    return table_of("Failed trials", columns, rows)


def criteria_history(study: Study) -> Table:
    """Every version of the criteria, when there is more than one."""
    columns = [
        Column("written", "name"),
        Column("in force"),
        Column("verdict", "verdict"),
        Column("criteria"),
    ]
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
        Column("row", "name"),
        Column("taken", "mark"),
        Column("when"),
        Column("then"),
    ]
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
        ["daybreak", made.daybreak],
        ["python", made.python],
        *([name, version] for name, version in made.versions.items()),
        ["platform", made.platform],
        ["processor", made.processor],
        ["seed", str(made.seed)],
        *([f"problem of {study}", mark] for study, mark in made.fingerprints.items()),
    ]
    return table_of("Provenance", [Column("what", "name"), Column("value")], rows)
