"""Pictures: there when they say something, small, and the same every time."""

from __future__ import annotations

import json
import random
from xml.etree import ElementTree as ET

import pytest

from daybreak.diagnosis.study import Map, Study
from daybreak.report import numbers
from daybreak.report.canvas import svg
from daybreak.report.map_figure import map_figure
from daybreak.report.profile_figure import profile_figure, scale_figure
from daybreak.report.pull_figure import residuals_figure
from daybreak.report.waterfall_figure import waterfall_figure
from tests.report import recorded
from tests.report.nights import HOSTILE

LIMIT = 60_000


def decay() -> Study:
    """The study of the two decay rates."""
    return recorded.study("decay", "profile k1 and k2")


def changed(**changes) -> Study:
    """The same with something else in it."""
    return Study.model_validate_json(json.dumps({**decay().model_dump(mode="json"), **changes}))


def profile_of(study: Study):
    """Draw the first profile of a study."""
    return profile_figure(study, study.profiles[0])


def with_points(points: list[dict], **more) -> Study:
    """The same with other points in its first profile."""
    first, *others = decay().model_dump(mode="json")["profiles"]
    return changed(profiles=[{**first, "points": points, **more}, *others])


def points_of() -> list[dict]:
    """The points of its first profile."""
    return decay().model_dump(mode="json")["profiles"][0]["points"]


def with_pulls(count: int) -> Study:
    """A study with many observations, some names of which look like mathematics."""
    best = decay().model_dump(mode="json")["best"]
    one = next(iter(best["predictions"].values()))
    draw = random.Random(1)  # noqa: S311 - numbers to look at
    pulls = {f"$o_{i}<&": {**one, "residual": draw.gauss(0, 1)} for i in range(count)}
    return changed(best={**best, "predictions": pulls})


def with_ends(starts: list[dict] | None = None) -> Study:
    """A study whose fits ended in every kind of end, one start each."""
    lowest = decay().model_dump(mode="json")["ends"][0]
    kinds = ("global", "local minimum", "at bound", "unchecked")
    ends = [
        {**lowest, "kind": kind, "chi2": chi2, "hits": 1}
        for kind, chi2 in zip(kinds, (lowest["chi2"], 200.0, 400.0, 800.0), strict=True)
    ]
    own = [
        {"chi2": end["chi2"], "converged": end["kind"] != "unchecked", "basin": i}
        for i, end in enumerate(ends)
    ]
    return changed(ends=ends, starts=own if starts is None else starts)


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
    """A variation of 1 % around 1e8 is drawn above the lowest chi2, which the axis names."""
    study = recorded.study("lepton", "baseline")
    figure = profile_of(study)

    assert figure is not None
    seen = texts(svg(figure))
    assert study.best is not None
    assert f"χ² − {numbers.scientific(study.best.chi2)}" in seen
    assert "200000" in seen
    assert "settled, at bounds" in seen


def test_flat_profile():
    """A profile that is exactly flat is drawn below the 95 % level, so that it looks flat."""
    lowest = decay().profiles[0].chi2_min
    points = [{**point, "chi2": lowest, "own": None} for point in points_of()]
    figure = profile_of(with_points(points))

    assert figure is not None
    assert figure.axes[0].get_ylim()[1] > 3.84


def test_what_relaxation_removed_is_shown():
    """A flat profile is drawn beside the minimum that the points' own starts pretended."""
    lowest = decay().profiles[0].chi2_min
    points = [
        {**point, "chi2": lowest, "own": lowest + 300 * abs(i - 2)}
        for i, point in enumerate(points_of())
    ]
    figure = profile_of(with_points(points))

    assert figure is not None
    assert "before relaxation" in texts(svg(figure))
    assert figure.axes[0].get_ylim()[1] > 300


def test_unsettled_and_failed_points_are_told_apart():
    """The legend names settled, unsettled and failed points."""
    study = recorded.study("mixed", "noisy profile").model_dump(mode="json")
    study["profiles"][0]["points"][3]["chi2"] = None
    figure = profile_of(Study.model_validate_json(json.dumps(study)))

    assert figure is not None
    seen = texts(svg(figure))
    assert all(word in seen for word in ("not settled", "every fit failed", "95 % level"))


