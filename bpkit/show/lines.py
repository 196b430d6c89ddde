"""Numbered lines as an HTML table that is quick enough for sliders: symbols beside numbers beside the result."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape

from bpkit.core.derivation import Step
from bpkit.core.expressions import names_in
from bpkit.show.render import Numbers
from bpkit.show.spelling import bracketed, expr_text, number

_OPEN, _SHUT = "\x02", "\x03"  # around a symbol's name in a template; no formula holds them


@lru_cache(maxsize=4096)
def _template(step: Step) -> tuple[str, str]:
    """The right side in symbols, and the same with a place for each number: printed once, filled at every move."""
    expr = step.rhs if step.cancelled is None else step.cancelled
    places = {name: f"{_OPEN}{name}{_SHUT}" for name in names_in(expr)}
    symbols = [expr_text(step.rhs)] + ([expr_text(step.cancelled)] if step.cancelled is not None else [])
    return " = ".join(map(name_html, symbols)), escape(expr_text(expr, places)) if not expr.is_Atom else ""


def name_html(text: str) -> str:
    """Names of quantities inside a text with their indices low and derivatives with ∂: net_h1, ∂E/∂w5."""
    text = re.sub(r"\bd([A-Za-z]\w*)/d([A-Za-z]\w*)", r"∂\1/∂\2", escape(text))
    text = text.replace("∂E_total", "∂E").replace("learning_rate", "η")
    text = re.sub(r"(?<![a-z])(net|out|E|b)_([a-z0-9_]+?)(?=_new|\b)", r"<i>\1</i><sub>\2</sub>", text)
    text = re.sub(r"(?<![\w>])([a-z])(\d+)(?=_new|\b)", r"\1<sub>\2</sub>", text)
    return text.replace("_new", "<sup>new</sup>")


def lines_html(steps: Iterable[Step], numbers: Numbers, digits: int = 6, lit: Iterable[int] = ()) -> str:
    """The lines as a table: number, quantity, symbols, numbers put in, result; those of ``lit`` are marked."""
    lit = set(lit)
    show = lambda match: bracketed(number(numbers[match[1]], digits))
    rows = []
    for step in steps:
        symbols, places = _template(step)
        filled = re.sub(f"{_OPEN}(.*?){_SHUT}", show, places)
        mark = ' class="bpkit-lit"' if step.number in lit else ""
        rows.append(
            f"<tr{mark}><td>({step.number})</td><th scope='row'>{name_html(step.name)}</th><td>= {symbols}</td>"
            f"<td>{'= ' + filled if filled else ''}</td><td>= <b>{number(numbers[step.name], digits)}</b></td></tr>"
        )
    head = "".join(
        f"<th scope='col'>{word}</th>" for word in ("line", "quantity", "in symbols", "in numbers", "result")
    )
    return (
        f"<table class='bpkit-lines' tabindex='0'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
