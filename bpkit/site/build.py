"""Writes the pages: one for each lesson, one for each sheet, and the map of the course."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.files import write
from bpkit.exercises.sheets.processes import spread, usable_jobs
from bpkit.page.course import Lesson, in_a_kernel, lessons, sheets
from bpkit.page.module import inline
from bpkit.page.saving import in_script
from bpkit.site.outputs import Body
from bpkit.site.prose import Headings, html
from bpkit.site.templates import rendered

MOST_BYTES = 1_000_000  # of a page
OWN = Path(__file__).parent


@dataclass(frozen=True)
class Job:
    """A page to make, and what it needs to know of the others."""

    lesson: Lesson
    before: Lesson | None
    after: Lesson | None
    course: tuple[Lesson, ...]
    repository: str


@dataclass(frozen=True)
class Made:
    """A page, and how much it asks."""

    lesson: Lesson
    text: str
    asked: int


def build(
    notebooks: Path,
    out: Path,
    repository: str = "",
    jobs: int | None = None,
    bar: Callable[[Iterator[Any], int, str], Iterable[Any]] = lambda work, _total, _what: work,
) -> list[Path]:
    """Write the course in a folder of notebooks as pages to ``out``; gives their paths, the map first.

    ``repository`` is the owner and name of its repository on GitHub, which Binder opens. Files that are there already
    are written anew. Raises ``BpkitError`` for a page that is larger than a megabyte.
    """
    course, extra = lessons(notebooks), sheets(notebooks)
    work = [Job(*row, tuple(course), repository) for row in zip(course, [None, *course], [*course[1:], None])]
    work += [Job(one, None, None, tuple(course), repository) for one in extra]
    with spread(usable_jobs(jobs), len(work)) as over:
        made: list[Made] = list(bar(over(page, work), len(work), "pages"))
    pages = {"index.html": index(made, in_a_kernel(notebooks), repository)}
    pages |= {one.lesson.page: one.text for one in made}
    for name, text in pages.items():
        if (size := len(text.encode())) > MOST_BYTES:
            raise BpkitError(f"{name}: expected at most {MOST_BYTES:,} bytes, got {size:,}; its pictures are too large")
        write(out / name, text, True)
    return [out / name for name in pages]


def page(job: Job) -> Made:
    """The page of one notebook."""
    body = Body(job.lesson, lambda: rendered("map.html", parts=parts((one, one.asks) for one in job.course)))
    text = rendered(
        "lesson.html",
        lesson=job.lesson,
        before=job.before,
        after=job.after,
        sections=body.headings.titles,
        asked=len(body.asked),
        first=body.first,
        rest=body.rest,
        **_common(job.lesson.depth, job.repository, job.lesson.stem),
    )
    return Made(job.lesson, text, len(body.asked))


def index(made: Iterable[Made], kernel: Iterable[Lesson], repository: str) -> str:
    """The map of the course."""
    every = list(made)
    course = [(one.lesson, one.asked) for one in every if "/" not in one.lesson.stem]
    return rendered(
        "index.html",
        parts=parts(course),
        count=sum(not lesson.beyond for lesson, _ in course),
        sheets=[one.lesson for one in every if "/" in one.lesson.stem],
        kernel=list(kernel),
        **_common("", repository, "00_start_here"),
    )


def parts(course: Iterable[tuple[Lesson, int]]) -> dict[str, list[dict[str, Any]]]:
    """The lessons with how much each asks, in the parts of the map, by their headings.

    >>> from types import SimpleNamespace as Has
    >>> lesson = Has(question="How?", goal="To see.", beyond=False)
    >>> {title: [row["asked"] for row in rows] for title, rows in parts([(lesson, 2)]).items()}
    {'The lessons': [2]}
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for lesson, asked in course:
        row = {"lesson": lesson, "question": _line(lesson.question), "goal": _line(lesson.goal), "asked": asked}
        found.setdefault("Beyond the course" if lesson.beyond else "The lessons", []).append(row)
    return found


def _line(markdown: str) -> str:
    """One paragraph of Markdown as a line of HTML.

    >>> _line("What is **net**?")
    'What is <strong>net</strong>?'
    """
    return html(markdown, Headings()).removeprefix("<p>").removesuffix("</p>\n")


def _common(depth: str, repository: str, stem: str) -> dict[str, Any]:
    """What every page has: the look, the module that makes it live, and how to open it with a kernel."""
    return {
        "depth": depth,
        "style": style(),
        "script": in_script(inline("bpkit.js")),
        "repository": repository,
        "notebook": f"{stem}.ipynb",
        "number": stem[:2] if stem[:2].isdecimal() else stem.rpartition("/")[2],
        "version": version("bpkit"),
    }


@lru_cache(maxsize=1)
def style() -> str:
    """The look of the apps, and of the pages around them."""
    return inline("bpkit.css") + (OWN / "site.css").read_text(encoding="utf-8")
