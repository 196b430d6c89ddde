"""The kit without a server: JupyterLite's site as `.deploy/jupyterlite/build.py` builds it, without its runtime."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from playwright.sync_api import Page
from thorough import THOROUGH

ROOT = Path(__file__).parents[2]
IN_A_BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "extra": ""}
# Compiled, or patched for the browser: these come with Pyodide, by its own list of packages.
PYODIDE = set(
    "numpy matplotlib contourpy sympy mpmath ipython traitlets jinja2 jsonschema platformdirs typing-extensions".split()
)

pytestmark = [
    pytest.mark.skipif(not THOROUGH, reason="builds a site: set BPKIT_THOROUGH=1"),
    pytest.mark.skipif(
        not importlib.util.find_spec("jupyterlite_pyodide_kernel"),
        reason='jupyterlite is missing: pip install -e ".[site]"',
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lite") / "site"
    command = [sys.executable, str(ROOT / ".deploy" / "jupyterlite" / "build.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def held(site: Path) -> dict[str, set[str]]:
    """What each wheel that the site serves, its own or the kernel's, asks for in a browser."""
    asked = {}
    for wheel in site.rglob("pypi/*.whl"):
        with ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            lines = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
        wanted = [r for r in map(Requirement, lines) if not r.marker or r.marker.evaluate(IN_A_BROWSER)]
        asked[canonicalize_name(wheel.name.split("-")[0])] = {str(canonicalize_name(r.name)) for r in wanted}
    return asked


def test_everything_the_kit_asks_for_in_a_browser_is_there(site: Path) -> None:
    asked = held(site)
    seen: set[str] = set()
    todo = {"bpkit"}
    while todo:
        seen |= todo
        todo = {name for asker in todo - PYODIDE for name in asked.get(asker, ())} - seen
    assert seen - asked.keys() - PYODIDE == set()
    assert "jupyterlab" not in seen  # the page itself is the JupyterLab


def test_each_lesson_is_there_and_first_fetches_the_kit(site: Path) -> None:
    lessons = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert sorted(path.name for path in (site / "files").glob("*.ipynb")) == lessons
    for name in lessons:
        ours, theirs = (nbformat.read(f / name, as_version=4) for f in (ROOT / "notebooks", site / "files"))
        first, *rest = [cell.source for cell in theirs.cells if cell.cell_type == "code"]
        assert first == "%pip install -q bpkit"
        assert rest == [cell.source for cell in ours.cells if cell.cell_type == "code"]


def test_the_widgets_extensions_are_part_of_the_site(site: Path) -> None:
    config = json.loads((site / "jupyter-lite.json").read_text())["jupyter-config-data"]
    names = {extension["name"] for extension in config["federated_extensions"]}
    assert {"@jupyter-widgets/jupyterlab-manager", "anywidget", "@jupyterlite/pyodide-kernel-extension"} <= names


def test_the_first_lesson_opens_in_a_browser(address: str, page: Page) -> None:
    page.goto(f"{address}/lab/index.html?path=00_start_here.ipynb")
    page.get_by_role("heading", name="00 · Start here").wait_for()


# What Pyodide does not have. The lessons must not need it: their cells run where importing it fails.
ABSENT = """
import os
import sys
from pathlib import Path
for name in ("jupyterlab", "jupyter_client", "jupyter_server", "nbconvert", "nbclient", "zmq", "tornado"):
    sys.modules[name] = None
import nbformat
from IPython.core.interactiveshell import InteractiveShell
for path in sys.argv[1:]:
    os.chdir(Path(path).parent)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            if not result.success:
                sys.exit(f"{path}: {result.error_in_exec or result.error_before_exec!r}")
"""


def test_the_lessons_run_without_what_a_browser_cannot_have() -> None:
    lessons = map(str, sorted((ROOT / "notebooks").glob("*.ipynb")))
    done = subprocess.run([sys.executable, "-c", ABSENT, *lessons], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
