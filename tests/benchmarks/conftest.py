"""What the measurements share: the browser's page, the JupyterLab, and the table that each of them adds rows to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_lab import chromium, lab  # noqa: F401  (a fixture)
from measurements import Table
from playwright.sync_api import Page

TABLE = Table()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--table", action="store_true", help="write the page of the benchmarks anew, if all of them pass")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if session.config.getoption("--table") and exitstatus == 0:
        TABLE.write()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for row in TABLE.rows.values():
        terminalreporter.write_line(str(row))


@pytest.fixture(scope="session")
def table() -> Table:
    return TABLE


@pytest.fixture(scope="package")
def page() -> Iterator[Page]:
    """A page that draws what is new at once: a screen's next refresh, up to 17 ms away, is nobody's doing."""
    with chromium("--disable-frame-rate-limit", "--disable-gpu-vsync") as page:
        yield page
