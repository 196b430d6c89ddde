"""Takes the README's pictures from the real thing, in a real JupyterLab: ``python tests/pictures.py``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from live_lab import CHROMIUM_OPTIONS, THEMES, Lab, find_chromium, running_server
from PIL import Image
from playwright.sync_api import Locator, sync_playwright

FOLDER = Path(__file__).parents[1] / ".github"
APP = """import bpkit as bp
app = bp.apps.training(bp.examples.article)
app.set(updates=200, shown=60)
kept = {name: app.values[name] for name in app.spec["kept"]}
app.set(pinned=[["Pinned A", kept | {"rate": 0.1}], ["Pinned B", kept | {"rate": 5.0}]])
app"""
COLOURS = 128  # what is drawn here has few more, and the file is less than half the size
LINES = "import bpkit as bp\nproblem = bp.examples.article.problem\nbp.derive(problem.network).toward('w5').at(problem)"


def take(element: Locator, name: str, lab: Lab) -> None:
    """In both themes, as small files."""
    for theme in reversed(THEMES):
        lab.theme(theme)
        lab.page.wait_for_timeout(1000)  # formulas are set after the output has come
        with Image.open(BytesIO(element.screenshot())) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(FOLDER / f"{name}_{theme}.png", optimize=True)


def main() -> None:
    """Write pictures of the training app, and of the derivation: the lines that dE/dw5 rests on."""
    FOLDER.mkdir(exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        TemporaryDirectory() as home,
        sync_playwright() as playwright,
        running_server(Path(folder), Path(home)) as url,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1180, "height": 1100}, device_scale_factor=1.5)
        lab = Lab(page, Path(folder))
        lab.start(url)
        with lab.cells(APP, name="training") as notebook:
            take(notebook.element.locator(".bpkit-app"), "training", lab)
        with lab.cells(LINES, name="derivation") as notebook:
            take(notebook.element.locator(".jp-OutputArea-output").last, "derivation", lab)
        browser.close()


if __name__ == "__main__":
    main()
