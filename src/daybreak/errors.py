"""Everything Daybreak raises on purpose.

    DaybreakError
    ├── ProblemError        a problem, parameter or observation that cannot mean anything
    │   └── PredictionError   predict() broke its contract: shape, name, dtype, NaN, exception
    ├── ProgramError        an external program failed: status, signal, output that is no number
    ├── PlanError           a study, method, criterion or campaign that cannot be carried out
    │   └── CampaignFileError  a campaign file or name that cannot be loaded
    ├── WorkerError         work cannot be handed out: no worker starts, a scheduler is gone
    └── LedgerError         the store cannot be used as asked
        ├── LedgerBusyError    another process holds the ledger
        └── ChangedModelError  predict() no longer gives the numbers the ledger holds

A trial that fails raises none of these: its failure is a named value in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable


class DaybreakError(Exception):
    """Base of every error raised on purpose; its text is a sentence for the user."""


class ProblemError(DaybreakError):
    """A problem that cannot mean anything: bounds, uncertainties, names."""


class PredictionError(ProblemError):
    """`predict` broke its contract: wrong shape, name or dtype, NaN everywhere, an exception."""


class ProgramError(DaybreakError):
    """An external program failed: its exit status, a signal, output that holds no numbers."""


class PlanError(DaybreakError):
    """A study, method, criterion or campaign that cannot be carried out."""


class CampaignFileError(PlanError):
    """A campaign file or built-in name that cannot be loaded."""


class WorkerError(DaybreakError):
    """Work cannot be handed out: no worker starts, a problem cannot be sent, no scheduler."""


class LedgerError(DaybreakError):
    """The store cannot be used as asked."""


class LedgerBusyError(LedgerError):
    """Another process holds the ledger."""


class ChangedModelError(LedgerError):
    """`predict` no longer gives the numbers that the ledger holds."""


def known(names: Iterable[str]) -> str:
    """List known names inside an error message, e.g. ``"'a1', 'k1'"``."""
    return ", ".join(repr(name) for name in names) or "none"
