"""Slips in the loss and in what its slope starts with."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, product, put
from bpkit.core.rewrites import Edit, S, becomes, instead, times
from bpkit.core.slips.places import Shapes, at, places


def targets_swapped(d: Derivation) -> Shapes:
    """y1 and y2 change places."""
    for one, other in combinations(d.network.targets, 2):
        both = {one: other, other: one}
        lines = [s.name for s in d if s.kind in ("error", "loss slope") and {S(one), S(other)} & s.rhs.free_symbols]
        yield f"{one} and {other}", {name: instead(both) for name in lines}


def square_forgotten(d: Derivation) -> Shapes:
    """½(y - out) in place of ½(y - out)²; or the size of it."""
    errors = [step.name for step in d if step.kind == "error" and _squares(step.rhs)]
    yield "", dict.fromkeys(errors, _unsquared)
    yield "the sign dropped", dict.fromkeys(errors, lambda rhs: _unsquared(rhs, sp.Abs))


def _unsquared(rhs: sp.Expr, size: Callable[[sp.Expr], sp.Expr] = lambda base: base) -> sp.Expr:
    squares = {power: size(power.base) for power in rhs.atoms(sp.Pow) if power.exp == 2}
    return put(rhs, squares)


def _squares(rhs: sp.Expr) -> bool:
    return any(power.exp == 2 for power in rhs.atoms(sp.Pow))


def one_error_only(d: Derivation) -> Shapes:
    """The error of one output is taken for the loss."""
    if len(d.network.outputs) > 1:
        for o in d.network.outputs:
            yield f"E_{o} alone", {"E_total": becomes(f"E_{o}")}


def half_of_cross_entropy(d: Derivation) -> Shapes:
    """-y·ln(out) where the second half, of (1 - y), belongs to it."""
    if d.network.loss.name == "binary_cross_entropy":
        edits: dict[str, Edit] = {}
        for y, o in zip(d.network.targets, d.network.outputs):
            edits[f"E_{o}"] = becomes(product(MINUS, S(y), sp.log(S(f"out_{o}"))))
            edits[f"dE_{o}/dout_{o}"] = becomes(product(MINUS, S(y), sp.Pow(S(f"out_{o}"), -1)))
        yield "", edits


def error_sign(d: Derivation) -> Shapes:
    """y - out in place of out - y."""
    yield "", {step.name: times(MINUS) for step in d if step.kind == "loss slope"}


def doubled(d: Derivation) -> Shapes:
    """The ½ is left out, of the loss and its slope or of one of them."""
    yield "", _scaled(d, sp.Integer(2))


def halved(d: Derivation) -> Shapes:
    """A ½ too many."""
    yield "", _scaled(d, sp.Rational(1, 2))


def mean_of_outputs(d: Derivation) -> Shapes:
    """The sum is divided by the number of its terms: over outputs, over paths, over the neurons of a bias."""
    k = len(d.network.outputs)
    if k > 1:
        yield "over the outputs", _scaled(d, sp.Rational(1, k), ("total", "loss slope"))
        yield "over the outputs", _scaled(d, sp.Rational(1, k))
    for where, layers in places(d.network, 1, len(d.network.layers) - 2):
        width = len(d.network.layers[layers[0] + 1])
        if width > 1:
            share = times(sp.Rational(1, width))
            yield f"over the paths {where}".strip(), {s.name: share for s in at(d, "dE/dout", layers)}
    shared = {b: fed for b, fed in d.network.biases.items() if len(fed) > 1}
    for bias, fed in shared.items():
        yield f"over the neurons that {bias} feeds", {f"dE_total/d{bias}": times(sp.Rational(1, len(fed)))}


def sum_of_outputs(d: Derivation) -> Shapes:
    """The mean is not taken: over the outputs of a mean squared error, over the samples of a batch."""
    k = len(d.network.outputs)
    if d.network.loss.name == "mean_squared_error" and k > 1:
        yield "over the outputs", _scaled(d, sp.Integer(k))
    yield "over the samples", {s.name: times("n_samples") for s in d if s.kind in ("total", "gradient")}


def _scaled(d: Derivation, factor: sp.Expr, kinds: tuple[str, ...] = ("error", "loss slope")) -> dict[str, Edit]:
    return {step.name: times(factor) for step in d if step.kind in kinds}


def loss_as_slope(d: Derivation) -> Shapes:
    """The error itself is sent back, where its slope belongs."""
    yield "", {f"dE_{o}/dout_{o}": becomes(f"E_{o}") for o in d.network.outputs}
    yield "the whole loss", {f"dE_{o}/dout_{o}": becomes("E_total") for o in d.network.outputs}
