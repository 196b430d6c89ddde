"""Reviews of programs: the learner's own lines beside what each of them makes, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape as escaped
from typing import TYPE_CHECKING, NamedTuple

from bpkit.core.notation import matrix_text
from bpkit.core.quantities import Role
from bpkit.core.spelling import in_words
from bpkit.show.table import with_code

if TYPE_CHECKING:
    from bpkit.mistakes.programs.review import Review

escape = partial(escaped, quote=False)

VERDICTS = {"correct": "right", "misconception": "not right", "unknown": "not right", "error": "it does not work yet"}
UNFINISHED = "not finished yet"
MOST_LINES = 3  # of the derivation that are shown beside a program's
GAP, WAITS, FOLLOWS = "…", "○", "↳"
STOPPED = "stopped here"
SIGNS = {True: "✓", False: "✗", None: "·"}
MEANING = {True: "right", False: "wrong", None: "not part of the derivation"}
WORDS = {SIGNS[right]: words for right, words in MEANING.items()}
WORDS |= {FOLLOWS: "depends on a wrong line", WAITS: "depends on a gap", GAP: "still to be written"}
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
    """The lines of the learner's functions, each with what it makes; without another function than the one under
    review, where all lines of that are right.
    """
    table = [*_rows(found)]
    other = {line.function for line, row in zip(found.source, table) if row.sign not in ("", SIGNS[True])}
    return (row for line, row in zip(found.source, table) if not line.function or line.function in other)


def _rows(found: Review) -> Iterator[Row]:
    blamed = {(bug.line, bug.code[:20]) for bug in found.misconceptions[:1] if bug.code}
    for line in found.source:
        wrong = line.right is False or any(
            line.number == number and line.text.strip().startswith(code) for number, code in blamed
        )
        right = False if wrong else line.right
        sign = GAP if line.gap else WAITS if line.waits else SIGNS[right] if line.made or wrong else ""
        made = f"should be {line.shown}" if wrong and line.shown else line.shown
        if line.follows:
            sign, made = FOLLOWS, f"depends on {line.follows}"
        made = "a gap" if line.gap else WORDS[WAITS] if line.waits else STOPPED if line.stopped else made
        yield Row(line.number, line.text, sign, made, right)


def heading(found: Review) -> str:
    """The verdict in a few words."""
    return f"Your program: {UNFINISHED if found.gaps else VERDICTS[found.verdict]}{found.only}"


def legend(table: Sequence[Row]) -> str:
    """What the signs of a program mean, those that it has.

    >>> legend([])
    '✓ right   ✗ wrong   · not part of the derivation'
    """
    there = {row.sign for row in table}
    if there <= {"", *SIGNS.values()}:
        return "   ".join(f"{SIGNS[right]} {word}" for right, word in MEANING.items())
    known = WORDS | {SIGNS[True]: "part of the derivation"} if GAP in there else WORDS
    return "   ".join(f"{sign} {word}" for sign, word in known.items() if sign in there)


def derivations_lines(found: Review) -> list[str]:
    """The lines of the matrices that should be where the two part."""
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


def _pointed_at(lines: Sequence[str]) -> str:
    """Which lines of the matrices to look at, without what they say: that is the answer.

    >>> _pointed_at(["(5)  delta_1 = ..", "(6)  dW_1 = .."])
    'Compare it with lines (5) and (6) of the derivation: bp.derive(network).matrices() shows them.'
    """
    numbers = [line.partition(")")[0] + ")" for line in lines]
    which, it = (f"lines {in_words(numbers)}", "them") if numbers[1:] else (f"line {numbers[0]}", "it")
    return f"Compare it with {which} of the derivation: bp.derive(network).matrices() shows {it}."


def review_text(found: Review) -> str:
    """The verdict, the message, and the program with a sign at each line that makes an array."""
    lines = [heading(found), found.message]
    if right := derivations_lines(found):
        lines.append(_pointed_at(right))
    table = [*rows(found)]
    if any(row.sign for row in table):
        width = min(max(len(row.text) for row in table), 88)
        lines.append("")
        for row in table:
            made = f"{row.text:<{width}}  {row.quantity or _nameless(row)}" if row.sign else row.text
            lines.append(f"{row.sign or ' '} {row.number:>4}  {made}".rstrip())
        lines.append(legend(table))
    return "\n".join(lines)


def _nameless(row: Row) -> str:
    return "?" if row.sign == SIGNS[None] else ""


def review_html(found: Review) -> str:
    """The review of a program as HTML."""
    parts = [f"<p><strong>{heading(found)}</strong></p><p>{with_code(found.message)}</p>"]
    if right := derivations_lines(found):
        made = "<br>".join(f"<code>{escape(line)}</code>" for line in right)
        parts.append(f"<details><summary>Show the line</summary><p>{_introduced(found)}<br>{made}</p></details>")
    table = [*rows(found)]
    if any(row.sign for row in table):
        head = "".join(
            f'<th scope="col" style="text-align:left">{word}</th>' for word in ("", "line", "your program", "makes")
        )
        body = "".join(map(_row, table))
        made = (
            f'<table><caption style="text-align:left">{legend(table).replace("   ", ", ")}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        folded = found.verdict == "correct"  # where there is nothing to find, it is there on demand
        parts.append(f"<details><summary>Line by line</summary>{made}</details>" if folded else made)
    return "".join(parts)


def _row(row: Row) -> str:
    tint = f"background:{TINTS[row.right]};" if row.sign else "background:none;"
    sign = f'<span role="img" aria-label="{WORDS[row.sign]}">{row.sign}</span>' if row.sign else ""
    cell = f'<td style="text-align:left;{tint}'
    return (
        f'<tr>{cell}">{sign}</td>{cell}">{row.number}</td>'
        f'{cell}"><code style="white-space:pre-wrap;background:none">{escape(row.text)}</code></td>'  # it breaks, not
        f'{cell}white-space:nowrap">{escape(row.quantity)}</td></tr>'  # what is said of it
    )
