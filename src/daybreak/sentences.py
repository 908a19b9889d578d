"""Sentences that know where their numbers stand, so that nobody has to look for them.

    worded("{} is missed by {:.4g} sigma.", name, 9942.3)

reads as an f-string would write it, and remembers that ``9942`` is a number: several studies of
which the same is said share a sentence with ranges (`daybreak.report.alike`).
"""

from __future__ import annotations

import numbers
import string
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any, Self

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

Span = tuple[int, int]
"""Where a number begins and ends in a sentence, in characters."""


class Sentence(str):
    """Text with its numbers and its first clause marked.

    Parameters
    ----------
    text : str
    numbers : sequence of Span
        In order; what lies in one of them is a number, or an interval.
    lead : int
        Length of the first clause; 0 where it is the whole.
    """

    __slots__ = ("lead", "numbers")
    numbers: tuple[Span, ...]
    lead: int

    def __new__(cls, text: str, numbers: Iterable[Sequence[int]] = (), lead: int = 0) -> Self:
        """Mark a text."""
        made = super().__new__(cls, text)
        made.numbers = tuple((one[0], one[1]) for one in numbers)
        made.lead = lead
        return made

    @classmethod
    def of(cls, text: str) -> Sentence:
        """The text itself if it is marked; else as one without numbers."""
        return text if isinstance(text, Sentence) else cls(text)

    @property
    def words(self) -> tuple[str, ...]:
        """What stands before, between and after the numbers; what alike sentences share."""
        ends = [0, *(end for _, end in self.numbers)]
        begins = [*(begin for begin, _ in self.numbers), len(self)]
        return tuple(str(self)[a:b] for a, b in zip(ends, begins, strict=True))

    @property
    def values(self) -> tuple[str, ...]:
        """The numbers as they are written."""
        return tuple(str(self)[begin:end] for begin, end in self.numbers)

    @property
    def clause(self) -> Sentence:
        """The first clause, for where the whole stands elsewhere; without its full stop."""
        end = self.lead or len(without_stop(self))
        return Sentence(str(self)[:end], [one for one in self.numbers if one[1] <= end])

    def then(self, template: str, *values: object) -> Sentence:
        """Go on after the first clause."""
        return Sentence(whole := self + worded(template, *values), whole.numbers, lead=len(self))

    def __add__(self, other: str) -> Sentence:
        """One text after another, with the marks of both."""
        both = worded("{}{}", self, other)
        return Sentence(both, both.numbers, self.lead)

    def __radd__(self, other: str) -> Sentence:
        """The same with a plain text before it, which belongs to the first clause."""
        both = worded("{}{}", other, self)
        return Sentence(both, both.numbers, len(other) + self.lead if self.lead else 0)


def worded(template: str, *values: object) -> Sentence:
    """Fill numbers, words and other sentences in, and remember where the numbers stand.

    Parameters
    ----------
    template : str
        With a field for every value, e.g. ``{:.3g} sigma``, as for `str.format`.
    values : object
        Anything that can be written; of a `Sentence` its own numbers count.
    """
    text, marks, given = "", list[Span](), iter(values)
    for words, field, spec, conversion in string.Formatter().parse(template):
        text += words
        if field is None:
            continue
        value: Any = next(given)
        shown = format(repr(value) if conversion == "r" else value, spec or "")
        begin = len(text)
        text = f"{text}{shown}"
        if isinstance(value, Sentence):
            marks += [(begin + a, begin + b) for a, b in value.numbers]
        elif isinstance(value, numbers.Number):
            marks.append((begin, len(text)))
    return Sentence(text, marks)


def joined(separator: str, parts: Iterable[str]) -> Sentence:
    """`str.join`, with the marks of the parts."""
    found = list(parts)
    return worded(separator.join(["{}"] * len(found)), *found)


def between(template: str, *values: object) -> Sentence:
    """The same as `worded`, but as one value: an interval or a time has no range of its own."""
    text = worded(template, *values)
    return Sentence(text, [(0, len(text))])


def p_in_words(p: float, digits: int = 2) -> Sentence:
    """A p value with some digits, and no pretence below 1e-300."""
    return worded("p < {:g}", 1e-300) if p < 1e-300 else worded(f"p = {{:.{digits}g}}", p)


def capitalised(text: str, names: Collection[str] = ()) -> str:
    """A clause as the beginning of a sentence; a name or a symbol keeps its case.

    Parameters
    ----------
    text : str
    names : collection of str
        What users have named; a word with a digit or a sign in it, such as ``chi2`` or
        ``p_value``, is taken for a symbol in any case.
    """
    first = text.split(maxsplit=1)[0].rstrip(",:;.") if text.strip() else ""
    is_word = first.replace("-", "").replace("'", "").isalpha()
    return text[:1].upper() + text[1:] if is_word and first not in names else text


def without_stop(text: str) -> str:
    """A sentence as a clause of another: without its full stop."""
    return text[:-1] if text[-1:] == "." else text


def _kept(text: object) -> str:
    if isinstance(text, str):
        return text
    msg = "a sentence is a text."
    raise ValueError(msg)


Said = Annotated[
    str,
    PlainValidator(_kept),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string"}),
]
"""Field of a model whose text may be marked; the marks are not written down."""
