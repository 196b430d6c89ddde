"""Update rules as lines with a state of their own, as in their papers.

A rule writes for each parameter what it remembers (``v_w1``) and the new value (``w1_new``). What was remembered before
the update has the mark ``old`` (``v_w1_old``); at the start it is 0.

Shapes: one number of each kind for each parameter. Units: none; time is counted in updates.
Errors: ``BpkitError`` for numbers that make no rule, such as a beta of 1. Source: each rule names its paper.

>>> import bpkit as bp
>>> problem = bp.examples.article.problem.replace(update=bp.updates.Momentum(0.9))
>>> bp.derive(problem)["v_w5"].rhs
beta*v_w5_old + dE_total/dw5
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import ClassVar, Self

import sympy as sp

from bpkit.core.errors import BpkitError
from bpkit.core.expressions import MINUS, ONE, power, product, symbol, total
from bpkit.core.quantities import Quantity, Role, updated

RATE, DECAY = symbol("learning_rate"), symbol("weight_decay")
STATE = "state"  # the tag of what a rule remembers
COUNT = Quantity("t", role=Role.UPDATE, tag=STATE)  # the number of the update
Update = tuple[Quantity, sp.Expr, str]


def before(state: Quantity) -> Quantity:
    """What a rule remembered before the update.

    >>> before(Quantity("v", of=Quantity("w", index=(5,)))).name
    'v_w5_old'
    """
    return Quantity("", of=state, mark="old", tag=STATE, block=state.block)


def kept(parameter: Quantity) -> Iterator[Update]:
    """The update of a parameter that does not learn.

    >>> [(new, rhs, reason)] = kept(Quantity("b", index=(1,), tag="bias"))
    >>> new.name, rhs
    ('b1_new', b1)
    """
    what = "biases" if parameter.tag == "bias" else "parameters"
    yield updated(parameter), parameter.symbol, f"this problem keeps its {what}: {parameter.name} stays"


@dataclass(frozen=True, repr=False)
class UpdateRule:
    """How gradients change parameters. ``weight_decay`` adds so much of a weight to its gradient, biases aside."""

    written: ClassVar[str]  # its name in menus, that of its class unless it says otherwise
    weight_decay: float = field(default=0.0, kw_only=True)

    def __init_subclass__(cls) -> None:
        cls.written = vars(cls).get("written", cls.__name__)

    def __new__(cls, *values: object, **named: object) -> Self:
        known = (*cls.__match_args__, "weight_decay")
        for unknown in (*values[len(known) - 1 :], *(name for name in named if name not in known[len(values) :])):
            raise BpkitError(
                f"{cls.__name__}: expected {', '.join(known)}, each at most once, got {unknown!r}; "
                "the learning rate is an argument of Problem"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
            if name == "weight_decay":
                fits, wanted = 0 <= number < math.inf, "from 0, finite"
            elif name == "epsilon":  # where a derivative was always 0, it alone keeps a division by 0 away
                fits, wanted = 0 < number < math.inf, "above 0, such as 1e-8"
            else:
                fits, wanted = 0 <= number < 1, "from 0 to below 1, such as 0.9"
            if not fits:
                raise BpkitError(f"{type(self).__name__}: expected {name} {wanted}, got {value!r}")
            object.__setattr__(self, name, number)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.constants.items())})"

    @property
    def constants(self) -> dict[str, float]:
        """The rule's own numbers, by the names that its lines use.

        >>> Momentum(0.9).constants, Momentum(0.9, weight_decay=0.1).constants
        ({'beta': 0.9}, {'weight_decay': 0.1, 'beta': 0.9})
        """
        names = [one.name for one in fields(self) if one.name != "weight_decay" or self.weight_decay]
        return {name: getattr(self, name) for name in names}

    def before(self) -> Iterator[Update]:
        """The lines that come before those of the parameters."""
        return iter(())

    def lines(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
        """The lines of one parameter: what is remembered of it, then its new value."""
        if self.weight_decay and parameter.tag != "bias":
            decayed = Quantity("g", of=parameter, role=Role.UPDATE, tag="decayed", block=parameter.block)
            rhs = total(gradient, product(DECAY, parameter.symbol))
            yield decayed, rhs, f"weight decay: a share of {parameter.name} is added to its gradient"
            gradient = decayed.symbol
        yield from self._step(parameter, gradient)

    def _step(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
        yield new_value(parameter, f"gradient descent moves {parameter.name} against its slope", gradient)

    def computed(self, gradient: float, remembered: Mapping[str, float]) -> dict[str, float]:
        """An update of one parameter in plain numbers: the ``step`` that the learning rate multiplies, and before it
        what a line has a letter for. It knows nothing of the lines, which tests and keys of exercises compare with it.

        >>> GradientDescent().computed(0.5, {})
        {'step': 0.5}
        """
        return {"step": gradient}


def new_value(parameter: Quantity, reason: str, *step: sp.Expr) -> Update:
    """The line of the new value: the old one minus learning rate times the step.

    >>> new, rhs, reason = new_value(Quantity("w", index=(5,)), "", symbol("v_w5"))
    >>> new.name, rhs
    ('w5_new', -learning_rate*v_w5 + w5)
    """
    return updated(parameter), total(parameter.symbol, product(MINUS, RATE, *step)), reason


def remembered(letter: str, parameter: Quantity) -> tuple[Quantity, sp.Symbol, sp.Symbol]:
    """What a rule remembers of a parameter: the quantity, its symbol and the one before the update.

    >>> remembered("v", Quantity("w", index=(5,)))[1:]
    (v_w5, v_w5_old)
    """
    state = Quantity(letter, of=parameter, role=Role.UPDATE, tag=STATE, block=parameter.block)
    return state, state.symbol, before(state).symbol


class GradientDescent(UpdateRule):
    """w - learning rate · gradient.

    Shapes: one number for each parameter. Units: none. Errors: ``BpkitError`` for a decay below 0.
    Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), sections 4.3 and 7.1.1.

    >>> import bpkit as bp
    >>> bp.updates.GradientDescent(weight_decay=0.01)
    GradientDescent(weight_decay=0.01)
    """

    written = "gradient descent"


@dataclass(frozen=True, repr=False)
class Momentum(UpdateRule):
    """A velocity v = beta · v + gradient, and w - learning rate · v.

    Shapes: one velocity ``v_w1`` for each parameter. Units: none. Errors: ``BpkitError`` unless 0 <= beta < 1.
    Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).

    >>> import bpkit as bp
    >>> bp.derive(bp.examples.article.problem.replace(update=bp.updates.Momentum()))["w5_new"].rhs
    -learning_rate*v_w5 + w5
    """

    written = "momentum"
    beta: float = 0.9

    def _step(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
        state, v, old = remembered("v", parameter)
        yield state, total(product(symbol("beta"), old), gradient), f"velocity of {parameter.name}"
        yield new_value(parameter, f"momentum moves {parameter.name} against its velocity", v)

    def computed(self, gradient: float, remembered: Mapping[str, float]) -> dict[str, float]:
        """The velocity, which is also the step.

        >>> Momentum(0.5).computed(1.0, {"v": 4.0})
        {'v': 3.0, 'step': 3.0}
        """
        v = self.beta * remembered["v"] + gradient
        return {"v": v, "step": v}


@dataclass(frozen=True, repr=False)
class RMSProp(UpdateRule):
    """A running mean of squares s = rho · s + (1 - rho) · gradient², and w - learning rate · gradient / (√s + epsilon).

    Shapes: one mean ``s_w1`` for each parameter. Units: none. Errors: ``BpkitError`` unless 0 <= rho < 1.
    Source: Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5 (2012).

    >>> import bpkit as bp
    >>> bp.derive(bp.examples.article.problem.replace(update=bp.updates.RMSProp()))["w5_new"].rhs
    -dE_total/dw5*learning_rate/(epsilon + sqrt(s_w5)) + w5
    """

    rho: float = 0.9
    epsilon: float = 1e-8

    def _step(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
        state, s, old = remembered("s", parameter)
        mean = _mean(symbol("rho"), old, power(gradient, 2))
        yield state, mean, f"running mean of the squared slopes of {parameter.name}"
        yield new_value(
            parameter, f"RMSProp divides the slope of {parameter.name} by its usual size", gradient, _root(s)
        )

    def computed(self, gradient: float, remembered: Mapping[str, float]) -> dict[str, float]:
        """The running mean of squares, and the step: at first about 1 / √(1 − rho), however large the gradient is.

        >>> round(RMSProp(rho=0.75).computed(5.0, {"s": 0.0})["step"], 6)
        2.0
        """
        s = self.rho * remembered["s"] + (1 - self.rho) * gradient**2
        return {"s": s, "step": gradient / (math.sqrt(s) + self.epsilon)}


@dataclass(frozen=True, repr=False)
class Adam(UpdateRule):
    """Running means m of the gradient and v of its square, both freed of the bias of their start at 0 (mhat, vhat), and
    w - learning rate · mhat / (√vhat + epsilon).

    Shapes: ``m_w1`` and ``v_w1`` for each parameter, ``t`` the number of the update. Units: none.
    Errors: ``BpkitError`` unless 0 <= beta1, beta2 < 1.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.

    >>> import bpkit as bp
    >>> bp.derive(bp.examples.article.problem.replace(update=bp.updates.Adam()))["w5_new"].rhs
    -learning_rate*mhat_w5/(epsilon + sqrt(vhat_w5)) + w5
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def before(self) -> Iterator[Update]:
        yield COUNT, total(before(COUNT).symbol, ONE), "the number of this update"

    def _step(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
        hats = []
        moments = (
            ("m", symbol("beta1"), gradient, "slopes"),
            ("v", symbol("beta2"), power(gradient, 2), "squared slopes"),
        )
        for letter, beta, moment, what in moments:
            state, now, old = remembered(letter, parameter)
            yield state, _mean(beta, old, moment), f"running mean of the {what} of {parameter.name}"
            rhs = product(now, power(total(ONE, -power(beta, symbol("t"))), -1))
            reason = f"{now} without the zeros of its start"
            hats.append((replace(state, letter=f"{letter}hat", tag="hat"), rhs, reason))
        yield from hats
        first, second = (hat.symbol for hat, *_ in hats)
        yield new_value(
            parameter,
            f"Adam moves {parameter.name} against its mean slope, divided by its usual size",
            first,
            _root(second),
        )

    def computed(self, gradient: float, remembered: Mapping[str, float]) -> dict[str, float]:
        """The means with and without their bias, and the step: at first about 1, however large the gradient is.

        >>> round(Adam().computed(5.0, {"t": 0, "m": 0.0, "v": 0.0})["step"], 6)
        1.0
        """
        t = remembered["t"] + 1
        m = self.beta1 * remembered["m"] + (1 - self.beta1) * gradient
        v = self.beta2 * remembered["v"] + (1 - self.beta2) * gradient**2
        mhat, vhat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
        return {"t": t, "m": m, "v": v, "mhat": mhat, "vhat": vhat, "step": mhat / (math.sqrt(vhat) + self.epsilon)}


def _mean(share: sp.Symbol, old: sp.Symbol, new: sp.Expr) -> sp.Expr:
    """A running mean: a share of the old one, and the rest of what is new.

    >>> _mean(symbol("beta"), symbol("m_old"), symbol("g"))
    beta*m_old + g*(1 - beta)
    """
    return total(product(share, old), product(total(ONE, -share), new))


def _root(mean: sp.Symbol) -> sp.Expr:
    """1 / (√mean + epsilon).

    >>> _root(symbol("s"))
    1/(epsilon + sqrt(s))
    """
    return power(total(sp.sqrt(mean), symbol("epsilon")), -1)


# Every rule above, by the name of its class.
RULES: Mapping[str, type[UpdateRule]] = MappingProxyType(
    {
        name: one
        for name, one in [*vars().items()]
        if isinstance(one, type) and issubclass(one, UpdateRule) and one is not UpdateRule
    }
)
