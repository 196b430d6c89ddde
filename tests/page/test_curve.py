"""The curves of the page: axes hold their numbers, long curves keep their peaks, labels stay apart."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from module_engine import engine
from thorough import examples

SIZES = st.floats(-1e12, 1e12, allow_subnormal=False)
POWERS = st.floats(-290, 290)
LOSSES = st.lists(st.floats(0, 1e6) | st.sampled_from((math.nan, math.inf)), min_size=1, max_size=700)


def called(expression: str) -> Any:
    return json.loads(str(engine().eval(f"JSON.stringify({expression})")))


def script(value: object) -> str:
    """A value as JavaScript, numbers that are none included: json writes NaN and Infinity as JavaScript spells them."""
    return json.dumps(value)


def frame(across: str, up: str) -> str:
    return f"{{left: 58, right: 640, top: 28, bottom: 238, across: {across}, up: {up}}}"


@given(SIZES, SIZES)
@examples(30, 2000)
def test_a_linear_axis_holds_its_numbers_between_round_ones(one: float, other: float) -> None:
    low, high = sorted((one, other))
    axis = called(f"linearAxis({low!r}, {high!r})")
    values = [tick["value"] for tick in axis["ticks"]]
    slack = 1e-8 * max(abs(low), abs(high))
    assert axis["low"] <= low + slack
    assert axis["high"] >= high - slack
    assert 3 <= len(values) <= 9
    assert values[0] == pytest.approx(axis["low"])
    assert values[-1] == pytest.approx(axis["high"])
    assert len({tick["text"] for tick in axis["ticks"]}) == len(values)
    step = values[1] - values[0]
    assert np.allclose(np.diff(values), step, rtol=1e-5)
    if high - low > 1e-6 * max(abs(low), abs(high)):
        assert round(float(f"{step:.2e}".split("e")[0]), 6) in (1, 2, 2.5, 5)


@given(POWERS, POWERS)
@examples(30, 2000)
def test_a_logarithmic_axis_holds_its_numbers_between_powers_of_ten(one: float, other: float) -> None:
    low, high = sorted((10.0**one, 10.0**other))
    axis = called(f"logAxis({low!r}, {high!r})")
    assert axis["low"] <= low * (1 + 1e-6)
    assert axis["high"] >= high * (1 - 1e-6)
    powers = [math.log10(tick["value"]) for tick in axis["ticks"]]
    assert 2 <= len(powers) <= 12
    assert all(axis["low"] * 0.999 <= tick["value"] <= axis["high"] * 1.001 for tick in axis["ticks"])
    for value, at in ((axis["low"], 0), (axis["high"], 1)):
        assert called(f"alongAxis({script(axis)}, {value!r})") == pytest.approx(at)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.25, "−0.25"), (0.1 + 0.2, "0.3"), (1e-5, "10⁻⁵"), (-2.5e-7, "−2.5·10⁻⁷"), (3e12, "3·10¹²")],
)
def test_numbers_beside_an_axis(value: float, text: str) -> None:
    assert called(f"tickText({value!r})") == text


def test_few_powers_of_ten_have_lines_between_them() -> None:
    assert len(called("logAxis(0.02, 3)")["minor"]) == 3 * 8
    assert [tick["text"] for tick in called("logAxis(0.2, 0.9)")["ticks"]] == ["10⁻¹", "10⁰", "0.2", "0.5"]
    assert called("logAxis(1e-12, 1)")["minor"] == []


@given(LOSSES, st.integers(1, 40))
@examples(30, 2000)
def test_a_thinned_curve_keeps_every_columns_extremes(values: list[float], columns: int) -> None:
    column = f"(i) => Math.floor(i * {columns} / {len(values)})"
    kept = called(f"thinned({script(values)}, {column}, {columns})")
    assert kept == sorted(set(kept))
    if len(values) <= 2 * columns:
        assert kept == list(range(len(values)))
        return
    places = np.floor(np.arange(len(values)) * columns / len(values))
    for place in range(columns):
        whole = [values[i] for i in np.flatnonzero(places == place) if math.isfinite(values[i])]
        seen = [values[i] for i in kept if places[i] == place and math.isfinite(values[i])]
        assert (min(seen, default=0), max(seen, default=0)) == (min(whole, default=0), max(whole, default=0))
    if all(map(math.isfinite, values)):
        assert len(kept) <= 2 * columns
    ends = [i for i, (a, b) in enumerate(zip(values, values[1:]), 1) if math.isfinite(a) and not math.isfinite(b)]
    assert set(ends) <= set(kept)


def test_a_run_that_fails_leaves_the_frame_and_the_others_stay_seen() -> None:
    fails, falls = [0.3 * 3.0**k for k in range(600)], [0.3 * 0.9**k for k in range(600)]
    series = script([{"y": [*fails, math.inf]}, {"y": falls}])
    axis = f"heightAxis({series}, {{zero: true}}, {{log: false, most: 6}})"
    assert called(axis)["high"] <= 4
    assert called(axis.replace("log: false", "log: true"))["high"] <= 1e6
    assert called(f"heightAxis({series}, {{zero: true, growth: 2}}, {{log: false, most: 6}})")["high"] == 0.6
    traced = called(f"traced({series[1:].split(', {')[0]}, {frame('linearAxis(0, 600, {tight: true})', axis)})")
    assert traced["cross"]["x"] == 600
    assert traced["cross"]["edge"] == 28 + 7
    assert traced["above"]["most"] == fails[-1]


@pytest.mark.parametrize("ended", [4, None])
def test_numbers_that_were_cut_off_where_they_end_have_a_cross(ended: int | None) -> None:
    series = script({"y": [1, 2, 3, 4], "ended": ended})
    cross = called(f"traced({series}, {frame('linearAxis(0, 4, {tight: true})', 'linearAxis(0, 4)')})")["cross"]
    assert (cross and cross["x"]) == ended


def test_a_zero_among_powers_of_ten_reaches_the_lower_edge() -> None:
    assert [called(f"alongAxis(logAxis(0.1, 1), {value})") for value in (0, -1)] == [-0.02, -0.02]
    series, axes = {"y": [1, 0, 1]}, frame("linearAxis(0, 2, {tight: true})", "logAxis(0.1, 1)")
    line = called(f"traced({script(series)}, {axes})")
    assert line["below"]["least"] == 0
    assert float(line["line"].split("L")[1].split()[1]) > 238
    dots = called(f"traced({script({**series, 'kind': 'line+dots'})}, {axes})")
    assert dots["crosses"].count("M") == 1
    assert dots["dots"].count("M") == 2


@given(st.lists(st.tuples(st.floats(20, 160), st.floats(58, 640), st.floats(28, 238)), min_size=1, max_size=8))
@examples(30, 2000)
def test_labels_stay_apart_and_inside(labels: list[tuple[float, float, float]]) -> None:
    wanted = [{"width": width, "places": [[x, y, 0]]} for width, x, y in labels]
    axes = frame("linearAxis(0, 1)", "linearAxis(0, 1)")
    places = called(f"labelPlaces({script(wanted)}, {axes}, [])")
    boxes = [(x, x + width, y) for (x, y), (width, *_) in zip(places, labels, strict=True)]
    for k, (left, right, y) in enumerate(boxes):
        assert left >= 58
        assert right <= 640
        assert 28 <= y <= 238
        assert all(left >= other[1] or right <= other[0] or abs(y - other[2]) >= 15 for other in boxes[:k])


@given(st.lists(st.floats(28, 238), min_size=1, max_size=8))
@examples(30, 2000)
def test_names_beside_a_frame_are_apart_inside_and_in_the_order_of_their_curves(heights: list[float]) -> None:
    found = called(f"spreadOut({script(heights)}, 16, 28, 238)")
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = [found[k] for k in order]
    assert placed[0] >= 28 - 1e-9
    assert placed[-1] <= 238 + 1e-9
    assert all(below - above >= 16 - 1e-9 for above, below in zip(placed, placed[1:]))
    if all(heights[b] - heights[a] >= 16 for a, b in zip(order, order[1:])):
        assert found == heights


def test_the_nearest_point_and_the_number_across() -> None:
    axes = frame("linearAxis(0, 10, {tight: true})", "linearAxis(0, 1)")
    found = called(f"nearestPoint([{{y: [0.1, 0.2, 0.9]}}, {{y: [0.5, 0.5, 0.5]}}], {axes}, [58 + 2 * 58.2, 60])")
    assert (found["x"], found["y"]) == (2, 0.9)
    assert called(f"alongFrame({axes}, 58 + 58.2 * 3.4, true)") == 3
    assert called(f"alongFrame({axes}, -1000)") == 0
    powers = frame("logAxis(1e-6, 1)", "linearAxis(0, 1)")
    assert called(f"alongFrame({powers}, {(58 + 640) / 2})") == pytest.approx(1e-3)


def test_a_step_is_cut_off_at_the_frame() -> None:
    axes = frame("linearAxis(0, 1)", "linearAxis(0, 1)")
    assert called(f"withinFrame([100, 100], [1000, 100], {axes})") == [[100, 100], [640, 100]]
    assert called(f"withinFrame([100, 0], [200, 10], {axes})") is None


def test_words_say_a_run_by_powers_of_ten() -> None:
    spec = {"x": {"label": "updates"}, "y": {"label": "loss E"}, "words": {"value": "{y} after {x}"}}
    data = {"series": [{"label": "This run", "y": [1 / (1 + k) for k in range(101)]}], "marker": {"x": 3, "series": 0}}
    assert called(f"curveWords({script(spec)}, {script(data)})") == (
        "loss E against updates. This run: 1 after 0, 0.5 after 1, 0.0909091 after 10, 0.00990099 after 100. "
        "Shown: 0.25 at 3."
    )
    fails = {"series": [{"label": "A", "y": [1, 2, math.inf]}, {"label": "B", "y": [3], "ended": 1}, {"y": []}]}
    assert called(f"curveWords({script(spec)}, {script(fails)})") == (
        "loss E against updates. A: 1 after 0, 2 after 1, overflows at 2. B: 3 after 0, overflows at 1."
    )
    grid = {"series": [{"label": "E", "x": list(range(-20, 21)), "y": [(k - 3) ** 2 for k in range(-20, 21)]}]}
    assert "E: 529 after -20, 0 after 3, 289 after 20." in called(f"curveWords({script(spec)}, {script(grid)})")
