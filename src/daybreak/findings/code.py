"""A finding's code: one fixed word with all that is to be said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args

from daybreak.errors import PlanError, known

Severity = Literal["stop", "warning", "note"]
"""``stop`` alone keeps a campaign from running."""

_WORDS: set[str] = set()
"""The words of all codes that were made."""


class Scope(Enum):
    """What a finding is about."""

    PARAMETER = "parameter"
    PROBLEM = "problem"
    SEARCH = "search"
    STUDY = "study"


class Withholds(Enum):
    """What may not be said where a code was found; `daybreak.diagnosis.withheld` sees to it."""

    CLAIM = "claim"
    """A claim about the parameter's value."""
    IDENTIFIED = "identified"
    """That the criterion ``identified`` is met."""
    VERDICT = "verdict"
    """That a criterion is met or missed; it is undecided, as if its value were not there."""
    MISFIT = "misfit"
    """That model and data disagree, or agree too well."""
    STARTS = "starts"
    """The advice to use more starts."""


ANSWERS = frozenset({Withholds.CLAIM, Withholds.IDENTIFIED, Withholds.VERDICT})
"""All that a study is asked about a parameter."""


@dataclass(frozen=True, eq=False, repr=False)
class FindingCode:
    """A fixed word that findings carry beside their sentences.

    Daybreak's own stand in `daybreak.findings.codes`.  Another package makes one of its own, which
    every finding then carries with it, so that whoever reads the finding needs not the package.

    Parameters
    ----------
    word : str
        Lower case, digits and underscores; never renamed.
    scope : Scope
        What it is about.
    severity : {"stop", "warning", "note"}
        How bad it is, unless a finding says otherwise.
    means, why, do : str
        What it means, why it happens, and what to do: clauses, without a full stop.
    withholds : frozenset of Withholds
        What may not be said where it was found.

    Raises
    ------
    PlanError
        When the word has another form.
    """

    word: str
    scope: Scope
    severity: Severity
    means: str
    why: str
    do: str
    withholds: frozenset[Withholds] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a word that could not be searched for."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.word):
            msg = (
                "the word of a finding code has lower-case letters, digits and underscores, but "
                f"got {self.word!r}."
            )
            raise PlanError(msg)
        if self.severity not in get_args(Severity):
            msg = (
                f"the severity of a finding code is one of {known(get_args(Severity))}, but that "
                f"of {self.word!r} is {self.severity!r}."
            )
            raise PlanError(msg)
        _WORDS.add(self.word)

    def __str__(self) -> str:
        """The word, as text shows it."""
        return self.word

    def __hash__(self) -> int:
        """That of the word."""
        return hash(self.word)

    def __repr__(self) -> str:
        """The word alone: what it means is in the registry."""
        return f"FindingCode({self.word!r})"

    def __eq__(self, other: object) -> bool:
        """Whether it is the same word, which may be given as text; that no code has is a mistake.

        Raises
        ------
        TypeError
            When the text is the word of no code, so that one mistyped is never just unequal.
        """
        if isinstance(other, str):
            if other not in _WORDS:
                msg = f"{other!r} is no finding code; there are {known(sorted(_WORDS))}."
                raise TypeError(msg)
            return self.word == other
        return isinstance(other, FindingCode) and self.word == other.word

    @property
    def in_words(self) -> str:
        """The word without underscores, for a sentence."""
        return self.word.replace("_", " ")

    def describe(self) -> dict[str, Any]:
        """The code as plain data, for whoever does not know the word."""
        return {
            "word": self.word,
            "scope": self.scope.value,
            "severity": self.severity,
            "means": self.means,
            "why": self.why,
            "do": self.do,
            "withholds": sorted(one.value for one in self.withholds),
        }

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> FindingCode:
        """The code that `describe` wrote down."""
        fields: dict[str, Any] = dict(data)
        fields["scope"] = Scope(data["scope"])
        fields["withholds"] = frozenset(map(Withholds, data["withholds"]))
        return cls(**fields)
