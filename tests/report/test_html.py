"""The page: complete, harmless, the same every time, and alone in the world."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from daybreak.diagnosis.study import EndReason, Study
from daybreak.report import html, numbers
from daybreak.report.summary import Summary
from tests.report import recorded
from tests.report.nights import HOSTILE

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """A strict reader: every tag is closed, in order."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Open a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note a tag that closes itself, as in SVG."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Close the tag that was opened last."""
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        """Collect what the reader sees."""
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """What the reader sees, with chi2 as the models spell it."""
        return " ".join(" ".join(self.words).split()).replace("χ²", "chi2")

    def headings(self) -> list[int]:
        """Levels of the headings."""
        return [int(tag[1]) for tag, _ in self.tags if re.fullmatch("h[1-6]", tag)]


@pytest.fixture(scope="module")
def pages() -> dict[str, tuple[Summary, str]]:
    """Each summary with its page."""
    made = {name: recorded.summary(name) for name in recorded.NAMES}
    return {name: (summary, html.render(summary)) for name, summary in made.items()}


def test_well_formed(name, pages):
    """Every tag of the page is closed in order."""
    page = Page(pages[name][1])

    assert page.faults == []
    assert page.open == []


def test_alone(name, pages):
    """The page names no address to load anything from, and holds no script but its own."""
    text = re.sub(r"'sha256-[^']*'", "", pages[name][1])
    page = Page(text)

    assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import", text)
    assert not {"link", "iframe", "img", "object"} & {tag for tag, _ in page.tags}
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]
    for _, attributes in page.tags:
        for key in ("src", "href"):
            assert (attributes.get(key) or "#").startswith("#")
        assert not any(key.startswith("on") for key in attributes)


def test_anchors_exist(name, pages):
    """Every link inside the page leads somewhere."""
    page = Page(pages[name][1])
    ids = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}

    for tag, attributes in page.tags:
        if tag == "a":
            assert (attributes["href"] or "")[1:] in ids


def test_headings_in_order(name, pages):
    """Headings begin with the first level and never skip one."""
    levels = Page(pages[name][1]).headings()

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_tables_can_be_read_out(name, pages):
    """Every table has a caption, and every header cell says what it heads."""
    page = Page(pages[name][1])
    count = {tag: sum(t == tag for t, _ in page.tags) for tag in ("table", "caption")}

    assert count["table"] == count["caption"] > 0
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")


def test_pictures_have_names(name, pages):
    """Every picture says in words what it shows."""
    pictures = [attributes for tag, attributes in Page(pages[name][1]).tags if tag == "svg"]

    assert pictures
    assert all(one.get("role") == "img" and one.get("aria-label") for one in pictures)


def said_of(study: Study) -> Iterator[str]:
    """What the page has to say of a study."""
    yield study.name
    yield from study.failures
    for one in study.outcomes:
        yield from (one.criterion, one.threshold, one.sentence, one.level)
    for profile in study.profiles:
        yield from (profile.code.word, profile.sentence)
    yield from (found.sentence for found in study.maps)
    yield from (finding.sentence for finding in study.findings)
    yield from (end.sentence for end in study.ends)
    yield from (group.group for group in (study.tension.groups if study.tension else []))
    for shift in study.knobs:
        values = (
            numbers.number(v) if isinstance(v, float) else v for v in (shift.value, shift.refined)
        )
        yield " ".join(map(str, (shift.knob, *values, shift.at)))
    yield from (f"x {numbers.number(fit.scale)}" for fit in study.model_scales)
    if study.best:
        yield from (
            f"{info.name} {numbers.number(study.best.parameters[info.name])} "
            for info in study.parameters
        )
        yield from (f"at {at.side} bound" for at in study.best.at_bounds)
        yield from (*study.best.predictions, *study.best.derived, *study.best.scale_factors)


def test_everything_is_told(name, pages):
    """Every criterion, parameter, bound, observation, sentence and code is on the page."""
    summary, text = pages[name]
    seen = Page(text).text
    told = [*summary.surprises, *(claim.sentence for claim in summary.claims)]
    told += [found.sentence for found in summary.preflight]
    for study in summary.studies:
        told += said_of(study)

    assert [words for words in told if words not in seen] == []


def test_undefined_is_explained(pages):
    """A p value that does not exist comes with the reason."""
    assert "not defined: 2 observations, 8 fitted numbers" in Page(pages["lepton"][1]).text


def test_row_taken_is_marked(pages):
    """The row of the decision table that was taken is marked."""
    assert pages["lepton"][1].count('<tr class="taken">') == 1
    assert "pivot taken otherwise Stop localising" in Page(pages["lepton"][1]).text


def test_changed_criteria_are_shown(pages):
    """Both versions of changed criteria are on the page, with time and verdict."""
    seen = Page(pages["decay"][1]).text

    assert re.search(r"2026-11-03 21:\d\d UTC no longer ✗ FAIL p_value >= 0.9 \(hard\)", seen)
    assert re.search(r"2026-11-03 2\d:\d\d UTC now ✓ PASS p_value >= 0.01 \(hard\)", seen)


def test_unsettled_points_are_flagged(pages):
    """A profile with unsettled points says how many, above its picture."""
    assert "1 of 9 points not settled" in Page(pages["mixed"][1]).text


def test_relaxation_is_told(pages):
    """Every profile says how much it varied before relaxation and after."""
    seen = Page(pages["mixed"][1]).text

    for told in (
        "Before relaxation chi2 varies by # % of its minimum with 1 local minimum, after it by #",
        "Fits from the left and from the right differed by up to # at first; from one side",
        "Noise of the method: chi2 spreads by # over its seeds",
    ):
        assert re.search(told.replace("#", r"[\d.]+"), seen)


def test_flat_end_is_told_in_words(pages):
    """An interval without an end says that the profile is flat up to its bound."""
    decay = recorded.summary("decay")
    [study] = decay.studies
    [interval] = study.profiles[0].intervals
    flat = interval.model_copy(update={"lower_closed": False, "lower_reason": EndReason.FLAT})
    profile = study.profiles[0].model_copy(update={"intervals": [flat]})
    study = study.model_copy(update={"profiles": [profile]})
    seen = Page(html.render(decay.model_copy(update={"studies": [study]}))).text

    assert "] 1/s (lower end: the profile is flat up to its bound)" in seen


def test_chance_of_a_missed_minimum_names_its_source(pages):
    """The chance that a minimum was missed comes with the estimator."""
    seen = Page(pages["decay"][1]).text

    assert re.search(r"About [\d.]+ % of all starts would lead to a minimum not seen so far", seen)
    assert "Boender and Rinnooy Kan 1987" in seen


def test_no_empty_sections(pages):
    """A study that was asked nothing shows none of the answers."""
    seen = Page(pages["hopeless"][1]).text
    absent = ("Ends of the fits", "Map of", "Agreement by group", "refined knobs", "multiplied")

    assert [words for words in absent if words in seen] == []


def test_hostile_name_is_text(pages):
    """A study name that wants to be a program is shown as text."""
    page = Page(pages["mixed"][1])

    assert HOSTILE in page.text
    assert pages["mixed"][1].count("<script") == 1


# Of a search the values are looked up by names, which are keys.
@pytest.mark.parametrize("night", [name for name in recorded.NAMES if name != "search"])
def test_hostile_everywhere(night):
    """Markup in any text of the summary stays text."""
    evil = '"><script>alert(1)</script>'
    data = recorded.summary(night).model_dump(mode="json", by_alias=True)

    def poison(node):
        if isinstance(node, dict):
            return {key: value if key in FIXED else poison(value) for key, value in node.items()}
        if isinstance(node, list):
            return [poison(value) for value in node]
        return node + evil if isinstance(node, str) else node

    fixed_page = html.render(Summary.model_validate_json(json.dumps(poison(data))))

    assert fixed_page.count("<script") == 1
    assert Page(fixed_page).faults == []


FIXED = {
    "code",
    "schema",
    "verdict",
    "rule",
    "outcome",
    "level",
    "side",
    "state",
    "scale",
    "role",
    "lower_reason",
    "upper_reason",
    "severity",
    "withholds",
    "identifiability",
    "kind",
    "exponents",
    "scales",
    "started",
    "ended",
}


def test_same_page_twice(name, summary, pages):
    """Rendering again gives the same page, letter for letter."""
    assert html.render(summary) == pages[name][1]


def test_size(name, pages):
    """A page stays far below a megabyte."""
    assert len(pages[name][1].encode()) < 500_000


def test_without_pictures():
    """The page can do without pictures."""
    assert "<svg" not in html.render(recorded.summary("decay"), pictures=False)


def test_a_folded_table_counts_its_rows_in_english():
    """One row is told as one row."""
    for name in recorded.NAMES:
        text = Page(html.render(recorded.summary(name))).text
        assert "(1 rows)" not in text
        assert "(1 row)" in text or name != "hopeless"
