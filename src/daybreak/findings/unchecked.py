"""What a preflight did not check, in the words of every output."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daybreak.findings.records import StudyPreflight, Unmade

Who = Callable[[Sequence[str], Sequence[str]], str]
"""Names some studies out of all."""


def in_words(studies: Sequence[StudyPreflight], who: Who | None = None) -> list[str]:
    """A sentence for every reason why something was not checked; none where all was.

    Parameters
    ----------
    studies : sequence of StudyPreflight
    who : callable (names, all names) -> str, optional
        How studies are named behind what was not checked of them; without it they are not.
    """
    every = [one.study for one in studies]

    def of(names: Sequence[str]) -> str:
        return f" [{who(names, every)}]" if who else ""

    said: list[str] = []
    for why in Unmade:
        nothing: list[str] = []
        items: dict[str, list[str]] = {}
        for one in studies:
            left = [item.check for item in one.not_checked if item.why is why]
            if left and why.wanting and not one.checked:
                nothing.append(one.study)
                continue
            for check in left:
                items.setdefault(check, []).append(one.study)
        if nothing:
            said.append(f"Nothing could be checked, because {why}{of(nothing)}.")
        if items:
            listed = ", ".join(f"{check}{of(names)}" for check, names in items.items())
            said.append(f"{why.lead} {listed}.")
    return said
