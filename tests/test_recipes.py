"""The five recipes, carried out as written: by a stranger, and within a copy of the package."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import daybreak as dk
from daybreak import extending
from tests.strangers import installed

ROOT = Path(__file__).parents[1]
SOURCE = Path(dk.__file__).parent
OUTSIDE = (ROOT / "docs" / "extending.md").read_text()
INSIDE = (ROOT / "CONTRIBUTING.md").read_text().partition("## Five recipes")[2]
FILES = {
    m[1]: m[2]
    for m in re.finditer(r"^```python\n# (\w+\.py)\n(.*?)^```$", OUTSIDE, re.MULTILINE | re.DOTALL)
}
"""What a stranger writes, by name."""
ENTRIES = re.findall(
    r'^\[project\.entry-points\."(\S+)"\]\n(\w+) = "(\S+)"$', OUTSIDE, re.MULTILINE
)
MOST = {
    "a local optimiser": 2,
    "a search method": 2,
    "a noise": 2,
    "a finding with a picture": 3,
    "a column": 2,
}
"""Most files that a recipe may touch within the package."""
STUDY = """
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import daybreak as dk
{imports}

X = np.arange(6.0)
data = dk.observations([0.1, 1.0, 2.1, 2.9, 4.0, 9.0], 0.1, noise=Hyperbolic())
line = dk.FitProblem([dk.Parameter("k", 0, 10), dk.Parameter("a", -1, 1)],
                     lambda p, settings: p.k * X + p.a, data)
bowl = dk.SearchProblem(
    [dk.Parameter("a", -1, 1), dk.Parameter("b", -1, 1)],
    lambda c, trial: {{"loss": (c.a - 0.5) ** 2 + c.b**2}},
    dk.Objective("loss"),
    baselines=[dk.Baseline("middle", configuration={{"a": 0.0, "b": 0.0}})],
    deterministic=True,
)
studies = [
    dk.Study("line", line, dk.MultiStart(4, fit=Compass()),
             [dk.Criterion("chi2", at_most=100)]),
    dk.Study("profile", line, dk.Profile("k", points=5, starts=2, fit=Compass())),
    dk.Study("bowl", bowl, Grid(each=5)),
]
"""
OUTSIDER = STUDY.format(
    imports="""from compass import Compass
from grid import Grid
from hyperbolic import Hyperbolic


@dataclass(frozen=True)
class Own(Compass):
    name = "own"

    def minimise(self, objective):
        if Path("kill").exists():
            with Path("kill").open("a") as file:
                file.write(".")
            if Path("kill").stat().st_size == 3:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().minimise(objective)"""
) + (
    """
campaign = dk.Campaign("extended", studies)
own = dk.Campaign("own", [dk.Study("line", line, dk.MultiStart(4, fit=Own()))])
"""
)
INSIDER = STUDY.format(imports="from daybreak import Compass, Grid, Hyperbolic") + (
    """
