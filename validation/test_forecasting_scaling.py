"""The published scaling table, fitted again: its exponents, and how little they say."""

import pytest

from daybreak.models.forecasting.power_law import objections, published


@pytest.mark.parametrize(
    ("horizon", "alpha", "error", "interval", "r2"),
    [
        ("h1", -0.01798, 0.00543, "[-0.041, 0.005]", 0.8457),
        ("h3", -0.05698, 0.00652, "[-0.085, -0.029]", 0.9745),
        ("h5", -0.00995, 0.00115, "[-0.015, -0.005]", 0.9741),
        ("mean", -0.02857, 0.00396, "[-0.046, -0.012]", 0.9630),
    ],
)
def test_the_published_line(horizon, alpha, error, interval, r2):
    """Exponent and standard error to four decimals, its interval to three, R2 to four."""
    found = published(horizon)

    assert found.alpha == pytest.approx(alpha, abs=5e-5)
    assert found.error == pytest.approx(error, abs=5e-5)
    assert f"[{found.low:.3f}, {found.high:.3f}]" == interval
    assert found.r2 == pytest.approx(r2, abs=5e-5)


def test_what_is_wrong_with_it():
    """All four rise with size, and the sampling error of the windows exceeds their whole range."""
    told = objections(published("h3"))

    assert told[0] == "alpha = -0.0570 is negative: larger networks did worse."
    assert "sampling error alone is 0.145 nats" in " ".join(told)
