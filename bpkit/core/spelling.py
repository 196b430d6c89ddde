"""Spells numbers, names and right sides, for people: as plain text for terminals and as LaTeX for notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from numbers import Integral
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from bpkit.core.errors import BpkitError
from bpkit.core.quantities import Quantity, Style

MOST_SHOWN = 17  # digits that tell every float from the next


def checked(digits: Any) -> int:
    """How many significant digits are shown: a whole number from 1 to 17, or a ``BpkitError``.

    >>> checked(0)
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: digits: expected a whole number from 1 to 17, got 0; leave it out for 6
    """
    if isinstance(digits, bool) or not isinstance(digits, Integral) or not 1 <= int(digits) <= MOST_SHOWN:
        raise BpkitError(f"digits: expected a whole number from 1 to {MOST_SHOWN}, got {digits!r}; leave it out for 6")
    return int(digits)


def number(value: float, digits: int = 6) -> str:
    """A number as text, to so many significant digits.

    >>> number(0.0851429384), number(0.25), number(-0.0)
    ('0.0851429', '0.25', '0')
    """
    return f"{float(value) + 0.0:.{digits}g}"  # + 0.0 turns a negative zero round


def number_read(value: float, digits: int = 6) -> str:
    """A number as people read it, with a real minus and a raised power of ten.

    >>> number_read(-5.18083e-8)
    '−5.18083·10⁻⁸'
    """
    return readable(number(value, digits))


def number_latex(value: float, digits: int = 6) -> str:
    r"""A number as LaTeX has it, with a power of ten where the number is small or large.

    >>> number_latex(6.873234e-5)
    '6.87323 \\times 10^{-5}'
    """
    mantissa, _, exponent = number(value, digits).partition("e")
    mantissa = mantissa.replace("inf", r"\infty").replace("nan", r"\text{undefined}")
    return mantissa + (rf" \times 10^{{{int(exponent)}}}" if exponent else "")


def bracketed(text: str) -> str:
    """A negative number, one with a power of ten, or a difference, in brackets: it stands inside a formula.

    >>> bracketed("0.5"), bracketed("-0.5"), bracketed("1 - 3.4e-09")
    ('0.5', '(-0.5)', '(1 - 3.4e-09)')
    """
    return f"({text})" if text.startswith("-") or "times" in text or "e" in text or " " in text else text


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SIGNS = {"learning_rate": "η", "weight_decay": "λ", "beta": "β", "beta1": "β₁", "beta2": "β₂"}
_SIGNS |= {"rho": "ρ", "epsilon": "ε", "n_samples": "n", "mhat": "m\u0302", "vhat": "v\u0302"}


def _plain(quantity: Quantity) -> str:
    letter, low = quantity.parts
    if quantity.tag == "total":
        return letter
    if quantity.place:
        return f"{letter}({low})"
    if letter + low == quantity.name and len(letter) == 1:
        return letter + low.translate(LOW)
    return letter + low if quantity.name.startswith(letter + low[:1]) else quantity.name


Name = tuple[str, str]  # as pictures have it: what stands on the line, and what stands low beside it


def written(names: Mapping[str, Quantity]) -> dict[str, Name]:
    """Names of quantities and neurons as pictures have them: ``w`` and ``5`` for ``w5``, just ``E`` for the loss.

    >>> import bpkit as bp
    >>> names = written(bp.derive(bp.Network(1, 1)).quantities)
    >>> names["w1"], names["net_o1"], names["E_total"]
    (('w', '1'), ('net', 'o1'), ('E', ''))
    """
    neurons = {neuron: (word, "") for neuron, word in _neurons(names).items()}
    return neurons | {name: _lowered(one) for name, one in names.items()}


def _neurons(names: Mapping[str, Quantity]) -> dict[str, str]:
    """What neurons are called in a sentence: ``h1,2`` for ``h1_2``.

    >>> _neurons({"net_h1_2": Quantity("net", "h1_", (2,))})
    {'h1_2': 'h1,2'}
    """
    return {one.neuron: one.parts[1] for one in names.values() if one.place}


def _lowered(quantity: Quantity) -> Name:
    letter, low = quantity.parts
    if quantity.tag == "total":
        return letter, ""
    lowers = quantity.place or quantity.axes or (letter + low == quantity.name and len(letter) == 1)
    return (letter, low) if lowers else (quantity.name, "")


def _html(quantity: Quantity) -> str:
    letter, low = _lowered(quantity)
    letter = f"<i>{letter}</i>" if quantity.place else letter
    return f"{letter}<sub>{low}</sub>" if low else letter


PLAIN = Style("∂{}/∂{}", "{1} {0}", "{}({})", _SIGNS, _plain)  # as sentences have them: ∂E/∂w₅, net(o1), new w₅
HTML = Style("∂{}/∂{}", "{}<sup>{}</sup>", "<i>{}</i><sub>{}</sub>", _SIGNS, _html)


def typeset(text: str, names: Mapping[str, Quantity]) -> str:
    """A sentence with names and numbers as sentences have them: ∂E/∂w₅ for dE_total/dw5.

    A word that names no quantity and no neuron among ``names`` stays as it is.

    >>> import bpkit as bp
    >>> typeset("dE_total/dw1 = -0.25", bp.derive(bp.Network(1, 1)).quantities)
    '∂E/∂w₁ = −0.25'
    """
    neurons = _neurons(names)

    def spelled(word: str) -> str:
        if word in names:
            return PLAIN(names[word])
        above, slash, below = word.partition("/")
        return f"{spelled(above)}/{spelled(below)}" if slash else neurons.get(word, word)

    return readable(_WORD.sub(lambda found: spelled(found[0]), text))


def typeset_latex(text: str, names: Mapping[str, Quantity]) -> str:
    """The same as LaTeX: words as text (``\\textrm``), and the names among them as formulas.

    >>> import bpkit as bp
    >>> typeset_latex("net input net_o1 of o1", bp.derive(bp.Network(1, 1)).quantities)
    '\\\\textrm{net input }\\\\mathit{net}_{o1}\\\\textrm{ of o1}'
    """
    neurons = _neurons(names)
    found, words = [], ""
    for place, piece in enumerate(_WORD.split(text)):
        if place % 2 and piece in names:
            found += [words_latex(words, "textrm"), names[piece].latex]
            words = ""
        else:
            words += neurons.get(piece, piece) if place % 2 else piece
    return "".join((*found, words_latex(words, "textrm")))


def words_latex(words: str, command: str = "text") -> str:
    r"""Plain words as LaTeX text: underscores and the like made harmless, minus signs as such.

    >>> words_latex("50% of w_1 is -2")
    '\\text{50\\% of w\\_1 is −2}'
    """
    return rf"\{command}{{{readable(words).translate(_HARMLESS)}}}" if words else ""


_WORD = re.compile(r"((?a:\w+(?:/\w+)?))")
_HARMLESS = str.maketrans({sign: f"\\{sign}" for sign in "_#%&{}$"})


def readable(text: str) -> str:
    """A text as people read it: real minus signs, and raised powers of ten for those of code.

    >>> readable("dE/dw5 = -2.5e-07")
    'dE/dw5 = −2.5·10⁻⁷'
    """
    return _POWER.sub(_raised, _HYPHEN.sub("−", text))


def _raised(found: re.Match[str]) -> str:
    mantissa, exponent = found.groups()
    return f"{'·' if mantissa else ''}10{str(int(exponent)).translate(_RAISED)}"


_HYPHEN = re.compile(r"(?<![\w.)])-(?=[\w.(½∂\0])|(?<= )-(?= )")
_POWER = re.compile(r"(?:(?<![\w.])1|(?<=(\d)))e([-+]\d+)")


class _Places:
    """What text and LaTeX share: a place for each name, between two marks, with letters or a row for its indices."""

    _print: Callable[[sp.Basic], str]

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return f"\0{expr.name}\0"

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return f"\0{expr.base.name}[{','.join(map(str, expr.indices)).replace(' ', '')}]\0"

    def _print_Row(self, expr: sp.Expr) -> str:
        part, (letter, *ends) = expr.args
        indices = {index for leaf in part.atoms(sp.Indexed) for index in leaf.indices if index.has(letter)}
        rows = {index: "..".join(str(index.xreplace({letter: end})) for end in ends) for index in indices}
        return self._print(part.xreplace({index: sp.Symbol(row) for index, row in rows.items()}))


class _Text(_Places, StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    """Plain text in the order of the lesson."""

    printmethod = "_text"  # with _sympystr Indexed would print itself

    def __init__(self, dot: str) -> None:
        super().__init__({"order": "none"})
        self.dot = f" {dot} "

    def parenthesize(self, item: sp.Basic, level: float, strict: bool = False) -> str:
        text = str(super().parenthesize(item, level, strict))
        return f"({text})" if isinstance(item, sp.Sum) and level >= PRECEDENCE["Mul"] else text

    def _print_Sum(self, expr: sp.Sum) -> str:
        part, *limits = expr.args
        signs = "".join(f"Σ_{letter} " for letter, *_ in reversed(limits))
        return signs + self.parenthesize(part, PRECEDENCE["Mul"], strict=True)

    def _print_Mul(self, expr: sp.Mul) -> str:
        first, *rest = expr.args
        negative = first.is_Number and first.is_negative
        factors = rest if first == -1 and rest else [-first, *rest] if negative else [first, *rest]
        below = [f for f in factors if f.is_Pow and f.exp in (-1, -2)]
        above = [f for f in factors if f not in below]
        text = self.dot.join("½" if f == sp.S.Half else self.parenthesize(f, PRECEDENCE["Mul"]) for f in above) or "1"
        text += "".join(f" / {self._below(f)}" for f in below)
        return "-" * bool(negative) + text

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        base = self.parenthesize(expr.base, PRECEDENCE["Pow"])
        if expr.exp in (-1, -2):
            return f"1 / {self._below(expr)}"
        if expr.exp == sp.S.Half:
            return f"√{base}"
        return f"{base}²" if expr.exp == 2 else f"{base}^{self.parenthesize(expr.exp, PRECEDENCE['Pow'])}"

    def _below(self, expr: sp.Pow) -> str:
        """What goes below a fraction's bar for a negative power."""
        if expr.exp == -1:
            return str(self.parenthesize(expr.base, PRECEDENCE["Mul"] + 1))
        return str(self._print(sp.Pow(expr.base, 2, evaluate=False)))

    def _print_log(self, expr: sp.log) -> str:
        return f"ln({self._print(expr.args[0])})"

    def _print_Max(self, expr: sp.Max) -> str:
        return f"max({', '.join(self._print(arg) for arg in sorted(expr.args, key=lambda a: not a.is_Number))})"

    def _print_Abs(self, expr: sp.Abs) -> str:
        return f"|{self._print(expr.args[0])}|"

    def _print_Float(self, expr: sp.Float) -> str:
        return number(float(expr))

    def _print_Half(self, expr: sp.Rational) -> str:
        return "½"

    def _print_Equality(self, expr: sp.Eq) -> str:
        return f"{self._print(expr.lhs)} = {self._print(expr.rhs)}"

    def _print_And(self, expr: sp.And) -> str:
        return " and ".join(self._print(part) for part in expr.args)

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        cases = (
            self._print(value) + ("" if condition is sp.true else f" if {self._print(condition)}")
            for value, condition in expr.args
        )
        return "{" + ", else ".join(cases) + "}"


