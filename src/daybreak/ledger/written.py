"""The plan as it is written down before the night: campaign, studies, criteria, starts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.claims import now
from daybreak.problem.outcomes import canonical, digest


def write_campaign(c: sa.Connection, body: Mapping[str, Any]) -> None:
    """Write the campaign down if it differs from what was written last."""
    text = canonical(body)
    newest = sa.select(t.campaigns.c.body).order_by(t.campaigns.c.id.desc()).limit(1)
    if c.execute(newest).scalar() != text:
        c.execute(t.campaigns.insert().values(written=now(), body=text))


def write_studies(
    c: sa.Connection, planned: Sequence[Mapping[str, Any]], *, follows: str | None
) -> None:
    """Write studies and their criteria down before any of their trials.

    Each mapping has ``name, fingerprint, problem, body, facts`` (of the method), ``criteria`` and
    ``carried``: starts taken over from an earlier version of the problem, kept when the
    fingerprint changes. Studies of an earlier plan that are no longer in it stay in the ledger,
    but out of the summary.
    """
    if follows is None:
        c.execute(t.studies.update().values(planned=False))
    count = c.execute(sa.select(sa.func.count()).select_from(t.studies)).scalar() or 0
    for place, study in enumerate(planned):
        offset = 0 if follows is None else count
        _write_study(c, study, place + offset, follows)


def _write_study(
    c: sa.Connection, study: Mapping[str, Any], place: int, follows: str | None
) -> None:
    mark = study["fingerprint"]
    body = canonical(study["problem"])
    there = t.problems.c.fingerprint == mark
    if c.execute(sa.select(t.problems).where(there)).first() is None:
        c.execute(t.problems.insert().values(fingerprint=mark, body=body))
    else:  # units and guesses may have changed: they determine no outcome
        c.execute(t.problems.update().where(there).values(body=body))
    mine = t.studies.c.name == study["name"]
    values = {
        "position": place,
        "planned": True,
        "follows": follows,
        "fingerprint": mark,
        "body": json.dumps(study["body"], allow_nan=False),  # the settings keep their order
        "facts": canonical(study["facts"]),
    }
    found = c.execute(sa.select(t.studies).where(mine)).first()
    if found is None:
        c.execute(t.studies.insert().values(**values, name=study["name"], state="waiting"))
    else:
        changed = found.body != values["body"] or found.fingerprint != mark
        if changed:
            values |= {"batch": None, "note": None}
        if found.fingerprint != mark:
            values |= {"places": None, "carried": canonical(study["carried"])}
        state = "waiting" if changed else found.state
        c.execute(t.studies.update().where(mine).values({**values, "state": state}))
    _write_criteria(c, study)


def _write_criteria(c: sa.Connection, study: Mapping[str, Any]) -> None:
    number = c.execute(sa.select(t.studies.c.id).where(t.studies.c.name == study["name"])).scalar()
    sha = digest(study["criteria"])
    newest = (
        sa.select(t.criteria.c.sha256)
        .where(t.criteria.c.study == number)
        .order_by(t.criteria.c.id.desc())
        .limit(1)
    )
    if c.execute(newest).scalar() != sha:
        body = canonical(study["criteria"])
        c.execute(t.criteria.insert().values(study=number, written=now(), sha256=sha, body=body))
