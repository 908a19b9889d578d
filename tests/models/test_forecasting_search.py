"""Searching networks: what every trial records, what winners are judged by, and the law."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest

import daybreak as dk
from daybreak import catalogue
from daybreak.models.forecasting.architecture import Architecture
from daybreak.models.forecasting.grid import LARGE, Grid
from daybreak.models.forecasting.ladder import ladders, laws
from daybreak.models.forecasting.network_search import (
    architecture_of,
    forced,
    network_problem,
    question,
    shape_of,
    stand_in,
)
from daybreak.models.forecasting.pictures import confusion, confusion_matrix, reliability
from daybreak.models.forecasting.recipe import Recipe

TINY = Grid((4,), (1,), (1, 2), (2, 4), {"tiny": 1_300})
SETTINGS = {"series": "sp500", "horizon": 1, "label": "close", "split": "fold-4"}
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A short search over four networks: two forced, one sampled, the best once more twice."""
    problem = network_problem(TINY, "tiny", recipe=Recipe(epochs=1, patience=1))
    method = dk.Search("tpe", trials=3, forced=forced(TINY, "tiny", 2), confirm=1, confirmations=2)
    campaign = dk.Campaign("tiny", [dk.Study("s", problem, method)])
    place = tmp_path_factory.mktemp("night")
    return dk.run(campaign, place, progress=io.StringIO(), budget=5.0)


def test_forced_and_sampled_networks_record_the_same(night):
    """The worst bug of the public study: its best trial, a forced one, had no architecture."""
    found = night["s"].search
    assert [trial.how for trial in found.trials] == ["forced", "forced", "trial"]
    assert {tuple(sorted(trial.metrics)) for trial in found.trials} == {
        tuple(sorted(found.trials[0].metrics))
    }
    records = [found.best.recorded, *(again.recorded for again in found.best.confirmations)]
    assert {tuple(sorted(record)) for record in records} == {
        (
            "architecture",
            "confusion",
            "daily",
            "detectable",
            "fingerprint",
            "rival",
            "sizes",
            "training",
        )
    }
    for record in records:
        assert (
            record["architecture"]["param_count"]
            == record["architecture"]["d_model"]
            * (285 + 4 * 4 + 9 + 2 * record["architecture"]["d_ff"])
            + 1
            + record["architecture"]["d_ff"]
        )
        assert record["training"]["learning_rate"] == found.best.configuration["learning_rate"]
        assert sum(record["confusion"].values()) == record["sizes"]["validation_b"] == 503


def test_winners_are_judged_with_fresh_seeds_on_days_that_chose_nothing(night):
    """Means are those of the fresh seeds; pictures and baselines stand beside them."""
    best = night["s"].search.best
    again = [one.metrics["b_cross_entropy"] for one in best.confirmations]

    assert len(set(best.seeds)) == 2
    assert best.seed not in best.seeds
    assert best.metrics["b_cross_entropy"] == pytest.approx(np.mean(again))
    assert [part["name"] for part in best.artifacts] == [
        "machine.json",
        "Learning curve",
        "Confusion",
        "Reliability",
    ]
    assert len(night["s"].search.baselines) == 7
    daily = [np.mean(one.recorded["daily"]) for one in best.confirmations]
    assert daily == pytest.approx(again, abs=1e-4)


def test_too_few_days_are_refused():
    """A split that leaves nothing to report by is refused; the sentence says what would do."""
    few = SimpleNamespace(**SETTINGS | {"split": "reference"})
    with pytest.raises(dk.ProblemError, match=r"200 days.*'validation_b': 0.*need [\d,]+ days"):
        question(few)


def test_pictures():
    """Counts add up, and honest forecasts lie on the diagonal."""
    said = RNG.random(20_000)
    labels = (RNG.random(20_000) < said).astype(float)
    counts = confusion(labels, said)
    picture = reliability(labels, said).dump()

    assert counts["tp"] + counts["fn"] == labels.sum()
    assert confusion_matrix(counts).dump()["values"][1][1] == counts["tp"]
    assert picture["y"]["what came"] == pytest.approx(picture["x"], abs=0.03)


def studies(alpha, networks=6, seeds=4):
    """Readings of three searches with two confirmed networks each, whose loss is a power law."""
    sizes = [2_517, 3_481, 24_241, 36_073, 239_857, 362_881][:networks]
    mood = 0.3 * np.repeat(RNG.normal(size=26), 20)[:503]

    def winner(size):
        level = 0.36 + 0.02 * (size / 3e4) ** -alpha
        return SimpleNamespace(
            configuration={"shape": f"N{size}"},
            settings=SETTINGS,
            recorded={"architecture": {"param_count": size}},
            confirmations=[
                SimpleNamespace(recorded={"daily": [level + mood + 0.002 * RNG.normal(size=503)]})
                for _ in range(seeds)
            ],
        )

    pairs = [sizes[place : place + 2] for place in range(0, networks, 2)]
    return [
        SimpleNamespace(search=SimpleNamespace(confirmed=[winner(size) for size in pair]))
        for pair in pairs
    ]


@pytest.mark.parametrize(("alpha", "verdict"), [(0.3, "falls"), (0.0, "No detectable scaling")])
def test_a_law_is_found_where_there_is_one(tmp_path, alpha, verdict):
    """Profile, bootstrap and held-out likelihood agree; without a law all of them say so."""
    law, rivals = laws(studies(alpha))
    campaign = dk.Campaign("law", [law, rivals], claims=[dk.Claim("alpha", 0.0)])
    found = dk.run(campaign, tmp_path, progress=io.StringIO())
    best = found["law or constant h=1"].search.best

    assert verdict in best.recorded["verdict"]
    if alpha:
        (part,) = found["law h=1"].profile.intervals
        assert part.lower > 0
        assert best.configuration["law"] == "power"
        assert found["law or constant h=1"].verdict == "PASS"
    else:
        assert found["law or constant h=1"].verdict == "FAIL"
    assert [part["name"] for part in best.artifacts] == ["Loss by size", "Networks"]


def test_two_sizes_are_no_ladder():
    """Three numbers are fitted: nothing is built from two sizes, or from single seeds."""
    assert ladders(studies(0.3, networks=2)) == []
    assert ladders(studies(0.3, seeds=1)) == []


def test_the_published_queue():
    """Twelve studies in the published order, each with ten extremes that are really there."""
    queue = catalogue.load("forecasting-full").all_studies()

    assert [study.name.split()[0] for study in queue] == [
        budget for budget in ("200M", "2B", "2M", "20M") for _ in range(3)
    ]
    assert [study.settings["horizon"] for study in queue] == [1, 3, 5] * 4
    for study in queue:
        shapes = {(one["shape"], one["n_heads"]) for one in study.method.forced}
        assert len(shapes) == 10


def test_large_networks_rehearse_as_small_ones():
    """A preflight on a laptop trains no two billion numbers, and no two shapes become one."""
    large = [one for budget in LARGE.budgets for one in LARGE.shapes(budget)]
    small = [stand_in(one) for one in large]

    assert max(one.parameters for one in small) < 200_000
    assert stand_in(small[0]) == small[0]
    assert len({(one.d_model, one.d_ff) for one in small}) > 10


def test_one_name_for_a_shape():
    """Records say architectures in one way."""
    one = Architecture(8, 2, 4, 16)
    assert shape_of(one) == "d8 L2 f16"
    assert architecture_of(one) == {
        "d_model": 8,
        "n_layers": 2,
        "n_heads": 4,
        "d_ff": 16,
        "param_count": one.parameters,
    }
