"""Tell someone who is not there how the night ended: one line, with the picture that says most."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daybreak.errors import DaybreakError
from daybreak.findings import Preflight
from daybreak.ledger.endings import Ending
from daybreak.report import numbers
from daybreak.report.key_picture import key_picture
from daybreak.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 160
"""Dots per inch: a picture that fills a phone's screen."""


class Notifier:
    """Sends news to addresses that apprise knows: mail, chat, push and many more.

    An address often holds a password, so it is never written down, printed or logged. News that
    cannot be delivered stop nothing; it is said.

    Parameters
    ----------
    addresses : str
        One, or several with spaces between them, such as ``ntfy://topic`` or
        ``mailto://user:password@example.org``; see apprise's documentation.
    say : callable
        Told in a sentence when something could not be delivered.

    Raises
    ------
    DaybreakError
        Without the extra ``notify``, or when an address cannot be read.
    """

    def __init__(self, addresses: str, say: Callable[[str], None]) -> None:
        try:
            import apprise
        except ModuleNotFoundError as error:
            msg = "`--notify` needs its extra: install it with `pip install 'daybreak[notify]'`."
            raise DaybreakError(msg) from error
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it prints addresses
        self._say = say
        self._post: Any = apprise.Apprise()
        for address in addresses.split():
            if not self._post.add(address):
                msg = (
                    f"--notify cannot read the address of kind {_kind(address)!r}; it takes "
                    "addresses of apprise such as ntfy://topic or mailto://user:password@host."
                )
                raise DaybreakError(msg)

    def hopeless(self, campaign: str, found: Preflight) -> None:
        """Say at once that the night cannot succeed, though it goes on."""
        self._send(f"HOPELESS {campaign}: {found.sentence} It runs all the same.", None)

    def ended(self, summary: Summary) -> None:
        """Say how it ended, with the picture of the report's first screen."""
        picture = key_picture(summary)
        self._send(ending(summary), None if picture is None else picture.figure)

    def broke(self, campaign: str, error: BaseException) -> None:
        """Say that it ended by an error."""
        what = str(error).strip().split("\n")[0] or type(error).__name__
        self._send(f"STOPPED {campaign}: {what}", None)

    def _send(self, line: str, figure: Figure | None) -> None:
        with tempfile.TemporaryDirectory(prefix="daybreak-") as folder:
            attached = None
            if figure is not None:
                attached = str(Path(folder) / "picture.png")
                figure.savefig(attached, dpi=_DPI, facecolor="white", bbox_inches="tight")
            try:
                sent = self._post.notify(body=line, title="Daybreak", attach=attached)
            except Exception as error:  # noqa: BLE001 - any service's; the night goes on
                self._say(f"the notification failed ({type(error).__name__}).")
                return
        if not sent:
            self._say("the notification was not delivered; see that its address still holds.")


def ending(summary: Summary) -> str:
    """How a night ended, in one line.

    The verdict, or HOPELESS, or that there is work left; then the sentence, and what it took.
    """
    last = summary.timing.runs[-1] if summary.timing.runs else None
    hopeless = last is not None and last.state is Ending.HOPELESS
    word = "HOPELESS" if hopeless else summary.verdict
    took = numbers.duration(summary.timing.elapsed)
    counts = f"{numbers.count(summary.progress.trials, 'trial')}, {took}"
    left = "" if summary.finished or hopeless else f" Work is left: {last.ending if last else ''}."
    return f"{word} {summary.campaign}: {summary.reason}{left} ({counts})"


def _kind(address: str) -> str:
    """What may be shown of an address: what stands before its colon."""
    return address.partition("://")[0][:20] if "://" in address else "?"
