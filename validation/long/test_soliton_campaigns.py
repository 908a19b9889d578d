"""The soliton's campaigns, small: what they decide and keep, and that a kill costs nothing."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

import daybreak as dk
from daybreak.models.soliton import Octaves
from daybreak.models.soliton.biharmonic import exploding_norm, sign_mismatch
from daybreak.models.soliton.campaigns import hierarchy, legacy, pretrain_only, validation
from daybreak.models.soliton.campaigns.hierarchy import condensed
from daybreak.models.soliton.condensate import condensate
from daybreak.models.soliton.heartbeat import FILE, Heartbeat
from daybreak.models.soliton.hierarchy_search import OBJECTIVES, evaluate, hierarchy_problem
from daybreak.models.soliton.legacy_search import Rejected, legacy_problem
from daybreak.models.soliton.pictures import (
    couplings_picture,
    density_picture,
    fields_picture,
    growth_picture,
    nulls_table,
    spectrum_picture,
)
from daybreak.models.soliton.search_boxes import (
    ADDED,
    CONDENSED,
    EARLIER,
    ORIGINAL,
    SURROGATE,
    octaves_of,
)
from daybreak.models.soliton.trial_log import COLUMNS, csv_text

Settings = namedtuple("Settings", ("n_octaves", "cells", "radius", "pretrained"))  # noqa: PYI024 - as lent
SMALL = {"n_octaves": 2, "cells": 60, "radius": 10.0, "pretrained": False}
POINT = {
    "g_Y": 0.2,
    "mu2": -1.0,
    "v_H": 0.6,
    "m0": -0.5,
    "g": 0.1,
    "lam_1": 0.05,
    "lam_2": 0.02,
    "delta": 0.2,
    "beta": 0.15,
}
SCRIPT = """
import daybreak as dk
from daybreak.models.soliton.hierarchy_search import hierarchy_problem
method = dk.Search("nsga2", trials={trials}, population=4)
study = dk.Study("search", hierarchy_problem(), method, settings={settings!r})
dk.run(dk.Campaign("small", [study]), {directory!r})
"""


def small(trials=6, **options):
    """A search over two octaves on a coarse mesh."""
    method = dk.Search("nsga2", trials=trials, population=4, **options)
    return dk.Campaign("small", [dk.Study("search", hierarchy_problem(), method, settings=SMALL)])


def table(directory):
    """The table of trials, read back."""
    return list(csv.DictReader(io.StringIO(csv_text(directory))))


def lasting(rows):
    """What of the table does not depend on the clock."""
    return [{k: v for k, v in row.items() if k not in ("timestamp", "seconds")} for row in rows]


def placebos(results):
    """Parameters that the preflight found to do nothing."""
    return {
        finding.parameter
        for finding in results.summary.preflight
        if finding.code.word == "placebo"
    }


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A small search that nothing interrupted."""
    return dk.run(small(), tmp_path_factory.mktemp("whole"))


