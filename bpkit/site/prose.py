"""Markdown and LaTeX as HTML: formulas become MathML, links between notebooks links between pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bpkit.page.in_page import display, maths


@dataclass
class Headings:
    """The headings of a page so far: the name of each section, and an id for the next."""

    titles: dict[str, str] = field(default_factory=dict)  # id: title, those of level 2
    used: set[str] = field(default_factory=set)

    def id(self, title: str) -> str:
        """A name for links that no other heading of the page has.

        >>> headings = Headings()
        >>> headings.id("Two paths"), headings.id("Two paths")
        ('two-paths', 'two-paths-2')
        """
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
    """Where a link leads on the site: from notebook to page. What needs a kernel has none, and the map says so.

    >>> page_address("05_output_weights.ipynb#paths"), page_address("instructors/marking.ipynb")
    ('05_output_weights.html#paths', 'index.html#needs-a-kernel')
    """
    path, sign, anchor = url.partition("#")
    if "://" in path or not path.endswith(".ipynb"):
        return url
    if "instructors/" in path:
        return "index.html#needs-a-kernel"
    return f"{path.removesuffix('.ipynb')}.html{sign}{anchor}"


def html(markdown: str, headings: Headings) -> str:
    r"""The Markdown of a cell as HTML.

    >>> html("The slope of $w$ is **0.25**", Headings())
    '<p>The slope of <math><mi>w</mi></math> is <strong>0.25</strong></p>\n'
    """
    # A fold ends and begins with lines of its own, however close a text stands to it.
    apart = re.sub(r"(?<!\n)\n(?=</?details>$)", "\n\n", markdown, flags=re.MULTILINE)
    return str(MarkdownWithMath(renderer=_Renderer(headings)).render(apart))


def text(words: str) -> str:
    """Plain text for a page.

    >>> text("a < b")
    'a &lt; b'
    """
    return escape(words, quote=False)
