"""What ends a run before its campaign: a deadline, a budget, somebody's wish."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from types import FrameType

from daybreak.errors import PlanError


class Interrupted(BaseException):
    """Raised between iterations when the run must end; what is in hand is abandoned."""


@dataclass(frozen=True)
class Limits:
    """How long and how much one run may work.

    Parameters
    ----------
    until : datetime, optional
        A moment on the wall clock.
    max_trials : int, optional
        Trials that this run may make.
    max_hours : float, optional
        Hours that this run may work; the time a machine sleeps does not count.

    Raises
    ------
    PlanError
        When a limit is not positive.
    """

    until: datetime | None = None
    max_trials: int | None = None
    max_hours: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no trial could be made within."""
        for name, value in (("max_trials", self.max_trials), ("max_hours", self.max_hours)):
            if value is not None and not value > 0:
                msg = f"`{name} > 0` must hold, but got ({name}={value!r})."
                raise PlanError(msg)


class Watch:
    """Asked between iterations whether the run may go on.

    Parameters
    ----------
    limits : Limits
    stop : callable
        Why somebody asked the run to stop; empty as long as nobody did.
    """

    def __init__(self, limits: Limits, stop: Callable[[], str] = lambda: "") -> None:
        self.limits = limits
        self.stop = stop
        self.begun = time.monotonic()
        self.made = 0
        """Trials made by this run."""

    def check(self) -> None:
        """Raise `Interrupted`, with the reason, when the run must end now."""
        why = self.stop()
        if why:
            raise Interrupted(why)
        if self.left <= 0.0:
            raise Interrupted(self._reached())

    def refusal(self, trials: int, seconds: float) -> str:
        """Why this many trials, expected to take so long together, must not begin; or empty."""
        most = self.limits.max_trials
        if most is not None and self.made + trials > most:
            return f"{self.made} trials were made, and --max-trials allows {most}"
        if seconds > self.left:
            return (
                f"{self._limit()} leaves {max(self.left, 0.0):.0f} s, and the next trials would "
                f"take about {seconds:.0f} s"
            )
        return ""

    @property
    def left(self) -> float:
        """Seconds until the first limit; infinite without one."""
        found = float("inf")
        if self.limits.until is not None:
            moment = datetime.now(self.limits.until.tzinfo)
            found = (self.limits.until - moment).total_seconds()
        if self.limits.max_hours is not None:
            found = min(found, 3600.0 * self.limits.max_hours - self.seconds)
        return found

    @property
    def seconds(self) -> float:
        """Since the run began, while the machine was awake."""
        return time.monotonic() - self.begun

    def _limit(self) -> str:
        until, hours = self.limits.until, self.limits.max_hours
        if until is not None and (hours is None or self.seconds < 3600.0 * hours):
            return f"the deadline {until:%H:%M}"
        return f"--max-hours {hours:g}" if hours is not None else "the deadline"

    def _reached(self) -> str:
        return f"{self._limit()} was reached"


@contextlib.contextmanager
def keyboard() -> Generator[Callable[[], str]]:
    """Let Ctrl-C interrupt as ever, and tell afterwards whether it was pressed.

    Python drops an exception that is raised while it tidies up (in a callback of a weak reference,
    as database drivers have); the run then asks here, and still ends.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: ""
        return
    pressed: list[str] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append("stopped by Ctrl-C")
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: pressed[0] if pressed else ""
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
