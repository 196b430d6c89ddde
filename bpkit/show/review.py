"""Reviews of programs: the learner's own lines beside what each of them makes, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape as escaped
from typing import TYPE_CHECKING, NamedTuple

from bpkit.core.notation import matrix_text
from bpkit.mistakes.programs.telling import shown

if TYPE_CHECKING:
    from bpkit.mistakes.programs.review import Review

escape = partial(escaped, quote=False)

VERDICTS = {"correct": "right", "misconception": "not right", "unknown": "not right", "error": "it does not work yet"}
SIGNS = {True: "✓", False: "✗", None: "·"}
WORDS = {True: "right", False: "wrong", None: "not part of the derivation"}
# Over the page's own colours, light or dark; the signs say the same without colour.
TINTS = {True: "rgba(0, 158, 115, 0.14)", False: "rgba(213, 94, 0, 0.24)", None: "rgba(128, 128, 128, 0.12)"}


class Row(NamedTuple):
    """A line of the program, with what it makes; ``sign`` is empty where it makes nothing."""

    number: int
    text: str
    sign: str
    quantity: str
    right: bool | None


def rows(found: Review) -> Iterator[Row]:
    """The lines of the learner's functions, each with what it makes."""
    for line in found.source:
        sign = SIGNS[line.right] if line.made else ""
        yield Row(line.number, line.text, sign, shown(line.quantity) if line.quantity else "", line.right)


def derivations_line(found: Review) -> str:
    """The line of the matrices that should stand where the two part."""
    bug = found.misconceptions[0] if found.misconceptions else None
    if bug is None or found.problem is None or not bug.expected:
        return ""
    name = bug.expected
    if name.startswith(("dE/dnet_", "dE/dout_", "dout_")):
        name = f"delta_{name.rpartition('_')[2]}"
    elif name.startswith("dE/d"):
        name = f"dE_total/d{name[4]}_{name[5:]}"
    elif name.endswith("_new"):
        name = f"{name[0]}_{name[1:]}"
    steps = {step.name: step for step in found.problem.derivation.matrices()}
    return matrix_text(steps[name]).strip() if name in steps else ""


def review_text(found: Review) -> str:
    """The verdict, the message, and the program with a sign at each line that makes an array."""
    lines = [f"Your program: {VERDICTS[found.verdict]}", found.message]
    if right := derivations_line(found):
        lines += ["The derivation has here, for rows of samples:", f"    {right}"]
    table = [*rows(found)]
    if any(row.sign for row in table):
        width = min(max(len(row.text) for row in table), 88)
        lines.append("")
        for row in table:
            made = f"{row.text:<{width}}  {row.quantity or '?'}" if row.sign else row.text
            lines.append(f"{row.sign or ' '} {row.number:>4}  {made}".rstrip())
        lines.append("✓ right   ✗ wrong   · not part of the derivation")
    return "\n".join(lines)


def review_html(found: Review) -> str:
    """The same as HTML."""
    parts = [f"<p><strong>Your program: {VERDICTS[found.verdict]}</strong></p><p>{_with_code(found.message)}</p>"]
    if right := derivations_line(found):
        parts.append(f"<p>The derivation has here, for rows of samples:<br><code>{escape(right)}</code></p>")
    table = [*rows(found)]
    if any(row.sign for row in table):
        head = "".join(
            f'<th scope="col" style="text-align:left">{word}</th>' for word in ("", "line", "your program", "makes")
        )
        body = "".join(map(_row, table))
        parts.append(
            f'<table><caption style="text-align:left">✓ right, ✗ wrong, · not part of the derivation</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    return "".join(parts)


def _with_code(text: str) -> str:
    """A sentence in which `code` stands between backticks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # one that belongs to the code itself
        return escape(text)
    return "".join(f"<code>{escape(one)}</code>" if place % 2 else escape(one) for place, one in enumerate(pieces))


def _row(row: Row) -> str:
    tint = f"background:{TINTS[row.right]};" if row.sign else "background:none;"
    sign = f'<span role="img" aria-label="{WORDS[row.right]}">{row.sign}</span>' if row.sign else ""
    cell = f'<td style="text-align:left;{tint}'
    return (
        f'<tr>{cell}">{sign}</td>{cell}">{row.number}</td>'
        f'{cell}white-space:pre;font-family:monospace">{escape(row.text)}</td>{cell}">{escape(row.quantity)}</td></tr>'
    )
