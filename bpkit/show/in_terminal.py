"""Texts and formulas of the kit as plain text, as a terminal can show them: ∂E/∂w₅ and net(h1), tables in columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element, fromstring

from bpkit.core.spelling import LOW
from bpkit.show.mathml import mathml
from bpkit.show.table import text_table

WIDTH = 88  # signs of a line, where the terminal is not narrower
WHOLE = 40  # signs of a formula that stays in one line
_NO_BREAK = "\N{NO-BREAK SPACE}"
_HIGH = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_APART, _GAP = "\0", "   "  # between a line and its reason
_BETWEEN = frozenset("=+−·×÷±∘⊙≤≥≪≫≠≈∼≡∝∈→←↦⇒<>*∧")  # signs that have room around them
_UNARY = frozenset("+−")  # which are signs of a number where nothing stands before them
_OPEN = ("", "(", "[", "{", ",", "∑")
_BRACKETS = re.compile(r"\([^()]*\)|\|[^|]*\|")  # the innermost
_PIECES = re.compile(r"\$\$(.*?)\$\$|\$([^$]+)\$|`([^`]+)`|\*\*([^*]+)\*\*", re.DOTALL)
# For terminals and files whose letters are few: what each sign is written as.
_FEWER = {"∂": "d", "·": "*", "×": "x", "−": "-", "–": "-", "→": "->", "≈": "~", "≤": "<=", "≥": ">=", "Σ": "sum"}
_FEWER |= {"√": "sqrt", "η": "eta", "✓": "+", "✗": "x", "½": "1/2", "²": "^2", "³": "^3", "“": '"', "”": '"', "’": "'"}
_FEWER |= {"δ": "delta", "β": "beta", "ε": "eps", "λ": "lambda", "…": "...", "≠": "!=", "ŷ": "y", "\u0302": "hat"}
_FEWER |= dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789"))


def fitting(text: str, encoding: str | None) -> str:
    """The same text for an output of that encoding: signs that it does not have are written with those that it has.

    >>> fitting("∂E/∂w₅ → 0.25", "utf-8"), fitting("∂E/∂w₅ → 0.25", "ascii")
    ('∂E/∂w₅ → 0.25', 'dE/dw5 -> 0.25')
    """
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        rest = "".join(_FEWER.get(sign, sign) for sign in text)
        return rest.encode("ascii", "replace").decode()
    return text


def in_terminal(markdown: str, width: int = WIDTH) -> str:
    """A text of the kit's own, as questions and solutions are written, in lines of so many signs.

    >>> in_terminal("The **slope** is $w_{5}$.")
    'The slope is w₅.'
    """
    blocks = (_block(block, width) for block in map(str.strip, markdown.split("\n\n")) if block)
    return "\n\n".join(blocks).replace(_NO_BREAK, " ")


def _block(block: str, width: int) -> str:
    lines = block.splitlines()
    if block.startswith("|"):
        head, _, *rows = [[inline(cell.strip()) for cell in line.strip("|").split(" | ")] for line in lines]
        return text_table(head, rows)
    if block.startswith("```"):
        return block.strip("`").partition("\n")[2].rstrip()
    if block.startswith("$$"):
        return "\n".join(f"  {line}" for line in inline(block).splitlines())
    if block.startswith("- "):
        return "\n".join(filled(f"- {inline(line[2:])}", width, "  ") for line in lines)
    if block.startswith(" ") or re.match(r"\(\d+\)", block):  # lines of a derivation, in columns of their own
        return block
    return filled(inline(block), width)


def filled(text: str, width: int, indent: str = "") -> str:
    r"""A text in lines of so many signs, the second and all after it indented.

    >>> filled("one two three", 8, "  ")
    'one two\n  three'
    """
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def inline(markdown: str) -> str:
    """Formulas, code and bold words of a text as they are read.

    >>> inline("The **slope** `f` of $w_{5}$")
    'The slope f of w₅'
    """

    def plain(found: re.Match[str]) -> str:
        display, formula, code, bold = found.groups()
        if formula:
            shown = in_signs(formula)
            return shown.replace(" ", _NO_BREAK) if len(shown) <= WHOLE else shown
        return in_signs(display) if display else code or bold

    return _PIECES.sub(plain, markdown)


def in_signs(latex: str) -> str:
    """A formula of the kit in one line of text, an environment in one for each of its rows.

    >>> in_signs(r"\\frac{\\partial E}{\\partial w_{5}} = \\mathit{out}_{h1} \\cdot 2")
    '∂E/∂w₅ = out(h1) · 2'
    """
    return _tidy(_text(fromstring(mathml(latex.strip()))))


def _tidy(text: str) -> str:
    lines = (re.sub(r"[ \N{NO-BREAK SPACE}]+", " ", line).strip() for line in text.replace("∑", "Σ ").splitlines())
    return "\n".join(line.replace(f" {_APART} ", _GAP).replace(_APART, _GAP) for line in lines if line)


def _text(node: Element) -> str:
    kind = node.tag.rpartition("}")[2]
    parts = list(node)
    if kind == "msup" and parts[1].tag.endswith("mtext"):
        return _worded(*map(_text, parts))
    if kind == "msubsup" and parts[2].tag.endswith("mtext"):
        base, low, word = map(_text, parts)
        return _worded(_low(base, low), word)
    if kind in _WRITTEN:
        return _WRITTEN[kind](*map(_text, parts))
    if kind == "mspace":
        return " "
    if kind in ("mi", "mn", "mo", "mtext"):
        return node.text or ""
    if kind == "mtable":
        rows = [[_text(cell) for cell in row] for row in parts]
        if "displaystyle" not in node.attrib:  # the cases of a formula
            return "; ".join(" ".join(row) for row in rows)
        return "\n".join(f"{' '.join(row[:4])}{_APART}{' '.join(row[4:])}".rstrip() for row in rows)
    if kind == "mphantom":
        return ""
    return _row(parts)


def _row(parts: Iterable[Element]) -> str:
    """Pieces one behind the other: a sign between two of them has room, a sign before one has none."""
    found = ""
    for part in parts:
        text = _text(part)
        if part.tag.endswith("mo") and text in _BETWEEN:
            opened = found.endswith("|") and found.count("|") % 2 == 1
            alone = text in _UNARY and (opened or found.rstrip()[-1:] in (*_OPEN, *_BETWEEN))
            found = found + text if alone else f"{found.rstrip()} {'and' if text == '∧' else text} "
        elif part.tag.endswith("mo") and text == ",":
            found = f"{found.rstrip()}, "
        elif text[:1].isalpha() and _ends_in_a_word(found):
            found += f" {text}"
        else:
            found += text
    return found


def _ends_in_a_word(found: str) -> bool:
    """Would a name behind it run into one word with it?"""
    return bool(re.search(r"[^\W\d_]$", found)) and not found.endswith(("∂", "Δ"))


def _held(text: str) -> str:
    """In brackets, unless it is one piece.

    >>> _held("a"), _held("a + b"), _held("(a + b)")
    ('a', '(a + b)', '(a + b)')
    """
    text = outside = text.strip()
    while (shorter := _BRACKETS.sub("", outside)) != outside:
        outside = shorter
    return f"({text})" if re.search(r"[ /]", outside) else text


def _fraction(above: str, below: str) -> str:
    """A fraction in one line.

    >>> _fraction("1", "1 + z")
    '1/(1 + z)'
    """
    return f"{_held(above)}/{_held(below)}"


def _low(base: str, low: str) -> str:
    """What stands low beside a letter or a word: w₅, net(h1), E(o1).

    >>> _low("w", "5"), _low("net", "h1")
    ('w₅', 'net(h1)')
    """
    low = low.replace(" ", "")
    if len(base) == 1 and low.isdecimal():
        return base + low.translate(LOW)
    return f"{base}({low})"


def _worded(base: str, word: str) -> str:
    """A word that is written high beside a name: ``new w₅``."""
    return f"{word.strip()} {base}"


def _high(base: str, high: str) -> str:
    """A power, or what else stands high.

    >>> _high("z", "2"), _high("e", "−z"), _high("W", "⊤")
    ('z²', 'e^(−z)', 'Wᵀ')
    """
    word = high.strip()
    if word in ("′", "⊤", "T"):
        return f"{base}′" if word == "′" else f"{base}ᵀ"
    base = base if not re.search(r"[ /]", base) or base.startswith("(") else f"({base})"
    short = re.fullmatch(r"[−-]?\d", word) or (base == "10" and re.fullmatch(r"[−-]?\d+", word))
    return base + word.translate(_HIGH) if short else f"{base}^{_held(word) if word[:1] not in '−-' else f'({word})'}"


def _limits(base: str, low: str, high: str = "") -> str:
    """A sum with what it runs over.

    >>> _limits("∑", "i", "3")
    'Σ_i^3 '
    """
    base = "Σ" if base == "∑" else base
    return f"{base}_{_held(low)} " if not high else f"{base}_{_held(low)}^{_held(high)} "


def _over(base: str, sign: str) -> str:
    return f"{base}\u0302" if sign == "^" else base


_WRITTEN: dict[str, Callable[..., str]] = {
    "mfrac": _fraction,
    "msub": _low,
    "msup": _high,
    "msubsup": lambda base, low, high: _high(_low(base, low), high),
    "munder": _limits,
    "munderover": _limits,
    "mover": _over,
    "msqrt": lambda *inside: f"√({''.join(inside)})" if len("".join(inside)) > 2 else f"√{''.join(inside)}",
}
