"""The public face: its names, what importing costs, and the shape of the house behind it."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import daybreak as dk

SOURCE = Path(dk.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
CORE = [path for path in FILES if "models" not in path.relative_to(SOURCE).parts]
HEAVY = {"numpy", "jax", "jaxlib", "scipy", "optuna", "matplotlib"}


def test_names():
    """The public names are sorted, unique, at most 55, and every one resolves."""
    assert dk.__all__ == sorted(set(dk.__all__))
    assert len(dk.__all__) <= 55
    assert dir(dk) == dk.__all__
    assert sorted(dk._HOMES) == dk.__all__
    for name in dk.__all__:
        assert getattr(dk, name) is not None


def test_names_have_one_home():
    """Checkers and readers see the same names as Python: the lazy table and the typed imports."""
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    typed = {
        alias.asname: f"{node.module.removeprefix('daybreak.')}:{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("daybreak.")
        for alias in node.names
    }
    lazy = {n: home if ":" in home else f"{home}:{n}" for n, home in dk._HOMES.items()}

    assert typed == lazy


@pytest.mark.parametrize("name", dk.__all__)
def test_docstrings(name):
    """Every public class and function says what it is."""
    found = getattr(dk, name)

    assert inspect.isclass(found) or callable(found)
    assert inspect.getdoc(found)
    own = found.__doc__ or ""
    assert own.strip().splitlines()[0].endswith((".", "?")), own


def test_unknown_name():
    """A name that is not there is answered with those that are."""
    with pytest.raises(
        AttributeError, match=r"no attribute 'Fit'; it offers Baseline, .*, sample\."
    ):
        _ = dk.Fit


def test_version():
    """The version is that of the package."""
    assert dk.__version__[0].isdigit()


def loaded_by(code, *words):
    """Names of the modules that some code loads in a new interpreter."""
    tell = (
        "import atexit, json, sys\natexit.register(lambda: print(json.dumps(list(sys.modules))))"
    )
    found = subprocess.run(
        [sys.executable, "-c", f"{tell}\n{code}", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.partition(".")[0] for name in json.loads(found.stdout.splitlines()[-1])}


def test_import_is_light():
    """Importing Daybreak loads no library at all."""
    loaded = loaded_by("import daybreak")

    assert "daybreak" in loaded
    assert loaded & {*HEAVY, "pydantic", "sqlalchemy", "typer", "rich", "jinja2"} == set()


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_help_is_light(words):
    """Help is there without waiting for arrays, derivatives or pictures."""
    loaded = loaded_by("from daybreak.cli import main\nmain()", *words)

    assert "typer" in loaded
    assert loaded & HEAVY == set()


def imports(path):
    """Modules that a file imports; those of its own package begin with a dot."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            if module != "daybreak":
                yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_core_knows_no_application(path):
    """No core file imports the public face or an application; the command line asks lazily."""
    found = set(imports(path))
    assert not any(name.startswith((".", "daybreak.models")) for name in found)
    face = {f"daybreak.{name}" for name in dk.__all__}
    if path.name != "cli.py" and path.parent.name != "commands":
        assert found & face == set()


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_word_of_an_application_in_the_core(path):
    """The core speaks of parameters and data, never of what a model is about."""
    assert re.findall(r"(?i)\w*(?:lepton|electron|muon|vortex|soliton)\w*", path.read_text()) == []


def test_applications_stand_on_the_public_face():
    """An application imports Daybreak's public names and its own siblings, nothing private."""
    for path in (SOURCE / "models").rglob("*.py"):
        for name in imports(path):
            if name.startswith("daybreak.") and not name.startswith("daybreak.models"):
                assert name.removeprefix("daybreak.") in dk.__all__, path
