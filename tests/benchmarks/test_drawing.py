"""How long apps draw: a network again and again, and each step of a run over a plane of points."""

from __future__ import annotations

from pathlib import Path

from measurements import Table
from playwright.sync_api import Page

import bpkit as bp

DRAWS = """async draws => {
    const {app} = document.querySelector('bpkit-app'), start = performance.now();
    for (let k = 0; k < draws; k++) {
        app.values = {...app.values, w1: 0.25 + k / 1000, x2: 0.2 - k / 1000};
        app.frame();
    }
    return (performance.now() - start) / draws;
}"""
STEPS = """async steps => {
    const slider = document.querySelector('[aria-label="step, slider"]'), times = [];
    for (let k = 1; k <= steps; k++) {
        const start = performance.now();
        slider.value = k;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[steps >> 1];
}"""


def test_a_network_and_its_lines(page: Page, tmp_path: Path, table: Table) -> None:
    bp.apps.forward(bp.examples.article).save(tmp_path / "forward.html")
    page.goto((tmp_path / "forward.html").as_uri())
    page.locator(".bpkit-app").wait_for()
    page.evaluate(DRAWS, 200)
    took = page.evaluate(DRAWS, 2000)
    table.row("the article's network and its lines, drawn again", took, unit=" ms", most=4)


def test_a_step_of_a_boundary(page: Page, tmp_path: Path, table: Table) -> None:
    app = bp.apps.boundary("moons")
    app.set(neurons="8, 8, 8, 8", updates=20)
    app.save(tmp_path / "boundary.html")
    page.goto((tmp_path / "boundary.html").as_uri())
    page.locator(".bpkit-app").wait_for()
    page.evaluate(STEPS, 30)
    took = page.evaluate(STEPS, 180)
    table.row("a step of 20 updates of 2-8-8-8-8-1, with its picture", took, unit=" ms", most=50)
