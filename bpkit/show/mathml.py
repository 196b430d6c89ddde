"""The LaTeX of the kit and of its lessons as MathML, which browsers draw without a network and screen readers read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from html import escape

from bpkit.core.errors import BpkitError

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)
_ROW_END = r"\\"
_NO_BREAK = "\N{NO-BREAK SPACE}"  # a space at the end of an element is not drawn

_LETTERS = {
    r"\partial": "∂",
    r"\alpha": "α",
    r"\beta": "β",
    r"\gamma": "γ",
    r"\delta": "δ",
    r"\epsilon": "ε",
    r"\varepsilon": "ε",
    r"\eta": "η",
    r"\theta": "θ",
    r"\lambda": "λ",
    r"\mu": "μ",
    r"\pi": "π",
    r"\rho": "ρ",
    r"\sigma": "σ",
    r"\tau": "τ",
    r"\phi": "φ",
    r"\omega": "ω",
    r"\Delta": "Δ",
    r"\Sigma": "Σ",
    r"\nabla": "∇",
    r"\infty": "∞",
    r"\ell": "ℓ",
}
_OPERATORS = {
    r"\cdot": "·",
    r"\times": "×",
    r"\div": "÷",
    r"\pm": "±",
    r"\mp": "∓",
    r"\circ": "∘",
    r"\odot": "⊙",
    r"\ast": "∗",
    r"\sum": "∑",
    r"\prod": "∏",
    r"\leq": "≤",
    r"\le": "≤",
    r"\geq": "≥",
    r"\ge": "≥",
    r"\ll": "≪",
    r"\gg": "≫",
    r"\ne": "≠",
    r"\neq": "≠",
    r"\approx": "≈",
    r"\sim": "∼",
    r"\equiv": "≡",
    r"\propto": "∝",
    r"\in": "∈",
    r"\top": "⊤",
    r"\wedge": "∧",
    r"\vee": "∨",
    r"\to": "→",
    r"\rightarrow": "→",
    r"\leftarrow": "←",
    r"\mapsto": "↦",
    r"\Rightarrow": "⇒",
    r"\dots": "…",
    r"\ldots": "…",
    r"\cdots": "⋯",
    r"\vdots": "⋮",
    r"\ddots": "⋱",
    r"\mid": "∣",
    r"\prime": "′",
    r"\%": "%",
    r"\_": "_",
    r"\&": "&",
    r"\#": "#",
}
_BRACKETS = {
    **{sign: sign for sign in "()[]|"},
    r"\{": "{",
    r"\}": "}",
    r"\|": "‖",
    r"\langle": "⟨",
    r"\rangle": "⟩",
}
_SPACES = {
    r"\!": "-0.17em",
    r"\,": "0.17em",
    r"\:": "0.22em",
    r"\;": "0.28em",
    r"\ ": "0.33em",
    "~": "0.33em",
    r"\quad": "1em",
    r"\qquad": "2em",
}
_FUNCTIONS = {
    rf"\{name}": name for name in ("tanh", "log", "ln", "exp", "max", "min", "sin", "cos", "arg", "lim", "det")
}
_WORDS = {r"\text": "mtext", r"\textrm": "mtext", r"\mathit": "mi", r"\mathrm": "mi", r"\operatorname": "mi"}
_STYLES = {
    **dict.fromkeys((r"\mathbf", r"\boldsymbol", r"\textbf"), "font-weight:bold"),
    r"\boxed": "border:1px solid;padding:.1em .2em",
}
_OVER = {r"\hat": "^", r"\bar": "¯", r"\tilde": "~", r"\vec": "→", r"\dot": "˙", r"\overline": "¯"}
_BRACES = {r"\underbrace": ("munder", "⏟"), r"\overbrace": ("mover", "⏞")}
_FRACTIONS = {r"\frac": "", r"\dfrac": ' displaystyle="true"', r"\tfrac": ' displaystyle="false"'}
_SIZES = (r"\displaystyle", r"\textstyle", r"\small")
_LARGE = tuple(rf"\{size}{side}" for size in ("big", "Big", "bigg") for side in ("", "l", "r", "m"))
_FENCES = {"matrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "cases": ("{", "")}
_LINED_UP = ("align", "align*", "aligned")
_BELOW = (r"\sum", r"\prod", r"\lim", *_BRACES)  # what has its limits, or its words, below and above
_EMPTY = "<mrow></mrow>"


class _Reader:
    """Reads tokens one by one; every method returns the MathML of what it has read."""

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.tokens = _TOKEN.findall(latex)
        self.at = 0

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def row(self, *ends: str) -> str:
        """Everything up to an end, which is left standing."""
        pieces = []
        while (token := self.peek()) and token not in ends:
            pieces.append(self.scripted())
        return pieces[0] if len(pieces) == 1 else f"<mrow>{''.join(pieces)}</mrow>"

    def scripted(self) -> str:
        name, base = self.peek(), self.atom()
        low, high, primes = "", "", 0
        while (sign := self.peek()) in ("_", "^", "'"):
            self.next()
            if sign == "'":
                primes += 1
            elif sign == "_":
                low = self.argument()
            else:
                high = self.argument()
        if primes:
            high = f"<mrow><mo>{'′' * primes}</mo>{high}</mrow>" if high else f"<mo>{'′' * primes}</mo>"
        found = _with_scripts(base, low, high, "under" if name in _BELOW else "sub")
        return found + _space(r"\,") if name in _FUNCTIONS and self.starts_a_factor() else found

    def starts_a_factor(self) -> bool:
        """Whether a name or a number follows, which would read as one word with the name of a function before it."""
        token = self.peek()
        return token.isalnum() or token in {**_LETTERS, **_FRACTIONS, **_WORDS, **_FUNCTIONS}

    def group(self) -> str:
        """What the next pair of braces holds, as MathML."""
        if self.next() != "{":
            raise self.unknown("{")
        inside = self.row("}")
        self.next()
        return inside

    def argument(self) -> str:
        """What a command takes: a group, or one sign, of a number its first digit."""
        token = self.peek()
        if len(token) > 1 and token[0].isdigit():
            self.tokens[self.at : self.at + 1] = [token[0], token[1:]]
        elif token in ("", "}", "&", _ROW_END, r"\end", r"\right"):
            raise self.unknown(token)
        return self.atom()

    def words(self) -> str:
        """What the next pair of braces holds, as plain text."""
        if self.next() != "{":
            raise self.unknown("{")
        found, depth = [], 1
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            if token not in "{}":
                found.append(token.lstrip("\\"))
        text = re.sub(r"\s+", " ", "".join(found))
        return escape(re.sub("^ | $", _NO_BREAK, text))

    def atom(self) -> str:
        token = self.peek()
        if token == "{":
            return self.group()
        self.next()
        if token in _FRACTIONS:
            whole = f"<mfrac>{self.argument()}{self.argument()}</mfrac>"
            return f"<mstyle{_FRACTIONS[token]}>{whole}</mstyle>" if _FRACTIONS[token] else whole
        if token == r"\sqrt":
            return f"<msqrt>{self.argument()}</msqrt>"
        if token in _OVER:
            return f'<mover accent="true">{self.argument()}<mo>{_OVER[token]}</mo></mover>'
        if token in _BRACES:
            tag, brace = _BRACES[token]
            return f'<{tag}>{self.group()}<mo stretchy="true">{brace}</mo></{tag}>'
        if token == r"\left":
            return self.fenced()
        if token in _LARGE:  # a bracket as high as what stands beside it
            return self.fence()
        if token == r"\phantom":
            return f"<mphantom>{self.argument()}</mphantom>"
        if token in _WORDS:
            return f"<{_WORDS[token]}>{self.words()}</{_WORDS[token]}>"
        if token in _STYLES:
            return f'<mrow style="{_STYLES[token]}">{self.group()}</mrow>'
        if token == r"\begin":
            return self.environment()
        if token in _FUNCTIONS:
            return f"<mi>{_FUNCTIONS[token]}</mi>"
        if token in _LETTERS:
            return f"<mi>{_LETTERS[token]}</mi>"
        if token in _OPERATORS:
            return f"<mo>{escape(_OPERATORS[token])}</mo>"
        if token in _SPACES:
            return _space(token)
        if token in _SIZES:
            return ""
        if token[:1].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if token in _BRACKETS:  # as high as they are, whatever stands beside them
            return f'<mo stretchy="false">{escape(_BRACKETS[token])}</mo>'
        if len(token) == 1 and token in "+-=<>,.;:/!*−·×→≈≤≥∂…":
            return f"<mo>{escape('−' if token == '-' else token)}</mo>"
        raise self.unknown(token)

    def fenced(self) -> str:
        """``\\left(..\\right)`` as one piece, so that a power is the whole bracket's; a dot means no bracket."""
        inside = self.fence() + self.row(r"\right")
        self.next()
        return f"<mrow>{inside}{self.fence()}</mrow>"

    def fence(self) -> str:
        token = self.next()
        if token not in _BRACKETS and token != ".":
            raise self.unknown(token)
        return "" if token == "." else f"<mo>{escape(_BRACKETS[token])}</mo>"

    def environment(self) -> str:
        """Cases and matrices, and lines that are lined up at their ampersands."""
        name = self.words()
        if name not in _FENCES and name not in _LINED_UP:
            raise self.unknown(name)
        if name in _LINED_UP:
            return f'<mtable displaystyle="true">{_table(self.lines(), _lined_up)}</mtable>'
        rows = self.rows()
        before, after = (one and f'<mo stretchy="true">{one}</mo>' for one in _FENCES[name])
        return f"<mrow>{before}<mtable>{_table(rows, _left if name == 'cases' else _middle)}</mtable>{after}</mrow>"

    def rows(self) -> list[list[str]]:
        """The cells of an environment whose beginning is read, row by row."""
        self.skip_brackets()
        rows: list[list[str]] = [[]]
        while self.peek():
            rows[-1].append(self.row("&", _ROW_END, r"\end"))
            end = self.next()
            if end == _ROW_END:
                self.skip_brackets()
                rows.append([])
            elif end != "&":
                break
        self.words()
        if rows[-1] == [_EMPTY]:  # behind the last end of a row
            rows.pop()
        return rows

    def lines(self) -> list[list[str]]:
        """The cells of lines that are lined up at the signs between their sides."""
        return [[_infix(cell, place) for place, cell in enumerate(row)] for row in self.rows()]

    def skip_brackets(self) -> None:
        """Skips where lines are placed, and how far apart: a page has its own measures."""
        if self.peek() == "[":
            while self.next() not in ("]", ""):
                pass

    def unknown(self, token: str) -> BpkitError:
        return BpkitError(f"formula: expected the LaTeX that bpkit writes, got {token!r} in {self.latex[:80]!r}")


