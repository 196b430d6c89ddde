"""A notebook's cells as HTML: text, code, what the code showed, and for each widget what lives in a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from nbconvert.filters import Highlight2HTML, ansi2html

from bpkit.apps.ask import Ask
from bpkit.apps.linked import Linked
from bpkit.apps.predict import Predict
from bpkit.apps.progress import Progress
from bpkit.exercises.questions import sitting
from bpkit.exercises.sheets.checker import Checker
from bpkit.page.course import Lesson, finished, markdown_of, solutions
from bpkit.page.in_page import display, in_page
from bpkit.page.saving import holder
from bpkit.site.notebook_run import run
from bpkit.site.prose import Headings, html

NEEDS = "To use this part, open the notebook with a kernel."
GAP = "To fill the gap and have it reviewed, open the notebook with a kernel. This is the review of a finished program:"
_FOR_TESTS = re.compile(r"^# NBVAL_\w+\n", re.MULTILINE)
_KINDS = {Predict: "prediction", Ask: "quantity", sitting.Ask: "exercise"}


class Body:
    """The cells of a lesson, the first by itself; ``headings`` and ``asked`` are what they hold.

    ``course`` gives the map that stands where a notebook shows what is done.
    """

    def __init__(self, lesson: Lesson, course: Callable[[], str]) -> None:
        self.lesson, self.headings, self.course = lesson, Headings(), course
        self.asked: list[str] = []
        self._highlight: Any = Highlight2HTML()  # type: ignore[no-untyped-call]
        self.ran = run(finished(lesson), lesson.stem, lesson.folder)
        self.first, *rest = self._cells()
        self.rest = "\n".join(rest)

    def _cells(self) -> Iterator[str]:
        results = iter(self.ran.results)
        checkers = [one for one in self.ran.names.values() if isinstance(one, Checker)]
        if checkers:  # a sheet to fill in: its questions answer in the page, its cells would not
            yield html(markdown_of(self.lesson.notebook.cells[0]), self.headings)
            yield from self._sheet(checkers[0])
            return
        gaps = solutions(self.lesson.notebook)
        for place, cell in enumerate(self.lesson.notebook.cells):
            if cell.cell_type == "markdown":
                yield html(markdown_of(cell), self.headings)
            elif cell.cell_type == "code":
                yield self._code(cell, next(results), place in gaps)

    def _sheet(self, checker: Checker) -> Iterator[str]:
        for number, one in enumerate(checker.sheet, 1):
            yield html(f"## {number}. {one.bank.title}", self.headings)
            yield self._asks("exercise", holder(sitting.page_alone([one])))

    def _name(self, kind: str) -> str:
        name = f"{kind}-{sum(one.startswith(kind) for one in self.asked) + 1}"
        self.asked.append(name)
        return name

    def _code(self, cell: Any, result: Any, gap: bool = False) -> str:
        source = _FOR_TESTS.sub("", str(cell.source))
        streams = [one for one in cell.outputs if one.output_type == "stream"]
        shown = self._live(result)
        outputs = [*map(self._output, streams), shown] if shown else self._still(cell.outputs, result)
        folded = cell.metadata.get("jupyter", {}).get("source_hidden") or bool(
            {"hide-input", "hide_input", "remove-input"} & set(cell.metadata.get("tags", ()))
        )
        code = self._highlight(source) if "/" not in self.lesson.stem else ""  # a sheet's code is its data alone
        if code and (folded or shown):  # where something is asked, the code that asks it is no part of the question
            code = f'<details class="code"><summary>Code</summary>{code}</details>'
        hidden = cell.metadata.get("collapsed") or cell.metadata.get("jupyter", {}).get("outputs_hidden")
        below = "\n".join(outputs)
        if hidden and below:
            below = f'<details class="code"><summary>Output</summary>{below}</details>'
        if gap:
            below = f'<p class="gap">{GAP}</p>\n{below}'
        return f'<div class="cell">\n{code}\n{below}</div>'

    def _live(self, result: Any) -> str:
        """What lives in a page instead of what the kernel shows; nothing for anything else."""
        if isinstance(result, Progress):
            return self.course()
        if not isinstance(result, Linked) or not result.alone:
            return ""
        held = holder(result.page_spec(), result.still(result.state))
        kind = next((kind for one, kind in _KINDS.items() if isinstance(result, one)), None)
        return self._asks(kind, held) if kind else held

    def _asks(self, kind: str, held: str) -> str:
        return f'<div data-asks="{self._name(kind)}">{held}</div>'

    def _still(self, outputs: Any, result: Any) -> list[str]:
        """What the notebook keeps of its outputs; of what needs a kernel, a still text that says so."""
        if not isinstance(result, Linked):
            return list(filter(None, map(self._output, outputs)))
        inside = result.still(result.state)
        return [f'<figure class="still">{inside}<figcaption>A still picture. {NEEDS}</figcaption></figure>']

    def _output(self, output: Any) -> str:
        """One output in the richest form that a page shows without running anything."""
        if output.output_type in ("stream", "error"):
            printed = output.text.rstrip() if output.output_type == "stream" else "\n".join(output.traceback)
            return f"<pre>{ansi2html(printed)}</pre>"  # type: ignore[no-untyped-call]
        found = output.get("data", {})
        words = escape(found.get("text/plain", ""))
        for kind in ("image/svg+xml", "image/png"):
            if kind in found:
                size = output.get("metadata", {}).get(kind, {})
                width = (
                    f' width="{size["width"]}" height="{size["height"]}"' if {"width", "height"} <= set(size) else ""
                )
                return f'<img class="picture" src="{_address(kind, found[kind])}" alt="{words}"{width}>'
        if "text/html" in found:
            return f'<div class="html">{_in_boxes(found["text/html"])}</div>'
        if "text/latex" in found:
            return display(found["text/latex"])
        if "text/markdown" in found:
            return in_page(found["text/markdown"])
        return f"<pre>{words}</pre>" if words else ""


def _address(kind: str, content: str) -> str:
    """A picture as an address that holds it.

    >>> _address("image/svg+xml", "<svg/>")
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    from base64 import b64encode

    coded = b64encode(content.encode()).decode() if kind == "image/svg+xml" else "".join(content.split())
    return f"data:{kind};base64,{coded}"


def _in_boxes(found: str) -> str:
    """Tables, which may be wider than a phone, scroll in boxes of their own."""
    box = r'<div class="scrolls" tabindex="0" role="group" aria-label="Table">\1</div>'
    return re.sub(r"(<table\b.*?</table>)", box, found, flags=re.DOTALL)
