"""Memory: what is foretold is what XLA takes, and a trial stays within what it is given."""

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import daybreak as dk
from daybreak.models.forecasting.architecture import Architecture
from daybreak.models.forecasting.batching import (
    GIB,
    PROCESS_GIB,
    memory,
    micro_batch,
    original_micro_batch,
)
from daybreak.models.forecasting.grid import LARGE
from daybreak.models.forecasting.peak import invented
from daybreak.models.forecasting.recipe import Recipe
from daybreak.models.forecasting.steps import Dials, Form, Rows, beginning, epoch_of_one

TWO_GB = 2e9 / GIB


def counted(shape, recipe):
    """Bytes that XLA reserves for an epoch: arguments, and all that is temporary."""
    data = invented(shape, 2 * recipe.batch_size)
    rows = Rows.of(data)
    dials, form = Dials.of(recipe, len(data.last)), Form.of(recipe)
    state = jax.eval_shape(lambda key: beginning(shape, key), jax.random.key(0))
    compiled = epoch_of_one.lower(state, rows, jax.random.key(1), dials, form).compile()
    found = compiled.memory_analysis()
    return found.argument_size_in_bytes + found.temp_size_in_bytes


@pytest.mark.parametrize(
    ("shape", "recipe"),
    [
        (Architecture(64, 48, 8, 256), Recipe(batch_size=256, micro_batch=64)),
        (Architecture(64, 2, 16, 128, context=240), Recipe(batch_size=64, precision="bfloat16")),
    ],
    ids=["deep, added up", "long, bfloat16"],
)
def test_foretold_is_counted(shape, recipe):
    """XLA's own count lies between 0.8 and 1 times the estimate."""
    found = memory(
        shape, recipe.micro, accumulated=recipe.micro_batch is not None, precision=recipe.precision
    )

    assert 0.8 * found.step < counted(shape, recipe) <= found.step


def test_the_most_that_fits():
    """The answer divides a step, fits, and twice as many do not."""
    for shape in LARGE.shapes("20M")[::4]:
        found = micro_batch(shape, 256, 3.0, backend="cpu")
        more = memory(shape, 2 * found, accumulated=2 * found < 256, backend="cpu")

        assert 256 % found == 0
        assert PROCESS_GIB + memory(shape, found, accumulated=True).gib <= 3.0 or found == 256
        assert PROCESS_GIB + more.gib > 3.0 or found == 256
    assert micro_batch(Architecture(8, 2, 2, 16), 96, 64.0) == 96


def test_what_makes_it_larger():
    """Width, depth, heads, context, windows and seeds all cost; short numbers save where kept."""
    usual = memory(Architecture(64, 4, 4, 256), 64, backend="gpu").gib
    for shape in (
        Architecture(128, 4, 4, 256),
        Architecture(64, 8, 4, 256),
        Architecture(64, 4, 16, 256),
        Architecture(64, 4, 4, 512),
        Architecture(64, 4, 4, 256, context=120),
    ):
        assert memory(shape, 64, backend="gpu").gib > usual
    usual_shape = Architecture(64, 4, 4, 256)
    assert memory(usual_shape, 128, backend="gpu").gib > usual
    assert memory(usual_shape, 64, seeds=2, backend="gpu").gib > 2 * usual
    short = memory(usual_shape, 64, precision="bfloat16", backend="gpu").gib
    assert 0.5 * usual < short < 0.7 * usual
    assert memory(usual_shape, 64, precision="bfloat16", backend="cpu").gib == pytest.approx(
        memory(usual_shape, 64, backend="cpu").gib
    )


def test_what_does_not_fit():
    """Where one window is too many, the sentence says how much is needed."""
    shape = Architecture(2048, 32, 16, 8192)
    with pytest.raises(dk.ProblemError, match=r"1,612,048,385 parameters needs 4\d\.\d\d GiB"):
        micro_batch(shape, 256, 16.0)
    with pytest.raises(dk.ProblemError, match="`memory_gib > 0`"):
        micro_batch(shape, 256, float("nan"))


def test_the_original_rule():
    """Its table by d^2 L / 1e9, at both sides of every bar."""
    rule = {
        (316, 1001): 256,
        (317, 1001): 128,
        (1024, 256): 128,
        (1024, 512): 64,
        (1536, 768): 32,
        (2048, 1024): 16,
    }
    for (d, layers), windows in rule.items():
        assert original_micro_batch(Architecture(d, layers, 1, 2 * d)) == windows


SCRIPT = """
import dataclasses, json, resource
from pathlib import Path
from daybreak.models.forecasting import dataset
from daybreak.models.forecasting.batching import micro_batch
from daybreak.models.forecasting.recipe import Recipe
from daybreak.models.forecasting.training import train
from daybreak.models.forecasting.architecture import Architecture

shape, kept = Architecture(192, 5, 8, 768), []
data = dataset("sp500")
few = dataclasses.replace(data.train, **{name: getattr(data.train, name)[:512]
                                         for name in ("last", "labels", "dates")})
recipe = Recipe(batch_size=256, epochs=1, micro_batch=micro_batch(shape, 256, TWO_GB))
done = train(shape, recipe, few, data.validation_a, checkpoint=kept.append)
done.probabilities(data.validation_b)
# What Linux tells of a process by getrusage includes the process that started it.
status = Path("/proc/self/status")
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
if status.exists():
    most = 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
print(json.dumps([shape.parameters, recipe.micro, most]))
"""


def test_two_million_parameters_within_two_gigabytes():
    """A process that trains 2.3 million parameters on real data stays below 2 GB, all in all."""
    unit = 1 if sys.platform == "darwin" else 1024
    script = SCRIPT.replace("TWO_GB", repr(TWO_GB)).replace("UNIT", str(unit))
    # Writing what was compiled to a cache, or reading it, is no part of a training.
    there = {name: value for name, value in os.environ.items() if "COMPILATION_CACHE" not in name}
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, check=True, env=there)
    parameters, micro, most = json.loads(told.stdout)

    assert parameters == 2_279_041
    assert micro == 256
    assert most < 2e9
    foretold = PROCESS_GIB + memory(Architecture(192, 5, 8, 768), 256).gib
    assert np.isclose(most / GIB, foretold, rtol=0.25)
