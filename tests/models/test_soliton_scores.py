"""Laws of the scores, of the null tests beside them, and of what is said of a state."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from daybreak.models.soliton import VALIDATION, Octaves
from daybreak.models.soliton.condensate import condensate
from daybreak.models.soliton.mass_ratio import LEAST_RATIO, mass_ratio
from daybreak.models.soliton.nulls import null, null_tests, random_masses
from daybreak.models.soliton.remarks import (
    Remark,
    inside_null,
    not_converged_originally,
    restates_inputs,
)
from daybreak.models.soliton.scores import (
    Scores,
    _density,
    earlier_score,
    hits,
    ratios,
    regularity,
    scores,
)
from daybreak.models.soliton.targets import LENGTHS, MASSES, TARGETS, ratios_of, weights

RNG = np.random.default_rng(3)
SPECTRUM = np.sort(np.exp(RNG.uniform(0, 3, 30)))


class TestTargets:
    """The forty-two numbers."""

    def test_origin(self):
        """The targets are exactly the ratios of twelve masses and of thirteen lengths."""
        assert len(ratios_of(MASSES)) == 39
        assert ratios_of(LENGTHS) == [1.89, 21.814, 41.22]
        assert sorted(ratios_of(MASSES) + ratios_of(LENGTHS)) == list(TARGETS)

    def test_weights(self):
        """Six targets count three, twenty-eight five, eight one: 166 / 42 in all."""
        counts = {w: int(np.sum(weights() == w)) for w in (3.0, 5.0, 1.0)}

        assert counts == {3.0: 6, 5.0: 28, 1.0: 8}
        assert np.sum(weights()) / 42 == pytest.approx(3.95238, abs=1e-5)


class TestScores:
    """What they depend on, and what not."""

    def test_units(self):
        """No score depends on the unit of the masses, nor on their order."""
        one, other = scores(SPECTRUM), scores(7.3 * SPECTRUM[::-1])

        assert other.fractal_score == pytest.approx(one.fractal_score, rel=1e-9)
        assert other.hierarchy == pytest.approx(one.hierarchy)
        assert other.regularity == pytest.approx(one.regularity)

    def test_density(self):
        """The density of ratios is SciPy's, with Scott's rule."""
        logarithms = np.log10(ratios(SPECTRUM, 1.01))
        points = np.linspace(np.log10(1.1), np.log10(500), 400)

        assert np.allclose(_density(logarithms), gaussian_kde(logarithms)(points), rtol=1e-10)

    def test_repeats(self):
        """A mass that occurs twice counts once."""
        assert scores(np.repeat(SPECTRUM, 2)) == scores(SPECTRUM)

    @pytest.mark.parametrize("masses", [[], [1.0], [1.0, 1.0], [1.0, 1.001], [0.0, 1e-9]])
    def test_no_ratio(self, masses):
        """Without two different masses there is no ratio, and the scores are (0, 1, 0)."""
        found = scores(np.array(masses))

        assert (found.fractal_score, found.hierarchy, found.regularity) == (0.0, 1.0, 0.0)

    @pytest.mark.parametrize("step", [1.02, 1.05, 1.08])
    def test_narrow(self, step):
        """Masses so close that no ratio comes near a target correlate with nothing."""
        assert abs(scores(step ** np.array([0.0, 0.9, 1.0])).correlation) < 0.05

    def test_ladder(self):
        """A geometric ladder has regularity 1, and 0 by the original's formula."""
        ladder = 1.7 ** np.arange(9)

        assert scores(ladder).regularity == pytest.approx(1.0)
        assert scores(ladder, legacy=True).regularity == 0.0

    def test_the_original_regularity_is_dead(self):
        """By the original's formula no spectrum whatever has any regularity."""
        spectra = [np.exp(RNG.uniform(0, 4, 20)) for _ in range(50)]

        assert {scores(one, legacy=True).regularity for one in spectra} == {0.0}

    def test_regularity_is_between(self):
        """Steps that differ give a regularity between those of a ladder and of one long gap."""
        assert 0 < regularity(SPECTRUM) < 1
        assert regularity(np.array([1.0, 1.001, 1.002, 5.0])) < 0.25
        assert regularity(np.array([1.0, 2.0])) == 0.0

    def test_enough_ratios_hit_everything(self):
        """Ratios that fill [1, 500] hit all targets, and the bonus is as large as it can be."""
        masses = np.geomspace(1, 500, 300)

        assert np.all(hits(ratios(masses, 1.01)))
        assert scores(masses).bonus == pytest.approx(166 / 42)

    def test_score_is_span(self):
        """The score of many random masses is a function of their span: to 3 % the same each."""
        found = [scores(random_masses(300, 100.0, RNG)).fractal_score for _ in range(3)]

        assert np.std(found) < 0.03 * np.mean(found)

    def test_enhanced(self):
        """The stored score is doubled where the hierarchy exceeds ten."""
        narrow, wide = scores(np.geomspace(1, 9, 20)), scores(np.geomspace(1, 11, 20))

        assert narrow.enhanced_score == narrow.fractal_score
        assert wide.enhanced_score == 2 * wide.fractal_score

    @pytest.mark.parametrize(
        ("masses", "score"), [([1, 2, 3], -1.0), ([1, 1, 1, 1, 2], -0.5), ([1] * 9, -0.5)]
    )
    def test_earlier_score_refuses(self, masses, score):
        """The score of the version before has fixed values for spectra that are too short."""
        assert earlier_score(np.array(masses, float)) == (score, 0.0)

    def test_earlier_score(self):
        """It lies between -1 and 1, and its hierarchy is a decimal logarithm."""
        score, hierarchy = earlier_score(np.geomspace(1, 100, 40))

        assert -1 <= score <= 1
        assert hierarchy == pytest.approx(2.0)


