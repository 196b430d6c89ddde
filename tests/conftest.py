"""What every test and every notebook's kernel needs before it starts."""

from __future__ import annotations

import atexit
import compileall
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from thorough import EVERYTHING, LONG, quick, test_of

# On a contributor's machine new examples are drawn each time; in CI a run must be repeatable.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Expressions are made by the million and hardly ever in cycles: looking for those takes long.
gc.set_threshold(100_000, 20, 20)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the environment once; the workers of a parallel run, and all kernels, inherit it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    # The user's own configuration and start-up files could change what a notebook prints.
    home = Path(tempfile.mkdtemp(prefix="bpkit-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[variable] = str(home / variable.lower())
    os.environ["BPKIT_PROGRESS"] = ""  # and what they answered on another day is not this run's
    # Kernels keep to the same rules about warnings: what a dependency is about to drop is an error in a notebook too,
    # unless it is the kernel's own machinery that uses it.
    rules = [*config.getini("filterwarnings"), *(config.getoption("pythonwarnings") or ())]
    last = {rule.split("::")[1]: rule.split("::")[0] for rule in rules if rule.count(":") == 2}
    lines = [f'simplefilter("error", {kind})' for kind, action in last.items() if action == "error"]
    lines += ['filterwarnings("ignore", module="asyncio|ipykernel|tornado|zmq")']
    startup = home / "ipythondir/profile_default/startup/warnings.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("".join(f'__import__("warnings").{line}\n' for line in lines))
    # Building the font cache, on a machine's first import of matplotlib, writes a line to stderr, which a
    # strict comparison of a notebook's outputs would take for a change.
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True, capture_output=True)
    # Some hundred kernels and commands import the kit; where Python writes no bytecode each would compile it anew.
    kit = find_spec("bpkit")
    assert kit
    assert kit.origin
    compileall.compile_dir(Path(kit.origin).parent, quiet=2)


@pytest.fixture(scope="module", autouse=True)
def _left_alone_from_here_on() -> Iterator[None]:
    """Take what the tests of a file leave in memory, mostly derivations, out of the garbage collector's sight.

    It would look through millions of objects again and again; in the end for so long that the worker is interrupted.
    """
    yield
    gc.collect()
    gc.freeze()


def shortened(config: pytest.Config) -> bool:
    """Is it the default run? A file or a folder within the tests that is named runs whole."""
    return not EVERYTHING and {one.rstrip("/") for one in config.args} <= {*config.getini("testpaths")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the tests take what ``thorough`` says; of the notebooks every cell, as they need those before."""
    if shortened(config):
        taken = quick(item.nodeid for item in items if isinstance(item, pytest.Function))
        out = [item for item in items if isinstance(item, pytest.Function) and item.nodeid not in taken]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if not isinstance(item, pytest.Function) or item.nodeid in taken]


PAGES, BROWSER = "tests/browser/pages", "tests/browser"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the browser tests on two workers, whatever their files: some share a JupyterLab, the others a page.

    They start first, as they wait for the browser half the time, then what takes longest, so that all end together.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            folder = next((one for one in (PAGES, BROWSER) if nodeid.startswith(one)), None)
            return folder or str(super()._split_scope(nodeid))

        def _length(self, scope: str) -> tuple[bool, float, int]:
            tests = self.workqueue[scope]
            seconds = sum(LONG.get(name, 0) for name in {test_of(nodeid) for nodeid in tests})
            return scope in (PAGES, BROWSER), seconds, len(tests)

        def _assign_work_unit(self, node: Any) -> None:
            self.workqueue.move_to_end(max(self.workqueue, key=self._length), last=False)
            super()._assign_work_unit(node)

    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how much was run, what was measured, and where the pictures of the lessons are.

    The tests may have run in another process.
    """
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    said = {
        f"{name}: {value}"
        for report in reports
        for name, value in report.user_properties
        if name in ("measured", "screenshots")
    }
    for line in sorted(said):
        terminalreporter.write_line(line)
    if shortened(config):
        terminalreporter.write_line("the short run: CI=1 runs all tests, and a part of them that is named runs whole")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
