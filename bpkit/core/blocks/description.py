"""What a block's description needs: its number, what its names mean, and its activation as a formula; in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bpkit.core.expressions import Z, symbol
from bpkit.core.functions import Activation
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import expr_latex, in_words

_NET = symbol("net")


@dataclass(frozen=True)
class Place:
    """The number of a block in its model, and the quantities that it has there."""

    number: int
    quantities: tuple[Quantity, ...]

    def names(self, letters: Sequence[str], *kinds: str) -> str:
        r"""What the names mean, by an example.

        >>> place = Place(1, (Quantity("net", "h1_", (3, 1)), Quantity("out", "h1_", (3, 1))))
        >>> place.names(("net", "out"), "step", "neuron")
        '$\\mathit{net}_{h1,3,1}$ and $\\mathit{out}_{h1,3,1}$ are those of step 3, neuron 1'
        """
        made = [one for one in self.quantities if one.letter in letters]
        index = made[-1].index
        places = ", ".join(f"{kind} {place}" for kind, place in zip(kinds[-len(index) :], index))
        names = [f"${one.latex}$" for one in made if one.index == index]
        return f"{in_words(names)} {'is that' if len(names) == 1 else 'are those'} of {places}"


def function(activation: Activation) -> str:
    r"""An activation and its formula.

    >>> from bpkit.core.functions import activation as named
    >>> function(named("tanh"))
    'tanh, $\\mathit{out} = \\tanh{\\left(\\mathit{net} \\right)}$'
    """
    if activation.joint:
        return r"softmax, $\mathit{out}_{k} = e^{\mathit{net}_{k}} / \sum_{j} e^{\mathit{net}_{j}}$"
    return f"{activation.written}, $\\mathit{{out}} = {expr_latex(activation.expr.xreplace({Z: _NET}), {})}$"


def of_steps(steps: str) -> str:
    """What a block with steps passes on.

    >>> of_steps("all")
    'what comes out at every step'
    """
    return "what comes out at every step" if steps == "all" else "what comes out at the last step"
