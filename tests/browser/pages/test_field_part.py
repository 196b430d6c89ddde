"""The field as the browser draws it: signs counted, labels apart, themes, the pointer and the keyboard."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_lab import Lab
from playwright.sync_api import Page, expect

FOLDER = Path(__file__).parents[3] / "bpkit" / "page"
SIDE = 380
WINDOW = {"x": [-3, 3], "y": [-2, 4]}
SURFACE = {"x": {"label": "w₅"}, "y": {"label": "w₇"}, "z": {"label": "loss E"}, "look": "heights"}
PLANE = {"x": {"label": "x₁"}, "y": {"label": "x₂"}, "look": "sides"}
AXIS = np.linspace(-3, 3, 61)
BOWL = (0.05 + (AXIS[None, :] ** 2 + 0.4 * AXIS[:, None] ** 2 + np.sin(2 * AXIS[None, :]) + 1) ** 2 / 20).ravel()
SLOPE = (1 / (1 + np.exp(-2 * AXIS[None, :] + AXIS[:, None]))).ravel()
STEPS = np.linspace(0, 1, 30)
WALK = {"x": (2.5 - 3 * STEPS**2).tolist(), "y": (3.5 - 3 * STEPS).tolist()}
PAGE = """<!doctype html><html lang="en" data-theme="THEME"><meta charset="utf-8"><title>field</title>
<meta name="viewport" content="width=device-width">
<style>CSS body { margin: 0; background: var(--paper) }</style>
<body class="bpkit-page"><main><h1>Fields</h1><div id="here"></div></main><script type="module">MODULE
window.start = (spec, data, picks) => {
  window.picked = [];
  window.made = field(spec, picks ? { pick: (place) => picked.push(place) } : {});
  here.replaceChildren(made.node);
  window.data = { nx: 61, ny: 61, ...data, z: Float64Array.from(data.z) };
  made.draw(data_now());
};
window.field = field;
window.data_now = (more = {}) => Object.assign(data, more);
window.ready = true;
</script></body></html>"""
# The corners of each label on the screen, turned with it.
LABELS = """nodes => nodes.filter(node => node.textContent).map(node => {
    const { x, y, width, height } = node.getBBox(), matrix = node.getScreenCTM();
    return { text: node.textContent, turn: Math.atan2(matrix.b, matrix.a), corners:
      [[x, y], [x + width, y], [x + width, y + height], [x, y + height]].map(([a, b]) => {
        const { x, y } = new DOMPoint(a, b).matrixTransform(matrix);
        return [x, y];
      }) };
})"""


def shown(page: Page, spec: dict[str, Any], data: dict[str, Any], theme: str = "light", picks: bool = False) -> Page:
    css, module = ((FOLDER / name).read_text(encoding="utf-8") for name in ("bpkit.css", "bpkit.js"))
    parts = {"THEME": theme, "CSS": css, "MODULE": module}
    page.set_viewport_size({"width": 1280, "height": 900})
    page.mouse.move(1200, 850)
    page.set_content(re.sub("THEME|CSS|MODULE", lambda found: parts[found[0]], PAGE, count=3))
    page.wait_for_function("window.ready")
    page.evaluate(f"start({json.dumps(spec)}, {json.dumps({'window': WINDOW, **data})}, {json.dumps(picks)})")
    return page


def surface(**more: Any) -> dict[str, Any]:
    return {"z": BOWL.tolist(), "walk": WALK, **more}


def plane(count: int = 50) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    groups = [
        {
            "x": rng.uniform(-3, 3, count).tolist(),
            "y": rng.uniform(-2, 4, count).tolist(),
            "kind": kind,
            "hollow": hollow,
            "wrong": [int(k < 4) for k in range(count)],
        }
        for kind in (0, 1)
        for hollow in (False, True)
    ]
    return {"z": SLOPE.tolist(), "range": [0, 1], "levels": [0.5], "points": groups}


def path(page: Page, kind: str) -> str:
    return page.locator(f".bpkit-field-plot .bpkit-field-{kind}").get_attribute("d") or ""


def colours(page: Page, x: int, y: int) -> list[int]:
    [*rgb, _] = page.evaluate(
        f"[...document.querySelector('canvas').getContext('2d').getImageData({x}, {y}, 1, 1).data]"
    )
    return list(rgb)


def test_the_walk_has_a_dot_for_each_update_and_a_star_where_it_ends(page: Page) -> None:
    shown(page, SURFACE, surface())
    assert path(page, "dots").count("h0") == len(WALK["x"])
    across, down = (SIDE * (WALK[way][-1] - WINDOW[way][0]) / (WINDOW[way][1] - WINDOW[way][0]) for way in ("x", "y"))
    star = page.locator(".bpkit-field-plot .bpkit-field-end")
    found = re.fullmatch(r"translate\(([\d.]+) ([\d.]+)\)", star.get_attribute("transform") or "")
    assert found
    assert [float(text) for text in found.groups()] == pytest.approx([across, SIDE - down], abs=0.06)
    assert path(page, "heads").count("z") >= 2
    page.evaluate("made.draw(data_now({ walk: { ...data.walk, ended: false } }))")
    expect(star).to_be_hidden()
    expect(page.locator(".bpkit-field-plot .bpkit-field-now")).to_be_visible()


def test_several_walks_differ_by_dash_and_are_named(page: Page) -> None:
    walks = [{**WALK, "color": 0, "label": "plain"}, {"x": [0, 9], "y": [0, 1], "color": 1, "label": "momentum"}]
    shown(page, SURFACE, {"z": BOWL.tolist(), "walks": walks})
    dashes = page.locator(".bpkit-field-plot .bpkit-field-walk").evaluate_all(
        "nodes => nodes.map(node => [getComputedStyle(node).stroke, getComputedStyle(node).strokeDasharray])"
    )
    assert dashes[0][0] != dashes[1][0]
    assert dashes[0][1] != dashes[1][1]
    assert {"plain", "momentum"} <= set(page.locator(".bpkit-field-legend span").all_inner_texts())
    assert "leaves the picture at update 1" in (page.get_by_role("img").get_attribute("aria-label") or "")


def apart(one: list[list[float]], other: list[list[float]]) -> bool:
    """Is there a line between two rectangles, along a side of one of them?"""
    for corners in (one, other):
        for (a, b), (c, d) in zip(corners, corners[1:3]):
            ends = [[(c - a) * x + (d - b) * y for x, y in box] for box in (one, other)]
            if max(ends[0]) < min(ends[1]) or max(ends[1]) < min(ends[0]):
                return True
    return False


def test_labels_differ_do_not_overlap_and_stand_upright_also_while_it_moves(page: Page) -> None:
    shown(page, SURFACE, surface())
    for k in range(12):
        page.evaluate(f"made.draw(data_now({{ z: data.z.map((z, n) => z * (1 + 0.1 * Math.sin({k} + n / 300))) }}))")
        labels = page.locator(".bpkit-field-labels text").evaluate_all(LABELS)
        texts = [label["text"] for label in labels]
        assert len(texts) >= 5
        assert len(set(texts)) == len(texts)
        for place, label in enumerate(labels):
            assert abs(label["turn"]) <= math.pi / 2 + 1e-6
            for other in labels[:place]:
                assert apart(label["corners"], other["corners"]), (k, label["text"], other["text"])


def test_labels_of_crowded_lines_do_not_overlap(page: Page) -> None:
    ramp = np.tile(AXIS, 61).tolist()
    shown(page, SURFACE, {"z": ramp, "levels": np.linspace(-2, 2, 24).tolist()})
    labels = page.locator(".bpkit-field-labels text").evaluate_all(LABELS)
    assert len(labels) == 24
    for place, label in enumerate(labels):
        for other in labels[:place]:
            assert apart(label["corners"], other["corners"]), (label["text"], other["text"])


def test_a_label_makes_room_for_a_walk(page: Page) -> None:
    shown(page, SURFACE, {"z": BOWL.tolist()})
    labels = page.locator(".bpkit-field-labels text")
    before = labels.evaluate_all("nodes => nodes.map(node => node.getAttribute('transform'))")
    x, y = map(float, re.findall(r"-?[\d.]+", before[4])[:2])
    place = [-3 + 6 * x / SIDE, 4 - 6 * y / SIDE]
    walk = {"x": [place[0] - 0.05, place[0] + 0.05], "y": [place[1], place[1]]}
    page.evaluate(f"made.draw(data_now({{ walk: {json.dumps(walk)} }}))")
    after = labels.evaluate_all("nodes => nodes.map(node => node.getAttribute('transform'))")
    assert after[4] != before[4]
    x, y = (float(text) for text in re.findall(r"-?[\d.]+", after[4])[:2])
    assert math.hypot(x - SIDE * (place[0] + 3) / 6, y - SIDE * (4 - place[1]) / 6) > 10


def test_points_are_there_by_class_and_kind(page: Page) -> None:
    shown(page, PLANE, plane(50))
    kinds = page.locator(".bpkit-field-plot .bpkit-field-points").evaluate_all(
        "nodes => nodes.map(node => [node.getAttribute('class'), node.getAttribute('d').match(/z/g).length])"
    )
    assert sorted((" hollow" if "hollow" in name else "") + str(count) for name, count in kinds) == [
        *[" hollow50"] * 2,
        *["50"] * 2,
    ]
    triangles = page.locator(".bpkit-field-plot .bpkit-field-high").evaluate_all(
        "nodes => nodes.every(node => !node.getAttribute('d').includes('a'))"
    )
    assert triangles
    assert path(page, "wrong").count("z") == 4 * 4
    words = page.get_by_role("img").get_attribute("aria-label") or ""
    assert "100 points are drawn, 50 of the high class" in words
    assert "(ringed): 8 of 100." in words
    assert "Test points (hollow) on the wrong side: 8 of 100." in words
    x, y = map(float, re.findall(r"[\d.]+", path(page, "boundary"))[:2])  # the line 2·x1 = x2 of the grid
    assert (2 * (x / SIDE * 6 - 3) - (3 - y / SIDE * 6)) == pytest.approx(0, abs=0.02)


def test_no_node_is_left_behind(page: Page) -> None:
    shown(page, SURFACE, surface(points=plane(20)["points"]))
    count, height = page.evaluate(
        """() => {
            const counts = [], state = () => [document.querySelectorAll('*').length, made.node.offsetHeight];
            const fields = [0, 1].map(k => data.z.map((z, n) => z * (1 + 0.2 * Math.sin(n / 300 + k))));
            const draw = k => made.draw({ ...data, z: fields[k % 2], walk: { x: data.walk.x.slice(0, 1 + k % 30),
                y: data.walk.y.slice(0, 1 + k % 30) } });
            for (let k = 0; k < 60; k++) draw(k);
            const before = state();
            for (let k = 0; k < 2000; k++) draw(k);
            const after = state();
            return [after[0] - before[0], after[1] - before[1]];
        }"""
    )
    assert (count, height) == (0, 0)


def test_the_same_field_is_not_painted_again(page: Page) -> None:
    shown(page, SURFACE, surface())
    painted = """() => {
        const put = CanvasRenderingContext2D.prototype.putImageData;
        let count = 0;
        CanvasRenderingContext2D.prototype.putImageData = function (...given) { count++; put.apply(this, given); };
        for (let k = 0; k < 5; k++) made.draw(data_now({ walk: { x: [k], y: [k] } }));
        made.draw(data_now({ z: data.z.slice() }));
        CanvasRenderingContext2D.prototype.putImageData = put;
        return count;
    }"""
    assert page.evaluate(painted) == 1


def test_dark_differs_and_a_change_of_theme_is_seen_without_a_frame(page: Page) -> None:
    shown(page, PLANE, plane())
    low, high = colours(page, 0, 0), colours(page, 60, 60)
    assert (low, high) == ([0xA9, 0xCB, 0xE8], [0xF3, 0xC3, 0xA0])
    frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    page.wait_for_function(frames)  # it looks once more when it is first laid out
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1, 1).data[0] < 100")
    assert (colours(page, 0, 0), colours(page, 60, 60)) == ([0x1F, 0x4F, 0x78], [0x7A, 0x3F, 0x1C])


def test_drawn_before_it_is_on_the_page_it_has_its_colours_there(page: Page) -> None:
    shown(page, PLANE, plane())
    page.evaluate("here.replaceChildren()")
    page.evaluate(f"window.made = field({json.dumps(PLANE)}); made.draw(data_now()); here.append(made.node)")
    page.wait_for_function(
        "document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1, 1).data[2] === 0xE8"
    )
    assert colours(page, 0, 0) == [0xA9, 0xCB, 0xE8]


def contrast(one: list[int], other: list[int]) -> float:
    def light(rgb: list[int]) -> float:
        parts = [part / 255 for part in rgb]
        return sum(
            share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            for share, part in zip((0.2126, 0.7152, 0.0722), parts)
        )

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_is_readable_on_every_height_and_axe_finds_nothing(page: Page, theme: str) -> None:
    shown(page, SURFACE, surface(), theme, picks=True)
    ink = page.locator(".bpkit-field-labels text").first.evaluate("node => getComputedStyle(node).fill")
    rgb = [int(part) for part in re.findall(r"\d+", ink)]
    assert min(contrast(rgb, colours(page, x, y)) for x in range(0, 61, 5) for y in range(0, 61, 5)) >= 4.5
    assert Lab(page, FOLDER).serious("main") == []


def test_the_readout_says_where_it_is_and_a_click_chooses(page: Page) -> None:
    shown(page, SURFACE, surface(), picks=True)
    cover, readout = page.locator(".bpkit-field-cover"), page.locator(".bpkit-field-readout")
    expect(readout).to_be_hidden()
    box = cover.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    expect(readout).to_contain_text("w₅ = −1.5")
    x, y, value = (float(text.split(" = ")[1].replace("−", "-")) for text in readout.inner_text().split("\n"))
    # Rows go upwards: the grid's y is 1 here, so the value is the one of its 46th row and 16th column.
    assert (x, y) == pytest.approx((-1.5, 2.5), abs=0.02)
    assert value == pytest.approx(BOWL.reshape(61, 61)[45, 15], rel=0.02)
    page.mouse.down()
    page.mouse.up()
    assert page.evaluate("picked[0]") == pytest.approx([-1.5, 2.5], abs=0.02)
    page.mouse.move(1200, 850)
    expect(readout).to_be_hidden()


def test_the_keyboard_reads_and_chooses(page: Page) -> None:
    shown(page, SURFACE, surface(), picks=True)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Choose w₅ and w₇")).to_be_focused()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".bpkit-field-readout")).to_contain_text("w₅ = 0.12")
    assert page.evaluate("picked[0]") == pytest.approx([0.12, 1.24])


def test_without_a_use_for_a_click_it_takes_no_focus(page: Page) -> None:
    shown(page, SURFACE, surface())
    assert page.locator("#here [tabindex]").count() == 0


def test_on_a_phone_it_fits_and_can_be_read(page: Page) -> None:
    shown(page, PLANE, plane())
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    heights = page.locator(".bpkit-field-axes text").evaluate_all(
        "nodes => nodes.filter(node => node.textContent)"
        ".map(node => [node.getScreenCTM(), parseFloat(getComputedStyle(node).fontSize)])"
        ".map(([matrix, size]) => size * Math.hypot(matrix.a, matrix.b))"
    )
    assert min(heights) >= 11.5


def test_a_neurons_field_is_small_and_silent(page: Page) -> None:
    shown(page, {"small": True, "look": "sides"}, {"z": SLOPE.tolist(), "range": [0, 1], "levels": [0.5]})
    box = page.locator(".bpkit-field").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (56, 56)
    assert page.locator(".bpkit-field").get_attribute("aria-hidden") == "true"
    assert page.locator(".bpkit-field text").count() == 0
    assert path(page, "boundary")


def test_what_is_not_finite_is_left_clear(page: Page) -> None:
    shown(page, SURFACE, surface())
    page.evaluate("made.draw(data_now({ z: data.z.map((z, n) => n < 61 ? Infinity : n > 3659 ? NaN : z) }))")
    clear = "y => document.querySelector('canvas').getContext('2d').getImageData(30, y, 1, 1).data[3]"
    assert [page.evaluate(clear, y) for y in (0, 30, 60)] == [0, 255, 0]
    page.evaluate("made.draw(data_now({ z: data.z.map(() => NaN) }))")
    assert "not finite anywhere" in (page.get_by_role("img").get_attribute("aria-label") or "")