class TestHierarchy:
    """The search as it should be asked."""

    def test_gate(self, tmp_path):
        """A pilot that converges and is stable opens the gate; its verdict stays what it is."""
        found = dk.run(hierarchy(pilot=2, trials=3), tmp_path)

        assert found.decision.name == "leave-beta"
        assert found.decision.follow_ups == ["search"]
        assert found.verdict == "FAIL"
        assert {f.criterion: f.outcome for f in found["search"].outcomes}[
            "an octave is there"
        ] == "missed"
        assert len(table(tmp_path)) == 2 + 3

    def test_adjust_beta(self, tmp_path):
        """Where octaves condense with masses that lie close, beta is searched further out."""
        found = dk.run(condensed(pilot=2, trials=2), tmp_path)

        assert found.decision.name == "adjust-beta"
        assert found.decision.follow_ups == ["search with larger beta"]
        betas = [t.configuration["beta"] for t in found["search with larger beta"].search.trials]
        assert all(0.3 <= beta <= 1.0 for beta in betas)

    def test_surrogate(self):
        """The optional phase is told the pilot, and asks a Gaussian process."""
        metrics = dict.fromkeys(OBJECTIVES, 0.5)
        done = SimpleNamespace(state="completed", configuration=POINT, metrics=metrics)
        pilot = SimpleNamespace(search=SimpleNamespace(trials=[done]))
        row = hierarchy(surrogate=True).decisions[-1]
        search, surrogate = row.follow_up([pilot])

        assert (search.name, surrogate.name) == ("search", "surrogate")
        assert surrogate.method.sampler == "gp"
        assert list(surrogate.method.known) == [(POINT, metrics)]

    def test_inert_parameters_are_named(self, searched):
        """The preflight names v_H, g and delta: where no octave is, they do nothing."""
        named = placebos(searched)

        assert {"v_H", "g", "delta"} <= named
        assert "g_Y" not in named

    def test_null_beside_the_scores(self, searched):
        """A null test stands beside every score, and says whether the search is outside it."""
        (null,) = searched["search"].search.baselines

        assert null.null
        assert set(null.values) == set(OBJECTIVES)
        assert not null.outside["fractal_score"]

    def test_what_is_kept(self, searched):
        """The winner has its metrics, its remarks in words, and four pictures."""
        best = searched["search"].search.best
        names = {one["name"] for one in best.artifacts}

        assert {"fields", "energy density", "spectrum", "energy and box", "row.json"} == names
        assert "Trivial: every octave vanishes" in best.recorded["trivial_condensate"]
        assert best.metrics["converged"] == 1

    def test_unbounded_is_a_failed_trial(self, tmp_path):
        """A potential without a lowest value has no score, and its trial fails."""
        octaves = {**POINT, "delta": -0.5, "g": -0.1}
        trial = SimpleNamespace(
            settings=Settings(**SMALL),
            directory=tmp_path,
            seed=1,
            record=lambda **_: None,
            attach=lambda _: None,
        )
        metrics = evaluate(octaves, trial)

        assert metrics == {"bounded": 0.0}
        assert json.loads((tmp_path / "row.json").read_text())["error_msg"] == "unbounded_below"


class TestTable:
    """The table of trials."""

    def test_columns(self, searched):
        """The original's twelve columns come first, and sampled and effective values both."""
        rows = table(searched.directory)

        assert ",".join(COLUMNS[:12]) == (
            "timestamp,trial_number,g_Y,mu2,v_H,m0,g,lam_1,fractal_score,hierarchy,regularity,"
            "error_msg"
        )
        assert list(rows[0]) == list(COLUMNS)
        assert [int(row["trial_number"]) for row in rows] == list(range(6))
        assert all(row["effective_m0"] == row["m0"] for row in rows)
        assert all(float(row["residual"]) < 1e-8 for row in rows)

    def test_stopped_and_resumed(self, searched, tmp_path):
        """A search that stops and goes on has the table of one that never did."""
        dk.run(small(), tmp_path, max_trials=3)
        first = table(tmp_path)
        dk.run(small(), tmp_path)

        assert 0 < len(first) < 6
        assert lasting(table(tmp_path)) == lasting(table(searched.directory))

    def test_killed_and_resumed(self, tmp_path):
        """A search that is killed in the middle counts on, and repeats and loses no row."""
        script = SCRIPT.format(trials=8, settings=SMALL, directory=str(tmp_path / "run"))
        victim = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while len(list((tmp_path / "run").glob("trials/*/row.json"))) < 2:
            assert time.monotonic() < deadline
            assert victim.poll() is None
            time.sleep(0.02)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        dk.run(small(8), tmp_path / "run")
        whole = dk.run(small(8), tmp_path / "whole")

        rows = table(tmp_path / "run")
        assert [int(row["trial_number"]) for row in rows] == list(range(8))
        for row, other in zip(lasting(rows), lasting(table(whole.directory)), strict=True):
            assert row == other

    @pytest.mark.parametrize("name", ["delta", "beta"])
    def test_exact_key(self, tmp_path, name):
        """Points that differ in delta or beta alone, by a millionth, are different trials."""
        near = {**POINT, name: POINT[name] * (1 + 1e-6)}
        dk.run(small(2, forced=[POINT, near]), tmp_path)

        assert len({row[name] for row in table(tmp_path)}) == 2

    def test_mesh_is_part_of_the_key(self, tmp_path):
        """The same point on another mesh is another trial."""
        studies = [
            dk.Study(
                f"N {cells}",
                hierarchy_problem(),
                dk.Search("random", trials=1, forced=[POINT]),
                settings={**SMALL, "cells": cells},
            )
            for cells in (60, 61)
        ]
        dk.run(dk.Campaign("meshes", studies), tmp_path)
        rows = table(tmp_path)

        assert [row["study"] for row in rows] == ["N 60", "N 61"]
        assert rows[0]["energy"] != rows[1]["energy"]


