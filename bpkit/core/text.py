"""Derivations as LaTeX for notebooks and as aligned text for terminals, with or without the numbers put in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from bpkit.core.agreement import digits_that_agree, near_one, result
from bpkit.core.expressions import names_in
from bpkit.core.spelling import bracketed, checked, expr_latex, expr_text, number, number_latex, typeset_latex

if TYPE_CHECKING:
    from bpkit.core.chain_rule import Step
    from bpkit.core.derivation import Derivation, NumberedDerivation
    from bpkit.core.path_sums import Path, Paths
    from bpkit.core.quantities import Quantity

Numbers = Mapping[str, float]
Row = tuple[int, str, str, str]  # number, left side, right side, reason
LONG = 60  # signs of a line of text: what a page shows beside the reason without scrolling
MOST = 52  # signs of a typeset row: longer sums go on below
NARROW = 46  # signs of a reason: longer ones go on below, so that lines and reasons fit beside each other
WIDTH = 96  # where the reasons start, unless every line is shorter


def sides_text(step: Step, numbers: Numbers | None = None, digits: int = 6) -> str:
    """Everything right of the first equals sign, as text: symbols, cancelled form, numbers, result.

    >>> import bpkit as bp
    >>> sides_text(bp.derive(bp.Network(1, 1))["net_o1"], {"w1": 0.5, "x1": 2, "b1": 0.1, "net_o1": 1.1})
    'w1 · x1 + b1 = 0.5 · 2 + 0.1 = 1.1'
    """
    return " = ".join(_sides(step, numbers, digits, expr_text, number))


def sides_latex(step: Step, numbers: Numbers | None = None, digits: int = 6) -> str:
    r"""Everything right of the first equals sign, as LaTeX.

    Where that is long, the numbers stand below the symbols, and what is still too wide goes on below before a sign.

    >>> import bpkit as bp
    >>> sides_latex(bp.derive(bp.Network(1, 1))["net_o1"])
    'w_{1} \\cdot x_{1} + b_{1}'
    """
    sides = sides_of(step, numbers, digits)
    whole = " = ".join(sides)
    short = len(sides_text(step, numbers, digits)) <= LONG and len(_wrapped(whole)) == 1
    rows = [whole] if numbers is None or short else [sides[0], f"= {' = '.join(sides[1:])}"]
    rows = [part for row in rows for part in _wrapped(row)]
    below = r" \\ & ".join(rows)
    return below if len(rows) == 1 else rf"\begin{{aligned}}[t] & {below} \end{{aligned}}"


def _wrapped(row: str) -> list[str]:
    """A row of LaTeX in as many rows as it needs; each goes on before a plus or minus that no bracket holds."""
    if _wide(row) <= MOST or r"\begin" in row:
        return [row]
    depth, start, terms = 0, 0, []
    for found in re.finditer(r"[{(]|[)}]| (?=[+-] )", row):
        depth += (found[0] in "{(") - (found[0] in ")}")
        if found[0] == " " and not depth:
            terms.append(row[start : found.start()])
            start = found.end()
    rows = [""]
    for term in (*terms, row[start:]):
        if rows[-1] and _wide(rows[-1] + term) > MOST:
            rows.append(rf"\quad {{}}{term}")
        else:
            rows[-1] += f" {term}" if rows[-1] else term
    return rows


def _wide(latex: str) -> int:
    r"""About how many signs wide a formula is: a fraction is as wide as its wider part.

    >>> _wide(r"\frac{1}{1 + e^{z}}")
    6
    """
    text, before = _COMMAND.sub(lambda found: _SIGNS.get(found[0].strip(), ""), latex), ""
    while text != before:
        before, text = text, _GROUP.sub(lambda found: max(found[1] or "", found[2], key=len), text)
    return len(text)


_SIGNS = {r"\partial": "d", r"\cdot": "··", r"\times": "...", r"\quad": "   "}
_COMMAND = re.compile(r" ?\\(?!frac)[A-Za-z]+ ?")
_GROUP = re.compile(r"(?:\\frac\{([^{}]*)\}|[_^]|(?<![}c]))\{([^{}]*)\}")


def sides_of(step: Step, numbers: Numbers | None = None, digits: int = 6) -> list[str]:
    r"""The same one by one, as LaTeX: symbols, cancelled form, numbers, result.

    >>> import bpkit as bp
    >>> sides_of(bp.derive(bp.Network(1, 1))["net_o1"], {"w1": 0.5, "x1": 2, "b1": 0.1, "net_o1": 1.1})
    ['w_{1} \\cdot x_{1} + b_{1}', '0.5 \\times 2 + 0.1', '1.1']
    """
    return _sides(step, numbers, digits, partial(expr_latex, names=step.names), number_latex)


def _sides(
    step: Step,
    numbers: Numbers | None,
    digits: int,
    spell: Callable[..., str],
    spell_number: Callable[[float, int], str],
) -> list[str]:
    forms = [step.rhs] if step.cancelled is None else [step.rhs, step.cancelled]
    sides = [spell(form) for form in forms]
    if numbers is not None:
        enough = digits_that_agree(step, numbers, checked(digits))
        if enough is not None and not step.rhs.is_Atom:
            used = names_in(forms[0]) | names_in(forms[-1])
            put_in = {name: bracketed(near_one(numbers[name], enough, spell_number)) for name in used}
            sides.append(spell(forms[-1], numbers=put_in))
        sides.append(result(step, numbers, digits, spell_number))
    return [side for i, side in enumerate(sides) if i == 0 or side.strip("()") != sides[i - 1].strip("()")]


def environment(rows: Iterable[str], apart: str = "4pt") -> str:
    r"""Rows of LaTeX as one display, lined up at their ampersands, ``apart`` so that fractions do not meet.

    >>> print(environment(["a &= b", "b &= c"]))
    $$\begin{align}
    a &= b \\[4pt]
    b &= c
    \end{align}$$
    """
    return "$$\\begin{align}\n" + f" \\\\[{apart}]\n".join(rows) + "\n\\end{align}$$"


def rows_text(rows: Sequence[Row]) -> str:
    """Numbered lines as aligned plain text, the reasons in a column behind them.

    >>> print(rows_text([(1, "net", "w · x", "a sum"), (12, "E", "1", "the loss")]))
     (1)  net = w · x   a sum
    (12)    E = 1       the loss
    """
    tags = max(len(f"({number})") for number, *_ in rows)
    widest = max(len(left) for _, left, *_ in rows)
    lines = [f"{f'({number})':>{tags}}  {left:>{widest}} = {right}" for number, left, right, _ in rows]
    edge = min(max(map(len, lines)), WIDTH)
    return "\n".join(f"{line:<{edge}}   {reason}" for line, (*_, reason) in zip(lines, rows))


def rows_latex(rows: Iterable[Row]) -> str:
    r"""Numbered lines as one LaTeX ``align``: each number in front, as at the right edge it would be scrolled away.

    >>> print(rows_latex([(1, "a", "b", "why")]))
    $$\begin{align}
    \text{(1)} && a &= b && {\small why}
    \end{align}$$
    """
    form = r"\text{{({})}} && {} &= {} && {{\small{}{}}}"
    # A letter right behind a command would be read as part of its name.
    spaced = ((*row[:3], " " * row[3][:1].isalpha(), row[3]) for row in rows)
    return environment(form.format(*row) for row in spaced)


def text(steps: Sequence[Step], numbers: Numbers | None = None, digits: int = 6) -> str:
    """Numbered lines as aligned plain text, the reason behind each.

    >>> import bpkit as bp
    >>> print(text([bp.derive(bp.Network(1, 1))["net_o1"]]))
    (1)  net_o1 = w1 · x1 + b1   net input of o1: each input times its weight, plus the bias b1
    """
    return rows_text([(s.number, s.name, sides_text(s, numbers, digits), s.reason) for s in steps])


def lines_text(lines: Step | Derivation | NumberedDerivation) -> str:
    """A line or several as text, with the numbers where there are some.

    >>> import bpkit as bp
    >>> print(lines_text(bp.derive(bp.Network(1, 1)).toward("out_o1")))
    (1)  net_o1 = w1 · x1 + b1             net input of o1: each input times its weight, plus the bias b1
    (2)  out_o1 = 1 / (1 + exp(-net_o1))   output of o1: sigmoid of its net input
    """
    steps, numbers, digits = _shown(lines)
    if getattr(lines, "bare", False):
        return "\n".join(f"{s.name} = {sides_text(s, numbers, digits)}" for s in steps)
    return text(steps, numbers, digits)


def lines_latex(lines: Step | Derivation | NumberedDerivation) -> str:
    """A line or several as LaTeX, with the numbers where there are some."""
    steps, numbers, digits = _shown(lines)
    if getattr(lines, "bare", False):
        return environment(f"{s.quantity.latex} &= {sides_latex(s, numbers, digits)}" for s in steps)
    return rows_latex(
        (s.number, s.quantity.latex, sides_latex(s, numbers, digits), reason_latex(s.reason, s.names)) for s in steps
    )


def _shown(lines: Any) -> tuple[Sequence[Step], Numbers | None, int]:
    """Steps, and the numbers with their digits."""
    steps = tuple(lines) if isinstance(lines, Iterable) else (lines,)
    return steps, getattr(lines, "numbers", None), getattr(lines, "digits", 6)


def reason_latex(reason: str, names: Mapping[str, Quantity]) -> str:
    r"""A reason in as many lines as it needs, of about the same length; the ``names`` in it are typeset.

    >>> import bpkit as bp
    >>> reason_latex("slope of sigmoid at net_o1", bp.derive(bp.Network(1, 1)).quantities)
    '\\textrm{slope of sigmoid at }\\mathit{net}_{o1}'
    """
    count = -(-len(reason) // NARROW) or 1
    width = min(len(reason) // count + 6, NARROW)
    lines = textwrap.wrap(reason, width, break_long_words=False, break_on_hyphens=False) or [""]
    texts = [typeset_latex(line, names) for line in lines]
    below = r" \\ & ".join(texts)
    return texts[0] if len(texts) == 1 else rf"\begin{{aligned}}[t] & {below} \end{{aligned}}"


def path_text(path: Path) -> str:
    """One path: its nodes, its factors, their product.

    >>> import bpkit as bp
    >>> print(path_text(bp.derive(bp.Network(1, 1)).paths("w1")[0]))
    w1 → net_o1 → out_o1 → E_total:  dE_total/dout_o1 · dout_o1/dnet_o1 · dnet_o1/dw1
    """
    line = " → ".join(path.nodes) + ":  " + " · ".join(path.factors)
    if path.values is None or path.product is None:
        return line
    return f"{line} = {' · '.join(bracketed(number(value)) for value in path.values)} = {number(path.product)}"


def paths_text(paths: Paths) -> str:
    """Every path on a line, and what they add up to.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0}, [2], [0])
    >>> print(paths_text(bp.derive(problem).paths("w1").at(problem)))
    w1 → net_o1 → out_o1 → E_total:  dE_total/dout_o1 · dout_o1/dnet_o1 · dnet_o1/dw1 = 0.5 · 0.25 · 2 = 0.25
    together: dE_total/dw1 = 0.25
    """
    lines = [path_text(path) for path in paths]
    if paths.total is not None and paths:
        lines.append(f"together: dE_total/d{paths[0].nodes[0]} = {number(paths.total)}")
    return "\n".join(lines)


def paths_latex(paths: Paths) -> str:
    """The derivative as the sum of its paths."""
    names = paths[0].names
    rows = []
    for i, path in enumerate(paths):
        left = names[f"dE_total/d{path.nodes[0]}"].latex + " &= " if i == 0 else "&+ "
        row = left + r" \cdot ".join(names[factor].latex for factor in path.factors)
        if path.values is not None:
            put_in = r" \times ".join(bracketed(number_latex(value)) for value in path.values)
            row += rf" && {put_in} = {number_latex(path.product or 0.0)}"
        rows.append(row)
    if paths.total is not None:
        rows.append(f"&= {number_latex(paths.total)}")
    return environment(rows)
