"""From a key on a slider to new pixels, in a real JupyterLab: the apps, `interact` with pyplot, an empty round trip."""

from __future__ import annotations

from statistics import median, quantiles

import pytest
from live_lab import Lab
from playwright.sync_api import Locator

ROUNDS, KEYS = 6, 5
FASTER = 4.0  # at least so many times faster than `interact`
NEAR = 1.5  # at most so many times the floor

SETUP = """%matplotlib inline
import ipywidgets as widgets
import matplotlib.pyplot as plt
import bpkit as bp
problem = bp.examples.article.problem"""

# The same curve of as many losses, in the way and the size in which most notebooks draw it.
INTERACT = """def draw(rate):
    plt.plot(bp.train(problem.replace(learning_rate=rate), 1000).loss)
    plt.xlabel("updates")
    plt.ylabel("loss E_total")
    plt.show()
_ = widgets.interact(draw, rate=widgets.FloatLogSlider(value=0.5, min=-2, max=2, step=0.05))"""

FLOOR = """slider, word = widgets.FloatLogSlider(value=0.5, min=-2, max=2, step=0.05), widgets.HTML("0.5")
slider.observe(lambda change: word.set_trait("value", str(change["new"])), "value")
widgets.VBox([slider, word])"""

# Resolves to the milliseconds from the next key to the frame that shows what it changed below a node: pictures decoded,
# and everything laid out.
WATCH = """(node, picture) => {
    window.measured = new Promise(resolve => {
        let start;
        document.addEventListener('keydown', () => { start = performance.now(); }, {capture: true, once: true});
        const observer = new MutationObserver(async records => {
            const changed = records.flatMap(at => at.type === 'attributes' ? [at.target] : [...at.addedNodes]);
            const images = changed.flatMap(at => at.matches?.('img') ? [at] : [...at.querySelectorAll?.('img') ?? []]);
            if (picture && !images.length) return;
            observer.disconnect();
            await Promise.all(images.map(image => image.decode().catch(() => {})));
            requestAnimationFrame(() => { node.getBoundingClientRect(); resolve(performance.now() - start); });
        });
        const what = picture ? {attributes: true, attributeFilter: ['src']} : {characterData: true};
        observer.observe(node, {subtree: true, childList: true, ...what});
    });
}"""


def test_apps_answer_a_key_nearly_as_fast_as_the_kernel_can(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    apps = [f"bp.apps.{name}(problem)" for name in ("training", "forward", "surface")]
    with lab.cells(SETUP, *apps, INTERACT, FLOOR, name="latency") as notebook:
        training, forward, surface, interact, floor = (
            notebook.element.locator(".jp-CodeCell").nth(number) for number in range(1, 6)
        )

        def slider(cell: Locator, name: str = "") -> Locator:
            return cell.get_by_role("slider", name=name).first

        def drawn(cell: Locator) -> tuple[Locator, bool]:
            """What the app draws on, and whether that is an image."""
            image, svg = cell.locator(".bpkit-app img"), cell.locator(".widget-html-content:has(svg)")
            return (image.first, True) if image.count() else (svg.first, False)

        # What is moved, what is watched, and whether that is an image.
        measured: dict[str, tuple[Locator, Locator, bool]] = {
            "training, learning rate": (slider(training, "learning rate"), *drawn(training)),
            "training, w1": (slider(training, "w1"), *drawn(training)),
            "forward, w1": (slider(forward, "w1"), *drawn(forward)),
            "surface, learning rate": (slider(surface, "learning rate"), *drawn(surface)),
            "surface, w1": (slider(surface, "w1"), *drawn(surface)),  # other contours at each key
            "interact with pyplot": (slider(interact), interact.locator(".jp-Cell-outputArea"), True),
            "floor, one word": (slider(floor), floor.locator(".widget-html-content").last, False),
        }
        times: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(ROUNDS):  # by turns, so that what else the machine does falls on all alike
            for name, (handle, node, picture) in measured.items():
                handle.focus()
                for key in range(1 + KEYS):
                    notebook.settle()
                    node.evaluate(WATCH, picture)
                    lab.page.keyboard.press("ArrowRight")
                    took = lab.js("() => measured")
                    if key:  # the first also pays for the page that scrolled there
                        times[name].append(took)
        problems = notebook.problems()
    middle = {name: median(values) for name, values in times.items()}
    slow, least = middle["interact with pyplot"], middle["floor, one word"]
    with capsys.disabled():
        print(f"\n\nFrom a key to new pixels, ms, over {ROUNDS * KEYS} keys")
        print(f"{'':24}  median  nine in ten  interact/it  it/floor")
        for name, value in middle.items():
            most = quantiles(times[name], n=10)[-1]
            print(f"{name:24}  {value:6.0f}  {most:11.0f}  {slow / value:11.1f}  {value / least:8.2f}")
    assert problems == []
    for name in list(measured)[:-2]:
        assert middle[name] / least <= NEAR, name
    for name in list(measured)[:-2]:
        assert slow / middle[name] >= FASTER, name
