"""Training: every number of a recipe acts, the best epoch is kept, and a kill costs one epoch."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.models.forecasting.architecture import Architecture
from daybreak.models.forecasting.recipe import Recipe
from daybreak.models.forecasting.steps import (
    Dials,
    Form,
    Rows,
    beginning,
    epoch_of_one,
    forecast,
    losses,
    rate_at,
)
from daybreak.models.forecasting.training import Course, train

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(500, 3)).astype(np.float32)
SHAPE = Architecture(8, 1, 2, 16, features=3, context=10, patch=5, stride=5)
RECIPE = Recipe(batch_size=32, epochs=12, learning_rate=2e-2, warmup_steps=4, patience=4)


def samples(first, last):
    """A region whose label is whether the newest first feature is large."""
    rows = np.arange(first, last)
    labels = (FEATURES[rows, 0] > 0.3).astype(np.float32)
    return SimpleNamespace(features=FEATURES, last=rows, labels=labels, context=10)


LEARN, CHOOSE = samples(10, 330), samples(330, 490)


def after_an_epoch(**changes):
    """Forecasts after one epoch of a changed recipe."""
    recipe = dataclasses.replace(RECIPE, **changes)
    rows, dials, form = Rows.of(LEARN), Dials.of(recipe, 320), Form.of(recipe)
    state, _ = epoch_of_one(
        beginning(SHAPE, jax.random.key(0)), rows, jax.random.key(1), dials, form
    )
    return np.array(forecast(state.network, Rows.of(CHOOSE)))


@pytest.fixture(scope="module")
def usual():
    """Forecasts after one epoch of the usual recipe."""
    return after_an_epoch()


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 2e-3},
        {"weight_decay": 0.1},
        {"warmup_steps": 40},
        {"dropout": 0.3},
        {"batch_size": 64},
        {"epochs": 4},
        {"focal": (2.0, 0.25)},
        {"schedule": "constant"},
    ],
)
def test_every_number_acts(usual, change):
    """Whatever is changed in a recipe changes the network."""
    assert np.abs(after_an_epoch(**change) - usual).max() > 1e-5


def test_the_same_again(usual):
    """A seed decides everything."""
    assert np.array_equal(after_an_epoch(), usual)


def test_micro_batches_add_up():
    """Four micro-batches are one batch, in the last and smaller step as well."""
    whole = after_an_epoch(dropout=0.0, batch_size=96)
    parts = after_an_epoch(dropout=0.0, batch_size=96, micro_batch=24)

    assert 320 % 96
    np.testing.assert_allclose(parts, whole, atol=1e-4)


def test_weight_decay_shrinks():
    """Its steps are `learning rate * decay` of the weight, whatever the gradient says."""
    few = dataclasses.replace(RECIPE, schedule="constant", warmup_steps=0, dropout=0.0)
    rows = Rows.of(samples(10, 42))
    found = []
    for decay in (0.0, 0.5):
        dials = Dials.of(dataclasses.replace(few, weight_decay=decay), 32)
        begun = beginning(SHAPE, jax.random.key(0))
        before = np.array(begun.network.patch[0])
        state, _ = epoch_of_one(begun, rows, jax.random.key(1), dials, Form.of(few))
        found.append(np.array(state.network.patch[0]))

    np.testing.assert_allclose(found[1] - found[0], -2e-2 * 0.5 * before, atol=1e-6)


def test_rate():
    """The learning rate rises to its value in `warmup_steps` steps and falls to 0 at the end."""
    dials = Dials.of(RECIPE, 320)
    rates = [float(rate_at(jnp.float32(step), dials, "cosine")) for step in range(121)]

    np.testing.assert_allclose(rates[:5], 2e-2 * np.array([0.2, 0.4, 0.6, 0.8, 1.0]), rtol=1e-6)
    assert max(rates) == rates[4]
    assert rates[120] == pytest.approx(0.0, abs=1e-9)


def test_focal_loss():
    """With gamma 0 and alpha 1/2 it is half the cross-entropy; gamma tames what is certain."""
    logits, labels = jnp.linspace(-4, 4, 9), jnp.array([0.0, 1.0] * 4 + [1.0])
    half = Dials.of(dataclasses.replace(RECIPE, focal=(0.0, 0.5)), 1)
    sharp = Dials.of(dataclasses.replace(RECIPE, focal=(2.0, 0.25)), 1)
    plain = losses(logits, labels, half, focal=False)
    chance = jnp.where(labels > 0, jax.nn.sigmoid(logits), 1 - jax.nn.sigmoid(logits))
    weight = jnp.where(labels > 0, 0.25, 0.75)

    np.testing.assert_allclose(plain, -jnp.log(chance), rtol=1e-5)
    np.testing.assert_allclose(losses(logits, labels, half, focal=True), plain / 2, rtol=1e-6)
    np.testing.assert_allclose(
        losses(logits, labels, sharp, focal=True),
        -weight * (1 - chance) ** 2 * jnp.log(chance),
        rtol=1e-4,
    )


@pytest.fixture(scope="module")
def trained():
    """Two seeds, and every checkpoint."""
    found = []
    return train(SHAPE, RECIPE, LEARN, CHOOSE, seeds=(0, 1), checkpoint=found.append), found


def test_it_learns(trained):
    """A task that can be learnt is learnt, far better than by a constant."""
    forecasts = trained[0].probabilities(CHOOSE)
    rate = CHOOSE.labels.mean()

    assert forecasts.shape == (2, 160)
    for one in forecasts:
        entropy = -np.log(np.where(CHOOSE.labels > 0, one, 1 - one)).mean()
        assert entropy < 0.5 * -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))


def test_the_best_epoch_is_kept(trained):
    """Networks are those of their best epochs, and the curve says which that was."""
    forecasts = trained[0].probabilities(CHOOSE).astype(float)
    for one, course in zip(forecasts, trained[0].courses, strict=True):
        entropy = -np.log(np.where(CHOOSE.labels > 0, one, 1 - one)).mean()
        assert course.best == int(np.argmin(course.validation))
        assert entropy == pytest.approx(course.validation[course.best], rel=1e-5)


def test_seeds_together_are_seeds_alone(trained):
    """Networks that are trained side by side are those that are trained alone."""
    alone = train(SHAPE, RECIPE, LEARN, CHOOSE, seeds=(1,))

    np.testing.assert_allclose(
        alone.courses[0].validation, trained[0].courses[1].validation, rtol=1e-4
    )


def test_it_goes_on_from_a_checkpoint(trained):
    """From any checkpoint the rest is the same, bit for bit."""
    whole, found = trained
    for place in (0, 4, len(found) - 1):
        again = train(
            SHAPE, RECIPE, LEARN, CHOOSE, seeds=(0, 1), restore=lambda place=place: found[place]
        )
        assert again.courses == whole.courses
        assert np.array_equal(again.probabilities(CHOOSE), whole.probabilities(CHOOSE))


def test_a_checkpoint_of_something_else_is_refused(trained):
    """Another recipe does not go on from there."""
    other = dataclasses.replace(RECIPE, dropout=0.2)
    with pytest.raises(dk.ProblemError, match="another training"):
        train(SHAPE, other, LEARN, CHOOSE, seeds=(0, 1), restore=lambda: trained[1][0])


def test_stopping():
    """Training ends when nothing was gained for a while, or when the loss is no number."""
    course, recipe = Course(), Recipe(patience=2, min_delta=0.01, epochs=9)
    gains = [course.learn(0.5, loss, recipe) for loss in (0.5, 0.4, 0.395, 0.41)]

    assert gains == [True, True, False, False]
    assert (course.best, course.ended) == (1, "converged")
    broken = Course()
    broken.learn(float("nan"), float("nan"), recipe)
    assert (broken.best, broken.ended) == (-1, "diverged")


FILE = '''
"""Trains a network in a trial that is killed after its third epoch, once."""
import os, signal
import daybreak as dk
from tests.models.test_forecasting_training import CHOOSE, LEARN, RECIPE, SHAPE, train

def evaluate(c, trial):
    epochs = []
    def told(epoch, learnt, chosen):
        epochs.append(epoch)
        if epoch == 3 and DIES and not os.path.exists("killed"):
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    done = train(SHAPE, RECIPE, LEARN, CHOOSE, checkpoint=trial.checkpoint,
                 restore=trial.restore, on_epoch=told)
    trial.record(first_epoch=epochs[0])
    return {"loss": min(done.courses[0].validation) + 0 * c.x}

problem = dk.SearchProblem([dk.Parameter("x", 0, 1)], evaluate, dk.Objective("loss"),
                           deterministic=True, precision="single")
campaign = dk.Campaign("training", [dk.Study("s", problem, dk.Search("random", trials=1))])
'''


def test_a_killed_training_ends_with_the_same_loss(tmp_path):
    """SIGKILL costs at most one epoch; the final loss is that of a training left alone."""
    found = {}
    for name, kill in (("left alone", False), ("killed", True)):
        place = tmp_path / name
        place.mkdir()
        (place / "training.py").write_text(FILE.replace("DIES", str(kill)))
        command = [sys.executable, "-m", "daybreak.cli", "run", "training.py", "--dir", "night"]
        ended = [
            subprocess.run(
                command,
                cwd=place,
                capture_output=True,
                check=False,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            ).returncode
            for _ in range(1 + kill)
        ]
        assert ended == ([-signal.SIGKILL, 0] if kill else [0])
        best = dk.open(place / "night")["s"].search.best
        found[name] = best.metrics["loss"]
        assert best.recorded["first_epoch"] == (4 if kill else 0)

    assert found["killed"] == found["left alone"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"learning_rate": 0.0}, "learning_rate > 0"),
        ({"dropout": 1.0}, "0 <= dropout < 1"),
        ({"micro_batch": 30}, "a multiple of micro_batch"),
        ({"focal": (1.0, 1.0)}, "alpha < 1"),
    ],
)
def test_refused_recipes(change, told):
    """A number that makes no sense is refused with the rule."""
    with pytest.raises(dk.ProblemError, match=told):
        dataclasses.replace(RECIPE, **change)


def test_data_for_another_network_are_refused():
    """A wrong number of features is an error, never adapted to."""
    other = dataclasses.replace(SHAPE, features=4)
    with pytest.raises(dk.ProblemError, match="3 features and windows of 10 days"):
        train(other, RECIPE, LEARN, CHOOSE)
