"""Apps as saved pages, with no kernel and no network, in the browser of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Error, Locator, Page

from bpkit.apps.live import Live

Open = Callable[..., Locator]


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Iterator[Open]:
    """Opens an app as a saved page; a word on the console fails the test."""
    said: list[str] = []

    def hear(word: ConsoleMessage | Error) -> None:
        said.append(str(word))

    page.on("console", hear)
    page.on("pageerror", hear)

    def open_(app: Live, width: int = 900) -> Locator:
        app.save(tmp_path / "app.html")
        page.set_viewport_size({"width": width, "height": 620})
        page.goto((tmp_path / "app.html").as_uri())
        return page.locator(".bpkit-app")

    yield open_
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", hear)
    assert said == []


def enter(app: Locator, label: str, value: object) -> None:
    """Type a value into a control's box, once the page shows what was done before."""
    app.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    box = app.get_by_role("textbox", name=label, exact=True)
    box.fill(str(value))
    box.press("Enter")


def slide(slider: Locator, values: Iterable[float], seen: str = "null") -> list[Any]:
    """Move a slider to each of these values, and give what is seen when the page has shown it: an expression."""
    found: list[Any] = slider.evaluate(SLIDE.replace("SEEN", seen), [float(value) for value in values])
    return found


SLIDE = """async (slider, values) => {
    const found = [];
    for (const value of values) {
        slider.value = value;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        found.push(SEEN);
    }
    return found;
}"""
NODES = "document.querySelectorAll('*').length"


def where(part: str) -> str:
    """The expression for where a part of the page is."""
    return f"JSON.stringify(document.querySelector('{part}').getBoundingClientRect())"