class _Latex(_Places, LatexPrinter):  # type: ignore[misc]
    """LaTeX in the order of the lesson."""

    def __init__(self, dot: str) -> None:
        super().__init__({"order": "none", "mul_symbol": dot, "ln_notation": True})

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        # SymPy knows by a class's name how strongly it binds, and a product of matrices for another Product.
        loose = getattr(expr, "precedence", PRECEDENCE["Mul"]) < PRECEDENCE["Mul"]
        return loose or bool(super()._needs_mul_brackets(expr, first, last))


# A product of numbers has a cross, one of symbols a dot; one of matrices element by element a star, or a circle.
_PRINTERS: dict[str, Any] = {dot: _Text(dot) for dot in "·*"}
_PRINTERS |= {dot: _Latex(dot) for dot in ("dot", "times", r" \circ ")}


# The same right sides are shown again and again, with other numbers in the places of their symbols.
@lru_cache(maxsize=16_384)
def form(expr: sp.Expr, dot: str) -> str:
    r"""A right side with a place for each name: text or LaTeX, depending on the sign for products.

    >>> form(sp.Symbol("w1") * sp.Symbol("x1"), "·")
    '\x00w1\x00 · \x00x1\x00'
    """
    return str(_PRINTERS[dot]._print(expr))


# A number alone in the brackets of a function needs none of its own; nor does a positive number with a power of ten
# that is a term of a sum, or stands above a line.
_DOUBLE = r"(\\left\(|\()\(([^()]*)\) ?(\\right\)|\))"
_WHOLE = r"(^|[+-] |\(|[^^]\{)\((\d[^ ()]*(?:e[^ ()]*| \\times [^ ()]*))\)(?= [+/-] | ?\\right\)|\)|\}(?!\^)|$)"