assert sorted(dk._HOMES) == dk.__all__
assert Path(dk.__file__).is_relative_to(Path(__file__).parent)
campaign = dk.Campaign("extended", studies)
"""
)


def call(place, *words, path, but=0):
    """The command line in a process of its own, with some folders on the path."""
    start = "from daybreak.cli import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", start, *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
    )
    assert found.returncode == but, found.stdout + found.stderr
    return found.stdout + found.stderr


def check(place, run):
    """Every thing that was added stands in the outputs of a run."""
    summary = json.loads((run / "summary.json").read_text())
    page, text = ((run / name).read_text() for name in ("report.html", "report.md"))
    studies = {study["name"]: study for study in summary["studies"]}
    assert studies["line"]["method"] == "4 starts by compass"
    assert studies["profile"]["method"].endswith("starts by compass each")
    assert studies["bowl"]["method"] == "search by grid"
    assert studies["line"]["best"]["chi2"] == pytest.approx(studies["profile"]["best"]["chi2"])
    assert studies["line"]["metrics"]["statistic"] == "the deviance of hyperbolic noise"
    assert 0 < studies["line"]["metrics"]["p_value"] < 1
    assert studies["bowl"]["search"]["best"]["configuration"] == {"a": 0.5, "b": 0.0}
    assert studies["bowl"]["search"]["baselines"][0]["name"] == "middle"
    loud = [one for one in studies["line"]["findings"] if one["code"] == "loud_residual"]
    assert loud[0]["artifact"]["name"] == "Shares of chi2"
    assert "Shares of chi2" in page
    assert "4 starts by compass" in page
    assert re.search(r"<th[^>]*>\s*trials", page)
    rows = [re.split(r" *\| *", row)[1:-1] for row in text.splitlines() if row.startswith("| ")]
    head = next(row for row in rows if row[:2] == ["study", "verdict"])
    (bowl_row,) = (row for row in rows if row[:2] == ["bowl", "UNDECIDED"])
    assert bowl_row[head.index("trials")] == "25"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A folder with the five files, offered as an installed package, and a study beside them."""
    place = tmp_path_factory.mktemp("stranger")
    broken = {"broken.py": "def __getattr__(name):\n    raise OSError('it rained')\n"}
    groups = [f"[{group}]\n{name} = {value}\n" for group, name, value in ENTRIES]
    groups[-1] += "wet = broken:COLUMN\n"
    site = installed(place / "site", FILES | broken, "".join(groups), "1.0")
    (place / "study.py").write_text(OUTSIDER)
    told = call(place, "run", "study.py", "--workers", "2", path=[site, SOURCE.parent])
    return place, site, told


def test_outside_is_one_file_each():
    """A stranger's five things are five files of at most 35 lines, three with an entry point."""
    assert list(FILES) == ["compass.py", "grid.py", "hyperbolic.py", "loudness.py", "trials.py"]
    assert max(len(code.strip().splitlines()) for code in FILES.values()) <= 35
    assert [group for group, _, _ in ENTRIES] == [
        "daybreak.noises",
        "daybreak.diagnoses",
        "daybreak.columns",
    ]


def test_extending_is_whole():
    """`daybreak.extending` is sorted, documented, and names all that the five files import."""
    assert extending.__all__ == sorted(set(extending.__all__), key=_as_ruff_sorts)
    for name in extending.__all__:
        assert getattr(extending, name) is not None
    wanted = {
        alias.name
        for code in FILES.values()
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and node.module == "daybreak.extending"
        for alias in node.names
    }
    assert wanted <= set(extending.__all__)
    used = set(re.findall(r"from (\S+) import|import (\S+)", "".join(FILES.values())))
    assert {a or b for a, b in used if (a or b).startswith("daybreak")} <= {
        "daybreak.extending",
        "daybreak",
    }


def _as_ruff_sorts(name):
    return (not name.isupper(), not name[0].isupper(), name)


def test_outside(stranger):
    """All five come through a night with workers, and through a report in a fresh process."""
    place, site, told = stranger
    run = place / "runs" / "extended"
    check(place, run)
    assert re.search(r"PASS +line +chi2=79\.4", told)
    (run / "report.html").unlink()
    before = json.loads((run / "summary.json").read_text())

    told = json.loads(call(place, "report", "runs/extended", "--json", path=[site, SOURCE.parent]))
    check(place, run)
    assert told["studies"] == before["studies"]
    assert "'wet' of stranger 1.0 raised OSError: it rained." in (run / "report.md").read_text()


def test_noise_that_nobody_can_read(stranger):
    """A record whose noise nobody here can read is refused with who declared it."""
    place, _, _ = stranger

    told = call(place, "report", "runs/extended", path=[SOURCE.parent], but=2)

    assert "nobody here can read the noise 'Hyperbolic', which hyperbolic:Hyperbolic" in told


def test_killed_and_made_again(stranger):
    """An optimiser of the study file itself goes on after a kill, and its best is made again."""
    place, site, _ = stranger
    path = [site, SOURCE.parent]
    call(place, "run", "study.py:own", "--dir", "whole", path=path)
    (place / "kill").touch()
    call(place, "run", "study.py:own", "--dir", "killed", path=path, but=-9)
    (place / "kill").unlink()
    call(place, "run", "study.py:own", "--dir", "killed", path=path)
    whole, killed = (
        json.loads((place / name / "summary.json").read_text())["studies"][0]["best"]
        for name in ("whole", "killed")
    )
    call(place, "export", "best", "killed", "-o", "best.json", path=path)

    assert killed == whole
    assert "bit for bit as exported" in call(place, "rerun", "best.json", path=path)