class TestLegacy:
    """The search as it was."""

    @pytest.fixture(scope="class")
    @staticmethod
    def found(tmp_path_factory):
        """Four trials of the original."""
        return dk.run(legacy(trials=4), tmp_path_factory.mktemp("legacy"))

    def test_rejected(self, found):
        """Every trial is rejected in the original's word, and none reaches the sampler."""
        search = found["original trials"].search

        assert search.counts == {"failed": 4}
        assert {trial.message for trial in search.trials} == {"Rejected: trivial_solution"}
        assert found.decision.name == "all-rejected"
        assert found.verdict == "FAIL"

    def test_rejected_trials_are_logged(self, found):
        """Rejected trials are in the table, with sampled and effective values."""
        rows = [row for row in table(found.directory) if row["study"] == "original trials"]

        assert [row["error_msg"] for row in rows] == ["trivial_solution"] * 4
        assert all(float(row["effective_g"]) >= 1 > float(row["g"]) for row in rows)
        assert all(float(row["largest_psi"]) < 3e-4 for row in rows)

    def test_inert_parameters_are_named(self, found):
        """The preflight names lam_2, which the original overwrites."""
        assert "lam_2" in placebos(found)

    def test_biharmonic_sign(self, found):
        """The force belongs to its energy with a plus, and not with the original's minus."""
        best = found["biharmonic sign"].search.best

        assert best.configuration == {"sign": 1}
        assert sign_mismatch(1.0) < 1e-3
        assert sign_mismatch(-1.0) == pytest.approx(2.0, abs=1e-3)

    def test_exploding_norm(self):
        """The norm that was to reject the term comes from six rows and a floor of 1e-9."""
        assert exploding_norm() == pytest.approx(2.4463e30, rel=1e-4)
        assert exploding_norm(1e-6) == pytest.approx(2.4e18, rel=0.05)
        assert exploding_norm(skipped=6) == pytest.approx(6.6, abs=0.05)

    def test_raises_its_word(self, tmp_path):
        """A rejected trial raises, with what the original calls it."""
        trial = SimpleNamespace(
            rng=np.random.default_rng(0),
            directory=tmp_path,
            seed=1,
            attach=lambda _: None,
            settings=Settings(**SMALL),
        )

        with pytest.raises(Rejected, match="trivial_solution"):
            legacy_problem().evaluate(POINT, trial)


class TestValidation:
    """The run that was to validate."""

    @pytest.fixture(scope="class")
    @staticmethod
    def found(tmp_path_factory):
        """With seven starts."""
        return dk.run(validation(starts=7), tmp_path_factory.mktemp("validation"))

    def test_no_soliton(self, found):
        """All three studies fail, and the decision says what there is instead."""
        assert [study.verdict for study in found.studies] == ["FAIL"] * 3
        assert found.decision.name == "no-soliton"

    def test_published(self, found):
        """The published field is not converged, and its ratio restates the inputs."""
        best = found["published run"].search.best

        assert best.metrics["norm"] == pytest.approx(881.746, abs=0.01)
        assert best.metrics["energy"] == pytest.approx(0.427967503, rel=1e-8)
        assert best.metrics["ratio_met"] == 1
        assert best.metrics["beyond_inputs"] == 0
        assert set(best.recorded) == {"message", "not_converged", "restates_inputs"}

    def test_starts(self, found):
        """Starts end at nothing or fill the box, and none is a soliton."""
        trials = found["starts"].search.trials

        assert all(trial.metrics["soliton"] == 0 for trial in trials)
        assert all(
            abs(t.metrics["energy"]) < 1e-6 or t.metrics["box_growth"] > 1.5 for t in trials
        )

    def test_bounce(self, found):
        """The bounce has one negative mode and one energy in every ball."""
        trials = found["bounce"].search.trials

        assert {trial.metrics["negative_modes"] for trial in trials} == {1.0}
        for trial in trials:
            assert trial.metrics["energy_extrapolated"] == pytest.approx(24.4293, abs=1e-4)