def _space(token: str) -> str:
    return f'<mspace width="{_SPACES[token]}"/>'


def _with_scripts(base: str, low: str, high: str, where: str) -> str:
    """A base with what is below and above it: ``where`` is ``sub`` beside it, ``under`` in the middle."""
    sup = "sup" if where == "sub" else "over"
    tag = f"m{where}{sup}" if low and high else f"m{where}" if low else f"m{sup}"
    return f"<{tag}>{base}{low}{high}</{tag}>" if low or high else base


def _table(rows: Iterable[Sequence[str]], style: Callable[[int], str]) -> str:
    """Rows of a table; ``style`` is that of a column."""
    return "".join(
        f"<mtr>{''.join(f'<mtd{style(place)}>{cell}</mtd>' for place, cell in enumerate(row))}</mtr>" for row in rows
    )


def _infix(cell: str, place: int) -> str:
    """A cell whose sign has its other side in the cell before, and the room that a sign between two sides has."""
    return cell.replace("<mrow><mo>", '<mrow><mo form="infix">', 1) if place and cell.startswith("<mrow><mo>") else cell


def _lined_up(place: int) -> str:
    """Columns to the right and to the left by turns, and room between the pairs."""
    gap = 2 if place and place % 2 == 0 else 0
    return f' style="text-align:{"left" if place % 2 else "right"};padding:.5ex 0 .5ex {gap}em"'


