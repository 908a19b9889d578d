"""A machine without JAX reads every report, and runs every NumPy study."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
REPORT = ["report.html", "report.md", "summary.json"]
BLOCK = '''
import sys


class NoJax:
    """Refuses to find JAX, as a machine without it does."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("jax", "jaxlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


sys.meta_path.insert(0, NoJax())
'''
STUDY = """
import {xp} as xp
import numpy as np
import daybreak as dk

TIME = np.linspace(0.0, 3.0, 12)


def predict(p, settings):
    return p.a * xp.exp(-p.k * TIME)


def derive(p, settings):
    return {{"half_life": xp.log(2.0) / p.k}}


problem = dk.FitProblem(
    [dk.Parameter("a", 0, 5), dk.Parameter("k", 0.1, 5, scale="log", unit="1/s")],
    predict,
    dk.observations(2.0 * np.exp(-0.7 * TIME) + 0.02 * np.cos(9 * TIME), 0.02),
    derive=derive,
    units={{"half_life": "s"}},
)
accept = [dk.Criterion("p_value", at_least=0.01), dk.Criterion("identified", of="k")]
campaign = dk.Campaign("decay", [dk.Study("k", problem, dk.Profile("k", points=7), accept)])
"""


@pytest.fixture
def without_jax(tmp_path):
    """Call a command in an interpreter that cannot import JAX."""
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(BLOCK)
    path = os.pathsep.join([str(hook), *filter(None, [os.environ.get("PYTHONPATH")])])

    def call(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
            capture_output=True,
            check=False,
        )

    refused = call("-c", "import jax")
    assert "No module named 'jax'" in refused.stderr
    return lambda *words: call("-m", "daybreak.cli", *map(str, words))


def test_report_of_a_jax_study(tmp_path, without_jax):
    """Reading needs no JAX, and a report rebuilt without it is the run's own, byte for byte."""
    (tmp_path / "decay.py").write_text(STUDY.format(xp="jax.numpy"))
    made = subprocess.run(
        [sys.executable, "-m", "daybreak.cli", "run", "decay.py"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    assert made.returncode == 0, made.stderr
    directory = tmp_path / "runs/decay"
    written = {name: (directory / name).read_bytes() for name in REPORT}
    assert json.loads(written["summary.json"])["verdict"] == "PASS"
    for name in REPORT:
        (directory / name).unlink()

    found = {name: without_jax(name, "decay") for name in ("status", "report", "verdict")}
    found["export"] = without_jax("export", "trials", "decay")

    for name, process in found.items():
        assert process.returncode == 0, (name, process.stderr)
        assert process.stderr == ""
    assert {name: (directory / name).read_bytes() for name in REPORT} == written
    assert "finished  PASS       k" in found["status"].stdout
    assert made.stdout.startswith(found["verdict"].stdout.rstrip("\n"))
    assert "derived.half_life" in found["export"].stdout.splitlines()[0]


def test_numpy_example(tmp_path, without_jax):
    """The NumPy example runs from start to end on a machine without JAX."""
    process = without_jax("run", EXAMPLES / "two_rates.py", "--dir", "night")

    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("PASS")
    assert (tmp_path / "night/report.html").is_file()


def test_jax_study(tmp_path, without_jax):
    """A study that needs JAX says so in a sentence, and leaves nothing behind."""
    (tmp_path / "decay.py").write_text(STUDY.format(xp="jax.numpy"))
    process = without_jax("run", "decay.py")

    assert process.returncode == 2
    assert process.stderr == (
        "daybreak: decay.py, line 2 raised ModuleNotFoundError: No module named 'jax'\n"
    )
    assert not (tmp_path / "runs").exists()
