"""Exchange searches with Optuna's database: for its dashboard, and for trials made with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from daybreak.diagnosis.search_study import SearchReading, SearchTrial
from daybreak.errors import LedgerError, known
from daybreak.ledger.records import StudyRecord
from daybreak.ledger.store import Ledger
from daybreak.methods.proposals import DIRECTIONS, distribution, quietly
from daybreak.methods.search import Known
from daybreak.problem.artifacts import plain
from daybreak.problem.configuration import SearchSpace
from daybreak.verdict import read_study

_STATES = {
    "completed": "COMPLETE",
    "infeasible": "COMPLETE",
    "pruned": "PRUNED",
    "failed": "FAIL",
}


def to_optuna(place: Path, storage: str, study: str | None = None) -> tuple[str, int]:
    """Write a search into an Optuna storage.

    Parameters
    ----------
    place : Path
        A run.
    storage : str
        A SQLite file, or an address such as ``postgresql://user@host/name``.
    study : str, optional
        Which search; by default the only one.

    Returns
    -------
    str, int
        The name of the Optuna study, ``<campaign>/<study>``, and its number of trials.

    Raises
    ------
    LedgerError
        When there is no such search, or the storage has a study of this name.
    """
    import optuna

    with closing(Ledger(place)) as ledger:
        record = ledger.read()
    chosen = _search(record.studies, study)
    found = read_study(chosen).search
    assert found is not None  # noqa: S101 - a search was chosen
    name = f"{record.body['name']}/{chosen.name}"
    with quietly(optuna):
        try:
            made: Any = optuna.create_study(
                storage=_url(storage),
                study_name=name,
                directions=[DIRECTIONS[goal.direction] for goal in found.goals],
            )
        except optuna.exceptions.DuplicatedStudyError as error:
            msg = f"{storage} has a study {name!r} already; choose another file."
            raise LedgerError(msg) from error
        made.set_metric_names([goal.name for goal in found.goals])
        space = SearchSpace.restore(chosen.problem["parameters"])
        made.add_trials([_trial(optuna, space, found, trial) for trial in found.trials])
    return name, len(found.trials)


def _search(studies: Sequence[StudyRecord], name: str | None) -> StudyRecord:
    searches = {s.name: s for s in studies if s.is_search}
    if name in searches:
        return searches[name]
    if name is None and len(searches) == 1:
        return next(iter(searches.values()))
    if not searches:
        msg = "there is no search in this run, and Optuna knows nothing else."
    else:
        msg = f"say with --study which search is meant: {known(searches)}."
    raise LedgerError(msg)


def _trial(optuna: Any, space: SearchSpace, found: SearchReading, trial: SearchTrial) -> Any:
    """One trial as Optuna writes it; what it has no place for is a user attribute."""
    free = {p.name: p for p in space.free if p.name in trial.configuration}
    attributes = {
        "configuration": trial.configuration,
        "metrics": trial.metrics,
        "state": trial.state,
        "how": trial.how,
        "seed": trial.seed,
        "message": trial.message,
    }
    reports = {step: value for step, value in trial.reports if value is not None}
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[_STATES[trial.state]],
        values=[trial.metrics[goal.name] for goal in found.goals] if trial.metrics else None,
        params={name: trial.configuration[name] for name in free},
        distributions={name: distribution(optuna, p) for name, p in free.items()},
        # Optuna knows intermediate values of a single objective only.
        intermediate_values=reports if found.single else None,
        user_attrs=attributes,
    )


def from_optuna(
    storage: str, study: str | None = None, objectives: Sequence[str] = ()
) -> list[Known]:
    """Completed trials of an Optuna study, as `Search` takes them in ``known=``.

    Parameters
    ----------
    storage : str
        A SQLite file, or an address.
    study : str, optional
        Its name; by default the only one.
    objectives : sequence of str
        Names of its values, in order; by default those it has, else ``value``, or ``value_0``,
        ``value_1``, ....

    Returns
    -------
    list of (configuration, metrics)

    Raises
    ------
    LedgerError
        When there is no such storage or study, or the names are not as many as the values.
    """
    import optuna

    url = _url(storage, must_exist=True)
    with quietly(optuna):
        try:
            names = optuna.get_all_study_names(url)
        except Exception as error:
            msg = f"{storage} cannot be read as an Optuna storage ({error}); give its file or URL."
            raise LedgerError(msg) from error
        if study is None and len(names) == 1:
            study = names[0]
        if study not in names:
            msg = f"say with --study which study is meant: {storage} has {known(names)}."
            raise LedgerError(msg)
        loaded: Any = optuna.load_study(study_name=study, storage=url)
        called = _named(loaded, objectives)
        done = loaded.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return [
        (plain(trial.params), dict(zip(called, map(float, trial.values), strict=True)))
        for trial in done
    ]


def _named(study: Any, objectives: Sequence[str]) -> list[str]:
    count = len(study.directions)
    own = study.metric_names or (["value"] if count == 1 else [f"value_{i}" for i in range(count)])
    names = list(objectives or own)
    if len(names) != count:
        msg = f"the study has {count} values, but got {len(names)} names: {known(names)}."
        raise LedgerError(msg)
    return names


def _url(storage: str, *, must_exist: bool = False) -> str:
    if "://" in storage:
        return storage
    if must_exist and not Path(storage).is_file():
        msg = f"there is no file {storage}; give the SQLite file of an Optuna storage, or its URL."
        raise LedgerError(msg)
    return f"sqlite:///{storage}"
