"""One head of attention: shares = softmax of QKᵀ/√width row by row, and each token takes its shares of the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from bpkit.core.architecture import Names, Start
from bpkit.core.blocks.block import Block, Draft, Signals, activated, array, checked, size
from bpkit.core.blocks.description import Place
from bpkit.core.expressions import power, product, total
from bpkit.core.functions import activation
from bpkit.core.lines import Slope
from bpkit.core.neurons import net_input
from bpkit.core.quantities import Quantity
from bpkit.core.runtime import Array
from bpkit.core.spelling import in_words

PROJECTIONS = {"q": "query", "k": "key", "v": "value"}


@dataclass(frozen=True, repr=False)
class Attention(Block):
    """One head of scaled dot-product attention over steps, softmax(QKᵀ/√width) V, with Q = X Wq, K = X Wk, V = X Wv.

    It has no biases, no mask and no projection of its output.

    Shapes: (tokens, n) to (tokens, width). Arrays ``Wq1``, ``Wk1`` and ``Wv1`` (n, width), with the block's number.
    Units: none. Errors: ``BpkitError`` for inputs without steps.
    Source: Vaswani et al., "Attention is all you need" (2017), section 3.2.1.

    >>> import bpkit as bp
    >>> bp.derive(bp.Model((2, 1), bp.blocks.Attention(1)))["score_o1_2"].rhs
    k_o2_1*q_o1_1
    """

    width: int

    def __post_init__(self) -> None:
        checked(self, width=size("Attention", "width", self.width))

    def write(self, draft: Draft, given: Signals) -> Signals:
        signals, step, own = self._steps(given).symbols, given.axes[0], draft.axis()
        (tokens, before), width = signals.shape, self.width
        places = draft.row("score", (tokens, tokens), (step, step), "score")
        weights = {
            letter: draft.parameters(f"W{letter}", (before, width), (given.axes[1], own), start=Start(before, width))
            for letter in PROJECTIONS
        }
        query, key, value = (
            self._projected(draft, letter, signals, weights[letter], (step, own)) for letter in PROJECTIONS
        )
        draft.lines.stage()
        scores = [_score(draft, one, query, key) for one in places.flat]
        shares = _shares(draft, array(scores, places.shape), step)
        draft.lines.stage()
        mixed = [
            _mixed(draft, one.index, (step, own), shares, value)
            for one in draft.row("out", (tokens, width), (step, own), "mix").flat
        ]
        return Signals(array(mixed, (tokens, width)), (step, own))

    def _projected(self, draft: Draft, letter: str, signals: Names, weights: Names, axes: tuple[int, ...]) -> Names:
        draft.lines.stage()
        found = []
        for place in draft.row(letter, (len(signals), self.width), axes, PROJECTIONS[letter]).flat:
            t, a = place.index
            terms = [(w, one, f"the signal {one}") for w, one in zip(weights[:, a - 1], signals[t - 1])]
            why = f"{PROJECTIONS[letter]} of token {t}: each number of the token times its weight"
            found.append(net_input(draft.lines, place, terms, None, why))
        return array(found, (len(signals), self.width))

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Queries, keys and values, the scores, the shares, and what each token gets: with equal scores the mean value.

        >>> own = {"Wq": np.zeros((1, 1)), "Wk": np.ones((1, 1)), "Wv": np.ones((1, 1))}
        >>> Attention(1).computed(own, np.array([[1.0], [3.0]]))["out"].tolist()
        [[2.0], [2.0]]
        """
        q, k, v = (x @ own[f"W{letter}"] for letter in "qkv")
        score = q @ k.T / np.sqrt(self.width)
        share = activated(score, activation("softmax"))
        return {"q": q, "k": k, "v": v, "score": score, "share": share, "out": share @ v}

    def told(self, place: Place) -> str:
        n = place.number
        projections = in_words(
            [f"${letter.upper()} = X \\cdot \\mathit{{W{letter}}}_{{{n}}}$" for letter in ("q", "k", "v")]
        )
        width = f" / \\sqrt{{{self.width}}}" if self.width > 1 else ""
        tokens = place.names(("q", "k", "v", "out"), "token", "number")
        return (
            f"Block {n} is one head of attention of width {self.width}. Row $t$ of $X$ is step $t$, here called "
            f"token $t$: {projections}. The shares are the softmax of each row of $Q \\cdot K^{{\\top}}{width}$, the "
            r"scores; the output is $\mathit{share} \cdot V$. A share in row $i$ and column $j$ is what token $i$ "
            f"takes of token $j$. Here {tokens}"
        )


def _score(draft: Draft, place: Quantity, queries: Names, keys: Names) -> sp.Symbol:
    i, j = place.index
    pairs, slopes = [*zip(queries[i - 1], keys[j - 1])], {}
    root = sp.sqrt(sp.Integer(len(pairs)))
    shrink = [sp.Rational(1, root) if root.is_Integer else power(root, -1)] if root != 1 else []
    divided = f", then divided by √{len(pairs)}" if shrink else ""
    for q, k in pairs:
        slopes[q] = Slope(product(*shrink, k), f"in {place.name} the query's {q} is multiplied by {k}{divided}")
        slopes[k] = Slope(product(*shrink, q), f"in {place.name} the key's {k} is multiplied by {q}{divided}")
    fit = total(*(product(q, k) for q, k in pairs))
    why = f"how well the query of token {i} fits the key of token {j}"
    return draft.lines.let(place, product(*shrink, fit), why, slopes)


def _shares(draft: Draft, scores: Names, step: int) -> Names:
    """Write the shares: softmax over each row of scores."""
    softmax, places = activation("softmax"), draft.row("share", scores.shape, (step, step), "share")
    draft.lines.stage()
    for row, nets in zip(places, scores):
        symbols = [one.symbol for one in row]
        for k, place in enumerate(row):
            rhs, stable = softmax.at(nets, k)
            slopes = {}
            for j, score in enumerate(nets):
                why = f"slope of {place.name} with respect to its own score, which makes it larger"
                if j != k:
                    why = f"the shares of a token add up to 1, so {place.name} falls when {score} grows"
                shown, computed = softmax.slope_at(nets, symbols, k, j)
                slopes[score] = Slope(shown, why, computed)
            i, j = place.index
            draft.lines.let(
                place, rhs, f"the share of token {j} in the output of token {i}: softmax of its score", slopes, stable
            )
    return array([one.symbol for one in places.flat], scores.shape)


def _mixed(draft: Draft, at: tuple[int, ...], axes: tuple[int, ...], shares: Names, value: Names) -> sp.Symbol:
    i, a = at
    place, slopes = draft.quantity("out", at, axes, "mix"), {}
    for share, one in zip(shares[i - 1], value[:, a - 1]):
        slopes[share] = Slope(one, f"in {place.name} the share {share} multiplies {one}")
        slopes[one] = Slope(share, f"in {place.name} the value {one} is multiplied by its share {share}")
    mix = total(*(product(share, one) for share, one in zip(shares[i - 1], value[:, a - 1])))
    return draft.lines.let(place, mix, f"output of token {i}: the values of all tokens, each times its share", slopes)