def filled(form: str, word: Callable[[str], str], brackets: Iterable[str] = "()") -> str:
    r"""Something in every place, in brackets where it is raised to a power and is no plain name.

    >>> filled("\0a\0² + \0b\0", {"a": "x - y", "b": "z"}.get)
    '(x - y)² + z'
    """
    pieces = form.split("\0")
    for i in range(1, len(pieces), 2):
        text = word(pieces[i])
        raised = pieces[i + 1].startswith(("²", "^")) and text[0] != "("
        pieces[i] = text.join(brackets) if raised and not {*" /^"}.isdisjoint(text.replace("</", "")) else text
    text = "".join(pieces)
    return re.sub(_WHOLE, r"\1\2", re.sub(_DOUBLE, r"\1\2\3", text)) if "(" in text else text


def expr_text(expr: sp.Expr, numbers: Mapping[str, str] | None = None) -> str:
    """One right side as plain text; ``numbers`` puts those, or other words, in the places of symbols.

    >>> w, x = sp.symbols("w1 x1")
    >>> expr_text(w * x), expr_text(w * x, {"w1": "0.5", "x1": "2"})
    ('w1 · x1', '0.5 · 2')
    """
    words = numbers or {}
    return filled(form(expr, "·"), lambda name: words.get(name, name))


