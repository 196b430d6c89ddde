"""Takes the README's pictures from the real thing, in a real JupyterLab: ``python tests/pictures.py``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from live_lab import CHROMIUM_OPTIONS, Lab, find_chromium, running_server
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / ".github"
APP = "import bpkit as bp\nbp.apps.training(bp.examples.article)"
LINES = "import bpkit as bp\nproblem = bp.examples.article.problem\nbp.derive(problem.network).toward('w5').at(problem)"


def main() -> None:
    """Write training.png, the training app, and derivation.png, the lines that dE/dw5 rests on."""
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
            notebook.element.locator(".bpkit-app").screenshot(path=FOLDER / "training.png")
        page.set_viewport_size({"width": 1420, "height": 1100})  # the longest line with its reason
        with lab.cells(LINES, name="derivation") as notebook:
            page.wait_for_timeout(1000)  # the formulas are set after the output has come
            notebook.element.locator(".jp-OutputArea-output").last.screenshot(path=FOLDER / "derivation.png")
        browser.close()


if __name__ == "__main__":
    main()
