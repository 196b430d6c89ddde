"""The kit's LaTeX as MathML, which browsers draw without a network and screen readers read; its own subset only."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from bpkit.core.errors import BpkitError

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)

_SIGNS = {
    r"\partial": "<mi>∂</mi>",
    r"\eta": "<mi>η</mi>",
    r"\delta": "<mi>δ</mi>",
    r"\beta": "<mi>β</mi>",
    r"\rho": "<mi>ρ</mi>",
    r"\lambda": "<mi>λ</mi>",
    r"\epsilon": "<mi>ε</mi>",
    r"\sigma": "<mi>σ</mi>",
    r"\cdot": "<mo>·</mo>",
    r"\times": "<mo>×</mo>",
    r"\circ": "<mo>∘</mo>",
    r"\sum": "<mo>∑</mo>",
    r"\leq": "<mo>≤</mo>",
    r"\geq": "<mo>≥</mo>",
    r"\infty": "<mi>∞</mi>",
    r"\top": "<mo>⊤</mo>",
    r"\ne": "<mo>≠</mo>",
    r"\in": "<mo>∈</mo>",
    r"\wedge": "<mo>∧</mo>",
    r"\,": '<mspace width="0.17em"/>',
    r"\:": '<mspace width="0.22em"/>',
    r"\;": '<mspace width="0.28em"/>',
    r"\quad": '<mspace width="1em"/>',
    r"\{": "<mo>{</mo>",
    r"\}": "<mo>}</mo>",
    r"\displaystyle": "",
}
_FUNCTIONS = {r"\tanh": "tanh", r"\log": "log", r"\ln": "ln", r"\exp": "exp", r"\max": "max", r"\min": "min"}
_WORDS = {r"\text": "mtext", r"\mathit": "mi", r"\mathrm": "mi", r"\operatorname": "mi"}


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
        base = self.atom()
        low = high = ""
        while (sign := self.peek()) in ("_", "^"):
            self.next()
            if sign == "_":
                low = self.atom()
            else:
                high = self.atom()
        if low and high:
            return f"<msubsup>{base}{low}{high}</msubsup>"
        if low:
            return f"<msub>{base}{low}</msub>"
        return f"<msup>{base}{high}</msup>" if high else base

    def group(self) -> str:
        """What stands in braces."""
        if self.next() != "{":
            raise self.unknown("{")
        inside = self.row("}")
        self.next()
        return inside

    def words(self) -> str:
        """Plain text in braces."""
        if self.next() != "{":
            raise self.unknown("{")
        found = []
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            found.append(self.tokens[self.at].lstrip("\\"))
            self.at += 1
        self.at += 1
        return escape("".join(found))

    def atom(self) -> str:
        token = self.peek()
        if token == "{":
            return self.group()
        self.next()
        if token == r"\frac":
            return f"<mfrac>{self.group()}{self.group()}</mfrac>"
        if token == r"\sqrt":
            return f"<msqrt>{self.group()}</msqrt>"
        if token == r"\hat":
            return f"<mover>{self.group()}<mo>^</mo></mover>"
        if token == r"\left":
            return self.fenced()
        if token in _WORDS:
            return f"<{_WORDS[token]}>{self.words()}</{_WORDS[token]}>"
        if token == r"\begin":
            return self.environment()
        if token in _FUNCTIONS:
            return f"<mi>{_FUNCTIONS[token]}</mi>"
        if token in _SIGNS:
            return _SIGNS[token]
        if token[:1].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if len(token) == 1 and token in "+-=()[]<>|,.;:/!'":
            return f"<mo>{escape('−' if token == '-' else token)}</mo>"
        raise self.unknown(token)

    def fenced(self) -> str:
        """``\\left(..\\right)`` as one piece, so that a power is the whole bracket's."""
        inside = self.atom() + self.row(r"\right")
        self.next()
        return f"<mrow>{inside}{self.atom()}</mrow>"

    def environment(self) -> str:
        """``cases``, as a table behind a brace."""
        if self.words() != "cases":
            raise self.unknown("environment")
        rows, cells = [], []
        while self.peek():
            cells.append(f"<mtd>{self.row('&', chr(92) * 2, chr(92) + 'end')}</mtd>")
            end = self.next()
            if end != "&":
                rows.append(f"<mtr>{''.join(cells)}</mtr>")
                cells = []
            if end == r"\end":
                self.words()
                break
        return f"<mrow><mo>{{</mo><mtable>{''.join(rows)}</mtable></mrow>"

    def unknown(self, token: str) -> BpkitError:
        return BpkitError(f"formula: expected the LaTeX that bpkit writes, got {token!r} in {self.latex[:80]!r}")


@lru_cache(maxsize=4096)
def mathml(latex: str, large: bool = False) -> str:
    """One formula, its fractions large or as in a line of text; raises ``BpkitError`` for LaTeX of other makers."""
    reader = _Reader(latex)
    inside = reader.row()
    shown = ' displaystyle="true"' if large else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{shown}>{inside}</math>'


_ALIGN = re.compile(r"\$\$\\begin\{align(?:ed)?\*?\}\n(.*?)\n\\end\{align(?:ed)?\*?\}\$\$", re.DOTALL)
_NUMBER = re.compile(r"\\text\{\((\d+)\)\}|\\tag\{(\d+)\}")
_REASON = re.compile(r"\{\\small(.*)\}|(\\text\{.*\})")
_SIDES = re.compile(r" = (?!(?:(?!\\begin\{cases\}).)*\\end\{cases\})")  # those of a condition are no sides
_WORDS_OF = re.compile(r"\\text\{((?:\\.|[^\\}])*)\}")


def lines_table(latex: str) -> str:
    """Numbered lines of LaTeX as an HTML table: number, formula, reason."""
    found = _ALIGN.fullmatch(latex.strip())
    if not found:
        raise BpkitError(f"lines: expected a display of numbered lines, got {latex[:60]!r}")
    rows = "\n".join(map(_row, found[1].split(" \\\\\n")))
    return f'<table class="lines"><tbody>\n{rows}\n</tbody></table>'


def _row(line: str) -> str:
    number, formula, reason = "", "", ""
    for cell in map(str.strip, line.split("&&")):
        if found := _NUMBER.fullmatch(cell):
            number = f"({found[1] or found[2]})"
        elif found := _REASON.fullmatch(cell):
            reason = re.sub(r"\\([_#%&{}$])", r"\1", " ".join(_WORDS_OF.findall(found[1] or found[2])))
        elif cell:
            formula = cell.replace("&=", "=").replace("&+", "+")
    # Every side of the equation is a formula of its own, so that a long line can go on in the next: here it needs no
    # second line for its numbers.
    formula = re.sub(r"\\begin\{aligned\}\[t\] & | \\end\{aligned\}", "", formula).replace(r" \\ & = ", " = ")
    left, *sides = _SIDES.split(formula)
    shown = " ".join([mathml(left, True), *(mathml(f"= {side}", True) for side in sides)])
    return f"<tr><td>{number}</td><td>{shown}<br><small>{escape(reason)}</small></td></tr>"
