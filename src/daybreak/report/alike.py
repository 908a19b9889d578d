"""Sentences that differ in numbers alone: one sentence with ranges, for several studies.

Seven studies that miss an observation by 9942 to 9968 sigma are one piece of news, not seven.
Which numbers a sentence has, it knows by itself (`daybreak.sentences`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from daybreak.sentences import Sentence, without_stop

MOST_NAMES = 3
"""Studies that a sentence names; of more it names the first two and counts the others."""


@dataclass(frozen=True)
class Alike:
    """One sentence, and the studies that it is about."""

    sentence: str
    studies: tuple[str, ...]


def gather(said: Iterable[tuple[str, str]]) -> list[Alike]:
    """Put sentences that differ in numbers alone together, in the order of their first.

    Parameters
    ----------
    said : iterable of (study, sentence)
    """
    return [Alike(cells[0], names) for cells, names in rows((s, (text,)) for s, text in said)]


def rows(
    said: Iterable[tuple[str, Sequence[str]]],
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The same for rows of a table: pairs of cells and the studies that share them."""
    groups: dict[tuple[tuple[str, ...], ...], list[tuple[str, Sequence[str]]]] = {}
    for study, cells in said:
        key = tuple(Sentence.of(cell).words for cell in cells)
        groups.setdefault(key, []).append((study, cells))
    return [
        (
            tuple(merged(column) for column in zip(*(cells for _, cells in group), strict=True)),
            tuple(dict.fromkeys(name for name, _ in group)),
        )
        for group in groups.values()
    ]


def merged(sentences: Sequence[str]) -> str:
    """One sentence for several that differ in numbers alone, e.g. ``off by 3 to 5 sigma``.

    Where an interval differs, the first sentence speaks for all.
    """
    every = [Sentence.of(text) for text in sentences]
    ranges = [_range(column) for column in zip(*(one.values for one in every), strict=True)]
    if None in ranges:
        return f"{without_stop(every[0])}, and alike."
    shown = [*(one or "" for one in ranges), ""]
    return "".join(w + r for w, r in zip(every[0].words, shown, strict=True))


def _range(texts: Sequence[str]) -> str | None:
    """A number, or from the least to the greatest; None for intervals, which have no range."""
    if len(set(texts)) == 1:
        return texts[0]
    try:
        low, high = min(texts, key=float), max(texts, key=float)
    except ValueError:
        return None
    return low if float(low) == float(high) else f"{low} to {high}"


def who(names: Sequence[str], every: Sequence[str]) -> str:
    """Name some studies out of all: each one, or ``all 7 studies``, or ``a, b and 5 more``."""
    if len(every) > 1 and len(names) == len(every):
        return f"all {len(every)} studies"
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more studies"
