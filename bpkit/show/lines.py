"""Numbered lines as an HTML table that is quick enough for sliders: symbols beside numbers beside the result."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from bpkit.core.agreement import digits_that_agree, near_one, result
from bpkit.core.chain_rule import Step
from bpkit.core.expressions import names_in
from bpkit.core.spelling import HTML, bracketed, expr_html, expr_text
from bpkit.core.text import Numbers


@lru_cache(maxsize=4096)
def symbols_html(step: Step) -> str:
    """The right side in symbols, which stay while the numbers move."""
    forms = [step.rhs] if step.cancelled is None else [step.rhs, step.cancelled]
    return " = ".join(expr_html(form, step.names) for form in forms)


def _filled(step: Step, numbers: Numbers, digits: int) -> str:
    """The right side with the numbers put in; empty where the result alone says it, or no digits would lead to it."""
    form = step.rhs if step.cancelled is None else step.cancelled
    enough = None if form.is_Atom else digits_that_agree(step, numbers, digits)
    if enough is None:
        return ""
    return escape(expr_text(form, {name: bracketed(near_one(numbers[name], enough)) for name in names_in(form)}))


def lines_html(steps: Iterable[Step], numbers: Numbers, digits: int = 6, lit: Iterable[int] = ()) -> str:
    """The lines as a table: number, quantity, symbols, numbers put in, result; those of ``lit`` are marked."""
    lit = set(lit)
    rows = []
    for step in steps:
        filled = _filled(step, numbers, digits)
        mark = ' class="bpkit-lit"' if step.number in lit else ""
        rows.append(
            f"<tr{mark}><td>({step.number})</td><th scope='row'>{HTML(step.quantity)}</th>"
            f"<td>= {symbols_html(step)}</td><td>{'= ' + filled if filled else ''}</td>"
            f"<td>= <b>{escape(result(step, numbers, digits))}</b></td></tr>"
        )
    head = "".join(
        f"<th scope='col'>{word}</th>" for word in ("line", "quantity", "in symbols", "in numbers", "result")
    )
    return (
        f"<table class='bpkit-lines' tabindex='0'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
