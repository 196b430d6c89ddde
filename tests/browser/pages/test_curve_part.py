"""The curves as the browser draws them: labels apart, thousands of points, failures that are seen, the pointer."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

FOLDER = Path(__file__).parents[3] / "bpkit" / "page"
LOSS = {
    "x": {"label": "updates", "whole": True},
    "y": {"label": "loss E", "zero": True, "growth": 4},
    "words": {"hover": "E = {y} after {x}"},
}
FALLING = [0.3 * 0.99**k for k in range(1001)]
RUNS = [
    {"label": f"rate {rate}", "y": [0.3 * (1 - rate / 100) ** k for k in range(1001)], "color": k}
    for k, rate in enumerate((0.5, 2, 10, 20, 30, 40))
]
PAGE = """<!doctype html><html lang="en" data-theme="THEME"><meta charset="utf-8"><title>curve</title>
<style>CSS body { margin: 0; background: var(--paper) }</style>
<body class="bpkit-page"><main><h1>Curves</h1><div id="here"></div></main><script type="module">MODULE
window.start = (spec) => {
  window.picked = [];
  window.made = curve(spec, { pick: (x) => picked.push(x) });
  here.replaceChildren(made.node);
};
window.ready = true;
</script></body></html>"""
BOXES = """nodes => nodes.filter(node => node.checkVisibility()).map(node => {
    const {x, y, width, height} = node.getBBox();
    return [x, y, width, height, node.textContent];
})"""


@pytest.fixture
def board(page: Page) -> Page:
    return shown(page)


def shown(page: Page, theme: str = "light", width: int = 1280) -> Page:
    page.goto("about:blank")  # what was pressed on the page before is forgotten
    page.set_viewport_size({"width": width, "height": 900})
    css, module = ((FOLDER / name).read_text(encoding="utf-8") for name in ("bpkit.css", "bpkit.js"))
    parts = {"THEME": theme, "CSS": css, "MODULE": module}
    page.set_content(re.sub("THEME|CSS|MODULE", lambda found: parts[found[0]], PAGE, count=3))
    page.wait_for_function("window.ready")
    return page


def draw(page: Page, data: dict[str, Any], spec: dict[str, Any] | None = None) -> None:
    """Draw anew; the data go as JavaScript, as JSON has no infinity."""
    page.evaluate(f"spec => {{ start(spec); made.draw({json.dumps(data)}) }}", spec or LOSS)
    page.wait_for_function("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")


def boxes(page: Page, selector: str) -> list[tuple[float, float, float, float, str]]:
    found: list[tuple[float, float, float, float, str]] = page.locator(selector).evaluate_all(BOXES)
    return found


def apart(found: list[tuple[float, float, float, float, str]]) -> bool:
    """Do no two boxes share more than the room that letters leave above and below them?"""
    return all(
        a[0] >= b[0] + b[2] or b[0] >= a[0] + a[2] or abs(a[1] - b[1]) >= 13
        for k, a in enumerate(found)
        for b in found[:k]
    )


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("log", [False, True])
def test_labels_stand_at_their_curves_and_apart(page: Page, width: int, log: bool) -> None:
    board = shown(page, width=width)
    draw(board, {"series": RUNS, "log": log, "marker": {"x": 300, "series": 0}})
    labels = boxes(board, ".bpkit-curve-label")
    assert {run["label"] for run in RUNS} <= {text for *_, text in labels}
    assert apart(labels)
    natural = min(width, 660)
    assert all(x >= 58 and x + wide <= natural - 20 and y >= 28 for x, y, wide, *_ in labels)
    texts = board.locator(".bpkit-curve-picture text").evaluate_all(
        "nodes => nodes.filter(node => node.textContent).map(node => node.getBoundingClientRect().toJSON())"
    )
    texts = [text for text in texts if text["width"]]  # what is kept for later has no size
    assert len(texts) > 15
    bad = [text for text in texts if text["left"] < 0 or text["right"] > width or text["height"] < 11]
    assert not bad
    assert board.evaluate("document.documentElement.scrollWidth") <= width


def test_ten_thousand_points_cost_two_for_each_column(board: Page) -> None:
    draws = np.random.default_rng(0)
    noisy = (0.3 + 0.02 * draws.standard_normal(10_001)).tolist()
    noisy[5000] = 0.9
    draw(board, {"series": [{"label": "run", "y": noisy, "color": 0}]})
    line = board.locator(".bpkit-curve-line").first.get_attribute("d") or ""
    points = np.array([list(map(float, part.split())) for part in re.split("[ML]", line)[1:]])
    columns = 660 - 58 - 20
    assert columns < len(points) <= 2 * (columns + 1)
    top = 28 + (238 - 28) * (1 - 0.9)  # the axis ends at 1
    assert points[:, 1].min() == pytest.approx(top, abs=0.1)


def test_two_thousand_frames_keep_their_nodes(board: Page) -> None:
    board.evaluate("spec => start(spec)", LOSS)
    counts = board.evaluate("""() => {
        const frame = (k) => made.draw({
            series: [0, 1, 2].slice(0, 1 + k % 3).map((run) => ({
                label: `rate ${run}`, color: run, kind: run ? "line+dots" : "line",
                y: Float64Array.from({length: 5 + k % 50}, (_, i) => 0.3 * (0.5 + (k % 7) / 4) ** i)})),
            log: k % 2 === 1, marker: {x: k % 5, series: 0}, points: [{x: 1, y: 0.2, label: "here", shape: "star"}],
            tangent: {x: 1, y: 0.2, slope: k % 3 - 1, rise: true}, arrow: {from: [1, 0.2], to: [1 + k % 4, 0.2]}});
        const count = () => made.node.querySelectorAll("*").length;
        for (let k = 0; k < 1000; k++) frame(k);
        const first = count();
        for (let k = 1000; k < 3000; k++) frame(k);
        return [first, count()];
    }""")
    assert counts[0] == counts[1] < 200


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("cut", [False, True])
def test_a_run_that_fails_climbs_out_of_the_frame_to_a_cross(board: Page, log: bool, cut: bool) -> None:
    losses = [0.3 * 3.0**k for k in range(640)]
    fails = {"y": losses, "ended": 640} if cut else {"y": [*losses, math.inf, math.nan, math.nan]}
    falls = {"label": "small", "y": FALLING, "color": 1}
    draw(board, {"series": [{"label": "large", "color": 0, **fails}, falls], "log": log})
    crosses = [box for box in boxes(board, ".bpkit-curve-cross") if box[2]]
    assert len(crosses) == 1
    assert crosses[0][0] + crosses[0][2] / 2 == pytest.approx(58 + 0.64 * (660 - 58 - 20), abs=1)
    assert 28 <= crosses[0][1] < 40
    assert "large: overflows at 640" in [text for *_, text in boxes(board, ".bpkit-curve-label")]
    assert len(boxes(board, ".bpkit-curve-edge")) == 1
    # What falls is still seen: it fills more than a tenth of the frame's height.
    assert boxes(board, ".bpkit-curve-line")[0][3] > 21
    assert "overflows at 640" in (board.locator("svg[role=img]").get_attribute("aria-label") or "")


def test_zeros_have_no_place_among_powers_of_ten(board: Page) -> None:
    draw(board, {"series": [{"label": "deltas", "y": [0, 1e-5, 0.1, 1], "kind": "line+dots", "color": 0}], "log": True})
    assert next(box for box in boxes(board, ".bpkit-curve-cross") if box[2])[1] > 220
    assert "NaN" not in board.locator(".bpkit-curve").inner_html()
    assert "0" in [text for *_, text in boxes(board, ".bpkit-curve-label")]


def test_nothing_to_draw_says_what_comes(page: Page) -> None:
    board = shown(page, width=390)
    draw(board, {"series": [{"label": "run", "y": []}], "empty": "Commit to your prediction: then the curve is drawn."})
    rows = boxes(board, ".bpkit-curve-empty text")
    assert " ".join(text for *_, text in rows) == "Commit to your prediction: then the curve is drawn."
    assert all(x >= 0 and x + wide <= 390 for x, _, wide, *_ in rows)
    assert board.locator(".bpkit-curve").inner_html().count("NaN") == 0


def test_the_pointer_reads_and_picks(board: Page) -> None:
    draw(board, {"series": [{"label": "This run", "y": FALLING, "color": 0}]})
    svg = board.locator(".bpkit-curve-picture")
    box, before = svg.bounding_box(), svg.bounding_box()
    assert box
    across = box["x"] + 58 + 0.3 * (660 - 58 - 20)
    board.mouse.move(across, box["y"] + 200)
    who, said = board.locator(".bpkit-curve-readout text").all_text_contents()
    assert who == "This run"
    after = re.fullmatch(r"E = (\S+) after (\d+)", said)
    assert after, said
    assert int(after[2]) == pytest.approx(300, abs=2)
    assert after[1] == f"{FALLING[int(after[2])]:.6g}"
    assert svg.bounding_box() == before
    board.mouse.down()
    board.mouse.move(box["x"] + 58 + 0.8 * (660 - 58 - 20), box["y"] + 260)
    board.mouse.up()
    board.wait_for_function("picked.at(-1) > 700")  # a pick waits for the next frame
    picked = board.evaluate("picked")
    assert picked[0] == pytest.approx(300, abs=1)
    assert picked[-1] == pytest.approx(800, abs=1)
    assert all(isinstance(x, int) for x in picked)
    count = len(picked)
    board.mouse.move(across, box["y"] + 100)
    assert len(board.evaluate("picked")) == count
    board.mouse.move(box["x"] + 700, box["y"] + 600)
    assert not board.locator(".bpkit-curve-readout").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_read(page: Page, theme: str) -> None:
    board = shown(page, theme)
    slope = {"x": 1, "y": FALLING[1], "slope": -0.003, "rise": True}
    draw(board, {"series": RUNS, "marker": {"x": 300, "series": 0}, "tangent": slope})
    found = Axe().run(board, ".bpkit-curve", {"resultTypes": ["violations"]}).response["violations"]
    assert [one["help"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert board.locator(".bpkit-curve [role=img]").get_attribute("aria-label")
    # axe-core passes over text in an SVG: the colours of what is written are compared here.
    contrasts = board.locator(".bpkit-curve-picture text").evaluate_all("""nodes => {
        const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((part) => part / 255)
                .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        return nodes.filter((node) => node.checkVisibility()).map((node) => light(getComputedStyle(node).fill))
            .map((ink) => Math.max(ink, paper) / Math.min(ink, paper));
    }""")
    assert len(contrasts) > 10
    assert min(contrasts) >= 4.5
