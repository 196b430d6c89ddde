"""Derivations as LaTeX for notebooks and as aligned text for terminals, with or without the numbers put in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

if TYPE_CHECKING:
    from bpkit.core.derivation import Step
    from bpkit.core.paths import Path, Paths

Numbers = Mapping[str, float]
LONG = 60  # signs of a line of text: what a page shows beside the reason without scrolling
NARROW = 46  # signs of a reason: longer ones go on below, so that lines and reasons fit beside each other
WIDTH = 96  # where the reasons start, unless every line is shorter


def number(value: float, digits: int = 6) -> str:
    """A number as text, to so many significant digits: ``0.0851429``."""
    return f"{float(value) + 0.0:.{digits}g}"  # + 0.0 turns a negative zero round


def number_latex(value: float, digits: int = 6) -> str:
    """A number in LaTeX: ``6.87323 \\times 10^{-5}``."""
    mantissa, _, exponent = number(value, digits).partition("e")
    if mantissa.lstrip("-") in ("inf", "nan"):
        return mantissa.replace("inf", r"\infty").replace("nan", r"\text{undefined}")
    return mantissa + (rf" \times 10^{{{int(exponent)}}}" if exponent else "")


def bracketed(text: str) -> str:
    """A negative number, or one with a power of ten, in brackets: it stands inside a formula."""
    return f"({text})" if text.startswith("-") or "times" in text or "e" in text else text


def name_latex(name: str) -> str:
    """A quantity's name in LaTeX: derivatives as fractions, indices low, ``_new`` high."""
    if name == "learning_rate":
        return r"\eta"
    if "/" in name:
        above, below = name.split("/")
        return rf"\frac{{\partial {name_latex(above[1:])}}}{{\partial {name_latex(below[1:])}}}"
    if name.endswith("_new"):
        return name_latex(name[:-4]) + r"^{\text{new}}"
    base, _, index = name.partition("_")
    if base in ("net", "out"):
        return rf"\mathit{{{base}}}_{{{_index(index)}}}"
    if base == "E":
        return rf"E_{{{'total' if index == 'total' else _index(index)}}}".replace("{total}", r"{\text{total}}")
    if match := re.fullmatch(r"([A-Za-z]+)(\d+)(?:_(\d+))?", name):
        letter, first, second = match.groups()
        low = f"{first},{second}" if second else first
        return f"{letter}_{{{low}}}" if len(letter) == 1 else rf"\mathit{{{letter}}}_{{{low}}}"
    word = base if len(base) == 1 else rf"\mathit{{{base}}}"
    return rf"{word}_{{{_index(index)}}}" if index else word


def _index(neuron: str) -> str:
    """h1 stays h1; h1_2 becomes h_{1,2}; anything else keeps its words."""
    if match := re.fullmatch(r"([a-z]\d+)_(\d+)", neuron):
        return f"{match[1]},{match[2]}"
    return neuron.replace("_", r"\_")


