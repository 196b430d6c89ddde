"""The apps in Jupyter Notebook and in marimo: they live there, keys move them, and the kernel follows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from live_lab import served
from playwright.sync_api import Page
from thorough import THOROUGH

from .serving import JUDGED, judged, not_alive, ready, serving, slid, write

pytestmark = pytest.mark.skipif(not THOROUGH, reason="starts other servers: set BPKIT_THOROUGH=1")
FORWARD = "bp.apps.forward(bp.examples.article)"


@pytest.mark.skipif(importlib.util.find_spec("notebook") is None, reason="missing: pip install notebook")
def test_notebook(page: Page, tmp_path: Path) -> None:
    """It takes keys before a page hears of them."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "forward.ipynb", FORWARD)
    for name, (source, *_) in JUDGED.items():
        write(folder / f"{name}.ipynb", source)
    with served([sys.executable, "-m", "notebook"], folder, tmp_path) as server:
        page.goto(f"{server['url']}tree?token={server['token']}")
        for name in ("forward", *JUDGED):
            page.goto(f"{server['url']}notebooks/{name}.ipynb")
            page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
            page.evaluate("jupyterapp.commands.execute('runmenu:run-all')")
            app = page.locator(".bpkit-app")
            app.wait_for()
            if name in JUDGED:
                judged(app, *JUDGED[name][1:])
            else:
                slid(app)
            assert not_alive(page) == []


@pytest.mark.skipif(importlib.util.find_spec("marimo") is None, reason="missing: pip install marimo")
def test_marimo(page: Page, tmp_path: Path) -> None:
    """It gives each app a view."""
    sources = [FORWARD, *(source for source, *_ in JUDGED.values())]
    cells = [f"@app.cell\ndef _(bp):\n    {source}\n    return\n" for source in sources]
    first = "@app.cell\ndef _():\n    import bpkit as bp\n    return (bp,)\n"
    path = tmp_path / "apps.py"
    path.write_text("\n".join(["import marimo\n\napp = marimo.App()\n", first, *cells]), encoding="utf-8")
    command = [sys.executable, "-m", "marimo", "run", str(path), "--headless", "--no-token"]
    with serving(command, "health", tmp_path, {"HOME": str(tmp_path)}) as url:
        ready(page, url)
        page.locator(".bpkit-app").nth(len(JUDGED)).wait_for()
        slid(page.locator(".bpkit-app").first)
        for place, (_, *said) in enumerate(JUDGED.values(), start=1):
            judged(page.locator(".bpkit-app").nth(place), *said)
