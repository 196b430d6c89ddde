"""Products of factors in words: each path's symbols, its numbers, its product, and the sum of all."""

from __future__ import annotations

from collections.abc import Sequence

from bpkit.core.agreement import near_one
from bpkit.core.path_sums import Path
from bpkit.core.spelling import bracketed, number


def products_text(name: str, paths: Sequence[Path], total: float, digits: int, word: str) -> str:
    """One sentence: the derivative is a product, or a sum of products.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0}, [2], [0])
    >>> products_text("dE/dw1", bp.derive(problem).paths("w1").at(problem), 0.25, 3, "path")
    'dE/dw1 = dE_total/dout_o1 · dout_o1/dnet_o1 · dnet_o1/dw1 = 0.5 · 0.25 · 2 = 0.25.'
    """
    sides = [_sides(path, digits) for path in paths]
    if len(sides) == 1:
        return f"{name} = {sides[0][0]} = {sides[0][1]} = {sides[0][2]}."
    ways = "; ".join(f"{symbols} = {numbers} = {product}" for symbols, numbers, product in sides)
    return f"{name} is the sum of {len(sides)} {word}s: {ways}. Together {number(total, digits)}."


def _sides(path: Path, digits: int) -> tuple[str, str, str]:
    numbers = " · ".join(bracketed(near_one(value, digits)) for value in path.values or ())
    return " · ".join(path.factors), numbers, number(path.product or 0.0, digits)
