"""Slips in the loss and in what its slope starts with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, ONE, names_in, product, put, total
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.look_alikes import neighbouring
from bpkit.mistakes.misconceptions.rule import Rule, Shapes, Shows, misconception
from bpkit.mistakes.misconceptions.whereabouts import (
    SIGNALS,
    adjoint,
    at,
    ends,
    fed,
    last_block,
    of_layers,
    parameters,
    places,
    slopes_of_loss,
)
from bpkit.mistakes.rewrite import Edit, S, becomes, instead, times


@misconception("swaps the targets", "swap the targets", "each output has its own target")
def targets_swapped(d: Derivation) -> Shapes:
    """y1 and y2 change places.

    >>> import bpkit as bp
    >>> targets_swapped.written(bp.examples.article.problem, "dE_o1/dout_o1")
    'out_o1 - y2'
    """
    for one, other in neighbouring(d, "target"):
        both = {one: other, other: one}
        yield f"{one} and {other}", {s.name: instead(both) for s in _both(d) if {one, other} & names_in(s.rhs)}


@misconception("forgets the square", "forget the square", "square each error before you add it")
def square_forgotten(d: Derivation) -> Shapes:
    """½(y - out) instead of ½(y - out)²; or the size of it.

    >>> import bpkit as bp
    >>> square_forgotten.written(bp.examples.article.problem, "E_o1")
    '½ · (y1 - out_o1)'
    """
    errors = [step.name for step in _errors(d) if _textbook(d) and _squares(step.rhs)]
    yield "", dict.fromkeys(errors, _unsquared)
    yield "without its sign", dict.fromkeys(errors, lambda rhs: _unsquared(rhs, sp.Abs))


def _unsquared(rhs: sp.Expr, size: Callable[[sp.Expr], sp.Expr] = lambda base: base) -> sp.Expr:
    squares = {power: size(power.base) for power in rhs.atoms(sp.Pow) if power.exp == 2}
    return put(rhs, squares)


def _squares(rhs: sp.Expr) -> bool:
    return any(power.exp == 2 for power in rhs.atoms(sp.Pow))


@misconception(
    "counts one output's error only",
    "count the error of one output only",
    "the loss is the sum of the errors of all outputs",
)
def one_error_only(d: Derivation) -> Shapes:
    """The error of one output is taken for the loss.

    >>> import bpkit as bp
    >>> one_error_only.written(bp.examples.article.problem, "E_total")
    'E_o1'
    """
    errors = _errors(d)
    for error in errors if len(errors) > 1 else ():
        yield f"{error.name} only", {whole.name: becomes(error.lhs) for whole in _totals(d)}


@misconception(
    "leaves out the second half of the cross-entropy",
    "leave out the second half of the cross-entropy",
    "the part (1 − y) · ln(1 − out) belongs to it",
)
def half_of_cross_entropy(d: Derivation) -> Shapes:
    """-y·ln(out) where the second half, of (1 - y), belongs to it.

    >>> import bpkit as bp
    >>> half_of_cross_entropy.written(bp.Network(1, 1, loss="binary_cross_entropy"), "E_o1")
    '-y1 · ln(out_o1)'
    """
    if d.network.loss.name == "binary_cross_entropy":
        errors: dict[str, Edit] = {}
        slopes: dict[str, Edit] = {}
        for step, out, y in _compared(d):
            errors[ends(step)[0].name] = becomes(product(MINUS, y, sp.log(out)))
            slopes[step.name] = becomes(product(MINUS, y, sp.Pow(out, -1)))
        yield "", {**errors, **slopes}
        yield "in the loss only", errors
        yield "in its slope only", slopes


def _compared(d: Derivation) -> Iterator[tuple[Step, sp.Symbol, sp.Symbol]]:
    """The slope of each error, its output and its target."""
    for step in slopes_of_loss(d):
        error, out = ends(step)
        for name in names_in(d[error.name].rhs):
            if d.quantities[name].tag == "target":
                yield step, out.symbol, S(name)


@misconception(
    "puts a plus before the second half of the cross-entropy",
    "write a plus before the second half of the cross-entropy",
    "the minus belongs to both halves",
    rank=3,
)
def plus_in_cross_entropy(d: Derivation) -> Shapes:
    """-y·ln(out) + (1 - y)·ln(1 - out), in the loss, in its slope, or in both.

    >>> import bpkit as bp
    >>> plus_in_cross_entropy.written(bp.Network(1, 1, loss="binary_cross_entropy"), "E_o1")
    '-y1 · ln(out_o1) + (1 - y1) · ln(1 - out_o1)'
    """
    if d.network.loss.name == "binary_cross_entropy":
        errors: dict[str, Edit] = {}
        slopes: dict[str, Edit] = {}
        for step, out, y in _compared(d):
            rest, no = total(ONE, product(MINUS, out)), total(ONE, product(MINUS, y))
            errors[ends(step)[0].name] = becomes(total(product(MINUS, y, sp.log(out)), product(no, sp.log(rest))))
            first = product(MINUS, y, sp.Pow(out, -1))
            slopes[step.name] = becomes(total(first, product(MINUS, no, sp.Pow(rest, -1))))
        yield "in the loss only", errors
        yield "in its slope only", slopes
        yield "", {**errors, **slopes}


@misconception(
    "loses the minus of the cross-entropy",
    "lose the minus of the cross-entropy",
    "logarithms of numbers below 1 are negative, and the minus makes the loss positive",
)
def minus_of_cross_entropy(d: Derivation) -> Shapes:
    """The outer minus is lost, in the loss, in its slope, or in both.

    >>> import bpkit as bp
    >>> minus_of_cross_entropy.written(bp.Network(1, 1, loss="binary_cross_entropy"), "dE_o1/dout_o1")
    '-(-y1 / out_o1 + (1 - y1) / (1 - out_o1))'
    """
    if d.network.loss.name in _ENTROPIES:
        yield "in the loss only", _scaled(_errors(d), MINUS)
        yield "in its slope only", _scaled(slopes_of_loss(d), MINUS)
        yield "", _scaled(_both(d), MINUS)


_ENTROPIES = ("binary_cross_entropy", "cross_entropy")


def _logarithm(base: int) -> Rule:
    """The logarithm to another base, in the loss only or with its slope scaled alike."""

    def shapes(d: Derivation) -> Shapes:
        if d.network.loss.name in _ENTROPIES:
            factor = sp.Pow(sp.log(sp.Integer(base), evaluate=False), -1, evaluate=False)
            yield "in the loss only", _scaled(_errors(d), factor)
            yield "in its slope only", _scaled(slopes_of_loss(d), factor)
            yield "in the loss and its slope", _scaled(_both(d), factor)

    why = f"the cross-entropy uses the natural logarithm, ln, not the one to base {base}"
    return misconception("takes another logarithm", f"take the logarithm to base {base}", why)(shapes)


base_ten, base_two = _logarithm(10), _logarithm(2)


@misconception(
    "leaves out the slope of the loss",
    "leave out the slope of the loss",
    "the chain starts with it",
)
def slope_of_loss_left_out(d: Derivation) -> Shapes:
    """The derivative of the output for that of the loss: the chain starts at out.

    >>> import bpkit as bp
    >>> slope_of_loss_left_out.written(bp.examples.article.problem, "dE_o1/dout_o1")
    '1'
    """
    lines = slopes_of_loss(d)
    yield "", {step.name: becomes(ONE) for step in lines}
    for step in lines if len(lines) > 1 else ():
        yield f"at {ends(step)[1].neuron}", {step.name: becomes(ONE)}


_SIGN = ("swaps the sign of the error", "swap the sign of the error")
_SIGN_KNOWN: dict[str, Any] = {
    "rank": 1,
    "convention": "Some books send back target minus output, which is right where the update adds it.",
}


@misconception(*_SIGN, "the error enters as output minus target", **_SIGN_KNOWN)
def error_sign(d: Derivation) -> Shapes:
    """y - out instead of out - y.

    >>> import bpkit as bp
    >>> error_sign.written(bp.examples.article.problem, "dE_o1/dout_o1")
    '-(out_o1 - y1)'
    """
    if _textbook(d) and _of_squares(d):
        yield "", _scaled(slopes_of_loss(d), MINUS)


@misconception(*_SIGN, "the slope of the loss is positive when a larger output makes the loss grow", **_SIGN_KNOWN)
def error_sign_otherwise(d: Derivation) -> Shapes:
    """The same, where the slope is no plain difference.

    >>> import bpkit as bp
    >>> error_sign_otherwise.written(bp.Network(1, 1, loss="binary_cross_entropy"), "dE_o1/dout_o1")
    '-(-y1 / out_o1 + (1 - y1) / (1 - out_o1))'
    """
    if _textbook(d) and not _of_squares(d):
        yield "", _scaled(slopes_of_loss(d), MINUS)


def _of_squares(d: Derivation) -> bool:
    return any(_squares(step.rhs) for step in _errors(d))


def _scaling(
    words: tuple[str, str, str],
    lines: Callable[[Derivation], Sequence[Step]],
    factor: sp.Rational,
    of: Callable[[Derivation], bool] = lambda d: True,
    detail: str = "",
    **known: Any,
) -> Rule:
    """Some lines are a factor too large, for the losses that the words hold of."""
    return misconception(*words, **known)(lambda d: iter([(detail, _scaled(lines(d), factor))] if of(d) else []))


def _errors(d: Derivation) -> list[Step]:
    return at(d, Role.FORWARD, "error")


def _both(d: Derivation) -> list[Step]:
    """The errors and their slopes."""
    return [*_errors(d), *slopes_of_loss(d)]


def _textbook(d: Derivation) -> bool:
    """Is this one of the losses that compare an output with its target, as textbooks have them?"""
    return d.network.loss.built_in and d.network.loss.needs_targets


def _has_half(d: Derivation) -> bool:
    """Is this loss half a square?"""
    return d.network.loss.name == "half_squared_error"


def _has_no_half(d: Derivation) -> bool:
    return _textbook(d) and not _has_half(d)


TWO, HALF = sp.Integer(2), sp.Rational(1, 2)
_DOUBLED, _DOUBLE = "doubles the gradient", "double the slope of the loss"
_HALVED = "halves the gradient"
doubled = _scaling(
    (_DOUBLED, _DOUBLE, "the 2 from the square and the ½ of this loss cancel"), slopes_of_loss, TWO, _has_half, rank=1
)
doubled_otherwise = _scaling(
    (_DOUBLED, _DOUBLE, "this slope has no further factor of 2"), slopes_of_loss, TWO, _has_no_half, rank=1
)
halved = _scaling((_HALVED, "halve the slope of the loss", "there is a ½ too many"), slopes_of_loss, HALF, rank=1)
half_forgotten = _scaling(
    ("forgets the ½", "forget the ½ of the loss", "each error is half of the squared difference"),
    _errors,
    TWO,
    _has_half,
    rank=1,
)
loss_doubled = _scaling(
    ("doubles the loss", "double the loss", "this loss has no further factor of 2"),
    _errors,
    TWO,
    _has_no_half,
    rank=1,
)
loss_halved = _scaling(("halves the loss", "halve the loss", "there is a ½ too many"), _errors, HALF, rank=1)
# In the loss and in its slope, which shows after updates.
_BOTH: dict[str, Any] = {"detail": "and the loss", "shows": Shows.TRAINING}
_why = "without the ½ of this loss both are twice as large"
both_doubled = _scaling((_DOUBLED, _DOUBLE, _why), _both, TWO, _has_half, **_BOTH)
_why = "this loss has no further factor of 2"
both_doubled_otherwise = _scaling((_DOUBLED, _DOUBLE, _why), _both, TWO, lambda d: not _has_half(d), **_BOTH)
_why = "there is a ½ too many"
both_halved = _scaling((_HALVED, "halve the slope of the loss", _why), _both, HALF, **_BOTH)


@misconception(
    "takes the mean instead of the sum",
    "divide a sum by the number of its terms",
    "add the terms and do not divide",
)
def mean_of_outputs(d: Derivation) -> Shapes:
    """The sum is divided by the number of its terms: over outputs, over paths, over the neurons of a bias.

    >>> import bpkit as bp
    >>> mean_of_outputs.written(bp.examples.article.problem, "E_total")
    '½ · (E_o1 + E_o2)'
    """
    k = len(_errors(d))
    if k > 1:
        yield "the sum over the outputs", _scaled([*_totals(d), *slopes_of_loss(d)], sp.Rational(1, k))
        yield "the sum over the outputs", _scaled(_both(d), sp.Rational(1, k))
        yield "the sum over the outputs, in the loss only", _scaled(_totals(d), sp.Rational(1, k))
    for where, layers in places(d, 1, last_block(d) - of_layers(d)):
        edits: dict[str, Edit] = {}
        for summed in at(d, Role.ADJOINT, SIGNALS, layers, of="total"):
            if summed.rhs.is_Add:
                edits[summed.name] = times(sp.Rational(1, len(summed.rhs.args)))
        yield f"the sum over the paths {where}".strip(), edits
    for parameter in parameters(d) if of_layers(d) else ():
        if (count := len(fed(d, parameter))) > 1 and (step := adjoint(d, parameter)):
            yield f"the sum over the neurons that {parameter.name} feeds", {step.name: times(sp.Rational(1, count))}


@misconception(
    "takes the sum instead of the mean",
    "take the sum instead of the mean",
    "this loss is a mean, so divide the sum by the number of its terms",
)
def sum_of_outputs(d: Derivation) -> Shapes:
    """The mean over the outputs of a mean squared error is not taken.

    >>> import bpkit as bp
    >>> sum_of_outputs.written(bp.Network(1, 2, loss="mean_squared_error"), "E_o1")
    '2 · ((y1 - out_o1)² / 2)'
    """
    k = len(_errors(d))
    if d.network.loss.name == "mean_squared_error" and k > 1:
        yield "over the outputs", _scaled(_both(d), sp.Integer(k))


def _totals(d: Derivation) -> list[Step]:
    return at(d, Role.FORWARD, "total")


def _scaled(lines: Iterable[Step], factor: sp.Expr | str) -> dict[str, Edit]:
    return {step.name: times(factor) for step in lines}


@misconception(
    "takes the error instead of its slope",
    "send back the error itself",
    "send back its slope with respect to the output",
)
def loss_as_slope(d: Derivation) -> Shapes:
    """The error itself is sent back, where its slope belongs.

    >>> import bpkit as bp
    >>> loss_as_slope.written(bp.examples.article.problem, "dE_o1/dout_o1")
    'E_o1'
    """
    yield "", {step.name: becomes(ends(step)[0].name) for step in slopes_of_loss(d)}
    yield "that of all outputs", {step.name: becomes("E_total") for step in slopes_of_loss(d)}
