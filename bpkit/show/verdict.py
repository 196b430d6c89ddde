"""Verdicts of the detective as text and as HTML."""

from __future__ import annotations

import re
from functools import partial
from html import escape as escaped
from typing import TYPE_CHECKING

from bpkit.core.spelling import expr_text
from bpkit.core.text import sides_text

if TYPE_CHECKING:
    from bpkit.core.explanation import Diagnosis, Explanation

escape = partial(escaped, quote=False)

_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def plain(text: str) -> str:
    """Names of quantities inside a text as people read them without typesetting: ∂E/∂w₅, net(o1), new w₅."""
    text = re.sub(r"\bd([A-Za-z]\w*)/d([A-Za-z]\w*)", r"∂\1/∂\2", text)
    text = text.replace("E_total", "E").replace("learning_rate", "η").replace("n_samples", "n")
    text = re.sub(r"(?<![A-Za-z0-9_])(\w+?)_new\b", r"new \1", text)
    text = re.sub(r"(?<![A-Za-z])(net|out|E|b)_([a-z]+\d+)(?:_(\d+))?", _of_neuron, text)
    text = re.sub(r"\b([a-z]+\d+)_(\d+)\b", r"\1,\2", text)
    text = re.sub(r"(?<![A-Za-z0-9_])([wbxy])(\d+)(?!\w)", lambda found: found[1] + found[2].translate(_LOW), text)
    return re.sub(r"(?<![\w.)])-(?=[\w.(½∂])|(?<= )-(?= )", "−", text)


def _of_neuron(found: re.Match[str]) -> str:
    return f"{found[1]}({found[2]}{',' + found[3] if found[3] else ''})"


def should_be(one: Explanation) -> str:
    """The line where a mistake happens, as it should be and as it was written."""
    step = one.step
    line = f"Line ({step.number}) should be {step.name} = {sides_text(step)}"
    if one.written.rhs != step.rhs:
        line += f", not {expr_text(one.written.rhs)}"
    return plain(line + (f" ({one.detail})." if one.detail else "."))


def explanation_text(one: Explanation) -> str:
    """Name, sentence and line, each on its own."""
    return f"{one.name}: {one.sentence}\n    {should_be(one)}"


def diagnosis_text(found: Diagnosis) -> str:
    """The verdict, the message, and every explanation."""
    lines = [f"{plain(found.quantity)} = {found.figure.text}: {_verdict(found)}", found.message]
    if len(found.misconceptions) > 1:
        lines += [f"{n}. {explanation_text(one)}" for n, one in enumerate(found.misconceptions, 1)]
    return "\n".join(lines)


def diagnosis_html(found: Diagnosis) -> str:
    """The same as HTML."""
    top = f"<p><strong>{escape(plain(found.quantity))} = {escape(found.figure.text)}: {_verdict(found)}</strong></p>"
    body = f"<p>{escape(found.message)}</p>"
    if len(found.misconceptions) < 2:
        return top + body
    rows = "".join(
        f"<li><strong>{escape(one.name)}</strong>: {escape(one.sentence)}<br>{escape(should_be(one))}</li>"
        for one in found.misconceptions
    )
    return f"{top}{body}<ol>{rows}</ol>"


_VERDICTS = {
    "correct": "right",
    "rounded": "right, up to rounding",
    "few_digits": "too few digits",
    "misconception": "not right",
    "unknown": "not right",
}


def _verdict(found: Diagnosis) -> str:
    """The verdict as a word or two."""
    return _VERDICTS[found.verdict]
