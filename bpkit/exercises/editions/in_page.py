"""Texts and formulas of the kit as HTML that a live page has: formulas as MathML, wide tables in boxes that scroll."""

from __future__ import annotations

import re

from bpkit.core.errors import BpkitError
from bpkit.exercises.editions.markup import as_html
from bpkit.exercises.editions.mathml import lines_table, mathml

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'  # HTML knows it by the tag
_DISPLAY = re.compile(r"\s*\$\$(.*)\$\$\s*", re.DOTALL)
_ALIGN = re.compile(r"\\begin\{(align\*?|aligned)\}\n?(.*?)\n?\\end\{\1\}", re.DOTALL)


def maths(latex: str, large: bool = False) -> str:
    """A formula in a line of text."""
    return mathml(latex, large).replace(_NAMESPACE, "")


def display(latex: str) -> str:
    """A formula by itself, or the numbered lines of a derivation, which scroll in a box of their own."""
    try:
        found = lines_table(latex).replace(_NAMESPACE, "")
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


def in_page(markdown: str, large: bool = False) -> str:
    """A text of the kit's own, as questions and solutions are written."""
    found = as_html(markdown, lambda latex: maths(latex, large), display)
    return re.sub(
        r"(<table>.*?</table>)",
        r'<div class="scrolls" tabindex="0" role="group" aria-label="Table">\1</div>',
        found,
        flags=re.DOTALL,
    )
