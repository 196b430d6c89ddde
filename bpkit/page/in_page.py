"""Texts and formulas of the kit as HTML that a live page has: formulas as MathML, wide tables in boxes that scroll."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpkit.show.markup import as_html
from bpkit.show.mathml import aligned, lines_table, mathml, numbered

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'  # HTML knows it by the tag
_DISPLAY = re.compile(r"\s*\$\$(.*)\$\$\s*", re.DOTALL)

_FORMULA = re.compile(r"(<math[^>]*>)(.*)</math>")
_PIECES = re.compile(r"<mtext>.*?</mtext>|<[^>]+>|[^<]+")


def maths(latex: str, large: bool = False) -> str:
    """A formula in a line of text.

    >>> maths("w_{5}")
    '<math><msub><mi>w</mi><mn>5</mn></msub></math>'
    """
    return mathml(latex, large).replace(_NAMESPACE, "")


def display(latex: str) -> str:
    """A formula by itself, or the numbered lines of a derivation, which scroll in a box of their own.

    >>> display("$$w$$").startswith('<div class="scrolls"')
    True
    """
    if numbered(latex):
        found = lines_table(latex).replace(_NAMESPACE, "")
    else:
        whole = _DISPLAY.fullmatch(latex)
        body = whole[1] if whole else latex
        found = _columns(aligned(body)) or f'<p class="display">{maths(body, large=True)}</p>'
    return f'<div class="scrolls" tabindex="0" role="group" aria-label="Formulas">{found}</div>'


def _columns(rows: list[list[str]]) -> str:
    """Lines that are lined up as a table, in which a narrow page can put what is said of a line below it."""
    if not rows:
        return ""
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows).replace(_NAMESPACE, "")
    return f'<table class="formulas"><tbody>{body}</tbody></table>'


def _cells(row: list[str]) -> Iterator[str]:
    yield from (f"<td>{cell}</td>" for cell in row[:2])
    for place in range(2, len(row), 2):
        yield f'<td class="more">{"".join(map(_flowing, row[place : place + 2]))}</td>'


def _flowing(cell: str) -> str:
    """A cell with its words as text, which goes on in the next line as a formula does not, and formulas between."""
    found = _FORMULA.fullmatch(cell)
    if not found or "<mtext>" not in cell:
        return cell
    start, inside = found[1], found[2].removeprefix("<mrow>").removesuffix("</mrow>")
    pieces, depth = [""], 0  # formulas and words by turns
    for one in _PIECES.findall(inside):
        if one.startswith("<mtext>") and not depth:
            pieces += [one.removeprefix("<mtext>").removesuffix("</mtext>"), ""]
        else:
            pieces[-1] += one
            depth += 0 if one.endswith(("/>", "</mtext>")) or one[0] != "<" else -1 if one.startswith("</") else 1
    shown = [f"{start}<mrow>{one}</mrow></math>" if one and not k % 2 else one for k, one in enumerate(pieces)]
    return "".join(shown).replace("\N{NO-BREAK SPACE}", " ")


def in_page(markdown: str, large: bool = False) -> str:
    """A text of the kit's own, as questions and solutions are written.

    >>> in_page("The slope of $w_{5}$")
    '<p>The slope of <math><msub><mi>w</mi><mn>5</mn></msub></math></p>'
    """
    found = as_html(markdown, lambda latex: maths(latex, large), display)
    return re.sub(
        r"(<table>.*?</table>)",
        r'<div class="scrolls" tabindex="0" role="group" aria-label="Table">\1</div>',
        found,
        flags=re.DOTALL,
    )
