"""Every statement of Daybreak about a case against what brute force decides.

A comparison is *right*, *false*, *undecided* (nothing is said, or with a doubt that is told beside
it), or *near a threshold*, where brute force does not judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from validation.statements.case import Case
from validation.statements.told import Told, ToldEnd
from validation.statements.truth import KNOB, SYMMETRY, End, Truth, nearly

Result = Literal["right", "false", "undecided", "near"]
EDGE = 0.01
"""Share of the width by which a told end may differ from brute force's."""
LOWER = 0.02
"""Difference in chi2 that makes another minimum: an end moves by 0.3 % of its distance."""


@dataclass(frozen=True)
class Compared:
    """One statement."""

    what: str
    result: Result
    told: str
    true: str


def compare(case: Case, told: Told, truth: Truth) -> list[Compared]:
    """All statements about a case."""
    return [
        *_before(case, told, truth),
        *(_profile(case, told, truth) if case.tremble is None else _trembling(told, truth)),
    ]


def _judged(
    what: str, told: object, true: object, *, right: bool | None, unsaid: bool = False
) -> Compared:
    result: Result = (
        "near" if right is None else "right" if right else "undecided" if unsaid else "false"
    )
    return Compared(what, result, str(told), str(true))


# -- before the night ------------------------------------------------------------------------


def _before(case: Case, told: Told, truth: Truth) -> Iterator[Compared]:
    unsaid = bool(told.not_checked)
    yield _stop(case, told, truth)
    yield from _exact(case, told, unsaid=unsaid)
    yield from _near(case, told, truth, unsaid=unsaid)
    for name, acts in truth.acts.items():
        said = name in told.idle
        right = None if acts is None else said is not acts
        yield _judged(f"placebo {name}", said, _not(acts), right=right, unsaid=unsaid and not said)
    if truth.full and case.tremble is None:
        yield _judged("local rank", told.loose, "full", right=not told.loose)
    rough = truth.rough
    right = None if rough is None else told.rough is rough
    yield _judged("rough", told.rough, rough, right=right, unsaid=unsaid and not told.rough)
    bad = truth.unfinished
    right = None if bad is None else told.unfinished is bad
    yield _judged(
        "not finite", told.unfinished, bad, right=right, unsaid=unsaid and not told.unfinished
    )


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - a negation
    return None if value is None else not value


def _stop(case: Case, told: Told, truth: Truth) -> Compared:
    """Whether a night that cannot pass is stopped, and one that can is not."""
    fits = truth.fits if case.tremble is None else None
    if fits is None:
        return _judged("stop", told.stop, None, right=None)
    if fits:
        return _judged("stop", told.stop or "no", "no", right=not told.stop)
    return _judged(
        "stop", told.stop or "no", "stop", right=told.stop == "stop", unsaid=bool(told.stop)
    )


def _exact(case: Case, told: Told, *, unsaid: bool) -> Iterator[Compared]:
    """Exact symmetries of both kinds: the span told against the one there is."""
    for kind in ("scaling", "shift"):
        true = [moved for one, moved in case.group if one == kind]
        said = [moved for one, moved in told.exact if one == kind]
        ranks = [_rank(case, one) for one in (true, said, [*true, *said])]
        missed, extra = ranks[2] > ranks[1], ranks[2] > ranks[0]
        yield _judged(f"exact {kind} found", said, true, right=not missed, unsaid=unsaid)
        yield _judged(f"exact {kind} told", said, true, right=not extra)


def _rank(case: Case, directions: Sequence[object]) -> int:
    rows = [[float(one.get(name, 0.0)) for name in case.names] for one in directions]  # type: ignore[attr-defined]
    return int(np.linalg.matrix_rank(np.array(rows), tol=1e-6)) if rows else 0


def _near(case: Case, told: Told, truth: Truth, *, unsaid: bool) -> Iterator[Compared]:
    """Approximate scalings, each measured at the best fit."""
    if case.tremble is not None:
        return
    at = [truth.best, told.best] if told.best else [truth.best]
    for direction in told.near:
        kind, moved = direction
        if kind != "scaling":
            continue
        sizes = [nearly(case, one, direction) for one in at]
        if len(moved) < 2:
            yield _judged("approximate told", dict(moved), "of one parameter", right=False)
            continue
        yield _judged(
            "approximate told", dict(moved), f"{sizes[0]:.2g} sigma", right=_small(sizes)
        )
    if case.near is not None:
        size = _small([nearly(case, one, case.near) for one in at])
        named = _rank(case, [case.near[1], *_scalings(told)]) == _rank(case, _scalings(told))
        right = None if size is None else named is size
        yield _judged("approximate found", named, size, right=right, unsaid=unsaid and not named)


def _scalings(told: Told) -> list[object]:
    return [moved for kind, moved in (*told.near, *told.exact) if kind == "scaling"]


def _small(sizes: Sequence[float]) -> bool | None:
    """Whether a symmetry is one to a tenth of sigma, in and out of the guard band."""
    if max(sizes) < SYMMETRY[0]:
        return True
    return False if min(sizes) > SYMMETRY[1] else None


# -- the morning -----------------------------------------------------------------------------


