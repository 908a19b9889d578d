"""From records to the summary: a pure function of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from daybreak.criteria import Claim as Reference
from daybreak.decision import (
    Taken,
    campaign_verdict,
    condition_in_words,
    counted,
    have_result,
    readings,
)
from daybreak.diagnosis.claims import weigh
from daybreak.diagnosis.study import Profile, Study
from daybreak.findings import StudyPreflight, outside
from daybreak.ledger.endings import Ending
from daybreak.ledger.records import CampaignRecord, RunRecord
from daybreak.report.foretold import Foretold, foretold
from daybreak.report.summary import (
    SCHEMA,
    Claim,
    DecisionTaken,
    PreflightFinding,
    Progress,
    Provenance,
    Row,
    RunTime,
    Summary,
    TableReading,
    Timing,
)
from daybreak.report.surprises import surprises
from daybreak.sentences import capitalised, without_stop
from daybreak.verdict import read_study


def build(record: CampaignRecord, *, alive: bool = False) -> Summary:
    """Judge everything in the ledger and gather it for the reader.

    Parameters
    ----------
    record : CampaignRecord
    alive : bool
        Whether a process holds the ledger now; a run without an end was killed otherwise.
    """
    studies = [read_study(study) for study in record.studies]
    planned = [study for study in studies if study.follows is None]
    over = all(study.state.ended for study in studies)
    finished = bool(planned) and over and record.last.ending is Ending.FINISHED
    verdict = campaign_verdict(planned, record.body["rule"]) if finished else "UNDECIDED"
    table = record.body["decisions"]
    read = readings(table, studies) if finished else []
    timing = _timing(record, studies, finished=finished, alive=alive)
    reason = _reason(record.body, planned, finished=finished, stopped=_stopped(record))
    return Summary(
        schema=SCHEMA,
        campaign=record.body["name"],
        description=record.body["description"],
        finished=finished,
        verdict=verdict,
        sentence=f"{verdict}: {reason}",
        reason=reason,
        rule=record.body["rule"],
        has_result=have_result(counted(planned) or planned),
        decision=_decision(table, read, studies),
        no_decision=next(
            (f"No decision is taken: {one.reason}." for one in read if one.row is None), ""
        ),
        studies=studies,
        outlook=record.preflight.sentence if record.preflight else "",
        preflight=_preflight(record),
        examinations=record.preflight.studies if record.preflight else [],
        claims=_claims(record, studies),
        surprises=[
            *surprises(
                studies,
                timing,
                _foretold(record, studies, timing, finished=finished),
                record.studies,
            ),
            *_not_asked(record),
        ],
        progress=Progress(
            studies=len(studies),
            finished=sum(s.state.ended for s in studies),
            trials=sum(s.metrics.trials for s in studies),
            failed=sum(s.metrics.failed_trials for s in studies),
        ),
        timing=timing,
        provenance=_provenance(record),
    )


def _stopped(record: CampaignRecord) -> str:
    """What the preflight said, when it stopped the night; else empty."""
    hopeless = record.last.ending is Ending.HOPELESS
    return record.preflight.sentence if hopeless and record.preflight else ""


def _reason(
    body: Mapping[str, Any], planned: Sequence[Study], *, finished: bool, stopped: str
) -> str:
    """Why the verdict is what it is; `stopped` is why preflight kept it from running."""
    those = counted(planned)
    if stopped:
        begun = any(study.metrics.trials for study in planned)
        return f"{'stopped before it went on' if begun else 'not run'}. {stopped}"
    if not finished:
        ended = sum(study.state.ended for study in planned)
        counted_up = f"{ended} of {len(planned)} studies have ended"
        return f"not finished, {counted_up}. `daybreak run` goes on with it."
    if len(those) == 1:
        return _why(those[0])
    tally = {
        word: sum(s.verdict == word for s in those)
        for word in dict.fromkeys(s.verdict for s in those)
    }
    parts = ", ".join(f"{count} {word}" for word, count in tally.items())
    need = "one would do" if body["rule"] == "any" else "all have to hold"
    lowest = [s for s in those if s.best is not None]
    tail = ""
    if lowest:
        best = min(lowest, key=lambda s: s.best.chi2 if s.best else 0.0)
        tail = f"; lowest chi2 {best.best.chi2:.6g} in {best.name}" if best.best else ""
    said = f"of {len(those)} counted studies {parts} ({need}){tail}."
    if campaign_verdict(planned, body["rule"]) != "UNDECIDED" or not those:
        return said
    first = next(study for study in those if study.verdict == "UNDECIDED")
    return f"{said} {first.name}: {_why(first)}"


def _why(study: Study) -> str:
    """What decided a single study."""
    if study.error:
        return f"{without_stop(study.error)}. Mend that, and `daybreak run` goes on with it."
    decisive = {"FAIL": ("missed", "hard"), "UNDECIDED": ("undecided", "hard")}.get(study.verdict)
    if decisive:
        texts = [f.sentence for f in study.outcomes if (f.outcome, f.level) == decisive]
        return _sentences(texts, study) or _nothing_hard(study)
    soft = [f.sentence for f in study.outcomes if f.level == "soft" and f.outcome != "met"]
    return _sentences(soft, study) or "every criterion holds."


def _sentences(texts: Sequence[str], study: Study) -> str:
    """One after another, for after a colon: the first goes on there, the others begin anew."""
    first, *others = texts or [""]
    return " ".join([first, *(capitalised(one, study.names) for one in others)])


def _nothing_hard(study: Study) -> str:
    """Why a verdict is undecided although no hard criterion is."""
    texts = [one.sentence for one in study.outcomes if one.outcome == "undecided"]
    declare = "no criterion was declared. Give the study one, e.g. accept=[dk.Criterion(...)]."
    return _sentences(texts, study) or declare


def _decision(
    table: Sequence[Mapping[str, Any]], read: Sequence[Taken], studies: Sequence[Study]
) -> DecisionTaken | None:
    """The row that the last reading took, and how it came to that."""
    if not read or read[-1].row is None:
        return None
    last = table[read[-1].row]
    found: list[TableReading] = []
    for row, reason in read:
        name = "" if row is None else table[row]["name"]
        first = all(one.name != name for one in found)
        started = [study.name for study in studies if first and study.follows == name]
        found.append(TableReading(name=name, reason=reason, follow_ups=started))
    return DecisionTaken(
        name=last["name"],
        sentence=last["then"],
        reason=next(one.reason for one in found if one.name == last["name"]),
        follow_ups=[name for one in found for name in one.follow_ups],
        readings=found,
        table=[
            Row(
                name=row["name"],
                when=condition_in_words(row["when"]),
                then=row["then"],
                taken=row is last,
            )
            for row in table
        ],
    )


def _foretold(
    record: CampaignRecord, studies: Sequence[Study], timing: Timing, *, finished: bool
) -> list[Foretold]:
    examinations = record.preflight.studies if record.preflight else []
    return foretold(examinations, studies, timing, finished=finished)


def _not_asked(record: CampaignRecord) -> list[str]:
    """Diagnoses of other packages that were there at night and are missing here."""
    group = outside.DIAGNOSES
    here = outside.installed().get(group, {})
    there: dict[str, str] = record.runs[-1].provenance.get("plugins", {}).get(group, {})
    return [
        f"{group}: {name} of {package} is not installed here: what it finds is not in this report."
        for name, package in there.items()
        if name not in here
    ]


def _preflight(record: CampaignRecord) -> list[PreflightFinding]:
    """Every finding of the preflight, study by study."""
    if record.preflight is None:
        return []
    return [
        PreflightFinding(**dict(finding), study=one.study)
        for one in record.preflight.studies
        for finding in one.findings
    ]


def _claims(record: CampaignRecord, studies: Sequence[Study]) -> list[Claim]:
    """What every profile says of each reference declared for its parameter, or of its own."""
    declared = [Reference(**row) for row in record.body.get("claims", [])]
    claims: list[Claim] = []
    for study in studies:
        if not study.finished:
            continue
        known = record.preflight.of(study.name) if record.preflight else None
        for profile in study.profiles:
            about = [r for r in declared if r.parameter == profile.parameter] or [None]
            claims += [_claim(study, profile, reference, known) for reference in about]
    return claims


def _claim(
    study: Study, profile: Profile, reference: Reference | None, known: StudyPreflight | None
) -> Claim:
    weighed = weigh(
        study,
        reference,
        known.symmetries if known and known.looked_for_symmetries else None,
        profile=profile,
        identifiability=known.identifiability if known else {},
        before=known,
    )
    return Claim(
        study=study.name,
        parameter=profile.parameter,
        code=profile.code,
        sentence=weighed.sentence,
        headed=weighed.headed,
        label=reference.label if reference else "",
        reference=reference.reference if reference else None,
        offset=weighed.offset,
        strength=weighed.strength,
        supported=weighed.supported,
    )


def _timing(
    record: CampaignRecord, studies: Sequence[Study], *, finished: bool, alive: bool
) -> Timing:
    runs = record.runs
    unended = Ending.RUNNING if alive else Ending.LOST
    return Timing(
        started=runs[0].started,
        ended=(record.last if finished else runs[-1]).ended,
        elapsed=sum(_seconds(run) for run in runs),
        seconds=sum(study.metrics.seconds or 0.0 for study in studies),
        runs=[
            RunTime(
                started=run.started, ended=run.ended, state=state, ending=state.in_words(run.why)
            )
            for run in runs
            for state in [run.ending or unended]
        ],
    )


def _seconds(run: RunRecord) -> float:
    """How long a run took; a killed one left no end."""
    if run.ended is None:
        return 0.0
    length = datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started)
    return length.total_seconds()


def _provenance(record: CampaignRecord) -> Provenance:
    return Provenance(
        **record.runs[-1].provenance,
        seed=record.body["seed"],
        fingerprints={study.name: study.fingerprint for study in record.studies},
    )