def test_the_legend_names_what_ends_a_set_once():
    """Both ends held by the bounds of one nuisance are one line of the legend."""
    first = decay().model_dump(mode="json")["profiles"][0]
    held = {f"{side}_reason": "bound of a nuisance" for side in ("lower", "upper")}
    whose = {f"{side}_of": ["k2"] for side in ("lower", "upper")}
    pieces = [{**piece, **held, **whose} for piece in first["intervals"]]
    figure = profile_of(with_points(first["points"], intervals=pieces))

    assert figure is not None
    assert texts(svg(figure)).count("end by the bound of k2") == 1


def test_nothing_to_draw():
    """Without a best fit, three starts or a second uncertainty there is no picture."""
    study = recorded.study("mixed", HOSTILE)
    certain = recorded.study("mixed", "two intervals")

    assert residuals_figure(study) is None
    assert waterfall_figure(study) is None
    assert waterfall_figure(changed(starts=decay().model_dump(mode="json")["starts"][:2])) is None
    assert scale_figure(certain, certain.profiles[0]) is None


def test_profile_without_a_fit():
    """A profile in which every fit failed has no picture."""
    points = [{**point, "chi2": None} for point in points_of()]

    assert profile_of(with_points(points, chi2_min=None)) is None


def test_kinds_of_ends_are_told_apart():
    """The legend of the waterfall names what each end was found to be."""
    figure = waterfall_figure(with_ends())

    assert figure is not None
    seen = texts(svg(figure))
    kinds = ("global minimum", "local minimum", "held by a bound", "not examined, not converged")
    assert all(kind in seen for kind in kinds)


def test_starts_find_their_end_by_chi2():
    """A start is drawn as the end with its chi2, whatever number its basin has."""
    starts = [{"chi2": 200.0, "converged": True, "basin": 0}] * 3
    figure = waterfall_figure(with_ends(starts))

    assert figure is not None
    assert "local minimum" in texts(svg(figure))


@pytest.mark.parametrize(
    ("night", "study"), [("decay", "profile k1 and k2"), ("mixed", "unsettled")]
)
def test_map_says_what_it_shows(night, study):
    """A map names both parameters with their units, its levels, and its lowest point."""
    found = recorded.study(night, study).maps[0]
    figure = map_figure(found)

    assert figure is not None
    drawing = svg(figure)
    seen = texts(drawing)
    for name, unit in zip(found.parameters, found.units, strict=True):
        assert (f"{name} ({unit})" if unit else name) in seen
    assert all(word in seen for word in ("68 %", "95 %", "lowest"))
    assert ("every fit failed" in seen) == (night == "mixed")
    assert found.sentence in (ET.fromstring(drawing).get("aria-label") or "")  # noqa: S314


def test_border_of_the_scan_is_dashed():
    """Only where the scan cuts a contour off is its line dashed."""
    for study, dashed in ((decay(), False), (recorded.study("mixed", "unsettled"), True)):
        figure = map_figure(study.maps[0])

        assert figure is not None
        styles = {line.get_linestyle() for line in figure.axes[0].get_lines()}
        assert ("--" in styles) == dashed


def test_fine_map():
    """A map of sixty by sixty points makes one small picture."""
    data = decay().maps[0].model_dump(mode="json")
    axis = [1.0 + i / 10 for i in range(60)]
    chi2 = [[52.31 + (a - 3) ** 2 * (b + 1) for a in axis] for b in axis]
    figure = map_figure(Map.model_validate({**data, "x": axis, "y": axis, "chi2": chi2}))

    assert figure is not None
    assert len(svg(figure)) < 2 * LIMIT


def test_flat_map():
    """A map that is exactly flat, without contours, is drawn as such."""
    data = decay().maps[0].model_dump(mode="json")
    chi2 = [[52.31] * len(data["x"])] * len(data["y"])
    flat = Map.model_validate({**data, "chi2": chi2, "contours": []})

    assert map_figure(flat) is not None


def test_map_without_a_fit():
    """A map in which every fit failed has no picture."""
    data = decay().maps[0].model_dump(mode="json")
    chi2 = [[None] * len(data["x"])] * len(data["y"])

    assert map_figure(Map.model_validate({**data, "chi2": chi2, "contours": []})) is None


def test_scaled_uncertainties():
    """The picture of scaled uncertainties names every factor and the 95 % set."""
    study = decay()
    figure = scale_figure(study, study.profiles[0])

    assert figure is not None
    seen = texts(svg(figure))
    assert all(word in seen for word in ("0.1", "10", "95 % set", "k1 (1/s)"))


def test_same_picture_twice():
    """The same study gives the same picture, letter for letter, and no fixed ink."""
    drawings = []
    for _ in range(2):
        figure = waterfall_figure(decay())
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
