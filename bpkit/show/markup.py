"""The Markdown of questions as HTML: paragraphs, tables, lists, code and formulas, and nothing that was not meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from bpkit.show.mathml import lines_table, mathml, numbered

Maths = Callable[[str], str]
_INLINE = re.compile(r"\$([^$]+)\$|`([^`]+)`|\*\*([^*]+)\*\*")


def shown_apart(latex: str) -> str:
    """A formula by itself, or the numbered lines of a derivation as a table.

    >>> shown_apart("$$w$$")
    '<p><math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true"><mi>w</mi></math></p>'
    """
    if numbered(latex):
        return lines_table(latex)
    return f"<p>{mathml(latex.strip().strip('$'), True)}</p>"


def as_html(markdown: str, maths: Maths = mathml, display: Maths = shown_apart) -> str:
    """A text of the kit's own as HTML; ``maths`` makes of a formula what the page needs, ``display`` of lines.

    >>> as_html("The **slope**")
    '<p>The <b>slope</b></p>'
    """
    return "\n".join(_blocks(markdown, maths, display))


def image(source: str, words: str) -> str:
    r"""A picture with its words, in a paragraph of its own.

    >>> image("a.png", "a curve")
    '<p><img src="a.png" alt="a curve"></p>\n'
    """
    return f'<p><img src="{escape(source)}" alt="{escape(words)}"></p>\n'


def _blocks(markdown: str, maths: Maths, display: Maths) -> Iterator[str]:
    for piece in re.split(r"(^```.*?^```$)", markdown, flags=re.DOTALL | re.MULTILINE):
        if piece.startswith("```"):
            yield f"<pre><code>{escape(piece[3:-3].partition(chr(10))[2])}</code></pre>"
            continue
        for block in filter(None, map(str.strip, piece.split("\n\n"))):
            yield _block(block, maths, display)


def _block(block: str, maths: Maths, display: Maths) -> str:
    lines = block.splitlines()
    if block.startswith("$$"):
        return display(block)
    if block.startswith("|"):
        return _table(lines, maths)
    if block.startswith("- "):
        items = "\n".join(f"<li>{_inline(line[2:], maths)}</li>" for line in lines)
        return f"<ul>\n{items}\n</ul>"
    return f"<p>{_inline(block, maths)}</p>"


def _inline(text: str, maths: Maths) -> str:
    """Formulas, code and bold words in a line; everything else is text.

    >>> _inline("**one** `a < b` and $w$", maths=str.upper)
    '<b>one</b> <code>a &lt; b</code> and W'
    """
    pieces, end = [], 0
    for found in _INLINE.finditer(text):
        pieces.append(escape(text[end : found.start()], quote=False))
        formula, code, bold = found.groups()
        if formula is not None:
            pieces.append(maths(formula))
        else:
            pieces.append(f"<code>{escape(code)}</code>" if code is not None else f"<b>{escape(bold)}</b>")
        end = found.end()
    return "".join([*pieces, escape(text[end:], quote=False)])


def _table(lines: list[str], maths: Maths) -> str:
    rows = [[_inline(cell.strip(), maths) for cell in line.strip("|").split(" | ")] for line in lines]
    head = "".join(f'<th scope="col">{cell}</th>' for cell in rows[0])
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows[2:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
