"""The evening page: what will run tonight, as one file that opens offline."""

from __future__ import annotations

from daybreak.findings import unchecked
from daybreak.report import alike, carried, evening, html, numbers
from daybreak.report import tonight_words as words
from daybreak.report.reach_figure import reach_figure
from daybreak.report.symmetry_figure import symmetry_figure
from daybreak.report.tonight import State, Tonight

_TONES: dict[State, str] = {
    State.HOPELESS: "FAIL",
    State.READ_FIRST: "UNDECIDED",
    State.READY: "PASS",
}
"""The colour and sign of each state: those of a verdict."""


def render(t: Tonight, *, pictures: bool = True) -> str:
    """Render the page; the same data always give the same text.

    Parameters
    ----------
    t : Tonight
        Everything the page says.
    pictures : bool
        Leave them out to do without matplotlib.
    """
    reach = html.drawing(reach_figure(t) if pictures else None)
    moved = html.drawing(symmetry_figure(t) if pictures else None)
    titles = {
        "surprises": "Read before you sleep",
        "preflight": "What is foretold",
        "criteria": "Criteria",
        "pictures": "Pictures" if reach and moved else "",
        "decisions": "Decisions" if t.decisions else "",
        "times": "Times",
        "studies": "Every study",
        "commands": "Where and how",
        "provenance": "Provenance",
    }
    return html.page(
        "evening.html.jinja",
        t=t,
        tone=_TONES[t.state],
        words=words,
        evening=evening,
        numbers=numbers,
        reach=reach,
        moved=moved,
        carried=carried,
        not_checked=unchecked.in_words(t.examinations, alike.who),
        before=html.drawn(carried.of_preflight(t.examinations)) if pictures else (),
        groups=words.groups(t),
        sections=[(anchor, title) for anchor, title in titles.items() if title],
    )
