"""Pages printed to PDF by a browser that is installed here; without one the pages themselves are what is printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bpkit.core.errors import BpkitError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
SECONDS = 120


def browser() -> str:
    """The browser that prints; raises ``BpkitError`` where none is installed."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise BpkitError(
        "pdf: expected an installed browser (Chromium, Chrome or Edge), found none; "
        "open the pages in yours and print them, or leave --pdf out"
    )


def print_pages(pages: list[Path], force: bool = False) -> Iterator[Path]:
    """Print each page into a PDF beside it, one after the other; one that is newer than its page is left alone."""
    command = browser()
    # Browsers refuse their sandbox to root, as in a container; the pages printed are the kit's own.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    for page in pages:
        target = page.with_suffix(".pdf")
        if not force and target.exists() and target.stat().st_mtime >= page.stat().st_mtime:
            continue
        with tempfile.TemporaryDirectory(dir=page.parent, prefix=".bpkit-") as folder:
            printed = Path(folder, "page.pdf")
            options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile"]
            try:
                subprocess.run(
                    [command, *root, *options, f"--print-to-pdf={printed}", page.resolve().as_uri()],
                    check=True,
                    capture_output=True,
                    timeout=SECONDS,
                )
                printed.replace(target)
            except (OSError, subprocess.SubprocessError) as error:
                raise BpkitError(
                    f"pdf: {command} could not print {page} ({type(error).__name__}); open it and print it yourself"
                ) from None
        yield target
