"""Prints lines as JavaScript, which makes a page live: a second printer of the lines that ``code`` prints as Python.

Both compute the same numbers. They differ beyond the floats: where Python computes again at high precision, JavaScript
has ``Infinity``, and ``NaN`` where infinities meet. Stable spellings avoid that at any net input, and ``_bounded``
finds one for a person's own function wherever its powers of e are powers of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

from bpkit.core import code
from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.functions import Own
from bpkit.core.program import needed

_TEXTS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").strip().split("\n\n")[1:]
HELPERS = {text[len("function ") : text.index("(")]: text for text in _TEXTS}
_CALL = re.compile(r"(?<![\w$.])(?<!function )(?!Float64Array)([A-Za-z_][\w$]*)\(")
# JavaScript's own words, those of modules too; globals that the text uses; the variables of the training loop.
RESERVED = frozenset(
    """arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof var void while with yield
    Float64Array Infinity Math NaN Number undefined bad end made records steps""".split()
) | set(HELPERS)


def identifier(name: str) -> str:
    """A name as JavaScript writes it: ``dE_total_dw5`` for dE_total/dw5, and with a ``$`` behind it where JavaScript
    keeps the name for itself: ``let$``. No quantity has a ``$`` in its name.
    """
    word = code.identifier(name)
    return f"{word}$" if word in RESERVED else word


class _Printer(JavascriptCodePrinter):  # type: ignore[misc]  # SymPy ships no types
    """JavaScript in the order of the lesson, each expression on one line."""

    def __init__(self) -> None:
        more = {"expm1": "Math.expm1", "log1p": "Math.log1p"}
        super().__init__({"allow_unknown_functions": True, "order": "none", "user_functions": more})
        self._not_supported: set[sp.Basic] = set()

    def parenthesize(self, item: sp.Basic, level: float, strict: bool = False) -> str:
        bare = item.is_Number and item.is_nonnegative  # SymPy puts brackets around 1/2, which is printed as 0.5
        return str(self._print(item) if bare else super().parenthesize(item, level, strict))

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return identifier(expr.name)

    def _print_FunctionClass(self, expr: type[sp.Function]) -> str:
        return expr.__name__ if expr.__name__ in HELPERS else identifier(expr.__name__)

    def _print_Float(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    _print_Rational = _print_NumberSymbol = _print_Float

    def _print_Pow(self, expr: sp.Pow) -> str:
        if expr.exp == 2 and expr.base.is_Symbol:
            return f"({self._print(expr.base)}*{self._print(expr.base)})"
        return str(super()._print_Pow(expr))

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        *pairs, (last, _) = expr.args
        cases = (f"{self._print(condition)} ? {self._print(value)} : " for value, condition in pairs)
        return f"({''.join(cases)}{self._print(last)})"


_print = _Printer()._print


def module(*parts: str, functions: Iterable[Own] = ()) -> str:
    """Join the texts of functions to an ES module; what they call stands in front, once.

    ``functions`` are the activations and losses that may have definitions of their own. Errors: ``BpkitError`` for a
    call of what neither Math, the kit nor ``functions`` has.
    """
    own = {identifier(one[0]): one for each in functions for one in each.definitions}
    written: dict[str, str] = {}
    texts = list(parts)
    for text in texts:  # it grows: what is called may call
        for called in _CALL.findall(text):
            if called not in written:
                if called not in own and called not in HELPERS:
                    raise BpkitError(
                        f"javascript: expected functions that JavaScript's Math or the kit has, got {called}; "
                        "write the expression with those"
                    )
                written[called] = _own(*own[called]) if called in own else HELPERS[called]
                texts.append(written[called])
    return "\n\n".join([*written.values(), *parts]) + "\n"


def evaluation(lines: Iterable[Step], inputs: Iterable[str], outputs: Iterable[str], name: str = "evaluate") -> str:
    """Write a function of the inputs that runs the lines that the outputs need, and no others, in their order.

    It returns an object with each output by its name: ``values["dE_total/dw5"]``. Errors: ``BpkitError`` for a
    quantity that is neither a line nor an input.
    """
    given, wanted = tuple(inputs), tuple(outputs)
    fields = ", ".join(f"{json.dumps(one)}: {identifier(one)}" for one in wanted)
    body = [*map(_assignment, _needed(lines, given, wanted)), f"return {{{fields}}};"]
    return _function(f"export function {name}", map(identifier, given), body)


def training(
    lines: Iterable[Step],
    inputs: Iterable[str],
    updates: Mapping[str, str],
    recorded: Iterable[str],
    loss: str = "E_total",
) -> str:
    """Write the function ``train`` of the inputs and of ``steps``, which makes so many updates, all new values at once.

    ``updates`` maps each line with a new value to the input that it replaces: ``{"w1_new": "w1"}``. The function
    returns a Float64Array with a row before the first update and one after each: the quantities ``recorded``, in that
    order. The rows end before the first one that is not finite.
    """
    lines, given, row = tuple(lines), tuple(inputs), tuple(recorded)
    forward = _needed(lines, given, (loss, *row))
    known = {step.name for step in forward}
    backward = [step for step in _needed(lines, given, (*updates, *updates.values())) if step.name not in known]
    body = [
        f"const records = new Float64Array((steps + 1)*{len(row)});",
        "let end = 0;",
        "for (let made = 0; made <= steps; made++) {",
        *(f"  {_assignment(step)}" for step in forward),
        *(f"  records[end++] = {identifier(one)};" for one in row),
        f"  if (!Number.isFinite({identifier(loss)})) break;",
        *(f"  {_assignment(step)}" for step in backward),
        *(f"  {identifier(old)} = {identifier(new)};" for new, old in updates.items()),
        "}",
        "const bad = records.findIndex((number) => !Number.isFinite(number));",
        f"return records.slice(0, bad < 0 ? end : bad - bad % {len(row)});",
    ]
    return _function("export function train", (*map(identifier, given), "steps"), body)


def _needed(lines: Iterable[Step], inputs: Sequence[str], wanted: Sequence[str]) -> list[Step]:
    rows = needed(tuple(lines), wanted)
    used = {*wanted, *(name for step in rows for name in names_in(step.stable))}
    if unknown := sorted(used - {step.name for step in rows} - set(inputs)):
        raise BpkitError(
            f"javascript: expected quantities that are inputs or have a line, got {unknown[0]!r}; add it to the inputs"
        )
    return rows


def _assignment(step: Step) -> str:
    return f"const {identifier(step.name)} = {_print(step.stable)};  // ({step.number})"


def _function(head: str, parameters: Iterable[str], body: Iterable[str]) -> str:
    return "\n".join([f"{head}({', '.join(parameters)}) {{", *(f"  {line}" for line in body), "}"])


def _own(name: str, symbols: Iterable[sp.Symbol], expr: sp.Expr) -> str:
    """A person's own function, in a second spelling where powers of e may leave the floats in the first."""
    body = [f"return {_print(expr)};"]
    if second := _bounded(expr):
        exponent, below, above = map(_print, second)
        body = [
            f"const t = {exponent}, u = Math.exp(-Math.abs(t));  // e^t or e^-t, the one that does not overflow",
            f"if (u > 1e-22) {body[0]}",
            f"return t < 0 ? {below} : {above};",
        ]
    return _function(f"function {identifier(name)}", map(_print, symbols), body)


def _bounded(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """A common exponent t, and the expression in t and u = e^-|t|, for t below 0 and above; None if there is none."""
    expr = expr.rewrite([sp.sinh, sp.cosh], sp.exp)
    powers = [one for one in expr.atoms(sp.exp) if not one.exp.has(sp.exp)]
    rests = [one.exp.as_coeff_Mul()[1] for one in powers]
    exponents = {-rest if rest.could_extract_minus_sign() else rest for rest in rests}  # y - out is -(out - y)
    if len(exponents) != 1:
        return None
    exponent = exponents.pop()
    t, u = sp.Symbol("t", real=True), sp.Symbol("u", positive=True)
    spelled = []
    for sign in (1, -1):
        in_u = {one: u ** (sign * sp.nsimplify(sp.cancel(one.exp / exponent), rational=True)) for one in powers}
        whole = sp.expand_log(sp.together(expr.xreplace(in_u), deep=True))
        spelled.append(whole.xreplace({sp.log(u): sign * t}))
    return exponent, spelled[0], spelled[1]
