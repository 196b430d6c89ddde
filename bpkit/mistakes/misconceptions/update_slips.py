"""Slips with the update, and answers to another question."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, ONE, product, put, total
from bpkit.core.quantities import Quantity, Role
from bpkit.core.updates import COUNT, DECAY, RATE, STATE, GradientDescent, new_value
from bpkit.mistakes.misconceptions.rule import (
    SIGNALS,
    SUMS,
    Shapes,
    Shows,
    at,
    ends,
    gradients,
    last_block,
    misconception,
    new_values,
    places,
    signal_slopes,
)
from bpkit.mistakes.rewrite import Edit, S, becomes, instead_of, omitting, times, without

HALF = sp.Rational(1, 2)


@misconception(
    "adds the gradient", "add the slope instead of subtracting it", "the update goes against the slope", rank=1
)
def gradient_added(d: Derivation) -> Shapes:
    """w + learning rate · dE/dw.

    >>> import bpkit as bp
    >>> gradient_added.written(bp.examples.article.problem, "w5_new")
    'w5 + learning_rate · dE_total/dw5'
    """
    yield "", {step.name: without(MINUS) for step in new_values(d).values()}


@misconception(
    "forgets the learning rate",
    "forget to multiply by the learning rate",
    "the update multiplies its step by the learning rate",
    rank=1,
)
def rate_forgotten(d: Derivation) -> Shapes:
    """The update subtracts the whole derivative: w - dE/dw.

    >>> import bpkit as bp
    >>> rate_forgotten.written(bp.examples.article.problem, "w5_new")
    'w5 - dE_total/dw5'
    """
    yield "", {step.name: without("learning_rate") for step in new_values(d).values()}


@misconception(
    "multiplies by the learning rate twice",
    "multiply by the learning rate twice",
    "the update multiplies by it once",
    rank=3,
)
def rate_twice(d: Derivation) -> Shapes:
    """w - learning rate² · dE/dw.

    >>> import bpkit as bp
    >>> rate_twice.written(bp.examples.article.problem, "w5_new")
    'w5 - learning_rate² · dE_total/dw5'
    """
    yield "", {step.name: instead_of(RATE, sp.Pow(RATE, 2)) for step in new_values(d).values()}


@misconception(
    "keeps the old value", "keep the old value", "that is the value from before the update, unchanged", rank=1
)
def value_kept(d: Derivation) -> Shapes:
    """Each parameter keeps its old value.

    >>> import bpkit as bp
    >>> value_kept.written(bp.examples.article.problem, "w5_new")
    'w5'
    """
    yield "", _kept(d)


@misconception(
    "gives the derivative instead of the new value",
    "give the derivative",
    "the question asks for the new value",
    rank=1,
    shows=Shows.ANSWER,
)
def derivative_as_value(d: Derivation) -> Shapes:
    """The derivative, where the new value was asked.

    >>> import bpkit as bp
    >>> derivative_as_value.written(bp.examples.article.problem, "w5_new")
    'dE_total/dw5'
    """
    slopes = gradients(d)
    for name, step in new_values(d).items() if _plain(d) else ():
        yield "", {step.name: becomes(slopes[name].lhs)}


def _plain(d: Derivation) -> bool:
    """Does an update subtract the learning rate times the derivative, and nothing else?"""
    return d.update == GradientDescent()


@misconception(
    "gives the new value instead of the derivative",
    "give the parameter after its update",
    "the question asks for the derivative",
    rank=1,
    shows=Shows.ANSWER,
)
def value_as_derivative(d: Derivation) -> Shapes:
    """The new value, where the derivative was asked.

    >>> import bpkit as bp
    >>> value_as_derivative.written(bp.Network(1, 1), "dE_total/dw1")
    'w1 - learning_rate · (dE_total/dnet_o1 · dnet_o1/dw1)'
    """
    for name, step in gradients(d).items() if _plain(d) else ():
        yield "", {step.name: partial(_stepped, d.quantities[name])}


def _stepped(parameter: Quantity, slope: sp.Expr) -> sp.Expr:
    """The new value by plain gradient descent."""
    _, value, _ = new_value(parameter, "", slope)
    return value


def change(parameter: Quantity, slope: sp.Expr) -> sp.Expr:
    """What plain gradient descent adds to the old value."""
    return omitting(parameter.name)(_stepped(parameter, slope))


@misconception(
    "gives the change instead of what was asked",
    "give the learning rate times the derivative",
    "that is the change of the parameter, not its derivative and not its new value",
    rank=1,
    shows=Shows.ANSWER,
)
def change_as_value(d: Derivation) -> Shapes:
    """Learning rate · dE/dw, not yet taken from w; asked for the derivative, learning rate and all.

    >>> import bpkit as bp
    >>> change_as_value.written(bp.examples.article.problem, "w5_new")
    'learning_rate · dE_total/dw5'
    """
    slopes = gradients(d)
    for name, step in new_values(d).items() if _plain(d) else ():
        added = change(d.quantities[name], slopes[name].lhs)
        yield "", {step.name: becomes(without(MINUS)(added))}
        yield "with its minus", {step.name: becomes(added)}
        yield "", {slopes[name].name: times(RATE)}


@misconception("updates the biases", "update the biases too", "in this problem the biases keep their values")
def biases_updated(d: Derivation) -> Shapes:
    """The biases learn too, though the problem keeps them.

    >>> import bpkit as bp
    >>> biases_updated.written(bp.examples.article.problem, "b1_new")
    'b1 - learning_rate · dE_total/db1'
    """
    edits, slopes = {}, gradients(d)
    for name, step in new_values(d).items():
        lines = [*d.update.lines(d.quantities[name], slopes[name].lhs)]
        if step.quantity.tag == "bias" and len(lines) == 1:  # a rule that remembers something needs lines of its own
            edits[step.name] = _learning(S(name), lines[0][1])
    yield "", edits


def _learning(bias: sp.Symbol, full: sp.Expr) -> Edit:
    return lambda rhs: full if rhs == bias else rhs


@misconception("keeps the biases", "leave the biases as they are", "in this problem the biases learn as the weights do")
def biases_kept(d: Derivation) -> Shapes:
    """The biases stay, though the problem trains them.

    >>> import bpkit as bp
    >>> biases_kept.written(bp.Network(1, 1), "b1_new")
    'b1'
    """
    yield "", _kept(d, tags=("bias",))


@misconception(
    "keeps the hidden weights",
    "leave the hidden weights unchanged",
    "all layers learn in the same update",
    shows=Shows.TRAINING,
)
def hidden_kept(d: Derivation) -> Shapes:
    """Only the output layer learns; or of several hidden layers one does not.

    >>> import bpkit as bp
    >>> hidden_kept.written(bp.examples.article.problem, "w1_new")
    'w1'
    """
    last = last_block(d)
    for where, layers in places(d, 1, last - 1):
        place = [where] if last > 2 and where else []
        yield ", ".join(place), _kept(d, layers)
        yield ", ".join([*place, "while the biases learn"]), _kept(d, layers, tags=("weight",))


@misconception(
    "keeps the output weights",
    "leave the output weights unchanged",
    "all layers learn in the same update",
    shows=Shows.TRAINING,
)
def output_kept(d: Derivation) -> Shapes:
    """Only the hidden layers learn.

    >>> import bpkit as bp
    >>> output_kept.written(bp.examples.article.problem, "w5_new")
    'w5'
    """
    last = last_block(d)
    if last > 1:
        yield "", _kept(d, range(last, last + 1))
        yield "while the biases learn", _kept(d, range(last, last + 1), tags=("weight",))


def _kept(d: Derivation, layers: range | None = None, tags: tuple[str, ...] = ("weight", "bias")) -> dict[str, Edit]:
    """Parameters that keep their values: those of a tag, those that feed the neurons of some layers."""
    lines = [(name, step) for name, step in new_values(d).items() if step.quantity.tag in tags]
    return {step.name: becomes(name) for name, step in lines if layers is None or step.quantity.block in layers}


_UPDATED = (
    "uses the already updated weights",
    "use the new weights of the later layer on the way back",
    "take every derivative at the old weights",
)


@misconception(*_UPDATED, rank=1)
def already_updated(d: Derivation) -> Shapes:
    """The new weights after a layer, where the derivatives before it need the old ones.

    >>> import bpkit as bp
    >>> already_updated.written(bp.examples.article.problem, "dnet_o1/dout_h1")
    'w5_new'
    """
    yield "", _at_new(d, signal_slopes(d))


@misconception(*_UPDATED, rank=3)
def already_updated_in_a_layer(d: Derivation) -> Shapes:
    """The same on the way back to one layer only, of several hidden ones."""
    for where, layers in places(d, 1, last_block(d) - 1) if last_block(d) > 2 else ():
        if where:
            yield where, _at_new(d, at(d, Role.SLOPE, SIGNALS, layers, of=SUMS))


def _at_new(d: Derivation, slopes: list[Step]) -> dict[str, Edit]:
    """The new weights between blocks; those within one are still needed for its own derivatives."""
    between = [step for step in slopes if ends(step)[0].block > ends(step)[1].block]
    return {step.name: becomes(new_values(d)[step.rhs.name].name) for step in between}


# Rules that remember something


def _remembers(d: Derivation) -> list[Step]:
    """The lines of what an update rule remembers of each parameter."""
    return [step for step in d if step.role is Role.UPDATE and step.quantity.tag == STATE and step.quantity.of]


def _velocities(d: Derivation) -> Iterator[tuple[str, sp.Expr, sp.Expr, sp.Expr]]:
    """Each line beta·v + g of momentum: its name, beta, v and g."""
    for step in _remembers(d):
        old, new = step.rhs.args
        if old.is_Mul and new.is_Symbol:
            yield step.name, old.args[0], product(*old.args[1:]), new


@misconception(
    "leaves out the correction of the running means",
    "leave out the correction of the running means",
    "they start at 0, and dividing by 1 − βᵗ corrects that",
)
def means_uncorrected(d: Derivation) -> Shapes:
    """m and v as they are, where Adam divides them by 1 - beta^t; both or one of them.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Adam())
    >>> means_uncorrected.written(problem, "mhat_w5")
    'm_w5'
    """
    hats = [step for step in d if step.quantity.tag == "hat"]
    letters = dict.fromkeys(step.quantity.letter for step in hats)
    for chosen in (letters, *([letter] for letter in letters)) if hats else ():
        edits = {s.name: becomes(s.rhs.args[0]) for s in hats if s.quantity.letter in chosen}
        yield "" if len(chosen) > 1 else f"that of {next(iter(chosen)).removesuffix('hat')} only", edits


@misconception(
    "counts the updates from zero",
    "count the updates from 0",
    "the first update has the number 1",
)
def counted_from_zero(d: Derivation) -> Shapes:
    """beta^(t - 1), where Adam has beta^t.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Adam())
    >>> counted_from_zero.written(problem, "mhat_w5")
    'm_w5 / (1 - beta1^(t - 1))'
    """
    t = COUNT.symbol
    hats = [step for step in d if step.quantity.tag == "hat"]
    yield "", {step.name: lambda rhs: put(rhs, {t: total(t, MINUS)}) for step in hats}


@misconception(
    "swaps the shares of the old and the new",
    "swap the shares of the old mean and the new gradient",
    "multiply the old mean by β and the new gradient by 1 − β",
)
def shares_swapped(d: Derivation) -> Shapes:
    """(1 - beta) of what is remembered and beta of the gradient.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Adam())
    >>> shares_swapped.written(problem, "m_w5")
    '(1 - beta1) · m_w5_old + beta1 · dE_total/dw5'
    """
    edits: dict[str, Edit] = {}
    for step in _remembers(d):
        old, new = step.rhs.args
        if new.is_Mul and old.is_Mul:
            edits[step.name] = becomes(total(product(new.args[0], *old.args[1:]), product(old.args[0], *new.args[1:])))
    yield "", edits


@misconception(
    "takes the gradient's share into the velocity",
    "multiply the gradient by 1 − β",
    "this velocity adds the whole gradient",
)
def share_taken(d: Derivation) -> Shapes:
    """beta·v + (1 - beta)·g, where momentum adds g.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Momentum())
    >>> share_taken.written(problem, "v_w5")
    'beta · v_w5_old + (1 - beta) · dE_total/dw5'
    """
    edits = {
        name: becomes(total(product(beta, old), product(total(ONE, -beta), new)))
        for name, beta, old, new in _velocities(d)
    }
    yield "", edits


@misconception(
    "keeps the whole of the old velocity",
    "leave out β",
    "only the share β of the old velocity stays",
)
def whole_velocity_kept(d: Derivation) -> Shapes:
    """v + g, where momentum has beta·v + g.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Momentum())
    >>> whole_velocity_kept.written(problem, "v_w5")
    'v_w5_old + dE_total/dw5'
    """
    yield "", {name: becomes(total(old, new)) for name, _, old, new in _velocities(d)}


@misconception(
    "forgets the square in the running mean",
    "forget to square the gradient",
    "take the mean of the squared gradients",
)
def mean_not_squared(d: Derivation) -> Shapes:
    """The mean of the gradients, where that of their squares belongs.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Adam())
    >>> mean_not_squared.written(problem, "v_w5")
    'beta2 · v_w5_old + (1 - beta2) · dE_total/dw5'
    """
    squared = [step for step in _remembers(d) if any(power.exp == 2 for power in step.rhs.atoms(sp.Pow))]
    edit: Edit = lambda rhs: put(rhs, {power: power.base for power in rhs.atoms(sp.Pow) if power.exp == 2})
    yield "", {step.name: edit for step in squared}


@misconception(
    "forgets the root of the running mean",
    "forget the square root",
    "divide the step by the root of the mean of the squares",
)
def root_forgotten(d: Derivation) -> Shapes:
    """The gradient over the mean of the squares, without its root.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Adam())
    >>> root_forgotten.written(problem, "w5_new")
    'w5 - learning_rate · mhat_w5 / (vhat_w5 + epsilon)'
    """
    rooted = [step for step in new_values(d).values() if any(power.exp == HALF for power in step.rhs.atoms(sp.Pow))]
    edit: Edit = lambda rhs: put(rhs, {power: power.base for power in rhs.atoms(sp.Pow) if power.exp == HALF})
    yield "", {step.name: edit for step in rooted}


@misconception(
    "puts ε inside the root",
    "put ε under the root",
    "add ε after you take the root",
)
def epsilon_inside(d: Derivation) -> Shapes:
    """√(v + epsilon), where √v + epsilon belongs.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.Adam())
    >>> epsilon_inside.written(problem, "w5_new")
    'w5 - learning_rate · mhat_w5 · (vhat_w5 + epsilon)^(-1/2)'
    """
    edits: dict[str, Edit] = {}
    for step in new_values(d).values():
        for power in step.rhs.atoms(sp.Pow):
            root, *more = sorted(power.base.args, key=lambda term: not term.has(sp.Pow)) if power.base.is_Add else [ONE]
            if more and root.is_Pow and root.exp == HALF:
                inside = sp.Pow(total(root.base, *more), -HALF, evaluate=False)
                edits[step.name] = instead_of(power, inside)
    yield "", edits


@misconception(
    "divides by the usual size of another slope",
    "divide by the usual size of another weight's slope",
    "this rule divides each slope by its own usual size, so a small slope makes no small step",
)
def size_of_another(d: Derivation) -> Shapes:
    """The root of the mean that belongs to the next weight of the layer, or to the one before."""
    layers: dict[int, dict[str, sp.Expr]] = {}
    for step in new_values(d).values():
        for power in step.rhs.atoms(sp.Pow) if step.quantity.tag == "weight" else ():
            if power.exp == HALF:
                layers.setdefault(step.quantity.block, {})[step.name] = power.base
    for shift in (1, -1):
        edits: dict[str, Edit] = {}
        for own in layers.values():
            others = [*own.values()][shift:] + [*own.values()][:shift]
            pairs = zip(own.items(), others)
            edits |= {name: instead_of(mean, other) for (name, mean), other in pairs if mean != other}
        yield "", edits


@misconception(
    "leaves the weight out of the decay",
    "add λ instead of λ times the weight",
    "the decay is a share λ of the weight",
)
def decay_without_weight(d: Derivation) -> Shapes:
    """g + lambda, where weight decay adds lambda·w.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem.replace(update=bp.updates.GradientDescent(weight_decay=0.1))
    >>> decay_without_weight.written(problem, "g_w5")
    'dE_total/dw5 + weight_decay'
    """
    decayed = [step for step in d if step.quantity.tag == "decayed"]
    yield "", {step.name: without(ends(step)[0].name) for step in decayed}


@misconception(
    "updates the biases with weight decay",
    "let the biases decay too",
    "only weights decay",
)
def biases_decayed(d: Derivation) -> Shapes:
    """The bias, too, loses a share of itself."""
    edits: dict[str, Edit] = {}
    for step in d if d.update.weight_decay else ():
        if step.role is Role.UPDATE and step.quantity.tag in (STATE, "bias") and (bias := ends(step)[0]).tag == "bias":
            gradient = gradients(d)[bias.name].lhs
            edits[step.name] = instead_of(gradient, total(gradient, product(DECAY, bias.symbol)))
    yield "", edits