def _left(_place: int) -> str:
    return ' style="text-align:left"'


def _middle(_place: int) -> str:
    return ""


@lru_cache(maxsize=4096)
def mathml(latex: str, large: bool = False) -> str:
    """One formula, its fractions large or as in a line of text; raises ``BpkitError`` for LaTeX of other makers.

    >>> mathml("w_{5}")
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>w</mi><mn>5</mn></msub></math>'
    """
    reader = _Reader(latex)
    return _whole(reader.row(), large)


def _whole(inside: str, large: bool) -> str:
    shown = ' displaystyle="true"' if large else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{shown}>{inside}</math>'


def aligned(latex: str) -> list[list[str]]:
    r"""Lines that are lined up, cell by cell, each a large formula or empty; no rows where it is another formula.

    >>> [len(row) for row in aligned(r"\begin{align} a &= b \\ b &= c \end{align}")], aligned("a = b")
    ([2, 2], [])
    """
    reader = _Reader(latex)
    if reader.next() != r"\begin" or reader.words() not in _LINED_UP:
        return []
    rows = reader.lines()
    if reader.peek():
        return []
    return [["" if cell == _EMPTY else _whole(cell, True) for cell in row] for row in rows]


_ALIGN = re.compile(r"\$\$\\begin\{align(?:ed)?\*?\}\n(.*?)\n\\end\{align(?:ed)?\*?\}\$\$", re.DOTALL)
_NEXT = re.compile(r" \\\\(?:\[\w+\])?\n")  # the end of a row, and the room below it
_NUMBER = re.compile(r"\\text\{\((\d+)\)\}|\\tag\{(\d+)\}")
_REASON = re.compile(r"\{\\small(.*)\}")
_SIDES = re.compile(r" = (?!(?:(?!\\begin\{cases\}).)*\\end\{cases\})")  # those of a condition are no sides
_WORDS_OF = re.compile(r"\\textrm\{((?:\\.|[^\\}])*)\}")


