"""Slips with the samples of a batch: divided once too often or by too much, or only one sample's share."""

from __future__ import annotations

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import product, total
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, Shows, misconception
from bpkit.mistakes.misconceptions.whereabouts import at, shared_deltas
from bpkit.mistakes.rewrite import FIRST, LAST, SAMPLES, S, becomes, times

SHARE = sp.Pow(S(SAMPLES), -1, evaluate=False)


def _gradients(d: Derivation) -> list[Step]:
    return [step for step in d if step.role is Role.GRADIENT]


def _totals(d: Derivation) -> list[Step]:
    return at(d, Role.FORWARD, "total")


def _over_samples(d: Derivation, factor: sp.Expr) -> Shapes:
    """The loss and its gradient with a factor too many, or only one of the two."""
    yield "", {step.name: times(factor) for step in [*_totals(d), *_gradients(d)]}
    yield "in the gradient only", {step.name: times(factor) for step in _gradients(d)}
    for tag, what in (("bias", "biases"), ("weight", "weights")):
        yield f"in the derivatives of the {what} only", {s.name: times(factor) for s in at(d, Role.GRADIENT, tag)}
    yield "in the loss only", {step.name: times(factor) for step in _totals(d)}


@misconception(
    "takes the sum instead of the mean",
    "take the sum over the samples instead of the mean",
    "this loss is a mean, so divide the sum by the number of samples",
    shows=Shows.BATCH,
)
def sum_of_samples(d: Derivation) -> Shapes:
    """The mean over the samples is not taken.

    >>> import bpkit as bp
    >>> sum_of_samples.written(bp.Network(1, 1), "E_total")
    'n_samples · E_o1'
    """
    if d.batch == "mean":
        yield from _over_samples(d, S(SAMPLES))


@misconception(
    "takes the mean instead of the sum",
    "divide by the number of samples",
    "add the losses of the samples and do not divide the sum",
    shows=Shows.BATCH,
)
def mean_of_samples(d: Derivation) -> Shapes:
    """The sum over the samples is divided by their number."""
    if d.batch == "sum":
        yield from _over_samples(d, SHARE)


@misconception(
    "divides by the number of samples twice",
    "divide by the number of samples twice",
    "a mean divides the sum once",
    shows=Shows.BATCH,
)
def divided_twice(d: Derivation) -> Shapes:
    """The mean is divided by the number of samples again, in the gradient or in the loss.

    >>> import bpkit as bp
    >>> divided_twice.written(bp.Network(1, 1), "E_total")
    'E_o1 / n_samples'
    """
    if d.batch == "mean":
        yield "in the gradient", {step.name: times(SHARE) for step in _gradients(d)}
        yield "in the loss", {step.name: times(SHARE) for step in _totals(d)}


@misconception(
    "takes the mean over the neurons too",
    "take the mean over the neurons of the layer",
    "each neuron has its own bias, whose derivative needs only the delta of that neuron",
)
def mean_over_neurons(d: Derivation) -> Shapes:
    """A mean without an axis: each bias of a layer gets the mean over the samples and the neurons.

    >>> import bpkit as bp
    >>> mean_over_neurons.written(bp.Network(1, 2, bias="neuron"), "dE_total/db_o1")
    '½ · (dE_total/dnet_o1 + dE_total/dnet_o2)'
    """
    shares: dict[str, tuple[sp.Expr, sp.Expr]] = {}
    for step, deltas in shared_deltas(d):
        shares[step.name] = sp.Rational(1, len(deltas)), total(*deltas)
    yield "", {name: becomes(product(*share)) for name, share in shares.items()}
    if d.batch == "sum":
        yield "and over the samples", {name: becomes(product(SHARE, *share)) for name, share in shares.items()}


_KEPT = "all samples contribute to the gradient of a batch"


def _one_sample(lines: list[Step], which: str, words: str = "") -> Shapes:
    yield words, {step.name: times(S(which)) for step in lines}
    divided = ", ".join(filter(None, (words, "divided by the number of samples")))
    yield divided, {step.name: times(S(which), SHARE) for step in lines}


@misconception(
    "keeps only the last sample's gradient", "keep the gradient of the last sample only", _KEPT, shows=Shows.BATCH
)
def last_kept(d: Derivation) -> Shapes:
    """The last sample's gradient overwrites those of the others.

    >>> import bpkit as bp
    >>> last_kept.written(bp.Network(1, 1), "dE_total/dw1")
    'only_last · (dE_total/dnet_o1 · dnet_o1/dw1)'
    """
    yield from _one_sample(_gradients(d), LAST)


@misconception(
    "keeps only the first sample's gradient",
    "keep the gradient of the first sample only",
    _KEPT,
    rank=3,
    shows=Shows.BATCH,
)
def first_kept(d: Derivation) -> Shapes:
    """The gradient of only the first sample.

    >>> import bpkit as bp
    >>> first_kept.written(bp.Network(1, 1), "dE_total/dw1")
    'only_first · (dE_total/dnet_o1 · dnet_o1/dw1)'
    """
    yield from _one_sample(_gradients(d), FIRST)


@misconception(
    "does not sum the bias gradient over the samples",
    "use the delta of one sample as the derivative with respect to the bias",
    "a bias feeds its neuron in every sample, so all samples add to its derivative",
    shows=Shows.BATCH,
)
def bias_not_summed(d: Derivation) -> Shapes:
    """One sample's delta is used as the derivative with respect to a bias.

    >>> import bpkit as bp
    >>> bias_not_summed.written(bp.Network(1, 1), "dE_total/db1")
    'only_last · (dE_total/dnet_o1 · dnet_o1/db1)'
    """
    lines = at(d, Role.GRADIENT, "bias")
    yield from _one_sample(lines, LAST, "that of the last sample")
    yield from _one_sample(lines, FIRST, "that of the first sample")


@misconception(
    "forgets the derivative of the bias",
    "use 0 as the derivative with respect to the bias",
    "the bias moves the net input, so the loss depends on it",
)
def bias_constant(d: Derivation) -> Shapes:
    """A bias is taken for a constant, whose derivative is 0.

    >>> import bpkit as bp
    >>> bias_constant.written(bp.examples.article.problem, "dE_total/db1")
    '0'
    """
    yield "", {step.name: becomes(sp.Integer(0)) for step in at(d, Role.GRADIENT, "bias")}