def test_pretrain_only(tmp_path):
    """A network saves iterations against the original's start, and is left out nevertheless."""
    found = dk.run(pretrain_only(points=1), tmp_path)
    best = found["networks"].search.best

    assert best.metrics["iterations_saved"] > 10
    assert "pretraining_not_worth_it" in best.recorded
    assert found.decision.name == "skip"
    assert "weights.pkl" in {one["name"] for one in best.artifacts}


def test_boxes():
    """The boxes are the original's, one of them disjoint from its search in four of six."""
    disjoint = [
        name
        for name, (low, high) in SURROGATE.items()
        if high <= ORIGINAL[name][0] or low >= ORIGINAL[name][1]
    ]

    assert disjoint == ["mu2", "m0", "g", "lam_1"]
    assert set(EARLIER) == set(ORIGINAL) - {"lam_2"}
    assert set(ADDED) == {"delta", "beta"}
    assert octaves_of(POINT) == Octaves(
        m0=-0.5, g=0.1, lam_1=0.05, lam_2=0.02, delta=0.2, beta=0.15, g_Y=0.2, mu2=-1.0
    )
    assert all(
        low < vars(Octaves())[n] < high
        for n, (low, high) in CONDENSED.items()
        if n not in ("g_Y", "mu2")
    )


def test_pictures():
    """Every picture is drawn from numbers that are there, and says what its axes are."""
    found = condensate(Octaves(g_Y=0.3, mu2=-1.0), 3, cells=80)
    fields = fields_picture(found.solution, 3).dump()
    growth = growth_picture(found.box).dump()
    density = density_picture(found.solution).dump()
    spectrum = spectrum_picture(found).dump()

    assert list(fields["y"]) == ["Psi 0", "Psi 1", "Psi 2", "Phi"]
    assert fields["y"]["Phi"][-1] == 0
    assert list(growth["y"]) == ["|E|", "R^3"]
    assert growth["x"] == [12.5, 25.0, 50.0]
    assert set(density["y"]) == {"gradient", "potential", "total"}
    assert spectrum["y"]["bulk"][3] is not None
    assert spectrum["y"]["bulk"][4] is None
    assert len(nulls_table().dump()["columns"]["spectrum"]) == 9
    assert np.array(couplings_picture(Octaves(), 3).dump()["values"]).shape == (3, 3)


class TestHeartbeat:
    """A line now and then."""

    def test_lines(self, tmp_path):
        """While something is under way lines are appended that say what and how far."""
        with Heartbeat(tmp_path, "trial 3", every=0.05) as beat:
            beat("minimum", 1e-3)
            time.sleep(0.3)
        lines = (tmp_path / FILE).read_text().splitlines()

        assert len(lines) >= 2
        assert lines[0].endswith("alive: trial 3, minimum, residual 1.00e-03")

    def test_short_trials_share_a_clock(self, tmp_path):
        """Trials shorter than the interval leave a line between them when it is due."""
        room = tmp_path / "trials" / "a1"
        room.mkdir(parents=True)
        for number in range(20):
            with Heartbeat(room, f"trial {number}", every=0.1):
                time.sleep(0.02)

        assert (tmp_path / FILE).read_text().count("alive") >= 2

    def test_silent(self, tmp_path):
        """A trial that is done before the first line leaves no file."""
        with Heartbeat(tmp_path, "quick"):
            pass

        assert not (tmp_path / FILE).exists()
