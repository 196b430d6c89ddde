"""Spells numbers, names and right sides, for people: as plain text for terminals and as LaTeX for notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter


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
    """A negative number, one with a power of ten, or a difference, in brackets: it stands inside a formula."""
    return f"({text})" if text.startswith("-") or "times" in text or "e" in text or " " in text else text


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

    def __init__(self) -> None:
        super().__init__({"order": "none"})

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return f"\0{expr.name}\0"

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
        return f"{expr.func.__name__}({', '.join(map(self._print, expr.args))})"

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


class _Latex(LatexPrinter):  # type: ignore[misc]
    """LaTeX in the order of the lesson; a product of numbers has a cross, one of symbols a dot."""

    def __init__(self, dot: str) -> None:
        super().__init__({"order": "none", "mul_symbol": dot, "ln_notation": True})

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return f"\0{expr.name}\0"


_TEXT = _Text()
_LATEX = {dot: _Latex(dot) for dot in ("dot", "times")}


# The same right sides are shown again and again, with other numbers in the places of their symbols.
@lru_cache(maxsize=16_384)
def _form(expr: sp.Expr, dot: str | None) -> str:
    """A right side with a place for each symbol: its name between two marks."""
    return str((_LATEX[dot] if dot else _TEXT)._print(expr))


PLACE = re.compile(r"(?P<open>\\left\(|\()\0(?P<alone>[^\0]*)\0(?P<close> ?\\right\)|\))|\0(?P<name>[^\0]*)\0")


def _fill(form: str, word: Callable[[str], str]) -> str:
    """Something in every place; the brackets of a function and those of a number in it are one pair."""

    def put(match: re.Match[str]) -> str:
        text = word(match["alone"] or match["name"])
        if match["alone"]:
            inside = text[1:-1] if text.startswith("(") else text
            return f"{match['open']}{inside}{match['close'] if inside is text else match['close'].strip()}"
        return text

    return PLACE.sub(put, form)


def expr_text(expr: sp.Expr, names: Mapping[str, str] | None = None) -> str:
    """One right side as plain text; ``names`` puts other words, or numbers, in the places of symbols."""
    words = names or {}
    return _fill(_form(expr, None), lambda name: words.get(name, name))


def expr_latex(expr: sp.Expr, names: Mapping[str, str] | None = None) -> str:
    """One right side as LaTeX; ``names`` puts other words, or numbers, in the places of symbols."""
    words = names or {}
    return _fill(_form(expr, "times" if names else "dot"), lambda name: words.get(name) or name_latex(name))
