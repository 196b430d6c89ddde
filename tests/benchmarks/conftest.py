"""The page and the JupyterLab of the measurement in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_lab import chromium, lab  # noqa: F401  (a fixture)
from playwright.sync_api import Page


@pytest.fixture(scope="package")
def page() -> Iterator[Page]:
    """A page that draws what is new at once: a screen's next refresh, up to 17 ms away, is nobody's doing."""
    with chromium("--disable-frame-rate-limit", "--disable-gpu-vsync") as page:
        yield page
