"""A trial's own directory: kept over kills until its outcome is durable.

It lies in the run's directory, ``trials/<key>/``, so that a killed trial finds its checkpoint
again; on a host of a cluster that does not see the run's directory, in that host's temporary one.
What is left of it when the trial has ended well are the files that it attached.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path

from daybreak.methods.trials import Desk
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.search import SearchProblem
from daybreak.problem.settings import Setting
from daybreak.runner.identity import identify

FOLDER = "trials"
_SHOWN = 16
"""Characters of a key that tell trials of one run apart."""


def room(home: Path, key: str) -> Path:
    """The directory of a trial; it may not be there yet."""
    if not home.is_dir():
        mark = hashlib.sha256(str(home).encode()).hexdigest()[:_SHOWN]
        home = Path(tempfile.gettempdir()) / f"daybreak-{mark}"
    return home / FOLDER / key[:_SHOWN]


def desk(problem: SearchProblem, settings: Mapping[str, Setting], home: Path | None) -> Desk:
    """What trials are lent: a directory that stays, or a temporary one without a `home`."""
    if home is None:
        return Desk()

    @contextlib.contextmanager
    def directory(task: Task) -> Generator[Path]:
        yield room(home, identify(problem, settings, task).key)

    return Desk(directory)


def clear(home: Path, key: str, outcome: Outcome) -> None:
    """Leave of a trial's directory what it attached; of a failed one all, for the next try."""
    place = room(home, key)
    if not place.exists():
        return
    attached = {
        place / part["path"]
        for part in outcome.details.get("artifacts", [])
        if part["kind"] == "file"
    }
    with contextlib.suppress(OSError):
        if not attached and not outcome.failed:
            shutil.rmtree(place)
        for path in sorted(place.rglob("*"), reverse=True):  # what is inside before its folder
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()
            elif not outcome.failed and path not in attached:
                path.unlink()
        place.rmdir()
