"""The shape of the house: how much one file and one function may hold, and who formats them."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

import daybreak as dk

SOURCE = Path(dk.__file__).parent
ROOT = Path(__file__).parents[1]
FILES = sorted(SOURCE.rglob("*.py"))
FOLDERS = ("src", "tests", "validation", "benchmarks", "docs", "examples")
SPACE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(text):
    """Numbers of the lines that hold code: no docstring, no comment, no blank line."""
    written = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in SPACE
        for line in range(token.start[0], token.end[0] + 1)
    }
    said = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    return written - said


def test_code_lines():
    """Docstrings, comments and blank lines are not code; a text that is assigned is."""
    text = (
        '"""Doc."""\n\n# why\nA = 1\n"""What A is,\nin two lines."""\n\n\n'
        'def f():\n    """Doc."""\n    # why\n    return """a\n\nb"""  # why\n'
    )

    assert code_lines(text) == {4, 9, 12, 13, 14}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_one_idea_a_file(path):
    """No file has more than 350 lines of code, no function more than 80 lines of any kind."""
    text = path.read_text()
    lines = code_lines(text)
    functions = (
        (node.name, node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )

    assert len(lines) <= 350
    assert [one for one in functions if one[1] > 80] == []


def test_the_formatter_wins():
    """Fewer than 20 places of all Python files are kept from the formatter."""
    mark = "fmt: " + "skip"
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text().count(mark)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }

    assert sum(found.values()) < 20, {path: n for path, n in found.items() if n}
