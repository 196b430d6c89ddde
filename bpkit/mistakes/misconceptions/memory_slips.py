"""Slips with update rules that remember something or let weights decay: running means, velocities, decay."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, ONE, product, put, total
from bpkit.core.quantities import Role
from bpkit.core.updates import COUNT, DECAY, STATE
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import ends, gradients, new_values
from bpkit.mistakes.rewrite import Edit, becomes, instead_of, without

HALF = sp.Rational(1, 2)


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
