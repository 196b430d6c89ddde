"""A class's pages as files for a copy shop, printed by a browser that is installed here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.streams import digest
from bpkit.exercises.templates import rendered

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
SECONDS = 600
PAPERS = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}  # millimetres
AT_ONCE = 50  # learners in a file: a browser lays out all of its pages before it prints the first
_ARTICLE = re.compile(r"<article\b.*</article>", re.DOTALL)


@dataclass(frozen=True)
class Pile:
    """Pages of one kind that are printed together; ``leaves`` says that each learner's begin on a leaf of their own."""

    kind: str
    leaves: bool = True

    def file(self, first: int, last: int, count: int) -> str:
        """The name of the file with the pages of some of so many learners."""
        width = len(str(count))
        some = f"_{first:0{width}d}-{last:0{width}d}" if count > AT_ONCE else ""
        return f"all_{self.kind}{some}.pdf"


PILES = (Pile("sheets"), Pile("solutions"), Pile("keys", leaves=False))


def browser() -> str:
    """The browser that prints; raises ``BpkitError`` where none is installed."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise BpkitError(
        "pdf: expected an installed browser (Chromium, Chrome or Edge), found none; "
        "open the pages in yours and print them, or leave --pdf out"
    )


def files(count: int) -> int:
    """How many files the pages of so many learners are printed into.

    >>> files(50), files(51)
    (3, 6)
    """
    return len(PILES) * -(-count // AT_ONCE)


def print_class(folder: Path, slugs: Sequence[str], paper: str = "A4", force: bool = False) -> Iterator[Path]:
    """Print a class's pages in the order of the class: one file of each kind, or one for every fifty learners.

    ``folder`` holds the printable edition. A file that shows the same pages is left alone; raises ``BpkitError`` for
    any other in its place unless ``force`` is given, and where the browser cannot print.
    """
    command = browser()
    for pile in PILES:
        for start in range(0, len(slugs), AT_ONCE):
            some = slugs[start : start + AT_ONCE]
            target = folder / pile.file(start + 1, start + len(some), len(slugs))
            pages = [folder / pile.kind / f"{slug}.html" for slug in some]
            _print(command, target, copies(pages, paper, pile.leaves), force)
            yield target


def copies(pages: Sequence[Path], paper: str, leaves: bool) -> str:
    """One page with all of these pages, each with page numbers of its own."""
    width, height = PAPERS[paper]
    found = [_ARTICLE.search(page.read_text(encoding="utf-8")) for page in pages]
    articles = [one[0] for one in found if one]
    mark = digest(paper, leaves, *articles).hex()[:16]
    return rendered(
        "copies.html",
        title=f"{pages[0].parent.name} {mark}",
        language="en",
        copies=articles,
        width=width,
        height=height,
        leaves=leaves,
    )


def _print(command: str, target: Path, page: str, force: bool) -> None:
    """Print one page into a file, which is there whole or not at all."""
    [title] = re.findall("<title>(.*)</title>", page)
    if target.exists() and not force:
        if title.encode() in target.read_bytes():  # a PDF names its page
            return
        raise BpkitError(f"{target}: exists with other pages; choose another folder, or allow overwriting (--force)")
    # Browsers refuse their sandbox to root, as in a container; the pages printed are the kit's own.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(dir=target.parent.resolve(), prefix=".bpkit-") as folder:
        source, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(page, encoding="utf-8")
        # Structure for screen readers makes a file eight times as large, and is lost on paper.
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", "--disable-pdf-tagging"]
        try:
            subprocess.run(
                [
                    command,
                    *root,
                    *options,
                    f"--user-data-dir={folder}/profile",
                    f"--print-to-pdf={printed}",
                    source.as_uri(),
                ],
                check=True,
                capture_output=True,
                timeout=SECONDS,
            )
            printed.replace(target)
        except (OSError, subprocess.SubprocessError) as error:
            raise BpkitError(
                f"pdf: {command} could not print {target.name} ({type(error).__name__}); open the pages in "
                f"{target.parent} and print them yourself"
            ) from None
