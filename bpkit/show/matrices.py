"""The matrix form as LaTeX and as aligned text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from bpkit.show.render import aligned, environment, latex_row
from bpkit.show.spelling import expr_text

if TYPE_CHECKING:
    from bpkit.core.matrix import MatrixStep


def _part_text(part: str | sp.Expr) -> str:
    if isinstance(part, str):
        return part
    shown = expr_text(part).replace(" · ", " * ")
    return f"({shown})" if part.is_Add else shown


def matrix_text(steps: Sequence[MatrixStep]) -> str:
    """The lines of the matrix form as aligned plain text; @ multiplies matrices, * element by element."""
    widest = max(len(step.name) for step in steps)
    rows = [
        (f"{f'({s.number})':>4}  {s.name:>{widest}} = {''.join(map(_part_text, s.parts))}", s.reason) for s in steps
    ]
    return aligned(rows)


_MATRIX_WORDS = (
    (r"out_(\d+)\.T", r"\\mathit{out}_{\1}^{\\top}"),
    (r"W_(\d+)\.T", r"W_{\1}^{\\top}"),
    (r"dE_total/d([Wb])_(\d+)", r"\\frac{\\partial E_{\\text{total}}}{\\partial \1_{\2}}"),
    (r"\b(net|out)_(\d+)", r"\\mathit{\1}_{\2}"),
    (r"(column sums of|mean over samples of the sum over outputs of|softmax slope of|, applied to)", r"\\text{\1 }"),
    (r"\b(softmax|sum)\(", r"\\operatorname{\1}("),
    (r"\bdelta_(\d+)", r"\\delta_{\1}"),
    (r"\blearning_rate\b", r"\\eta"),
    (r"\btargets\b", r"\\mathit{targets}"),
    (r" @ ", r"\\,"),
    (r"\\eta \* ", r"\\eta\\,"),
    (r" \* ", r" \\circ "),
    (r"([Wb])_(\d+)_new", r"\1_{\2}^{\\text{new}}"),
    (r"\b([Wb])_(\d+)", r"\1_{\2}"),
)


def _matrix_latex(part: str | sp.Expr) -> str:
    if not isinstance(part, str):
        names = {symbol: _matrix_latex(symbol.name) for symbol in part.free_symbols}
        shown = str(sp.latex(part, order="none", mul_symbol=r" \circ ", symbol_names=names, ln_notation=True))
        return rf"\left({shown}\right)" if part.is_Add else shown
    for pattern, words in _MATRIX_WORDS:
        part = re.sub(pattern, words, part)
    return part.replace("E_total", r"E_{\text{total}}")


def matrix_latex(steps: Sequence[MatrixStep]) -> str:
    """The lines of the matrix form as LaTeX; a small circle multiplies element by element."""
    return environment(
        [latex_row(s.number, _matrix_latex(s.name), "".join(map(_matrix_latex, s.parts)), s.reason) for s in steps]
    )
