"""What a field computes in the page: contour lines against contourpy, levels and their labels against the kernel."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from contourpy import LineType, contour_generator
from module_engine import engine
from numpy.typing import NDArray

from bpkit.show.surface_picture import Landscape, Window

Array = NDArray[np.float64]
RNG = np.random.default_rng(11)
SMALL = {"x": [0, 10], "y": [0, 10]}


def in_page(function: str, *given: Any) -> Any:
    """What a function of the module gives; the numbers go as JavaScript, as JSON has no infinity."""
    return json.loads(engine().eval(f"JSON.stringify({function}(...{json.dumps(given)}))"))


def smooth(ny: int, nx: int) -> Array:
    """A random smooth field: a few waves."""
    x, y = np.linspace(0, 1, nx)[None, :], np.linspace(0, 1, ny)[:, None]
    waves = [(*RNG.normal(0, 5, 2), RNG.uniform(0, 6), RNG.normal()) for _ in range(5)]
    return sum((size * np.sin(a * x + b * y + shift) for a, b, shift, size in waves), np.zeros((ny, nx)))


def with_holes(field: Array) -> Array:
    holes = field.copy()
    for value in (np.nan, np.inf, -np.inf):
        holes[tuple(RNG.integers(0, size, 6) for size in field.shape)] = value
    return holes


FIELDS = {
    **{f"smooth {k}": smooth(*RNG.integers(5, 40, 2)) for k in range(12)},
    **{f"rough {k}": RNG.normal(size=RNG.integers(2, 20, 2)) for k in range(12)},  # full of saddles
    **{f"holes {k}": with_holes(smooth(*RNG.integers(12, 40, 2))) for k in range(8)},
}


def length(line: Array) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def value_at(field: Array, x: float, y: float) -> float:
    """A grid's value on one of its edges, where contour lines have their corners."""
    column, row = min(int(x), field.shape[1] - 2), min(int(y), field.shape[0] - 2)
    right, up = x - column, y - row
    assert min(abs(right - round(right)), abs(up - round(up))) == 0
    if right in (0, 1):
        low, high = field[row : row + 2, column + int(right)]
        return float((1 - up) * low + up * high)
    low, high = field[row + int(up), column : column + 2]
    return float((1 - right) * low + right * high)


@pytest.mark.parametrize("name", FIELDS)
def test_contours_are_those_of_contourpy(name: str) -> None:
    field = FIELDS[name]
    ny, nx = field.shape
    finite = field[np.isfinite(field)]
    theirs = contour_generator(
        z=np.ma.masked_invalid(field), line_type=LineType.Separate, corner_mask=False, quad_as_tri=False
    )
    for level in np.quantile(finite, [0.03, 0.2, 0.45, 0.5, 0.8, 0.97]) + 1e-7:
        lines = [np.reshape(line, (-1, 2)) for line in in_page("contours", field.ravel().tolist(), nx, ny, level)]
        expected: Any = theirs.lines(level)
        for line in lines:
            scale = np.abs(finite).max()
            assert max(abs(value_at(field, *corner) - level) for corner in line.tolist()) <= 1e-12 * scale
        assert sum(map(length, lines)) == pytest.approx(sum(map(length, expected)), rel=1e-9)
        closed = sorted(length(line) for line in lines if (line[0] == line[-1]).all())
        assert closed == pytest.approx(sorted(length(line) for line in expected if (line[0] == line[-1]).all()))
        assert len(lines) == len(expected)  # joined, not in pieces


def test_a_line_through_grid_points_has_no_corner_twice() -> None:
    field = [0.0, 1, 2, 1, 2, 3, 2, 3, 4]  # the level is at three of its points
    [line] = in_page("contours", field, 3, 3, 2)
    corners = list(zip(line[::2], line[1::2]))
    assert len(set(corners)) == len(corners)
    assert sorted(corners) == [(0, 2), (1, 1), (2, 0)]


def test_an_open_line_ends_at_the_border_and_high_ground_is_on_its_left() -> None:
    [line] = in_page("contours", [0.0, 1, 0, 1], 2, 2, 0.25)
    assert line == [0.25, 1, 0.25, 0]


def landscape_between(low: float, high: float) -> Landscape:
    axis = np.array([0.0, 1.0])
    return Landscape(Window("a", "b", (0.5, 0.5), 0.5), axis, axis, np.array([[low, high], [low, high]]))


