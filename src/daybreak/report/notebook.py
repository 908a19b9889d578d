"""What a notebook shows of a night: the first screen of the report, without its page."""

from __future__ import annotations

from pathlib import Path

from daybreak.report import html, wording
from daybreak.report.key_picture import key_picture
from daybreak.report.overview import overview
from daybreak.report.summary import Summary


def render(summary: Summary, report: Path) -> str:
    """HTML that takes colours and letters from the notebook around it.

    Parameters
    ----------
    summary : Summary
    report : Path
        The whole report, which is linked to.
    """
    key = key_picture(summary)
    return html.fragment(
        "notebook.html.jinja",
        s=summary,
        without_verdict=wording.without_verdict(summary),
        next_step=wording.next_step(summary),
        overview=overview(summary),
        caption=key.caption if key else "",
        drawing=html.drawing(key.figure if key else None),
        report=report,
    )