def numbered(latex: str) -> bool:
    """Whether these are lines with numbers of their own, as a derivation's are.

    >>> from bpkit.core.text import rows_latex
    >>> numbered(rows_latex([(1, "a", "b", "why")])), numbered("$$a = b$$")
    (True, False)
    """
    return bool(_ALIGN.fullmatch(latex.strip()) and _NUMBER.search(latex))


def lines_table(latex: str) -> str:
    """Numbered lines of LaTeX as an HTML table: number, formula, reason."""
    found = _ALIGN.fullmatch(latex.strip())
    if not found:
        raise BpkitError(f"lines: expected a display of numbered lines, got {latex[:60]!r}")
    rows = "\n".join(map(_row, _NEXT.split(found[1])))
    return f'<table class="lines"><tbody>\n{rows}\n</tbody></table>'


def _row(line: str) -> str:
    number, formula, reason = "", "", ""
    for cell in map(str.strip, line.split("&&")):
        if found := _NUMBER.fullmatch(cell):
            number = f"({found[1] or found[2]})"
        elif found := _REASON.fullmatch(cell):
            reason = _words(found[1])
        elif cell:
            formula = cell.replace("&=", "=").replace("&+", "+")
    # Every side of the equation is a formula of its own, so that a long line can go on in the next: here it needs no
    # second line for its numbers, nor for a long sum.
    formula = re.sub(r"\\begin\{aligned\}\[t\] & | \\end\{aligned\}", "", formula).replace(r" \\ & = ", " = ")
    formula = formula.replace(r" \\ & \quad {}", " ")
    left, *sides = _SIDES.split(formula)
    shown = " ".join([mathml(left, True), *(mathml(f"= {side}", True) for side in sides)])
    return f"<tr><td>{number}</td><td>{shown}<br><small>{reason}</small></td></tr>"


def _words(latex: str) -> str:
    """A reason: words, and names as formulas, in one line however many it had."""
    one = re.sub(r"\\begin\{aligned\}\[t\] & | \\end\{aligned\}", "", latex).replace(r" \\ & ", r"\textrm{ }")
    pieces = _WORDS_OF.split(one)  # formulas and words by turns
    return "".join(_plain(one) if place % 2 else mathml(one) if one.strip() else "" for place, one in enumerate(pieces))


def _plain(words: str) -> str:
    return escape(re.sub(r"\\([_#%&{}$])", r"\1", words))