def expr_latex(expr: sp.Expr, names: Mapping[str, Quantity], numbers: Mapping[str, str] | None = None) -> str:
    r"""One right side as LaTeX; ``numbers`` puts those in the places of symbols.

    >>> import bpkit as bp
    >>> expr_latex(sp.Symbol("w1") * sp.Symbol("x1"), bp.derive(bp.Network(1, 1)).quantities)
    'w_{1} \\cdot x_{1}'
    """
    words, dot = numbers or {}, "times" if numbers else "dot"
    return filled(form(expr, dot), lambda name: words.get(name) or _known(name, names).latex, (r"\left(", r"\right)"))


def expr_html(expr: sp.Expr, names: Mapping[str, Quantity]) -> str:
    """One right side as HTML.

    >>> import bpkit as bp
    >>> expr_html(sp.Symbol("w1") * sp.Symbol("net_o1"), bp.derive(bp.Network(1, 1)).quantities)
    '<i>net</i><sub>o1</sub> · w<sub>1</sub>'
    """
    return filled(readable(form(expr, "·")).translate(_ESCAPED), lambda name: HTML(_known(name, names)))


_ESCAPED = str.maketrans({"<": "&lt;", ">": "&gt;"})


def _known(name: str, names: Mapping[str, Quantity]) -> Quantity:
    """The quantity of a name; a word of its own where there is none."""
    return names.get(name) or Quantity(name, spelled=name)


def in_words(items: Sequence[str]) -> str:
    """The items as a list in a sentence.

    >>> in_words(["a", "b", "c"])
    'a, b and c'
    """
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def counted(number: int, what: str) -> str:
    """The number with its noun, which has an s unless the number is 1.

    >>> counted(1, "neuron"), counted(2, "neuron")
    ('1 neuron', '2 neurons')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
