"""Pictures: there when they say something, small, and the same every time."""

from __future__ import annotations

import random
from xml.etree import ElementTree as ET

import pytest

from daybreak.diagnosis.study import Study
from daybreak.report.figures import profile_figure, residuals_figure, svg, waterfall_figure
from tests.report.summaries import decay, lepton, mixed

LIMIT = 60_000


def changed(**changes) -> Study:
    """The study of the two decay rates with something else in it."""
    return Study.model_validate({**decay().studies[0].model_dump(), **changes})


def with_pulls(count: int) -> Study:
    """A study with many observations, some names of which look like mathematics."""
    best = decay().studies[0].model_dump()["best"]
    one = next(iter(best["predictions"].values()))
    draw = random.Random(1)  # noqa: S311 - numbers to look at
    pulls = {f"$o_{i}<&": {**one, "residual": draw.gauss(0, 1)} for i in range(count)}
    return changed(best={**best, "predictions": pulls})


def texts(drawing: str) -> str:
    """Everything written in a picture."""
    return " ".join("".join(ET.fromstring(drawing).itertext()).split())  # noqa: S314 - our own


@pytest.mark.parametrize("count", [1, 2, 12, 13, 60, 200, 2000])
def test_pulls_of_any_number(count):
    """Two observations or two thousand make one small, well-formed picture."""
    figure = residuals_figure(with_pulls(count))

    assert figure is not None
    drawing = svg(figure)
    assert len(drawing) < LIMIT
    assert ET.fromstring(drawing).get("role") == "img"  # noqa: S314 - our own


def test_names_are_not_mathematics():
    """A dollar sign in a name is a dollar sign."""
    figure = residuals_figure(with_pulls(3))

    assert figure is not None
    assert "$o_1<&" in texts(svg(figure))


def test_most_starts():
    """Two hundred starts in a hundred basins make one small picture."""
    starts = [
        {"chi2": 50.0 + 1.1**i, "converged": i % 7 != 0, "basin": i // 2} for i in range(200)
    ]
    figure = waterfall_figure(changed(starts=starts))

    assert figure is not None
    assert len(svg(figure)) < LIMIT


def test_most_points():
    """A profile of two thousand points makes one small picture."""
    profile = decay().studies[0].model_dump()["profile"]
    point = profile["points"][0]
    points = [{**point, "value": 1 + i / 500, "chi2": 53.0 + i / 100} for i in range(2000)]
    figure = profile_figure(changed(profile={**profile, "points": points}))

    assert figure is not None
    assert len(svg(figure)) < LIMIT


def test_large_chi2_can_be_read():
    """A variation of 0.02 % around 1e8 is drawn above the lowest chi2, which the axis names."""
    figure = profile_figure(lepton().studies[0])

    assert figure is not None
    seen = texts(svg(figure))
    assert "χ² − 9.918222×10⁷" in seen
    assert "20000" in seen
    assert "settled, at bounds" in seen


def test_flat_profile():
    """A profile that is exactly flat is drawn as such."""
    profile = decay().studies[0].model_dump()["profile"]
    points = [{**point, "chi2": 53.0} for point in profile["points"]]

    assert profile_figure(changed(profile={**profile, "points": points})) is not None


def test_unsettled_and_failed_points_are_told_apart():
    """The legend names settled, unsettled and failed points."""
    figure = profile_figure(mixed().studies[1])

    assert figure is not None
    seen = texts(svg(figure))
    assert all(word in seen for word in ("not settled", "every fit failed", "95 % level"))


def test_nothing_to_draw():
    """Without a best fit, a profile or three starts there is no picture."""
    study = mixed().studies[2]

    assert profile_figure(study) is None
    assert residuals_figure(study) is None
    assert waterfall_figure(study) is None
    assert waterfall_figure(mixed().studies[0]) is None


def test_profile_without_a_fit():
    """A profile in which every fit failed has no picture."""
    profile = decay().studies[0].model_dump()["profile"]
    points = [{**point, "chi2": None} for point in profile["points"]]

    assert profile_figure(changed(profile={**profile, "points": points})) is None


def test_same_picture_twice():
    """The same study gives the same picture, letter for letter, and no fixed ink."""
    drawings = []
    for _ in range(2):
        figure = waterfall_figure(decay().studies[0])
        assert figure is not None
        drawings.append(svg(figure))

    assert drawings[0] == drawings[1]
    assert "currentColor" in drawings[0]
    assert "#000000" not in drawings[0]


def test_label_is_escaped():
    """What a screen reader says cannot end the attribute it stands in."""
    profile = decay().studies[0].model_dump()["profile"]
    figure = profile_figure(changed(profile={**profile, "sentence": '"><b onload="x">'}))

    assert figure is not None
    assert "<b" not in svg(figure)
