"""The course as its notebooks have it: the lessons in order, what each is about, and what it builds on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bpkit.core.errors import BpkitError

SHEETS = "exercises"  # the folder of the sheet and its solutions
KERNEL = "instructors"  # the folder of what lives in a kernel alone
SOLUTION = "One way to write it"
_SOLUTION = re.compile(rf"<summary>{SOLUTION}</summary>\s*```python\n(.*?)```", re.DOTALL)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_QUESTION = re.compile(r"^\*\*(.+?\?)\*\*", re.MULTILINE | re.DOTALL)
_GOAL = re.compile(r"\*\*Goal\.\*\* (.+?)(?:\n\n|$)", re.DOTALL)
_TIME = re.compile(r"^Time: about (\d+) minutes", re.MULTILINE)
_NEEDS = re.compile(r"\*\*Before you start\*\*(.+?)(?:\n\n|$)", re.DOTALL)
_BEYOND = re.compile(r"\bbeyond the course\b", re.IGNORECASE)
_ASKS = ("bp.apps.predict", "bp.apps.ask", "bp.exercises.ask")
_LINK = re.compile(r"\]\((\w+)\.ipynb\)")
# What speaks of a kernel, or leads to the next notebook: a page has its own words and links for both.
_NOTEBOOKS_OWN = re.compile(
    r"\n*^(?:When you open this lesson again, choose .+|The last column shows what you have done: .+|[⟵⟶] .+)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Lesson:
    """A notebook of the course."""

    stem: str  # its path below the folder of notebooks, without the ending
    notebook: Any
    folder: Path  # where it lies, and where its cells run

    @property
    def page(self) -> str:
        """The page that it becomes.

        >>> Lesson("exercises/solutions", None, Path()).page
        'exercises/solutions.html'
        """
        return f"{self.stem}.html"

    @property
    def first(self) -> str:
        """Its first cell, which says what it is about."""
        return str(self.notebook.cells[0].source)

    @property
    def title(self) -> str:
        """The heading of the lesson's first cell."""
        found = _TITLE.search(self.first)
        if not found:
            raise BpkitError(f"{self.stem}: expected a heading in the first cell, such as '# 04 · The forward pass'")
        return found[1]

    @property
    def question(self) -> str:
        """The question that it answers."""
        found = _QUESTION.search(self.first)
        return " ".join(found[1].split()) if found else ""

    @property
    def beyond(self) -> bool:
        """Whether it says that it goes beyond the course, which is complete without it."""
        return bool(_BEYOND.search(self.first))

    @property
    def asks(self) -> int:
        """How many questions it asks: predictions, numbers and questions of the bank."""
        calls = (
            node.func for code in code_of(self) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)
        )
        return sum(ast.unparse(call) in _ASKS for call in calls)

    @property
    def goal(self) -> str:
        """What a learner can do after it, in Markdown."""
        found = _GOAL.search(self.first)
        return " ".join(found[1].split()) if found else ""

    @property
    def minutes(self) -> int:
        """How long it takes; 0 where it does not say."""
        found = _TIME.search(self.first)
        return int(found[1]) if found else 0

    @property
    def needs(self) -> tuple[str, ...]:
        """The lessons that it builds on."""
        found = _NEEDS.search(self.first)
        return tuple(dict.fromkeys(_LINK.findall(found[1]))) if found else ()

    @property
    def depth(self) -> str:
        """The way back to the first page."""
        return "../" * self.stem.count("/")


def lessons(folder: Path) -> list[Lesson]:
    """The lessons in a folder, ordered by their numbers."""
    found = [_opened(path, folder) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not found:
        raise BpkitError(f"lessons: expected notebooks such as 00_start_here.ipynb, found none in {folder}")
    return found


def sheets(folder: Path) -> list[Lesson]:
    """The sheet of exercises, and its solutions."""
    return [one for one in _notebooks(folder / SHEETS, folder) if "bpkit" in one.notebook.metadata]


def in_a_kernel(folder: Path) -> list[Lesson]:
    """What cannot be a page: practice without end, and what instructors use."""
    practice = [one for one in _notebooks(folder / SHEETS, folder) if "bpkit" not in one.notebook.metadata]
    return practice + _notebooks(folder / KERNEL, folder)


def _notebooks(where: Path, folder: Path) -> list[Lesson]:
    return [_opened(path, folder) for path in sorted(where.glob("*.ipynb"))]


def _opened(path: Path, folder: Path) -> Lesson:
    import nbformat  # takes as long as all else of an app, and only the map of the course and the site read notebooks

    return Lesson(path.relative_to(folder).with_suffix("").as_posix(), nbformat.read(path, as_version=4), path.parent)  # type: ignore[no-untyped-call]


def markdown_of(cell: Any) -> str:
    r"""The text of a cell as a page has it.

    >>> from types import SimpleNamespace as Has
    >>> markdown_of(Has(source="A text.\n\n⟶ [the next lesson](05.ipynb)"))
    'A text.'
    """
    return _NOTEBOOKS_OWN.sub("", str(cell.source))


def solutions(notebook: Any) -> dict[int, str]:
    r"""For each cell with a gap, by its place, its source with the gap filled as the fold after it does.

    Such a cell is a function with ``...`` in it and, two empty lines below, what tries it; the fold that is called
    ``SOLUTION`` holds the whole function.

    >>> from types import SimpleNamespace as Has
    >>> gap = Has(cell_type="code", source="one = ...\n\n\nprint(one)")
    >>> fold = Has(cell_type="markdown", source=f"<summary>{SOLUTION}</summary>\n```python\none = 1\n```")
    >>> solutions(Has(cells=[gap, fold]))
    {0: 'one = 1\n\n\nprint(one)'}
    """
    found = {}
    for place, (cell, after) in enumerate(zip(notebook.cells, notebook.cells[1:])):
        if cell.cell_type == "code" and after.cell_type == "markdown" and (fold := _SOLUTION.search(after.source)):
            _, _, tried = str(cell.source).partition("\n\n\n")
            found[place] = f"{fold[1].strip()}\n\n\n{tried}"
    return found


def finished(lesson: Lesson) -> list[str]:
    """The sources of its code cells with every gap filled."""
    filled = solutions(lesson.notebook)
    cells = enumerate(lesson.notebook.cells)
    return [filled.get(place, str(cell.source)) for place, cell in cells if cell.cell_type == "code"]


def code_of(lesson: Lesson) -> Iterator[str]:
    """The sources of its code cells.

    >>> from types import SimpleNamespace as Has
    >>> cells = [Has(cell_type="markdown", source="a text"), Has(cell_type="code", source="1 + 1")]
    >>> [*code_of(Lesson("04", Has(cells=cells), Path()))]
    ['1 + 1']
    """
    return (str(cell.source) for cell in lesson.notebook.cells if cell.cell_type == "code")
