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
    """Columns aligned by their widest cell.

    >>> print(text_table(("name", "value"), [("w5", "0.25"), ("b1", "1")]))
    name  value
    ----  -----
    w5    0.25
    b1    1
    """
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in (head, *rows)]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def html_table(head: Sequence[str], rows: Rows, caption: str = "") -> str:
    """The same rows as an HTML table with header cells; columns of words begin at the left, which notebooks ask for.

    >>> html_table(("a",), [("1",)])
    '<table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><th scope="row">1</th></tr></tbody></table>'
    """
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
    """A number as a table has it, of a batch its mean.

    >>> _cell(0.25), _cell(np.array([0.0, 1.0]))
    ('0.25', '2 samples, mean 0.5')
    """
    if np.ndim(value):
        return f"{len(value)} samples, mean {number(float(np.mean(value)), 10)}"
    text = number(value, 10)
    return near_one(value) if text.lstrip("-") == "1" else text


def values_rows(values: Values) -> list[tuple[str, str]]:
    """Every quantity with its number as it is read.

    >>> import bpkit as bp
    >>> values_rows(bp.evaluate(bp.examples.article.problem))[0]
    ('net_h1', '0.505')
    """
    return [(name, _cell(value)) for name, value in values.items()]


def values_text(values: Values) -> str:
    r"""Every quantity with its number, as text.

    >>> import bpkit as bp
    >>> print(*values_text(bp.evaluate(bp.examples.article.problem)).splitlines()[:3], sep="\n")
    quantity          value
    ----------------  ---------------
    net_h1            0.505
    """
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
    """Parameter, derivative, difference quotient, relative difference.

    >>> import bpkit as bp
    >>> check_rows(bp.check_gradient(bp.examples.article.problem, {"w5": 0.0851429384}))
    [('w5', '0.085142938', '0.085142938', 'below 1e-9')]
    """
    return [
        (row.label, number(row.derived, 8), number(row.measured, 8), _difference(row, check.tolerance))
        for row in check.rows
    ]


def _difference(row: GradientRow, tolerance: float) -> str:
    """A relative difference: its digits where it is too large, else a bound for it.

    >>> from bpkit.core.numerical_gradient import GradientRow
    >>> _difference(GradientRow("w1", 2, 1, 0.5), 1e-6), _difference(GradientRow("w1", 1, 1, 0.0), 1e-6)
    ('0.5', 'below 1e-9')
    """
    if not row.error <= tolerance and np.isfinite(row.relative):
        return number(row.relative, 2)
    return "lost in rounding" if row.unresolved(tolerance) else "below " + _power_of_ten(row.relative)


def _power_of_ten(error: float) -> str:
    """An upper bound that is the same on every machine, where the last digits of a difference quotient are not.

    >>> _power_of_ten(3e-8), _power_of_ten(0.0)
    ('1e-7', '1e-9')
    """
    if not np.isfinite(error):
        return "no bound"
    return f"1e{int(np.ceil(np.log10(max(error, 1e-9))))}"


def check_text(check: GradientCheck) -> str:
    """The gradient check as text, with its verdict.

    >>> import bpkit as bp
    >>> print(check_text(bp.check_gradient(bp.examples.article.problem, {"w5": 0.0851429384})))
    parameter  given        measured     relative difference
    ---------  -----------  -----------  -------------------
    w5         0.085142938  0.085142938  below 1e-9
    passed: the derivative agrees with nudging to 6 digits or more
    """
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
    """A sentence in which `code` stands between backticks.

    >>> with_code("write `a < b`")
    'write <code>a &lt; b</code>'
    """
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