def drawn_ranges() -> list[tuple[float, float]]:
    near = [(low := 10 ** RNG.uniform(-8, 6), low * (1 + 10 ** RNG.uniform(-6, 1.9))) for _ in range(300)]
    far = [(low := 10 ** RNG.uniform(-12, 2), low * 10 ** RNG.uniform(2.1, 12)) for _ in range(200)]
    return [*near, *far, (0.0, 1.0), (0.0, 3e-7), (1.0, 12.0), (0.02, 0.5), (1.0, 1.0), (0.25, 25.0), (0.01, 0.25)]


def test_levels_and_labels_are_those_of_the_kernel() -> None:
    for low, high in drawn_ranges():
        land = landscape_between(low, high)
        inner = [level for level in land.levels if min(level - low, high - level) > 1e-9 * (high - low)]
        levels = [
            level for level in in_page("roundLevels", low, high) if min(level - low, high - level) > 1e-9 * (high - low)
        ]
        assert levels == pytest.approx(inner, rel=1e-12), (low, high)
        if len(inner) == len(land.levels):
            assert in_page("levelLabels", land.levels) == land.marks, (low, high)


def test_labels_differ_and_read_as_their_levels() -> None:
    for low, high in drawn_ranges():
        labels = in_page("levelLabels", in_page("roundLevels", low, high))
        assert len(set(labels)) == len(labels)
        assert 3 <= len(labels) <= 12 or not low < high


@pytest.mark.parametrize(("covered", "shown"), [("false", True), ("true", False), ("x < 150", True)])
def test_a_label_that_a_walk_covers_is_left_out(covered: str, shown: bool) -> None:
    line = [[20, 100, 280, 100]]
    found = f"placeLabels([1], ['0.009'], [{json.dumps(line)}], () => 1, (x) => {covered}, 300)"
    [place] = json.loads(engine().eval(f"JSON.stringify({found})"))
    assert (place is not None) == shown
    assert not shown or covered == "false" or place["x"] > 150


def test_levels_of_a_range_without_room_end() -> None:
    for low, high in ((5.0, np.nextafter(5, 6)), (1e300, 1.1e300), (-3.0, -3.0), (float("nan"), 1.0), (2.0, 1.0)):
        levels = in_page("roundLevels", low, high)
        assert all(low < level < high for level in levels)
    assert in_page("roundLevels", -1, 1) == pytest.approx([-0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8])


def test_axes_have_four_to_nine_round_numbers() -> None:
    for _ in range(300):
        low = float(RNG.normal() * 10 ** RNG.uniform(-2, 3))
        high = low + float(10 ** RNG.uniform(-1, 3))
        ticks = in_page("fieldTicks", low, high)
        assert 4 <= len(ticks) <= 9
        for value, text in ticks:
            assert float(text.replace("−", "-")) == pytest.approx(value, rel=1e-9, abs=1e-9)
            assert low - 1e-6 * (high - low) <= value <= high + 1e-6 * (high - low)


def test_a_walk_has_a_dot_for_each_update_and_one_where_several_share_half_a_pixel() -> None:
    walk = {"x": [1, 2, 2.0001, 2.0001, 5, 8], "y": [1, 2, 2, 2, 5, 9]}
    shapes = in_page("walkShapes", walk, SMALL, 380)
    assert shapes["count"] == 4
    assert shapes["dots"].count("h0") == 4
    assert shapes["start"] == [38, 342]
    assert shapes["end"] == pytest.approx([304, 38])
    assert shapes["left"] == -1
    assert shapes["exits"] == ""


def test_steps_that_later_walks_take_as_well_are_known_and_so_are_equal_ends() -> None:
    first, other = {"x": [1, 5, 9], "y": [1, 1, 1]}, {"x": [1, 5, 5], "y": [1, 1, 9]}
    far = {"x": [1, 1e9], "y": [1, 1]}
    covered = in_page("coveredSteps", [first, other, {"x": [1, 5], "y": [1, 1]}, far, far], SMALL, 380, 380)
    assert covered[0] == {"line": "M38,342L190,342", "most": 2, "ends": 0}
    assert covered[1] == {"line": "M38,342L190,342", "most": 1, "ends": 0}
    assert covered[3] == {"line": "", "most": 0, "ends": 1}
    assert covered[4] == {"line": "", "most": 0, "ends": 0}
    rests = {"x": [1, 1, 5], "y": [1, 1, 1]}
    assert in_page("coveredSteps", [rests, rests], SMALL, 380, 380)[0]["line"] == "M38,342L190,342"


