"""Takes the README's pictures from the real thing, in a real browser: ``python tests/pictures.py``."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from live_lab import CHROMIUM_OPTIONS, THEMES, Lab, find_chromium, running_server
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import bpkit as bp

FOLDER = Path(__file__).parents[1] / ".github"
COLOURS = 64  # what is drawn here has few more, and the files are far smaller
BOLD, LAST = 5, 100  # the learning rate to which the film moves, and the last update that it shows
FRAME, HOLD = 90, 1300  # milliseconds
MARGIN = 12
LINES = "import bpkit as bp\nproblem = bp.examples.article.problem\nbp.derive(problem.network).toward('w5').at(problem)"


def read(screenshot: bytes) -> Image.Image:
    """The picture without its alpha."""
    with Image.open(BytesIO(screenshot)) as picture:
        return picture.convert("RGB")


def small(picture: Image.Image, palette: Image.Image | None = None) -> Image.Image:
    """With few colours, those of the palette where there is one."""
    return picture.quantize(COLOURS, palette=palette, dither=Image.Dither.NONE)


def film(page: Page) -> Iterator[tuple[int, Image.Image]]:
    """The training app at work: for how long each frame is seen, and the frame."""
    app = page.locator(".bpkit-app")
    box = app.bounding_box()
    assert box
    around = {"x": box["x"] - MARGIN, "y": box["y"] - MARGIN}
    around |= {"width": box["width"] + 2 * MARGIN, "height": box["height"] + 2 * MARGIN}

    def frame(duration: int) -> tuple[int, Image.Image]:
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return duration, read(page.screenshot(clip=around))

    def slide(name: str, value: float) -> None:
        slider = app.get_by_role("slider", name=f"{name}, slider", exact=True)
        slider.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", str(value))

    yield frame(HOLD)
    app.get_by_role("button", name="Pin this run").click()
    page.mouse.move(0, 0)
    for step in range(-3, 8):  # of the slider's logarithm, from 0.5 to 5
        slide("learning rate", step / 10)
        yield frame(FRAME)
    app.get_by_role("button", name=f"bold: {BOLD}").click()
    page.mouse.move(0, 0)
    yield frame(HOLD // 2)
    for update in range(0, LAST + 1, 5):
        slide("show update", update)
        yield frame(FRAME)
    yield frame(2 * HOLD)


def take_film(browser: Browser) -> None:
    """In both themes, moving, and the last frame still, for those who asked for less motion."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "training.html"
        bp.apps.training(bp.examples.article).save(path)
        for theme in THEMES:
            page = browser.new_page(viewport={"width": 1060, "height": 900}, color_scheme=theme)
            page.goto(path.as_uri())
            durations, frames = zip(*film(page))
            palette = small(frames[-1])  # one for all, so that a frame holds only what differs from the one before
            first, *rest = (small(frame, palette) for frame in frames)
            name = FOLDER / f"training_{theme}.gif"
            first.save(name, save_all=True, append_images=rest, duration=list(durations), loop=0, optimize=True)
            palette.save(name.with_suffix(".png"), optimize=True)


def take_lines(browser: Browser) -> None:
    """The derivation as a notebook shows it, in both themes: the lines that dE/dw5 rests on."""
    with (
        TemporaryDirectory() as folder,
        TemporaryDirectory() as home,
        running_server(Path(folder), Path(home)) as url,
    ):
        lab = Lab(browser.new_page(viewport={"width": 1180, "height": 1100}, device_scale_factor=1.5), Path(folder))
        lab.start(url)
        with lab.cells(LINES, name="derivation") as notebook:
            lines = notebook.element.locator(".jp-OutputArea-output").last
            for theme in THEMES:
                lab.theme(theme)
                lab.page.wait_for_timeout(1000)  # formulas are set after the output has come
                small(read(lines.screenshot())).save(FOLDER / f"derivation_{theme}.png", optimize=True)


def main() -> None:
    """Film the training app, and picture the derivation."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=CHROMIUM_OPTIONS)
        take_film(browser)
        take_lines(browser)
        browser.close()


if __name__ == "__main__":
    main()
