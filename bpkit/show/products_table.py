"""Products of factors as a table and in words: each path's symbols, its numbers, its product, and the sum of all."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from bpkit.core.agreement import near_one
from bpkit.core.spelling import HTML, bracketed, number

if TYPE_CHECKING:
    from bpkit.core.path_sums import Path


def _sides(path: Path, digits: int) -> tuple[str, str, str]:
    numbers = " · ".join(bracketed(near_one(value, digits)) for value in path.values or ())
    return " · ".join(path.factors), numbers, number(path.product or 0.0, digits)


def products_html(
    name: str,
    paths: Sequence[Path],
    total: float,
    digits: int = 6,
    lit: Container[int] = (),
    first: int = 1,
    word: str = "path",
) -> str:
    """A row for each path (with its numbers) and one for their sum, the derivative called ``name``.

    ``lit`` holds the numbers of the paths that are marked; ``first`` is the number of the first path given, where
    earlier ones are left out; ``word`` is what a row is called.
    """
    rows = []
    for count, path in enumerate(paths, first):
        _, numbers, product = _sides(path, digits)
        symbols = " · ".join(HTML(path.names[factor]) for factor in path.factors)
        mark, sign = (' class="bpkit-lit"', "▸ ") if count in lit else ("", "")
        rows.append(
            f"<tr{mark}><td>{sign}{count}</td><td><b>{product}</b></td><td>= {symbols}<br>= {numbers}</td></tr>"
        )
    left = HTML(paths[0].names[name]) + (", the sum" if len(paths) > 1 else "")
    rows.append(f"<tr><td></td><td><b>{number(total, digits)}</b></td><th scope='row'>= {left}</th></tr>")
    head = "".join(f"<th scope='col'>{title}</th>" for title in (word, "product", "its factors, and their numbers"))
    return (
        f"<table class='bpkit-lines' tabindex='0'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def products_text(name: str, paths: Sequence[Path], total: float, digits: int = 6, word: str = "path") -> str:
    """The same in one sentence: the derivative is a product, or a sum of products."""
    sides = [_sides(path, digits) for path in paths]
    if len(sides) == 1:
        return f"{name} = {sides[0][0]} = {sides[0][1]} = {sides[0][2]}."
    ways = "; ".join(f"{symbols} = {numbers} = {product}" for symbols, numbers, product in sides)
    return f"{name} is the sum of {len(sides)} {word}s: {ways}. Together {number(total, digits)}."
