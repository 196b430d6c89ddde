"""Verdicts of the detective as text and as HTML."""

from __future__ import annotations

from functools import partial
from html import escape as escaped
from typing import TYPE_CHECKING

from bpkit.show.render import sides_text
from bpkit.show.spelling import expr_text

if TYPE_CHECKING:
    from bpkit.core.explanation import Diagnosis, Explanation

escape = partial(escaped, quote=False)


def should_be(one: Explanation) -> str:
    """The line where a mistake happens, as it should be and as it was written."""
    step = one.step
    line = f"Line ({step.number}) should be {step.name} = {sides_text(step)}"
    if one.written.rhs != step.rhs:
        line += f", not {expr_text(one.written.rhs)}"
    return line + (f" ({one.detail})." if one.detail else ".")


def explanation_text(one: Explanation) -> str:
    """Name, sentence and line, each on its own."""
    return f"{one.name}: {one.sentence}\n    {should_be(one)}"


def diagnosis_text(found: Diagnosis) -> str:
    """The verdict, the message, and every explanation."""
    lines = [f"{found.quantity} = {found.figure.text}: {found.verdict}", found.message]
    if len(found.misconceptions) > 1:
        lines += [f"{n}. {explanation_text(one)}" for n, one in enumerate(found.misconceptions, 1)]
    return "\n".join(lines)


def diagnosis_html(found: Diagnosis) -> str:
    """The same as HTML."""
    top = f"<p><strong>{escape(found.quantity)} = {escape(found.figure.text)}: {escape(found.verdict)}</strong></p>"
    body = f"<p>{escape(found.message)}</p>"
    if len(found.misconceptions) < 2:
        return top + body
    rows = "".join(
        f"<li><strong>{escape(one.name)}</strong>: {escape(one.sentence)}<br>{escape(should_be(one))}</li>"
        for one in found.misconceptions
    )
    return f"{top}{body}<ol>{rows}</ol>"
