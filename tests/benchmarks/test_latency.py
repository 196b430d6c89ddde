"""From a key on a slider to the painted frame: apps in JupyterLab and in saved pages, `interact` with pyplot, an empty
round trip to the kernel, all in one run.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median, quantiles

from live_lab import PATIENCE, Lab
from measurements import Table
from playwright.sync_api import Locator, Page

import bpkit as bp

ROUNDS, KEYS = 6, 5
FRAME = 16.7  # ms
FASTER = 10.0  # at least so many times faster than `interact`
BELOW = 0.75  # at most so much of a bare round trip

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

# Resolves to the milliseconds from the next key to the frame that shows what it changed below a node: laid out,
# pictures decoded, painted.
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
            node.getBoundingClientRect();
            const channel = new MessageChannel();  // its message comes when the frame is painted
            channel.port1.onmessage = () => resolve(performance.now() - start);
            requestAnimationFrame(() => channel.port2.postMessage(0));
        });
        observer.observe(node, {subtree: true, childList: true, characterData: true, attributes: true});
    });
}"""
APPS = {"training": ("learning rate", "w1"), "forward": ("w1",), "surface": ("learning rate", "w1")}


def parts(app: Locator, label: str) -> tuple[Locator, Locator]:
    """A slider of an app, and where it draws."""
    return app.get_by_role("slider", name=f"{label}, slider", exact=True), app.locator(".bpkit-views")


def keys(page: Page, handle: Locator, node: Locator, picture: bool, settle: object) -> list[float]:
    """Milliseconds of some keys; the first, which also pays for the page that scrolled there, is left out."""
    handle.focus()
    took = []
    for _ in range(1 + KEYS):
        settle()  # type: ignore[operator]
        node.evaluate(WATCH, picture)
        page.keyboard.press("ArrowRight")
        took.append(page.evaluate("measured"))
    return took[1:]


def test_apps_answer_a_key_within_a_frame(lab: Lab, tmp_path: Path, table: Table) -> None:
    times: dict[str, list[float]] = {}
    made = [f"bp.apps.{name}(problem)" for name in APPS]
    with lab.cells(SETUP, *made, INTERACT, FLOOR, name="latency") as notebook:
        cells = [notebook.element.locator(".jp-CodeCell").nth(number) for number in range(1, 6)]
        measured: dict[str, tuple[Locator, Locator, bool]] = {
            f"{name}, {label}": (*parts(cell, label), False)
            for cell, (name, labels) in zip(cells, APPS.items())
            for label in labels
        }
        interact, floor = cells[3:]
        slider = lambda cell: cell.get_by_role("slider").first
        measured["interact with pyplot"] = slider(interact), interact.locator(".jp-Cell-outputArea"), True
        measured["a bare round trip"] = slider(floor), floor.locator(".widget-html-content").last, False
        for _ in range(ROUNDS):  # by turns, so that what else the machine does falls on all alike
            for name, (handle, node, picture) in measured.items():
                times.setdefault(name, []).extend(keys(lab.page, handle, node, picture, notebook.settle))
        problems = notebook.problems()
    assert lab.page.context.browser
    context = lab.page.context.browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    first = {}
    for name, labels in APPS.items():
        getattr(bp.apps, name)(bp.examples.article).save(tmp_path / f"{name}.html")
        page.goto((tmp_path / f"{name}.html").as_uri())
        page.locator(".bpkit-app").wait_for()
        first[name] = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
        for label in labels:
            for _ in range(ROUNDS):
                took = keys(page, *parts(page.locator(".bpkit-app"), label), False, lambda: page.wait_for_timeout(5))
                times.setdefault(f"saved {name}, {label}", []).extend(took)
    context.close()
    middle = {name: median(values) for name, values in times.items()}
    slow, least = middle["interact with pyplot"], middle["a bare round trip"]
    assert problems == []
    painted = "from a key to the painted frame"
    for name, value in middle.items():
        if name not in ("interact with pyplot", "a bare round trip"):
            usual = f"{name}, nine in ten within {quantiles(times[name], n=10)[-1]:.1f} ms"
            table.row(painted, value, unit=" ms", most=FRAME, figures=usual)
            figures = f"{name}, {value:.1f} ms beside "
            table.row(f"times faster {painted}", slow / value, "`interact` with pyplot", least=FASTER,
                      figures=f"{figures}{slow:.1f} ms")  # fmt: skip
            table.row(painted, value / least, "an empty round trip to the kernel", most=BELOW,
                      figures=f"{figures}{least:.1f} ms")  # fmt: skip
    for name, took in first.items():
        table.row("first picture of a saved page", took, unit=" ms", most=500, figures=name)
