"""Results as tables of pandas and trees of arrays for ArviZ, with ``daybreak[notebook]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from daybreak.diagnosis.study import Study
from daybreak.errors import DaybreakError
from daybreak.ledger.export import METRIC, PARAMETER, trial_rows
from daybreak.ledger.records import CampaignRecord

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


_NEEDS = "this needs {}; install daybreak[notebook]."


def trials_frame(record: CampaignRecord, study: str | None = None) -> pd.DataFrame:
    """One row for each trial of one study or of all, with its full configuration.

    Raises
    ------
    DaybreakError
        When pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise DaybreakError(_NEEDS.format("pandas")) from error
    rows = [row for row in trial_rows(record) if study in (None, row["study"])]
    return pd.DataFrame(rows)


def tree(record: CampaignRecord, study: Study) -> xr.DataTree:
    """What a study found, as a tree of arrays in the form that ArviZ 1 works with.

    ``trials``
        Parameters, chi2 and metrics of the completed trials, dimensions (chain, draw) with one
        chain.  They are where a method looked, not draws from a posterior, hence the name.
    ``profile_NAME``
        chi2 along a profiled parameter, over the coordinate NAME.
    ``map_A_B``
        chi2 over two parameters, over the coordinates B and A.
    ``observed_data``, ``best_fit``
        Values and uncertainties; predictions and pulls; dimension ``observation``.

    Raises
    ------
    DaybreakError
        When xarray is not installed.
    """
    try:
        import xarray as xr
    except ImportError as error:
        raise DaybreakError(_NEEDS.format("xarray")) from error
    groups: dict[str, xr.Dataset] = {}
    draws = _draws(record, study)
    if draws:
        groups["trials"] = xr.Dataset(
            {name: (("chain", "draw"), values[np.newaxis]) for name, values in draws.items()},
            {"chain": [0], "draw": range(len(next(iter(draws.values()))))},
        )
    for one in study.profiles:
        places = [point.value for point in one.points]
        chi2 = _numbers([point.chi2 for point in one.points])
        groups[f"profile_{one.parameter}"] = xr.Dataset(
            {"chi2": (one.parameter, chi2)}, {one.parameter: places}
        )
    for one in study.maps:
        a, b = one.parameters
        chi2 = np.array([_numbers(row) for row in one.chi2])
        groups[f"map_{a}_{b}"] = xr.Dataset({"chi2": ((b, a), chi2)}, {a: one.x, b: one.y})
    if study.best is not None and study.best.predictions:
        said = study.best.predictions
        for group, fields in _OBSERVED.items():
            columns = {f: _numbers([getattr(p, f) for p in said.values()]) for f in fields}
            groups[group] = xr.Dataset(
                {f: ("observation", values) for f, values in columns.items()},
                {"observation": list(said)},
            )
    top = xr.Dataset(attrs={"campaign": record.body["name"], "study": study.name})
    return xr.DataTree.from_dict({"/": top, **groups})


_OBSERVED = {"observed_data": ("value", "sigma"), "best_fit": ("prediction", "residual")}


def _draws(record: CampaignRecord, study: Study) -> dict[str, Any]:
    """Numbers of the trials that completed, by column."""
    trials = [trial for one in record.studies if one.name == study.name for trial in one.trials]
    measured = dict.fromkeys(name for trial in trials for name in trial.outcome.metrics)
    names = [p.name for p in study.parameters]
    if study.search is not None:
        names = [p.name for p in study.search.space if p.kind != "choice"]
    mine = [row for row in trial_rows(record) if row["study"] == study.name]
    # A parameter that is called as a column of the rows has a longer name there.
    places = {name: PARAMETER.format(name) for name in names}
    places = {n: long if any(long in row for row in mine) else n for n, long in places.items()}
    done = [row for row in mine if all(row.get(place) is not None for place in places.values())]
    if done:
        columns = {name: METRIC.format(name) for name in measured}
        places |= {name: column for name, column in columns.items() if column in done[0]}
        places.setdefault("chi2", "chi2")
    columns = {n: _numbers([row.get(place) for row in done]) for n, place in places.items()}
    return {name: values for name, values in columns.items() if np.isfinite(values).any()}


def _numbers(values: Sequence[Any]) -> Any:
    """Shape (n,); NaN where there is none."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
