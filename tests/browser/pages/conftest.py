"""A page of its own, without a network, for what needs neither JupyterLab nor a kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_lab import PATIENCE
from playwright.sync_api import Page
from saved_pages import opened  # noqa: F401


@pytest.fixture(scope="package", name="page")
def page_without_network(page: Page) -> Iterator[Page]:
    assert page.context.browser
    context = page.context.browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    alone = context.new_page()
    alone.set_default_timeout(PATIENCE)
    yield alone
    context.close()
