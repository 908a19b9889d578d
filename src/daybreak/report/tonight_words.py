"""Phrases and tables of the evening page: terminal and page say the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

from daybreak.findings import StudyPreflight
from daybreak.report import alike, numbers, wording
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.tonight import PlannedClaim, PlannedStudy, State, Tonight

PORT = 8765
"""Where `daybreak serve` listens."""
_TRIVIAL = 60.0
"""Seconds below which nobody asks for a time of day."""
_SEVERITIES = {"stop": 0, "warning": 1, "note": 2}


# -- sentences -------------------------------------------------------------------------------


def expected(t: Tonight) -> str:
    """When the night will be over, and how sure that is."""
    trials = f"About {numbers.count(t.trials, 'trial')}"
    found, unknown = t.expected, len(t.not_foretold)
    if found is None:
        return (
            f"{trials}; how long they take is not foretold, because a search's trials differ and "
            "are timed only by running them. Give an end with --until."
        )
    spent = f"{numbers.duration(found.seconds)} in trials ({_interval(found.low, found.high)})"
    text = f"{trials}, {spent}"
    if found.high >= _TRIVIAL:
        early, late = (clock(at, t.written) for at in (found.earliest, found.latest))
        text = (
            f"Finished at about {clock(found.finish, t.written)} ({early} to {late}) if started "
            f"now. {text}"
        )
    if unknown:
        of = numbers.count(len(t.studies), "study", "studies")
        text += f"; {unknown} of {of} cannot be foretold and come on top"
    return f"{text}; loading, compiling and the report come on top."


def _interval(low: float, high: float) -> str:
    return f"80 % interval {numbers.duration(low)} to {numbers.duration(high)}"


def clock(at: str, since: str) -> str:
    """Write a time of day as one says it in the evening: ``23:40``, ``tomorrow 06:30``."""
    when, now = datetime.fromisoformat(at), datetime.fromisoformat(since)
    days = (when.date() - now.date()).days
    if days == 0:
        return f"{when:%H:%M}"
    return f"tomorrow {when:%H:%M}" if days == 1 else f"{when:%Y-%m-%d %H:%M}"


def written(t: Tonight) -> str:
    """When the page was made, with the zone that its times are in."""
    when = datetime.fromisoformat(t.written)
    return f"{when:%Y-%m-%d %H:%M} {when:%Z}".strip()


def next_step(t: Tonight) -> str:
    """What to do now."""
    if t.state is State.HOPELESS and not t.anyway:
        stops = {f.code for one in t.examinations for f in one.findings if f.is_stop}
        return f"{wording.unstopped(stops)}. To run all the same: {t.place.run} --anyway"
    text = f"Start it: {t.place.run} --until 07:00"
    if t.state is State.HOPELESS:
        return f"{text} (it runs although it is out of reach, because it says anyway=True)"
    return f"Read the findings first. {text}" if t.state is State.READ_FIRST else text


def rule(t: Tonight) -> str:
    """What the night needs, and when that was fixed."""
    needs = "every counted study" if t.rule == "all" else "any one of the counted studies"
    return f"The campaign needs {needs} to pass."


def claim(one: PlannedClaim) -> str:
    """A claim in question."""
    value = numbers.plus_minus(one.reference, one.uncertainty)
    label = f" ({one.label})" if one.label else ""
    return f"whether {one.parameter} = {value}{label} is compatible or excluded"


def questions(t: Tonight) -> list[str]:
    """What the night may answer: the claims, then every profiled parameter without one."""
    claimed = {one.parameter for one in t.claims}
    profiled = dict.fromkeys(
        p.name for study in t.studies for p in study.parameters if p.role == "profiled"
    )
    told = [claim(one) for one in t.claims]
    told += [f"which values of {name} the data allow" for name in profiled if name not in claimed]
    goals = dict.fromkeys(
        study.asked for study in t.studies if any(p.role == "searched" for p in study.parameters)
    )
    return [*told, *(f"which configuration is best: {asked}" for asked in goals)]


def no_answer(t: Tonight) -> list[str]:
    """What the night cannot answer, however long it runs: out of reach, or not determined."""
    every = [study.name for study in t.studies]
    said: list[tuple[str, str]] = []
    for one in t.examinations:
        said += [
            (one.study, f"{found.criterion} cannot be met, as far as searched")
            for found in one.reachability
            if not found.met and not found.meaningless
        ]
        said += [(one.study, f"a value of {name}: it is {word}") for name, word in _loose(t, one)]
    return [f"{one.sentence} [{alike.who(one.studies, every)}]" for one in alike.gather(said)]


def _loose(t: Tonight, one: StudyPreflight) -> list[tuple[str, str]]:
    """Profiled parameters that the data do not determine."""
    planned = next(study for study in t.studies if study.name == one.study)
    words = {
        "locally not identifiable": "not determined by the data to first order",
        "only through its bounds": "confined by bounds alone",
        "only through its prior": "confined by its prior alone",
    }
    return [
        (p.name, words[word])
        for p in planned.parameters
        if p.role == "profiled" and (word := one.identifiability.get(p.name)) in words
    ]


def findings(t: Tonight) -> Table:
    """What the preflight found, bad first; studies of which the same is said share a row."""
    columns = [
        Column("severity", "name"),
        Column("finding"),
        Column("code", "code"),
        Column("study"),
    ]
    every = [study.name for study in t.studies]
    found = [(one.study, finding) for one in t.examinations for finding in one.findings]
    found.sort(key=lambda item: _SEVERITIES[item[1].severity])
    shared = alike.rows((name, (c.severity, c.sentence, c.code.word)) for name, c in found)
    rows = [[*cells, alike.who(names, every)] for cells, names in shared]
    return table_of("Preflight findings, bad first", columns, rows)


# -- tables ----------------------------------------------------------------------------------


def criteria(t: Tonight) -> Table:
    """Every bar with its level, hard ones first."""
    columns = [
        Column("criterion", "name"),
        Column("level"),
        Column("quantity"),
        Column("bar", "number"),
        Column("study"),
    ]
    shared: dict[tuple[str, str, str, str], list[str]] = {}
    for study in t.studies:
        for one in study.criteria:
            key = (one.criterion, one.level, one.quantity, one.bar)
            shared.setdefault(key, []).append(study.name)
    every, order = [study.name for study in t.studies], ("hard", "soft", "note")
    rows = sorted(
        ([*key, alike.who(names, every)] for key, names in shared.items()),
        key=lambda row: order.index(row[1]),
    )
    return table_of("Criteria, frozen before the first trial", columns, rows)


def decisions(t: Tonight) -> Table:
    """The decision table."""
    columns = [Column("row", "name"), Column("when"), Column("then"), Column("starts more")]
    rows = [
        [row.name, row.when, row.then, "follow-up studies" if row.follow_up else ""]
        for row in t.decisions
    ]
    return table_of("Decision table: the first row that holds is taken", columns, rows).filled()


def times(t: Tonight) -> Table:
    """How long each study takes, and when it will be done if the night starts now."""
    columns = [
        Column("study", "name"),
        Column("trials", "number"),
        Column("expected"),
        Column("80 % interval"),
        Column("done at about"),
    ]
    known = {one.study: one.forecast for one in t.examinations}
    begun, passed = datetime.fromisoformat(t.written), 0.0
    rows: list[list[str]] = []
    sure = True
    for study in t.studies:
        made = known.get(study.name)
        if made is None:
            sure = False
            rows.append([study.name, str(study.trials), "not foretold", "", ""])
            continue
        passed += made.seconds
        done = clock((begun + timedelta(seconds=passed)).isoformat(), t.written) if sure else ""
        low, high = numbers.duration(made.seconds_low), numbers.duration(made.seconds_high)
        expected_ = numbers.duration(made.seconds)
        rows.append([study.name, str(study.trials), expected_, f"{low} to {high}", done])
    return table_of("Expected times", columns, rows).filled()


def parameters(study: PlannedStudy) -> Table:
    """Every parameter with its bounds."""
    columns = [
        Column("parameter", "name"),
        Column("range"),
        Column("unit"),
        Column("scale"),
        Column("role"),
    ]
    rows = [[p.name, p.range, p.unit, p.scale, p.role] for p in study.parameters]
    return table_of("Parameters", columns, rows).filled()


def settings(study: PlannedStudy) -> str:
    """The settings of a study, e.g. ``k = 1.5, dv = 0.25``."""
    return ", ".join(
        f"{name} = {numbers.with_unit(_plain(value), study.units.get(name, ''))}"
        for name, value in study.settings.items()
    )


def _plain(value: float | str | None) -> str:
    return "none" if value is None else numbers.plain(value)


def groups(t: Tonight) -> list[tuple[tuple[PlannedStudy, ...], PlannedStudy]]:
    """Studies that have all but their settings in common, with the first of each."""
    found: dict[str, list[PlannedStudy]] = {}
    for study in t.studies:
        same = study.model_copy(update={"name": "", "settings": {}, "counted": True})
        found.setdefault(same.model_dump_json(), []).append(study)
    return [(tuple(group), group[0]) for group in found.values()]


def names(group: Sequence[PlannedStudy], t: Tonight) -> str:
    """Name the studies of a group."""
    return alike.who([study.name for study in group], [study.name for study in t.studies])


def where(t: Tonight) -> list[tuple[str, str]]:
    """Where the results will be, and the commands for the night: what for, and the command."""
    at, place = t.place.argument, t.place
    return [
        ("start, or go on after a stop", place.run),
        ("in the background", f"{place.run} --detach"),
        ("how far it is", f"daybreak status {at}"),
        ("watch it", f"daybreak watch {at}"),
        ("stop it; nothing is lost", f"daybreak stop {at}"),
        ("on this machine, for a phone", "daybreak serve"),
        ("on the phone, or from afar", f"ssh -L {PORT}:localhost:{PORT} {place.host}"),
        ("then open in its browser", f"localhost:{PORT}"),
        ("send the report, one file", str(PurePath(place.directory) / "report.html")),
    ]


def commands(t: Tonight) -> Table:
    """The same as a table."""
    columns = [Column("what for", "name"), Column("command", "code")]
    return table_of("Commands for the night", columns, where(t))


FILES = (
    ("report.html", "the morning page, one file that opens offline"),
    ("report.md, summary.json", "the same as text and as data"),
    ("evening.html", "this page"),
    ("night.log", "a line for every study, as it ends"),
    ("ledger.db", "every trial: what everything else is made from"),
)
"""What lies in the directory in the morning."""
