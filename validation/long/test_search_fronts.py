"""Fronts of published test problems, beside Optuna's own NSGA-II at equal seeds and budgets.

Sources: Zitzler, Deb and Thiele (2000), Evol. Comput. 8, 173 (ZDT1-3); Deb, Thiele, Laumanns and
Zitzler (2005), in Evolutionary Multiobjective Optimization, 105 (DTLZ2).
"""

import io

import numpy as np
import optuna
import pytest

import daybreak as dk
from daybreak.methods.method import seed_of
from daybreak.methods.solve import solve
from daybreak.problem.front import hypervolume, undominated

TRIALS, POPULATION = 600, 50


def zdt(x, shape):
    """Two objectives, shape (2,): f and g h(f, g)."""
    f, g = x[0], 1.0 + 9.0 * np.mean(x[1:])
    return np.array([f, g * shape(f / g, f)])


def dtlz2(x):
    """Three objectives on a sphere around the origin, shape (3,)."""
    radius = 1.0 + np.sum((x[2:] - 0.5) ** 2)
    a, b = 0.5 * np.pi * x[:2]
    return radius * np.array([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])


PROBLEMS = {
    "ZDT1": (8, lambda x: zdt(x, lambda r, _: 1 - np.sqrt(r)), [1.1, 6.0]),
    "ZDT2": (8, lambda x: zdt(x, lambda r, _: 1 - r**2), [1.1, 6.0]),
    "ZDT3": (
        8,
        lambda x: zdt(x, lambda r, f: 1 - np.sqrt(r) - r * np.sin(10 * np.pi * f)),
        [1.1, 6.0],
    ),
    "DTLZ2": (7, dtlz2, [2.0, 2.0, 2.0]),
}
"""Number of variables, all in [0, 1]; the objectives; where the dominated volume begins."""


def asked(name):
    """A test problem as a search problem."""
    count, function, reference = PROBLEMS[name]
    goals = [dk.Objective(f"f{i}") for i in range(len(reference))]

    def evaluate(c, _):
        found = function(np.array(list(c.values())))
        return {goal.name: value for goal, value in zip(goals, found, strict=True)}

    return dk.SearchProblem(
        [dk.Parameter(f"x{i}", 0, 1) for i in range(count)], evaluate, goals, deterministic=True
    )


def ours(name, seed, duplicates):
    """Objectives of every trial of a search by Daybreak, without a ledger; shape (TRIALS, m)."""
    problem, outcomes, rows = asked(name), None, []
    method = dk.Search("nsga2", trials=TRIALS, population=POPULATION, duplicates=duplicates)
    rounds = method.rounds(problem, {}, seed)
    while True:
        try:
            tasks = rounds.send(outcomes)
        except StopIteration:
            return np.array(rows)
        outcomes = solve(problem, {}, tasks)
        rows += [problem.losses(outcome.metrics) for outcome in outcomes]


def theirs(name, seed):
    """The same by Optuna alone, its NSGA-II as it comes."""
    count, function, reference = PROBLEMS[name]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
    study = optuna.create_study(directions=["minimize"] * len(reference), sampler=sampler)
    study.optimize(
        lambda trial: tuple(
            function(np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(count)]))
        ),
        n_trials=TRIALS,
    )
    return np.array([trial.values for trial in study.trials])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", PROBLEMS)
def test_fronts_beside_optuna(name, seed):
    """With Optuna's seed and duplicates every trial is Optuna's, and so is the volume."""
    mine = ours(name, seed, "replicate")
    other = theirs(name, seed_of(seed, "sampler") % 2**32)
    reference = np.array(PROBLEMS[name][2])

    assert np.allclose(mine, other, rtol=1e-12)
    volumes = [hypervolume(rows, reference) for rows in (mine, other)]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.01)


@pytest.mark.parametrize("name", PROBLEMS)
def test_skipping_duplicates_costs_nothing(name):
    """Without duplicates the volume over four seeds is Optuna's or more, to a percent."""
    reference = np.array(PROBLEMS[name][2])
    volumes = np.array(
        [
            [
                hypervolume(ours(name, seed, "skip"), reference),
                hypervolume(theirs(name, seed_of(seed, "sampler") % 2**32), reference),
            ]
            for seed in range(4)
        ]
    )
    mine, other = volumes.mean(axis=0)

    assert mine > 0.99 * other


@pytest.mark.parametrize("name", ["ZDT1", "DTLZ2"])
def test_a_search_approaches_the_true_front(name, tmp_path):
    """The front approaches the published one, and the reading reports these very points."""
    method = dk.Search("nsga2", trials=TRIALS, population=POPULATION)
    campaign = dk.Campaign("fronts", [dk.Study(name, asked(name), method)])
    found = dk.run(campaign, tmp_path, progress=io.StringIO())[name].search
    rows = np.array([[t.metrics[goal.name] for goal in found.goals] for t in found.trials])
    front = rows[undominated(rows)]

    assert sorted(found.front) == np.flatnonzero(undominated(rows)).tolist()
    if name == "ZDT1":  # f2 = 1 - sqrt(f1)
        gap = front[:, 1] - (1 - np.sqrt(front[:, 0]))
        assert np.all(gap > -1e-12)
        assert np.median(gap) < 1.0
    else:  # a sphere of radius 1
        radius = np.linalg.norm(front, axis=1)
        assert np.all(radius > 1 - 1e-12)
        assert np.median(radius) < 1.15