class TestNulls:
    """Spectra without physics."""

    def test_random_masses_span(self):
        """Random masses are as many as asked for and span what they should."""
        masses = random_masses(13, 4.2, RNG)

        assert masses.size == 13
        assert masses[-1] / masses[0] == pytest.approx(4.2)

    def test_null_contains_itself(self):
        """Of random spectra, about 95 % lie inside their own null distribution."""
        inside = 0
        for _ in range(60):
            masses = random_masses(13, 2.5, RNG)
            inside += null(masses).has_score(scores(masses))

        assert 50 <= inside <= 60

    def test_a_score_beyond_chance(self):
        """A score above all of chance's is not called so; one inside or below is."""
        masses = random_masses(13, 2.5, RNG)
        chance = null(masses)
        highest, lowest = chance.fractal_scores[-1], chance.fractal_scores[0]

        assert inside_null(Scores(float(highest) + 0.01, 2.5, 0.5), chance) is None
        for score in (chance.median, float(lowest) - 0.01):
            assert "no better than chance" in str(inside_null(Scores(score, 2.5, 0.5), chance))
        assert not chance.has_score(Scores(float(lowest) - 0.01, 2.5, 0.5))

    def test_same_null(self):
        """A null distribution is a function of number and span alone."""
        masses = random_masses(13, 2.5, RNG)

        assert null(masses).interval == null(3 * masses).interval

    def test_empty(self):
        """A spectrum of nothing has a null distribution of zeros."""
        assert null(np.empty(0)).interval == (0.0, 0.0)

    def test_table(self):
        """The table's rows are named, and the empty vacuum scores what random numbers do."""
        table = {row.name: row.found for row in null_tests()}
        vacuum = table["empty vacuum, R = 25, 300 modes"]
        random = table["300 random masses in [1, 3]"]

        assert len(table) == 9
        assert vacuum.fractal_score == pytest.approx(random.fractal_score, abs=0.05)


