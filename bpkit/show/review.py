"""Reviews of programs: the learner's own lines beside what each of them makes, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape as escaped
from typing import TYPE_CHECKING, NamedTuple

from bpkit.core.notation import matrix_text
from bpkit.core.quantities import Role

if TYPE_CHECKING:
    from bpkit.mistakes.programs.review import Review

escape = partial(escaped, quote=False)

VERDICTS = {"correct": "right", "misconception": "not right", "unknown": "not right", "error": "it does not work yet"}
MOST_LINES = 3  # of the derivation that are shown beside a program's
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
        yield Row(line.number, line.text, sign, line.shown, line.right)


def derivations_lines(found: Review) -> list[str]:
    """The lines of the matrices that should stand where the two part."""
    place = found.misconceptions[0].should if found.misconceptions else None
    if place is None or found.problem is None:
        return []
    matrices = found.problem.derivation.matrices()
    lines = {step.name: one for one in matrices for step in one.family.steps}
    made = {one.number: one for name in place.lines.flat if (one := lines.get(name))}
    if not made and place.role in (Role.ADJOINT, Role.SLOPE):  # a delta holds what comes back and the slope
        deltas = (one for one in matrices if one.quantity.tag == "delta" and one.quantity.block == place.block)
        made = {one.number: one for one in deltas}
    return [matrix_text(one).strip() for one in made.values()] if len(made) <= MOST_LINES else []


def _introduced(found: Review) -> str:
    rows = found.problem is not None and found.problem.network.layers
    return "The derivation has here, for rows of samples:" if rows else "The derivation has here:"


def review_text(found: Review) -> str:
    """The verdict, the message, and the program with a sign at each line that makes an array."""
    lines = [f"Your program: {VERDICTS[found.verdict]}", found.message]
    if right := derivations_lines(found):
        lines += [_introduced(found), *(f"    {line}" for line in right)]
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
    if right := derivations_lines(found):
        made = "<br>".join(f"<code>{escape(line)}</code>" for line in right)
        parts.append(f"<p>{_introduced(found)}<br>{made}</p>")
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
