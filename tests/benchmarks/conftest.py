"""What the measurements share: the browser's page, the JupyterLab, and the table that each of them adds rows to."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from live_lab import chromium, lab  # noqa: F401  (a fixture)
from measurements import Table
from playwright.sync_api import Page

TABLE = Table()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--table", action="store_true", help="write the page of the benchmarks anew")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--table"):
        TABLE.write()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for row in TABLE.rows.values():
        terminalreporter.write_line(str(row))


@pytest.fixture
def table() -> Iterator[Table]:
    """All that a test measures is kept, whether its bounds are or not."""
    TABLE.missed.clear()
    yield TABLE
    assert TABLE.missed == []


@pytest.fixture(scope="module", autouse=True)
def _of_itself() -> None:
    """Garbage is looked for as Python does it by itself, and not in what earlier modules have left."""
    gc.set_threshold(700, 10, 10)
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="package")
def page() -> Iterator[Page]:
    """A page that draws what is new at once: a screen's next refresh, up to 17 ms away, is nobody's doing."""
    with chromium("--disable-frame-rate-limit", "--disable-gpu-vsync") as page:
        yield page