class _Text(StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    """Plain text in the order of the lesson, with a middle dot for products."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__({"order": "none"})
        self.names = names

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self.names.get(expr.name, expr.name)

    def _print_Mul(self, expr: sp.Mul) -> str:
        factors = list(expr.args)
        sign = ""
        if factors[0] == -1 and len(factors) > 1:
            sign, factors = "-", factors[1:]
        elif factors[0].is_Number and factors[0].is_negative:
            sign, factors = "-", [-factors[0], *factors[1:]]
        below = [f for f in factors if isinstance(f, sp.Pow) and f.exp == -1]
        above = [f for f in factors if f not in below]
        text = " · ".join("½" if f == sp.S.Half else self.parenthesize(f, PRECEDENCE["Mul"]) for f in above) or "1"
        for factor in below:
            text += f" / {self.parenthesize(factor.base, PRECEDENCE['Mul'] + 1)}"
        return sign + text

    def _print_Add(self, expr: sp.Add, order: str | None = None) -> str:
        text = ""
        for term in expr.args:
            piece = self._print(term)
            if not text:
                text = piece
            elif piece.startswith("-"):
                text += f" - {piece[1:]}"
            else:
                text += f" + {piece}"
        return text

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        base = self.parenthesize(expr.base, PRECEDENCE["Pow"])
        if expr.exp == -1:
            return f"1 / {self.parenthesize(expr.base, PRECEDENCE['Mul'] + 1)}"
        if expr.exp == 2:
            return f"{base}²"
        return f"{base}^{self.parenthesize(expr.exp, PRECEDENCE['Pow'])}"

    def _print_Function(self, expr: sp.Function) -> str:
        inside = ", ".join(map(self._print, expr.args))
        own = expr.args[0].is_Symbol and inside.startswith("(")  # a negative number put in brings its brackets
        return str(expr.func.__name__) + (inside if own else f"({inside})")

    _print_ExpBase = _print_exp = _print_Function

    def _print_log(self, expr: sp.log) -> str:
        return self._print_Function(expr).replace("log", "ln", 1)

    def _print_Max(self, expr: sp.Max) -> str:
        return f"max({', '.join(self._print(arg) for arg in sorted(expr.args, key=lambda a: not a.is_Number))})"

    def _print_Float(self, expr: sp.Float) -> str:
        return number(float(expr))

    def _print_Rational(self, expr: sp.Rational) -> str:
        return "½" if expr == sp.Rational(1, 2) else f"{expr.p}/{expr.q}"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        cases = []
        for value, condition in expr.args:
            cases.append(self._print(value) + ("" if condition == True else f" if {self._print(condition)}"))  # noqa: E712
        return "{" + ", else ".join(cases) + "}"


def expr_text(expr: sp.Expr, names: Mapping[str, str] | None = None) -> str:
    """One right side as plain text; ``names`` puts other words, or numbers, in the places of symbols."""
    return str(_Text(names or {})._print(expr))


def expr_latex(expr: sp.Expr, names: Mapping[str, str] | None = None) -> str:
    """One right side as LaTeX; ``names`` puts other words, or numbers, in the places of symbols."""
    symbols = {symbol: (names or {}).get(symbol.name) or name_latex(symbol.name) for symbol in expr.free_symbols}
    dot = "times" if names else "dot"
    text = str(sp.latex(expr, order="none", mul_symbol=dot, symbol_names=symbols, ln_notation=True))
    return re.sub(r"\\left\(\(([^()]*)\)\s*\\right\)", r"\\left(\1\\right)", text)  # brackets of f and of a number


def sides_text(step: Step, numbers: Numbers | None = None, digits: int = 6) -> str:
    """Everything right of the first equals sign, as text: symbols, cancelled form, numbers, result."""
    return _sides(step, numbers, digits, expr_text, number)


def sides_latex(step: Step, numbers: Numbers | None = None, digits: int = 6) -> str:
    """Everything right of the first equals sign, as LaTeX; where that is long, the numbers stand below the symbols."""
    line = _sides(step, numbers, digits, expr_latex, number_latex)
    if numbers is None or len(sides_text(step, numbers, digits)) <= LONG:
        return line
    symbols, _, rest = line.partition(" = ")
    return rf"\begin{{aligned}}[t] & {symbols} \\ & = {rest} \end{{aligned}}"


def _sides(
    step: Step,
    numbers: Numbers | None,
    digits: int,
    spell: Callable[..., str],
    spell_number: Callable[[float, int], str],
) -> str:
    forms = [step.rhs] if step.cancelled is None else [step.rhs, step.cancelled]
    sides = [spell(form) for form in forms]
    if numbers is not None:
        names = {name: bracketed(spell_number(value, digits)) for name, value in _of(step, numbers).items()}
        sides.append(spell(forms[-1], names))
        sides[len(sides) - step.rhs.is_Atom :] = [spell_number(numbers[step.name], digits)]
    return " = ".join(_without_repeats(sides))


def _of(step: Step, numbers: Numbers) -> dict[str, float]:
    symbols: set[Any] = step.rhs.free_symbols | (step.cancelled.free_symbols if step.cancelled is not None else set())
    return {str(symbol): numbers[str(symbol)] for symbol in symbols}


def _without_repeats(sides: Sequence[str]) -> list[str]:
    return [side for i, side in enumerate(sides) if i == 0 or side.strip("()") != sides[i - 1].strip("()")]


def aligned(rows: Sequence[tuple[str, str]]) -> str:
    """Lines with their reasons in a column behind them."""
    edge = min(max(len(line) for line, _ in rows), WIDTH)
    return "\n".join(f"{line:<{edge}}   {reason}" for line, reason in rows)


def environment(rows: Sequence[str]) -> str:
    """Rows of LaTeX as one display, lined up at their ampersands."""
    return "$$\\begin{align}\n" + " \\\\\n".join(rows) + "\n\\end{align}$$"


def text(steps: Sequence[Step], numbers: Numbers | None = None, digits: int = 6) -> str:
    """Numbered lines as aligned plain text, the reason behind each."""
    widest = max(len(step.name) for step in steps)
    tags = max(len(str(step.number)) for step in steps) + 2
    return aligned(
        [(f"{f'({s.number})':>{tags}}  {s.name:>{widest}} = {sides_text(s, numbers, digits)}", s.reason) for s in steps]
    )


def latex(steps: Sequence[Step], numbers: Numbers | None = None, digits: int = 6) -> str:
    """Numbered lines as one LaTeX ``align``, every line with its equation number and its reason."""
    return environment(
        [latex_row(s.number, name_latex(s.name), sides_latex(s, numbers, digits), s.reason) for s in steps]
    )


def latex_row(number: int, left: str, right: str, reason: str) -> str:
    """One line of the ``align``: its number in front, as one at the right edge would be scrolled out of sight."""
    return rf"\text{{({number})}} && {left} &= {right} && {{\small{_reason_latex(reason)}}}"


def _reason_latex(reason: str) -> str:
    """A reason in as many lines as it needs, of about the same length."""
    width = len(reason) // -(-len(reason) // NARROW) + 6 if len(reason) > NARROW else NARROW
    lines = textwrap.wrap(reason, min(width, NARROW), break_long_words=False, break_on_hyphens=False) or [""]
    texts = [rf"\text{{{words_latex(line)}}}" for line in lines]
    below = r" \\ & ".join(texts)
    return texts[0] if len(texts) == 1 else rf"\begin{{aligned}}[t] & {below} \end{{aligned}}"


def words_latex(words: str) -> str:
    """Plain words inside ``\\text``: underscores and the like made harmless."""
    return re.sub(r"([_#%&{}$])", r"\\\1", words)


def path_text(path: Path) -> str:
    """One path: its nodes, its factors, their product."""
    line = " → ".join(path.nodes) + ":  " + " · ".join(path.factors)
    if path.values is not None and path.product is not None:
        line += " = " + " · ".join(bracketed(number(value)) for value in path.values) + f" = {number(path.product)}"
    return line


def paths_text(paths: Paths) -> str:
    """Every path on a line, and what they add up to."""
    lines = [path_text(path) for path in paths]
    if paths.total is not None and paths:
        lines.append(f"together: dE_total/d{paths[0].nodes[0]} = {number(paths.total)}")
    return "\n".join(lines)


def paths_latex(paths: Paths) -> str:
    """The derivative as the sum of its paths."""
    name = paths[0].nodes[0]
    rows = []
    for i, path in enumerate(paths):
        left = name_latex(f"dE_total/d{name}") + " &= " if i == 0 else "&+ "
        row = left + r" \cdot ".join(map(name_latex, path.factors))
        if path.values is not None:
            put_in = r" \times ".join(bracketed(number_latex(value)) for value in path.values)
            row += rf" && {put_in} = {number_latex(path.product or 0.0)}"
        rows.append(row)
    if paths.total is not None:
        rows.append(f"&= {number_latex(paths.total)}")
    return environment(rows)