# -- within a copy of the package ----------------------------------------------------------


def homes():
    """Where each name of `daybreak.extending` is declared."""
    return {
        alias.name: node.module
        for node in ast.walk(ast.parse(Path(extending.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("daybreak.")
        for alias in node.names
    }


def at_home(code):
    """The code of a stranger with every name imported from its home."""

    def rewritten(match):
        names = [name.strip() for name in match[1].split(",")]
        return "\n".join(f"from {homes()[name]} import {name}" for name in names)

    return re.sub(r"^from daybreak\.extending import (.*)$", rewritten, code, flags=re.MULTILINE)


def published(text, name, module):
    """The public face with one name more, in three lines as CONTRIBUTING shows them."""
    for shown, after in (
        (f"    from daybreak.{module} import {name} as {name}\n", "if TYPE_CHECKING:\n"),
        (f'    "{name}": "{module}",\n', "_HOMES = {\n"),
        (f'    "{name}",\n', "__all__ = [\n"),
    ):
        head, found, tail = text.partition(after)
        assert found
        end = re.search(r"^\S|\n\n", tail, re.MULTILINE).start() + (after[-2] == ":")
        lines = sorted([*tail[:end].splitlines(keepends=True), shown], key=str)
        text = head + found + "".join(lines) + tail[end:]
    return text


def patched(text, diff):
    """A text with the lines of a diff replaced, each hunk found exactly once."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def recipe(title, copy):
    """Carry one recipe out in a copy of the package."""
    row = re.search(rf"^\| {title} \| (.*) \|$", INSIDE, re.MULTILINE)[1]
    named = re.findall(r"`src/daybreak/(\S+)`", row)
    for file in named:
        path = copy / file
        stated = re.search(
            rf"^```python\n# src/daybreak/{file}\n(.*?)^```$", INSIDE, re.MULTILINE | re.DOTALL
        )
        diff = re.search(
            rf"`src/daybreak/{file}`[^`]*?\n\n```diff\n(.*?)^```$",
            INSIDE,
            re.MULTILINE | re.DOTALL,
        )
        diff = diff or re.search(
            rf"`src/daybreak/{file}` names it.*?```diff\n(.*?)^```$",
            INSIDE,
            re.MULTILINE | re.DOTALL,
        )
        if file == "__init__.py":
            new = named[0]
            name = re.search(r"^class (\w+)", FILES[Path(new).name], re.MULTILINE)[1]
            module = new.removesuffix(".py").replace("/", ".")
            path.write_text(published(path.read_text(), name, module))
        elif path.exists():
            path.write_text(patched(path.read_text(), diff[1]))
        else:
            path.write_text(stated[1] if stated else at_home(FILES[path.name]))


def contents(copy):
    """Every file of a copy with what it holds."""
    return {
        path.relative_to(copy).as_posix(): path.read_bytes()
        for path in copy.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_inside(tmp_path):
    """Within the package the recipes touch at most 2, 2, 2, 3, 2 files, and all of them work."""
    copy = tmp_path / "src" / "daybreak"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    touched = {}
    for title in MOST:
        before = contents(copy)
        recipe(title, copy)
        after = contents(copy)
        touched[title] = sorted(name for name in after if after[name] != before.get(name))
    (tmp_path / "study.py").write_text(INSIDER)
    call(tmp_path, "run", "study.py", path=[tmp_path / "src"])

    assert {title: len(names) for title, names in touched.items()} == {
        "a local optimiser": 2,
        "a search method": 2,
        "a noise": 2,
        "a finding with a picture": 3,
        "a column": 1,
    }
    assert all(len(names) <= MOST[title] for title, names in touched.items())
    written = [copy / name for names in touched.values() for name in names]
    assert not any("daybreak.extending import" in path.read_text() for path in written)
    check(tmp_path, tmp_path / "runs" / "extended")