def _profile(case: Case, told: Told, truth: Truth) -> Iterator[Compared]:
    """The profile, what ends it, and all that rests on it."""
    lower = told.chi2 <= truth.chi2 + LOWER
    yield _judged(
        "minimum", f"{told.chi2:.6g}", f"{truth.chi2:.6g}", right=lower, unsaid=told.doubted
    )
    if told.chi2 < truth.chi2 - LOWER:  # brute force has missed it: nothing below is compared
        yield Compared("brute force", "near", f"{told.chi2:.6g}", f"{truth.chi2:.6g}")
        return
    unsaid = told.code == "unfinished"
    ends = list(_set(case, told, truth, unsaid=unsaid or told.doubted))
    yield from ends
    # A doubt about the minimum excuses no reason of an end that is where it should be.
    unsaid |= told.doubted and any(one.result == "undecided" for one in ends)
    yield from _reasons(told, truth, unsaid=unsaid)
    codes = truth.codes
    right = told.code in codes if codes else None
    yield _judged("code", told.code, sorted(codes), right=right, unsaid=unsaid)
    met = truth.identified
    if truth.trusted is not True:
        met = False if truth.knob_moves is True and met else None if met else met
    right = None if met is None else told.identified == ("met" if met else "missed")
    withheld = told.identified == "undecided" and truth.trusted is False
    yield _judged(
        "identified",
        told.identified,
        met,
        right=right if right is None else right or withheld,
        unsaid=told.identified == "undecided",
    )
    yield _tension(told, truth)
    claims = truth.claims
    yield _judged(
        "claim",
        f"{told.claims} ({told.strength})",
        claims,
        right=None if claims is None else told.claims is claims,
        unsaid=not told.claims and (told.doubted or told.strength in ("no claim", "none")),
    )
    yield _verdict(told, truth)
    if case.knob is not None:
        moves = truth.knob_moves
        right = None if moves is None else told.knob_moves is moves
        yield _judged("knob", told.knob_moves, f"{moves} (bands {KNOB})", right=right)


def _tension(told: Told, truth: Truth) -> Compared:
    """Model and data disagree where p is below 0.01, and only there."""
    p = truth.p_value
    if truth.fits is None or p is None:
        return _judged("tension", told.tension, None, right=None)
    return _judged("tension", told.tension, f"p = {p:.2g}", right=told.tension is not truth.fits)


def _verdict(told: Told, truth: Truth) -> Compared:
    """PASS only where the fit is good, the parameter identified and nothing stands against it."""
    parts = (truth.identified, truth.fits, _not(truth.knob_moves))
    good = False if False in parts else None if None in parts else True
    if good is None:
        return _judged("verdict", told.verdict, None, right=None)
    if good:
        unsaid = told.verdict == "UNDECIDED"
        return _judged(
            "verdict", told.verdict, "PASS", right=told.verdict == "PASS", unsaid=unsaid
        )
    decided = truth.identified is not None and truth.fits is not None
    if truth.knob_moves is not False or not decided:
        return _judged("verdict", told.verdict, "no PASS", right=told.verdict != "PASS")
    return _judged(
        "verdict",
        told.verdict,
        "FAIL",
        right=told.verdict == "FAIL",
        unsaid=told.verdict == "UNDECIDED",
    )


def _set(case: Case, told: Told, truth: Truth, *, unsaid: bool) -> Iterator[Compared]:
    """Pieces of the 95 % set and their ends."""
    if truth.pieces is None:
        yield _judged("pieces", len(told.pieces), None, right=None)
        return
    shown, true = _shown(told.pieces), _shown(truth.pieces)
    same = len(told.pieces) == len(truth.pieces)
    yield _judged("pieces", shown, true, right=same, unsaid=unsaid)
    if not same:
        return
    for piece, other in zip(truth.pieces, told.pieces, strict=True):
        width = piece[1].value - piece[0].value
        for side, end, said in zip(("lower", "upper"), piece, other, strict=True):
            apart = abs(said.value - end.value)
            right = apart <= EDGE * width + 1e-9 * abs(end.value)
            if end.sure:
                yield _judged(f"{side} end", said.value, end.value, right=right, unsaid=unsaid)


def _reasons(told: Told, truth: Truth, *, unsaid: bool) -> Iterator[Compared]:
    """What ends the pieces."""
    if truth.pieces is None or len(told.pieces) != len(truth.pieces):
        return
    for piece, other in zip(truth.pieces, told.pieces, strict=True):
        for side, end, said in zip(("lower", "upper"), piece, other, strict=True):
            yield from _reason(side, end, said, unsaid=unsaid)


def _shown(pieces: Sequence[Sequence[End | ToldEnd]]) -> str:
    return " ".join(f"[{low.value:.7g}, {high.value:.7g}]" for low, high in pieces) or "none"


def _reason(side: str, end: End, said: ToldEnd, *, unsaid: bool) -> Iterator[Compared]:
    right = said.reason in end.reasons if end.reasons else None
    yield _judged(f"{side} reason", said.reason, sorted(end.reasons), right=right, unsaid=unsaid)
    if right and said.reason in ("nuisance bound", "prior") and end.holders:
        same = set(said.holders) == set(end.holders)
        yield _judged(f"{side} holders", said.holders, end.holders, right=same)


def _trembling(told: Told, truth: Truth) -> Iterator[Compared]:
    """Noise and chatter above the level: nothing finer is claimed."""
    loud = truth.trusted is False and truth.spread > 0
    bar = False if loud else None
    right = None if bar is None else not told.claims
    yield _judged("claim under noise", f"{told.claims} ({told.strength})", bar, right=right)
    right = None if bar is None else told.identified != "met"
    yield _judged("identified under noise", told.identified, bar, right=right)
    right = None if bar is None else told.verdict != "PASS"
    yield _judged("verdict under noise", told.verdict, bar, right=right)
