"""Prints lines as JavaScript, which makes a page live: a second printer of the lines that ``code`` prints as Python.

Both compute the same numbers. They differ beyond the floats: where Python computes again at high precision, JavaScript
has ``Infinity``, and ``NaN`` where infinities meet. Stable spellings avoid that at any net input, and ``_bounded``
finds one for a person's own function wherever its powers of e are powers of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

from bpkit.core import code
from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.functions import Own
from bpkit.core.program import averaged, needed
from bpkit.core.quantities import Role

_TEXTS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").strip().split("\n\n")[1:]
HELPERS = {text[len("function ") : text.index("(")]: text for text in _TEXTS}
_CALL = re.compile(r"(?<![\w$.])(?<!function )(?!Float64Array)([A-Za-z_][\w$]*)\(")
# JavaScript's own words, those of modules too; globals that the text uses; the variables of the training loop.
RESERVED = frozenset(
    """arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof var void while with yield
    Float64Array Infinity Math NaN Number undefined at bad end first made records samples steps""".split()
) | set(HELPERS)


def identifier(name: str) -> str:
    """A name as JavaScript writes it: ``dE_total_dw5`` for dE_total/dw5, and with a ``$`` behind it where JavaScript
    keeps the name for itself: ``let$``. No quantity has a ``$`` in its name.

    >>> identifier("dE_total/dw5"), identifier("let")
    ('dE_total_dw5', 'let$')
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


# One right side as JavaScript. Problems with other rules or other biases have most lines in common.
expression = lru_cache(maxsize=4096)(_Printer()._print)


def module(*parts: str, functions: Iterable[Own] = ()) -> str:
    """Join the texts of functions to an ES module; what they call comes first, once.

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

    >>> import bpkit as bp
    >>> print(evaluation(bp.derive(bp.Network(1, 1)), ["w1", "x1", "b1"], ["net_o1"]))
    export function evaluate(w1, x1, b1) {
      const net_o1 = w1*x1 + b1;  // (1)
      return {"net_o1": net_o1};
    }
    """
    given, wanted = tuple(inputs), tuple(outputs)
    fields = ", ".join(f"{json.dumps(one)}: {identifier(one)}" for one in wanted)
    body = [*map(_assignment, _needed(lines, given, wanted)), f"return {{{fields}}};"]
    return _function(f"export function {name}", map(identifier, given), body)


def evaluation_on_samples(
    lines: Iterable[Step],
    inputs: Iterable[str],
    data: Iterable[str],
    outputs: Iterable[str],
    batch: str = "mean",
) -> str:
    """Write ``evaluation`` for several samples, of outputs that are one number for all of them: the loss, derivatives.

    The function takes the inputs that are not ``data``, then ``samples``, which holds the data row after row.
    """
    given, names, wanted = tuple(inputs), tuple(data), tuple(outputs)
    fields = ", ".join(f"{json.dumps(one)}: {identifier(one)}" for one in wanted)
    body = [*_settled(_needed(lines, given, wanted), wanted, names, batch), f"return {{{fields}}};"]
    kept = [identifier(one) for one in given if one not in names]
    return _function("export function evaluate", (*kept, "samples"), body)


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
    body = _loop(map(_assignment, forward), map(_assignment, backward), updates, row, loss)
    return _function("export function train", (*map(identifier, given), "steps"), body)


def training_on_samples(
    lines: Iterable[Step],
    inputs: Iterable[str],
    data: Iterable[str],
    updates: Mapping[str, str],
    recorded: Iterable[str],
    batch: str = "mean",
    loss: str = "E_total",
) -> str:
    """Write ``train`` for several samples: ``samples`` holds their ``data`` row after row, ``first`` is the sample that
    an update begins with where ``batch`` is ``"each"``; the other inputs, ``steps`` and the records are as in
    ``training``, and the loss recorded is that of all samples.
    """
    lines, given, names, row = tuple(lines), tuple(inputs), tuple(data), tuple(recorded)
    needs = _needed(lines, given, (loss, *updates, *updates.values()))
    single = [step for step in needs if step.role is not Role.UPDATE]
    forward = _needed(lines, given, (loss,))
    used = {name for step in needs if step.role is Role.UPDATE for name in names_in(step.stable)}
    whole = [loss, *(step.name for step in single if averaged(step) and step.name in used and step.name != loss)]
    width, kept, reads = len(names), [name for name in given if name not in names], _reads(names)
    alone = [step for step in single if step.name != loss]
    at_once = (forward, [loss]) if batch == "each" else (single, whole)
    one = [f"const at = (first + made)*{width} % samples.length;", *reads, *map(_assignment, alone)]
    after = [*(one if batch == "each" else []), *(_assignment(step) for step in needs if step.role is Role.UPDATE)]
    body = _loop(_settled(*at_once, names, batch), after, updates, row, loss)
    return _function("export function train", (*map(identifier, kept), "samples", "first", "steps"), body)