def test_a_walk_that_leaves_is_cut_at_the_border_with_an_arrow_there() -> None:
    shapes = in_page("walkShapes", {"x": [5, 15, 1e9], "y": [5, 15, 3]}, SMALL, 380)
    assert shapes["line"] == "M190,190L380,0"
    assert shapes["exits"].startswith("M380,0L")  # its tip
    assert (shapes["left"], shapes["end"], shapes["count"]) == (1, None, 1)
    through = in_page("walkShapes", {"x": [-5, 15], "y": [5, 5]}, SMALL, 380)
    assert (through["line"], through["start"], through["count"]) == ("M0,190L380,190", None, 0)


def test_there_and_back_of_a_short_walk_are_bows_apart_with_a_number_at_each_end() -> None:
    forth = {"x": [2, 8, 3, 7], "y": [2, 8, 3, 7]}
    shapes = in_page("walkShapes", forth, SMALL, 380, None, 380, True)
    assert (shapes["count"], shapes["dots"].count("h0"), shapes["heads"].count("z")) == (4, 4, 3)
    assert [number for _, _, number in shapes["numbers"]] == [1, 2, 3]
    ends = [(304, 76), (114, 266), (266, 114)]
    assert all(np.hypot(x - a, y - b) < 25 for (x, y, _), (a, b) in zip(shapes["numbers"], ends, strict=True))
    corners = [tuple(map(float, one.split(","))) for one in shapes["line"][1:].split("L")]
    sides = [x + y - 380 for x, y in corners]  # of the straight line on which all updates are
    there, back = sides[6], sides[18]
    assert there * back < 0
    assert min(abs(there), abs(back)) > 20
    assert sides[::12] == pytest.approx([0, 0, 0, 0], abs=0.2)
    straight = in_page("walkShapes", forth, SMALL, 380)
    assert straight["numbers"] == []
    out = {"x": [4, 6, 3, 12, -2], "y": [4, 6, 3, 12, -2]}  # it leaves with its third step, and for good
    beyond = {name: [*values, 25, -30, 60] for name, values in out.items()}
    left, further = (in_page("walkShapes", one, SMALL, 380, None, 380, True) for one in (out, beyond))
    assert (left["left"], left["exits"].count("z"), left["end"]) == (3, 1, None)
    assert further == left
    onward = {"x": [2, 4, 5], "y": [2, 4, 6]}
    assert in_page("walkShapes", onward, SMALL, 380, None, 380, True) == in_page("walkShapes", onward, SMALL, 380)
    later = in_page("walkShapes", {"x": [2, 8] * 10, "y": [2, 8] * 10}, SMALL, 380, None, 380, True)
    after = [tuple(map(float, one.split(","))) for one in later["line"][1:].split("L")][13 * 12 :]
    assert [x + y for x, y in after] == pytest.approx([380] * len(after), abs=0.2)  # straight from the 13th step on
    long = {"x": [2, 8] * 60, "y": [2, 8] * 60}
    assert in_page("walkShapes", long, SMALL, 380, None, 380, True) == in_page("walkShapes", long, SMALL, 380)


def test_a_plot_may_be_wider_than_it_is_high() -> None:
    wide = in_page("walkShapes", {"x": [5, 15], "y": [5, 15]}, SMALL, 380, None, 190)
    assert (wide["start"], wide["line"]) == ([190, 95], "M190,95L380,0")
    below = in_page("walkShapes", {"x": [5, 5], "y": [5, -5]}, SMALL, 380, None, 190)
    assert below["line"] == "M190,95L190,190"


def test_a_walk_to_infinity_ends_before_it() -> None:
    shapes = in_page("walkShapes", {"x": [5, 6, float("inf")], "y": [5, 6, float("nan")]}, SMALL, 380)
    assert (shapes["line"], shapes["end"], shapes["left"]) == ("M190,190L228,152", None, 2)


def test_words_have_their_numbers() -> None:
    z = [0.1, 0.2, 0.9, 0.4, 0.6, 0.8]
    points = [
        {"x": [0, 1], "y": [0, 1], "kind": 0, "wrong": [0, 1]},
        {"x": [0, 1, 2], "y": [0, 0, 0], "kind": 1, "wrong": [1, 1, 0]},
        {"x": [1], "y": [1], "kind": 1, "hollow": True, "wrong": [1]},
    ]
    data = {"window": SMALL, "nx": 3, "ny": 2, "z": z, "levels": [0.5], "points": points, "numbers": {"E": 3}}
    numbers = in_page("fieldNumbers", data)
    expected = {"low": 0.1, "high": 0.9, "low_x": 0, "low_y": 0, "middle": 0.5, "share": 50, "E": 3}
    expected |= {"points": 5, "upper": 3, "wrong": 3, "test": 1, "test_wrong": 1}
    assert {name: numbers[name] for name in expected} == pytest.approx(expected)
