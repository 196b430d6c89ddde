"""Verdicts of the detective as text and as HTML."""

from __future__ import annotations

from functools import partial
from html import escape as escaped
from typing import TYPE_CHECKING

from bpkit.core.expressions import names_in
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import expr_text, typeset
from bpkit.core.text import sides_text
from bpkit.mistakes import rewrite

if TYPE_CHECKING:
    from bpkit.mistakes.verdict import Diagnosis, Explanation

escape = partial(escaped, quote=False)

# What a mistake may multiply by, though no line of the derivation does.
SAMPLES = Quantity(rewrite.SAMPLES, tag="constant")
ONE_SAMPLE = frozenset({rewrite.LAST, rewrite.FIRST})  # the detail says which sample is kept


def look(one: Explanation) -> str:
    """The line where a mistake happens, as it should be.

    >>> import bpkit as bp
    >>> look(bp.diagnose(bp.examples.article.problem, "w5_new", "0.392571").misconceptions[0])
    'Look at line (62): new w₅ = w₅ − η · ∂E/∂w₅.'
    """
    line = f"Look at line ({one.step.number}): {one.step.name} = {sides_text(one.step)}."
    return typeset(line, one.step.names)


def should_be(one: Explanation) -> str:
    """The line where a mistake happens, as it should be and as it was written.

    >>> import bpkit as bp
    >>> should_be(bp.diagnose(bp.examples.article.problem, "w5_new", "0.392571").misconceptions[0])
    'Line (62) should be new w₅ = w₅ − η · ∂E/∂w₅, not w₅ + η · ∂E/∂w₅.'
    """
    step, written = one.step, one.written.rhs
    line = f"Line ({step.number}) should be {step.name} = {sides_text(step)}"
    if written != step.rhs and ONE_SAMPLE.isdisjoint(names_in(written)):
        line += f", not {expr_text(written)}"
    return typeset(line + (f" ({one.detail})." if one.detail else "."), {**step.names, SAMPLES.name: SAMPLES})


def explanation_text(one: Explanation) -> str:
    """Name, sentence and line, each on its own.

    >>> import bpkit as bp
    >>> print(explanation_text(bp.diagnose(bp.examples.article.problem, "w5_new", "0.392571").misconceptions[0]))
    adds the gradient: the update goes against the slope
        Line (62) should be new w₅ = w₅ − η · ∂E/∂w₅, not w₅ + η · ∂E/∂w₅.
    """
    return f"{one.name}: {one.sentence}\n    {should_be(one)}"


def diagnosis_text(found: Diagnosis) -> str:
    """The verdict, the message, and every explanation.

    >>> import bpkit as bp
    >>> print(diagnosis_text(bp.diagnose(bp.examples.article.problem, "dE/dw5", "0.0851429")))
    ∂E/∂w₅ = 0.0851429: right
    Right.
    """
    lines = [f"{_asked(found)}: {_verdict(found)}", found.message]
    if len(found.misconceptions) > 1:
        lines += [f"{n}. {explanation_text(one)}" for n, one in enumerate(found.misconceptions, 1)]
    return "\n".join(lines)


def diagnosis_html(found: Diagnosis) -> str:
    """A diagnosis as HTML, with each mistake that gives the number.

    >>> import bpkit as bp
    >>> diagnosis_html(bp.diagnose(bp.examples.article.problem, "dE/dw5", "0.0851429"))
    '<p><strong>∂E/∂w₅ = 0.0851429: right</strong></p><p>Right.</p>'
    """
    top = f"<p><strong>{escape(_asked(found))}: {_verdict(found)}</strong></p>"
    body = f"<p>{escape(found.message)}</p>"
    if len(found.misconceptions) < 2:
        return top + body
    rows = "".join(
        f"<li><strong>{escape(one.name)}</strong>: {escape(one.sentence)}<br>{escape(should_be(one))}</li>"
        for one in found.misconceptions
    )
    return f"{top}{body}<ol>{rows}</ol>"


def _asked(found: Diagnosis) -> str:
    return typeset(f"{found.quantity} = {found.typed}", found.names)


_VERDICTS = {
    "correct": "right",
    "rounded": "right, up to rounding",
    "few_digits": "too few digits",
    "misconception": "not right",
    "unknown": "not right",
}


def _verdict(found: Diagnosis) -> str:
    """The verdict as a word or two."""
    return "nearly right" if found.off_in_digit else _VERDICTS[found.verdict]