def _loop(
    before: Iterable[str], after: Iterable[str], updates: Mapping[str, str], row: Sequence[str], loss: str
) -> list[str]:
    """The training loop: what gives the loss, a record, what gives the new values; these replace the old at once."""
    return [
        f"const records = new Float64Array((steps + 1)*{len(row)});",
        "let end = 0;",
        "for (let made = 0; made <= steps; made++) {",
        *(f"  {line}" for line in before),
        *(f"  records[end++] = {identifier(one)};" for one in row),
        f"  if (!Number.isFinite({identifier(loss)})) break;",
        *(f"  {line}" for line in after),
        *(f"  {identifier(old)} = {identifier(new)};" for new, old in updates.items()),
        "}",
        "const bad = records.findIndex((number) => !Number.isFinite(number));",
        f"return records.slice(0, bad < 0 ? end : bad - bad % {len(row)});",
    ]


def _reads(data: Sequence[str]) -> list[str]:
    return [f"const {identifier(name)} = samples[at + {place}];" for place, name in enumerate(data)]


def _settled(steps: Iterable[Step], wanted: Sequence[str], data: Sequence[str], batch: str) -> list[str]:
    """The sum over the samples of what the lines give, and its share of each where the mean is meant."""
    width, names = len(data), [identifier(one) for one in wanted]
    share = f"/(samples.length/{width})" if batch != "sum" else ""
    return [
        f"let {', '.join(f'{one}$sum = 0' for one in names)};",
        f"for (let at = 0; at < samples.length; at += {width}) {{",
        *(f"  {line}" for line in (*_reads(data), *map(_assignment, steps))),
        *(f"  {one}$sum += {one};" for one in names),
        "}",
        *(f"const {one} = {one}$sum{share};" for one in names),
    ]


def _needed(lines: Iterable[Step], inputs: Sequence[str], wanted: Sequence[str]) -> list[Step]:
    rows = needed(tuple(lines), wanted)
    used = {*wanted, *(name for step in rows for name in names_in(step.stable))}
    if unknown := sorted(used - {step.name for step in rows} - set(inputs)):
        raise BpkitError(
            f"javascript: expected quantities that are inputs or have a line, got {unknown[0]!r}; add it to the inputs"
        )
    return rows


def _assignment(step: Step) -> str:
    """One line as JavaScript, behind it the number of the derivation's line.

    >>> import bpkit as bp
    >>> _assignment(bp.derive(bp.Network(1, 1))["net_o1"])
    'const net_o1 = w1*x1 + b1;  // (1)'
    """
    return f"const {identifier(step.name)} = {expression(step.stable)};  // ({step.number})"


def _function(head: str, parameters: Iterable[str], body: Iterable[str]) -> str:
    return "\n".join([f"{head}({', '.join(parameters)}) {{", *(f"  {line}" for line in body), "}"])


def _own(name: str, symbols: Iterable[sp.Symbol], expr: sp.Expr) -> str:
    """A person's own function, in a second spelling where powers of e may leave the floats in the first."""
    body = [f"return {expression(expr)};"]
    if second := _bounded(expr):
        exponent, below, above = map(expression, second)
        body = [
            f"const t = {exponent}, u = Math.exp(-Math.abs(t));  // e^t or e^-t, the one that does not overflow",
            f"if (u > 1e-22) {body[0]}",
            f"return t < 0 ? {below} : {above};",
        ]
    return _function(f"function {identifier(name)}", map(expression, symbols), body)


def _bounded(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """A common exponent t, and the expression in t and u = e^-|t|, for t below 0 and above; None if there is none.

    >>> z = sp.Symbol("z")
    >>> _bounded(1 / (1 + sp.exp(-z)))
    (z, u/(u + 1), 1/(u + 1))
    """
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
