"""Two readers of printed mathematics, text and LaTeX, which share nothing with what prints it.

Both make Python of one side of an equation, in which ``V`` looks quantities up and ``N`` stands around numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping

WORDS = {"exp": math.exp, "ln": math.log, "tanh": math.tanh, "max": max, "sqrt": math.sqrt, "abs": abs}
GREEK = {"eta": "learning_rate", "lambda": "weight_decay", "beta": "beta", "rho": "rho", "epsilon": "epsilon"}


def value(python: str, names: Mapping[str, float], shaken: Callable[[float], float] = float) -> float:
    """What a side comes to; every number in it, looked up or printed, goes through ``shaken``."""
    known = {"V": lambda name: shaken(names[name]), "N": shaken, **WORDS}
    return float(eval(python, {"__builtins__": {}}, known))


def unfolded(text: str, form: str) -> str:
    """Bars and cases, ``{z if z > 0, else 0}``, in another form, the innermost first."""
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    while found := re.search(r"\{([^{}]*)\}", text):
        *cases, python = found[1].split(", else ")
        for case in reversed(cases):
            value, condition = case.split(" if ")
            python = form.format(value=value, condition=condition, rest=python)
        text = text.replace(found[0], python)
    return text


def python_of_text(text: str) -> str:
    """``½ · (y1 - out_o1)²`` as Python."""
    text = unfolded(text, "(({value}) if ({condition}) else ({rest}))")
    text = re.sub(r"√([\w./]+)", r"sqrt(\1)", text).replace("√", "sqrt")
    for sign, python in (("·", "*"), ("²", "**2"), ("½", "0.5"), ("^", "**")):
        text = text.replace(sign, python)
    number, name = r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", r"[A-Za-z_]\w*(?:/[A-Za-z_]\w*)?"

    def put(found: re.Match[str]) -> str:
        if found[0] in {*WORDS, "if", "else"}:
            return found[0]
        return f"N({found[0]})" if found[0][0].isdigit() else f"V({found[0]!r})"

    return re.sub(f"{number}|{name}", put, text).replace("**N", "**")  # exponents are nobody's measured numbers


def python_of_latex(latex: str) -> str:
    r"""``\frac{\left(y_{1} - \mathit{out}_{o1}\right)^{2}}{2}`` as Python."""
    reader = _Latex(latex)
    python = reader.sum()
    assert not reader.rest, (latex, reader.rest)
    return python


class _Latex:
    """Descends into one side of LaTeX; ``rest`` holds the tokens that are not read yet."""

    def __init__(self, latex: str) -> None:
        latex = (
            latex.replace(r"\left|{", r"\abs{")
            .replace(r"}\right|", "}")
            .replace(r"\left(", "(")
            .replace(r"\right)", ")")
            .replace(r"\\ & \quad {}", "")
        )  # a long sum goes on
        self.rest = re.findall(r"\\\\|\\[A-Za-z]+|\\:|\d+(?:\.\d+)?|[A-Za-z]+|\S", latex)

    def next(self, *wanted: str) -> bool:
        """Whether these tokens come next; then they are read."""
        found = tuple(self.rest[: len(wanted)]) == wanted
        if found:
            del self.rest[: len(wanted)]
        return found

    def need(self, *wanted: str) -> None:
        assert self.next(*wanted), (wanted, self.rest[:8])

    def sum(self) -> str:
        python = "-" * self.next("-") + self.product()
        while self.rest and self.rest[0] in "+-":
            python += f" {self.rest.pop(0)} {self.product()}"
        return python

    def product(self) -> str:
        python = self.power()
        while self.next(r"\cdot") or self.next(r"\times"):
            python += f" * {self.power()}"
        return python

    def power(self) -> str:
        if self.next("e", "^"):
            return f"exp({self.group()})"
        base = self.atom()
        return f"{base}**{self.group().replace('N', '')}" if self.next("^") else base

    def group(self) -> str:
        """What stands in braces, or in brackets."""
        end = {"{": "}", "(": ")"}[self.rest.pop(0)]
        python = self.sum()
        while self.next(","):
            python += f", {self.sum()}"
        self.need(end)
        return f"({python})"

    def atom(self) -> str:
        if self.rest[0] in ("(", "{"):
            return self.group()
        if self.rest[0][0].isdigit():
            return f"N({self.rest.pop(0)})"
        if self.rest[0] in (r"\ln", r"\tanh", r"\max", r"\sqrt", r"\abs"):
            return self.rest.pop(0)[1:] + self.group()
        if self.next(r"\begin", "{", "cases", "}"):
            return self.cases()
        if self.next(r"\frac", "{", r"\partial"):
            above = self.name()
            self.need("}", "{", r"\partial")
            below = self.name()
            self.need("}")
            return f"V('d{above}/d{below}')"
        if self.next(r"\frac"):
            return f"({self.group()} / {self.group()})"
        return f"V({self.name()!r})"

    def cases(self) -> str:
        value = self.sum()
        self.need("&", r"\text", "{")
        if self.next("otherwise", "}", r"\end", "{", "cases", "}"):
            return f"({value})"
        self.need("for", "}", r"\:")
        left, sign = self.sum(), {r"\leq": "<=", r"\geq": ">="}.get(self.rest[0], self.rest[0])
        del self.rest[0]
        condition = f"{left} {sign} {self.sum()}"
        self.need(r"\\")
        return f"(({value}) if {condition} else {self.cases()})"

    def name(self) -> str:
        """``net_h1_2`` for net with h1,2 below it; the name of a weight or a bias as it was given."""
        hat = "hat" if self.next(r"\hat") else ""
        word = "".join(self.braces()) if hat or self.next(r"\mathit") else self.rest.pop(0)
        word = GREEK.get(word.removeprefix("\\"), word) + hat
        if self.next("_"):
            below = "".join(self.braces())
            below = _Latex(below).name() if "_" in below else below.replace(",", "_")
            word += below if (len(word) == 1 and below[0].isdigit()) or word == "beta" else f"_{below}"
        elif word == "E":
            word = "E_total"
        for mark in ("new", "old"):
            word += f"_{mark}" * self.next("^", "{", r"\text", "{", mark, "}", "}")
        return word

    def braces(self) -> Iterator[str]:
        """The tokens between two braces."""
        self.need("{")
        depth = 1
        while depth:
            token = self.rest.pop(0)
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth:
                yield token
