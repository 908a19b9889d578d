"""The registry of finding codes: one object for each word, and no bare text beside it."""

from __future__ import annotations

import ast
import importlib.util
import pickle
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import daybreak
from daybreak.errors import LedgerError, PlanError
from daybreak.findings import Finding, FindingCode, Scope, Withholds, codes, profile_codes

SOURCE = Path(daybreak.__file__).parent
ROOT = Path(__file__).parents[2]
OWN = FindingCode(
    "loud_residual",
    Scope.PROBLEM,
    "note",
    "one residual makes up most of chi2",
    "a datum is wrong",
    "look at it",
    frozenset({Withholds.CLAIM}),
)
NO_CODES = {"identified": "a quantity of criteria", "unfinished": "a reason of an interval's end"}
"""Words of codes that are words of something else as well."""


def test_bare_text_is_no_code():
    """A text in place of a finding's code is a TypeError."""
    with pytest.raises(TypeError, match=r"daybreak\.findings\.codes"):
        Finding(code="tension", sentence="no.")


def test_a_code_is_compared_with_its_word():
    """A reader may ask for a code by its word; a word that no code has is never just unequal."""
    assert codes.TENSION == "tension"
    assert codes.TENSION != "identified"
    assert codes.TENSION in ("identified", "tension")
    with pytest.raises(TypeError, match=r"'tensoin' is no finding code; there are .*'tension'"):
        _ = codes.TENSION == "tensoin"


def test_severity_is_that_of_the_code():
    """A finding is as bad as its code, unless it says otherwise."""
    assert Finding(code=codes.TENSION, sentence="p.").severity == "warning"
    assert Finding(code=codes.STOPPED_EARLY, sentence="s.").severity == "note"
    assert Finding(code=codes.TENSION, severity="note", sentence="p.").severity == "note"


@pytest.mark.parametrize("code", [*codes.BY_WORD.values(), OWN], ids=str)
def test_round_trip(code):
    """A finding read from its JSON has the same code, with the same to say."""
    written = Finding(code=code, parameter="k", sentence="A sentence.")
    text = written.model_dump_json()
    again = Finding.model_validate_json(text)

    assert f'"code":"{code.word}"' in text
    assert again == written
    assert again.code.describe() == code.describe()
    assert Finding.model_validate(written.model_dump()) == written
    assert pickle.loads(pickle.dumps(code)) == code  # noqa: S301 - our own bytes


def test_codes_of_another_package_bring_their_meaning():
    """A code that is none of ours is written with all that is to be said of it; ours are not."""
    assert Finding(code=OWN, sentence="x.").explained == OWN.describe()
    assert Finding(code=codes.TENSION, sentence="x.").explained is None


def test_unknown_word():
    """A word that nobody knows is refused aloud, with those that are known."""
    with pytest.raises(LedgerError, match=r"'gone'.*known are .*tension"):
        Finding.model_validate_json('{"code": "gone", "severity": "note", "sentence": "x."}')


def test_a_word_has_one_meaning():
    """Another package cannot give a word of ours a meaning of its own."""
    other = FindingCode("tension", Scope.SEARCH, "note", "nothing", "nothing", "nothing")
    with pytest.raises(PlanError, match="choose another word"):
        Finding(code=other, sentence="x.")
    with pytest.raises(PlanError, match="lower-case"):
        FindingCode("Loud residual", Scope.PROBLEM, "note", "", "", "")


def test_artifact_is_drawable():
    """What a finding carries is a curve, a matrix or a table."""
    with pytest.raises(ValidationError, match="dumped curve"):
        Finding(code=OWN, sentence="x.", artifact={"kind": "file"})


def test_words_are_names():
    """A code is called in Python as in JSON, and is found by its word."""
    for word, code in codes.BY_WORD.items():
        assert getattr(codes, word.upper()) is code
        assert word == code.word
        for text in (code.means, code.why, code.do):
            assert text
            assert not text.endswith(".")


def _glossary():
    spec = importlib.util.spec_from_file_location("finding_codes", ROOT / "docs/finding_codes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_glossary():
    """The glossary has the tables that `docs/finding_codes.py` writes from the registry."""
    script = _glossary()
    page = script.PAGE.read_text()

    assert script.renewed(page) == page


def test_order_of_profiles():
    """The glossary names the codes of profiles in their order, worst first."""
    page = (ROOT / "docs" / "glossary.md").read_text()
    told = re.search(r"A profile gets the first that applies, worst news first: (.*)\.", page)[1]
    own = [code.word for code in vars(profile_codes).values() if isinstance(code, FindingCode)]

    assert re.findall(r"`(\w+)`", told) == own


def test_identified_withholds_nothing():
    """Of the codes of profiles, `identified` alone withholds neither a claim nor its own name."""
    own = [code for code in vars(profile_codes).values() if isinstance(code, FindingCode)]

    assert [code for code in own if Withholds.IDENTIFIED not in code.withholds] == [
        codes.IDENTIFIED
    ]


def _literals(path):
    """Texts of a file that are no docstrings."""
    tree = ast.parse(path.read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in alone
        ):
            yield node


def test_no_bare_words():
    """No file of the program but the registry writes the word of a code as a text."""
    registry = {SOURCE / "findings" / name for name in ("codes.py", "profile_codes.py")}
    bare = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.value}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path not in registry
        for node in _literals(path)
        if node.value in codes.BY_WORD and node.value not in NO_CODES
    ]

    assert bare == []


def test_every_code_is_used():
    """Every code of the registry is used somewhere in the program."""
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for path in SOURCE.rglob("*.py")
        if path.parent.name != "findings" or path.name == "outside.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
    }

    assert [word for word in codes.BY_WORD if word.upper() not in used] == []
