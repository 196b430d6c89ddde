"""Slips with scores and shares: the softmax of a row, the root of the width, queries and keys."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, ONE, names_in, power, product, total
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.look_alikes import sibling
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import adjoint, at, beside, ends, uses
from bpkit.mistakes.rewrite import Edit, becomes, instead, only


@misconception(
    "takes only the diagonal of the softmax slope",
    "use only the slope of each share with respect to its own score",
    "with softmax each score moves every share of its row",
)
def shares_diagonal(d: Derivation) -> Shapes:
    """Only the slope of a share with respect to its own score.

    >>> import bpkit as bp
    >>> shares_diagonal.written(bp.Model((2, 1), bp.blocks.Attention(1)), "dE_total/dscore_o1_1")
    'dE_total/dshare_o1_1 · dshare_o1_1/dscore_o1_1'
    """
    edits: dict[str, Edit] = {}
    for step in at(d, Role.ADJOINT, "score"):
        score = ends(step)[1]
        own = [slope.name for slope in uses(d, score) if ends(slope)[0].index == score.index]
        edits[step.name] = only(*own)
    yield "", edits


@misconception(
    "forgets the slope of the softmax",
    "leave out the slope of the softmax",
    "between a share and its score lies a softmax, so multiply by its slope",
    rank=1,
)
def softmax_slope_forgotten(d: Derivation) -> Shapes:
    """The derivative with respect to a share instead of its score, by itself or without the root.

    >>> import bpkit as bp
    >>> softmax_slope_forgotten.written(bp.Model((2, 1), bp.blocks.Attention(1)), "dE_total/dscore_o1_1")
    'dE_total/dshare_o1_1'
    """
    edits: dict[str, Edit] = {}
    for step in at(d, Role.ADJOINT, "score"):
        share = beside(d, ends(step)[1], "share")
        if share and (back := adjoint(d, share)):
            edits[step.name] = becomes(back.lhs)
    slopes = at(d, Role.SLOPE, ("query", "key"), of="score") if edits else []
    bare: dict[str, Edit] = {step.name: _bare for step in slopes if _bare(step.rhs) != step.rhs}
    yield "", edits
    if bare:
        yield "and the root of the width", {**edits, **bare}


@misconception(
    "forgets the root of the width",
    "do not divide the scores by the root of the width",
    "each score is divided by the root of the width, and so are its slopes",
    rank=1,
)
def root_of_width_forgotten(d: Derivation) -> Shapes:
    """Scores as they come, QKᵀ: throughout, or one way only.

    >>> import bpkit as bp
    >>> root_of_width_forgotten.written(bp.Model((2, 1), bp.blocks.Attention(2)), "score_o1_1")
    'q_o1_1 · k_o1_1 + q_o1_2 · k_o1_2'
    """
    yield from _divided(d, _bare)


def _divided(d: Derivation, edit: Edit) -> Shapes:
    """The scores that are divided by a root, and their slopes, otherwise: throughout, or one way only."""
    scores = [step for step in at(d, Role.FORWARD, "score") if _bare(step.rhs) != step.rhs]
    slopes = at(d, Role.SLOPE, ("query", "key"), of="score") if scores else []
    forward: dict[str, Edit] = {step.name: edit for step in scores}
    back: dict[str, Edit] = {step.name: edit for step in slopes}
    yield "", {**forward, **back}
    yield "on the way forward only", forward
    yield "on the way back only", back


def _bare(rhs: sp.Expr) -> sp.Expr:
    """A product without its numbers."""
    return product(*(factor for factor in rhs.args if names_in(factor))) if rhs.is_Mul else rhs


@misconception(
    "divides the scores by the width",
    "divide by the width instead of its root",
    "each score is divided by the root of the width, and so are its slopes",
)
def width_without_root(d: Derivation) -> Shapes:
    """Scores over the width itself: throughout, or one way only.

    >>> import bpkit as bp
    >>> width_without_root.written(bp.Model((2, 1), bp.blocks.Attention(2)), "score_o1_1")
    '½ · (q_o1_1 · k_o1_1 + q_o1_2 · k_o1_2)'
    """
    yield from _divided(d, _over_width)


def _over_width(rhs: sp.Expr) -> sp.Expr:
    """A product whose root of a number is that number."""
    return product(*(factor if names_in(factor) else sp.Pow(factor.doit(), 2) for factor in rhs.args))


@misconception(
    "takes a key for its own slope",
    "multiply by the key itself",
    "a score is query times key, so its slope with respect to the key is the query",
)
def own_slope_of_key(d: Derivation) -> Shapes:
    """The key where its slope is the query; the other way round all adds up to 0.

    >>> import bpkit as bp
    >>> own_slope_of_key.written(bp.Model((2, 1), bp.blocks.Attention(1)), "dscore_o1_1/dk_o1_1")
    'k_o1_1'
    """
    slopes = at(d, Role.SLOPE, "key", of="score")
    yield "", {step.name: instead({name: ends(step)[1].name for name in names_in(step.rhs)}) for step in slopes}


@misconception(
    "takes the tokens in the wrong order on the way back",
    "take the queries or the keys of the tokens in the wrong order on the way back",
    "the derivative at a score goes with the query of its row and with the key of its column",
)
def tokens_in_wrong_order(d: Derivation) -> Shapes:
    """The last token's query where the first one's belongs; the same of the keys.

    >>> import bpkit as bp
    >>> tokens_in_wrong_order.written(bp.Model((2, 1), bp.blocks.Attention(1)), "dscore_o1_1/dk_o1_1")
    'q_o2_1'
    """
    for tag, words in (("key", "the queries"), ("query", "the keys")):
        edits: dict[str, Edit] = {}
        for step in at(d, Role.SLOPE, tag, of="score"):
            other = next(step.names[name] for name in names_in(step.rhs))
            last = len(_column(d, ends(step)[0]))
            if taken := sibling(d, other, (last + 1 - other.index[0], *other.index[1:])):
                edits[step.name] = instead({other.name: taken.name})
        yield words, edits


@misconception(
    "takes the softmax over the wrong axis",
    "take the softmax over the columns",
    "the shares of each token add up to 1, so the softmax goes along each row",
)
def wrong_axis(d: Derivation) -> Shapes:
    """The shares of a column add up to 1: on the way forward only, or throughout.

    >>> import bpkit as bp
    >>> wrong_axis.written(bp.Model((2, 1), bp.blocks.Attention(1)), "share_o1_1")
    'exp(score_o1_1) / (exp(score_o1_1) + exp(score_o2_1))'
    """
    forward: dict[str, Edit] = {}
    back: dict[str, Edit] = {}
    for step in at(d, Role.FORWARD, "share"):
        score = beside(d, step.quantity, "score")
        column = [sp.exp(one.symbol) for one in _column(d, score)] if score else []
        if score and len(column) > 1:
            forward[step.name] = becomes(product(sp.exp(score.symbol), power(total(*column), -1)))
    for step in at(d, Role.ADJOINT, "score") if forward else ():
        if share := beside(d, ends(step)[1], "share"):
            back[step.name] = becomes(total(*_through_column(d, share)))
    yield "", {**forward, **back}
    yield "on the way forward only", forward


def _through_column(d: Derivation, share: Quantity) -> Iterator[sp.Expr]:
    """The terms that come back to a score through the shares of its column."""
    for other in _column(d, share):
        rest = total(ONE, -other.symbol) if other == share else product(MINUS, share.symbol)
        if back := adjoint(d, other):
            yield product(back.lhs, other.symbol, rest)


def _column(d: Derivation, one: Quantity) -> list[Quantity]:
    """All quantities of a square whose second index is the same."""
    found = [one]
    while after := sibling(d, found[-1], (found[-1].index[0] + 1, one.index[1])):
        found.append(after)
    while before := sibling(d, found[0], (found[0].index[0] - 1, one.index[1])):
        found.insert(0, before)
    return found


@misconception(
    "does not transpose the keys",
    "use the keys without transposing them",
    "each score takes the query of one token and the key of another, number by number",
)
def keys_not_transposed(d: Derivation) -> Shapes:
    """QK instead of QKᵀ, where there are as many tokens as numbers in a key: throughout, or one way only.

    >>> import bpkit as bp
    >>> keys_not_transposed.written(bp.Model((2, 1), bp.blocks.Attention(2)), "score_o1_2")
    '(q_o1_1 · k_o1_2 + q_o1_2 · k_o2_2) / √2'
    """
    turned: dict[str, Quantity] = {}
    for step in at(d, Role.FORWARD, "key"):
        if other := sibling(d, step.quantity, step.quantity.index[::-1]):
            turned[step.name] = other
    keys = at(d, Role.FORWARD, "key")
    if len(turned) < len(keys) or all(name == one.name for name, one in turned.items()):
        return
    names = {name: one.name for name, one in turned.items()}
    forward = {step.name: instead(names) for step in at(d, Role.FORWARD, "score")}
    slopes = {step.name: instead(names) for step in at(d, Role.SLOPE, "query", of="score")}
    back: dict[str, Edit] = {}
    for step in at(d, Role.ADJOINT, "key"):
        if wrong := adjoint(d, turned[ends(step)[1].name]):
            back[step.name] = becomes(wrong.rhs)
    yield "", {**forward, **slopes, **back}
    yield "on the way forward only", forward
    yield "on the way back only", slopes
