"""Pictures: there when they say something, small, and the same every time."""

from __future__ import annotations

import random
from xml.etree import ElementTree as ET

import pytest

from daybreak.diagnosis.study import Map, Study
from daybreak.report.canvas import svg
from daybreak.report.map_figure import map_figure
from daybreak.report.profile_figure import profile_figure, scale_figure
from daybreak.report.pull_figure import residuals_figure
from daybreak.report.waterfall_figure import waterfall_figure
from tests.report.summaries import decay, lepton, mixed

LIMIT = 60_000


def changed(**changes) -> Study:
    """The study of the two decay rates with something else in it."""
    return Study.model_validate({**decay().studies[0].model_dump(), **changes})


def profile_of(study: Study):
    """Draw the first profile of a study."""
    return profile_figure(study, study.profiles[0])


def with_points(points: list[dict], **more) -> Study:
    """The same with other points in its first profile."""
    first, *others = decay().studies[0].model_dump()["profiles"]
    return changed(profiles=[{**first, "points": points, **more}, *others])


def points_of() -> list[dict]:
    """The points of its first profile."""
    return decay().studies[0].model_dump()["profiles"][0]["points"]


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
    point = points_of()[0]
    points = [{**point, "value": 1 + i / 500, "chi2": 53.0 + i / 100} for i in range(2000)]
    figure = profile_of(with_points(points))

    assert figure is not None
    assert len(svg(figure)) < LIMIT


def test_large_chi2_can_be_read():
    """A variation of 0.02 % around 1e8 is drawn above the lowest chi2, which the axis names."""
    figure = profile_of(lepton().studies[0])

    assert figure is not None
    seen = texts(svg(figure))
    assert "χ² − 9.918222×10⁷" in seen
    assert "20000" in seen
    assert "settled, at bounds" in seen


def test_flat_profile():
    """A profile that is exactly flat is drawn below the 95 % level, so that it looks flat."""
    points = [{**point, "chi2": 52.31, "own": None} for point in points_of()]
    figure = profile_of(with_points(points))

    assert figure is not None
    assert figure.axes[0].get_ylim()[1] > 3.84


def test_what_relaxation_removed_is_shown():
    """A flat profile is drawn beside the minimum that the points' own starts pretended."""
    points = [
        {**point, "chi2": 52.31, "own": 52.31 + 40 * abs(i - 5)}
        for i, point in enumerate(points_of())
    ]
    figure = profile_of(with_points(points))

    assert figure is not None
    assert "before relaxation" in texts(svg(figure))
    assert figure.axes[0].get_ylim()[1] > 600


def test_unsettled_and_failed_points_are_told_apart():
    """The legend names settled, unsettled and failed points."""
    figure = profile_of(mixed().studies[1])

    assert figure is not None
    seen = texts(svg(figure))
    assert all(word in seen for word in ("not settled", "every fit failed", "95 % level"))


def test_nothing_to_draw():
    """Without a best fit, three starts or a second uncertainty there is no picture."""
    study = mixed().studies[2]

    assert residuals_figure(study) is None
    assert waterfall_figure(study) is None
    assert waterfall_figure(mixed().studies[0]) is None
    assert scale_figure(mixed().studies[0], mixed().studies[0].profiles[0]) is None


def test_profile_without_a_fit():
    """A profile in which every fit failed has no picture."""
    points = [{**point, "chi2": None} for point in points_of()]

    assert profile_of(with_points(points, chi2_min=None)) is None


def test_kinds_of_ends_are_told_apart():
    """The legend of the waterfall names what each end was found to be."""
    figure = waterfall_figure(decay().studies[0])

    assert figure is not None
    seen = texts(svg(figure))
    kinds = ("global minimum", "local minimum", "held by a bound", "not examined, not converged")
    assert all(kind in seen for kind in kinds)


def test_starts_find_their_end_by_chi2():
    """A start is drawn as the end with its chi2, whatever number its basin has."""
    starts = [{"chi2": 262.31, "converged": True, "basin": 0}] * 3
    figure = waterfall_figure(changed(starts=starts))

    assert figure is not None
    assert "local minimum" in texts(svg(figure))


@pytest.mark.parametrize("which", [0, 4])
def test_map_says_what_it_shows(which):
    """A map names both parameters with their units, its levels, and its lowest point."""
    study = (decay if which == 0 else mixed)().studies[which]
    found = study.maps[0]
    figure = map_figure(found)

    assert figure is not None
    drawing = svg(figure)
    seen = texts(drawing)
    for name, unit in zip(found.parameters, found.units, strict=True):
        assert f"{name} ({unit})" in seen
    assert all(word in seen for word in ("68 %", "95 %", "lowest"))
    assert ("every fit failed" in seen) == (which == 4)
    assert found.sentence in (ET.fromstring(drawing).get("aria-label") or "")  # noqa: S314


def test_border_of_the_scan_is_dashed():
    """Only where the scan cuts a contour off is its line dashed."""
    for found, dashed in ((decay().studies[0].maps[0], False), (mixed().studies[4].maps[0], True)):
        figure = map_figure(found)

        assert figure is not None
        styles = {line.get_linestyle() for line in figure.axes[0].get_lines()}
        assert ("--" in styles) == dashed


def test_fine_map():
    """A map of sixty by sixty points makes one small picture."""
    data = decay().studies[0].maps[0].model_dump()
    axis = [1.0 + i / 10 for i in range(60)]
    chi2 = [[52.31 + (a - 3) ** 2 * (b + 1) for a in axis] for b in axis]
    figure = map_figure(Map.model_validate({**data, "x": axis, "y": axis, "chi2": chi2}))

    assert figure is not None
    assert len(svg(figure)) < 2 * LIMIT


def test_flat_map():
    """A map that is exactly flat, without contours, is drawn as such."""
    data = decay().studies[0].maps[0].model_dump()
    chi2 = [[52.31] * len(data["x"])] * len(data["y"])
    flat = Map.model_validate({**data, "chi2": chi2, "contours": []})

    assert map_figure(flat) is not None


def test_map_without_a_fit():
    """A map in which every fit failed has no picture."""
    data = decay().studies[0].maps[0].model_dump()
    chi2 = [[None] * len(data["x"])] * len(data["y"])

    assert map_figure(Map.model_validate({**data, "chi2": chi2, "contours": []})) is None


def test_scaled_uncertainties():
    """The picture of scaled uncertainties names every factor and the 95 % set."""
    study = decay().studies[0]
    figure = scale_figure(study, study.profiles[0])

    assert figure is not None
    seen = texts(svg(figure))
    assert all(word in seen for word in ("0.1", "10", "95 % set", "k2 (1/s)"))


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
    figure = profile_of(with_points(points_of(), sentence='"><b onload="x">'))

    assert figure is not None
    assert "<b" not in svg(figure)
