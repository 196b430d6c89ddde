"""Slips that programs of blocks make with whole arrays: not transposed, over the wrong axis, of another step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as product_of

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, OUT, names_in, power, product, put, total
from bpkit.core.functions import activation
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.attention_slips import wrong_axis
from bpkit.mistakes.misconceptions.convolution_slips import kernel_shifted, kernel_turned
from bpkit.mistakes.misconceptions.look_alikes import sibling
from bpkit.mistakes.misconceptions.recurrence_slips import gate_slope_forgotten, way_back_cut
from bpkit.mistakes.misconceptions.rule import Rule, Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import adjoint, at, beside, ends, gradients, row
from bpkit.mistakes.programs.spellings import parameters_of
from bpkit.mistakes.rewrite import Edit, Misconception, becomes, instead, instead_of

_TANH = activation("tanh").slope


@misconception(
    "does not transpose a matrix on the way back",
    "leave a matrix as it is on the way back",
    "what went from the one to the other on the way forward comes back from the other to the one, so transpose it",
)
def not_transposed(d: Derivation) -> Shapes:
    """A square of shares, or of what comes back to scores, with rows for columns, in the derivatives of one array."""
    shares: dict[str, dict[str, Edit]] = {}
    for step in (one for one in d if one.role is Role.SLOPE and one.rhs.is_Symbol):
        used, by = d.quantities[step.rhs.name], ends(step)[1]
        other = sibling(d, used, used.index[::-1]) if _is_square(used) else None
        if by.role is Role.FORWARD and other and other != used:
            shares.setdefault(by.family, {})[step.name] = becomes(other.symbol)
    yield from (("", edits) for edits in shares.values())
    yield "", _turned_in(d, "key")


@misconception(
    "transposes a matrix on the way back",
    "transpose a matrix on the way back",
    "here it belongs as it is: what comes back to the scores of a token goes to the query of this token",
)
def transposed(d: Derivation) -> Shapes:
    """What comes back to scores, with rows for columns, in the derivatives of the queries."""
    yield "", _turned_in(d, "query")


@misconception(
    "swaps queries and keys on the way back",
    "swap the derivatives of the queries and the keys",
    "a query gets what comes back to the scores of its own row, a key that of its own column",
)
def queries_for_keys(d: Derivation) -> Shapes:
    """What comes back to a key for what comes back to the query, and the other way round.

    >>> import bpkit as bp
    >>> queries_for_keys.written(bp.Model((1, 1), bp.blocks.Attention(1)), "dE_total/dq_o1_1")
    'dE_total/dscore_o1_1 · dscore_o1_1/dk_o1_1'
    """
    edits: dict[str, Edit] = {}
    pairs = (("query", "key"), ("key", "query"))
    for tag, other in pairs:
        for step in at(d, Role.ADJOINT, tag):
            by = beside(d, ends(step)[1], other)
            if by and (wrong := adjoint(d, by)):
                edits[step.name] = becomes(wrong.rhs)
    yield "", edits


@misconception(kernel_shifted.name, kernel_shifted.you, kernel_shifted.sentence)
def kernel_shifted_round(d: Derivation) -> Shapes:
    """In the derivative of a kernel the signal beside the right one; behind the end comes the first, as in ``np.roll``,
    and before the first the last, as with an index of -1.
    """
    slopes = [step for step in at(d, Role.SLOPE, "weight", of="net") if step.rhs.is_Symbol]
    covered = [(step, d.quantities[step.rhs.name]) for step in slopes if _is_of_kernel(d, ends(step)[1])]
    families: dict[str, dict[tuple[int, ...], Quantity]] = {signal.family: {} for _, signal in covered}
    for one in d.quantities.values():
        if one.family in families:
            families[one.family][one.index] = one
    dimensions = max((len(signal.index) for _, signal in covered), default=0)
    for by in product_of((0, 1, -1), repeat=dimensions):
        edits: dict[str, Edit] = {}
        for step, signal in covered if any(by) else ():
            row = families[signal.family]
            sizes = (max(numbers) for numbers in zip(*row))
            index = tuple((i - 1 + k) % size + 1 for i, k, size in zip(signal.index, by, sizes))
            edits[step.name] = becomes(row[index].symbol)
        yield "in its derivative", edits


def _is_of_kernel(d: Derivation, parameter: Quantity) -> bool:
    """Does an index of a parameter count places in a kernel, and no signals?"""
    names = d.network.tables.get(parameter.letter)
    return names is not None and (parameter.letter in d.network.upright or names.ndim == 1)


@misconception(gate_slope_forgotten.name, gate_slope_forgotten.you, gate_slope_forgotten.sentence)
def gate_slopes_forgotten(d: Derivation) -> Shapes:
    """The slopes of all gates of a cell are missing, that of the candidate too or not.

    >>> import bpkit as bp
    >>> gate_slopes_forgotten.written(bp.Model((1, 1), bp.blocks.LSTM(1)), "dE_total/dneti_o1_1")
    'dE_total/di_o1_1'
    """
    shapes = [edits for _, edits in gate_slope_forgotten(d)]
    for words, several in (("those of all gates", shapes[:-1]), ("those of all gates and the candidate", shapes)):
        yield words, {name: edit for edits in several for name, edit in edits.items()}


@misconception(way_back_cut.name, way_back_cut.you, way_back_cut.sentence)
def way_back_truncated(d: Derivation) -> Shapes:
    """The way back ends after some steps.

    >>> import bpkit as bp
    >>> way_back_truncated.written(bp.Model((2, 1), bp.blocks.Recurrent(1)), "dE_total/dout_o1_1")
    '0'
    """
    steps: dict[int, dict[str, Edit]] = {}
    for _, edits in way_back_cut(d):
        for name, edit in edits.items():
            steps.setdefault(ends(d.by_name[name])[1].index[0], {})[name] = edit
    for step, edits in steps.items():
        yield f"behind step {step}", edits


@misconception(
    "forgets the square in the slope of tanh",
    "forget to square the output in the slope of tanh",
    "the slope of tanh is 1 − out²",
)
def unsquared(d: Derivation) -> Shapes:
    """1 - out instead of 1 - out², in the hidden blocks.

    >>> import bpkit as bp
    >>> unsquared.written(bp.Model((1, 1), bp.blocks.Recurrent(1)), "dout_o1_1/dnet_o1_1")
    '1 - out_o1_1'
    """
    edits: dict[str, Edit] = {}
    for step in at(d, Role.SLOPE, ("net", "cell"), of="out"):
        out = ends(step)[0].symbol
        if step.rhs == put(_TANH, {OUT: out}):
            edits[step.name] = instead_of(power(out, 2), out)
    yield "", edits


def _turned_in(d: Derivation, tag: str) -> dict[str, Edit]:
    """What comes back to a square, with rows for columns, in the derivatives of what has a tag."""
    edits: dict[str, Edit] = {}
    for step in at(d, Role.ADJOINT, tag):
        pairs = {name: _turned(d, name) for name in names_in(step.rhs)}
        edits[step.name] = instead({name: other for name, other in pairs.items() if other})
    return edits


def _is_square(one: Quantity) -> bool:
    """Do both indices of a quantity count the same?"""
    return len(one.axes) == 2 and one.axes[0] == one.axes[1]


def _turned(d: Derivation, name: str) -> str:
    """What comes back to the other side of a square."""
    one = d.quantities.get(name)
    by = one.by if one and one.role is Role.ADJOINT else None
    other = sibling(d, by, by.index[::-1]) if by and _is_square(by) else None
    step = adjoint(d, other) if other else None
    return step.name if step else ""


@misconception(kernel_turned.name, kernel_turned.you, kernel_turned.sentence)
def deltas_turned(d: Derivation) -> Shapes:
    """What comes back is laid on the signals from its end, as ``np.convolve`` does.

    >>> import bpkit as bp
    >>> deltas_turned.written(bp.Model(3, bp.blocks.Conv1d(2)), "dE_total/dk1_1")
    'dE_total/dnet_o2 · dnet_o1/dk1_1 + dE_total/dnet_o1 · dnet_o2/dk1_1'
    """
    edits: dict[str, Edit] = {}
    for key, one in parameters_of(d.network).items():
        if one.tag == "weight" and (key in d.network.upright or d.network.tables[key].ndim == 1):
            nets = [adjoint(d, net) for net in row(d, one.block)]
            names = [step.name for step in nets if step]
            for name in d.network.tables[key].flat:
                edits[gradients(d)[name].name] = instead(dict(zip(names, reversed(names))))
    yield "in its derivative, as np.convolve does", edits


@misconception(
    "forgets the slope of the softmax",
    "leave out the slope of the softmax",
    "going back from the shares to the scores, multiply by the slopes of the softmax",
)
def softmax_slope_forgotten(d: Derivation) -> Shapes:
    """What comes back to a share is taken for what comes back to its score.

    >>> import bpkit as bp
    >>> softmax_slope_forgotten.written(bp.Model((2, 1), bp.blocks.Attention(1)), "dE_total/dscore_o1_1")
    'dE_total/dshare_o1_1'
    """
    yield "", {step.name: becomes(back.lhs) for step, back, _ in _shares(d)}


def _shares(d: Derivation) -> Iterator[tuple[Step, Step, Quantity]]:
    """For each score the line of what comes back to it, that of its share, and the share."""
    for step in at(d, Role.ADJOINT, "score"):
        share = beside(d, ends(step)[1], "share")
        back = adjoint(d, share) if share else None
        if share and back:
            yield step, back, share


@misconception(wrong_axis.name, wrong_axis.you, wrong_axis.sentence)
def softmax_back_over_columns(d: Derivation) -> Shapes:
    """On the way back what is taken away is summed over the columns."""
    found = [*_shares(d)]
    edits: dict[str, Edit] = {}
    for step, back, share in found:
        column = [
            (one, other.lhs) for _, other, one in found if one.index[-1:] == share.index[-1:] and _same(one, share)
        ]
        taken = total(*(product(one.symbol, came) for one, came in column))
        edits[step.name] = becomes(product(share.symbol, total(back.lhs, product(MINUS, taken))))
    yield "on the way back only", edits


def _same(one: Quantity, other: Quantity) -> bool:
    return (one.block, one.letter) == (other.block, other.letter)


@misconception(
    "leaves out the gain",
    "leave out the gain",
    "the gain multiplies the normalised number, so it multiplies what comes back too",
)
def gain_forgotten(d: Derivation) -> Shapes:
    """On the way back through a layer's normalisation.

    >>> import bpkit as bp
    >>> gain_forgotten.written(bp.Model(2, bp.blocks.LayerNorm()), "dE_total/dnorm_o1")
    'dE_total/dout_o1'
    """
    lines = {ends(step)[1].name: ends(step)[0] for step in at(d, Role.SLOPE, "norm", of="shifted")}
    backs = ((step, adjoint(d, lines[ends(step)[1].name])) for step in at(d, Role.ADJOINT, "norm"))
    yield "", {step.name: becomes(back.lhs) for step, back in backs if back}


@misconception(
    "takes the slope of another step",
    "take the slope of another step",
    "each step has the slope at its own output",
)
def slope_of_another_step(d: Derivation) -> Shapes:
    """The output of the step before, or after, in the slope of an activation.

    >>> import bpkit as bp
    >>> slope_of_another_step.written(bp.Model((2, 1), bp.blocks.Recurrent(1)), "dout_o2_1/dnet_o2_1")
    '1 - out_o1_1²'
    """
    starts = {(one.quantity.block, one.quantity.letter) for one in at(d, Role.FORWARD, "start")}
    for by, words in ((-1, "that of the step before"), (1, "that of the step after")):
        edits: dict[str, Edit] = {}
        for step in at(d, Role.SLOPE, "net", of="out"):
            out = ends(step)[0]
            other = sibling(d, out, (out.index[0] + by, *out.index[1:])) if (out.block, out.letter) in starts else None
            if other:
                edits[step.name] = instead({out.name: other.name})
        yield words, edits


RULES: tuple[Rule, ...] = (
    not_transposed,
    transposed,
    queries_for_keys,
    kernel_shifted_round,
    gate_slopes_forgotten,
    way_back_truncated,
    unsquared,
    deltas_turned,
    softmax_slope_forgotten,
    softmax_back_over_columns,
    gain_forgotten,
    slope_of_another_step,
)


def array_ways(d: Derivation) -> Iterator[Misconception]:
    """The slips of this file as they look on a model."""
    for rule in RULES if not d.network.layers else ():
        for detail, edits in rule(d):
            if edits:
                yield Misconception(rule.name, rule.you, rule.sentence, detail, dict(edits), rank=rule.rank)
