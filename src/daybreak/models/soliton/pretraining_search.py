"""Pre-training alone: networks for points of a box, kept, and compared with plain guesses."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

import daybreak as dk

from .condensate import filled
from .heartbeat import Heartbeat
from .landscape import landscape
from .octaves import CELLS, N_OCTAVES, RADIUS, octave_problem
from .pretraining import Network, compared_guesses, trained, worth
from .search_boxes import CONDENSED, Box, octaves_of, searched

FILE = "weights.pkl"


def pretraining_problem(box: Box = CONDENSED) -> dk.SearchProblem:
    """Iterations that a network's guess saves, at points of a box where octaves condense."""
    return dk.SearchProblem(
        parameters=searched(box),
        evaluate=evaluate,
        objectives=dk.Objective("iterations_saved", "maximise"),
        settings={"n_octaves": N_OCTAVES, "cells": CELLS, "radius": RADIUS},
        name="pretraining",
    )


def evaluate(configuration: Any, trial: Any) -> dict[str, float]:
    """Train, keep the weights, and begin Newton's method from three guesses."""
    s = trial.settings
    n = int(s.n_octaves)
    problem = octave_problem(octaves_of(configuration), n, float(s.radius), int(s.cells))
    with Heartbeat(trial.directory, f"seed {trial.seed}") as beat:
        beat("training")
        network = _network(problem, trial)
        beat("comparison")
        guesses = compared_guesses(
            problem,
            {
                "original": lambda: [lambda r: 1.5 * np.exp(-r / 3)] * n + [0.5],
                "minimum of V": lambda: filled(problem, landscape(problem, 32).lowest),
                "network": lambda: network.fields(problem),
            },
        )
    original, plain, made = guesses
    judged = worth(made.after(network.seconds), plain)
    trial.record(**{judged.code: judged.sentence})
    curve = {"energy": network.losses}
    trial.attach(dk.Curve("training", np.arange(network.losses.size), curve, "iteration", "E"))
    return {
        "iterations_saved": float(original.iterations - made.iterations),
        "original_iterations": float(original.iterations),
        "plain_iterations": float(plain.iterations),
        "network_iterations": float(made.iterations),
        "lower_by": plain.energy - made.energy,
    }


def _network(problem: Any, trial: Any) -> Network:
    """The network of this trial: trained, or restored where an earlier attempt had finished it."""
    kept = trial.restore()
    if kept is not None:
        return pickle.loads(kept)  # noqa: S301 - written by this very trial
    network = trained(problem, seed=trial.seed % 2**32)
    trial.checkpoint(pickle.dumps(network))
    file = trial.directory / FILE
    file.write_bytes(pickle.dumps(network.weights))
    trial.attach(file)
    return network
