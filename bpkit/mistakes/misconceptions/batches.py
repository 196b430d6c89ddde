"""Slips with the samples of a batch: divided once too often, over too much, or one sample's share alone."""

from __future__ import annotations

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import product, total
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, at, misconception
from bpkit.mistakes.rewrite import S, becomes, times

SHARE = sp.Pow(S("n_samples"), -1, evaluate=False)


def _gradients(d: Derivation) -> list[Step]:
    return [step for step in d if step.role is Role.GRADIENT]


@misconception(
    "divides by the number of samples twice",
    "divide by the number of samples twice",
    "a mean divides the sum once",
)
def divided_twice(d: Derivation) -> Shapes:
    """The mean is divided by the number of samples once more: in the gradient, or in the loss."""
    yield "in the gradient", {step.name: times(SHARE) for step in _gradients(d)}
    yield "in the loss", {step.name: times(SHARE) for step in at(d, Role.FORWARD, "total")}


@misconception(
    "takes the mean over the neurons too",
    "take the mean over the neurons of the layer, too",
    "each neuron's bias has its own derivative, so the mean goes over the samples alone",
)
def mean_over_neurons(d: Derivation) -> Shapes:
    """A mean without an axis: each bias of a layer gets the mean over the samples and the neurons."""
    edits = {}
    for bias, fed in d.network.biases.items():
        row = d.network.layers[d.network.layer_of[fed[0]]]
        if len(fed) < len(row):
            deltas = total(*(S(f"dE_total/dnet_{n}") for n in row))
            edits[f"dE_total/d{bias}"] = becomes(product(sp.Rational(1, len(row)), deltas))
    yield "", edits


_KEPT = "the gradient of a batch is made of the gradients of all samples"


def _one_sample(lines: list[Step], which: str, words: str) -> Shapes:
    yield words, {step.name: times(S(which)) for step in lines}
    yield f"{words}, divided by their number", {step.name: times(S(which), SHARE) for step in lines}


@misconception("keeps only the last sample's gradient", "keep the gradient of the last sample only", _KEPT)
def last_kept(d: Derivation) -> Shapes:
    """The last sample's gradient overwrites those of the others."""
    yield from _one_sample(_gradients(d), "only_last", "that of the last of the samples")


@misconception("keeps only the first sample's gradient", "keep the gradient of the first sample only", _KEPT, rank=3)
def first_kept(d: Derivation) -> Shapes:
    """The gradient of the first sample alone."""
    yield from _one_sample(_gradients(d), "only_first", "that of the first of the samples")


@misconception(
    "does not sum the bias gradient over the samples",
    "take the delta of one sample for the derivative with respect to the bias",
    "a bias feeds its neuron in every sample, so all samples add to its derivative",
)
def bias_not_summed(d: Derivation) -> Shapes:
    """One sample's delta stands for the derivative by a bias."""
    lines = at(d, Role.GRADIENT, "bias")
    yield from _one_sample(lines, "only_last", "that of the last of the samples")
    yield from _one_sample(lines, "only_first", "that of the first of the samples")


@misconception(
    "takes 0 for the derivative of a bias",
    "take 0 for the derivative with respect to the bias",
    "a bias is added to the net input, so the loss depends on it as on a weight with the signal 1",
)
def bias_constant(d: Derivation) -> Shapes:
    """A bias is taken for a constant, whose derivative is 0."""
    yield "", {step.name: becomes(sp.Integer(0)) for step in at(d, Role.GRADIENT, "bias")}
