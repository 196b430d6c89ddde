"""`bpkit lab` as a newcomer sees it: the lesson alone on a small screen, and pictures before anything has run."""

from __future__ import annotations

import json
import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from live_lab import NOTEBOOKS, PATIENCE, Lab, served
from playwright.sync_api import Page, Response, expect

import bpkit as bp

LAPTOP = {"width": 1366, "height": 768}
LESSON = "04_forward_pass.ipynb"


@pytest.fixture
def laptop(page: Page) -> Iterator[Page]:
    """A page of the same browser on a small screen."""
    assert page.context.browser
    context = page.context.browser.new_context(viewport=LAPTOP)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def test_the_lesson_starts_alone_each_time_and_asks_nothing(laptop: Page, tmp_path: Path) -> None:
    """No side bar, no dialogue, no question about news; a side bar that was left open is closed at the next start."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(NOTEBOOKS / LESSON, folder)
    for _ in range(2):
        with served([sys.executable, "-m", "bpkit", "lab", "4", "--"], folder, tmp_path) as server:
            with laptop.expect_request("**/lab/api/update*"):  # what JupyterLab does instead of asking about news
                laptop.goto(f"{server['url']}lab/workspaces/bpkit/tree/{LESSON}?token={server['token']}")
            expect(laptop.get_by_role("heading", name="The forward pass")).to_be_visible()
            laptop.evaluate("() => jupyterapp.restored")
            laptop.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")  # a dialogue would come before
            assert laptop.evaluate("[jupyterapp.shell.leftCollapsed, jupyterapp.shell.mode]") == [
                True,
                "multiple-document",
            ]
            expect(laptop.locator("#jp-left-stack")).to_be_hidden()
            for asks in (".jp-Dialog", ".Toastify__toast"):
                expect(laptop.locator(asks)).to_have_count(0)
            box = laptop.locator(".jp-NotebookPanel").bounding_box()
            assert box
            assert box["width"] > 0.9 * LAPTOP["width"]
            with laptop.expect_response(left_open):  # it is kept a while after
                laptop.evaluate("jupyterapp.shell.expandLeft()")
    assert not list(tmp_path.glob("**/*.jupyterlab-settings"))  # the user's settings are the user's
    kept = json.loads(next((tmp_path / "workspaces").iterdir()).read_text())
    assert f"notebook:{LESSON}" in str(kept)
    assert not kept["data"]["layout-restorer:data"]["left"]["collapsed"]


def left_open(response: Response) -> bool:
    """True where JupyterLab has kept the workspace with the side bar open."""
    request = response.request
    kept = request.post_data_json if request.method == "PUT" and "/api/workspaces" in request.url else None
    return bool(kept) and not kept["data"]["layout-restorer:data"]["left"]["collapsed"]


def test_before_the_first_run_an_app_is_a_picture_in_both_themes(lab: Lab) -> None:
    """The notebook was written by another process, as a fresh clone was: JupyterLab does not trust its outputs."""
    apps = [bp.apps.forward(bp.examples.article), bp.apps.training(bp.examples.article)]
    cells = []
    for app in apps:
        cell = nbformat.v4.new_code_cell(f"bp.apps.{app.name}(bp.examples.article)", execution_count=1)
        still, place = app.bundles()
        still = {**still, "image/png": b64encode(still["image/png"]).decode()}
        cell.outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in (still, place)]
        cells.append(cell)
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), lab.folder / "still.ipynb")
    with lab.notebook("still.ipynb") as notebook:
        for _ in lab.themes():
            for number, app in enumerate(apps):
                cell = notebook.element.locator(".jp-CodeCell").nth(number)
                expect(cell.locator(".jp-OutputArea-output")).to_have_count(2)
                image = cell.locator(".jp-RenderedImage img")
                expect(image).to_be_visible()
                assert image.evaluate("image => image.naturalWidth") >= app.drawing(app.state)._size["width"]
                expect(cell).to_contain_text("Run the cells down to this one to bring it to life.")
                expect(cell).not_to_contain_text("App ")
        assert lab.errors == []
