"""Sentences that know their numbers: made as f-strings are, merged without being read."""

from __future__ import annotations

import pickle

import pytest

from daybreak.findings import Finding, codes
from daybreak.report import alike
from daybreak.sentences import Sentence, between, capitalised, joined, without_stop, worded


def test_a_sentence_reads_as_an_f_string():
    """Formats, conversions and braces are those of `str.format`."""
    text = worded("{!r} is {:.3g} {{nm}} at {}.", "k2", 0.12345, 3)

    assert text == "'k2' is 0.123 {nm} at 3."
    assert text.values == ("0.123", "3")
    assert text.words == ("'k2' is ", " {nm} at ", ".")


def test_numbers_of_parts_are_those_of_the_whole():
    """Sentences within sentences, joined and added ones keep their numbers."""
    parts = joined(", ", [worded("{:g} nm", 1.0), "a word", worded("{:g}", 2.0)])
    whole = "at " + worded("{} places ({})", 3, parts) + " in all"

    assert whole == "at 3 places (1 nm, a word, 2) in all"
    assert Sentence.of(whole).values == ("3", "1", "2")


def test_digits_of_a_name_are_no_number():
    """What is filled in as a word stays one, whatever it looks like."""
    assert worded("{} and {} differ.", "fit 3", "k2").values == ()


def test_the_first_clause():
    """It ends where the sentence goes on, else at the full stop, and keeps its numbers."""
    text = worded("chi2 jumps at {} places", 3).then("; the largest is worth {:g}.", 8.0)

    assert text.clause == "chi2 jumps at 3 places"
    assert text.clause.values == ("3",)
    assert worded("it stands alone.").clause == "it stands alone"
    assert (text + " More.").clause == text.clause


def test_marks_survive_a_pickle():
    """A sentence that went to another process still knows its numbers."""
    text = worded("{} of {}", 3, 7).then(": {}", 9)
    back = pickle.loads(pickle.dumps(text))  # noqa: S301 - our own

    assert (back, back.numbers, back.lead) == (text, text.numbers, text.lead)


def test_a_finding_keeps_its_marks_in_json():
    """What the ledger gives back of a finding is marked as it was."""
    text = worded("chi2 jumps at {} places", 3).then(": {:g} is the worst.", 0.5)
    finding = Finding(code=codes.ROUGH_OBJECTIVE, sentence=text)
    back = Finding.model_validate_json(finding.model_dump_json())

    assert back == finding
    assert Sentence.of(back.sentence).values == ("3", "0.5")
    assert Sentence.of(back.sentence).clause == "chi2 jumps at 3 places"


def test_alike_sentences_are_one_with_ranges():
    """Several studies share a sentence whose numbers alone differ; the first decides the order."""
    sizes = {"a": 5, "b": 3, "c": 4}
    said = [(name, worded("off by {:.4g} sigma.", size)) for name, size in sizes.items()]

    [one] = alike.gather([*said, ("d", "something else.")])[:1]

    assert (one.sentence, one.studies) == ("off by 3 to 5 sigma.", ("a", "b", "c"))


def test_equal_numbers_stay_as_they_are():
    """A number that does not differ is no range."""
    assert alike.merged([worded("{} of {}", 1, 7), worded("{} of {}", 2, 7)]) == "1 to 2 of 7"


@pytest.mark.parametrize("template", ["[{:g}, {:g}]", "{:g} to {:g} nm"])
def test_an_interval_has_no_range(template):
    """Where an interval differs the first sentence speaks for all."""
    said = [worded("it lies in {}.", between(template, 0.0, end)) for end in (1.0, 2.0)]

    assert alike.merged(said) == f"it lies in {template.format(0, 1)}, and alike."


def test_text_without_marks_is_merged_only_with_itself():
    """Nobody looks for numbers in a text that names none."""
    assert len(alike.gather([("a", "off by 3."), ("b", "off by 4."), ("c", "off by 3.")])) == 2


def test_typography():
    """A clause begins a sentence with a capital, and a sentence in another loses its full stop."""
    assert capitalised("the fit is bad") == "The fit is bad"
    assert without_stop("It is so.") == "It is so"
    assert without_stop("It is so") == "It is so"


@pytest.mark.parametrize(
    "text", ["a lies in [1, 2].", "a, b and 3 more", "k2 is 4", "p_value = 1", "y[0]: lost", ""]
)
def test_a_name_or_symbol_keeps_its_case(text):
    """What users have named, and what is no word, begins a sentence as it is written."""
    assert capitalised(text, {"a"}) == text


def test_a_prefix_belongs_to_the_first_clause():
    """What is put before a sentence stands in its first clause as well."""
    text = "m: " + worded("{} ends are unknown", 2).then(". Ask again.")

    assert text.clause == "m: 2 ends are unknown"
