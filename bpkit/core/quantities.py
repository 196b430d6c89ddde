"""Quantities: what a line is about, as data; names are made from it and never taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import sympy as sp

from bpkit.core.expressions import symbol


class Role(StrEnum):
    """What a quantity is in a derivation: given by a problem, or written by one of the five kinds of lines."""

    GIVEN = "given"
    FORWARD = "forward"
    SLOPE = "slope"  # of one line in a quantity that it uses: dnet_o1/dout_h1
    ADJOINT = "adjoint"  # of the loss, or of one error, in a quantity of the forward pass
    GRADIENT = "gradient"  # of the loss in a parameter
    UPDATE = "update"


@dataclass(frozen=True)
class Quantity:
    """One number of a derivation: a letter, the place that it is at, and an index in its family.

    ``net`` at the place ``h`` with index (1,) is ``net_h1``. A derivative is ``of`` one quantity ``by`` another; a
    quantity with a ``mark`` (new, old) is ``of`` the parameter or state that it follows. ``tag`` is the block's word
    for it (net, out, error, total, weight, bias, input, target), for a derivative that of what it is taken by;
    ``block`` counts the layers or blocks, inputs 0. ``spelled`` is a name that a person chose. ``axes`` says what each
    index counts, where it is not the neurons of the blocks: equal numbers count the same, such as steps in time.
    """

    letter: str
    place: str = ""
    index: tuple[int, ...] = ()
    role: Role = Role.GIVEN
    tag: str = ""
    block: int = 0
    spelled: str = ""
    axes: tuple[int, ...] = ()
    of: Quantity | None = field(default=None, repr=False)
    by: Quantity | None = field(default=None, repr=False)
    mark: str = ""

    @cached_property
    def name(self) -> str:
        """The textbook's name, also of a derivative, a new value and what a rule remembers.

        >>> Quantity("net", "h", (1,)).name, Quantity("m", of=Quantity("w", index=(5,))).name
        ('net_h1', 'm_w5')
        """
        if self.of:
            return self._about(self.of.name, self.by.name if self.by else "")
        return self.spelled or (f"{self.letter}_{self.neuron}" if self.place else self.letter + self.neuron)

    @cached_property
    def symbol(self) -> sp.Symbol:
        """The symbol for it in right sides."""
        return symbol(self.name)

    @cached_property
    def family(self) -> str:
        """What the quantities of one row share: the name without the index.

        >>> Quantity("net", "h", (1,)).family
        'net_h'
        """
        if self.of:
            return self._about(self.of.family, self.by.family if self.by else "")
        return f"{self.letter}_{self.place.rstrip('_')}" if self.place else self.letter

    def _about(self, of: str, by: str) -> str:
        if by:
            return f"d{of}/d{by}"
        return f"{of}_{self.mark}" if self.mark else f"{self.letter}_{of}"

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """The index in the family: of a derivative those of both, of what follows a parameter the parameter's.

        >>> derivative(Quantity("net", "o", (1,)), Quantity("W_2", index=(2, 1), spelled="w6"), Role.SLOPE).indices
        (1, 2, 1)
        """
        return (*(self.of.indices if self.of else ()), *(self.by.indices if self.by else ()), *self.index)

    @property
    def subject(self) -> Quantity:
        """The quantity itself; of what an update writes or remembers its parameter.

        >>> updated(Quantity("w", index=(5,))).subject.name
        'w5'
        """
        return self.of.subject if self.of and not self.by else self

    @cached_property
    def neuron(self) -> str:
        """The place with its index: ``h1``, or ``h1_2`` for neuron 2 of hidden layer 1.

        >>> Quantity("net", "h", (1,)).neuron, Quantity("net", "h1_", (2,)).neuron
        ('h1', 'h1_2')
        """
        return self.place + "_".join(map(str, self.index)) if self.index else self.place.rstrip("_")

    @cached_property
    def latex(self) -> str:
        r"""The name as it is typeset: indices low, derivatives as fractions, what an update made with ``new``.

        >>> derivative(Quantity("E", "total", tag="total"), Quantity("net", "o", (1,)), Role.ADJOINT).latex
        '\\frac{\\partial E}{\\partial \\mathit{net}_{o1}}'
        """
        return LATEX(self)

    @cached_property
    def parts(self) -> tuple[str, str]:
        """Letter and low index as people write them.

        >>> Quantity("net", "h", (1,)).parts, Quantity("out", "h1_", (2,)).parts, Quantity("w", spelled="w5").parts
        (('net', 'h1'), ('out', 'h1,2'), ('w', '5'))
        """
        if not self.spelled:
            return self.letter, self.neuron.replace("_", ",")
        word, *more = self.spelled.split("_")
        stem = word.rstrip("0123456789")
        if stem != word and stem.isalpha() and all(map(str.isdigit, more)):
            return stem, ",".join([word[len(stem) :], *more])
        return word, ("," if all(map(str.isdigit, more[1:])) else "_").join(more)


SIGNED = ("rate", "constant")  # the tags of what has a sign of its own


class Style(NamedTuple):
    """How names are typeset: ``word`` writes a single one, the forms are put around those."""

    derivative: str
    marked: str
    low: str  # a letter with a name below it
    signs: Mapping[str, str]
    word: Callable[[Quantity], str]

    def __call__(self, quantity: Quantity) -> str:
        """The name of a quantity, typeset."""
        of, by = quantity.of, quantity.by
        if not of:
            return (quantity.tag in SIGNED and self.signs.get(quantity.name)) or self.word(quantity)
        above = self(of)
        if by:
            return self.derivative.format(above, self(by))
        if quantity.mark:
            return self.marked.format(above, quantity.mark)
        return self.low.format(self.signs.get(quantity.letter, quantity.letter), above)


def _latex(quantity: Quantity) -> str:
    letter, low = quantity.parts
    letter = r"\delta" if quantity.tag == "delta" else letter if len(letter) == 1 else rf"\mathit{{{letter}}}"
    low = "" if quantity.tag == "total" else low.replace("_", r"\_")  # the total loss is a mere E
    return f"{letter}_{{{low}}}" if low else letter


_SIGNS = {
    "learning_rate": r"\eta",
    "weight_decay": r"\lambda",
    "beta": r"\beta",
    "beta1": r"\beta_{1}",
    "beta2": r"\beta_{2}",
}
_SIGNS |= {"rho": r"\rho", "epsilon": r"\epsilon", "n_samples": "n", "mhat": r"\hat{m}", "vhat": r"\hat{v}"}
LATEX = Style(r"\frac{{\partial {}}}{{\partial {}}}", r"{}^{{\text{{{}}}}}", "{}_{{{}}}", _SIGNS, _latex)


def derivative(of: Quantity, by: Quantity, role: Role) -> Quantity:
    """The derivative of one quantity in another.

    >>> derivative(Quantity("E", "total"), Quantity("w", index=(5,)), Role.GRADIENT).name
    'dE_total/dw5'
    """
    return Quantity("d", of=of, by=by, role=role, tag=by.tag, block=by.block)


def updated(parameter: Quantity) -> Quantity:
    """The value of a parameter after an update.

    >>> updated(Quantity("w", index=(5,))).name
    'w5_new'
    """
    return Quantity("", of=parameter, mark="new", role=Role.UPDATE, tag=parameter.tag, block=parameter.block)
