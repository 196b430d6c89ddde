"""The kit's HTML in fewer bytes: what HTML knows by the tag, or a page says of all its formulas and pictures, goes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bpkit.show.markup import as_html, shown_apart
from bpkit.show.mathml import aligned, numbered
from bpkit.show.palette import FONT

_STYLE = re.compile(r"<style>(.*?)</style>\n?")
_RULE = re.compile(r"\[[^]]*\]\{[^}]*\}")
_NAMESPACE = re.compile(r" xmlns=(\"[^\"]*\"|'[^']*')")
_ROW = re.compile(r"<math><mrow>((?:(?!</math>).)*)</mrow></math>")  # a formula is a row without being told
# The label of a neuron, upright as its name is.
_LABEL = re.compile(r"<mrow><mi>([ho])</mi><mn>(\d+)</mn>(?:<mo>(,)</mo><mn>(\d+)</mn>)?</mrow>")
_STOP = re.compile(r"(<math>(?:(?!</math>).)*</math>)([.,;:?!)]+)")  # what no line may begin with
_MATH, _TABLE = re.compile(r"<math>(.*?)</math>"), re.compile(r"<table>(.*?)</table>", re.DOTALL)
_CELL, _TAG = re.compile(r"<td>(.*?)</td>", re.DOTALL), re.compile(r"<[^>]*>")
LONG, WORDS = 80, 40  # signs of a formula that would not fit on paper, and of a cell that holds a sentence
_LINE = re.compile(r"<line x1='([\d.]+)' y1='([\d.]+)' x2='([\d.]+)' y2='([\d.]+)'")  # a path says it in half
_FRAME = f" style='max-width:100%;height:auto' {FONT}"  # what the stylesheet says of all pictures


def text(markdown: str) -> str:
    """A text of the kit's own, for a page whose stylesheet makes fractions large.

    >>> text("The loss is $E$.")
    '<p>The loss is <span class="tied"><math><mi>E</mi></math>.</span></p>'
    """
    return formulas(as_html(markdown, display=_display))


def _display(latex: str) -> str:
    """Formulas by themselves; where they are lined up, a row can go on below, so that it fits the page."""
    rows = [] if numbered(latex) else aligned(latex.strip().strip("$"))
    return f"<p>{'<br>'.join(map(' '.join, rows))}</p>" if rows else shown_apart(latex)


def formulas(html: str) -> str:
    """The same HTML with the formulas that ``text`` writes."""
    plain = _NAMESPACE.sub("", html).replace('<math displaystyle="true">', "<math>")
    short = _ROW.sub(r"<math>\1</math>", _LABEL.sub(r"<mi>\1\2\3\4</mi>", plain))
    tied = _STOP.sub(r'<span class="tied">\1\2</span>', short)
    return _TABLE.sub(_of_words, _MATH.sub(_small, tied))


def _small(found: re.Match[str]) -> str:
    """A formula, set smaller where it is long."""
    return found[0].replace("<math>", '<math class="long">') if len(_TAG.sub("", found[1])) > LONG else found[0]


def _of_words(found: re.Match[str]) -> str:
    """A table, whose cells may go on below where they hold sentences."""
    words = any(len(_TAG.sub("", cell)) > WORDS for cell in _CELL.findall(found[1]))
    return found[0].replace("<table>", '<table class="words">', 1) if words else found[0]


def picture(svg: str) -> str:
    """A picture for a page that has its ``styles``.

    >>> picture("<svg><line x1='1' y1='2' x2='3' y2='4' stroke='red'/></svg>")
    "<svg><path d='M1,2 3,4' stroke='red'/></svg>"
    """
    return _LINE.sub(r"<path d='M\1,\2 \3,\4'", _NAMESPACE.sub("", _STYLE.sub("", svg), 1)).replace(_FRAME, "", 1)


def styles(pictures: Iterable[str]) -> str:
    """What pictures say of dark pages, each rule once.

    >>> styles(["<svg><style>@media (x) {[fill]{fill:red}}</style></svg>"] * 2)
    '@media screen and (prefers-color-scheme:dark){[fill]{fill:red}}'
    """
    said = [rule for svg in pictures for style in _STYLE.findall(svg) for rule in _RULE.findall(style)]
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(dict.fromkeys(said))}}}" if said else ""
