"""Scripts beside the package: each can start, and asks Daybreak only for what it has."""

from __future__ import annotations

import ast
import contextlib
import pkgutil
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = [
    path
    for folder in ("docs", "examples", "benchmarks", "validation")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def script(request, monkeypatch):
    """A script, with its neighbours importable as when it is started."""
    monkeypatch.syspath_prepend(request.param.parent)
    yield request.param
    for path in request.param.parent.glob("*.py"):  # scripts of two folders share names
        sys.modules.pop(path.stem, None)


def test_starts(script):
    """Every script can be imported without running, and without what `make bench` installs."""
    assert runpy.run_path(str(script))["__doc__"]


def test_names(script):
    """What a script asks of Daybreak or of its neighbours exists, inside functions too."""
    ours = {"daybreak", "tests", "validation"} | {path.stem for path in script.parent.glob("*.py")}

    assert [
        name for name in sorted(set(names(script.read_text(), ours))) if not exists(name)
    ] == []


def names(text: str, ours: set[str]) -> Iterator[str]:
    """Full names from the packages `ours` in a script, and in scripts among its texts."""
    full: dict[str, str] = {}
    nodes = list(ast.walk(ast.parse(text)))
    for node in nodes:
        if isinstance(node, ast.Import):
            full |= {one.asname or one.name: one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            full |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    full = {here: name for here, name in full.items() if name.partition(".")[0] in ours}
    yield from full.values()
    # A name that means something else elsewhere in the script is not followed further.
    other = {node.arg for node in nodes if isinstance(node, ast.arg)}
    other |= {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    full = {here: name for here, name in full.items() if here not in other}
    for node in nodes:
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in full and re.fullmatch(r"[\w.]+", rest):
                yield f"{full[first]}.{rest}"
        elif isinstance(node, ast.Constant) and "import daybreak" in str(node.value):
            with contextlib.suppress(SyntaxError):  # prose
                yield from names(node.value, ours)


def exists(name: str) -> bool:
    """Whether a full name leads to something."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_names_are_seen():
    """A name that is missing is told, in a function, after a dot, and in a script's text."""
    text = """
import daybreak as dk
SCRIPT = "import daybreak as dk; dk.Gone()"
def later():
    from daybreak.report.canvas import gone
    return dk.Results.verdict, dk.run, dk.Results.lost
"""

    assert {name for name in names(text, {"daybreak"}) if not exists(name)} == {
        "daybreak.Gone",
        "daybreak.report.canvas.gone",
        "daybreak.Results.lost",
    }


def test_targets():
    """What a target of make starts with Python is a file or a module that there is."""
    text = (ROOT / "Makefile").read_text()
    files = re.findall(r"\$\(BIN\)/python (\S+\.py)", text)
    modules = re.findall(r"\$\(BIN\)/python -m ([\w.]+)", text)

    assert len(files) + len(modules) == text.count("$(BIN)/python ")
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert [name for name in modules if not exists(name)] == []