class TestMassRatio:
    """The ratio that was taken for a result."""

    def test_small_fields(self):
        """Where fields are small it is the ratio of the inputs, and is said to be."""
        r = np.linspace(0, 25, 200)
        small = 1e-3 * np.exp(-(r**2) / 50)
        found = mass_ratio(VALIDATION, small, small, r)

        assert found.ratio == pytest.approx(math.sqrt(2), rel=1e-4)
        assert found.met
        assert found.ratio >= LEAST_RATIO
        assert "without any field" in str(restates_inputs(found))

    def test_large_fields(self):
        """Where they are large it is not."""
        r = np.linspace(0, 25, 200)
        large = 2.5 * np.exp(-(r**2) / 50)

        assert restates_inputs(mass_ratio(VALIDATION, large, large, r)) is None

    def test_no_field(self):
        """Without a field there is no average, and no vacuum ratio without real masses."""
        nothing = np.zeros(10)
        found = mass_ratio(Octaves(mu2=-1.0), nothing, nothing, np.linspace(0, 1, 10))

        assert (found.psi, found.phi) == (0.0, 0.0)
        assert found.ratio == math.inf
        assert math.isnan(found.vacuum)
        assert not found.restates_inputs


class TestCondensate:
    """One point of the search, judged."""

    def test_defaults(self):
        """The twelve octaves of the defaults fill the box, and score what chance does."""
        found = condensate(Octaves(g_Y=0.3, mu2=-1.0), cells=200)
        codes = [remark.code for remark in found.remarks]

        assert codes == ["box_filling", "inside_null"]
        assert found.solution.negative_modes == 0
        assert found.modes.shape == (20,)
        assert found.modes[0] > 0
        assert found.masses.shape == (13,)

    def test_bulk_masses_do_not_know_the_box(self):
        """Bulk masses and scores are the same in any ball."""
        small, large = (
            condensate(Octaves(g_Y=0.3, mu2=-1.0), radius=r, cells=100) for r in (10.0, 20.0)
        )

        assert np.array_equal(small.masses, large.masses)
        assert small.scores == large.scores

    def test_trivial(self):
        """In the middle of the searched box no octave is there, and it says so."""
        found = condensate(
            Octaves(m0=0.55, g=0.125, lam_1=0.065, lam_2=0.0275, g_Y=0.275, mu2=-1.25), cells=100
        )

        assert found.remarks[0].code == "trivial_condensate"
        assert "only Phi = 1.581" in str(found.remarks[0])
        assert found.largest_psi < 1e-6

    def test_unbounded(self):
        """A negative sextic term has no state, and the remark is the only one."""
        found = condensate(Octaves(delta=-0.2), cells=50)

        assert [remark.code for remark in found.remarks] == ["unbounded_below"]
        assert found.masses.size == 0
        assert math.isnan(found.largest_psi)

    def test_coarse(self):
        """A mesh too coarse for the wall is called so, with the number of cells it needs."""
        found = condensate(Octaves(g_Y=0.3, mu2=-1.0), cells=40)

        assert "needs N = " in str(
            next(remark for remark in found.remarks if remark.code == "grid_too_coarse")
        )

    def test_pretrained(self):
        """A network's guess leads to the same state, which is judged alike."""
        plain, other = (
            condensate(Octaves(g_Y=0.3, mu2=-1.0), 3, cells=80, pretrained=p)
            for p in (False, True)
        )

        assert other.solution.energy == pytest.approx(plain.solution.energy, rel=1e-10)
        assert [r.code for r in other.remarks] == [r.code for r in plain.remarks]

    def test_phases(self):
        """What is going on is told, for a heartbeat."""
        told = []
        condensate(
            Octaves(g_Y=0.3, mu2=-1.0), 2, cells=50, phase=lambda name, _: told.append(name)
        )

        assert told == ["landscape", "minimum", "box and mesh", "modes"]


def test_remark_of_a_minimiser_that_gave_up():
    """A minimiser's own failure and its norm are in the remark; a small norm is none."""
    remark = not_converged_originally(882.0, success=False, message="ABNORMAL")

    assert isinstance(remark, Remark)
    assert "norm 882" in str(remark)
    assert "ABNORMAL" in str(remark)
    assert not_converged_originally(1e-9, success=True, message="") is None
