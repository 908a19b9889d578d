"""Whether a ledger belongs to another campaign, which is never taken over unasked.

A campaign is the one that a ledger holds if the plan is the same to the letter, or else if it has
the same name, comes from the same file, and has something in common with what was planned there:
a problem, or a study of the same name with a parameter of the same name.  So moved bounds, other
data, more studies and moved folders go on; a second file that happens to give the same name does
not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from daybreak.errors import LedgerError
from daybreak.ledger.records import PlannedRecord
from daybreak.ledger.store import Ledger
from daybreak.plan import Campaign, Study


def refuse_takeover(ledger: Ledger, campaign: Campaign, plan: str) -> None:
    """Refuse to go on in a ledger that another campaign has written.

    Parameters
    ----------
    ledger : Ledger
    campaign : Campaign
    plan : str
        Hash of what it is asked to do.

    Raises
    ------
    LedgerError
        Saying whose it is.
    """
    last = ledger.begun()
    if last is None or last.plan == plan:
        return
    holds = f"{ledger.where} holds the campaign {last.name!r}"
    if last.name != campaign.name:
        _refuse(f"{holds}, and this one is called {campaign.name!r}")
    if not ledger.has_trials():
        return
    there, here = _file(last.origin), _file(campaign.origin)
    if there and here and there != here:
        _refuse(f"{holds} of {there}, and this is another plan, of {here}")
    known = ledger.planned()
    if not any(_kin(study, known) for study in campaign.all_studies()):
        names = ", ".join(known)
        _refuse(f"{holds} with other studies ({names}), and this plan has none of their problems")


def _refuse(said: str) -> None:
    msg = (
        f"{said}. Nothing was changed. Choose another directory with --dir, or begin anew here "
        "with --fresh, which archives what is there."
    )
    raise LedgerError(msg)


def _file(address: str) -> str:
    """The file of ``folder/study.py:campaign``; the folder may have moved since."""
    return Path(address.partition(":")[0]).name


def _kin(study: Study, known: Mapping[str, PlannedRecord]) -> bool:
    """Whether a study goes on with anything that was planned."""
    if any(old.fingerprint == study.fingerprint for old in known.values()):
        return True
    old, new = known.get(study.name), study.problem.describe()
    if old is None or old.problem["kind"] != new["kind"]:
        return False
    return not _names(old.problem["parameters"]).isdisjoint(_names(new["parameters"]))


def _names(parameters: Sequence[Mapping[str, object]]) -> set[object]:
    return {one["name"] for one in parameters}
