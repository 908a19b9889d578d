"""What may not be said of a study, given all that was found about it: decided here alone.

Every finding says what it withholds (`daybreak.findings.Finding.withholds`): all that the registry
has for its code, unless it is too small to matter.  A finding that names a parameter withholds for
that one, another for all.  Claims, the criterion ``identified`` and the verdict ask `withheld`;
`said` takes away the findings that others withhold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from daybreak.diagnosis.study import Profile, Study
from daybreak.findings import Finding, Scope, StudyPreflight, Withholds, codes
from daybreak.sentences import Sentence, capitalised, p_in_words, worded

WORST_P = 0.01
"""A fit with a smaller p value supports no claim.

As for the finding `tension` (`daybreak.diagnosis.fit_findings`).
"""
_OF_FITS = ("chi2", "reduced_chi2", "p_value")
"""Criteria that a fit itself has to meet."""
_SAYS = {
    codes.TENSION: Withholds.MISFIT,
    codes.MISSED_BASIN_POSSIBLE: Withholds.STARTS,
    codes.NOT_SETTLED: Withholds.STARTS,
}
"""Findings that others may withhold, and as what."""


def withheld(
    study: Study,
    what: Withholds,
    parameter: str | None = None,
    before: StudyPreflight | None = None,
) -> list[Finding]:
    """All findings for which something may not be said, those of the night before those before it.

    Parameters
    ----------
    study : Study
        With its findings.
    what : Withholds
        What is to be said: a claim, that a parameter is identified, or that a criterion is met or
        missed.
    parameter : str, optional
        Of which parameter; without one only findings about the study as a whole count.
    before : StudyPreflight, optional
        What the preflight knew of the study.
    """
    found = said([*_of_the_night(study), *of_the_evening(study, before)])
    return [one for one in found if what in one.withholds and _concerns(one, parameter)]


def said(findings: Sequence[Finding], beside: Iterable[Finding] = ()) -> list[Finding]:
    """Those findings that none of them, nor of those `beside` them, withholds.

    One that withholds more than the other stays, lest something be said for want of it.
    """
    everything = [*findings, *beside]
    return [
        one
        for one in findings
        if not any(
            _SAYS.get(one.code) in other.withholds
            and set(one.withholds) <= set(other.withholds)
            and _concerns(other, one.parameter)
            for other in everything
        )
    ]


def own_code(profile: Profile, *, headed: bool = False) -> Finding:
    """The code of a profile as a finding about its parameter.

    With `headed` for where the parameter is named already.
    """
    said = profile.headed if headed and profile.headed else profile.sentence
    return Finding(code=profile.code, parameter=profile.parameter, sentence=said)


def why(finding: Finding) -> str:
    """The reason as a clause, for after a colon."""
    return Sentence.of(finding.sentence).clause


def and_do(finding: Finding) -> str:
    """What to do about it, as a sentence."""
    return f"{capitalised(finding.code.do)}."


def rejected(study: Study, p: str) -> Sentence:
    """What a small p value says: something of the model only where a fit has converged."""
    if study.metrics.converged_fits:
        return worded("the data reject the model ({})", p)
    return worded("the lowest chi2 found is far too large ({}), but no fit converged", p)


def _concerns(finding: Finding, parameter: str | None) -> bool:
    """Whether a finding is about the parameter, or about all of them."""
    if finding.parameter is not None:
        return finding.parameter == parameter
    return finding.code.scope is not Scope.PARAMETER


def _of_the_night(study: Study) -> Iterator[Finding]:
    """What was found in the results."""
    yield from map(own_code, study.profiles)
    missed = [
        one.criterion
        for one in study.outcomes
        if one.quantity in _OF_FITS and one.outcome == "missed"
    ]
    p = study.metrics.p_value
    if missed:
        text = f"the fit misses its own bar ({', '.join(missed)})"
        yield Finding(code=codes.TENSION, sentence=text)
    elif p is not None and p < WORST_P:
        beside = worded("{}, below {:g}", p_in_words(p), WORST_P)
        yield Finding(code=codes.TENSION, sentence=rejected(study, beside))
    yield from study.findings


def of_the_evening(study: Study, before: StudyPreflight | None) -> Iterator[Finding]:
    """What was known before the night, unless the night has measured it where the answer lies."""
    if before is None:
        return
    measured = {codes.NOT_REPEATABLE} if study.noise is not None else set()
    measured |= {codes.UNRESOLVED_KNOB} if study.knobs else set()
    yield from (one for one in before.findings if one.code not in measured)
    for symmetry in before.symmetries:
        for name in symmetry.exponents:
            if symmetry.moves(name):
                yield Finding(
                    code=codes.NOT_IDENTIFIABLE_SYMMETRY,
                    parameter=name,
                    sentence=symmetry.sentence,
                )


def first(findings: Sequence[Finding], profile: Profile) -> Finding | None:
    """The first that is not the profile's own code, which says what the parameter is itself."""
    return next((one for one in findings if one.code != profile.code), None)
