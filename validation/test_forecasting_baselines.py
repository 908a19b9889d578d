"""Baselines of the forecasting study: single indicators to three decimals, fits within 0.02.

`forecasting_reference.json` says what its figures are.  Forests are compared on the close alone,
as they are what takes time.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daybreak.models.forecasting import dataset
from daybreak.models.forecasting.baselines import baseline_skill
from daybreak.models.forecasting.targets import entropy

REFERENCE = json.loads(Path(__file__).with_name("forecasting_reference.json").read_text())
CASES = list(REFERENCE["baselines"])
REGIONS = ("validation_a", "test")


def asked(case, weekly="closed"):
    """The data set of a case, and the figures it should give."""
    series, label, horizon = case.split()
    data = dataset(series, label=label, horizon=int(horizon), weekly=weekly, split="reference")
    return data, REFERENCE["baselines"][case]


@pytest.mark.parametrize("case", CASES)
def test_regions(case):
    """Sizes, rates, and the entropy of each region's own rate."""
    data, wanted = asked(case)
    parts = [data.train, data.validation_a, data.test]

    assert [len(part) for part in parts] == wanted["sizes"]
    rates = [float(part.labels.mean()) for part in parts]
    assert rates == pytest.approx(wanted["rates"], abs=0.5e-4)
    assert [entropy(r) for r in rates[1:]] == pytest.approx(wanted["own_entropy"], abs=0.6e-4)


@pytest.mark.parametrize("case", CASES)
def test_single_indicators(case):
    """The constant, volatility, ATR/C and minus RSI, to three decimals."""
    data, wanted = asked(case)
    constant = [baseline_skill(data, "constant", region).cross_entropy for region in REGIONS]

    assert constant == pytest.approx(wanted["constant_entropy"], abs=0.6e-4)
    for name, areas in wanted["auc"].items():
        found = [baseline_skill(data, name, region).auc for region in REGIONS]
        assert found == pytest.approx(areas, abs=0.51e-3), name
    volatility = [baseline_skill(data, "volatility", region).cross_entropy for region in REGIONS]
    assert volatility == pytest.approx(wanted["volatility_entropy"], abs=0.5e-3)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weekly", ["closed", "leaking"])
def test_logistic(case, weekly):
    """The regression on all features, honest and leaking, within 0.02."""
    agrees(case, weekly, "logistic")


@pytest.mark.parametrize("case", [case for case in CASES if "close" in case])
@pytest.mark.parametrize("weekly", ["closed", "leaking"])
def test_forest(case, weekly):
    """The forest, honest and leaking, within 0.02."""
    agrees(case, weekly, "forest")


def agrees(case, weekly, model):
    """Area and cross-entropy of both regions."""
    data, wanted = asked(case, weekly)
    for region, (area, cross_entropy) in zip(REGIONS, wanted[weekly][model], strict=True):
        found = baseline_skill(data, model, region)
        assert found.auc == pytest.approx(area, abs=0.02)
        assert found.cross_entropy == pytest.approx(cross_entropy, abs=0.02)
