"""Markdown and LaTeX as HTML: formulas become MathML, links between notebooks links between pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bpkit.core.errors import BpkitError
from bpkit.exercises.editions import mathml as editions

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'  # HTML knows it by the tag
_DISPLAY = re.compile(r"\s*\$\$(.*)\$\$\s*", re.DOTALL)
_ALIGN = re.compile(r"\\begin\{(align\*?|aligned)\}\n?(.*?)\n?\\end\{\1\}", re.DOTALL)


@dataclass
class Headings:
    """The headings of a page so far: the name of each section, and an id for the next."""

    titles: dict[str, str] = field(default_factory=dict)  # id: title, those of level 2
    used: set[str] = field(default_factory=set)

    def id(self, title: str) -> str:
        """A name for links that no other heading of the page has."""
        stem = re.sub(r"[^\w]+", "-", re.sub(r"<[^>]*>", "", title).lower()).strip("-") or "section"
        found, number = stem, 1
        while found in self.used:
            number += 1
            found = f"{stem}-{number}"
        self.used.add(found)
        return found


class _Renderer(IPythonRenderer):
    """nbconvert's, with formulas as MathML, headings to link to, and tables that scroll in a box of their own."""

    def __init__(self, headings: Headings) -> None:
        super().__init__(escape=False)
        self.headings = headings

    def heading(self, text: str, level: int, **_attributes: Any) -> str:
        name = self.headings.id(text)
        if level == 2:
            self.headings.titles[name] = text
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return str(super().link(text, page_address(url), title))

    def table(self, text: str) -> str:
        return f'<div class="scrolls" tabindex="0" role="group" aria-label="Table"><table>\n{text}</table></div>\n'

    def inline_math(self, body: str) -> str:
        return maths(body)

    def latex_environment(self, name: str, body: str) -> str:
        return display(f"$$\\begin{{{name}}}{body}\\end{{{name}}}$$")

    def block_math(self, body: str) -> str:
        return display(f"$${body}$$")


def page_address(url: str) -> str:
    """Where a link leads on the site: from notebook to page. What needs a kernel has none, and the map says so."""
    path, sign, anchor = url.partition("#")
    if "://" in path or not path.endswith(".ipynb"):
        return url
    if "instructors/" in path:
        return "index.html#needs-a-kernel"
    return f"{path.removesuffix('.ipynb')}.html{sign}{anchor}"


def html(markdown: str, headings: Headings) -> str:
    """The Markdown of a cell as HTML."""
    return str(MarkdownWithMath(renderer=_Renderer(headings)).render(markdown))


def maths(latex: str, large: bool = False) -> str:
    """A formula in a line of text."""
    return editions.mathml(latex, large).replace(_NAMESPACE, "")


def display(latex: str) -> str:
    """A formula by itself, or the numbered lines of a derivation, which scroll in a box of their own."""
    try:
        found = editions.lines_table(latex).replace(_NAMESPACE, "")
    except BpkitError:
        found = _aligned(latex)
    return f'<div class="scrolls" tabindex="0" role="group" aria-label="Formulas">{found}</div>'


def _aligned(latex: str) -> str:
    """Formulas in columns; any other by itself."""
    whole = _DISPLAY.fullmatch(latex)
    body = whole[1].strip() if whole else latex.strip()
    lines = _ALIGN.fullmatch(body)
    if not lines:
        return f'<p class="display">{maths(body, large=True)}</p>'
    body = re.sub(
        r"\\begin\{cases\}.*?\\end\{cases\}", lambda one: one[0].replace("&", "\0"), lines[2], flags=re.DOTALL
    )
    rows = [re.split(r"\s*&&\s*|\s&(?!=)\s*", row) for row in body.split(" \\\\\n")]
    cells = ["".join(f"<td>{_cell(one)}</td>" for one in row) for row in rows]
    return f"<table class='formulas'><tbody>{''.join(f'<tr>{row}</tr>' for row in cells)}</tbody></table>"


def _cell(latex: str) -> str:
    """One column of a row; what was kept from being split is put back."""
    return maths(latex.replace("&=", "=").replace("\0", "&"), large=True)


def kit_html(markdown: str, large: bool = False) -> str:
    """A text of the kit's own, as questions and solutions are written."""
    from bpkit.exercises.editions.markup import as_html

    found = as_html(markdown, lambda latex: maths(latex, large), display)
    return re.sub(
        r"(<table>.*?</table>)",
        r'<div class="scrolls" tabindex="0" role="group" aria-label="Table">\1</div>',
        found,
        flags=re.DOTALL,
    )


def text(words: str) -> str:
    """Plain text for a page."""
    return escape(words, quote=False)
