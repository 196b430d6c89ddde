"""Results as tables: aligned text for terminals, HTML for notebooks, both from the same rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.core.agreement import near_one
from bpkit.core.spelling import number

if TYPE_CHECKING:
    from bpkit.core.numeric import Values
    from bpkit.core.numerical_gradient import GradientCheck, GradientRow
    from bpkit.examples.audit import Audit

Rows = Sequence[Sequence[str]]

AUDIT_HEAD = ("figure", "printed", "exact", "verdict")
LEFT = ' style="text-align:left"'
_NUMBER = re.compile(r"[-+−]?[\d.,]+(e[-+]?\d+)?( [-+] [\d.]+e-\d+)?")


def text_table(head: Sequence[str], rows: Rows) -> str:
    """Columns aligned by their widest cell."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in (head, *rows)]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def html_table(head: Sequence[str], rows: Rows, caption: str = "") -> str:
    """The same rows as an HTML table with header cells; columns of words begin at the left, which notebooks ask for."""
    sides = ["" if all(map(_NUMBER.fullmatch, column)) else LEFT for column in zip(*rows)] or [""] * len(head)
    top = "".join(f'<th scope="col"{side}>{escape(cell, quote=False)}</th>' for cell, side in zip(head, sides))
    body = "".join(
        f'<tr><th scope="row"{sides[0]}>{escape(row[0], quote=False)}</th>'
        + "".join(f"<td{side}>{escape(cell, quote=False)}</td>" for cell, side in zip(row[1:], sides[1:]))
        + "</tr>"
        for row in rows
    )
    above = f"<caption{LEFT}>{escape(caption, quote=False)}</caption>" if caption else ""
    return f"<table>{above}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    if np.ndim(value):
        return f"{len(value)} samples, mean {number(float(np.mean(value)), 10)}"
    text = number(value, 10)
    return near_one(value) if text.lstrip("-") == "1" else text


def values_rows(values: Values) -> list[tuple[str, str]]:
    return [(name, _cell(value)) for name, value in values.items()]


def values_text(values: Values) -> str:
    """Every quantity with its number, as text."""
    return text_table(("quantity", "value"), values_rows(values))


def values_html(values: Values) -> str:
    """Every quantity with its number, as HTML."""
    return html_table(("quantity", "value"), values_rows(values))


def audit_text(audit: Audit) -> str:
    """Every figure of an example with its verdict, as text."""
    return text_table(AUDIT_HEAD, audit.rows())


def audit_html(audit: Audit) -> str:
    """An audit as an HTML table, folded under its title."""
    table = html_table(AUDIT_HEAD, audit.rows())
    title = escape(audit.title, quote=False)
    return f"<details><summary>{title}</summary>{table}</details>" if title else table


SAID = 8  # so many wrong entries are named beside the worst
COUNTS = dict(enumerate("two three four five six seven eight nine ten eleven twelve".split(), 2))


def _check_head(check: GradientCheck) -> tuple[str, ...]:
    return "parameter", _whose(check), "measured", "relative difference"


def _whose(check: GradientCheck) -> str:
    """Where the derivatives of a check come from: a function of the learner's, somewhere else, or the derivation."""
    return next((whose for whose in ("yours", "given") if getattr(check, whose, False)), "derived")


def check_rows(check: GradientCheck) -> list[tuple[str, ...]]:
    """Parameter, derivative, difference quotient, relative difference."""
    return [
        (row.label, number(row.derived, 8), number(row.measured, 8), _difference(row, check.tolerance))
        for row in check.rows
    ]


def _difference(row: GradientRow, tolerance: float) -> str:
    if not row.error <= tolerance and np.isfinite(row.relative):
        return number(row.relative, 2)
    return "lost in rounding" if row.unresolved(tolerance) else "below " + _power_of_ten(row.relative)


def _power_of_ten(error: float) -> str:
    """An upper bound that is the same on every machine, where the last digits of a difference quotient are not."""
    if not np.isfinite(error):
        return "no bound"
    return f"1e{int(np.ceil(np.log10(max(error, 1e-9))))}"


def check_text(check: GradientCheck) -> str:
    """The gradient check as text, with its verdict."""
    if not check.rows:
        return _unfinished(check)
    return "\n".join([text_table(_check_head(check), check_rows(check)), check_verdict(check), *_sayings(check)])


def check_html(check: GradientCheck) -> str:
    """The gradient check as HTML, with its verdict."""
    if not check.rows:
        return f"<p>{with_code(_unfinished(check))}</p>"
    said = "<br>".join(escape(line, quote=False) for line in _sayings(check))
    return html_table(_check_head(check), check_rows(check), check_verdict(check)) + (f"<p>{said}</p>" if said else "")


def with_code(text: str) -> str:
    """A sentence in which `code` stands between backticks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # one that belongs to the code itself
        return escape(text, quote=False)
    safe = (escape(one, quote=False) for one in pieces)
    return "".join(f"<code>{one}</code>" if place % 2 else one for place, one in enumerate(safe))


def _unfinished(check: GradientCheck) -> str:
    """What is said of a function that still has gaps."""
    return f"Gradient check: {getattr(check, 'unfinished', '')}"


def _sayings(check: GradientCheck) -> tuple[str, ...]:
    """What the detective says of the wrong rows; nothing of a check that was made without it."""
    said: tuple[str, ...] = getattr(check, "sayings", ())
    return said


def check_verdict(check: GradientCheck) -> str:
    """One sentence: do they agree, and where do they differ most?"""
    worst = check.worst
    if check.passed:
        lost = sum(row.unresolved(check.tolerance) for row in check.rows)
        count, digits = len(check.rows), int(-np.log10(check.tolerance) + 1e-9)
        agree = f"all {COUNTS.get(count, count)} derivatives agree" if count > 1 else "the derivative agrees"
        passed = f"passed: {agree} with nudging to {digits} digits or more"
        return passed + f", except {lost} that the rounding of the losses hides" * bool(lost)
    said = (
        f"not passed: {worst.label} differs most, {number(worst.derived)} {_whose(check)} against "
        f"{number(worst.measured)} measured"
    )
    others = [row.label for row in check.wrong if row is not worst]
    if len(others) == len(check.rows) - 1 > 2:
        return f"{said}; all the others differ too"
    more = f" and {len(others) - SAID} more" if len(others) > SAID else ""
    return said + (f"; {', '.join(others[:SAID])}{more} {'differ' if others[1:] else 'differs'} too" if others else "")
