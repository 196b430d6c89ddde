"""Numbered lines as an HTML table that is quick enough for sliders: symbols beside numbers beside the result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from itertools import count
from typing import Any

import sympy as sp

from bpkit.core.agreement import digits_that_agree, is_output, left_of_one, near_one, result
from bpkit.core.chain_rule import Step
from bpkit.core.expressions import names_in
from bpkit.core.quantities import Role
from bpkit.core.spelling import HTML, PLAIN, bracketed, expr_html, expr_text, filled, form, readable, typeset
from bpkit.core.text import Numbers

HEAD = ("line", "quantity", "in symbols", "in numbers", "result")


@lru_cache(maxsize=4096)
def symbols_html(step: Step) -> str:
    """The right side in symbols, which stay while the numbers move.

    >>> import bpkit as bp
    >>> symbols_html(bp.derive(bp.Network(1, 1))["dnet_o1/dw1"])
    'x<sub>1</sub>'
    """
    forms = [step.rhs] if step.cancelled is None else [step.rhs, step.cancelled]
    return " = ".join(expr_html(form, step.names) for form in forms)


def _filled(step: Step, numbers: Numbers, digits: int) -> str:
    """The right side with the numbers put in; empty if the result says it by itself, or no digits would lead to it."""
    form = step.rhs if step.cancelled is None else step.cancelled
    enough = None if form.is_Atom else digits_that_agree(step, numbers, digits)
    if enough is None:
        return ""
    return escape(
        readable(expr_text(form, {name: bracketed(near_one(numbers[name], enough)) for name in names_in(form)}))
    )


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
            f"<td>= <b>{escape(readable(result(step, numbers, digits)))}</b></td></tr>"
        )
    head = "".join(f"<th scope='col'>{word}</th>" for word in HEAD)
    return (
        f"<table class='bpkit-lines' tabindex='0'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


# For pages, which put the numbers in themselves


def lines_spec(steps: Iterable[Step], label: str) -> dict[str, Any]:
    """Lines as JSON, for a page that puts the numbers in: the rows, the heads of the columns, the table's name."""
    return {"rows": line_rows(steps), "head": HEAD, "label": label}


def line_rows(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return the lines as plain data, from which the page draws the table of ``lines_html`` with any numbers.

    ``names`` are those that a line's texts depend on. ``filled`` has a hole for each number, ``room`` is as long as it
    usually gets. ``checked`` is the tree of what must agree with the result, None where the usual digits do;
    ``saturated`` names the outputs that must not be 1 for that. ``above`` and ``below`` are trees of what an output
    leaves to 1 and to -1; None for other lines, and for functions of one's own with cases or functions beyond ln and
    exp. A tree is a name, a whole number, or an operation with its parts: ``["+", 1, ["*", -1, "out_h1"]]``.
    """
    return [
        {
            "number": step.number,
            "name": step.name,
            "names": sorted({step.name} | names_in(step.rhs) | names_in(step.shown)),
            "role": step.role.value,
            "uses": [*step.uses],
            "head": HTML(step.quantity),
            "symbols": symbols_html(step),
            "said": PLAIN(step.quantity),
            "reason": typeset(step.reason, step.names),
            "filled": "" if step.shown.is_Atom else template(step.shown),
            "room": "" if step.shown.is_Atom else _room(step),
            "checked": _checked(step),
            "saturated": _saturated(step),
            "above": _to_one(step, True),
            "below": _to_one(step, False),
        }
        for step in steps
    ]


_SIGNS = {sp.Add: "+", sp.Mul: "*", sp.log: "ln", sp.Pow: "^"}
_WITH_EXP = _SIGNS | {sp.exp: "exp"}
MOST_TERMS = 12  # names of a sum in which the digits are looked into


def _checked(step: Step) -> Any:
    """The tree of what must agree with the result: digits are lost in sums, and here of few terms."""
    form = step.shown
    return _tree(form, _SIGNS) if form.has(sp.Add) and len(names_in(form)) <= MOST_TERMS else None


def _saturated(step: Step) -> list[str]:
    """The outputs in an output's slope: where one is 1 as a float, the slope knows better."""
    if step.role is not Role.SLOPE or not is_output(step.quantity.of):
        return []
    return sorted(name for name in names_in(step.shown) if is_output(step.names.get(name)))


def _to_one(step: Step, above: bool) -> Any:
    """The tree of what an output leaves to 1, or to -1."""
    return _tree(left_of_one(step.rhs, above), _WITH_EXP) if is_output(step.quantity) and not step.rhs.is_Atom else None


def _tree(expr: sp.Expr, signs: Mapping[type[sp.Expr], str]) -> Any:
    """An expression as nested lists; None for one with functions that have no sign.

    >>> _tree(sp.Symbol("y1") + sp.Rational(1, 2), {sp.Add: "+"})
    ['+', ['/', 1, 2], 'y1']
    """
    if expr.is_Symbol:
        return expr.name
    if expr.is_Rational:
        return int(expr.p) if expr.q == 1 else ["/", int(expr.p), int(expr.q)]
    sign = next((sign for kind, sign in signs.items() if isinstance(expr, kind)), None)
    parts = [sign, *(_tree(part, signs) for part in expr.args)]
    return None if None in parts else parts


def _room(step: Step) -> str:
    """The right side with numbers of usual length: what is given has two decimals, what is computed six digits."""
    given = {name for name in names_in(step.shown) if name in step.names and step.names[name].role is Role.GIVEN}
    return expr_text(step.shown, {n: "0.00" if n in given else "-0.000000" for n in names_in(step.shown)})


@lru_cache(maxsize=4096)
def template(expr: sp.Expr) -> str:
    """A right side with holes for numbers, each with the brackets that its place asks for.

    A hole is ``{w5|in}`` where negative numbers and powers of ten need them, ``{w5|term}`` where only negative ones do,
    ``{w5|near}`` where none does.

    >>> w, x = sp.symbols("w1 x1")
    >>> template(w * x)
    '{w1|in} · {x1|in}'
    """
    text = form(expr, "·").replace("{", "{{").replace("}", "}}")
    bare, negative, power = (_between(text, word) for word in ("7", "(-7)", "(7e-9)"))
    modes = [
        "near" if not minus else "in" if ten else "term"
        for minus, ten in zip(_kept(bare, negative), _kept(bare, power), strict=True)
    ]
    names = text.split("\0")[1::2]
    return bare[0] + "".join(
        f"{{{name}|{mode}}}{piece}" for name, mode, piece in zip(names, modes, bare[1:], strict=True)
    )


def _between(text: str, word: str) -> list[str]:
    """What is between the holes when all of them have the same word, with what is left of its brackets."""
    core, places = word.strip("()"), count()
    full = filled(text, lambda _: word.replace(core, f"{core}\1{next(places)}\1"))
    return re.split(re.escape(core) + "\1\\d+\1", full)


def _kept(bare: list[str], pieces: list[str]) -> list[bool]:
    """Which holes kept their brackets: the text before one is longer by its own, and by that of the hole before."""
    kept: list[bool] = []
    for plain, piece in zip(bare[:-1], pieces, strict=False):
        kept.append(len(piece) - len(plain) - bool(kept and kept[-1]) == 1)
    return kept
